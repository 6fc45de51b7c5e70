// One task: what it was told to do, its steps, its attempts with their causes, its evaluation and log.
const fact = (name, value, mono) =>
  value === "" || value == null ? null : el("div", {}, el("dt", {}, name), el("dd", mono ? { class: "mono" } : {}, String(value)));

const badge = (index, grade, cause) =>
  el("span", { class: "grade" }, el("i", { class: `key k-${grade}` }), index.grades[grade] || grade,
    cause && cause !== grade ? el("span", { class: "cause" }, cause) : null);

const attemptItem = (index, one) => el("li", {},
  el("div", { class: "row" }, el("b", {}, `Attempt ${one.attempt}`), badge(index, one.grade, one.cause),
    one.stolen ? el("span", { class: "cause" }, "stolen") : null,
    ...one.flags.map((flag) => el("span", { class: "cause" }, flag))),
  one.message ? el("span", { class: "why" }, one.message) : null,
  el("small", {}, [one.worker, one.machine, one.when, seconds(one.seconds),
    ...Object.entries(one.phases).map(([name, value]) => `${name} ${seconds(value)}`)].filter(Boolean).join(" · ")));

const printed = (name, text) => el("pre", { class: "log", tabindex: 0, role: "region", "aria-label": name }, text);

// Empty for a run of one trial each: there is nothing to tell apart then.
const trialsOf = (index, task) => {
  const found = index.tasks.filter((one) => one.label === `${task.domain}/${task.name}`);
  return found.length > 1 ? found.sort((one, other) => one.trial - other.trial) : [];
};

const trialLink = (index, one, shown) => el("a", { href: `#task=${encodeURIComponent(`${one.label}/${one.trial}`)}`,
  "aria-label": `Trial ${one.trial}: ${one.score === null ? index.grades[one.grade] : one.score.toFixed(2)}`, "aria-current": one.trial === shown ? "page" : null },
  el("i", { class: `key k-${one.grade}` }), String(one.trial));

const outcomeSection = (index, task, trials) => section("Outcome",
  task.cause ? el("p", { class: "why" }, index.rules[task.cause]) : null,
  task.message && !task.attempts.length ? el("p", { class: "why" }, task.message) : null,
  el("dl", { class: "facts" },
    fact("Score", task.score === null ? "none" : task.score),
    trials.length ? el("div", {}, el("dt", {}, "Trials"), el("dd", { class: "marks" }, ...trials.map((one) => trialLink(index, one, task.trial)))) : null,
    fact("Steps", task.steps),
    fact("Time", `${seconds(task.seconds)}, expected ${seconds(task.expected_s)}`),
    fact("Flags", task.flags.join(", ")),
    task.infeasible ? fact("Infeasible", "the right answer is FAIL") : null,
    task.evidence.link ? el("div", {}, el("dt", {}, "Evidence"), el("dd", {}, el("a", { href: task.evidence.link }, "files"))) : null));

const told = (index, task, trials) => {
  const evidence = task.evidence;
  const own = Object.entries(task.fingerprint);
  return el("div", { class: "told", tabindex: 0, role: "region", "aria-label": "About the task" },
    evidence.instruction ? section("Instruction", el("p", { class: "instruction" }, evidence.instruction)) : null,
    outcomeSection(index, task, trials),
    section("Attempts", task.attempts.length
      ? el("ol", { class: "attempts" }, ...task.attempts.map((one) => attemptItem(index, one))) : el("p", { class: "why" }, "None was made.")),
    evidence.evaluation ? section("Evaluation", printed("Evaluation", evidence.evaluation)) : null,
    own.length ? el("details", {}, el("summary", {}, "Fingerprint of its own"),
      el("dl", { class: "facts" }, ...own.map(([name, value]) => fact(name, value, true)))) : null,
    evidence.log ? el("details", {}, el("summary", {}, "End of the log"), printed("End of the log", evidence.log)) : null);
};

const sheet = (index, task, simulated, buttons) => {
  const trials = trialsOf(index, task);
  const stepped = task.evidence.steps.length > 0;
  return [
    el("div", { class: "sheet-top" },
      el("h2", { id: "task-title", tabindex: -1, autofocus: true }, el("span", { class: "of" }, `${task.domain}/`), task.name, trials.length ? ` trial ${task.trial}` : ""),
      badge(index, task.grade, task.cause),
      simulated ? el("span", { class: "state sham" }, "Simulated") : null,
      el("div", { class: "buttons" }, ...buttons)),
    el("div", { class: stepped ? "sheet wide" : "sheet" },
      stepped ? stepViewer(task.evidence) : null, told(index, task, trials))];
};
