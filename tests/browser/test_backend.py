"""A person draws and submits; the ML backend learns, and the next task shows what it learnt."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.editor import Editor, login, open_task
from kit.studies import Study, give_database, tslab
from kit.waiting import until

from tslab.segmentation.models.store import ModelStore
from tslab.task import DAY_ONE_MS

pytestmark = [pytest.mark.browser, pytest.mark.server]

SCREENSHOTS = Path(os.environ.get("TSLAB_SCREENSHOTS", "test-output"))
RATE, SECONDS = 5, 240
# The rules call it a level shift, so that a model which listens to the annotator is better.
LABEL, KEY = "Contextual", "c"


def levels(number: int) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Noise with two stretches on a higher level, and when they are."""
    dice = np.random.default_rng([7, number])
    values = dice.normal(size=RATE * SECONDS)
    starts = [int(dice.integers(20, 70)), int(dice.integers(130, 180))]
    for start in starts:
        values[start * RATE : (start + 30) * RATE] += 6
    return values, [(float(start), start + 30.0) for start in starts]


@pytest.fixture(scope="module")
def shifts(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A study of four short recordings without any prediction."""
    folder = tmp_path_factory.mktemp("shifts")
    study = Study(folder / "shift-study")
    tslab("init", str(study.root), "--domain", "iot")
    for number in range(4):
        values, _ = levels(number)
        rows = [f"{i / RATE:.1f},{v:.4f}" for i, v in enumerate(values)]
        (folder / f"pump-{number}.csv").write_text("\n".join(["time,pressure", *rows]))
    study.run("add", *(str(folder / f"pump-{number}.csv") for number in range(4)))
    give_database(study.server, migrated)
    study.run("up")
    study.run("push")
    yield study
    study.run("down")


@pytest.fixture(scope="module")
def page(shifts: Study, chromium: Any) -> Iterator[Any]:
    found = chromium.new_page(viewport={"width": 1920, "height": 1080})
    record = shifts.server.record
    login(found, shifts.url, record.email, record.password)
    yield found
    found.close()


def project_of(study: Study) -> int:
    return int(study.projects()[0]["id"])


def models(study: Study) -> list[str]:
    store = ModelStore(study.root / "models")
    return [card.version for card in store.cards(project_of(study))]


def newest(study: Study, task: int) -> str:
    """The model version of a task's last prediction, "" without any."""
    found = study.get("/api/predictions/", task=task)
    return str(max(found, key=lambda item: int(item["id"]))["model_version"]) if found else ""


def numbered(study: Study) -> list[tuple[int, int]]:
    """Label Studio's task and the number of its recording, in the order they were made."""
    entries = study.project.entries()
    found = study.server_tasks(project_of(study))
    by_name = {
        Path(entries[item["data"]["recording"]].path).stem: int(item["id"])
        for item in found.values()
    }
    return [(by_name[f"pump-{number}"], number) for number in range(4)]


def draw_everything(study: Study, page: Any, task: int, number: int) -> None:
    """One task labelled by hand: key, drag, submit."""
    editor: Editor = open_task(page, study.url, project_of(study), task)
    # Label Studio asks the backend, then puts a copy of the prediction in the drawing's place.
    page.wait_for_load_state("networkidle")
    editor.wait_drawn()
    page.evaluate("Htx.annotationStore.selected.deleteAllRegions()")
    for start, end in levels(number)[1]:
        editor.press_label(KEY)
        editor.drag(DAY_ONE_MS + 1000 * start, DAY_ONE_MS + 1000 * end)
        editor.wait_unlabelled()
    editor.submit()


def test_drawing_teaches_and_the_next_task_shows_it(shifts: Study, page: Any) -> None:
    for task, number in numbered(shifts)[:2]:
        draw_everything(shifts, page, task, number)
    until(lambda: models(shifts), "a model")
    project = project_of(shifts)
    task, number = numbered(shifts)[2]
    until(lambda: newest(shifts, task) in models(shifts), "predictions of the new model")
    editor = open_task(page, shifts.url, project, task)
    editor.wait_drawn()
    page.wait_for_load_state("networkidle")
    shown = [region for region in editor.regions() if region.labels == (LABEL,)]
    for start, end in levels(number)[1]:
        best = max(overlap(r.start - DAY_ONE_MS, r.end - DAY_ONE_MS, start, end) for r in shown)
        assert best >= 0.5, "the shift is not predicted"
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "backend-task.png")


def test_a_double_click_finds_ranges_where_the_label_is_one_of_ranges(
    shifts: Study, page: Any
) -> None:
    task, number = numbered(shifts)[3]
    editor = open_task(page, shifts.url, project_of(shifts), task)
    page.wait_for_load_state("networkidle")
    editor.wait_drawn()
    page.evaluate("Htx.annotationStore.selected.deleteAllRegions()")
    page.get_by_text("Auto-Annotation", exact=True).click()
    (start, end), _ = levels(number)[1]
    editor.press_label(KEY)
    with page.expect_response(lambda r: "/interactive-annotating" in r.url) as answer:
        clicked = editor.double_click(DAY_ONE_MS + 1000 * (start + end) / 2)
    assert answer.value.status == 200
    assert clicked.instant
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "backend-similar.png")
    shown = [region for region in editor.regions() if region.id != clicked.id]
    assert not any(region.instant for region in shown)
    for start, end in levels(number)[1]:
        best = max(overlap(r.start - DAY_ONE_MS, r.end - DAY_ONE_MS, start, end) for r in shown)
        assert best >= 0.5
    # The instant is the editor's; it goes with one key.
    editor.select(clicked.id)
    page.keyboard.press("Backspace")
    until(lambda: clicked.id not in {region.id for region in editor.regions()}, "it to be gone")
    assert len(editor.regions()) == len(shown)
    page.get_by_text("Auto-Annotation", exact=True).click()


def overlap(start: float, end: float, wanted_start: float, wanted_end: float) -> float:
    """Intersection over union of a region in milliseconds and a stretch in seconds."""
    first, last = start / 1000, end / 1000
    both = max(0.0, min(last, wanted_end) - max(first, wanted_start))
    return both / (max(last, wanted_end) - min(first, wanted_start))


def test_button_in_the_settings_trains(shifts: Study, page: Any) -> None:
    known = len(models(shifts))
    project = project_of(shifts)
    task, number = numbered(shifts)[3]
    with shifts.http() as client:
        body = {"result": regions(number), "lead_time": 1}
        assert client.post(f"/api/tasks/{task}/annotations/", json=body).status_code == 201
    until(lambda: len(models(shifts)) > known, "a model of the new annotation")
    page.goto(f"{shifts.url}/projects/{project}/settings/ml")
    page.get_by_text("Connected").first.wait_for()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "backend-settings.png")
    card = page.get_by_text("tslab", exact=True).locator("xpath=ancestor::*[.//button][1]")
    card.locator("button").first.click()
    page.get_by_text("Start Training", exact=True).click()
    with page.expect_response(lambda r: "/train" in r.url) as answer:
        page.get_by_role("button", name="Start Training").last.click()  # it asks once more
    assert answer.value.status == 200


def regions(number: int) -> list[dict[str, Any]]:
    """A recording's truth as the editor would send it."""
    return [
        {
            "id": f"r{start:g}",
            "from_name": "anomaly",
            "to_name": "ts",
            "type": "timeserieslabels",
            "value": {
                "start": f"{DAY_ONE_MS + 1000 * start:.0f}",
                "end": f"{DAY_ONE_MS + 1000 * end:.0f}",
                "instant": False,
                "timeserieslabels": [LABEL],
            },
        }
        for start, end in levels(number)[1]
    ]
