"use strict";
// One page that shows what its address names. Every text of a sweep goes through textContent.

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const live = document.getElementById("live");
const dark = matchMedia("(prefers-color-scheme: dark)");

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
  if (response.status === 401) { location.href = "/login"; throw new Error("the token was not shown"); }
  if (!response.ok) throw new Error((await response.text()).trim() || response.statusText);
  return response;
}
async function json(path) { return (await get(path)).json(); }

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
    node.replaceChildren(...[draw(value)].flat(Infinity).filter(Boolean));
  }
  return node;
}

// --- The address ---

let route = null;      // what is shown
let source = null;     // the connection that tells of changes
let sourceOf = null;   // of which sweep
let timer = null;
let changeSeen = 0;

function parse() {
  const parts = location.pathname.split("/").filter(Boolean);
  const query = new URLSearchParams(location.search);
  if (parts[0] !== "sweeps" || parts.length < 2) return { page: "home", query };
  const index = Number(parts[1]);
  const page = parts[2] || "sweep";
  return { page, index, name: parts[3] ? decodeURIComponent(parts[3]) : null, query };
}

function go(path, replace) {
  history[replace ? "replaceState" : "pushState"](null, "", path);
  show(!replace);
}

document.addEventListener("click", event => {
  const anchor = event.target.closest && event.target.closest("a[data-route]");
  if (!anchor || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(anchor.getAttribute("href"));
});
addEventListener("popstate", () => show(true));
dark.addEventListener("change", () => refresh(true));

const pages = {
  home: showHome, sweep: showSweep, trials: showTrials, trial: showTrial, table1: showTable1,
  hosts: showHosts, log: showLog,
};

async function show(isNew) {
  route = parse();
  if (!pages[route.page]) route.page = "home";
  if (isNew) { main.replaceChildren(el("p", { class: "quiet" }, "Loading …")); window.scrollTo(0, 0); }
  drawNavigation();
  listen();
  await refresh(true, isNew);
  if (isNew) main.focus({ preventScroll: true });
}

let isRefreshing = false, isWanted = false;
async function refresh(all, isNew) {
  if (isRefreshing) { isWanted = true; return; }
  isRefreshing = true;
  const shown = route;
  try {
    await pages[route.page](route, isNew ? prepare() : main);
    main.querySelector("[data-error]")?.remove();
  } catch (error) {
    if (shown === route) {
      main.querySelector("[data-error]")?.remove();
      if (isNew) main.replaceChildren();
      main.prepend(el("p", { class: "notice", "data-error": true, role: "alert" }, error.message));
    }
  }
  isRefreshing = false;
  if (isWanted || shown !== route) { isWanted = false; refresh(true, shown !== route); }
}
function prepare() { main.replaceChildren(); return main; }

function drawNavigation() {
  const at = `/sweeps/${route.index}`;
  const entries = route.page === "home" ? [] : [
    ["sweep", at, "Sweep"], ["trials", `${at}/trials`, "Trials"], ["table1", `${at}/table1`, "Table I"],
    ["hosts", `${at}/hosts`, "Hosts"], ["log", `${at}/log`, "Log"],
  ];
  const current = route.page === "trial" ? "trials" : route.page;
  nav.replaceChildren(...entries.map(([page, path, text]) =>
    link(path, text, { "aria-current": page === current ? "page" : null })));
}

// One connection tells that something has changed; what, the page asks for, at most every 2 s.
// A browser has six connections for all of a dashboard's tabs, so only visible ones keep theirs.
function listen() {
  const wanted = route.page === "home" || document.hidden ? null : route.index;
  if (wanted === sourceOf) return;
  source?.close();
  source = null;
  sourceOf = wanted;
  changeSeen = 0;
  if (wanted === null) { live.textContent = ""; return; }
  source = new EventSource(`/api/sweeps/${wanted}/events`);
  source.onmessage = event => {
    const revision = JSON.parse(event.data).revision;
    const first = changeSeen === 0;
    changeSeen = revision || 1;
    if (first || timer) return;
    timer = setTimeout(() => { timer = null; if (!document.hidden) refresh(false); }, 2000);
  };
  source.onerror = () => {
    live.textContent = "not connected: what is shown is frozen";
    // The session has ended: the answer leads to the login.
    if (source?.readyState === EventSource.CLOSED) refresh(false);
  };
}
document.addEventListener("visibilitychange", () => { if (!route) return; listen(); if (!document.hidden) refresh(false); });
setInterval(() => { if (route && route.page === "home" && !document.hidden) refresh(false); }, 5000);

function tellState(summary) {
  const words = {
    running: "live", stopped: "frozen: no coordinator runs", ended: "ended",
    silent: "frozen: the coordinator does not answer",
  };
  const text = (summary.is_loaded ? "" : "reading the record … ")
    + words[summary.state] + `, record ${number(summary.sequence)}`;
  if (live.textContent !== text) live.textContent = text;
}

const at = () => `/sweeps/${route.index}`;
const api = () => `/api/sweeps/${route.index}`;
const scheme = () => dark.matches ? "dark" : "light";
function trialLink(trial, text) { return link(`${at()}/trial/${trial}`, text || trial); }

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

function countWords(counts) {
  return ["complete", "running", "waiting", "failed", "stopped"].filter(k => counts[k])
    .map(k => `${number(counts[k])} ${k}`).join(", ") || "no trials";
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
  next.onload = () => { if (holder.path === path) { holder.replaceChildren(next, ...(after ? after() : [])); } };
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
  refresh(false);
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

// --- Home ---

async function showHome(shown, holder) {
  const { sweeps } = await json("/api/sweeps");
  if (sweeps.length === 1 && !shown.query.has("all")) { go("/sweeps/0", true); return; }
  document.title = "Sweeps · BottleneckSweep";
  part(holder, "head", null, () => el("h1", {}, "Sweeps"));
  part(holder, "list", sweeps, () => table("Sweeps", ["Sweep", "Folder", "State", "Trials"],
    sweeps.map(s => [link(`/sweeps/${s.index}`, s.sweep || "(reading)"), s.folder,
      s.problem || (s.is_running ? "running" : "no coordinator"),
      el("div", {}, bar(s.counts, `Progress of ${s.sweep}: ${countWords(s.counts)}`), countWords(s.counts))])));
}

// --- Sweep ---

function lastLook(summary) {
  // One look lasts until the page was away for ten minutes.
  const key = `look:${summary.folder}:${summary.sweep}`;
  let memory = null;
  try { memory = JSON.parse(localStorage.getItem(key)); } catch { memory = null; }
  const now = Date.now();
  if (!memory || typeof memory !== "object" || !memory.now) memory = { now: null, before: null };
  if (memory.now && now - memory.now.time > 600000) memory.before = memory.now;
  memory.now = { time: now, counts: summary.counts, sequence: summary.sequence, front: summary.front };
  try { localStorage.setItem(key, JSON.stringify(memory)); } catch { /* private window */ }
  return memory.before;
}

async function showSweep(shown, holder) {
  const s = await json(api());
  if (shown !== route) return;
  tellState(s);
  document.title = `${s.sweep || "sweep"} · BottleneckSweep`;
  part(holder, "head", [s.sweep, s.question, s.folder], () => [
    el("h1", {}, s.sweep || "…"), el("p", {}, s.question), el("p", { class: "quiet mono" }, s.folder)]);
  part(holder, "obstacles", s.obstacles, () => s.obstacles.map(o => el("p", { class: "notice", role: "alert" }, o)));
  const before = lastLook(s);
  const difference = before && ["complete", "failed", "stopped"].map(k => [k, s.counts[k] - (before.counts?.[k] || 0)])
    .filter(d => d[1] > 0).map(d => `${number(d[1])} more ${d[0]}`);
  part(holder, "since", [before && before.time, difference], () => before && before.sequence !== s.sequence &&
    el("p", { class: "notice changed" }, "Since your last look, ", moment(new Date(before.time).toISOString()), ": ",
      difference.length ? difference.join(", ") : "nothing has ended", "; ",
      link(`${at()}/log?after=${before.sequence}`, "what happened")));
  part(holder, "progress", s.counts, () => [
    bar(s.counts, `Progress: ${countWords(s.counts)}`), el("p", {}, countWords(s.counts))]);
  const f = s.forecast;
  part(holder, "numbers", [s.core_hours, s.steps_per_second, f, s.front, s.workers.length], () => figures([
    ["Ends in", f ? `${duration(f.earliest_seconds)} – ${duration(f.latest_seconds)}` : null],
    ["Steps/s now", s.state === "running" ? number(s.steps_per_second, 3) : null],
    ["Workers", s.state === "running" ? number(s.workers.length) : null],
    ["Core-hours spent", number(s.core_hours, 3)],
    ["Points on the front", `${number(s.front.on_front)} of ${number(s.front.with_result)}`],
  ]));
  const front = part(holder, "front", null, () => [
    el("h2", {}, "Front of tolerance against open gates"),
    el("figure", {}, el("div", { class: "drawing" }), el("figcaption", {}))]);
  const caption = `${s.state === "running" ? "Live" : "Frozen"}: ${number(s.front.on_front)} grid points on the front of `
    + `${number(s.front.with_result)} with a result, after ${number(s.core_hours, 3)} core-hours`;
  front.querySelector("figcaption").textContent = caption;
  // A long drawing is fetched seldom.
  const figure = front.querySelector(".drawing");
  const isDue = !figure.fetched || Date.now() - figure.fetched > 10000 || figure.scheme !== scheme() || s.state !== "running";
  if (s.front.revision >= 0 && isDue) {
    figure.fetched = Date.now(); figure.scheme = scheme();
    picture(figure, `${api()}/front.svg?scheme=${scheme()}&revision=${s.front.revision}`,
      `Front of tolerance against open gates: ${caption}`);
  }
  part(holder, "failures", s.failures, () => s.failures.length ? [
    el("h2", {}, "Failures by cause"),
    table("Failures by cause", [{ text: "Trials", n: true }, "Cause", "What was said", "One of them"], s.failures.map(x => [
      number(x.trials), x.cause, x.message, trialLink(x.example)])),
    s.allows_control ? el("div", { class: "actions" }, action("Retry all that failed", () => ({ command: "retry", failed: true }))) : null,
  ] : []);
  part(holder, "running", s.running.map(r => [r.trial, r.step, r.mse, r.gates_open, r.steps_per_second]), () => s.running.length ? [
    el("h2", {}, "Running"), runningTable(s.running)] : []);
  part(holder, "stages", s.stages, () => s.stages.length > 1 || s.stages.some(x => x.paused) ? [el("h2", {}, "Stages"),
    table("Stages", ["Stage", "Progress", "Trials"], s.stages.map(x => [
      link(`${at()}/trials?stage=${encodeURIComponent(x.name)}`, x.name),
      bar(x.counts, `Progress of ${x.name}: ${countWords(x.counts)}`),
      el("div", {}, countWords(x.counts), x.paused ? el("p", { class: "bad" }, `paused: ${x.paused}`) : null,
        x.paused && s.allows_control ? el("div", { class: "actions" }, action(`Resume stage ${x.name}`, () => ({ command: "resume-stage", stage: x.name }))) : null)]))] : []);
  part(holder, "facts", s.facts.map(x => x.sequence), () => s.facts.length ? [
    el("h2", {}, "Last facts"), factList(s.facts), el("p", {}, link(`${at()}/log`, "All of the log"))] : []);
}

function runningTable(running) {
  return table("Running trials", ["Trial", "Worker", "Host", { text: "Step", n: true }, { text: "of", n: true }, { text: "MSE", n: true },
    { text: "Gates", n: true }, { text: "Steps/s", n: true }, { text: "Ends in", n: true }], running.map(r => [
    trialLink(r.trial, r.name || r.trial), r.worker, r.host, number(r.step), number(r.total_steps), number(r.mse),
    number(r.gates_open), number(r.steps_per_second, 3), duration(r.remaining_seconds)]));
}

// --- Trials ---

const columns = [
  ["plan", "Trial"], ["status", "Status"], ["tolerance", "τ", true], ["latents", "n", true], ["gates", "Gates", true],
  ["mse", "MSE", true], ["evaluation", "Evaluation", true], ["step", "Step", true], ["attempts", "Attempts", true], ["changed", "Changed", true],
];

function trialsPath(change) {
  const query = new URLSearchParams(route.query);
  for (const [key, value] of Object.entries(change)) { if (value) query.set(key, value); else query.delete(key); }
  const text = query.toString();
  return `${at()}/trials${text ? "?" + text : ""}`;
}

async function showTrials(shown, holder) {
  const query = shown.query;
  const wanted = new URLSearchParams();
  for (const key of ["filter", "status", "stage", "sort", "descending", "after"]) if (query.get(key)) wanted.set(key, query.get(key));
  const [s, found] = await Promise.all([json(api()), json(`${api()}/trials?${String(wanted).replaceAll("+", "%20")}`)]);
  if (shown !== route) return;
  tellState(s);
  document.title = `Trials · ${s.sweep}`;
  part(holder, "head", null, () => el("h1", {}, "Trials"));
  part(holder, "form", [s.stages.map(x => x.name), query.get("stage"), query.get("status")], () => {
    const change = name => event => go(trialsPath({ [name]: event.target.value, after: null }), true);
    let wait = null;
    const filter = el("input", { type: "search", name: "filter", value: query.get("filter") || "", maxlength: 200, placeholder: "name, worker, cause" });
    filter.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(() => go(trialsPath({ filter: filter.value, after: null }), true), 300); });
    const select = (name, label, options) => el("label", {}, label, el("select", { name, onchange: change(name) },
      el("option", { value: "" }, "all"), options.map(o => el("option", { value: o, selected: query.get(name) === o }, o))));
    return el("form", { class: "filters", role: "search", onsubmit: e => e.preventDefault() }, el("label", {}, "Filter", filter),
      select("status", "Status", ["waiting", "running", "complete", "failed", "stopped"]),
      s.stages.length > 1 ? select("stage", "Stage", s.stages.map(x => x.name)) : null);
  });
  part(holder, "count", [found.matching, found.total], () => el("p", { role: "status" }, found.matching === found.total
    ? `${number(found.total)} trials` : `${number(found.matching)} of ${number(found.total)} trials`));
  const sort = query.get("sort") || "plan", isDescending = query.get("descending") === "true";
  part(holder, "table", [found.rows, sort, isDescending], () => {
    const heads = columns.map(([key, text, n]) => el("th", {
      scope: "col", class: n ? "n" : null, "aria-sort": sort === key ? (isDescending ? "descending" : "ascending") : null,
    }, el("button", { type: "button", onclick: () => go(trialsPath({
      sort: key, descending: sort === key && !isDescending ? "true" : null, after: null }), true) },
    text, sort === key ? (isDescending ? " ↓" : " ↑") : "")));
    return found.rows.length ? table("Trials", heads, found.rows.map(r => [
      el("div", {}, trialLink(r.trial, r.name), r.cause ? el("div", { class: "bad" }, `${r.cause}: ${r.message || ""}`) : null),
      status(r.status), number(r.tolerance), number(r.latents), number(r.gates_open), number(r.mse), number(r.evaluation_mse),
      number(r.step), number(r.attempts), number(r.changed)])) : el("p", { class: "quiet" }, "No trial matches.");
  });
  part(holder, "paging", [found.next, query.toString()], () => el("p", { class: "actions" },
    query.get("after") ? link(trialsPath({ after: null }), "First page") : null,
    found.next ? link(trialsPath({ after: found.next }), "Next page") : null));
}

