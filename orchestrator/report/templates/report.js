"use strict";
// Everything foreign is written with textContent or as an attribute's value, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const body = document.querySelector(".tasks tbody");
  const rows = [...body.rows];
  const tools = document.querySelector(".tools");
  const query = document.getElementById("query");
  const domain = document.getElementById("domain");
  const shown = document.getElementById("shown");
  const none = document.querySelector(".none");
  const chips = [...document.querySelectorAll(".chip[data-grade]")];
  const dialog = document.getElementById("task");
  const simulated = document.body.classList.contains("simulated");
  const order = Object.keys(data.grades);

  const el = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child != null && child !== ""));
    return made;
  };
  const label = (task) => `${task.domain}/${task.name}`;
  const seconds = (value) =>
    value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(Math.round(value) / 60)} min ${String(Math.round(value) % 60).padStart(2, "0")} s`;

  // Filter and search.
  const haystacks = data.tasks.map((task) =>
    [label(task), task.grade, data.grades[task.grade], task.cause || "", task.worker || "", task.message,
      ...task.flags, ...task.attempts.flatMap((one) => [one.worker, one.machine, one.cause || "", one.message])]
      .join("\n").toLowerCase());
  const filter = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const grades = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.grade));
    let count = 0;
    for (const row of rows) {
      const haystack = haystacks[row.dataset.task];
      const fits = (!grades.size || grades.has(row.dataset.grade))
        && (!domain.value || domain.value === row.dataset.domain)
        && words.every((word) => haystack.includes(word));
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${rows.length}`;
    none.hidden = count > 0;
  };
  const clear = () => {
    query.value = "";
    domain.value = "";
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    filter();
  };
  tools.hidden = false;
  tools.addEventListener("submit", (event) => event.preventDefault());
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
  for (const button of document.querySelectorAll("button[data-domain]")) {
    button.addEventListener("click", () => {
      clear();
      domain.value = button.dataset.domain;
      filter();
      document.getElementById("tasks").scrollIntoView();
    });
  }

  // Sort.
  const collator = new Intl.Collator("en", { numeric: true });
  const keys = {
    task: (task) => label(task),
    trial: (task) => task.trial,
    grade: (task) => order.indexOf(task.grade),
    score: (task) => (task.score === null ? -1 : task.score),
    steps: (task) => task.steps,
    seconds: (task) => task.seconds,
    attempts: (task) => task.attempts.length,
    worker: (task) => task.worker || "",
  };
  const compare = (one, other) => (typeof one === "number" ? one - other : collator.compare(one, other));
  for (const button of document.querySelectorAll(".sort")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentElement.cells) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = data.tasks.map(keys[button.dataset.sort]);
      rows.sort((one, other) => {
        const [a, b] = [Number(one.dataset.task), Number(other.dataset.task)];
        return (down ? -1 : 1) * compare(value[a], value[b]) || a - b;
      });
      body.append(...rows);
    });
  }

  // One task.
  const fact = (name, value, mono) =>
    value === "" || value == null ? null : el("div", {}, el("dt", {}, name), el("dd", mono ? { class: "mono" } : {}, String(value)));
  const gradeOf = (grade, cause) =>
    el("span", { class: "grade" }, el("i", { class: `key k-${grade}` }), data.grades[grade] || grade,
      cause ? el("span", { class: "cause" }, cause) : null);
  const attemptGrade = (one) =>
    one.cause === "lost" || one.cause === "released" ? one.cause
      : one.score === null ? one.status : one.score >= 1 ? "success" : one.score > 0 ? "partial" : "zero";
  const attempt = (one) => el("li", {},
    el("div", { class: "row" }, el("b", {}, `Attempt ${one.attempt}`), gradeOf(attemptGrade(one), one.cause),
      one.stolen ? el("span", { class: "cause" }, "stolen") : null,
      ...one.flags.map((flag) => el("span", { class: "cause" }, flag))),
    one.message ? el("span", { class: "why" }, one.message) : null,
    el("small", {}, [one.worker, one.machine, one.when, seconds(one.seconds),
      ...Object.entries(one.phases).map(([name, value]) => `${name} ${seconds(value)}`)].filter(Boolean).join(" · ")));

  const stepViewer = (evidence) => {
    const screen = el("figure", { class: "screen" });
    const action = el("pre", { class: "action", tabindex: 0, "aria-label": "Action" });
    const thought = el("p", { class: "why" });
    const where = el("output", { "aria-live": "polite" });
    const slider = el("input", { type: "range", min: 1, max: evidence.steps.length, value: 1, "aria-label": "Step" });
    const show = () => {
      const step = evidence.steps[slider.value - 1];
      const missing = el("p", {}, "No screenshot of this step lies beside the page.");
      const source = step.image || step.screenshot;
      const image = source && el("img", { src: source, alt: `Screen at step ${step.number}`, on: { error: () => screen.replaceChildren(missing) } });
      screen.replaceChildren(!image ? missing : step.screenshot ? el("a", { href: step.screenshot, target: "_blank", rel: "noopener" }, image) : image);
      where.textContent = `Step ${step.number} · ${slider.value} of ${evidence.steps.length}${step.at ? ` · ${step.at}` : ""}`;
      action.textContent = step.action || "no action";
      thought.textContent = step.thought;
      slider.setAttribute("aria-valuetext", `Step ${step.number}`);
    };
    const move = (by) => { slider.value = Number(slider.value) + by; show(); };
    slider.addEventListener("input", show);
    show();
    return el("div", { class: "steps" }, screen,
      el("div", { class: "stepper" }, el("button", { type: "button", class: "chip", "aria-label": "Previous step", on: { click: () => move(-1) } }, "←"), slider,
        el("button", { type: "button", class: "chip", "aria-label": "Next step", on: { click: () => move(1) } }, "→")),
      where, action, thought,
      evidence.left_out ? el("p", { class: "note" }, `${evidence.left_out} more steps are in the evidence.`) : null);
  };

  const facts = (task) => {
    const evidence = task.evidence;
    return el("div", {},
      task.cause ? el("p", { class: "why" }, data.rules[task.cause]) : null,
      task.message && !task.attempts.length ? el("p", { class: "why" }, task.message) : null,
      el("dl", { class: "facts" },
        fact("Score", task.score === null ? "none" : task.score),
        fact("Steps", task.steps),
        fact("Time", `${seconds(task.seconds)}, expected ${seconds(task.expected_s)}`),
        fact("Flags", task.flags.join(", ")),
        task.infeasible ? fact("Infeasible", "the right answer is FAIL") : null,
        evidence.link ? el("div", {}, el("dt", {}, "Evidence"), el("dd", {}, el("a", { href: evidence.link }, "files"))) : null),
      el("h3", {}, "Attempts"),
      task.attempts.length ? el("ol", { class: "attempts" }, ...task.attempts.map(attempt)) : el("p", { class: "why" }, "None was made."),
      Object.keys(task.fingerprint).length
        ? el("details", {}, el("summary", {}, "Fingerprint of its own"),
          el("dl", { class: "facts" }, ...Object.entries(task.fingerprint).map(([name, value]) => fact(name, value, true))))
        : null,
      evidence.log ? el("details", {}, el("summary", {}, "End of the log"), el("pre", { class: "log", tabindex: 0 }, evidence.log)) : null);
  };

  const visible = () => rows.filter((row) => !row.hidden).map((row) => Number(row.dataset.task));
  const open = (index) => {
    const task = data.tasks[index];
    const around = visible();
    const place = around.indexOf(index);
    const go = (by, text, name) => {
      const target = place < 0 ? undefined : around[place + by];
      return el("button", { type: "button", class: "chip", "aria-label": name, disabled: target === undefined,
        on: { click: () => { open(target); (dialog.querySelector(`[aria-label="${name}"]:enabled`) || dialog.querySelector("h2")).focus(); } } }, text);
    };
    const stepped = task.evidence.steps.length > 0;
    dialog.replaceChildren(
      el("div", { class: "sheet-top" },
        el("h2", { id: "task-title", tabindex: -1, autofocus: true }, el("span", { class: "of" }, `${task.domain}/`), task.name, task.trial ? ` trial ${task.trial}` : ""),
        gradeOf(task.grade, task.cause),
        simulated ? el("span", { class: "state sham" }, "Simulated") : null,
        el("div", { class: "buttons" }, go(-1, "↑", "Previous task"), go(1, "↓", "Next task"),
          el("button", { type: "button", class: "chip", on: { click: () => dialog.close() } }, "Close"))),
      el("div", { class: stepped ? "sheet wide" : "sheet" }, stepped ? stepViewer(task.evidence) : null, facts(task)));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    history.replaceState(null, "", `#task=${encodeURIComponent(`${label(task)}/${task.trial}`)}`);
  };
  dialog.addEventListener("close", () => history.replaceState(null, "", "#tasks"));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.matches("input, pre") || event.altKey || event.ctrlKey || event.metaKey) return;
    const name = { ArrowLeft: "Previous step", ArrowRight: "Next step" }[event.key];
    const button = name && dialog.querySelector(`[aria-label="${name}"]`);
    if (button) { event.preventDefault(); button.click(); }
  });
  document.querySelector(".tasks").addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (row && !String(getSelection())) open(Number(row.dataset.task));
  });
  for (const bar of document.querySelectorAll(".bar[data-task]")) {
    bar.addEventListener("click", () => open(Number(bar.dataset.task)));
  }
  const fromAddress = () => {
    if (!location.hash.startsWith("#task=")) return;
    let wanted = "";
    try { wanted = decodeURIComponent(location.hash.slice(6)); } catch { return; }
    const index = data.tasks.findIndex((task) => `${label(task)}/${task.trial}` === wanted);
    if (index >= 0) open(index);
  };
  addEventListener("hashchange", fromAddress);
  filter();
  fromAddress();
  document.documentElement.dataset.ready = "";
})();
