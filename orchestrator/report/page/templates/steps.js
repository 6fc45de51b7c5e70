// The step slider: the screen that an action was decided on with the action drawn, or the one after it.
const stepSections = () => {
  const action = el("pre", { class: "action", tabindex: 0, role: "region", "aria-label": "Action" });
  const thought = el("p", { class: "thought" });
  const reasoning = section("Reasoning", thought);
  const say = (step) => {
    action.textContent = step.action || "no action";
    thought.textContent = step.thought || "";
    reasoning.hidden = !step.thought;
  };
  return { say, parts: [section("Action", action), reasoning] };
};

const stepViewer = (evidence) => {
  const { say, parts } = stepSections();
  const steps = evidence.steps;
  const actions = steps.map((_, index) => index).filter((index) => index > 0 || steps[0].action);
  const places = actions.length ? actions : [0];
  const screen = el("figure", { class: "screen" });
  const where = el("output", { "aria-live": "polite" });
  const slider = el("input", { type: "range", min: 1, max: places.length, value: 1, "aria-label": "Step" });
  const before = el("button", { type: "button", class: "chip", "aria-pressed": "true" }, "Before, with the action");
  const after = el("button", { type: "button", class: "chip", "aria-pressed": "false" }, "After");
  const show = () => {
    const index = places[slider.value - 1];
    const step = steps[index];
    const looksBefore = before.getAttribute("aria-pressed") === "true";
    const shown = looksBefore ? steps[index - 1] : step;
    const absent = looksBefore ? "No screenshot from before this step was kept." : "No screenshot of this step was kept.";
    screen.replaceChildren(...picture(shown, looksBefore ? step.gestures : [], absent));
    where.textContent = `Step ${step.number}: ${slider.value} of ${places.length}${step.at ? ` · ${step.at}` : ""}`;
    slider.setAttribute("aria-valuetext", `Step ${step.number}`);
    say(step);
  };
  const look = (first) => {
    before.setAttribute("aria-pressed", String(first));
    after.setAttribute("aria-pressed", String(!first));
    show();
  };
  const move = (by) => { slider.value = Number(slider.value) + by; show(); };
  const arrow = (by, text, name) => el("button", { type: "button", class: "chip", "aria-label": name, on: { click: () => move(by) } }, text);
  before.addEventListener("click", () => look(true));
  after.addEventListener("click", () => look(false));
  slider.addEventListener("input", show);
  show();
  return el("div", { class: "steps" }, screen,
    el("div", { class: "stepper" }, arrow(-1, "←", "Previous step"), slider, arrow(1, "→", "Next step")),
    el("div", { class: "under" }, where, el("div", { class: "chips", role: "group", "aria-label": "Screen shown" }, before, after)),
    ...parts,
    evidence.left_out ? el("p", { class: "note" }, `${evidence.left_out} more steps are in the evidence.`) : null);
};