// --- Trial ---

async function showTrial(shown, holder) {
  const path = `${api()}/trials/${encodeURIComponent(shown.name || "")}`;
  const [s, t] = await Promise.all([json(api()), json(path)]);
  if (shown !== route) return;
  tellState(s);
  const row = t.row;
  document.title = `${row.name} · ${s.sweep}`;
  part(holder, "head", [row.name, row.trial, row.status, row.stage], () => [el("h1", {}, row.name),
    el("p", { class: "quiet" }, el("span", { class: "mono" }, row.trial), ` · stage ${row.stage} · `, status(row.status))]);
  part(holder, "failure", [row.cause, row.message], () => row.message ? el("p", { class: "notice" }, `${row.cause}: ${row.message}`) : []);
  const r = t.running[0];
  part(holder, "numbers", [row, r && r.step], () => figures([
    ["τ", number(row.tolerance)], ["n", number(row.latents)], ["Gates open", number(r ? r.gates_open : row.gates_open)],
    ["MSE", number(r ? r.mse : row.mse)], ["Evaluation MSE", number(row.evaluation_mse)],
    ["Step", r ? `${number(r.step)} of ${number(r.total_steps)}` : number(row.step)],
    ["Ends in", r ? duration(r.remaining_seconds) : null]]));
  if (s.allows_control) part(holder, "actions", row.status, () => el("div", { class: "actions" },
    ["waiting", "running"].includes(row.status) ? action("Cancel this trial", () => ({ command: "cancel", trials: [row.trial] })) : null,
    ["failed", "stopped"].includes(row.status) ? action("Retry this trial", () => ({ command: "retry", trials: [row.trial] })) : null));
  const ghost = shown.query.get("ghost") || "";
  const isLive = s.state === "running" && row.status === "running";
  const traces = part(holder, "traces", null, () => [el("h2", {}, "Traces"),
    el("figure", {}, el("div", { class: "drawing" }), el("figcaption", {})), el("div", { class: "controls" }),
    el("div", { "data-gates": true })]);
  traces.querySelector("figcaption").textContent = isLive ? "Live: grows as the worker reports" : "Frozen: all that is recorded";
  const controls = traces.querySelector(".controls");
  part(controls, "ghost", [t.neighbours, ghost], () => t.neighbours.length ? el("label", {}, "Lay another run beneath, in grey",
    el("select", { onchange: e => go(`${at()}/trial/${row.trial}${e.target.value ? "?ghost=" + e.target.value : ""}`, true) },
      el("option", { value: "" }, "none"), t.neighbours.map(n => el("option", { value: n.trial, selected: n.trial === ghost }, n.name)))) : null);
  await drawTraces(traces, path, ghost, row, s);
  if (shown !== route) return;
  part(holder, "images", [t.has_images], () => t.has_images ? [el("h2", {}, "Reconstructions"), el("figure", {},
    el("img", { class: "pixels", src: `${path}/images.png`, alt: `Evaluation images of ${row.name} above their reconstructions at the end` }),
    el("figcaption", {}, "Evaluation images, and below them what comes through the bottleneck at the end of the training"))] : []);
  part(holder, "milestones", t.milestones, () => [el("h2", {}, "Milestones"), table("Milestones",
    ["Budget", { text: "Step", n: true }, { text: "Gates", n: true }, { text: "MSE", n: true }, { text: "Evaluation", n: true }],
    t.milestones.map(m => [m.budget, number(m.step), number(m.gates_open), number(m.mse), number(m.evaluation_mse)]))]);
  part(holder, "attempts", t.attempts, () => [el("h2", {}, "Attempts"), t.attempts.length ? t.attempts.map(a => el("section", {},
    el("p", { class: a.outcome === "complete" ? "good" : a.outcome === "running" ? null : "bad" },
      `Attempt ${a.attempt} by ${a.worker}${a.host ? " on " + a.host : ""}: ${a.words}; `, moment(a.begun),
      a.ended ? [" to ", moment(a.ended)] : null),
    a.log ? el("details", { open: a.outcome !== "complete" && a.outcome !== "running" }, el("summary", {}, "End of its log"), el("pre", {}, a.log)) : null))
    : el("p", { class: "quiet" }, "It was never begun.")]);
  part(holder, "settings", t.settings, () => {
    const differing = t.settings.filter(x => x.varies);
    const list = settings => el("table", {}, el("tbody", {}, settings.map(x => el("tr", {}, el("th", { scope: "row" }, x.key), el("td", { class: "mono" }, x.value)))));
    return [el("h2", {}, "Configuration"), differing.length ? [el("p", { class: "quiet" }, "What differs in its stage"), list(differing)] : null,
      el("details", {}, el("summary", {}, "All of it"), list(t.settings))].flat();
  });
  part(holder, "parents", t.parents, () => t.parents.length ? [el("h2", {}, "Takes numbers from"),
    el("ul", { class: "plain" }, t.parents.map(p => el("li", {}, trialLink(p.trial, p.name))))] : []);
  part(holder, "again", [t.command, t.provenance], () => [el("h2", {}, "Compute it again"),
    el("p", {}, el("a", { href: `${path}/configuration.json`, download: `${row.trial}.json` }, `${row.trial}.json`), " is its configuration; then:"),
    el("pre", {}, t.command),
    t.provenance.length ? el("details", {}, el("summary", {}, "Where its result was computed"), el("table", {}, el("tbody", {},
      t.provenance.map(x => el("tr", {}, el("th", { scope: "row" }, x.key), el("td", { class: "mono" }, x.value)))))) : null]);
}

