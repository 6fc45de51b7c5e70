// A step's screenshot with what the action does drawn on it, in the pixels of the screen itself.
const arrowHead = (from, to, size) => {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const wing = (turn) => `${to[0] - size * Math.cos(angle + turn)},${to[1] - size * Math.sin(angle + turn)}`;
  return `M${wing(0.45)} L${to[0]},${to[1]} L${wing(-0.45)}`;
};

const stroked = (path) => [shape("path", { class: "gesture halo", d: path }), shape("path", { class: "gesture", d: path })];
const ring = (at, radius) =>
  `M${at[0] - radius},${at[1]} a${radius},${radius} 0 1,0 ${2 * radius},0 a${radius},${radius} 0 1,0 ${-2 * radius},0`;

const clickMarks = (gesture, at, unit) => {
  const rings = Array.from({ length: gesture.times || 1 }, (_, n) => stroked(ring(at, unit * (1.1 + 0.55 * n)))).flat();
  return [...rings, shape("circle", { class: "gesture fill", cx: at[0], cy: at[1], r: unit * 0.35 })];
};
const moveMarks = (at, unit) => {
  const [x, y, r] = [at[0], at[1], unit];
  return stroked(`M${x - r},${y} H${x + r} M${x},${y - r} V${y + r}`);
};
const dragMarks = (gesture, start, at, unit) => {
  const line = start ? stroked(`M${start[0]},${start[1]} L${at[0]},${at[1]}`) : [];
  const head = start ? stroked(arrowHead(start, at, unit)) : clickMarks(gesture, at, unit);
  return [...line, ...head, ...(start ? [shape("circle", { class: "gesture fill", cx: start[0], cy: start[1], r: unit * 0.35 })] : [])];
};
const scrollMarks = (gesture, at, unit) => {
  const way = (gesture.times || 1) < 0 ? 1 : -1;
  const to = [at[0], at[1] + way * unit * 3];
  return [...stroked(`M${at[0]},${at[1] - way * unit} L${to[0]},${to[1]}`), ...stroked(arrowHead(at, to, unit))];
};

const spelled = (gesture) => {
  const times = gesture.times || 1;
  const often = times > 1 ? [null, null, "double ", "triple "][times] || `${times} × ` : "";
  if (gesture.kind === "type") return `types ${gesture.text || "…"}`;
  if (gesture.kind === "keys") return gesture.text || "a key";
  if (gesture.kind === "scroll") return `scrolls ${times < 0 ? "down" : "up"} ${Math.abs(times)}`;
  if (gesture.kind === "move") return gesture.text ? `moves to ${gesture.text}` : "moves";
  return often + gesture.kind;
};

// Nothing is drawn that lies off the screen: an agent may have aimed anywhere.
const placed = (point, width, height) => {
  if (!point) return null;
  const [x, y] = point[2] ? [point[0] * width, point[1] * height] : point;
  return x >= 0 && y >= 0 && x <= width && y <= height ? [x, y] : null;
};

const overlay = (gestures, width, height) => {
  const unit = Math.max(width, height) / 60;
  const drawing = shape("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", class: "overlay" });
  for (const gesture of gestures) {
    const at = placed(gesture.at, width, height);
    if (!at || gesture.kind === "type" || gesture.kind === "keys") continue;
    const start = placed(gesture.start, width, height);
    if (gesture.kind === "drag") drawing.append(...dragMarks(gesture, start, at, unit));
    else if (gesture.kind === "scroll") drawing.append(...scrollMarks(gesture, at, unit));
    else if (gesture.kind === "move") drawing.append(...moveMarks(at, unit));
    else drawing.append(...clickMarks(gesture, at, unit));
  }
  return drawing;
};

// Returns the figure's content: the picture, and once its size is known what is drawn on it.
const picture = (step, gestures, absent) => {
  const source = step && (step.image || step.screenshot);
  if (!source) return [el("p", {}, absent)];
  const shot = el(step.screenshot ? "a" : "span", { class: "shot", ...(step.screenshot ? { href: step.screenshot, target: "_blank", rel: "noopener" } : {}) });
  const image = el("img", { src: source, alt: `Screen ${step.number ? `after step ${step.number}` : "before the first step"}`, decoding: "async" });
  image.addEventListener("load", () => {
    const [width, height] = step.size || [image.naturalWidth, image.naturalHeight];
    image.classList.toggle("small", image.naturalWidth < 640);
    if (gestures.length) shot.append(overlay(gestures, width, height));
  });
  image.addEventListener("error", () => shot.replaceWith(el("p", {}, "The screenshot does not lie beside the page.")));
  shot.append(image);
  const said = gestures.filter((one) => one.kind !== "move" || one.text).map((one) => el("span", {}, spelled(one)));
  return [shot, said.length ? el("div", { class: "said" }, ...said) : null].filter(Boolean);
};
