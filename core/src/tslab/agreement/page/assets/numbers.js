// Runs inside the page of agreement: no library, no request; names are only ever text.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const STEPS = 2 ** 24 - 1;
const DASH = "\u2013";

function make(name, given = {}, ...inside) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key === "do") node.addEventListener("click", value);
    else if (value !== null) node.setAttribute(key, value);
  }
  node.append(...inside);
  return node;
}

function draw(parent, name, given, said) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) node.setAttribute(key, value);
  if (said !== undefined) node.textContent = said;
  parent.append(node);
  return node;
}

const digits = (value, many) => String(Number(value.toPrecision(many)));

function seconds(value) {
  const size = Math.abs(value);
  if (size < 1) return `${digits(1000 * value, 3)} ms`;
  return size < 1000 ? `${digits(value, 3)} s` : `${value.toFixed(0)} s`;
}

function hours(value) {
  if (value <= 0) return "0";
  if (value < 1 / 60) return `${digits(3600 * value, 2)} s`;
  if (value < 1 / 6) return `${digits(60 * value, 2)} min`;
  if (value < 1) return `${(60 * value).toFixed(0)} min`;
  return value < 100 ? `${value.toFixed(1)} h` : `${value.toFixed(0)} h`;
}

// Nothing is below 0 that shows as 0.
function fixed(value, places) {
  const text = value.toFixed(places);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

function number(unit, value) {
  if (unit === "seconds") return seconds(value);
  if (unit === "share") return `${fixed(100 * value, 0)}%`;
  if (unit === "count") return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return unit === "hours" ? hours(value) : fixed(value, 2);
}

// A length of time in the unit that people would take.
function duration(value) {
  return value < 120 ? seconds(value) : hours(value / 3600);
}

function clock(value, places = 0) {
  const unit = 10 ** places;
  const all = Math.round(value * unit) / unit;
  const whole = Math.floor(all + 1e-9);
  const two = (n) => String(n).padStart(2, "0");
  const part = places ? (all - whole).toFixed(places).slice(1) : "";
  const minutes = Math.floor(whole / 60);
  const tail = `${two(whole % 60)}${part}`;
  return minutes < 60 ? `${minutes}:${tail}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${tail}`;
}

function stretch(start, end) {
  const places = Number.isInteger(start) && Number.isInteger(end) ? 0 : 2;
  return start === end ? clock(start, places) : `${clock(start, places)} to ${clock(end, places)}`;
}

function save(name, type, words) {
  const address = URL.createObjectURL(new Blob([words], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function bytes(text) {
  const raw = atob(text);
  return Uint8Array.from({ length: raw.length }, (_, n) => raw.charCodeAt(n));
}

function times(text) {
  const raw = bytes(text);
  return Float64Array.from({ length: raw.length / 3 }, (_, n) =>
    raw[3 * n] + 256 * raw[3 * n + 1] + 65536 * raw[3 * n + 2]);
}