async function drawTraces(holder, path, ghost, row, summary) {
  const drawing = holder.querySelector(".drawing");
  const gates = holder.querySelector("[data-gates]");
  const controls = holder.querySelector(".controls");
  const suffix = ghost ? `&ghost=${encodeURIComponent(ghost)}` : "";
  let samples = null, problem = null;
  try {
    const response = await get(`${path}/samples?${suffix}`);
    if (response.status === 200) samples = await response.json();
  } catch (error) { problem = error.message; }
  if (!samples || !samples.steps.length) {
    drawing.path = null;
    drawing.replaceChildren(el("p", { class: "quiet" }, problem || "No trace is recorded yet.")); gates.replaceChildren(); return;
  }
  const last = samples.steps[samples.steps.length - 1] || 0;
  const closed = samples.gates.filter(g => g.closed_at_step !== null && g.closed_at_step !== undefined).length;
  const label = `Traces of ${row.name}: error, tolerance hits, multiplier, open gates and each gate's probability up to step ${last}; `
    + `${samples.gates.length - closed} of ${samples.gates.length} gates open`;
  picture(drawing, `${path}/figure1.svg?scheme=${scheme()}${suffix}&at=${last}`, label, () => [drawing.cursor].filter(Boolean));
  const slider = part(controls, "cursor", null, () => el("label", {}, el("span", {}),
    el("input", { type: "range", min: 0, step: 1, "aria-label": "Step to read the traces at" }))).querySelector("input");
  const isAtEnd = Number(slider.value) === Number(slider.max) || !slider.dataset.isSet;
  slider.max = Math.max(0, samples.steps.length - 1);
  if (isAtEnd) slider.value = slider.max;
  slider.dataset.isSet = "yes";
  const line = el("line", { y1: 0, y2: 1 });
  drawing.cursor = el("svg", { class: "cursor", viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" }, line);
  if (drawing.querySelector("img")) { drawing.querySelector("svg")?.remove(); drawing.append(drawing.cursor); }
  const move = () => {
    const i = Number(slider.value), p = samples.panels;
    const x = p.left + (p.right - p.left) * (samples.steps[i] - p.first_step) / (p.last_step - p.first_step || 1);
    line.setAttribute("x1", x); line.setAttribute("x2", x);
    const text = `Step ${number(samples.steps[i])}: MSE ${number(samples.mse[i])}, λ′ ${number(samples.multiplier[i])}, `
      + `${number(samples.gates_open[i])} gates open (expected ${number(samples.expected_open[i], 3)})`;
    slider.previousSibling.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    for (const tr of gates.querySelectorAll("tr[data-closed]")) {
      tr.classList.toggle("quiet", tr.dataset.closed !== "" && Number(tr.dataset.closed) <= samples.steps[i]);
    }
  };
  slider.oninput = move;
  part(gates, "table", samples.gates.map(g => [g.gate, g.closed_at_step, number(g.open_probability, 3)]), () => samples.gates.length ? [
    el("h2", {}, "Gates"), el("p", {}, `${samples.gates.length - closed} open, ${closed} closed; grey at the cursor's step: closed`),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Gates" }, el("table", {},
      el("thead", {}, el("tr", {}, ["Gate", "σ(kγ) now", "Closed at step", "MSE there"].map(x => el("th", { scope: "col", class: "n" }, x)))),
      el("tbody", {}, samples.gates.map(g => el("tr", { "data-closed": g.closed_at_step ?? "" },
        el("td", { class: "n" }, number(g.gate)), el("td", { class: "n" }, number(g.open_probability, 3)),
        el("td", { class: "n" }, g.closed_at_step !== null && g.closed_at_step !== undefined ? number(g.closed_at_step) : "open"),
        el("td", { class: "n" }, number(g.closed_at_mse)))))))] : []);
  move();
}

