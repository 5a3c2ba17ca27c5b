// Tables of squares, and bars, filled with what is chosen.

function shades(grid, unit, values) {
  const numbers = values.map((value) => (typeof value === "number" ? value : null));
  if (grid.by_row) {
    const sums = {};
    numbers.forEach((value, n) => { sums[grid.places[n][0]] = (sums[grid.places[n][0]] || 0) + value; });
    return numbers.map((value, n) => (value === null ? null : value / (sums[grid.places[n][0]] || 1)));
  }
  const most = unit === "seconds" ? Math.max(...numbers.map(Math.abs)) || 1 : 1;
  return numbers.map((value) => (value === null ? null : Math.min(1, Math.max(0, value / most))));
}

// Squares that the page itself has not, because there are so many.
function missing(box, grid) {
  if (box.querySelector(".cell")) return;
  const [left, top, wide, high] = grid.square;
  const drawing = box.querySelector("svg");
  for (const [row, column] of grid.places) {
    const [x, y] = [left + wide * column, top + high * row];
    draw(drawing, "rect", { x: x + 1, y: y + 1, width: wide - 2, height: high - 2, class: "cell" });
    draw(drawing, "text", { x: x + wide / 2, y: y + high / 2 + 4, class: "said" });
  }
}

function fill(box, grid) {
  const chosen = { name: 0, part: 0 };
  for (const select of box.querySelectorAll("select")) chosen[select.dataset.role] = Number(select.value);
  const found = grid.choices.find(([name, part]) => name === chosen.name && part === chosen.part);
  const unit = found ? found[2] : "score";
  const values = found ? found[3] : grid.places.map(() => null);
  const deep = shades(grid, unit, values);
  const squares = box.querySelectorAll(".cell");
  const words = box.querySelectorAll(".said");
  values.forEach((value, n) => {
    const known = typeof value === "number";
    const said = known ? number(unit, value) : DASH;
    const why = typeof value === "string" ? DATA.reasons[value] || value : said;
    const [row, column] = grid.places[n];
    squares[n].setAttribute("fill-opacity", known ? (0.05 + 0.95 * deep[n]).toFixed(3) : "0");
    const tip = squares[n].querySelector("title") || draw(squares[n], "title", {});
    tip.textContent = `${grid.rows[row]}, ${grid.columns[column]}: ${why}`;
    words[n].textContent = said;
    words[n].setAttribute("class", `${said === "0" ? "zero" : deep[n] > 0.6 ? "on-heat" : known ? "ink" : "soft"} said`);
  });
}

function rise(box, [tables, captions]) {
  const chosen = Number(box.querySelector("select").value);
  const most = Math.max(1, ...tables[chosen]);
  box.querySelectorAll("rect.bar").forEach((bar, n) => {
    const tall = (92 * tables[chosen][n]) / most;
    bar.setAttribute("height", tall.toFixed(1));
    bar.setAttribute("y", (110 - tall).toFixed(1));
    bar.querySelector("title").textContent = number("count", tables[chosen][n]);
  });
  box.querySelector(".caption").textContent = captions[chosen];
}
