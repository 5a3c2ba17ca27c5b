"""What Label Studio's editor (1.23) shows, and where.

Positions are read from the drawn SVG, times from the axis that the editor itself uses. Times are in the units of the task's
time column (milliseconds with timeFormat="%Q").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from kit.editor_scripts import PANES, REGIONS, STATE

TIMEOUT = 60_000
"""Milliseconds that any one wait may take: a task with 100 000 rows opens in about 4 s on two cores."""


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


class View:
    """What an open editor shows."""

    def __init__(self, page: Page, series: str | None = None) -> None:
        """`series`: name of the TimeSeries tag, needed only where a config has several."""
        self.page = page
        self.series = series

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
        """Wait until the first pane of a task that was just opened shows all ranges in view, by id.

        Regions come after the line, and the view narrows once more after both. On a busy machine they
        once did not come at all; the page is then loaded again.
        """
        try:
            self._wait_for_regions(TIMEOUT // 2)
        except PlaywrightTimeoutError:
            self.page.reload()
            self.wait_drawn()
            self._wait_for_regions(TIMEOUT)
        return {region.id: region for region in self.panes()[0].regions}

    def _wait_for_regions(self, timeout: int) -> None:
        self.page.wait_for_function(
            """(shown) => {
              const state = ("""
            + STATE
            + """)(null), panes = ("""
            + PANES
            + """)();
              if (!state || !panes.length) return false;
              const [first, last] = state.view, drawn = panes[0].regions.map((region) => region.id);
              return shown.every(([id, start, end]) => start < first || end > last || drawn.includes(id));
            }""",
            arg=[[r.id, r.start, r.end] for r in self.regions() if not r.instant],
            timeout=timeout,
        )

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
            for pane in self.page.evaluate(PANES)
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
            for region in self.page.evaluate(REGIONS)
        ]

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
            arg=[f"({STATE})", self.series, start],
            timeout=TIMEOUT,
        )

    def _state(self) -> dict[str, Any]:
        state = self.page.evaluate(STATE, self.series)
        if state is None:
            raise AssertionError("no time series is open")
        return state

    def _until(self, script: str, *arguments: Any) -> None:
        self.page.wait_for_function(script, arg=list(arguments), timeout=TIMEOUT)

    def _leave_inputs(self) -> None:
        """Hotkeys are dead while an input has the focus."""
        self.page.evaluate(
            "document.activeElement && document.activeElement.blur && document.activeElement.blur()"
        )
