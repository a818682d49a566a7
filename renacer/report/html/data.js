"use strict";
// The trace as typed arrays, and the words for its numbers. Times are nanoseconds since the first
// span's start. A span is a number: lane.first + its place in the lane.
const trace = JSON.parse(document.getElementById("data").textContent);
const FAILED = 1, ANOMALY = 2, FALLBACK = 4;

function decodeLane(raw, first) {
  const count = raw.start.length;
  const start = new Float64Array(count), end = new Float64Array(count), reach = new Float64Array(count);
  let now = 0, furthest = 0;
  for (let i = 0; i < count; i++) {
    now += raw.start[i];
    start[i] = now;
    end[i] = now + raw.duration[i];
    furthest = Math.max(furthest, end[i]);
    reach[i] = furthest; // never falls, so the first span that reaches a time is found by halving
  }
  return { process: raw.process, compute: raw.compute, thread: raw.thread, depth: raw.depth, first, count,
    start, end, reach, name: Uint32Array.from(raw.name), detail: Uint32Array.from(raw.detail),
    result: Uint32Array.from(raw.result), flags: Uint8Array.from(raw.flags) };
}

const lanes = [];
let spanCount = 0;
for (const raw of trace.lanes) {
  lanes.push(decodeLane(raw, spanCount));
  spanCount += raw.start.length;
}
const lowered = trace.texts.map((text) => text.toLowerCase());

function laneOf(span) {
  let low = 0, high = lanes.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lanes[middle].first <= span) low = middle; else high = middle - 1;
  }
  return lanes[low];
}

function placeReaching(lane, time) {
  let low = 0, high = lane.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lane.reach[middle] < time) low = middle + 1; else high = middle;
  }
  return low;
}

function duration(ns) {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(ns < 1e5 ? 2 : 1)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(2)} ms`;
  return `${(ns / 1e9).toFixed(3)} s`;
}
const grouped = (number) => number.toLocaleString("en-US");

// Which spans the search and the filters leave, as one byte each; null: nothing is filtered.
function matching(query, kind, leastNs) {
  if (!query && kind === "all" && !(leastNs > 0)) return null;
  const needle = query.toLowerCase();
  const hit = needle ? Uint8Array.from(lowered, (text) => (text.includes(needle) ? 1 : 0)) : null;
  const wanted = { failed: FAILED, anomaly: ANOMALY, fallback: FALLBACK }[kind] || 0;
  const found = new Uint8Array(spanCount);
  for (const lane of lanes) {
    if ((kind === "syscall" && lane.compute) || (kind === "compute" && !lane.compute)) continue;
    for (let i = 0; i < lane.count; i++) {
      if (wanted && !(lane.flags[i] & wanted)) continue;
      if (lane.end[i] - lane.start[i] < leastNs) continue;
      if (hit && !(hit[lane.name[i]] || hit[lane.detail[i]] || hit[lane.result[i]])) continue;
      found[lane.first + i] = 1;
    }
  }
  return found;
}

// Spans that match, in order of time.
function inOrder(found) {
  const list = [];
  for (const lane of lanes)
    for (let i = 0; i < lane.count; i++)
      if (!found || found[lane.first + i]) list.push(lane.first + i);
  const starts = new Float64Array(spanCount);
  for (const lane of lanes) starts.set(lane.start, lane.first);
  return Uint32Array.from(list).sort((a, b) => starts[a] - starts[b] || a - b);
}

function describe(span) {
  const lane = laneOf(span), i = span - lane.first;
  const owner = trace.processes[lane.process];
  const rows = [["what", trace.texts[lane.name[i]]], [lane.compute ? "kernel" : "arguments", trace.texts[lane.detail[i]]],
    [lane.compute ? "backend" : "result", trace.texts[lane.result[i]]],
    ["took", duration(lane.end[i] - lane.start[i])], ["began", `${duration(lane.start[i])} after the start`],
    ["where", `${owner ? `${owner[0]} (pid ${owner[1]}), ` : ""}thread ${lane.thread}`]];
  const marks = [];
  if (lane.flags[i] & FAILED) marks.push("failed");
  if (lane.flags[i] & ANOMALY) marks.push("anomaly");
  if (lane.flags[i] & FALLBACK) marks.push("not the best instruction set of this machine's architecture");
  if (marks.length) rows.push(["note", marks.join(", ")]);
  return rows.filter((row) => row[1] !== "");
}
