// The table of reactions: sorts, filters, follows the choice, and goes to the clipboard.

const text = (value) => ({ text: value ?? "", sort: value ?? "" });
const number = (value, shownAs) => ({ text: shownAs, sort: value, number: true });
const COLUMNS_SHOWN = [
  { head: "column_well", cell: (r) => ({ text: r.name, sort: r.well, button: true }) },
  { head: "sample", cell: (r) => text(r.sample) },
  { head: "target", cell: (r) => text(r.target) },
  { head: "task", cell: (r) => text(t(`task_${r.task}`)) },
  { head: "quantity", cell: (r) => number(r.quantity, general(r.quantity)),
    only: () => reactions.some((r) => r.quantity !== null) },
  { head: "column_ct", cell: (r) => ({ ...number(r.cq, ctText(r)), absent: r.cq === null }) },
  { head: "column_interval", cell: (r) => number(r.low, r.low === null || r.high === null ? ""
    : t("interval_value", { low: fixed(r.low), high: fixed(r.high) })) },
  { head: "quantity_read", cell: (r) => ({ ...number(r.read, general(r.read)), title: r.read_reason }),
    only: () => reactions.some((r) => r.read !== null) },
  { head: "column_quantity_interval", cell: (r) => number(r.read_low, readInterval(r)),
    only: () => reactions.some((r) => r.read !== null) },
  { head: "column_style", cell: (r) => ({ ...number(r.style, r.style === null ? t("undetermined") : fixed(r.style)),
    absent: r.style === null, title: r.style_reason }) },
  { head: "column_own", cell: (r) => ({ ...number(r.own, r.own === null && r.own_known ? t("undetermined") : fixed(r.own)),
    absent: r.own === null }), only: () => reactions.some((r) => r.own_known) },
  { head: "column_difference", cell: (r) => number(difference(r.cq, r), fixed(difference(r.cq, r))),
    only: () => reactions.some((r) => r.own_known) },
  { head: "column_q", cell: (r) => ({ ...number(r.q, r.q === null ? t("undetermined")
    : r.q_se === null ? fixed(r.q) : t("ct_value", { value: fixed(r.q), se: fixed(r.q_se) })),
    absent: r.q === null, title: r.q_reason }), only: () => DATA.method !== null },
  { head: "n0", cell: (r) => number(r.n0, general(r.n0)), only: () => DATA.method !== null },
  { head: "cpd2", cell: (r) => number(r.cpd2, fixed(r.cpd2, 2)) },
  { head: "cy0", cell: (r) => number(r.cy0, fixed(r.cy0, 2)) },
  { head: "efficiency", cell: (r) => number(r.efficiency, r.efficiency === null || r.efficiency_se === null
    ? fixed(r.efficiency) : t("ct_value", { value: fixed(r.efficiency), se: fixed(r.efficiency_se) })) },
  { head: "baseline", cell: (r) => number(r.stop, r.start === null ? "" : `${r.start}–${r.stop}`) },
  { head: "threshold", cell: (r) => number(DATA.targets[r.target].threshold, general(DATA.targets[r.target].threshold)) },
  { head: "model", cell: (r) => text(r.model) },
  { head: "reason", cell: (r) => ({ ...text([r.cq === null ? reasonText(r) : "", r.omitted ? t("omitted") : ""]
    .filter(Boolean).join(" · ")), wide: true }) },
].filter((column) => !column.only || column.only());

/** Columns of the copied table: one number a column, all digits the page has. */
const COPIED = [
  ["column_well", (r) => r.name], ["sample", (r) => r.sample], ["target", (r) => r.target],
  ["task", (r) => r.task], ["quantity", (r) => r.quantity], ["ct", (r) => r.cq], ["column_se", (r) => r.se],
  ["column_low", (r) => r.low], ["column_high", (r) => r.high],
  ...(reactions.some((r) => r.read !== null) ? [["quantity_read", (r) => r.read],
    ["column_quantity_low", (r) => r.read_low], ["column_quantity_high", (r) => r.read_high]] : []),
  ["column_style", (r) => r.style],
  ["column_own", (r) => r.own], ["cpd2", (r) => r.cpd2], ["cy0", (r) => r.cy0],
  ["efficiency", (r) => r.efficiency], ["column_efficiency_se", (r) => r.efficiency_se],
  ["column_start", (r) => r.start], ["column_stop", (r) => r.stop],
  ["threshold", (r) => DATA.targets[r.target].threshold], ["model", (r) => r.model],
  ["reason", (r) => (r.cq === null ? reasonText(r) : "")],
  ["column_style_reason", (r) => r.style_reason],
  ...(DATA.method === null ? [] : [
    ["column_q", (r) => r.q], ["column_q_se", (r) => r.q_se], ["factor", (r) => r.factor],
    ["column_factor_se", (r) => r.factor_se], ["n0", (r) => r.n0], ["column_n0_se", (r) => r.n0_se],
    ["copies", (r) => r.copies], ["sd_poisson", (r) => r.poisson], ["column_q_reason", (r) => r.q_reason],
  ]),
];

