"""Drive Label Studio's editor (1.23) in a browser through Playwright.

Positions are read from the drawn SVG, times from the axis that the editor itself uses, and every action waits for its effect:
there is no sleep here. Times are in the units of the task's time column (milliseconds with timeFormat="%Q").
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from playwright.sync_api import Locator, Page, Response, expect

TIMEOUT = 60_000
"""Milliseconds that any one wait may take: a task with 100 000 rows opens in about 4 s on two cores."""

_STATE = """
(name) => {
  const annotation = window.Htx && Htx.annotationStore && Htx.annotationStore.selected;
  if (!annotation) return null;
  const series = name ? annotation.names.get(name) : [...annotation.names.values()].find((tag) => tag.type === 'timeseries');
  if (!series || !series.brushRange || series.brushRange.length !== 2) return null;
  return {name: series.name, view: series.brushRange.map(Number), extent: series.keysRange.map(Number), isDate: !!series.isDate};
}
"""

_PANES = """
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

_REGIONS = """
() => {
  const annotation = Htx.annotationStore.selected;
  return annotation.regions.map((r) => ({id: r.cleanId, start: Number(r.start), end: Number(r.end), instant: !!r.instant, selected: !!r.selected,
    labels: (r.labeling && r.labeling.selectedLabels || []).map((l) => l.value), origin: r.origin, score: r.score}));
}
"""

_SELECTED = """
() => [...Htx.annotationStore.selected.names.values()].filter((t) => /labels$/.test(t.type)).map((t) => (t.selectedLabels || []).map((l) => l.value))
"""

_CHECKED = re.compile("checkbox-checked")


@dataclass(frozen=True)
class Region:
    """One region as the editor holds it."""

    id: str
    start: float
    end: float
    instant: bool
    selected: bool
    labels: tuple[str, ...]
    origin: str
    score: float | None


@dataclass(frozen=True)
class Path:
    """One drawn line: `inside` is the share of its points in view that lie inside the axis area."""

    length: int
    has_nan: bool
    points: int
    in_view: int
    inside: float
    color: str


@dataclass(frozen=True)
class Shown:
    """One region as drawn in a pane; x0 and x1 are fractions of the plot's width (below 0 or above 1: outside the view)."""

    element: str
    id: str
    x0: float
    x1: float
    fill: str
    fill_opacity: float
    drawn: bool


@dataclass(frozen=True)
class Pane:
    """One plot: its axis area in page pixels, what is drawn in it, and the texts of its axes."""

    legend: str
    left: float
    top: float
    right: float
    bottom: float
    paths: tuple[Path, ...]
    time_ticks: tuple[str, ...]
    value_ticks: tuple[str, ...]
    units: str
    cursor_time: str
    regions: tuple[Shown, ...]

    @property
    def ok(self) -> bool:
        """Whether something is drawn, nothing is NaN, and nearly all of it is in the axis area."""
        return bool(self.paths) and all(
            not path.has_nan and path.inside > 0.98 for path in self.paths
        )


def login(page: Page, url: str, email: str, password: str) -> None:
    """Log in through the form."""
    page.goto(f"{url}/user/login/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(
        lambda address: "/user/login" not in address, wait_until="commit", timeout=TIMEOUT
    )


def open_task(page: Page, url: str, project: int, task: int) -> Editor:
    """Open one task in the Data Manager and wait until it is drawn."""
    page.goto(f"{url}/projects/{project}/data?task={task}")
    editor = Editor(page)
    editor.wait_drawn(task)
    return editor