// --- Table I ---

async function showTable1(shown, holder) {
  const [s, found] = await Promise.all([json(api()), json(`${api()}/table1`)]);
  if (shown !== route) return;
  tellState(s);
  document.title = `Table I · ${s.sweep}`;
  const spread = (x, digits) => !x ? "" : x.minimum === x.maximum || x.minimum === undefined ? number(x.median, digits)
    : `${number(x.median, digits)} (${number(x.minimum, digits)} – ${number(x.maximum, digits)})`;
  part(holder, "head", null, () => [el("h1", {}, "Table I"), el("p", { class: "quiet" },
    "What stays open of twice as many dimensions when a baseline's error is the tolerance, beside the paper's numbers")]);
  part(holder, "rows", found.rows, () => found.rows.length ? table("Table I beside the paper's",
    ["Data set", "Series", { text: "n", n: true }, { text: "Provisioned", n: true }, "Budget", { text: "MSE = τ", n: true }, { text: "paper", n: true },
      { text: "‖ν‖₀", n: true }, { text: "paper", n: true }, "Tolerance"],
    found.rows.map(r => [r.dataset, r.series, number(r.latents), number(r.provisioned), budget(r.budget), spread(r.baseline_mse),
      number(r.published_baseline_mse), spread(r.gates_open, 3), number(r.published_gates_open),
      r.tolerance_met === undefined ? "" : r.tolerance_met ? "kept" : el("span", { class: "bad" }, "not kept")]))
    : el("p", {}, found.note || "This sweep has no run whose tolerance a baseline measures, so Table I has no rows."));
}
function budget(value) {
  return typeof value === "string" ? value : Object.entries(value || {}).map(([k, v]) => `${number(v)} ${k}`).join(" ");
}

