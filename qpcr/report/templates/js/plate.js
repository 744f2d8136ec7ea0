// The plate map: a table of wells that mouse and keyboard can walk through and choose from.

const { rows: ROWS, columns: COLUMNS } = DATA.plate;
const WELLS = ROWS * COLUMNS;
const cells = [];
let anchor = 0; // where a block begins that Shift extends
let cursor = Math.max(state.well, 0); // the well the keyboard stands on

/** Wells of the block between two corners; with `used`, only those with a reaction. */
function block(a, b, used = true) {
  const [top, bottom] = [Math.floor(a / COLUMNS), Math.floor(b / COLUMNS)].sort((x, y) => x - y);
  const [left, right] = [a % COLUMNS, b % COLUMNS].sort((x, y) => x - y);
  const wells = [];
  for (let row = top; row <= bottom; row += 1)
    for (let column = left; column <= right; column += 1) wells.push(row * COLUMNS + column);
  return used ? wells.filter((well) => byWell.has(well)) : wells;
}

function chooseWell(well, event) {
  moveTo(well, false);
  if (event.shiftKey) {
    choose([...block(anchor, well).filter((one) => one !== well), well], event.ctrlKey ? "add" : "set");
    return;
  }
  anchor = well;
  choose([well], event.ctrlKey || event.metaKey ? "toggle" : "set");
}

function moveTo(well, take = true) {
  cells[cursor].tabIndex = -1;
  cursor = well;
  cells[cursor].tabIndex = 0;
  if (take) cells[cursor].focus();
}

function plateKey(event) {
  const row = Math.floor(cursor / COLUMNS);
  const column = cursor % COLUMNS;
  const moves = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    Home: [row, 0],
    End: [row, COLUMNS - 1],
  };
  if (event.key === "Enter" || event.key === " ") chooseWell(cursor, event);
  else if (event.key === "Escape") clearChoice();
  else if (event.key === "a" && (event.ctrlKey || event.metaKey)) choose([...byWell.keys()]);
  else if (moves[event.key]) {
    const [toRow, toColumn] = moves[event.key];
    if (toRow < 0 || toRow >= ROWS || toColumn < 0 || toColumn >= COLUMNS) return;
    moveTo(toRow * COLUMNS + toColumn);
    if (event.shiftKey) choose([...block(anchor, cursor).filter((one) => one !== cursor), cursor]);
    else anchor = cursor;
  } else return;
  event.preventDefault();
}

function clearChoice() {
  state.chosen = new Set();
  update();
}

function headButton(text, label, wells) {
  const pick = () => choose(wells.filter((well) => byWell.has(well)));
  return element("button", { type: "button", textContent: text, title: label, "aria-label": label, onclick: pick });
}

function buildPlate() {
  const letters = (row) => DATA.names[row * COLUMNS].replace(/\d+$/, "");
  const head = element("tr", {}, element("th", {}, headButton("◢", t("choose_all"), [...byWell.keys()])));
  for (let column = 0; column < COLUMNS; column += 1) {
    const wells = block(column, (ROWS - 1) * COLUMNS + column);
    const label = t("choose_column", { name: column + 1 });
    head.append(element("th", { scope: "col" }, headButton(String(column + 1), label, wells)));
  }
  const body = element("tbody");
  for (let row = 0; row < ROWS; row += 1) {
    const label = t("choose_row", { name: letters(row) });
    const wells = block(row * COLUMNS, (row + 1) * COLUMNS - 1);
    const line = element("tr", {}, element("th", { scope: "row" }, headButton(letters(row), label, wells)));
    for (let column = 0; column < COLUMNS; column += 1) {
      const well = row * COLUMNS + column;
      const here = byWell.get(well) || [];
      const text = here.length ? here.map(describe).join("\n") : t("empty_well", { well: DATA.names[well] });
      const cell = element("td", { role: "gridcell", tabIndex: -1, title: text, "aria-label": text });
      cell.dataset.well = well;
      cell.onclick = (event) => chooseWell(well, event);
      cell.append(element("div"));
      cells.push(cell);
      line.append(cell);
    }
    body.append(line);
  }
  const table = element("table", { className: "plate", role: "grid", "aria-label": t("plate_map"),
    "aria-multiselectable": "true", onkeydown: plateKey }, element("thead", {}, head), body);
  table.style.setProperty("--columns", COLUMNS);
  byId("plate").append(table);
  byId("views").classList.toggle("dense", COLUMNS > 12);
  if (WELLS) cells[cursor].tabIndex = 0;
}

