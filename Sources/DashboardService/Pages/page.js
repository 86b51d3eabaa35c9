"use strict";
// One page that shows what its address names, out of the parts of parts.js.

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const live = document.getElementById("live");
const dark = matchMedia("(prefers-color-scheme: dark)");

// --- The address ---

let route = null;      // what is shown
let source = null;     // the connection that tells of changes
let sourceOf = null;   // of which sweep
let timer = null;
// The revision of the summary that is shown.
let shownRevision = -1;

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
dark.addEventListener("change", () => refresh());

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
  await refresh(isNew);
  if (isNew) main.focus({ preventScroll: true });
}

let isRefreshing = false, isWanted = false, isWantedNew = false;
async function refresh(isNew) {
  if (isRefreshing) { isWanted = true; isWantedNew ||= Boolean(isNew); return; }
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
  if (isWanted) { const next = isWantedNew; isWanted = isWantedNew = false; refresh(next); }
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

// One connection tells that something has changed; what, the page asks for.
// A browser has six connections for all pages of a dashboard, so only visible ones keep theirs, and at
// most three of them; the others ask now and then.
let letGo = null, polling = null;
function listen() {
  const wanted = route.page === "home" || document.hidden ? null : route.index;
  if (wanted === sourceOf) return;
  source?.close();
  letGo?.();
  clearInterval(polling);
  source = letGo = polling = null;
  sourceOf = wanted;
  if (wanted === null) live.textContent = "";
  else if (navigator.locks) holdPlace(0, wanted);
  else connect(wanted);
}
function holdPlace(place, wanted) {
  if (place === 3) { polling = setInterval(refreshSoon, 3000); return; }
  navigator.locks.request(`connection ${place}`, { ifAvailable: true }, lock => {
    if (sourceOf !== wanted || source || polling) return null;
    if (!lock) { holdPlace(place + 1, wanted); return null; }
    connect(wanted);
    return new Promise(resolve => { letGo = resolve; });
  });
}
// Every 2 s at most, and so seldom that a page takes no more than 15 kB/s.
function refreshSoon() {
  timer ??= setTimeout(() => { timer = null; received = 0; if (!document.hidden) refresh(); }, Math.max(2000, received / 15));
}
function connect(wanted) {
  source = new EventSource(`/api/sweeps/${wanted}/events`);
  source.onmessage = event => { if (JSON.parse(event.data).revision !== shownRevision) refreshSoon(); };
  source.onerror = () => {
    live.textContent = "not connected: what is shown is frozen";
    // The session has ended: the answer leads to the login.
    if (source?.readyState === EventSource.CLOSED) refresh();
  };
}
document.addEventListener("visibilitychange", () => { if (!route) return; listen(); if (!document.hidden) refresh(); });
setInterval(() => { if (route && route.page === "home" && !document.hidden) refresh(); }, 5000);

function tellState(summary) {
  shownRevision = summary.revision;
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

// --- Home ---

async function showHome(shown, holder) {
  const { sweeps } = await json("/api/sweeps");
  if (sweeps.length === 1 && !shown.query.has("all")) { go("/sweeps/0", true); return; }
  document.title = "Sweeps · BottleneckSweep";
  part(holder, "head", null, () => el("h1", {}, "Sweeps"));
  part(holder, "list", sweeps, () => table("Sweeps", ["Sweep", "Folder", "State", "Trials"],
    sweeps.map(s => [link(`/sweeps/${s.index}`, s.sweep || "(reading)"), s.folder,
      s.problem || (s.is_running ? "running" : s.counts.waiting + s.counts.running ? "no coordinator runs" : "ended"),
      el("div", {}, bar(s.counts, `Progress of ${s.sweep}: ${countWords(s.counts, s.is_running)}`), countWords(s.counts, s.is_running))])));
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
  const isLive = s.state === "running";
  part(holder, "progress", [s.counts, isLive], () => [
    bar(s.counts, `Progress: ${countWords(s.counts, isLive)}`), el("p", {}, countWords(s.counts, isLive))]);
  const f = s.forecast;
  part(holder, "numbers", [s.core_hours, s.steps_per_second, f, s.front, s.workers.length], () => figures([
    ["Ends in", f ? `${duration(f.earliest_seconds)} – ${duration(f.latest_seconds)}` : null],
    ["Steps/s now", isLive ? number(s.steps_per_second, 3) : null],
    ["Workers", isLive ? number(s.workers.length) : null],
    ["Core-hours spent", number(s.core_hours, 3)],
    ["Points on the front", s.front.with_result ? `${number(s.front.on_front)} of ${number(s.front.with_result)}` : null],
  ]));
  const hasFront = s.front.with_result > 0;
  const without = s.front.revision < 0 ? "The front is not drawn yet." : s.counts.complete ? "No trial that narrows has a result, so there is no front." : "No trial has a result yet.";
  const front = part(holder, "front", [hasFront, without], () => [el("h2", {}, "Front of tolerance against open gates"), hasFront
    ? el("figure", {}, el("div", { class: "drawing" }), el("figcaption", {})) : el("p", { class: "quiet" }, without)]);
  const growth = part(holder, "growth", hasFront, () => hasFront ? [el("h2", {}, "Front against core-hours"),
    el("figure", {}, el("div", { class: "drawing" }), el("figcaption", {},
      "When the points of the present front were found; where the line is level, more hours brought nothing to it"))] : []);
  const caption = `${isLive ? "Live" : "Frozen"}: ${count(s.front.on_front, "grid point")} on the front of `
    + `${number(s.front.with_result)} with a result, after ${number(s.core_hours, 3)} core-hours`;
  // A long drawing is fetched seldom.
  const figure = front.querySelector(".drawing");
  if (figure) front.querySelector("figcaption").textContent = caption;
  if (figure && (!figure.fetched || Date.now() - figure.fetched > 10000 || figure.scheme !== scheme() || !isLive)) {
    figure.fetched = Date.now(); figure.scheme = scheme();
    picture(figure, `${api()}/front.svg?scheme=${scheme()}&revision=${s.front.revision}`,
      `Front of tolerance against open gates: ${caption}`);
    picture(growth.querySelector(".drawing"), `${api()}/progress.svg?scheme=${scheme()}&revision=${s.front.revision}`,
      `Points of the front against core-hours: ${caption}`);
  }
  part(holder, "failures", s.failures, () => s.failures.length ? [
    el("h2", {}, "Failures by cause"),
    table("Failures by cause", [{ text: "Trials", n: true }, "Cause", "What was said", "One of them"], s.failures.map(x => [
      number(x.trials), x.cause, x.message, trialLink(x.example)])),
    s.allows_control ? el("div", { class: "actions" }, action("Retry all that failed", () => ({ command: "retry", failed: true }))) : null,
  ] : []);
  part(holder, "running", s.running.map(r => [r.trial, r.step, r.mse, r.gates_open, r.steps_per_second]), () => s.running.length ? [
    el("h2", {}, "Running"), runningTable(s.running)] : []);
  part(holder, "stages", [s.stages, isLive], () => s.stages.length > 1 || s.stages.some(x => x.paused) ? [el("h2", {}, "Stages"),
    table("Stages", ["Stage", "Progress", "Trials"], s.stages.map(x => [
      link(`${at()}/trials?stage=${encodeURIComponent(x.name)}`, x.name),
      bar(x.counts, `Progress of ${x.name}: ${countWords(x.counts, isLive)}`),
      el("div", {}, countWords(x.counts, isLive), x.paused ? el("p", { class: "bad" }, `paused: ${x.paused}`) : null,
        x.paused && s.allows_control ? el("div", { class: "actions" }, action(`Resume stage ${x.name}`, () => ({ command: "resume-stage", stage: x.name }))) : null)]))] : []);
  part(holder, "facts", s.facts.map(x => x.sequence), () => s.facts.length ? [
    el("h2", {}, "Last facts"), factList(s.facts), el("p", {}, link(`${at()}/log`, "All of the log"))] : []);
}

function runningTable(running) {
  return table("Running trials", ["Trial", "Worker", "Host", { text: "Step", n: true }, { text: "of", n: true }, { text: "MSE", n: true },
    { text: "Gates", n: true }, { text: "Threads", n: true }, { text: "Steps/s", n: true }, { text: "Ends in", n: true }], running.map(r => [
    trialLink(r.trial, r.name || r.trial), r.worker, r.host, number(r.step), number(r.total_steps), number(r.mse),
    number(r.gates_open), number(r.threads), number(r.steps_per_second, 3), duration(r.remaining_seconds)]));
}

// --- Trials ---

const columns = [
  ["plan", "Trial"], ["status", "Status"], ["tolerance", "τ", true], ["latents", "n", true], ["gates", "Gates", true],
  ["mse", "MSE", true], ["evaluation", "Evaluation", true], ["step", "Step", true], ["attempts", "Attempts", true], ["changed", "Last record", true],
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
    ? count(found.total, "trial") : `${number(found.matching)} of ${count(found.total, "trial")}`));
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
  traces.querySelector("figcaption").textContent = isLive ? "Live: grows as the worker reports"
    : row.status === "running" ? "Frozen: all that was recorded when the coordinator ended" : "Frozen: all that is recorded";
  const controls = traces.querySelector(".controls");
  part(controls, "ghost", [t.neighbours, ghost], () => t.neighbours.length ? el("label", {}, "Lay another run beneath, in grey",
    el("select", { onchange: e => go(`${at()}/trial/${row.trial}${e.target.value ? "?ghost=" + e.target.value : ""}`, true) },
      el("option", { value: "" }, "none"), t.neighbours.map(n => el("option", { value: n.trial, selected: n.trial === ghost }, n.name)))) : null);
  await drawTraces(traces, path, ghost, row, s);
  if (shown !== route) return;
  part(holder, "images", [t.has_images], () => t.has_images ? [el("h2", {}, "Reconstructions"), el("figure", {},
    el("img", { class: "pixels", src: `${path}/images.png`, alt: `Evaluation images of ${row.name} above their reconstructions at the end` }),
    el("figcaption", {}, "Evaluation images, and below them what comes through the bottleneck at the end of the training"))] : []);
  part(holder, "latents", [t.has_latents, scheme()], () => t.has_latents ? [el("h2", {}, "Latent dimensions"), el("figure", {},
    el("img", { src: `${path}/latents.svg?scheme=${scheme()}`, alt: `What each open latent dimension of ${row.name} shows, by falling KL` }),
    el("figcaption", {}, "Each row moves one open dimension; the others keep the values of one evaluation image"))] : []);
  part(holder, "milestones", t.milestones, () => [el("h2", {}, "Milestones"), table("Milestones",
    ["Budget", { text: "Step", n: true }, { text: "Gates", n: true }, { text: "MSE", n: true }, { text: "Evaluation", n: true }, "Tolerance"],
    t.milestones.map(m => [budget(m.budget), number(m.step), number(m.gates_open), number(m.mse), number(m.evaluation_mse), kept(m.tolerance_met)]))]);
  part(holder, "attempts", t.attempts, () => [el("h2", {}, "Attempts"), t.attempts.length ? t.attempts.map(a => el("section", {},
    el("p", { class: a.outcome === "complete" ? "good" : a.outcome === "running" ? null : "bad" },
      `Attempt ${a.attempt} by ${a.worker}${a.host ? " on " + a.host : ""}: ${a.words}; `, moment(a.begun),
      a.ended ? [" to ", moment(a.ended)] : null),
    a.log ? el("details", { open: a.outcome !== "complete" && a.outcome !== "running" }, el("summary", {}, "End of its log"), el("pre", {}, a.log)) : null))
    : el("p", { class: "quiet" }, "It was never begun.")]);
  part(holder, "settings", t.settings, () => {
    const differing = t.settings.filter(x => x.varies);
    const list = settings => el("table", { class: "facts" }, el("tbody", {}, settings.map(x => el("tr", {}, el("th", { scope: "row" }, x.key), el("td", { class: "mono" }, x.value)))));
    return [el("h2", {}, "Configuration"), differing.length ? [el("p", { class: "quiet" }, "What differs in its stage"), list(differing)] : null,
      el("details", {}, el("summary", {}, "All of it"), list(t.settings))].flat();
  });
  part(holder, "parents", t.parents, () => t.parents.length ? [el("h2", {}, "Takes numbers from"),
    el("ul", { class: "plain" }, t.parents.map(p => el("li", {}, trialLink(p.trial, p.name))))] : []);
  part(holder, "again", [t.command, t.reused_from, t.provenance], () => [el("h2", {}, "Compute it again"),
    el("p", {}, "With ", el("a", { href: `${path}/configuration.json`, download: `${row.trial}.json` }, "its configuration"),
      t.provenance.length ? ", and the recorded result compared to the last bit:" : `, saved as ${row.trial}.json:`),
    el("pre", {}, t.command),
    t.reused_from ? el("p", {}, "Its result was taken over from ", el("span", { class: "mono" }, t.reused_from)) : null,
    t.provenance.length ? el("details", {}, el("summary", {}, "Where its result was computed"), el("table", { class: "facts" }, el("tbody", {},
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
    if (response.status === 200) {
      const text = await response.text();
      received += text.length;
      samples = JSON.parse(text);
    }
  } catch (error) { problem = error.message; }
  if (!samples || !samples.steps.length) {
    drawing.path = null;
    drawing.replaceChildren(el("p", { class: "quiet" }, problem || "No trace is recorded.")); gates.replaceChildren(); return;
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
    el("div", { class: "scroll long", tabindex: 0, role: "region", "aria-label": "Gates" }, el("table", {},
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
  const hasSeries = found.rows.some(r => r.series);
  part(holder, "rows", found.rows, () => found.rows.length ? table("Table I beside the paper's",
    ["Data set", ...(hasSeries ? ["Series"] : []), { text: "n", n: true }, { text: "Provisioned", n: true }, "Budget", { text: "MSE = τ", n: true }, { text: "paper", n: true },
      { text: "‖ν‖₀", n: true }, { text: "paper", n: true }, "Tolerance"],
    found.rows.map(r => [r.dataset, ...(hasSeries ? [r.series] : []), number(r.latents), number(r.provisioned), budget(r.budget), spread(r.baseline_mse),
      number(r.published_baseline_mse), spread(r.gates_open, 3), number(r.published_gates_open),
      kept(r.tolerance_met)]))
    : el("p", {}, found.note || "This sweep has no run whose tolerance a baseline measures, so Table I has no rows."));
}
function kept(isMet) {
  return isMet === undefined || isMet === null ? "" : isMet ? "kept" : el("span", { class: "bad" }, "not kept");
}
function budget(value) {
  return typeof value === "string" ? value.replace(/(?<![.\d])\d{4,}/g, x => number(Number(x))) : Object.entries(value || {}).map(([k, v]) => `${number(v)} ${k}`).join(" ");
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
    { text: "Busy", n: true }, { text: "Threads", n: true }, { text: "Steps/s", n: true }, "State"].concat(s.allows_control ? ["Change"] : []), s.hosts.map(h => [h.host, number(h.workers),
    number(h.slots), number(h.running), number(h.threads), number(h.steps_per_second, 3), h.drained ? el("span", { class: "bad" }, `drained: ${h.drained}`) : "takes trials"]
    .concat(s.allows_control ? [el("div", { class: "actions" }, h.drained ? action(`Undrain ${h.host}`, () => ({ command: "undrain", host: h.host }))
      : action(`Drain ${h.host}`, () => ({ command: "drain", host: h.host })))] : []))) : []);
  part(holder, "workers", s.workers, () => s.workers.length ? [el("h2", {}, "Workers"), table("Workers",
    ["Worker", "Host", "State", { text: "Slots", n: true }, { text: "Busy", n: true }, { text: "Threads", n: true }, { text: "Steps/s", n: true }, { text: "Relative speed", n: true }, "Obstacle"],
    s.workers.map(w => [w.worker, w.host, w.state === "connected" ? "connected" : el("span", { class: "bad" }, w.state), number(w.slots), number(w.running), number(w.threads),
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
