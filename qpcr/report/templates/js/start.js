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

/** Plots are drawn in pixels: for paper they must be drawn again at the paper's width. */
function resizePlots(width) {
  for (const id of ["curves", "detail", "difference"]) {
    const plot = byId(id);
    if (!plot) continue;
    if (width) Plotly.relayout(plot, { width, height: 380, autosize: false });
    else Plotly.relayout(plot, { width: undefined, height: undefined, autosize: true });
  }
}

buildPlate();
buildTable();
toggleButtons("colour-buttons", ["ct", "target", "task"], "colour", "colour", "colour");
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
byId("views").classList.toggle("with-difference", byId("difference") !== null);
window.addEventListener("beforeprint", () => resizePlots(1000));
window.addEventListener("afterprint", () => resizePlots(0));

views.push(drawControls, drawPlate, drawCurves, drawDetail, drawDifference, drawTable);
for (const view of views) view();
for (const id of ["curves", "difference"]) if (byId(id)) chooseFromPlot(id);
