// Everything is begun.

const viewers = [];
for (const section of document.querySelectorAll("section.tier")) {
  const number_of_tier = Number(section.dataset.tier);
  const tier = DATA.tiers[number_of_tier];
  for (const box of section.querySelectorAll(".grid")) {
    const grid = tier.grids[Number(box.dataset.grid)];
    for (const select of box.querySelectorAll("select")) select.addEventListener("change", () => fill(box, grid));
    missing(box, grid);
    fill(box, grid); // tooltips
  }
  for (const box of section.querySelectorAll(".bars")) {
    const select = box.querySelector("select");
    if (select) select.addEventListener("change", () => rise(box, tier.bars[Number(box.dataset.bars)]));
  }
  if (!section.querySelector(".viewer")) continue; // nothing can be marked, only answered
  viewers[number_of_tier] = new Viewer(section.querySelector(".viewer"), number_of_tier);
  tasks(section.querySelector(".tasks"), tier, viewers[number_of_tier]);
}
review(document.querySelector(".review"), viewers);