// --- Hosts ---

async function showHosts(shown, holder) {
  const s = await json(api());
  if (shown !== route) return;
  tellState(s);
  document.title = `Hosts · ${s.sweep}`;
  part(holder, "head", null, () => el("h1", {}, "Hosts"));
  part(holder, "note", s.state, () => s.state === "running" ? [] : el("p", {}, "No coordinator answers, so no host is connected."));
  part(holder, "hosts", s.hosts, () => s.hosts.length ? table("Hosts", ["Host", { text: "Workers", n: true }, { text: "Slots", n: true },
    { text: "Busy", n: true }, { text: "Steps/s", n: true }, "State"].concat(s.allows_control ? ["Change"] : []), s.hosts.map(h => [h.host, number(h.workers),
    number(h.slots), number(h.running), number(h.steps_per_second, 3), h.drained ? el("span", { class: "bad" }, `drained: ${h.drained}`) : "takes trials"]
    .concat(s.allows_control ? [el("div", { class: "actions" }, h.drained ? action(`Undrain ${h.host}`, () => ({ command: "undrain", host: h.host }))
      : action(`Drain ${h.host}`, () => ({ command: "drain", host: h.host })))] : []))) : []);
  part(holder, "workers", s.workers, () => s.workers.length ? [el("h2", {}, "Workers"), table("Workers",
    ["Worker", "Host", "State", { text: "Slots", n: true }, { text: "Busy", n: true }, { text: "Steps/s", n: true }, { text: "Relative speed", n: true }, "Obstacle"],
    s.workers.map(w => [w.worker, w.host, w.state === "connected" ? "connected" : el("span", { class: "bad" }, w.state), number(w.slots), number(w.running),
      number(w.steps_per_second, 3), number(w.relative_speed, 3), w.obstacle || ""]))] : []);
  part(holder, "running", s.running, () => s.running.length ? [el("h2", {}, "Running"), runningTable(s.running)] : []);
}

