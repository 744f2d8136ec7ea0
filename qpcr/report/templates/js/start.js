// Build the page once, then redraw whatever follows the state.

function toggleButtons(id, keys, prefix, name, data) {
  for (const key of keys) {
    const button = element("button", { type: "button", textContent: t(`${prefix}_${key}`) });
    button.dataset[data] = key;
    button.onclick = () => {
      state[name] = key;
      update();
    };
    byId(id).append(button);
  }
}

function picker(id, entries, all, label, name) {
  const select = byId(id);
  select.append(element("option", { value: "", textContent: all }));
  entries.forEach((entry, index) => select.append(element("option", { value: String(index), textContent: label(entry) })));
  select.onchange = () => {
    state.picks[name] = select.value === "" ? null : Number(select.value);
    const now = focus();
    const better = now && !picked(now) ? reactions.find((r) => picked(r) && r.cq !== null) || reactions.find(picked) : null;
    if (better) {
      state.well = better.well;
      state.target = better.target;
    }
    update();
  };
}

function drawControls() {
  for (const button of byId("colour-buttons").querySelectorAll("button"))
    button.setAttribute("aria-pressed", String(button.dataset.colour === state.colour));
  byId("status").textContent = t("status",
    { wells: state.chosen.size, shown: shown().length, total: reactions.length });
}

const plots = ["curves", "detail", "standard", "difference"].map(byId).filter(Boolean);
let onPaper = false;
/** Plots are drawn in pixels: for paper they must be drawn again at the paper's width. */
function drawForPaper(paper) {
  onPaper = paper;
  const size = paper ? { width: 1000, height: 380 } : { width: undefined, height: undefined };
  for (const plot of plots) Plotly.relayout(plot, { ...size, autosize: !paper });
}
/** Follow the card that a plot stands in, when its neighbours make it grow or shrink. */
function followSizes() {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) if (!onPaper && target.offsetWidth) Plotly.Plots.resize(target);
  });
  for (const plot of plots) observer.observe(plot);
}

buildPlate();
buildTable();
const colourings = [DATA.called ? "call" : "", "ct", DATA.findings.length ? "finding" : "", "target", "task"];
toggleButtons("colour-buttons", colourings.filter(Boolean), "colour", "colour", "colour");
toggleButtons("view-buttons", VIEWS, "view", "view", "view");
picker("pick-target", targets, t("all_targets"), String, "target");
picker("pick-sample", samples, t("all_samples"), sampleText, "sample");
picker("pick-task", tasks, t("all_tasks"), (task) => t(`task_${task}`), "task");
byId("controls").onsubmit = (event) => event.preventDefault();
byId("only-chosen").onchange = (event) => {
  state.only = event.target.checked;
  update();
};
byId("clear").onclick = () => {
  for (const id of ["pick-target", "pick-sample", "pick-task"]) byId(id).value = "";
  state.picks = { target: null, sample: null, task: null };
  clearChoice();
};
byId("table-filter").oninput = (event) => {
  wanted = event.target.value.trim().toLowerCase();
  drawTable();
};
byId("copy").onclick = copyTable;
for (const button of document.querySelectorAll("[data-rows]"))
  button.onclick = () => {
    const rows = button.dataset.rows.split(",").filter(Boolean).map((row) => reactions[Number(row)]);
    if (!rows.length) return;
    choose(unique(rows.map((r) => r.well)), "set", rows[rows.length - 1].target);
    byId("views").scrollIntoView();
  };
for (const button of document.querySelectorAll("[data-sample]"))
  button.onclick = () => {
    const place = samples.indexOf(button.dataset.sample);
    byId("pick-sample").value = String(place);
    byId("pick-sample").dispatchEvent(new Event("change"));
    byId("views").scrollIntoView();
  };
byId("views").classList.toggle("with-difference", byId("difference") !== null);
window.addEventListener("beforeprint", () => drawForPaper(true));
window.addEventListener("afterprint", () => drawForPaper(false));

/** Draw the quick views at once and the plots one a frame, so that the page shows early. */
function start() {
  const quick = [drawControls, drawPlate, drawTable];
  const slow = [drawCurves, drawDetail, drawStandard, drawDifference];
  for (const view of quick) view();
  const next = () => {
    const view = slow.shift();
    view();
    views.push(view);
    if (slow.length) {
      setTimeout(next);
      return;
    }
    for (const id of ["curves", "standard", "difference"]) if (byId(id)) chooseFromPlot(id);
    followSizes();
    document.body.dataset.ready = "true";
  };
  views.push(...quick);
  setTimeout(next);
}

start();
