// The chosen reaction: its numbers, its fit drawn on the points, its residuals. And the
// differences from the instrument's own Ct.

function factsOf(r) {
  const threshold = DATA.targets[r.target];
  const plusMinus = (value, se, digits) =>
    value === null ? "" : se === null ? fixed(value, digits)
      : t("ct_value", { value: fixed(value, digits), se: fixed(se, digits) });
  const because = (value, reason) =>
    value !== null ? fixed(value) : t("undetermined_because", { reason: reason || t("unknown") });
  const own = r.own !== null ? fixed(r.own) : r.own_known ? t("undetermined") : t("not_in_file");
  return [
    [t("sample"), sampleText(r.sample)],
    [t("target"), `${r.target} (${r.reporter})`],
    [t("task"), t(`task_${r.task}`) + (r.omitted ? ` · ${t("omitted")}` : "")],
    [t("quantity"), general(r.quantity)],
    [t("quantity_read"), r.read === null ? "" : [general(r.read), readInterval(r)].filter(Boolean).join(" · ")],
    [t("remark"), r.read === null ? "" : r.read_reason ?? ""],
    [t("ct_fitted"), r.cq === null ? because(null, reasonText(r)) : ctText(r)],
    [t("interval"), r.low === null || r.high === null ? ""
      : t("interval_value", { low: fixed(r.low), high: fixed(r.high) })],
    [t("ct_style"), because(r.style, r.style_reason)],
    [t("ct_own"), own],
    ...quantityFacts(r, because),
    [t("read_from"), r.range === null ? "" : t("cycles_value", { start: r.range[0], stop: r.range[1] })],
    [t("baseline_delay"), r.shift === null ? "" : t("delay_value", { cycles: fixed(r.shift) })],
    [t("cpd2"), plusMinus(r.cpd2, r.cpd2_se, 3)],
    [t("cy0"), plusMinus(r.cy0, r.cy0_se, 3)],
    [t("efficiency"), [plusMinus(r.efficiency, r.efficiency_se, 3), r.efficiency_note].filter(Boolean).join(" · ")],
    [t("baseline"), r.start === null ? "" : t("baseline_value",
      { start: r.start, stop: r.stop, source: sourceText(r.baseline_source) })],
    [t("threshold"), threshold.threshold === null ? threshold.reason || t("unknown")
      : t("threshold_value", { value: general(threshold.threshold), source: sourceText(threshold.source) })],
    [t("model"), r.model === null ? "" : [t("model_value", { model: r.model, engine: r.engine }),
      r.at_bound ? t("model_at_bound") : "", r.converged ? "" : t("model_unsettled")].filter(Boolean).join(" · ")],
    [t("fit_quality"), [general(r.residual_se), fixed(r.r2, 5)].filter(Boolean).join(", ")],
  ].filter(([, value]) => value !== "");
}

/** The reaction by the method of quantities; nothing where none was asked for. */
function quantityFacts(r, because) {
  if (DATA.method === null) return [];
  const pair = (value, se) => (value === null ? "" : se === null ? general(value)
    : t("ct_value", { value: general(value), se: general(se) }));
  return [
    [t("cq_by", { method: DATA.method }), r.q === null || r.q_se === null ? because(r.q, r.q_reason)
      : t("ct_value", { value: fixed(r.q), se: fixed(r.q_se) })],
    [t("factor"), r.factor === null || r.factor_se === null ? fixed(r.factor)
      : t("ct_value", { value: fixed(r.factor), se: fixed(r.factor_se) })],
    [t("n0"), pair(r.n0, r.n0_se)],
    [t("copies"), general(r.copies)],
    [t("sd_poisson"), [fixed(r.poisson), r.q === null ? "" : r.poisson_reason].filter(Boolean).join(" · ")],
  ];
}

function drawDetail() {
  const r = focus();
  const here = byWell.get(state.well) || [];
  byId("detail-title").textContent = r ? `${r.name} · ${sampleText(r.sample)} · ${r.target}` : "";
  byId("detail-buttons").replaceChildren(...(here.length > 1 ? here : []).map((one) => {
    const button = element("button", { type: "button", textContent: one.target });
    button.setAttribute("aria-pressed", String(one === r));
    button.onclick = () => {
      state.target = one.target;
      update();
    };
    return button;
  }));
  const facts = r ? factsOf(r) : [["", t("detail_empty", { well: DATA.names[state.well] ?? "" })]];
  byId("detail-facts").replaceChildren(...facts.map(([label, value]) =>
    element("div", {}, element("dt", { textContent: label }), element("dd", { textContent: value }))));
  if (r) drawFit(r);
  else Plotly.react("detail", [], layoutOf(""), CONFIG);
}

