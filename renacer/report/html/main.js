// What the page says first, its controls, and the tables below the timeline.
const by = (id) => document.getElementById(id);

function sayFacts() {
  by("title").textContent = trace.title;
  by("began").textContent = `${trace.began}${trace.service ? `, service ${trace.service}` : ""}`;
  const calls = trace.syscalls.reduce((sum, row) => sum + row[1], 0) + trace.unfinished;
  const failed = trace.syscalls.reduce((sum, row) => sum + row[2], 0);
  const facts = [["wall-clock time", duration(trace.length)], ["processes", grouped(trace.processes.length)],
    ["syscalls", grouped(calls)], ["failed syscalls", grouped(failed)], ["spans", grouped(trace.spans)]];
  if (trace.anomalyCount) facts.push(["anomalies", grouped(trace.anomalyCount)]);
  for (const [term, value] of facts) {
    const pair = element("div");
    pair.append(element("dt", term), element("dd", value));
    by("facts").append(pair);
  }
  const notes = [];
  if (trace.shown < trace.spans)
    notes.push(`The timeline shows ${grouped(trace.shown)} of ${grouped(trace.spans)} spans: all processes, then those with anomalies, then the failed, then the longest. The tables count all of them.`);
  if (trace.anomalyCount > trace.anomalies.length)
    notes.push(`The table of anomalies has the ${grouped(trace.anomalies.length)} furthest of ${grouped(trace.anomalyCount)}.`);
  if (trace.unfinished) notes.push(`${grouped(trace.unfinished)} calls never returned; they stand on the timeline but not in the table of latencies.`);
  by("notes").append(...notes.map((note) => element("li", note)));
  by("foot").textContent = `Written by renacer ${trace.version}.`;
}

function sayLegend() {
  const used = new Set();
  for (const lane of lanes) for (let i = 0; i < lane.count; i++) if (lane.compute) used.add(backendColour(trace.texts[lane.result[i]]));
  const entries = [["call0", "syscalls (a colour per name)"], ["failed", "failed"], ["process", "processes"]];
  if (trace.anomalyCount) entries.push(["anomaly", "anomalies"]);
  for (const [name, colour] of BACKENDS) if (used.has(colour)) entries.push([colour, `compute on ${name === "AVX" ? "AVX2" : name === "SSE" ? "SSE2" : name}`]);
  if (used.has("group")) entries.push(["group", "groups of compute operations"]);
  by("legend").append(...entries.map(([colour, label]) => {
    const item = element("li", label), patch = element("i");
    patch.style.background = `var(--${colour})`;
    item.prepend(patch);
    return item;
  }));
}

let ordered = null; // spans that match, by time
let spanSection = null;

function sayChosen() {
  const list = element("dl");
  for (const [term, value] of describe(view.chosen)) list.append(element("dt", term), element("dd", value));
  by("chosen").replaceChildren(list);
}
function choose(span) {
  if (span < 0) return;
  view.chosen = span;
  sayChosen();
  reveal(span);
}
function step(way) {
  if (!ordered.length) return;
  const at = ordered.indexOf(view.chosen);
  choose(ordered[at < 0 ? (way > 0 ? 0 : ordered.length - 1) : (at + way + ordered.length) % ordered.length]);
}

function search(remember) {
  const query = by("query").value.trim(), kind = by("kind").value, least = Number(by("least").value) * 1e3;
  view.found = matching(query, kind, least);
  ordered = inOrder(view.found);
  by("matches").textContent = view.found ? `${grouped(ordered.length)} of ${grouped(spanCount)} match` : "";
  if (remember) history.replaceState(null, "", view.found ? `#${new URLSearchParams({ q: query, kind, us: least / 1e3 })}` : "#");
  const fresh = spanTable();
  if (spanSection) spanSection.replaceWith(fresh); else by("tables").append(fresh);
  spanSection = fresh;
  redraw();
}
function recall() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (wanted.has("q")) by("query").value = wanted.get("q");
  if ([...by("kind").options].some((option) => option.value === wanted.get("kind"))) by("kind").value = wanted.get("kind");
  if (Number(wanted.get("us")) > 0) by("least").value = wanted.get("us");
}
function find(name) {
  by("query").value = name;
  search(true);
  by("timeline-head").scrollIntoView();
}

