"""A reviewer at work: verdicts by key and by mouse, a correction drawn over a dispute."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pytest
from kit.editor import Editor, login, open_task
from kit.editor_view import Pane
from kit.planted import Plant, Planted
from kit.review_study import DOMAIN, plants_of, reviewed_study
from kit.studies import Study

from tslab.ground_truth import made_truth
from tslab.label_studio.review.config import CORRECTED, VERDICT, is_right
from tslab.label_studio.review.key import Window, load_key
from tslab.spans import Span
from tslab.task import DAY_ONE_MS

pytestmark = [pytest.mark.browser, pytest.mark.server]

SCREENSHOTS = Path(os.environ.get("TSLAB_SCREENSHOTS", "test-output"))
SEED = 3
PIXELS = 0.1
"""Seconds by which a drawn border may miss: a few pixels of a window of 30 s."""


@pytest.fixture(scope="module")
def reviewed(
    migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Study, Planted]]:
    with reviewed_study(tmp_path_factory.mktemp("review"), migrated, [SEED]) as (study, made):
        yield study, next(iter(made.values()))


def decide(editor: Editor, made: Planted, window: Window) -> None:
    """Gives all verdicts of a window, every second one by mouse."""
    for number, (case, plant) in enumerate(plants_of(made, window)):
        letters = [x for x, name in window.letters.items() if name in plant.right]
        editor.select(case.id)
        verdict = is_right(letters[0]) if letters else CORRECTED
        if number % 2:
            editor.set_choice(verdict)
        else:
            editor.page.keyboard.press(letters[0].lower() if letters else "x")
        editor.unselect()
        if not letters:
            for span in truth_of(made, plant):
                draw(editor, span)


def truth_of(made: Planted, plant: Plant) -> list[Span]:
    return [
        span
        for span in made.truth
        if span.tier == plant.tier and plant.low <= span.start and span.end <= plant.high
    ]


def draw(editor: Editor, span: Span) -> None:
    label = DOMAIN.tier(span.tier).label(span.label)
    assert label is not None
    editor.press_label(label.hotkey)
    start, end = (at * 1000 + DAY_ONE_MS for at in (span.start, span.end))
    if span.is_instant:
        editor.double_click(start)
    else:
        editor.drag(end, start)  # a border that touches a drawn one would move that one
    editor.unselect()


def check_lanes(study: Study, window: Window, lanes: list[Pane]) -> None:
    """Each line lies in its lane where its reading has the label, and out of it elsewhere."""
    table = pa.csv.read_csv(study.root / window.task.csv)
    for letter, pane in zip("abc", lanes, strict=True):
        names = [name for name in table.column_names if name.startswith(f"said_{letter}_")]
        assert len(pane.paths) == len(names) > 0
        for name, path in zip(names, pane.paths, strict=True):
            held = pa.compute.mean(pa.compute.greater(table[name], 0.0)).as_py()
            assert path.inside == pytest.approx(held, abs=0.02), name


def test_a_reviewer_decides_everything(reviewed: tuple[Study, Planted], chromium: Any) -> None:
    study, made = reviewed
    page = chromium.new_page(viewport={"width": 1920, "height": 1080})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    record = study.server.record
    login(page, study.url, record.email, record.password)
    key = load_key(study.project.state)
    assert key is not None
    number = int(study.projects()[-1]["id"])
    shown = study.server_tasks(number)
    for window in key.windows:
        editor = open_task(page, study.url, number, shown[window.task.id]["id"])
        editor.wait_drawn()
        assert {r.id for r in editor.regions()} == {case.id for case in window.cases}
        if window is key.windows[0]:
            panes = editor.panes()
            assert len(panes) == 4, "the signal and three readings"
            assert len({round(pane.left) for pane in panes}) == 1
            assert len({round(pane.right) for pane in panes}) == 1, "one time axis for all"
            check_lanes(study, window, panes[1:])
            editor.select(window.cases[0].id)
            SCREENSHOTS.mkdir(exist_ok=True)
            page.screenshot(path=SCREENSHOTS / "review-task.png")
            editor.unselect()
        decide(editor, made, window)
        given = [r for r in editor.results() if r["from_name"] == VERDICT]
        assert len(given) == len(window.cases)
        editor.submit()
    page.close()
    assert problems == []
    study.run("pull")
    (truth,) = made_truth(study.root)["review"]
    expected = sorted((s.tier, s.label, s.start, s.end) for s in made.truth)
    got = sorted((s.tier, s.label, s.start, s.end) for s in truth.spans)
    assert [row[:2] for row in got] == [row[:2] for row in expected]
    drawn = [s for p in made.plants if not p.right for s in truth_of(made, p)]
    loose = {(s.tier, s.label, s.start, s.end) for s in drawn}
    assert loose, "the seed has corrections"
    for one, wanted in zip(got, expected, strict=True):
        if wanted in loose:
            assert one[2:] == pytest.approx(wanted[2:], abs=PIXELS)
        else:
            assert one == wanted
