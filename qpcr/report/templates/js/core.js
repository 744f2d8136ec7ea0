// The run's data, the words, the state that all views share, and how to draw numbers and names.

const DATA = JSON.parse(document.getElementById("run-data").textContent);
const CYCLES = DATA.cycles;
const byId = (id) => document.getElementById(id);

/** A text of the catalogue with its {names} filled in. */
function t(key, values = {}) {
  return DATA.texts[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** An element with properties and children; text children are never parsed as markup. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "scope") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

const reactions = DATA.reactions.well
  ? DATA.reactions.well.map((_, index) => {
      const row = { index };
      for (const [name, column] of Object.entries(DATA.reactions)) row[name] = column[index];
      return row;
    })
  : [];
const byWell = new Map();
for (const r of reactions) {
  if (!byWell.has(r.well)) byWell.set(r.well, []);
  byWell.get(r.well).push(r);
}
const unique = (values) => [...new Set(values)];
const targets = unique(reactions.map((r) => r.target));
const samples = unique(reactions.map((r) => r.sample)).sort((a, b) =>
  String(a ?? "").localeCompare(String(b ?? ""), undefined, { numeric: true }),
);
const tasks = unique(reactions.map((r) => r.task));

const first = reactions.find((r) => r.cq !== null) || reactions[0];
const state = {
  chosen: new Set(), // wells
  well: first ? first.well : -1, // the one well whose details are shown
  target: first ? first.target : null, // and which of its reactions
  picks: { target: null, sample: null, task: null }, // positions in the lists above
  colour: DATA.called ? "call" : "ct",
  view: "linear",
  only: false,
};

const views = [];
let waiting = false;
/** Redraw every view, once for any number of changes before the next frame. */
function update() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const view of views) view();
  });
}

function picked(r) {
  const { target, sample, task } = state.picks;
  return (
    (target === null || r.target === targets[target]) &&
    (sample === null || r.sample === samples[sample]) &&
    (task === null || r.task === tasks[task])
  );
}
const isChosen = (r) => state.chosen.has(r.well);
/** Reactions that the pickers, and "chosen wells only", leave on show. */
const shown = () =>
  reactions.filter((r) => picked(r) && (!state.only || !state.chosen.size || isChosen(r)));
const focus = () => {
  const here = byWell.get(state.well) || [];
  return here.find((r) => r.target === state.target) || here[0] || null;
};

/** Choose wells; `how` is "set", "toggle" or "add". The last one becomes the well in detail. */
function choose(wells, how = "set", target = null) {
  if (how === "set") state.chosen = new Set(wells);
  for (const well of wells) {
    if (how === "toggle" && state.chosen.has(well)) state.chosen.delete(well);
    else state.chosen.add(well);
  }
  if (wells.length) {
    state.well = wells[wells.length - 1];
    const here = byWell.get(state.well) || [];
    const wanted = here.find((r) => r.target === target) || here.find(picked) || here[0];
    if (wanted && !(target === null && here.some((r) => r.target === state.target && picked(r))))
      state.target = wanted.target;
  }
  update();
}

// numbers and names ---------------------------------------------------------------------------
const fixed = (value, digits = 3) => (value === null ? "" : value.toFixed(digits));
const general = (value) => (value === null ? "" : String(Number(value.toPrecision(4))));
const ctText = (r, digits = 3) =>
  r.cq === null
    ? t("undetermined")
    : r.se === null
      ? fixed(r.cq, digits)
      : t("ct_value", { value: fixed(r.cq, digits), se: fixed(r.se, digits) });
/** Interval of the quantity read from the standard curve. */
const readInterval = (r) =>
  r.read_low === null || r.read_high === null
    ? ""
    : t("interval_value", { low: general(r.read_low), high: general(r.read_high) });
const reasonText = (r) => r.problem || r.reason || "";
const difference = (ours, r) => (ours === null || r.own === null ? null : ours - r.own);
const sourceText = (source) => DATA.texts[`source_${source}`] || source;
const sampleText = (sample) => (sample === null ? t("no_sample") : sample);
/** Plotly reads a little HTML in its texts: names must not be any. */
const safe = (text) =>
  String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const shortened = (text) => (text.length > 90 ? `${text.slice(0, 88)}…` : text);
const describe = (r) =>
  [
    r.name,
    sampleText(r.sample),
    r.target,
    t(`task_${r.task}`),
    `${t("ct")} ${ctText(r)}`,
    r.cq === null ? reasonText(r) : "",
    r.omitted ? t("omitted") : "",
    r.outcome === null ? "" : `${t(`answer_${r.answer}`)} (${t("sample")}: ${r.outcome})`,
    ...r.findings.map((place) => DATA.findings[place]),
  ]
    .filter(Boolean)
    .join(" · ");
