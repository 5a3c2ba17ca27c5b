"""Lanes of a review as they are drawn: states that hold for minutes, and one reader less."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.editor import Editor, login, open_task
from kit.lane_pixels import lane_pixels, table_pixels
from kit.long_disputes import DOMAIN, long_disputes
from kit.studies import Study

from tslab.label_studio.review.config import REST, VERDICT
from tslab.label_studio.review.key import Window, load_key
from tslab.label_studio.review.lanes import lines

pytestmark = [pytest.mark.browser, pytest.mark.server]

SCREENSHOTS = Path(os.environ.get("TSLAB_SCREENSHOTS", "test-output"))
VIEWS = ((0.0, 1.0), (0.3, 0.45), (0.34, 0.37))
"""Shares of a window: all of it, and less than and more than ten times enlarged."""


@pytest.fixture(scope="module")
def study(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with long_disputes(tmp_path_factory.mktemp("lanes"), migrated) as study:
        yield study


@pytest.fixture(scope="module")
def page(study: Study, chromium: Any) -> Iterator[Any]:
    page = chromium.new_page(viewport={"width": 1920, "height": 1080})
    login(page, study.url, study.server.record.email, study.server.record.password)
    yield page
    page.close()


def window_of(study: Study, readings: int) -> Window:
    """The window with so many readings."""
    key = load_key(study.project.state)
    assert key is not None
    (found,) = (window for window in key.windows if len(window.letters) == readings)
    return found


def opened(study: Study, page: Any, window: Window) -> Editor:
    number = int(study.projects()[-1]["id"])
    there = study.server_tasks(number)[window.task.id]
    return open_task(page, study.url, number, there["id"])


@pytest.mark.parametrize("readings", [3, 4])
def test_a_label_is_drawn_where_it_holds_and_nowhere_else(
    study: Study, page: Any, readings: int
) -> None:
    window = window_of(study, readings)
    editor = opened(study, page, window)
    csv = study.root / window.task.csv
    rows = len(csv.read_bytes().splitlines())
    assert (rows > 10 * 1920) == (readings == 4), "the editor thins the longer window"
    used = {("state", label.name) for label in DOMAIN.tier("state").labels}
    extent = editor.extent()
    throughout = 0
    for low, high in VIEWS:
        editor.pan_to(*(extent[0] + share * (extent[1] - extent[0]) for share in (low, high)))
        for letter, pane in zip(sorted(window.letters), editor.panes()[1:], strict=False):
            for line in lines(DOMAIN, "anomalies", used):
                drawn = lane_pixels(editor, pane, line.label.color)
                held, sure = table_pixels(editor, csv, line.column(letter), len(drawn))
                assert sure.mean() > 0.9
                wrong = (drawn != held) & sure
                assert not wrong.any(), (letter, line.label.name, low, wrong.mean())
                throughout += held.all() and low == 0
    assert throughout == readings - 1, "who says one thing in all of the window"
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"review-lanes-{readings}.png")


@pytest.mark.parametrize("readings", [3, 4])
def test_a_window_has_lanes_and_answers_of_its_readings_only(
    study: Study, page: Any, readings: int
) -> None:
    window = window_of(study, readings)
    editor = opened(study, page, window)
    letters = list("ABCD")[:readings]
    assert sorted(window.letters) == letters
    editor.select(window.cases[0].id)
    offered = page.locator(".tsl-rest input").evaluate_all("found => found.map((e) => e.name)")
    assert offered == [*letters, "None"]
    verdicts = page.locator(".tsl-asked .tsl-row:not(.tsl-rest) input")
    assert verdicts.evaluate_all("found => found.map((e) => e.name[0])") == [*letters, "N"]
    lanes = page.locator(".htx-timeseries-multichannel")
    assert lanes.count() == 4
    assert [lanes.nth(n).is_visible() for n in range(4)] == [n < readings for n in range(4)]
    axis = lanes.nth(readings - 1).locator(".xaxis text:visible")
    assert axis.count() > 2, "the last lane that is there has the time axis"
    page.keyboard.press("7")  # the key of D
    page.keyboard.press("Shift+7")
    page.wait_for_function("() => document.querySelectorAll('.tsl-rest input').length > 0")
    given = {
        r["from_name"]: r["value"]["choices"] for r in editor.results() if "choices" in r["value"]
    }
    assert given == ({VERDICT: ["D is right"], REST: ["D"]} if readings == 4 else {})
