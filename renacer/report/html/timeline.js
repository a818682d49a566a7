// The waterfall on one canvas: lanes of processes, their threads, and compute operations.
const ROW = 18, AXIS = 24, LABEL = 210;
const canvas = document.getElementById("canvas"), pen = canvas.getContext("2d");
const space = canvas.parentElement, scroller = space.parentElement;

// What is drawn from top to bottom: a process's own bar, then its threads' lanes; compute last.
const rows = [];
const lanesOf = new Map();
for (const lane of lanes) {
  if (!lanesOf.has(lane.process)) lanesOf.set(lane.process, []);
  lanesOf.get(lane.process).push(lane);
}
const indent = (depth) => "  ".repeat(Math.min(depth, 12));
trace.processes.forEach((process, index) => {
  rows.push({ process, label: `${indent(process[2])}${process[0]} ${process[1]}` });
  for (const lane of lanesOf.get(index) || []) rows.push({ lane, label: `${indent(process[2] + 1)}thread ${lane.thread}` });
});
for (const lane of lanesOf.get(-1) || [])
  rows.push({ lane, label: lane.compute ? `compute ${"· ".repeat(lane.depth)}thread ${lane.thread}` : `thread ${lane.thread}, process unknown` });

const view = { from: 0, to: Math.max(1, trace.length), found: null, chosen: -1 };
let colours = {}, callColours = [], drawing = 0;

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["text", "quiet", "line", "panel", "hit", "process", "failed", "anomaly", "avx", "sse", "neon", "scalar", "unknown", "group", "label", "caption"])
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  callColours = [0, 1, 2, 3, 4].map((at) => style.getPropertyValue(`--call${at}`).trim());
}

const BACKENDS = [["AVX", "avx"], ["SSE", "sse"], ["NEON", "neon"], ["Scalar", "scalar"], ["Unknown", "unknown"]];
function backendColour(result) {
  const known = BACKENDS.find(([prefix]) => result.startsWith(prefix));
  return known ? known[1] : "group";
}

function colourOf(lane, i) {
  if (lane.flags[i] & FAILED) return colours.failed;
  if (lane.flags[i] & ANOMALY) return colours.anomaly;
  if (lane.compute) return colours[backendColour(trace.texts[lane.result[i]])];
  return callColours[lane.name[i] % callColours.length];
}

const x = (time, width) => LABEL + ((time - view.from) / (view.to - view.from)) * (width - LABEL);

function bar(left, right, top, colour, caption) {
  pen.fillStyle = colour;
  pen.fillRect(left, top + 2, Math.max(right - left, 1), ROW - 4);
  if (caption && right - left > 40) {
    pen.save();
    pen.beginPath();
    pen.rect(left, top, right - left - 3, ROW);
    pen.clip();
    pen.fillStyle = colours.caption;
    pen.fillText(caption, Math.max(left, LABEL) + 4, top + ROW / 2);
    pen.restore();
  }
}

// Bars that would fall into one pixel are drawn once; failures and anomalies win over the rest.
function drawLane(lane, top, width) {
  let lastPixel = -1, lastWeight = -1;
  for (let i = placeReaching(lane, view.from); i < lane.count && lane.start[i] <= view.to; i++) {
    const left = Math.max(x(lane.start[i], width), LABEL), right = Math.min(x(lane.end[i], width), width);
    if (right < LABEL) continue;
    const span = lane.first + i, dim = view.found && !view.found[span];
    const weight = (dim ? 0 : 4) + (lane.flags[i] & 3), pixel = Math.floor(left);
    if (right - left < 1 && pixel === lastPixel && weight <= lastWeight) continue;
    if (right - left < 1) { lastPixel = pixel; lastWeight = weight; }
    pen.globalAlpha = dim ? 0.18 : 1;
    bar(left, view.found && !dim ? Math.max(right, left + 2) : right, top, colourOf(lane, i), dim ? "" : trace.texts[lane.name[i]]);
    pen.globalAlpha = 1;
    if (span === view.chosen) {
      pen.strokeStyle = colours.text;
      pen.lineWidth = 2;
      pen.strokeRect(left - 1, top + 1, Math.max(right - left, 1) + 2, ROW - 2);
    }
  }
}