const hoverOf = (r) => (r.hover ??= hoverText(r)); // the same for every redraw
const hoverText = (r) =>
  [
    `<b>${safe(r.name)}</b> ${safe(sampleText(r.sample))} · ${safe(r.target)}`,
    `${t("ct")} ${safe(ctText(r))}`,
    safe(r.cq === null ? reasonText(r) : ""),
    r.outcome === null ? "" : safe(`${t(`answer_${r.answer}`)} (${t("sample")}: ${r.outcome})`),
    ...r.findings.slice(0, 3).map((place) => `• ${safe(shortened(DATA.findings[place]))}`),
  ]
    .filter(Boolean)
    .join("<br>");

// colours: viridis (low Ct dark) and the Okabe-Ito set, both told apart without red and green -----
const SCALE = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30"];
const SET = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
const SYMBOLS = ["circle", "diamond", "square", "triangle-up", "cross", "x", "star"];
const GREY = "#8a94a1";
const determined = reactions.filter((r) => r.cq !== null).map((r) => r.cq);
const ctLow = determined.length ? Math.floor(Math.min(...determined)) : 0;
const ctHigh = determined.length ? Math.max(Math.ceil(Math.max(...determined)), ctLow + 1) : 1;

const setColour = (index) => SET[index % SET.length];
function ctColour(cq) {
  const at = ((cq - ctLow) / (ctHigh - ctLow)) * (SCALE.length - 1);
  const low = Math.min(Math.max(Math.floor(at), 0), SCALE.length - 2);
  const channel = (hex, place) => parseInt(hex.slice(place, place + 2), 16);
  const mixed = [1, 3, 5].map((place) => {
    const a = channel(SCALE[low], place);
    const b = channel(SCALE[low + 1], place);
    return Math.round(a + (b - a) * Math.min(Math.max(at - low, 0), 1));
  });
  return `rgb(${mixed.join(",")})`;
}
/** Black or white, whichever reads better on a colour (relative luminance, WCAG 2). */
function inkOn(colour) {
  const parts = colour.startsWith("#")
    ? [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16))
    : colour.match(/\d+/g).map(Number);
  const [r, g, b] = parts.map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}
const ANSWERS = { positive: ["+", "#d55e00"], negative: ["−", "#56b4e9"], unclear: ["?", "#e69f00"],
  unusable: ["×", "#000000"], none: ["·", "#c3cad3"] };
const SEVERITIES = { run: ["‼", "#000000"], reaction: ["×", "#d55e00"], warning: ["!", "#e69f00"],
  info: ["i", "#56b4e9"], none: ["·", "#c3cad3"] };
/** A colouring with its own letters and colours; only entries that occur are in the legend. */
function judged(kinds, of, label) {
  const here = new Set(reactions.map(of));
  const entries = Object.keys(kinds).filter((kind) => here.has(kind));
  return { entries, of, label, short: (entry) => kinds[entry][0], plain: true,
    colour: (index) => kinds[entries[index]][1] };
}
/** Colourings by sorts of reactions: entries, the entry of a reaction, and how it looks. */
const SORTS = {
  call: judged(ANSWERS, (r) => r.answer ?? "none", (entry) => t(`answer_${entry}`)),
  finding: judged(SEVERITIES, (r) => r.severity ?? "none",
    (entry) => (entry === "none" ? t("finding_none") : t(`severity_${entry}`))),
  target: { entries: targets, of: (r) => r.target, label: String,
    short: (entry) => String(targets.indexOf(entry) + 1), colour: setColour },
  task: { entries: tasks, of: (r) => r.task, label: (entry) => t(`task_${entry}`),
    short: (entry) => t(`task_short_${entry}`), colour: setColour },
};
/** Group of a reaction under the present colouring: few groups, so that few lines are drawn. */
function groupOf(r) {
  const sorts = SORTS[state.colour];
  if (sorts) {
    const entry = sorts.of(r);
    const index = sorts.entries.indexOf(entry);
    return { key: entry, label: sorts.label(entry), colour: sorts.colour(index), dash: DASHES[index % 5] };
  }
  if (r.cq === null) return { key: "none", label: t("undetermined"), colour: GREY, dash: "dot" };
  const step = (ctHigh - ctLow) / 12;
  const bin = Math.min(Math.floor((r.cq - ctLow) / step), 11);
  const middle = ctLow + (bin + 0.5) * step;
  return { key: `ct${bin}`, label: `${t("ct")} ${middle.toFixed(1)}`, colour: ctColour(middle), dash: "solid" };
}
