// The amplification plots: ΔRn, Rn, filters, dyes and passive reference over the cycles.

const VIEWS = ["linear", "log", "rn", "raw", "dyes", "reference"];
const TIMES_BEYOND = 5; // a curve so many times as high as the median one that has a Ct is off the scale
const MANY = 8; // more chosen reactions than this are not drawn one by one
const CONFIG = { displaylogo: false, modeBarButtons: [["toImage", "zoom2d", "pan2d", "autoScale2d", "resetScale2d"]] };
const LEGEND_ABOVE = { orientation: "h", x: 0, y: 1, yanchor: "bottom", borderwidth: 0 };
const LEGEND_BESIDE = { x: 1.01, y: 0.93, xanchor: "left", borderwidth: 0 };
const isDrn = () => state.view === "linear" || state.view === "log";
const rootSize = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

const drn = (r) => DATA.drn[r.index];
const positive = (value) => (value > 0 ? value : null); // the rest has no logarithm
function rn(r) {
  const given = DATA.rn[r.index];
  if (given) return given;
  return drn(r).map((value, i) => (value === null ? null : value + r.intercept + r.slope * CYCLES[i]));
}

/** One trace of many curves with gaps between them; `customdata` holds reaction positions. */
function trace(name, curves, line, extra = {}) {
  const made = { x: [], y: [], text: [], customdata: [] };
  for (const { r, y, hover } of curves) {
    for (let i = 0; i < CYCLES.length; i += 1) {
      made.x.push(CYCLES[i]);
      made.y.push(y[i]);
      made.text.push(hover);
      made.customdata.push(r ? r.index : -1);
    }
    made.x.push(null);
    made.y.push(null);
    made.text.push("");
    made.customdata.push(-1);
  }
  const value = `${t("hover_cycle")} %{x} · %{y:.4~g}`;
  return { type: "scatter", mode: "lines", name: safe(name), line, ...made,
    hovertemplate: `%{text}<br>${value}<extra></extra>`, ...extra };
}

/** Curves of reactions: the chosen ones by themselves, the rest in groups or grey behind them. */
function curveTraces(list, yOf) {
  const curve = (r) => ({ r, y: yOf(r), hover: hoverOf(r) });
  const front = list.filter(isChosen);
  const traces = [];
  if (front.length) {
    const behind = list.filter((r) => !isChosen(r));
    if (behind.length)
      traces.push(trace(t("other_wells"), behind.map(curve), { color: "#ccd2da", width: 1 }, { showlegend: false }));
    if (front.length <= MANY) {
      front.forEach((r, i) => {
        const name = targets.length > 1 ? `${r.name} · ${r.target}` : `${r.name} · ${sampleText(r.sample)}`;
        const line = { color: setColour(i), width: 2.4, dash: DASHES[Math.floor(i / 3)] };
        traces.push(trace(name, [curve(r)], line, { showlegend: true }));
      });
      return traces;
    }
  }
  const groups = new Map();
  for (const r of front.length ? front : list) {
    const group = groupOf(r);
    if (!groups.has(group.key)) groups.set(group.key, { group, curves: [] });
    groups.get(group.key).curves.push(curve(r));
  }
  const single = state.colour !== "ct" && groups.size > 1;
  for (const { group, curves } of [...groups.values()].sort((a, b) => (a.group.key < b.group.key ? -1 : 1)))
    traces.push(trace(group.label, curves, { color: group.colour, width: front.length ? 2 : 1.3, dash: group.dash },
      { showlegend: single }));
  return traces;
}

/** Several curves of each of a few wells: filters or dyes. */
function partTraces(wells, partsOf) {
  const traces = [];
  wells.forEach((well, place) => {
    partsOf(well).forEach(([name, y], i) => {
      const label = wells.length > 1 ? `${DATA.names[well]} · ${name}` : name;
      const r = (byWell.get(well) || [null])[0];
      const hover = `<b>${safe(DATA.names[well])}</b> ${safe(name)}`;
      const line = { color: setColour(i), width: 2, dash: DASHES[place % 5] };
      traces.push(trace(label, [{ r, y, hover }], line, { showlegend: true }));
    });
  });
  return traces;
}

