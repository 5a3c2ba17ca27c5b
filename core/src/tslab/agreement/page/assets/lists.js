// Lists of tasks and of what to review.

// A table that grows by pages.
function growing(box, header, rows, size, line) {
  const body = make("tbody");
  const head = make("thead", {}, make("tr", {}, ...header.map((name) => make("th", { scope: "col" }, name))));
  const more = make("button", { do: () => grow() });
  let shown = 0;
  const grow = () => {
    for (const row of rows.slice(shown, shown + size)) {
      body.append(make("tr", {}, ...line(row).map((cell) => make("td", {}, cell))));
    }
    shown = Math.min(rows.length, shown + size);
    more.textContent = `Show more (${rows.length - shown} left)`;
    more.hidden = shown >= rows.length;
  };
  grow();
  box.replaceChildren(make("table", {}, head, body), more);
}

const away = (href, words) => make("a", { href, target: "_blank", rel: "noopener noreferrer" }, words);

// Of several copies of a task, the first is called by name, the others by number.
function outward(address, words = "Label Studio") {
  const [first, ...others] = address ? address.split(" ") : [];
  const more = others.flatMap((href, n) => [" ", away(href, String(n + 2))]);
  return first ? make("span", {}, away(first, more.length ? `${words} 1` : words), ...more) : "";
}

function tasks(box, tier, viewer) {
  const counts = {};
  for (const [number, n] of DATA.review.rows) if (DATA.tiers[number] === tier) counts[n] = (counts[n] || 0) + 1;
  const order = tier.order.slice();
  const review = DATA.review.rows.length > 0;
  const links = order.some((n) => tier.tasks[n][3]);
  const header = [tier.unit, "agreement", "marks of people", ...(review ? ["to review"] : []), ...(links ? [""] : [])];
  growing(box, header, order, 8, (n) => {
    const [name, score, marks, address] = tier.tasks[n];
    const title = tier.marks[n] ? make("button", { class: "plain", do: () => viewer.reveal(n) }, name) : name;
    const cells = [title, score === null ? DASH : score.toFixed(2), number("count", marks)];
    if (review) cells.push(String(counts[n] || ""));
    return links ? [...cells, outward(address)] : cells;
  });
}

function review(box, viewers) {
  const rows = DATA.review.rows;
  if (!rows.length) {
    box.textContent = "Nothing.";
    return;
  }
  const chosen = new Set();
  const count = make("span", { class: "soft" });
  const tell = () => { count.textContent = chosen.size ? `${chosen.size} chosen` : `${rows.length} of ${DATA.review.all}`; };
  const list = make("div");
  const kinds = [...new Set(rows.map((row) => row[6]))].sort();
  const kind = make("select", { "aria-label": "kind" }, make("option", { value: "" }, "all kinds"), ...kinds.map((name) => make("option", { value: name }, name)));
  const visible = () => rows.filter((row) => !kind.value || row[6] === kind.value);
  const wanted = () => (chosen.size ? visible().filter((row) => chosen.has(row)) : visible());
  const show = () => growing(list, ["", DATA.tiers[rows[0][0]].unit, "from", "to", "what", "said", "cost (s \u00d7 bit)", ""], visible(), 10, (row) => reviewed(row, chosen, tell, viewers));
  kind.addEventListener("change", show);
  box.append(make("div", { class: "tools" }, kind, make("button", { do: () => save("review.csv", "text/csv", csv(wanted())) }, "Download CSV"), make("button", { do: () => save("review.json", "application/json", json(wanted())) }, "Download JSON"), count), list);
  if (DATA.review.note) box.prepend(make("p", { class: "soft" }, DATA.review.note));
  show();
  tell();
}

function reviewed(row, chosen, tell, viewers) {
  const [number, n, task, start, end, cost, kind, said, address] = row;
  const tick = make("input", { type: "checkbox", "aria-label": `choose ${task} at ${clock(start, 1)}` });
  tick.checked = chosen.has(row);
  tick.addEventListener("change", () => { (tick.checked ? chosen.add(row) : chosen.delete(row)); tell(); });
  const viewer = viewers[number];
  const there = viewer && DATA.tiers[number].marks[n];
  const name = there ? make("button", { class: "plain", do: () => viewer.reveal(n, row) }, task) : task;
  const whole = opinions(said);
  const words = make("div", { class: "said-by", title: whole }, whole);
  const tier = DATA.tiers.length > 1 ? `${DATA.tiers[number].name}: ` : "";
  const places = Number.isInteger(start) && Number.isInteger(end) ? 0 : 2;
  return [tick, name, clock(start, places), clock(end, places), tier + kind, words, digits(cost, 3), outward(address)];
}

// What was said, and by whom: those who said the same stand together.
function opinions(said) {
  const by = new Map();
  for (const [who, what] of Object.entries(said)) by.set(what, [...(by.get(what) || []), who]);
  return [...by].map(([what, who]) => `${what}: ${who.join(", ")}`).join("; ");
}

const records = (rows) => rows.map(([number, , task, start, end, cost, kind, said, url]) => ({ tier: DATA.tiers[number].name, task, start, end, kind, cost, said, ...(url ? { url } : {}) }));

const json = (rows) => `${JSON.stringify(records(rows), null, 1)}\n`;

// A spreadsheet would run a cell that begins like a formula.
function cell(value) {
  const words = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? "");
  return `"${words.replace(/"/g, '""')}"`;
}

function csv(rows) {
  const names = ["tier", "task", "start", "end", "kind", "cost", "said", "url"];
  const lines = records(rows).map((row) => names.map((name) => cell(name === "said" ? Object.entries(row.said).map((pair) => pair.join(": ")).join("; ") : row[name])).join(","));
  return `${[names.join(","), ...lines].join("\r\n")}\r\n`;
}
