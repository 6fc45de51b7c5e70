// The task table: search, filters, sorting, and moving through it with the keyboard.
const gridOf = (index) => {
  const body = document.querySelector(".tasks tbody");
  const rows = [...body.rows];
  const query = byId("query");
  const domain = byId("domain");
  const chips = all(".chip[data-grade]");
  const none = document.querySelector(".none");
  const tools = document.querySelector(".tools");

  const filter = () => {
    const words = query.value.toLowerCase().match(/trial \d+|\S+/g) || [];
    const grades = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.grade));
    let count = 0;
    for (const row of rows) {
      const fits = (!grades.size || grades.has(row.dataset.grade))
        && (!domain.value || domain.value === row.dataset.domain)
        && words.every((word) => index.tasks[row.dataset.task].text.includes(word));
      row.hidden = !fits;
      count += fits;
    }
    byId("shown").textContent = `${count} of ${rows.length}`;
    none.hidden = count > 0;
  };
  const clear = () => {
    query.value = "";
    domain.value = "";
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    filter();
  };
  const show = (field, value) => {
    clear();
    field.value = value;
    filter();
    byId("tasks").scrollIntoView();
  };
  const showDomain = (name) => show(domain, name);

  tools.hidden = false;
  document.querySelector(".keys").hidden = false;
  tools.addEventListener("submit", (event) => {
    event.preventDefault();
    rows.find((row) => !row.hidden)?.querySelector("[data-open]").focus();
  });
  tools.addEventListener("reset", (event) => { event.preventDefault(); clear(); });
  query.addEventListener("input", filter);
  domain.addEventListener("change", filter);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  }
  document.querySelector("[data-clear]").addEventListener("click", clear);
  for (const button of all("button[data-domain]")) button.addEventListener("click", () => showDomain(button.dataset.domain));
  sortable(index, body, rows);
  return { clear, query, showDomain, find: (words) => show(query, words), visible: () => rows.filter((row) => !row.hidden) };
};

const sortable = (index, body, rows) => {
  const order = Object.keys(index.grades);
  let collator; // Made at the first sort: it is most of what the script would cost at the start.
  const compare = (one, other) => {
    if (typeof one === "number") return one - other;
    collator ??= new Intl.Collator("en", { numeric: true });
    return collator.compare(one, other);
  };
  const keys = {
    task: (task) => task.label,
    grade: (task) => order.indexOf(task.grade),
    score: (task) => (task.score === null ? -1 : task.score),
  };
  for (const button of all(".sort")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentElement.cells) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const name = button.dataset.sort;
      const value = index.tasks.map(keys[name] || ((task) => task[name]));
      rows.sort((one, other) => {
        const [a, b] = [Number(one.dataset.task), Number(other.dataset.task)];
        return (down ? -1 : 1) * compare(value[a], value[b]) || a - b;
      });
      body.append(...rows);
    });
  }
};

// j and k go from row to row; Enter is the row's own button's; / searches and Escape clears.
const offerKeys = (grid, dialog) => {
  const go = (by) => {
    const shown = grid.visible();
    const at = shown.findIndex((row) => row.contains(document.activeElement));
    const row = shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), shown.length - 1)];
    row?.querySelector("[data-open]").focus();
  };
  const acts = { j: () => go(1), k: () => go(-1), "/": () => grid.query.focus(), Escape: () => { grid.clear(); grid.query.blur(); } };
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (dialog.open || event.altKey || event.ctrlKey || event.metaKey || (typing && event.key !== "Escape")) return;
    const act = acts[event.key];
    if (act) { event.preventDefault(); act(); }
  });
};