/** The few wells whose filters or dyes are drawn. */
function partWells() {
  const wells = state.chosen.size ? [...state.chosen] : [state.well];
  return wells.slice(0, 4);
}

/** Where the two Ct values of chosen reactions lie on the threshold. */
function markTraces(list) {
  const level = (r) => DATA.targets[r.target].threshold;
  const marked = list.filter((r) => isChosen(r) && level(r) !== null);
  if (!marked.length || marked.length > 3 * MANY) return [];
  const point = (some, x, extra) => ({
    type: "scatter", mode: "markers", x: some.map(x), y: some.map(level),
    text: some.map(hoverOf), customdata: some.map((r) => r.index),
    hovertemplate: "%{text}<extra></extra>", ...extra,
  });
  const fitted = marked.filter((r) => r.cq !== null);
  const styled = marked.filter((r) => r.style !== null);
  const half = (r, end) => (r[end] === null ? 0 : Math.abs(r[end] - r.cq));
  return [
    point(styled, (r) => r.style, { name: t("mark_style"),
      marker: { symbol: "diamond-open", size: 13, color: "#111", line: { width: 1.5 } } }),
    point(fitted, (r) => r.cq, { name: t("mark_fitted"),
      marker: { symbol: "circle", size: 6, color: "#111" },
      error_x: { type: "data", symmetric: false, array: fitted.map((r) => half(r, "high")),
        arrayminus: fitted.map((r) => half(r, "low")), color: "#111", thickness: 1.5, width: 5 } }),
  ];
}

/** Threshold lines of the targets on show: one line for targets that share a threshold. */
function marksOf(list, log) {
  const levels = new Map();
  for (const target of unique(list.map((r) => r.target))) {
    const value = DATA.targets[target].threshold;
    if (value === null || (log && value <= 0)) continue;
    if (!levels.has(value)) levels.set(value, []);
    levels.get(value).push(target);
  }
  const shapes = [];
  const annotations = [];
  const several = levels.size > 3; // their labels would lie over each other
  if (several) {
    const values = [...levels.keys()];
    const high = Math.max(...values);
    annotations.push({ xref: "paper", x: 0.005, xanchor: "left", yanchor: "bottom", showarrow: false,
      y: log ? Math.log10(high) : high, bgcolor: "#ffffffb0", font: { size: rootSize() * 0.8 },
      text: t("threshold_several", { low: general(Math.min(...values)), high: general(high), count: levels.size }) });
  }
  for (const [value, names] of levels) {
    const own = state.colour === "target" && !state.chosen.size && names.length === 1;
    const color = own ? setColour(targets.indexOf(names[0])) : "#333";
    shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: value, y1: value,
      line: { color, width: 1.4, dash: "dash" } });
    if (several) continue;
    const shared = names.length < 4 ? names.join(", ") : t("targets_count", { count: names.length });
    const text = targets.length > 1
      ? t("threshold_target", { value: general(value), target: safe(shared) })
      : t("threshold_line", { value: general(value) });
    annotations.push({ xref: "paper", x: 0.005, xanchor: "left", yanchor: "bottom", showarrow: false,
      y: log ? Math.log10(value) : value, text, bgcolor: "#ffffffb0",
      font: { color, size: rootSize() * 0.8 } });
  }
  return { shapes, annotations };
}

/** Baseline windows, shaded behind the curves. */
function baselineShapes(list) {
  const windows = new Map();
  for (const r of list) if (r.start !== null) windows.set(`${r.start}-${r.stop}`, r);
  return [...windows.values()].slice(0, 4).map((r) => ({
    type: "rect", yref: "paper", y0: 0, y1: 1, x0: r.start - 0.5, x1: r.stop + 0.5, layer: "below",
    fillcolor: "#0b5cad", opacity: 0.09, line: { width: 0 },
  }));
}