function spanTable() {
  const of = (span) => { const lane = laneOf(span); return [lane, span - lane.first]; };
  const word = (column) => (span) => { const [lane, i] = of(span); return trace.texts[lane[column][i]]; };
  const name = (span) => {
    const button = element("button", word("name")(span), { type: "button" });
    button.addEventListener("click", () => choose(span));
    return button;
  };
  const columns = [time("Began", (span) => { const [lane, i] = of(span); return lane.start[i]; }),
    time("Took", (span) => { const [lane, i] = of(span); return lane.end[i] - lane.start[i]; }), text("Name", word("name"), name),
    text("Arguments or kernel", word("detail")), text("Result or backend", word("result")), number("Thread", (span) => of(span)[0].thread, (span) => of(span)[0].thread)];
  const made = table("Spans", "Those that the search and the filters above leave, in order of time.", columns, [...ordered]);
  made.id = "spans";
  return made;
}

function sayTables() {
  const out = by("tables");
  if (trace.syscalls.length) out.append(latencyTable("Syscalls", trace.syscalls, find));
  if (trace.errors.length) out.append(table("Errors", "", [text("Call", (row) => row[0]), text("Error", (row) => row[1]), text("Meaning", (row) => row[3]),
    number("Times", (row) => row[2]), text("First one's arguments", (row) => row[4]), time("First at", (row) => row[5])], trace.errors, 3, true));
  if (trace.anomalies.length) out.append(table("Anomalies", "Calls far from the mean of the calls of their name just before them.", [text("Call", (row) => row[0]),
    text("Severity", (row) => row[1]), number("z", (row) => row[2], (row) => row[2].toFixed(1)), time("Took", (row) => row[3]), time("Mean before", (row) => row[4]),
    time("Std dev before", (row) => row[5]), time("At", (row) => row[6])], trace.anomalies));
  if (trace.compute.length) out.append(table("Compute operations", "By the instruction set that ran, and why it was not the best one of this machine's architecture.",
    [text("Operation", (row) => row[0]), text("Ran on", (row) => row[1]), text("Kernel", (row) => row[2]), text("Why not the best", (row) => row[3]),
      number("Times", (row) => row[4]), number("Elements", (row) => row[5])], trace.compute, 4, true));
  if (trace.computeTimes.length) out.append(latencyTable("Compute latencies", trace.computeTimes, (name) => find(name.replace(/ [^ ]*$/, ""))));
  if (trace.processes.length) out.append(table("Processes", "", [text("Process", (row) => row[0], (row) => `${"\u2003".repeat(Math.min(row[2], 12))}${row[0]}`),
    number("Pid", (row) => row[1], (row) => row[1]), text("Ended with", (row) => row[5]), time("Began", (row) => row[3]), time("Ran for", (row) => row[4]),
    number("Syscalls", (row) => row[6]), text("Executable", (row) => row[7])], trace.processes));
}

function listen() {
  by("controls").addEventListener("submit", (event) => event.preventDefault());
  let waiting = 0;
  for (const id of ["query", "kind", "least"])
    by(id).addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => search(true), 150); });
  const buttons = { previous: () => step(-1), next: () => step(1), closer: () => zoom(0.5), wider: () => zoom(2), whole: () => show(0, trace.length) };
  for (const [id, act] of Object.entries(buttons)) by(id).addEventListener("click", act);
  canvas.addEventListener("keydown", (event) => {
    const keys = { ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), "+": buttons.closer, "=": buttons.closer, "-": buttons.wider,
      Home: buttons.whole, n: buttons.next, p: buttons.previous };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  canvas.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) zoom(Math.exp(event.deltaY / 300), timeAt(event.clientX));
    else if (event.shiftKey || event.deltaX) pan((event.deltaX || event.deltaY) / canvas.clientWidth);
    else return;
    event.preventDefault();
  }, { passive: false });
  let grip = null;
  canvas.addEventListener("pointerdown", (event) => { grip = { x: event.clientX, moved: false }; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => {
    if (!grip) {
      const span = spanAt(event.clientX, event.clientY);
      canvas.title = span < 0 ? "" : describe(span).slice(0, 4).map((row) => row[1]).join("\n");
      return;
    }
    const by = event.clientX - grip.x;
    if (Math.abs(by) < 3 && !grip.moved) return;
    grip = { x: event.clientX, moved: true };
    pan(-by / (canvas.clientWidth - LABEL));
  });
  canvas.addEventListener("pointerup", (event) => {
    if (grip && !grip.moved) choose(spanAt(event.clientX, event.clientY));
    grip = null;
  });
  scroller.addEventListener("scroll", redraw);
  window.addEventListener("resize", redraw);
  window.addEventListener("hashchange", () => { recall(); search(false); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
}

readColours();
sayFacts();
sayLegend();
sayTables();
recall();
search(false);
listen();
draw();
document.documentElement.dataset.ready = "yes";
