// Puts the page together: the grid, the open task, and addresses that lead to either.
const page = document.documentElement;
// What lies below the overview is laid out after the first frame, whatever else fails here.
page.dataset.late = "";
requestAnimationFrame(() => setTimeout(() => delete page.dataset.late));
const index = readJson("index");
const dialog = byId("task");
const grid = gridOf(index);
const simulated = document.body.classList.contains("simulated");
const address = (number) => `${index.tasks[number].label}/${index.tasks[number].trial}`;

const open = (number) => {
  const around = grid.visible().map((row) => Number(row.dataset.task));
  const place = around.indexOf(number);
  const go = (by, text, name) => {
    const target = place < 0 ? undefined : around[place + by];
    const act = () => { open(target); (dialog.querySelector(`[aria-label="${name}"]:enabled`) || dialog.querySelector("h2")).focus(); };
    return el("button", { type: "button", class: "chip", "aria-label": name, disabled: target === undefined, on: { click: act } }, text);
  };
  const close = el("button", { type: "button", class: "chip", on: { click: () => dialog.close() } }, "Close");
  dialog.replaceChildren(...sheet(index, readJson(`task-${number}`), simulated, [go(-1, "↑", "Previous task"), go(1, "↓", "Next task"), close]));
  dialog.dataset.task = number;
  if (!dialog.open) dialog.showModal();
  history.replaceState(null, "", `#task=${encodeURIComponent(address(number))}`);
};

const follow = () => {
  const [, kind, text] = /^#(task|domain|find)=(.*)$/.exec(location.hash) || [];
  let wanted = "";
  try { wanted = decodeURIComponent(text || ""); } catch { return; }
  if (kind === "domain") grid.showDomain(wanted);
  if (kind === "find") grid.find(wanted);
  if (kind !== "task") return;
  const number = index.tasks.findIndex((_, n) => address(n) === wanted);
  if (number >= 0) open(number);
};

dialog.addEventListener("close", () => {
  history.replaceState(null, "", "#tasks");
  document.querySelector(`[data-open="${dialog.dataset.task}"]`)?.focus({ preventScroll: true });
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("keydown", (event) => {
  if (event.target.matches("input, pre") || event.altKey || event.ctrlKey || event.metaKey) return;
  const name = { ArrowLeft: "Previous step", ArrowRight: "Next step", j: "Next task", k: "Previous task" }[event.key];
  const button = name && dialog.querySelector(`[aria-label="${name}"]`);
  if (button) { event.preventDefault(); button.click(); }
});
document.querySelector(".tasks").addEventListener("click", (event) => {
  const row = event.target.closest("tbody tr");
  if (row && !String(getSelection())) open(Number(row.dataset.task));
});
addEventListener("hashchange", follow);
offerKeys(grid, dialog);
offerThemes();
offerTips();
addEventListener("DOMContentLoaded", follow);
page.dataset.ready = "";