class Editor:
    """The open editor on a page."""

    def __init__(self, page: Page, series: str | None = None) -> None:
        """`series`: name of the TimeSeries tag, needed only where a config has several."""
        self.page = page
        self.series = series

    # What is shown
    def wait_drawn(self, task: int | None = None) -> list[Pane]:
        """Wait until the task is loaded, every pane has a line and the overview has its axis; return the panes."""
        if task is not None:
            self.page.wait_for_function(
                "(task) => window.Htx && Htx.task && String(Htx.task.id) === String(task)",
                arg=task,
                timeout=TIMEOUT,
            )
        self.page.wait_for_function(
            """() => {
              const error = document.querySelector('.lsf-errors');
              if (error) return true;
              const panes = [...document.querySelectorAll('.htx-timeseries-channel')];
              return panes.length > 0 && document.querySelector('.htx-timeseries-overview .tick')
                && panes.every((pane) => [...pane.querySelectorAll('path')].some((p) => (p.getAttribute('d') || '').length > 20
                   && p.closest('g[clip-path]')));
            }""",
            timeout=TIMEOUT,
        )
        error = self.page.locator(".lsf-errors")
        if error.count():
            raise AssertionError(f"the editor shows an error: {error.first.inner_text()}")
        return self.panes()

    def wait_regions(self) -> dict[str, Shown]:
        """Wait until the first pane shows all ranges in view; what it shows, by id.

        Regions come after the line, and the view narrows once more after both.
        """
        self.page.wait_for_function(
            """(shown) => {
              const state = ("""
            + _STATE
            + """)(null), panes = ("""
            + _PANES
            + """)();
              if (!state || !panes.length) return false;
              const [first, last] = state.view, drawn = panes[0].regions.map((region) => region.id);
              return shown.every(([id, start, end]) => start < first || end > last || drawn.includes(id));
            }""",
            arg=[[r.id, r.start, r.end] for r in self.regions() if not r.instant],
            timeout=TIMEOUT,
        )
        return {region.id: region for region in self.panes()[0].regions}

    def panes(self) -> list[Pane]:
        """Every plot from top to bottom."""
        return [
            Pane(
                **{
                    **pane,
                    "paths": tuple(Path(**path) for path in pane["paths"]),
                    "time_ticks": tuple(pane["time_ticks"]),
                    "value_ticks": tuple(pane["value_ticks"]),
                    "regions": tuple(Shown(**shown) for shown in pane["regions"]),
                }
            )
            for pane in self.page.evaluate(_PANES)
        ]

    def overview_ticks(self) -> list[str]:
        """The texts on the overview's axis."""
        return self.page.locator(".htx-timeseries-overview .tick text").all_text_contents()

    def view(self) -> tuple[float, float]:
        """First and last time of the panes."""
        view = self._state()["view"]
        return view[0], view[1]

    def extent(self) -> tuple[float, float]:
        """First and last time of the series."""
        extent = self._state()["extent"]
        return extent[0], extent[1]

    def regions(self) -> list[Region]:
        """Every region in the annotation, in the editor's order."""
        return [
            Region(**{**region, "labels": tuple(region["labels"])})
            for region in self.page.evaluate(_REGIONS)
        ]

    def results(self) -> list[dict[str, Any]]:
        """What the editor would submit now."""
        return json.loads(
            self.page.evaluate("JSON.stringify(Htx.annotationStore.selected.serializeAnnotation())")
        )

    # Where things are
    def pixel(self, time: float, pane: int = 0) -> tuple[float, float]:
        """Page position of a time, in the middle of a pane's height."""
        start, end = self.view()
        area = self.panes()[pane]
        return area.left + (time - start) / (end - start) * (area.right - area.left), (
            area.top + area.bottom
        ) / 2

    def time(self, x: float, pane: int = 0) -> float:
        """Time at a page position."""
        start, end = self.view()
        area = self.panes()[pane]
        return start + (x - area.left) / (area.right - area.left) * (end - start)

    def cursor_at(self, time: float, pane: int = 0) -> str:
        """Move the mouse to a time and return what the cursor says there."""
        x, y = self.pixel(time, pane)
        self.page.mouse.move(x, y)
        return self.panes()[pane].cursor_time

    def pan_to(self, start: float, end: float) -> None:
        """Show [start, end]. Uses the editor's own store: the mouse way (the overview) is exact to a pixel only."""
        self.page.evaluate(
            "([name, a, b]) => { const s = [...Htx.annotationStore.selected.names.values()].find((t) => t.type === 'timeseries'"
            " && (!name || t.name === name)); s.updateTR([a, b], s.scale + 0.0001); }",
            [self.series, start, end],
        )
        self.page.wait_for_function(
            "([code, name, a]) => Math.abs(eval(code)(name).view[0] - a) < 1e-6 * Math.max(1, Math.abs(a))",
            arg=[f"({_STATE})", self.series, start],
            timeout=TIMEOUT,
        )

    # Drawing
    def press_label(self, hotkey: str) -> None:
        """Press a label's hotkey and wait until its selection changed."""
        before = self._selected_labels()
        self._leave_inputs()
        self.page.keyboard.press(hotkey)
        self._until(
            "([code, before]) => JSON.stringify(eval(code)()) !== before",
            f"({_SELECTED})",
            json.dumps(before, separators=(",", ":")),
        )

    def drag(self, start: float, end: float, pane: int = 0) -> Region:
        """Drag from one time to another with the selected labels; return the new region."""
        x0, y = self.pixel(start, pane)
        x1, _ = self.pixel(end, pane)
        before = {region.id for region in self.regions()}
        self.page.mouse.move(x0, y)
        self.page.mouse.down()
        self.page.mouse.move((x0 + x1) / 2, y, steps=4)
        self.page.mouse.move(x1, y, steps=4)
        self.page.mouse.up()
        return self._new_region(before)

    def wait_unlabelled(self) -> None:
        """Waits until no label is selected, as the editor does after a region was drawn."""
        self._until("([code]) => eval(code)().every((labels) => !labels.length)", f"({_SELECTED})")

    def double_click(self, time: float, pane: int = 0) -> Region:
        """Double click at a time with the selected labels: an instant; return it."""
        x, y = self.pixel(time, pane)
        before = {region.id for region in self.regions()}
        self.page.mouse.move(x, y)
        self.page.mouse.dblclick(x, y, delay=10)
        return self._new_region(before)

    def select_region(self, index: int) -> Region:
        """Select a region through the Regions panel (its order is the panel's), as somebody would who cannot see it."""
        region = self.regions()[index]
        return self.select(region.id)

    def select(self, region_id: str) -> Region:
        """Select a region by id: a click inside it where it is in view, else through the store."""
        self._leave_inputs()
        region = next(region for region in self.regions() if region.id == region_id)
        if not region.selected:
            start, end = self.view()
            mid = (region.start + region.end) / 2
            alone = [other for other in self.regions() if other.start <= mid <= other.end]
            if start <= mid <= end and len(alone) == 1 and not region.instant:
                x, y = self.pixel(mid)
                self.page.mouse.click(x, y)
            else:
                self.page.evaluate(
                    "(id) => { const a = Htx.annotationStore.selected; a.selectArea(a.regions.find((r) => r.cleanId === id)); }",
                    region_id,
                )
        self._until(
            "([id]) => Htx.annotationStore.selected.regions.some((r) => r.cleanId === id && r.selected)",
            region_id,
        )
        return next(region for region in self.regions() if region.id == region_id)

    def unselect(self) -> None:
        """Unselect every region."""
        self._leave_inputs()
        self.page.keyboard.press("Escape")
        self._until("() => !Htx.annotationStore.selected.regions.some((r) => r.selected)")

    def resize(
        self, region_id: str, edge: Literal["start", "end"], time: float, pane: int = 0
    ) -> Region:
        """Drag one edge of a region to a time."""
        region = next(region for region in self.regions() if region.id == region_id)
        was = region.start if edge == "start" else region.end
        x0, y = self.pixel(was, pane)
        x1, _ = self.pixel(time, pane)
        self.page.mouse.move(x0, y)
        self.page.mouse.down()
        self.page.mouse.move((x0 + x1) / 2, y, steps=4)
        self.page.mouse.move(x1, y, steps=4)
        self.page.mouse.up()
        self._until(
            "([id, edge, was]) => Htx.annotationStore.selected.regions.some((r) => r.cleanId === id && Number(r[edge]) !== was)",
            region_id,
            edge,
            was,
        )
        return next(region for region in self.regions() if region.id == region_id)

    # Fields
    def set_rating(self, stars: int, name: str | None = None) -> None:
        """Click a star of the (named) visible rating."""
        rating = self._field(".ant-rate", "rating", name)
        rating.locator("li").nth(stars - 1).click()
        expect(rating.locator("li.ant-rate-star-full")).to_have_count(stars, timeout=TIMEOUT)

    def set_choice(self, text: str) -> None:
        """Click a visible choice (radio or box) by its text."""
        label = (
            self.page.locator(".lsf-choice:visible label")
            .filter(has=self.page.get_by_text(text, exact=True))
            .first
        )
        if not label.count():
            label = self.page.locator(".lsf-choice:visible label").filter(has_text=text).first
        label.click()
        expect(label.locator("input")).to_be_checked(timeout=TIMEOUT)

    def set_select(self, text: str, index: int = 0) -> None:
        """Choose in a Choices with layout="select" (the index-th one that is visible)."""
        trigger = self.page.locator(
            ".lsf-choices_layout_select:visible [data-slot=popover-trigger]"
        ).nth(index)
        trigger.click()
        options = self.page.locator("[data-radix-popper-content-wrapper]")
        search = options.locator("input")
        if search.count():
            search.first.fill(text)
        options.get_by_text(text, exact=True).first.click()
        expect(trigger).to_contain_text(text, timeout=TIMEOUT)
        expect(options).to_have_count(0, timeout=TIMEOUT)

    def set_taxonomy(self, path: list[str], index: int = 0) -> None:
        """Open the index-th visible taxonomy, open the parents, tick the leaf."""
        box = self.page.locator(".htx-taxonomy:visible").nth(index)
        box.locator(".ant-select-selector").click()
        menu = self.page.locator(
            ".htx-taxonomy-dropdown:visible, .ant-tree-select-dropdown:visible"
        ).last
        menu.wait_for(timeout=TIMEOUT)
        for depth, text in enumerate(path):
            node = (
                menu.locator(".ant-select-tree-treenode")
                .filter(has=self.page.get_by_text(text, exact=True))
                .first
            )
            if depth < len(path) - 1:
                if "ant-select-tree-treenode-switcher-close" in (node.get_attribute("class") or ""):
                    node.locator(".ant-select-tree-switcher").click()
            else:
                node.locator(".ant-select-tree-checkbox").click()
                expect(node).to_have_class(_CHECKED, timeout=TIMEOUT)
        self.page.keyboard.press("Escape")
        expect(menu).to_be_hidden(timeout=TIMEOUT)

    def set_note(self, text: str, name: str = "note") -> None:
        """Write into a visible TextArea and press Enter."""
        field = self.page.locator(
            f"[data-testid=textarea-input][name={name}]:visible, textarea[name={name}]:visible"
        ).first
        field.fill(text)
        field.press("Enter")
        self._until(
            "([text]) => JSON.stringify(Htx.annotationStore.selected.serializeAnnotation()).includes(JSON.stringify(text))",
            text,
        )
        self._leave_inputs()

    # Saving
    def submit(self) -> dict[str, Any]:
        """Submit a new annotation; return the server's answer."""
        return self._save("Submit", "/annotations", "POST")

    def update(self) -> dict[str, Any]:
        """Update the annotation that is open; return the server's answer."""
        return self._save("Update", "/api/annotations/", "PATCH")

    # Inside
    def _save(self, button: str, path: str, method: str) -> dict[str, Any]:
        self._leave_inputs()

        def is_it(response: Response) -> bool:
            return path in response.url and response.request.method in (method, "PUT")

        with self.page.expect_response(is_it, timeout=TIMEOUT) as waiting:
            self.page.locator(".lsf-bottombar button").filter(has_text=button).click()
        response = waiting.value
        if not response.ok:
            raise AssertionError(
                f"{method} {response.url}: {response.status} {response.text()[:300]}"
            )
        saved: dict[str, Any] = response.json()
        # the editor loads the task again (or, in the label stream, the next one): until then the old plots are still there
        self._until(
            "([id]) => { const a = window.Htx && Htx.annotationStore && Htx.annotationStore.selected; return a && (String(a.pk) === String(id)"
            " || (Htx.task && !Htx.annotationStore.annotations.some((x) => x === a && x.userGenerate && x.sentUserGenerate === undefined))); }",
            saved["id"],
        )
        self.wait_drawn()
        return saved

    def _state(self) -> dict[str, Any]:
        state = self.page.evaluate(_STATE, self.series)
        if state is None:
            raise AssertionError("no time series is open")
        return state

    def _selected_labels(self) -> list[str]:
        return self.page.evaluate(_SELECTED)

    def _new_region(self, before: set[str]) -> Region:
        self._until(
            "([before]) => Htx.annotationStore.selected.regions.some((r) => !before.includes(r.cleanId))",
            sorted(before),
        )
        return next(region for region in self.regions() if region.id not in before)

    def _field(self, selector: str, type_: str, name: str | None) -> Locator:
        fields = self.page.locator(f"{selector}:visible")
        if name is None:
            return fields.first
        order = self.page.evaluate(
            "(type) => [...Htx.annotationStore.selected.names.values()].filter((t) => t.type === type && t.isVisible !== false).map((t) => t.name)",
            type_,
        )
        return fields.nth(order.index(name))

    def _leave_inputs(self) -> None:
        """Hotkeys are dead while an input has the focus."""
        self.page.evaluate(
            "document.activeElement && document.activeElement.blur && document.activeElement.blur()"
        )

    def _until(self, script: str, *arguments: Any) -> None:
        self.page.wait_for_function(script, arg=list(arguments), timeout=TIMEOUT)
