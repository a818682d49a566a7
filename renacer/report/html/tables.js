// Elements and tables. Everything from the trace goes in as text, never as markup.
function element(tag, text, attributes) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  return made;
}

// A column: head, value of a row (for sorting), and how to show it.
const text = (head, value, show) => ({ head, value, show: show || value, kind: "text" });
const number = (head, value, show) => ({ head, value, show: show || ((row) => grouped(value(row))), kind: "" });
const time = (head, value) => number(head, value, (row) => duration(value(row)));

function cell(column, row) {
  const shown = column.show(row);
  const made = element("td", shown instanceof Node ? null : String(shown), { class: column.kind });
  if (shown instanceof Node) made.append(shown);
  else if (column.kind === "text") made.title = String(shown);
  return made;
}

const ROWS = 100; // at a time

function table(title, note, columns, rows, sortBy, descending) {
  const section = element("section");
  section.append(element("h2", title));
  if (note) section.append(element("p", note, { class: "hint" }));
  const wide = element("div", null, { class: "wide", tabindex: "0", role: "region", "aria-label": title });
  const made = element("table"), head = element("tr"), body = element("tbody");
  const pager = element("div", null, { class: "pager" });
  let page = 0, sorted = rows.slice();
  function fill() {
    body.replaceChildren(...sorted.slice(page * ROWS, (page + 1) * ROWS).map((row) => {
      const line = element("tr");
      line.append(...columns.map((column) => cell(column, row)));
      return line;
    }));
    if (sorted.length <= ROWS) return;
    const step = (label, by) => {
      const button = element("button", label, { type: "button" });
      button.disabled = page + by < 0 || (page + by) * ROWS >= sorted.length;
      button.addEventListener("click", () => { page += by; fill(); });
      return button;
    };
    const last = Math.min((page + 1) * ROWS, sorted.length);
    pager.replaceChildren(step("‹ Earlier rows", -1), step("Later rows ›", 1),
      element("span", `${grouped(page * ROWS + 1)} to ${grouped(last)} of ${grouped(sorted.length)}`));
  }
  function sort(index, down) {
    const { value } = columns[index];
    sorted = rows.slice().sort((a, b) => {
      const x = value(a), y = value(b);
      const way = typeof x === "string" ? x.localeCompare(y) : x - y;
      return down ? -way : way;
    });
    [...head.children].forEach((th, at) =>
      th.setAttribute("aria-sort", at === index ? (down ? "descending" : "ascending") : "none"));
    page = 0;
    fill();
  }
  columns.forEach((column, index) => {
    const th = element("th", null, { scope: "col", class: column.kind, "aria-sort": "none" });
    const button = element("button", column.head, { type: "button" });
    button.addEventListener("click", () =>
      sort(index, th.getAttribute("aria-sort") === "none" ? column.kind !== "text" : th.getAttribute("aria-sort") === "ascending"));
    th.append(button);
    head.append(th);
  });
  const top = element("thead");
  top.append(head);
  made.append(top, body);
  wide.append(made);
  section.append(wide, pager);
  if (sortBy === undefined) fill(); else sort(sortBy, descending);
  return section;
}

// A histogram on the log scale that all rows share, from `low` to `high` bins.
function histogram(bins, low, high) {
  const svgNs = "http://www.w3.org/2000/svg", width = 160, height = 26;
  const svg = document.createElementNS(svgNs, "svg");
  const most = Math.max(...bins.map((bin) => bin[1])), step = width / (high - low + 1);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  svg.setAttribute("role", "img");
  const at = (bin) => duration(2 ** (bin / trace.binsPerOctave));
  const peak = bins.find((bin) => bin[1] === most)[0];
  svg.setAttribute("aria-label", `from ${at(bins[0][0])} to ${at(bins[bins.length - 1][0] + 1)}, most around ${at(peak)}`);
  for (const [bin, count] of bins) {
    const bar = document.createElementNS(svgNs, "rect"), tall = Math.max(1.5, (count / most) * height);
    bar.setAttribute("x", (bin - low) * step);
    bar.setAttribute("width", Math.max(1, step - 0.5));
    bar.setAttribute("y", height - tall);
    bar.setAttribute("height", tall);
    const title = document.createElementNS(svgNs, "title");
    title.textContent = `${at(bin)} to ${at(bin + 1)}: ${grouped(count)}`;
    bar.append(title);
    svg.append(bar);
  }
  return svg;
}

function latencyTable(title, rows, onName) {
  const all = rows.flatMap((row) => row[13]).map((bin) => bin[0]);
  const low = all.reduce((a, b) => Math.min(a, b), Infinity), high = all.reduce((a, b) => Math.max(a, b), -Infinity);
  const name = (row) => {
    const button = element("button", row[0], { type: "button", title: `Find ${row[0]} in the timeline` });
    button.addEventListener("click", () => onName(row[0]));
    return button;
  };
  const columns = [text("Name", (row) => row[0], name), number("Calls", (row) => row[1]),
    number("Errors", (row) => row[2]), time("Total", (row) => row[3]), time("Mean", (row) => row[4]),
    time("Std dev", (row) => row[5]), time("Min", (row) => row[6]), time("P50", (row) => row[7]), time("P90", (row) => row[9]),
    time("P99", (row) => row[11]), time("Max", (row) => row[12]),
    number("Latency, log scale",
      (row) => row[7], (row) => histogram(row[13], low, high))];
  const edge = (bin) => duration(2 ** (bin / trace.binsPerOctave));
  return table(title, `Every one is counted, also those the timeline leaves out. The histograms run from ${edge(low)} to ${edge(high + 1)}.`, columns, rows, 3, true);
}
