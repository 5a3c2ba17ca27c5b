"""How all pages look, light and dark."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --page: #fbfbfa; --card: #ffffff; --ink: #1d2430; --soft: #5d6775;
  --line: #e1e4e8; --accent: #1f5fa8; --on-accent: #ffffff; --track: #edf0f3; --warn: #8a4b00;
  --heat: #154680; --shadow: #00000030; }
@media (prefers-color-scheme: dark) { :root { --page: #14171c; --card: #1c2027; --ink: #e7eaef;
  --soft: #a0a9b6; --line: #313843; --accent: #7db4f2; --on-accent: #0d1520; --track: #2a303a;
  --warn: #f0b46a; --heat: #7db4f2; --shadow: #000000a0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 40px 0 12px; overflow-wrap: anywhere; }
h3 { font-size: 13px; font-weight: 600; color: var(--soft); margin: 0 0 8px; }
p { margin: 0 0 12px; }
.soft, .why { color: var(--soft); }
.why { font-size: 12px; line-height: 1.35; }
.caption { font-size: 12px; color: var(--soft); margin: 8px 0 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 24px 0 0; padding: 0; list-style: none; }
.figures li, .panel { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.figures li { padding: 12px 14px; }
.figures b { display: block; font-size: 26px; line-height: 1.2; font-weight: 650;
  font-variant-numeric: tabular-nums; }
.figures .first b { color: var(--accent); }
.figures span { font-size: 13px; color: var(--soft); }
.panel { padding: 16px; margin: 0 0 12px; overflow-x: auto; }
/* A shadow at the edge where columns go on; what moves with the content covers it at the end. */
.figures ~ .panel, h2 ~ .panel { background:
  linear-gradient(to right, var(--card) 30%, transparent) left / 32px 100% local no-repeat,
  linear-gradient(to left, var(--card) 30%, transparent) right / 32px 100% local no-repeat,
  linear-gradient(to right, var(--shadow), transparent) left / 12px 100% scroll no-repeat,
  linear-gradient(to left, var(--shadow), transparent) right / 12px 100% scroll no-repeat,
  var(--card); }
.plots { display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start; margin: 0 0 12px; }
.plots .panel { margin: 0; flex: 1 1 auto; max-width: 100%; }
.plots > .panel { flex: 0 1 auto; }
.plots .side { display: flex; flex-direction: column; gap: 12px; flex: 1 1 auto; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: right; font-weight: 600; font-size: 13px; color: var(--soft); padding: 0 10px 6px;
  vertical-align: bottom; }
td { text-align: right; padding: 5px 10px; border-top: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal;
  overflow-wrap: anywhere; min-width: 110px; }
th.text, td.text { text-align: left; }
td.text { white-space: normal; overflow-wrap: anywhere; min-width: 104px; }
@media (min-width: 700px) { td:first-child { min-width: 165px; } table.card td:first-child {
  min-width: 100px; } }
table.card td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
table.card td:first-child { width: 20%; min-width: 100px; color: var(--soft);
  vertical-align: top; }
ul.notes { margin: 0; padding-left: 20px; } ul.notes li { overflow-wrap: anywhere; }
.notes { color: var(--warn); }
svg { display: block; max-width: 100%; height: auto; }
svg text { font-size: 12px; font-variant-numeric: tabular-nums; }
.ink { fill: var(--ink); } text.soft, .faint { fill: var(--soft); } .faint { fill-opacity: 0.55; }
.on-heat { fill: var(--on-accent); } .heat { fill: var(--heat); }
.bar { fill: var(--accent); }
.track { fill: var(--track); }
.frame { fill: none; stroke: var(--line); }
.diagonal { stroke: var(--soft); stroke-dasharray: 4 4; }
.curve { stroke: var(--accent); stroke-width: 2; stroke-opacity: 0.45; }
.dot { fill: var(--accent); stroke: var(--card); stroke-width: 2; }
"""