const lines = []; // {r, row, cells, words}
const order = { column: -1, down: false };
let wanted = "";

function buildTable() {
  const head = element("tr");
  COLUMNS_SHOWN.forEach((column, place) => {
    const name = t(column.head);
    const button = element("button", { type: "button", textContent: name, title: t("sort_by", { name }) });
    button.onclick = () => sortBy(place);
    const className = reactions.length && column.cell(reactions[0]).number ? "number" : "";
    head.append(element("th", { scope: "col", className, "aria-sort": "none" }, button));
  });
  byId("reactions").tHead.append(head);
  for (const r of reactions) {
    const values = COLUMNS_SHOWN.map((column) => column.cell(r));
    const row = element("tr", {}, ...values.map(tableCell));
    row.onclick = (event) => choose([r.well], event.ctrlKey || event.metaKey || event.shiftKey ? "toggle" : "set", r.target);
    lines.push({ r, row, values, words: values.map((value) => value.text).join("\n").toLowerCase() });
  }
  byId("reactions").tBodies[0].append(...lines.map((line) => line.row));
}

function tableCell(value) {
  const cell = element("td", { title: value.title ?? "" });
  cell.className = [value.number ? "number" : "", value.wide ? "wide" : "", value.absent ? "absent" : ""].join(" ").trim();
  if (value.button) cell.append(element("button", { type: "button", textContent: value.text }));
  else cell.textContent = value.text;
  return cell;
}

/** Sort by a column, or turn its order round; what is absent stays at the end. */
function sortBy(place) {
  order.down = order.column === place && !order.down;
  order.column = place;
  const way = order.down ? -1 : 1;
  lines.sort((a, b) => {
    const [x, y] = [a.values[place].sort, b.values[place].sort];
    if (x === null || y === null || x === "" || y === "") {
      const missing = (value) => Number(value === null || value === "");
      if (missing(x) !== missing(y)) return missing(x) - missing(y);
    } else {
      const by = typeof x === "number" ? x - y : x.localeCompare(y, undefined, { numeric: true });
      if (by) return way * by;
    }
    return a.r.index - b.r.index;
  });
  [...byId("reactions").tHead.rows[0].cells].forEach((cell, i) =>
    cell.setAttribute("aria-sort", i !== place ? "none" : order.down ? "descending" : "ascending"));
  byId("reactions").tBodies[0].append(...lines.map((line) => line.row));
}

const shownLines = () => {
  const visible = new Set(shown());
  return lines.filter((line) => visible.has(line.r) && line.words.includes(wanted));
};

function drawTable() {
  const visible = new Set(shownLines());
  for (const line of lines) {
    line.row.hidden = !visible.has(line);
    line.row.classList.toggle("chosen", isChosen(line.r));
  }
}

/** A field no spreadsheet takes for a formula, and that cannot break its row. */
function field(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const plain = String(value).replace(/[\t\r\n]+/g, " ");
  return /^\s*[=+\-@]/.test(plain) ? `'${plain}` : plain;
}

const asText = () =>
  [COPIED.map(([head]) => t(head)), ...shownLines().map(({ r }) => COPIED.map(([, of]) => field(of(r))))]
    .map((row) => row.join("\t")).join("\r\n") + "\r\n";

async function copyTable() {
  const copied = asText();
  let done = false;
  const area = element("textarea", { value: copied, "aria-hidden": "true", className: "copy" });
  document.body.append(area);
  area.select();
  done = document.execCommand("copy");
  area.remove();
  if (!done && navigator.clipboard)
    done = await navigator.clipboard.writeText(copied).then(() => true, () => false);
  byId("copy-status").textContent = done ? t("copied", { count: shownLines().length }) : t("copy_failed");
  byId("copy").focus();
}
