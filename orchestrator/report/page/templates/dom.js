"use strict";
// Everything foreign is written as text or as an attribute's value, never as markup.
const SVG = "http://www.w3.org/2000/svg";

const fill = (made, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null && child !== ""));
  return made;
};
const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const shape = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const section = (title, ...children) => el("section", {}, el("h3", {}, title), ...children);
const all = (selector) => [...document.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

const seconds = (value) => {
  if (value < 60) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
};

const readJson = (id) => JSON.parse(byId(id).textContent);

// Auto follows the reader's system; a choice holds while the page is open.
const offerThemes = () => {
  const button = document.querySelector("[data-theme-button]");
  const themes = ["auto", "light", "dark"];
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme || "auto") + 1) % themes.length];
    document.documentElement.dataset.theme = next;
    button.querySelector("span").textContent = next;
  });
};

// Marks of a chart say what they are; a pointer sees it beside itself.
const offerTips = () => {
  const tip = byId("tip");
  for (const chart of all(".chart")) {
    chart.addEventListener("pointermove", (event) => {
      const mark = event.target.closest("svg [aria-label]:not(svg)");
      tip.hidden = !mark;
      if (!mark) return;
      tip.textContent = mark.getAttribute("aria-label");
      const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
      const below = event.clientY + 18 + tip.offsetHeight < innerHeight;
      tip.style.left = `${Math.max(8, left)}px`;
      tip.style.top = `${below ? event.clientY + 18 : event.clientY - tip.offsetHeight - 10}px`;
    });
    chart.addEventListener("pointerleave", () => { tip.hidden = true; });
  }
};