// --- Log ---

async function showLog(shown, holder) {
  const after = Number(shown.query.get("after")) || 0;
  const name = shown.query.get("log") || "";
  const [s, facts, logs] = await Promise.all([json(api()), json(`${api()}/facts?after=${after}`), json(`${api()}/logs`)]);
  const text = name ? await (await get(`${api()}/logs/${encodeURIComponent(name)}`)).text() : "";
  if (shown !== route) return;
  tellState(s);
  document.title = `Log · ${s.sweep}`;
  part(holder, "head", null, () => el("h1", {}, "Log"));
  part(holder, "choice", [logs.logs, name], () => logs.logs.length ? el("form", { class: "filters", onsubmit: e => e.preventDefault() },
    el("label", {}, "Log of a worker or an attempt", el("select", { onchange: e => go(`${at()}/log${e.target.value ? "?log=" + encodeURIComponent(e.target.value) : ""}`, true) },
      el("option", { value: "" }, "none"), logs.logs.map(l => el("option", { value: l, selected: l === name }, l))))) : []);
  part(holder, "text", text, () => name ? el("pre", { tabindex: 0, "aria-label": `End of ${name}` }, text || "(empty)") : []);
  part(holder, "facts", [facts.facts.map(f => f.sequence), after, facts.is_cut], () => [
    el("h2", {}, after ? `What happened since record ${number(after)}` : "What the record tells"),
    facts.is_cut ? el("p", { class: "quiet" }, "Older facts are in the record only.") : null,
    facts.facts.length ? factList([...facts.facts].reverse()) : el("p", { class: "quiet" }, "Nothing yet."),
  ].filter(Boolean));
}

show(true);
