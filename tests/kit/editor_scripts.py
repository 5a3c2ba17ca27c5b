"""What the editor's page is asked, in its own language."""

from __future__ import annotations

STATE = """
(name) => {
  const annotation = window.Htx && Htx.annotationStore && Htx.annotationStore.selected;
  if (!annotation) return null;
  const series = name ? annotation.names.get(name) : [...annotation.names.values()].find((tag) => tag.type === 'timeseries');
  if (!series || !series.brushRange || series.brushRange.length !== 2) return null;
  return {name: series.name, view: series.brushRange.map(Number), extent: series.keysRange.map(Number), isDate: !!series.isDate};
}
"""

PANES = """
() => [...document.querySelectorAll('.htx-timeseries-channel')].map((pane) => {
  const svg = pane.querySelector('svg');
  const clip = svg && svg.querySelector('clipPath rect');
  if (!clip) return null;
  const main = svg.querySelector('g');
  const width = +clip.getAttribute('width'), height = +clip.getAttribute('height');
  const to_screen = main.getScreenCTM();
  const corner = (x, y) => { const p = svg.createSVGPoint(); p.x = x; p.y = y; return p.matrixTransform(to_screen); };
  const a = corner(0, 0), b = corner(width, height);
  const paths = [...main.querySelectorAll('g[clip-path] > path')].map((path) => {
    const d = path.getAttribute('d') || '';
    // the path may carry a transform (decimated view): map its points to the pane's own coordinates
    const m = path.getCTM().multiply(svg.createSVGMatrix()), base = main.getCTM().inverse().multiply(m);
    let total = 0, inside = 0, in_time = 0;
    const points = d.match(/-?[\\d.]+(?:e-?\\d+)?,-?[\\d.]+(?:e-?\\d+)?|NaN/g) || [];
    const stride = Math.max(1, Math.floor(points.length / 20000));
    for (let i = 0; i < points.length; i += stride) {
      if (points[i] === 'NaN') { total += 1; continue; }
      const [px, py] = points[i].split(',').map(Number);
      const x = base.a * px + base.c * py + base.e, y = base.b * px + base.d * py + base.f;
      if (x < -1 || x > width + 1) { continue; }
      total += 1; in_time += 1;
      if (y >= -1 && y <= height + 1) inside += 1;
    }
    return {length: d.length, has_nan: d.includes('NaN'), points: points.length, in_view: total, inside: total ? inside / total : 0,
            color: path.getAttribute('stroke')};
  }).filter((path) => path.length > 0);
  const texts = (selector) => [...main.querySelectorAll(selector)].map((t) => t.textContent);
  const legend = [...main.children].find((node) => node.tagName === 'text');
  return {legend: legend ? legend.textContent : [...(pane.parentElement.querySelectorAll('.channel-name'))].map((n) => n.textContent).join(' + '),
          left: a.x, top: a.y, right: b.x, bottom: b.y, paths,
          time_ticks: texts('.xaxis .tick text'), value_ticks: texts('.yaxis .tick text'), units: texts('.yaxis .title')[0] || '',
          cursor_time: texts(`text[y="${height - 1}"]`)[0] || '',
          regions: [...main.querySelectorAll('.brushes .brush')].filter((g) => g.style.display !== 'none').map((g) => {
            const r = g.querySelector('.selection'), x = +r.getAttribute('x'), w = +r.getAttribute('width');
            return {element: g.id, id: g.id.slice(g.id.indexOf('_', 6) + 1).replace(/#[^#]*$/, ''), x0: x / width, x1: (x + w) / width, fill: r.getAttribute('fill'),
                    fill_opacity: +r.getAttribute('fill-opacity'), drawn: r.style.display !== 'none'};
          })};
}).filter((pane) => pane)
"""

REGIONS = """
() => {
  const annotation = Htx.annotationStore.selected;
  return annotation.regions.map((r) => ({id: r.cleanId, start: Number(r.start), end: Number(r.end), instant: !!r.instant, selected: !!r.selected,
    labels: (r.labeling && r.labeling.selectedLabels || []).map((l) => l.value), origin: r.origin, score: r.score}));
}
"""

SELECTED = """
() => [...Htx.annotationStore.selected.names.values()].filter((t) => /labels$/.test(t.type)).map((t) => (t.selectedLabels || []).map((l) => l.value))
"""