function drawAxis(width, height) {
  const span = view.to - view.from, rough = span / Math.max(2, (width - LABEL) / 130);
  const power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].find((n) => n * power >= rough) * power;
  pen.fillStyle = colours.panel;
  pen.fillRect(0, 0, width, AXIS - 4);
  pen.fillStyle = colours.quiet;
  pen.strokeStyle = colours.line;
  pen.lineWidth = 1;
  for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) {
    const at = Math.round(x(time, width)) + 0.5;
    pen.beginPath();
    pen.globalAlpha = 0.6;
    pen.moveTo(at, AXIS - 4);
    pen.lineTo(at, height);
    pen.stroke();
    pen.globalAlpha = 1;
    pen.fillText(duration(time), at + 3, AXIS / 2);
  }
}

function drawRow({ process, lane, label }, top, width) {
  if (process) bar(Math.max(x(process[3], width), LABEL), Math.min(x(process[3] + process[4], width), width), top, process[8] ? colours.failed : colours.process, `${process[0]}  ${duration(process[4])}`);
  else drawLane(lane, top, width);
  pen.fillStyle = colours.panel;
  pen.fillRect(0, top, LABEL - 4, ROW);
  pen.fillStyle = process ? colours.label : colours.quiet;
  pen.save();
  pen.beginPath();
  pen.rect(0, top, LABEL - 8, ROW);
  pen.clip();
  pen.fillText(label, 8, top + ROW / 2);
  pen.restore();
}

// The canvas is as tall as what is seen of the rows, and stays in place while they scroll.
function fit() {
  const ratio = window.devicePixelRatio || 1, whole = AXIS + rows.length * ROW + 4;
  const width = space.clientWidth, height = Math.min(whole, Math.round(window.innerHeight * 0.6));
  space.style.height = `${whole}px`;
  canvas.style.height = `${height}px`;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return [width, height];
}

function draw() {
  drawing = 0;
  const [width, height] = fit(), scrolled = scroller.scrollTop;
  pen.clearRect(0, 0, width, height);
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  const first = Math.floor(scrolled / ROW), last = Math.min(rows.length, first + Math.ceil(height / ROW) + 1);
  for (let at = first; at < last; at++) drawRow(rows[at], AXIS + at * ROW - scrolled, width);
  drawAxis(width, height);
}
function redraw() { if (!drawing) drawing = requestAnimationFrame(draw); }

function show(from, to) {
  const least = 10, length = Math.max(1, trace.length);
  const wide = Math.min(Math.max(to - from, least), length);
  view.from = Math.min(Math.max(0, from), length - wide);
  view.to = view.from + wide;
  redraw();
}
function zoom(factor, at) {
  const middle = at === undefined ? (view.from + view.to) / 2 : at;
  show(middle - (middle - view.from) * factor, middle + (view.to - middle) * factor);
}
const pan = (share) => show(view.from + (view.to - view.from) * share, view.to + (view.to - view.from) * share);

function timeAt(clientX) {
  const box = canvas.getBoundingClientRect();
  return view.from + ((clientX - box.left - LABEL) / (box.width - LABEL)) * (view.to - view.from);
}

// The span under a point; a bar is at least a pixel wide, so the nearest within two counts.
function spanAt(clientX, clientY) {
  const box = canvas.getBoundingClientRect(), down = clientY - box.top - AXIS;
  const row = rows[Math.floor((down + scroller.scrollTop) / ROW)];
  if (down < 0 || !row || !row.lane) return -1;
  const time = timeAt(clientX), slack = ((view.to - view.from) / (box.width - LABEL)) * 2;
  const { lane } = row;
  let best = -1, distance = Infinity;
  for (let i = placeReaching(lane, time - slack); i < lane.count && lane.start[i] <= time + slack; i++) {
    const away = Math.max(lane.start[i] - time, time - lane.end[i], 0);
    if (away <= distance && lane.end[i] >= time - slack) { best = lane.first + i; distance = away; }
  }
  return best;
}

function reveal(span) {
  const lane = laneOf(span), i = span - lane.first, wide = view.to - view.from;
  if (lane.start[i] < view.from || lane.end[i] > view.to) {
    const room = Math.max(wide, (lane.end[i] - lane.start[i]) * 1.5), middle = (lane.start[i] + lane.end[i]) / 2;
    show(middle - room / 2, middle + room / 2);
  }
  const top = rows.findIndex((row) => row.lane === lane) * ROW, seen = canvas.clientHeight - AXIS;
  if (top < scroller.scrollTop || top + ROW > scroller.scrollTop + seen) scroller.scrollTop = top - seen / 2;
  redraw();
}
