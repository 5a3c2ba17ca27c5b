"""The report page in a real browser: drawn, light and dark, nothing loaded, nothing run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kit.reports import EVIL, hostile_card, hostile_report

from tslab.segmentation.evaluation.report_page import page

pytestmark = pytest.mark.browser


@pytest.fixture
def address(tmp_path: Path) -> str:
    path = tmp_path / "report.html"
    path.write_bytes(page(hostile_report(), EVIL, hostile_card()))
    return path.as_uri()


def opened(chromium: Any, address: str, said: list[str], **given: Any) -> Any:
    tab = chromium.new_context(**given).new_page()
    tab.on("console", lambda message: said.append(message.text))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    tab.on("request", lambda request: said.append(request.url))
    tab.goto(address)
    return tab


def test_the_page_is_drawn_and_quiet(chromium: Any, address: str) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        said: list[str] = []
        tab = opened(chromium, address, said, color_scheme=scheme)
        assert said == [address], "a refused style, a script or a foreign address"
        assert tab.title() == EVIL
        assert tab.locator("h1").inner_text() == EVIL
        assert tab.locator("svg").count() == 5
        assert tab.locator("svg rect.heat").count() == 9
        style = "e => getComputedStyle(e).backgroundColor"
        grounds.append(tab.eval_on_selector("body", style))
        assert tab.eval_on_selector("svg .heat", "e => getComputedStyle(e).fill") != "rgb(0, 0, 0)"
    assert grounds == ["rgb(251, 251, 250)", "rgb(20, 23, 28)"]


def test_a_phone_scrolls_in_one_direction(chromium: Any, address: str) -> None:
    tab = opened(chromium, address, [], viewport={"width": 390, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