function drawFit(r) {
  const log = state.view === "log";
  const measured = drn(r);
  const fitted = DATA.fit[r.index] || CYCLES.map(() => null);
  const foot = DATA.foot[r.index] || CYCLES.map(() => null);
  const [y, fit, near] = [measured, fitted, foot].map((values) => (log ? values.map(positive) : values));
  const residuals = measured.map((value, i) => {
    const curve = foot[i] ?? fitted[i];
    return value === null || curve === null ? null : value - curve;
  });
  const hover = { hovertemplate: `${t("hover_cycle")} %{x} · %{y:.4~g}<extra></extra>` };
  const traces = [
    { type: "scatter", mode: "markers", name: t("measured"), x: CYCLES, y, ...hover,
      marker: { color: "#0b5cad", size: 6, symbol: "circle-open", line: { width: 1.5 } } },
    { type: "scatter", mode: "lines", name: t("fitted_curve"), x: CYCLES, y: fit, ...hover,
      line: { color: "#888", width: 1.2 } },
    { type: "scatter", mode: "lines", name: t("foot_curve"), x: CYCLES, y: near, ...hover,
      line: { color: "#d55e00", width: 2 } },
    { type: "scatter", mode: "markers", name: t("residuals"), x: CYCLES, y: residuals, yaxis: "y2",
      marker: { color: "#0b5cad", size: 5 }, showlegend: false, ...hover },
  ];
  const marks = marksOf([r], log);
  const shapes = [...marks.shapes, ...baselineShapes([r])];
  if (r.low !== null && r.high !== null)
    shapes.push({ type: "rect", yref: "paper", y0: 0.33, y1: 1, x0: r.low, x1: r.high, layer: "below",
      fillcolor: "#d55e00", opacity: 0.25, line: { width: 0 } });
  const upright = (x, colour, dash) =>
    shapes.push({ type: "line", yref: "paper", y0: 0.33, y1: 1, x0: x, x1: x, line: { color: colour, width: 1.2, dash } });
  if (r.cq !== null) upright(r.cq, "#d55e00", "solid");
  if (r.style !== null) upright(r.style, "#111", "dot");
  const layout = layoutOf(t("axis_drn"), log, { shapes, annotations: marks.annotations });
  layout.yaxis.domain = [0.33, 1];
  if (log) layout.yaxis.range = logRange([r]);
  const { type: _, dtick: __, minor: ___, range: ____, ...plain } = layout.yaxis;
  layout.yaxis2 = { ...plain, domain: [0, 0.24], title: { text: t("axis_residual") }, nticks: 5 };
  layout.xaxis.anchor = "y2";
  layout.legend = { ...layout.legend, ...LEGEND_ABOVE };
  layout.margin.t = rootSize() * 2.4;
  const named = [];
  if (r.cq !== null) named.push([t("mark_fitted"), "#d55e00", "solid"]);
  if (r.style !== null) named.push([t("mark_style"), "#111", "dot"]);
  for (const [name, color, dash] of named)
    traces.push({ type: "scatter", mode: "lines", name, x: [null], y: [null], line: { color, dash, width: 1.4 } });
  show("detail", traces, layout);
}

/** Standards on their lines: Ct over the logarithm of the quantity, a colour a target. */
function drawStandard() {
  if (!byId("standard")) return;
  const visible = new Set(shown());
  const own = DATA.method !== null && DATA.method !== "threshold";
  const value = (r) => (own ? r.q : r.cq);
  const half = (r, end) => (own ? 1.96 * (r.q_se ?? 0) : r[end] === null ? 0 : Math.abs(r[end] - r.cq));
  const traces = [];
  for (const line of DATA.standards) {
    const index = targets.indexOf(line.target);
    const some = line.rows.map((row) => reactions[row]).filter((r) => visible.has(r));
    if (!some.length) continue;
    traces.push({ type: "scatter", mode: "markers", name: safe(line.target),
      x: some.map((r) => r.quantity), y: some.map(value), text: some.map(hoverOf),
      customdata: some.map((r) => r.index), hovertemplate: "%{text}<br>%{x:.4~g}<extra></extra>",
      error_y: { type: "data", symmetric: false, array: some.map((r) => half(r, "high")),
        arrayminus: some.map((r) => half(r, "low")), thickness: 1.2, width: 4 },
      marker: { color: setColour(index), symbol: SYMBOLS[index % SYMBOLS.length], size: 9,
        opacity: some.map((r) => (!state.chosen.size || isChosen(r) ? 1 : 0.25)) } });
    const drawn = (y, more) => traces.push({ type: "scatter", mode: "lines", showlegend: false,
      hoverinfo: "skip", x: line.x, y, line: { color: setColour(index), width: 0 }, ...more });
    drawn(line.band_low, {});
    drawn(line.band_high, { fill: "tonexty", fillcolor: `${setColour(index)}2e` });
    drawn(line.y, { line: { color: setColour(index), dash: DASHES[index % 5], width: 1.6 } });
  }
  const layout = layoutOf(own ? t("cq_by", { method: DATA.method }) : t("ct"));
  layout.xaxis = { ...layout.xaxis, title: { text: t("standard_axis") }, type: "log", range: undefined,
    autorange: true, exponentformat: "none" };
  layout.yaxis.separatethousands = false;
  layout.legend = { ...layout.legend, ...LEGEND_ABOVE };
  layout.margin.t = rootSize() * 2.4;
  show("standard", traces, layout);
}

function drawDifference() {
  if (!byId("difference")) return;
  const list = shown().filter((r) => r.own !== null);
  const series = (name, ours, marker) => {
    const some = list.filter((r) => ours(r) !== null);
    const chosen = state.chosen.size > 0;
    return {
      type: "scatter", mode: "markers", name, x: some.map((r) => r.own), y: some.map((r) => ours(r) - r.own),
      text: some.map(hoverOf), customdata: some.map((r) => r.index),
      hovertemplate: "%{text}<br>%{x:.3f} · %{y:.4f}<extra></extra>",
      marker: { ...marker, opacity: some.map((r) => (!chosen || isChosen(r) ? 1 : 0.2)) },
    };
  };
  const traces = [
    series(t("ct_style"), (r) => r.style, { symbol: "diamond-open", size: 9, color: "#111" }),
    series(t("ct_fitted"), (r) => r.cq, { symbol: "circle", size: 7, color: "#d55e00" }),
  ];
  const layout = layoutOf(t("axis_difference"));
  layout.xaxis = { ...layout.xaxis, title: { text: t("axis_own") }, range: undefined };
  layout.legend = { ...layout.legend, ...LEGEND_ABOVE };
  layout.margin.t = rootSize() * 2.4;
  show("difference", traces, layout);
}