/** One reaction inside a cell: a band in its colour with its Ct, number or letter on it. */
function band(r) {
  const made = element("span");
  if (state.colour === "ct") {
    made.textContent = r.cq === null ? t("undetermined_short") : fixed(r.cq, 2);
    if (r.cq === null) made.className = "undetermined";
    else paint(made, ctColour(r.cq), 0);
    return made;
  }
  const sorts = SORTS[state.colour];
  const entry = sorts.of(r);
  const index = sorts.entries.indexOf(entry);
  made.textContent = sorts.short(entry);
  paint(made, sorts.colour(index), sorts.plain ? 0 : index);
  return made;
}

/** Colour an element; from the second colour on with stripes, so that colour never stands alone. */
function paint(target, colour, index) {
  target.style.backgroundColor = colour;
  target.style.color = inkOn(colour);
  const angle = [0, 45, 135, 90, 0][index % 5];
  target.style.backgroundImage = index
    ? `repeating-linear-gradient(${angle}deg, #fff0 0 5px, #ffffff38 5px 7px)`
    : "none";
}

function drawPlate() {
  for (let well = 0; well < WELLS; well += 1) {
    const here = byWell.get(well) || [];
    const visible = here.filter(picked);
    const cell = cells[well];
    const chosen = state.chosen.has(well);
    cell.className = [
      here.length ? "" : "empty",
      here.some((r) => r.omitted) ? "omitted" : "",
      here.some((r) => r.problem !== null) ? "problem" : "",
      here.length && !visible.length ? "away" : "",
      chosen ? "chosen" : "",
      well === state.well ? "focus" : "",
    ].join(" ").trim();
    cell.setAttribute("aria-selected", String(chosen));
    cell.firstChild.replaceChildren(...(visible.length ? visible : here).map(band));
  }
  drawLegend();
}

/** Narrow every view to one target, as its picker does; once more shows all again. */
function pickTarget(target) {
  const place = String(targets.indexOf(target));
  const select = byId("pick-target");
  select.value = select.value === place ? "" : place;
  select.dispatchEvent(new Event("change"));
}

function drawLegend() {
  const item = (mark, text) => element("span", {}, mark, text);
  const box = (className, text = "") => element("i", { className, textContent: text });
  const items = [];
  if (state.colour === "ct") {
    const scale = box("scale");
    scale.style.background = `linear-gradient(90deg, ${SCALE.join(",")})`;
    items.push(item(scale, ""));
    scale.before(`${ctLow} (${t("legend_low")})`);
    scale.after(`${ctHigh} (${t("legend_high")})`);
    items.push(item(box("undetermined"), t("legend_undetermined")));
  } else {
    const sorts = SORTS[state.colour];
    sorts.entries.forEach((entry, index) => {
      const mark = box("", sorts.short(entry));
      paint(mark, sorts.colour(index), sorts.plain ? 0 : index);
      const label = sorts.label(entry);
      const pick = element("button", { type: "button", className: "link", textContent: label });
      pick.onclick = () => pickTarget(entry);
      items.push(item(mark, state.colour === "target" ? pick : label));
    });
  }
  items.push(item(box("empty"), t("legend_empty")));
  if (reactions.some((r) => r.omitted)) items.push(item(box("omitted"), t("legend_omitted")));
  if (reactions.some((r) => r.problem !== null)) items.push(item("", t("legend_problem")));
  byId("legend").replaceChildren(element("div", { className: "legend" }, ...items));
}
