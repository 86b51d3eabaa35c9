"use strict";
// What the pages are made of. Every text of a sweep goes through textContent.

// --- Small tools ---

function el(name, attributes, ...children) {
  const svg = ["svg", "rect", "line"].includes(name);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

function link(path, text, more) { return el("a", { href: path, "data-route": true, ...more }, text); }

function number(value, digits) {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return value.toLocaleString("en", { maximumSignificantDigits: digits || 4 });
}

function count(value, noun) { return `${number(value)} ${noun}${value === 1 ? "" : "s"}`; }

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${number(seconds / 3600, 3)} h`;
  return `${number(seconds / 86400, 3)} days`;
}

function moment(text) {
  const date = new Date(text);
  return el("time", { datetime: text }, Number.isNaN(date.getTime()) ? text
    : date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" }));
}

function status(text) { return el("span", { class: `t-${text} dot-none` }, " ", text); }

async function get(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (response.status === 401) { location.href = "/login"; throw new Error("the token is missing"); }
  if (!response.ok) throw new Error((await response.text()).trim() || response.statusText);
  return response;
}
let received = 0;      // bytes of answers since the last refresh
async function json(path) {
  const text = await (await get(path)).text();
  received += text.length;
  return JSON.parse(text);
}

function table(caption, heads, rows) {
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    el("table", {},
      el("thead", {}, el("tr", {}, heads.map(h =>
        h instanceof Node ? h : el("th", { scope: "col", class: h.n ? "n" : null }, h.text || h)))),
      el("tbody", {}, rows.map(cells => el("tr", {}, cells.map((cell, i) =>
        el("td", { class: heads[i] && (heads[i].n || (heads[i].className === "n")) ? "n" : null }, cell)))))));
}

// A part that is drawn anew only when what it shows has changed, so that focus and places stay.
function part(holder, key, value, draw) {
  const text = JSON.stringify(value);
  let node = holder.querySelector(`:scope > [data-part="${key}"]`);
  if (!node) { node = el("div", { "data-part": key }); holder.append(node); }
  if (node.dataset.text === undefined || node.shown !== text) {
    node.shown = text; node.dataset.text = "";
    const focused = node.contains(document.activeElement) ? mark(document.activeElement) : null;
    node.replaceChildren(...[draw(value)].flat(Infinity).filter(Boolean));
    // Whoever goes by the keyboard stays where they were.
    if (focused) [...node.querySelectorAll("a, button, select, summary, [tabindex]")].find(n => mark(n) === focused)?.focus({ preventScroll: true });
  }
  return node;
}
// What tells an element from the others of its part.
function mark(node) {
  return [node.tagName, node.getAttribute("href") || node.getAttribute("aria-label") || (node.tagName === "SELECT" ? "" : node.textContent.replace(/ [↑↓]$/, ""))].join(" ");
}

// --- Parts that several pages have ---

function bar(counts, label) {
  const total = Math.max(1, counts.waiting + counts.running + counts.complete + counts.failed + counts.stopped);
  const svg = el("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none", role: "img", "aria-label": label });
  let x = 0;
  for (const key of ["complete", "running", "failed", "stopped", "waiting"]) {
    const width = 100 * counts[key] / total;
    if (width) svg.append(el("rect", { class: `s-${key}`, x, y: 0, width, height: 1 }));
    x += width;
  }
  return el("div", { class: "bar" }, svg);
}

// Without a coordinator nothing runs: what the record knows as running was begun.
function countWords(counts, isLive) {
  return ["complete", "running", "waiting", "failed", "stopped"].filter(k => counts[k])
    .map(k => `${number(counts[k])} ${k === "running" && !isLive ? "begun" : k}`).join(", ") || "no trials";
}

function figures(entries) {
  return el("dl", { class: "figures" }, entries.filter(e => e[1] !== "" && e[1] !== null && e[1] !== undefined)
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

// Replaces a picture only once the next one is there.
function picture(holder, path, label, after) {
  if (holder.path === path) return;
  holder.path = path;
  const next = el("img", { alt: label });
  next.onload = () => {
    received += performance.getEntriesByName(next.src).at(-1)?.encodedBodySize || 0;
    performance.clearResourceTimings();
    if (holder.path === path) { holder.replaceChildren(next, ...(after ? after() : [])); }
  };
  next.onerror = () => {
    if (holder.path === path) { holder.path = null; holder.replaceChildren(el("p", { class: "quiet" }, "Nothing to draw yet.")); }
  };
  next.src = path;
}

async function act(button, request) {
  if (!confirm(`${button.textContent}?`)) return;
  button.disabled = true;
  const answer = el("p", { class: "notice changed", role: "status" }, "asked …");
  button.parentNode.after(answer);
  try {
    const response = await fetch(`${api()}/control`, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ version: 2, ...request }),
    });
    const text = await response.text();
    answer.textContent = response.ok ? JSON.parse(text).changes.join("; ") || "done" : text.trim();
  } catch (error) { answer.textContent = error.message; }
  button.disabled = false;
  refresh();
}
function action(text, request) {
  const button = el("button", { type: "button" }, text);
  button.addEventListener("click", () => act(button, request()));
  return button;
}

function factList(facts) {
  return el("ul", { class: "plain" }, facts.map(f => el("li", { class: f.mark === "plain" ? null : f.mark },
    moment(f.time), " ", f.trial ? [trialLink(f.trial, f.name || f.trial), ": "] : null, f.words,
    f.worker ? el("span", { class: "quiet" }, ` (${f.worker})`) : null)));
}
