// One task at a time: who marked what, above one another.

class Viewer {
  constructor(box, number) {
    this.box = box;
    this.tier = DATA.tiers[number];
    this.number = number;
    this.view = [0, STEPS];
    this.signal = false;
    this.stage = box.querySelector(".stage");
    this.readout = box.querySelector(".readout");
    this.pick = box.querySelector(".pick");
    this.shown = this.tier.order.filter((n) => this.tier.marks[n]);
    this.known = new Map();
    for (const n of this.shown) this.pick.append(make("option", { value: n }, this.tier.tasks[n][0]));
    this.pick.addEventListener("change", () => this.open(Number(this.pick.value)));
    for (const button of box.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.act(button.dataset.do));
    }
    if (!Object.keys(this.tier.signals).length) box.querySelector("[data-do=signal]").hidden = true;
    this.listen();
    this.hint();
    if (this.shown.length) this.open(this.shown[0]);
    else box.hidden = true;
  }

  hint() {
    const said = [];
    if (this.tier.left_out) said.push(`The ${this.shown.length} ${this.tier.unit}s with most to look at are drawn; there was no room for ${this.tier.left_out} more.`);
    if (this.tier.coarse) said.push(`${this.tier.coarse} readings have too many marks: they show what fills most of each of 4096 parts.`);
    said.push("Drag to move; Ctrl and the wheel, or + and \u2212, to zoom; n and p for the next and the previous dispute.");
    this.box.querySelector(".hint").textContent = said.join(" ");
  }

  listen() {
    new ResizeObserver(() => this.render()).observe(this.stage);
    this.stage.tabIndex = 0;
    this.stage.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 0.7 : 1 / 0.7, this.place(event));
    }, { passive: false });
    let from = null;
    this.stage.addEventListener("pointerdown", (event) => {
      from = [event.clientX, ...this.view];
      this.stage.setPointerCapture(event.pointerId);
    });
    this.stage.addEventListener("pointermove", (event) => {
      if (from) this.look(from[1] - ((event.clientX - from[0]) / this.wide) * (from[2] - from[1]), from[2] - from[1]);
      this.say(this.place(event));
    });
    for (const name of ["pointerup", "pointercancel"]) this.stage.addEventListener(name, () => { from = null; });
    const keys = { ArrowLeft: -0.2, ArrowRight: 0.2 };
    this.stage.addEventListener("keydown", (event) => {
      if (event.key in keys) this.look(this.view[0] + keys[event.key] * (this.view[1] - this.view[0]), this.view[1] - this.view[0]);
      else if (event.key === "+") this.act("in");
      else if (event.key === "-") this.act("out");
      else return;
      event.preventDefault();
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.target === this.pick || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "n") this.visit(1);
      else if (event.key === "p") this.visit(-1);
    });
  }

  place(event) {
    const x = event.clientX - this.stage.getBoundingClientRect().left;
    return this.view[0] + (x / this.wide) * (this.view[1] - this.view[0]);
  }

  act(what) {
    const at = this.shown.indexOf(this.task.n);
    if (what === "before" || what === "after") {
      const many = this.shown.length;
      this.open(this.shown[(at + (what === "after" ? 1 : many - 1)) % many]);
    } else if (what === "in" || what === "out") {
      this.zoom(what === "in" ? 0.5 : 2, (this.view[0] + this.view[1]) / 2);
    } else if (what === "all") this.look(0, STEPS);
    else if (what === "dispute") this.visit(1);
    else this.toggle();
  }

  toggle() {
    this.signal = !this.signal;
    this.box.querySelector("[data-do=signal]").setAttribute("aria-pressed", this.signal);
    this.render();
  }

  // One dispute after the other, by time; the first one follows the last one.
  visit(step) {
    const many = this.stops.length;
    if (!many) return;
    this.at = this.at < 0 ? (step > 0 ? 0 : many - 1) : (this.at + step + many) % many;
    this.frame(this.stops[this.at]);
    this.where();
  }

  // What is looked at, in words, and its window in Label Studio.
  where() {
    const many = this.stops.length;
    const word = this.stops.some((stop) => stop.row) ? "dispute" : "difference";
    this.box.querySelector("[data-do=dispute]").disabled = !many;
    const stop = this.stops[this.at];
    const row = stop && stop.row;
    const kind = row ? `${row[6]}, ` : "";
    this.box.querySelector(".where").textContent = stop
      ? `${word} ${this.at + 1} of ${many}: ${kind}${stretch(stop.from, stop.to)}`
      : `${many || "no"} ${word}${many === 1 ? "" : "s"}`;
    const address = row ? row[8] : this.tier.tasks[this.task.n][3];
    const links = this.box.querySelector(".open");
    links.hidden = !address;
    links.replaceChildren(outward(address, "Open in Label Studio"));
  }

  // With as much before and after it, and seconds around what is short.
  frame({ start, end }) {
    const least = (Math.max(10, 20 * this.tier.tolerance) / (this.task.end - this.task.start || 1)) * STEPS;
    const size = Math.max(3 * (end - start), Math.min(least, STEPS / 20));
    this.look((start + end) / 2 - size / 2, size);
  }

  zoom(factor, around) {
    const size = (this.view[1] - this.view[0]) * factor;
    this.look(around - (around - this.view[0]) * factor, size);
  }

  look(start, size) {
    const wide = Math.min(STEPS, Math.max(size, 200));
    const from = Math.min(STEPS - wide, Math.max(0, start));
    this.view = [from, from + wide];
    this.render();
  }

  open(n, row) {
    if (!this.known.has(n)) this.known.set(n, decoded(this.tier, n));
    this.task = this.known.get(n);
    this.pick.value = n;
    this.box.querySelector("[data-do=signal]").disabled = !this.task.signals.length;
    this.legend();
    this.view = [0, STEPS];
    this.stops = stops(this.number, this.task);
    this.at = row ? this.stops.findIndex((stop) => stop.row === row) : -1;
    if (row) this.frame(this.stops[this.at]);
    else this.render();
    this.where();
    this.say(null);
  }

  legend() {
    const items = this.task.labels.map((label) =>
      make("span", {}, this.swatch(this.class(label), this.tier.weaves[label]), this.tier.labels[label]));
    items.push(make("span", {}, this.swatch("dispute", 0), "people differ"));
    this.box.querySelector(".legend").replaceChildren(...items);
  }

  swatch(look, weave) {
    const svg = document.createElementNS(SVG, "svg");
    for (const [key, value] of Object.entries({ width: 14, height: 12, "aria-hidden": true })) svg.setAttribute(key, value);
    this.fill(svg, "rect", { width: 14, height: 12, rx: 3 }, look, weave);
    return svg;
  }

  // A shape in the colour of its label, and above it the pattern of labels that look alike.
  fill(svg, name, shape, look, weave) {
    draw(svg, name, { ...shape, class: look });
    if (weave) draw(svg, name, { ...shape, fill: `url(#weave${weave})` });
  }

  class(label) { return `mark t${this.number}c${label}`; }

  seconds(place) { return seconds_at(this.task, place); }

  x(place) { return ((place - this.view[0]) / (this.view[1] - this.view[0])) * this.wide; }

  render() {
    if (!this.task || !this.stage.clientWidth) return;
    this.wide = this.stage.clientWidth;
    const svg = document.createElementNS(SVG, "svg");
    let y = this.disputes(svg, 0);
    if (this.signal) for (const channel of this.task.signals) y = this.channel(svg, channel, y);
    for (const lane of this.task.order) y = this.lane(svg, lane, y);
    this.here(svg, y);
    this.axis(svg, y);
    y += 24;
    draw(svg, "line", { class: "cursor", y1: 0, y2: y, x1: -9, x2: -9 });
    for (const [key, value] of Object.entries({ width: this.wide, height: y, role: "img", "aria-label": `Marks of ${this.tier.tasks[this.task.n][0]}` })) svg.setAttribute(key, value);
    this.stage.replaceChildren(svg);
  }

  // The dispute that is looked at.
  here(svg, y) {
    const stop = this.stops[this.at];
    if (!stop) return;
    const [left, right] = [this.x(stop.start), this.x(stop.end)];
    const wide = Math.max(3, right - left);
    draw(svg, "rect", { class: "here", x: (left + right - wide) / 2, y: 14, width: wide, height: y - 14 });
  }

  // One path of all marks; what falls on one pixel is drawn once.
  marks(list, y, high, step, least) {
    const path = [];
    let from = -2, to = -2;
    const flush = () => { if (to > from) path.push(`M${from.toFixed(1)} ${y}h${(to - from).toFixed(1)}v${high}h-${(to - from).toFixed(1)}z`); };
    for (let n = 0; n < list.length; n += step) {
      if (list[n + 1] < this.view[0] || list[n] > this.view[1]) continue;
      const left = Math.max(-1, this.x(list[n]));
      let right = Math.min(this.wide + 1, this.x(list[n + 1]));
      if (right - left > 3) right -= 0.8;
      right = Math.max(right, left + least);
      if (left <= to + 0.2) to = Math.max(to, right);
      else { flush(); from = left; to = right; }
    }
    flush();
    return path.join("");
  }

  disputes(svg, y) {
    const found = this.task.disputes;
    let sum = 0;
    for (const [start, end] of found) sum += end - start;
    const time = (sum / STEPS) * (this.task.end - this.task.start);
    const points = found.filter(([start, end]) => start === end).length;
    const said = [];
    if (time) said.push(`people differ for ${duration(time)}`);
    if (points) said.push(points === 1 ? "1 instant without a partner" : `${points} instants without a partner`);
    const none = this.task.people.length < 2 ? "fewer than two people" : "people do not differ";
    draw(svg, "text", { x: 0, y: y + 11, class: "soft" }, said.join(", ") || none);
    draw(svg, "rect", { x: 0, y: y + 16, width: this.wide, height: 14, class: "track" });
    for (const [least, most, deep] of [[0, 0.34, 0.4], [0.34, 0.67, 0.7], [0.67, 2, 1]]) {
      const own = found.filter(([, , share]) => share > least && share <= most).flatMap(([start, end]) => [start, end]);
      draw(svg, "path", { d: this.marks(own, y + 16, 14, 2, 1.2), class: "dispute", "fill-opacity": deep });
    }
    return y + 40;
  }

  lane(svg, lane, y) {
    const many = this.task.labels.length || 1;
    const high = Math.min(14, Math.max(4, Math.round(48 / many)));
    const role = this.tier.roles[lane.reader];
    const name = this.tier.readers[lane.reader] + (role === "model" ? " (model)" : "");
    draw(svg, "text", { x: 0, y: y + 11, class: role === "annotator" ? "ink" : "ink other" }, name);
    draw(svg, "path", { d: this.marks(lane.seen, y + 16, high * many, 2, 1), class: "track" });
    this.task.labels.forEach((label, n) => {
      const list = lane.labels.get(label);
      if (list) this.fill(svg, "path", { d: this.marks(list, y + 16 + n * high, high, 2, 1.4) }, this.class(label), this.tier.weaves[label]);
    });
    return y + 16 + high * many + 8;
  }

  channel(svg, [name, unit, least, most, packed], y) {
    const levels = bytes(packed);
    const many = levels.length / 2;
    const high = 48;
    const range = `${digits(least, 3)} to ${digits(most, 3)}${unit ? ` ${unit}` : ""}`;
    draw(svg, "text", { x: 0, y: y + 11, class: "ink" }, `${name}, ${range}`);
    const path = [];
    const first = Math.max(0, Math.floor((this.view[0] / STEPS) * many) - 1);
    const last = Math.min(many - 1, Math.ceil((this.view[1] / STEPS) * many));
    const height = (level) => (y + 16 + high * (1 - (level - 1) / 254)).toFixed(1);
    let open = false;
    for (let n = first; n <= last; n += 1) {
      if (!levels[2 * n]) { open = false; continue; }
      const x = this.x(((n + 0.5) / many) * STEPS).toFixed(1);
      path.push(`${open ? "L" : "M"}${x} ${height(levels[2 * n])}V${height(levels[2 * n + 1])}`);
      open = true;
    }
    draw(svg, "path", { d: path.join(""), class: "signal" });
    return y + 16 + high + 8;
  }

  axis(svg, y) {
    const [from, to] = this.view.map((place) => this.seconds(place));
    const wanted = ((to - from) / this.wide) * 90;
    const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
    const step = steps.find((size) => size >= wanted) || 86400 * Math.ceil(wanted / 86400);
    this.places = step < 1 ? Math.ceil(-Math.log10(step)) : 0;
    for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) {
      const x = ((tick - from) / (to - from || 1)) * this.wide;
      draw(svg, "line", { x1: x, x2: x, y1: y, y2: y + 5, class: "tick" });
      const anchor = x < 20 ? "start" : x > this.wide - 20 ? "end" : "middle";
      draw(svg, "text", { x, y: y + 18, class: "soft", "text-anchor": anchor }, clock(tick, this.places));
    }
  }

  say(place) {
    const line = this.stage.querySelector(".cursor");
    if (place === null || place < 0 || place > STEPS || !line) {
      this.readout.textContent = "Point at a moment to read what each one marked there.";
      return;
    }
    for (const key of ["x1", "x2"]) line.setAttribute(key, this.x(place));
    const near = ((this.view[1] - this.view[0]) / this.wide) * 3;
    const said = this.task.order.map((lane) => {
      const labels = [...lane.labels].filter(([, list]) => this.on(list, place, near)).map(([label]) => this.tier.labels[label]);
      const none = covers(lane.seen, place) ? "nothing" : "not reviewed";
      return `${this.tier.readers[lane.reader]}: ${labels.join(" + ") || none}`;
    });
    this.readout.textContent = [clock(this.seconds(place), Math.min(3, this.places + 1)), ...said].join("  \u00b7  ");
  }

  on(list, place, near) {
    for (let n = 0; n < list.length; n += 2) {
      const slack = list[n] === list[n + 1] ? near : 0;
      if (list[n] - slack <= place && place < list[n + 1] + (slack || 1e-9)) return true;
    }
    return false;
  }

  reveal(n, row) {
    this.open(n, row);
    this.box.scrollIntoView({ block: "center" });
  }
}