function layoutOf(yTitle, log = false, more = {}) {
  const size = rootSize();
  const axis = { gridcolor: "#e8ebef", zerolinecolor: "#b9c1cb", linecolor: "#8a94a1", ticks: "outside" };
  return {
    font: { family: getComputedStyle(document.body).fontFamily, size: size * 0.85, color: "#1b2430" },
    paper_bgcolor: "#fff", plot_bgcolor: "#fff", hovermode: "closest", hoverdistance: 30,
    margin: { l: size * 4.6, r: size, t: size * 0.8, b: size * 3.3 },
    xaxis: { ...axis, title: { text: t("axis_cycle") }, zeroline: false,
      range: [CYCLES[0] - 1, CYCLES[CYCLES.length - 1] + 1] },
    yaxis: { ...axis, title: { text: yTitle, standoff: size * 0.8 },
      type: log ? "log" : "linear", exponentformat: "none", separatethousands: true, automargin: true, ...(log ? { dtick: 1, minor: { dtick: "D1", gridcolor: "#f3f5f7" } } : {}) },
    legend: { x: 0.01, y: 0.9, bgcolor: "#ffffffcc", bordercolor: "#d5dae1", borderwidth: 1,
      font: { size: size * 0.8 } },
    hoverlabel: { align: "left", font: { size: size * 0.85 } },
    ...more,
  };
}

/** Range of a logarithmic axis: noise around zero must not stretch it over ten decades. */
function logRange(list) {
  let top = 0;
  for (const r of list) for (const value of drn(r)) if (value > top) top = value;
  const levels = unique(list.map((r) => DATA.targets[r.target].threshold)).filter((value) => value > 0);
  const low = levels.length ? Math.min(...levels) / 100 : top / 1000;
  return top > 0 ? [Math.log10(Math.min(low, top / 100)), Math.log10(Math.max(top, ...levels) * 1.6)] : undefined;
}

/**
 * Curves that run out of the scale of all others, as those of a well without passive reference do,
 * and the range of the others; null where there are none, where they are many, or one is chosen.
 */
function beyond(list, yOf) {
  const ends = list.map((r) => {
    const values = yOf(r).filter((value) => value !== null);
    return { r, top: Math.max(...values), low: Math.min(...values) };
  }).filter((one) => Number.isFinite(one.top));
  const grown = ends.filter(({ r }) => r.cq !== null || r.style !== null).map((one) => one.top);
  if (grown.length < 3) return null;
  grown.sort((a, b) => a - b);
  const most = TIMES_BEYOND * grown[Math.floor((grown.length - 1) / 2)];
  const out = ends.filter((one) => one.top > most || one.low < -most);
  const wells = unique(out.map(({ r }) => r.well));
  if (!out.length || out.some(({ r }) => isChosen(r))) return null;
  if (wells.length > 1 && wells.length > unique(list.map((r) => r.well)).length / 10) return null;
  const rest = ends.filter((one) => !out.includes(one));
  const levels = isDrn() ? unique(list.map((r) => DATA.targets[r.target].threshold)).filter(Number.isFinite) : [];
  const top = Math.max(...rest.map((one) => one.top), ...levels);
  const low = Math.min(...rest.map((one) => one.low));
  const room = (top - low) * 0.05;
  return { range: [low - room, top + room], top: Math.max(...out.map((one) => one.top)), wells };
}

function partsOf(view) {
  if (view === "raw")
    return (well) => (DATA.raw[well] || []).map((y, i) => [t("filter", { name: DATA.filters[i] }), y]);
  return (well) => Object.entries(DATA.dyes[well] || {});
}

const beside = (layout) => ({ ...layout, legend: { ...layout.legend, ...LEGEND_BESIDE } });

