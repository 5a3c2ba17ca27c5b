"""The page of `tslab progress` in a real browser: drawn, light and dark, nothing loaded or run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tslab.progress.over_time import Period
from tslab.progress.page import page
from tslab.progress.people import LeadTimes, Person
from tslab.progress.report import Progress, Week
from tslab.progress.trends import Trend
from tslab.progress.use import LabelUse, Relabelled, Shift, Use

pytestmark = pytest.mark.browser

EVIL = '<script>alert(1)</script><img src=x onerror=alert(2)>"&'
NOTHING = Shift(0, 0, None, None)


@pytest.fixture
def address(tmp_path: Path) -> str:
    lead = LeadTimes(100.0, 2, 50.0, 300.0)
    uses = [LabelUse(EVIL, "state", EVIL, 20, 5, 5, 5, 5, 3, Shift(5, 4, 0.25, 0.3), NOTHING)]
    figures = {
        "time/krippendorff_alpha": 0.5,
        "time/iou": 0.4,
        "event/f1@0.5": None,
        "instant/f1": None,
    }
    periods = [Period("state", f"2026-W{week}", 5, figures) for week in range(40, 49)]
    found = Progress(
        pulled="2026-11-28T17:00:00+00:00",
        left=[],
        lead=lead,
        people=[Person(EVIL, 2, 0, 1, 9, 0.5, 0, 2, lead, "2026-11-28T16:00:00+00:00")],
        use=Use(uses, [Relabelled(EVIL, "state", EVIL, "B", 5)], frozenset(), 2, 0),
        weeks=[Week("2026-W48", {EVIL: 2}, 50.0)],
        agreement=periods,
        blocks=periods[:1],
        drift=[Trend(EVIL, "state", "agreement", "order", 12, 0.9, 0.4, -0.9, "falls")],
        fatigue=[Trend(EVIL, "", "lead time", "sitting", 3, None, None, None, "too few to say")],
        findings=[],
    )
    path = tmp_path / "progress.html"
    path.write_bytes(page(found, EVIL, 60.0))
    return path.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_drawn_and_quiet(chromium: Any, address: str, scheme: str) -> None:
    said: list[str] = []
    tab = chromium.new_context(color_scheme=scheme).new_page()
    tab.on("console", lambda message: said.append(message.text))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    tab.on("request", lambda request: said.append(request.url))
    tab.goto(address)
    assert said == [address], "a refused style, a script or a foreign address"
    assert tab.locator("h1").inner_text() == f"{EVIL}: progress"
    fills = {
        tab.eval_on_selector(f"rect.{name}", "e => getComputedStyle(e).fill")
        for name in ("accepted", "moved", "relabelled", "deleted")
    }
    assert len(fills) == 4
    assert "rgb(0, 0, 0)" not in fills
    assert tab.locator("ul.said li").count() == 2


def test_a_phone_scrolls_in_one_direction(chromium: Any, address: str) -> None:
    tab = chromium.new_context(viewport={"width": 390, "height": 800}).new_page()
    tab.goto(address)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390


def test_tables_fit_a_small_laptop_and_plots_keep_their_distance(
    chromium: Any, address: str
) -> None:
    """The columns at the right were cut off, and plots touched the table below them."""
    tab = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tab.goto(address)
    hidden = tab.eval_on_selector_all(
        ".panel", "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)"
    )
    assert hidden == []
    gaps = tab.eval_on_selector_all(
        ".plots + .panel",
        "all => all.map(e => e.getBoundingClientRect().top"
        " - e.previousElementSibling.getBoundingClientRect().bottom)",
    )
    assert gaps
    assert min(gaps) >= 12


def test_text_begins_at_the_left_and_numbers_end_at_the_right(chromium: Any, address: str) -> None:
    tab = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tab.goto(address)
    sides = tab.eval_on_selector_all(
        "table:not(.card) th",
        "all => Object.fromEntries(all.map(e => [e.innerText, getComputedStyle(e).textAlign]))",
    )
    at_left = {name for name, side in sides.items() if side == "left"}
    assert at_left == {
        *("annotator", "week", "label", "tier", "model", "was", "became", "state", "what", "says"),
    }
    cells = tab.eval_on_selector_all(
        "td.text", "all => all.map(e => getComputedStyle(e).textAlign)"
    )
    assert {*cells} == {"left"}