/** What the present view shows: traces, layout, or a sentence why there is nothing. */
function picture() {
  const list = shown();
  const chosen = list.filter(isChosen);
  if (state.view === "raw" || state.view === "dyes") {
    const traces = partTraces(partWells(), partsOf(state.view));
    const empty = state.view === "raw" ? "no_raw" : "no_dyes";
    const title = state.view === "raw" ? "axis_counts" : "axis_signal";
    return { traces, layout: beside(layoutOf(t(title))), empty: t(empty) };
  }
  if (state.view === "reference") {
    const some = unique(list.map((r) => r.well)).map((well) => byWell.get(well).find(picked))
      .filter((r) => (DATA.dyes[r.well] || {})[DATA.reference]);
    return { traces: curveTraces(some, (r) => DATA.dyes[r.well][DATA.reference]),
      layout: beside(layoutOf(DATA.reference === null ? "" : `${t("axis_signal")} ${safe(DATA.reference)}`)),
      empty: t("no_reference") };
  }
  const few = chosen.length && chosen.length <= MANY ? chosen : [];
  if (!isDrn()) {
    const lines = few.filter((r) => r.start !== null).map((r) =>
      trace(t("baseline_line"), [{ r, hover: `<b>${safe(r.name)}</b> ${t("baseline_line")}`,
        y: CYCLES.map((c) => r.intercept + r.slope * c) }],
      { color: "#111", width: 1.1, dash: "dot" }, { showlegend: false }));
    const title = DATA.reference === null ? t("axis_rn_plain") : t("axis_rn");
    const layout = layoutOf(title, false, { shapes: baselineShapes(few) });
    const far = beyond(list, rn);
    if (far) layout.yaxis.range = far.range;
    return { traces: [...curveTraces(list, rn), ...lines], layout, far };
  }
  const log = state.view === "log";
  const marks = marksOf(chosen.length ? chosen : list, log);
  const layout = layoutOf(t("axis_drn"), log, { annotations: marks.annotations,
    shapes: [...marks.shapes, ...baselineShapes(few)] });
  const far = log ? null : beyond(list, drn);
  if (log) layout.yaxis.range = logRange(list);
  else if (far) layout.yaxis.range = far.range;
  const yOf = log ? (r) => drn(r).map(positive) : drn;
  return { traces: [...curveTraces(list, yOf), ...markTraces(list)], layout, far };
}

/** A plot, or the sentence that says why there is none. */
function show(id, traces, layout, empty) {
  const drawn = traces.some((one) => one.y.length);
  if (!drawn) {
    layout.annotations = [{ xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false,
      text: empty || t("nothing_to_draw"), font: { size: rootSize() } }];
    layout.shapes = [];
  }
  Plotly.react(id, traces, layout, CONFIG);
}

function drawCurves() {
  const { traces, layout, empty, far } = picture();
  layout.uirevision = state.view;
  show("curves", traces, layout, empty);
  let which = far ? t("beyond", { top: general(far.top), wells: far.wells.map((well) => DATA.names[well]).join(", ") }) : "";
  if (state.view === "raw" || state.view === "dyes") {
    const wells = partWells();
    const key = state.chosen.size > wells.length ? "which_wells_more" : "which_wells";
    which = t(key, { wells: wells.map((well) => DATA.names[well]).join(", "), count: wells.length });
  }
  byId("curves-which").textContent = which;
  for (const button of byId("view-buttons").children)
    button.setAttribute("aria-pressed", String(button.dataset.view === state.view));
}

/** A click on a curve or point chooses its well, as a click on the map does. */
function chooseFromPlot(id) {
  byId(id).on("plotly_click", (event) => {
    const r = reactions[event.points[0].customdata];
    if (!r) return;
    const keys = event.event || {};
    choose([r.well], keys.ctrlKey || keys.metaKey || keys.shiftKey ? "toggle" : "set", r.target);
  });
}
