"""A person at work: open a task, look, draw, describe, submit; `tslab pull` brings it back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.editor import Editor, login, open_task
from kit.studies import Study

from tslab.annotation import Annotation
from tslab.label_studio.predictions import current_version, load_predictions
from tslab.label_studio.task_links import task_links
from tslab.preparation.task_table import row_ticks
from tslab.spans import Span
from tslab.task import Task

pytestmark = [pytest.mark.browser, pytest.mark.server]

SCREENSHOTS = Path(os.environ.get("TSLAB_SCREENSHOTS", "test-output"))
FIRST_VIEW = {"ecg": "rhythm", "iot": "anomalies"}
LABEL = {"ecg": ("f", "AFIB"), "iot": ("l", "Level shift")}


@pytest.fixture(scope="module")
def page(study: Study, chromium: Any) -> Iterator[Any]:
    found = chromium.new_page(viewport={"width": 1920, "height": 1080})
    foreign: list[str] = []
    found.on(
        "request",
        lambda r: (
            None if r.url.startswith((study.url, "data:", "blob:")) else foreign.append(r.url)
        ),
    )
    record = study.server.record
    login(found, study.url, record.email, record.password)
    yield found
    assert foreign == [], "the browser asked somebody else"
    found.close()


def domain_of(study: Study) -> str:
    return study.project.domain.name


def tasks_of(study: Study, view: str) -> list[tuple[int, int, Task]]:
    """Label Studio's project and task id, and the task, of a view."""
    return [
        (project["id"], item["id"], study.task(name))
        for project in study.projects()
        for name, item in study.server_tasks(project["id"]).items()
        if study.task(name).view == view
    ]


def pulled(study: Study, task: Task) -> list[Span]:
    """What came back of a task's recording, in its window."""
    study.run("pull", expect=(0, 1))
    found: list[Annotation] = [
        a
        for a in study.project.annotations_list()
        if (a.recording, a.view) == (task.recording, task.view)
    ]
    assert len(found) == 1
    assert found[0].annotator == study.server.record.email
    assert found[0].lead_time is not None
    assert found[0].lead_time > 0
    return [s for s in found[0].spans if s.start < task.end and s.end >= task.start]


def seconds(task: Task, tick: float) -> float:
    return (tick - task.axis_offset) * task.tick_us / 1e6


def sample(study: Study, task: Task) -> float:
    """Length of a row in seconds."""
    recording = study.project.recording(task.recording)
    return float(np.median(np.diff(row_ticks(task, recording)))) * task.tick_us / 1e6


def test_every_channel_is_drawn(study: Study, page: Any) -> None:
    for view in study.project.views:
        project, number, task = tasks_of(study, view)[0]
        panes = open_task(page, study.url, project, number).wait_drawn()
        assert len(panes) == len(task.channels)
        for pane in panes:
            assert pane.paths, f"nothing drawn for {pane.legend}"
            for path in pane.paths:
                assert path.length > 100
                assert not path.has_nan
                assert path.inside >= 0.8
            texts = [text for text in pane.time_ticks if text]
            assert len(texts) >= 4
            assert len(set(pane.value_ticks)) >= 3
            assert not any("NaN" in text or "undefined" in text for text in pane.value_ticks)
        assert not any(tick == "1970" for pane in panes for tick in pane.time_ticks)
        assert "undefined" not in page.locator(".tsl-meta").inner_text()


def test_everything_fits_the_screen(study: Study, page: Any) -> None:
    project, number, _ = tasks_of(study, FIRST_VIEW[domain_of(study)])[0]
    editor = open_task(page, study.url, project, number)
    editor.wait_drawn()
    editor.select(editor.regions()[0].id)
    fields = page.locator(".tsl-fields").bounding_box()
    assert fields is not None
    assert fields["y"] + fields["height"] < 1035, "the fields lie below the edge of the screen"
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{domain_of(study)}-task.png")


def test_predictions_lie_where_the_segmenter_put_them(study: Study, page: Any) -> None:
    predictions = load_predictions(study.project)[current_version(study.project)]
    for view in study.project.views:
        project, number, task = tasks_of(study, view)[0]
        editor = open_task(page, study.url, project, number)
        editor.wait_drawn()
        exact = predictions[task.id].exact
        shown = {region.id: region for region in editor.regions()}
        assert set(shown) == set(exact)
        row = sample(study, task)
        for name, (_, _, start, end) in exact.items():
            assert seconds(task, shown[name].start) == pytest.approx(start, abs=row)
            assert seconds(task, shown[name].end) == pytest.approx(end, abs=row)
        drawn = editor.wait_regions()
        first, last = editor.view()
        for name, region in shown.items():
            if region.instant or not (first <= region.start and region.end <= last):
                continue
            assert drawn[name].x0 == pytest.approx(
                (region.start - first) / (last - first), abs=0.002
            )
            assert drawn[name].x1 == pytest.approx((region.end - first) / (last - first), abs=0.002)


def start_empty(editor: Editor) -> None:
    """Removes the copied prediction, as Ctrl+Backspace does for an annotator."""
    editor.page.on("dialog", lambda dialog: dialog.accept())
    editor.page.evaluate("Htx.annotationStore.selected.deleteAllRegions()")
    assert editor.regions() == []


def test_hotkey_drag_describe_submit_pull(study: Study, page: Any) -> None:
    name = domain_of(study)
    project, number, task = tasks_of(study, FIRST_VIEW[name])[0]
    editor = open_task(page, study.url, project, number)
    editor.wait_drawn()
    start_empty(editor)
    key, label = LABEL[name]
    editor.press_label(key)
    first, last = editor.view()
    wanted = (first + 0.3 * (last - first), first + 0.6 * (last - first))
    drawn = editor.drag(*wanted)
    editor.select(drawn.id)
    editor.set_rating(4)
    editor.set_choice({"ecg": "probable", "iot": "3"}[name])
    if name == "iot":
        editor.set_select("VIB Vibration")
    editor.set_note("looks <b>odd</b> & old")
    editor.submit()

    spans = pulled(study, task)
    assert [span.label for span in spans] == [label]
    row = sample(study, task)
    pixel = (last - first) * task.tick_us / 1e6 / 1280
    assert spans[0].start == pytest.approx(seconds(task, drawn.start), abs=row)
    assert spans[0].end == pytest.approx(seconds(task, drawn.end), abs=row)
    assert spans[0].start == pytest.approx(seconds(task, wanted[0]), abs=row + pixel)
    assert spans[0].end == pytest.approx(seconds(task, wanted[1]), abs=row + pixel)
    assert spans[0].origin == "manual"
    assert spans[0].fields["quality"] == 4
    assert spans[0].fields["note"] == "looks <b>odd</b> & old"

    # The page of agreement leads to where this was drawn.
    (shown,) = [view for view in study.project.domain.views if view.name == task.view]
    link = task_links(study.project)(shown.tiers[0], task.recording, task.start + 1, task.start + 2)
    assert link == f"{study.url}/projects/{project}/data?task={number}"
    if name == "ecg":
        assert spans[0].fields["confidence"] == "probable"
    else:
        assert spans[0].fields["severity"] == "3"
        assert spans[0].fields["failure_mode"] == "VIB Vibration"


def test_double_click_gives_an_instant(study: Study, page: Any) -> None:
    view, key, label = {"ecg": ("beats", "v", "PVC"), "iot": ("anomalies", "s", "Spike")}[
        domain_of(study)
    ]
    project, number, task = tasks_of(study, view)[1]
    editor = open_task(page, study.url, project, number)
    editor.wait_drawn()
    start_empty(editor)
    editor.press_label(key)
    first, last = editor.view()
    drawn = editor.double_click(first + 0.4 * (last - first))
    editor.submit()
    spans = [s for s in pulled(study, task) if task.start <= s.start < task.end]
    assert [(span.label, span.is_instant) for span in spans] == [(label, True)]
    assert spans[0].start == pytest.approx(seconds(task, drawn.start), abs=sample(study, task))


def test_untouched_prediction_comes_back_exactly(study: Study, page: Any) -> None:
    project, number, task = tasks_of(study, FIRST_VIEW[domain_of(study)])[-1]
    open_task(page, study.url, project, number).submit()
    spans = pulled(study, task)
    version = current_version(study.project)
    expected = study.project.predicted_spans(version)[task.recording]
    tiers = {tier.name for tier in study.project.domain.view_tiers(task.view)}
    wanted = [(s.start, s.end, s.label) for s in expected if s.tier in tiers]
    assert sorted((s.start, s.end, s.label) for s in spans) == sorted(wanted)
    assert {s.origin for s in spans} == {"prediction"}


def test_labels_of_two_controls_become_two_spans(study: Study, page: Any, tmp_path: Path) -> None:
    """Pressing labels of two controls before one drag: one region id, two spans."""
    if domain_of(study) != "ecg":
        pytest.skip("one domain with two tiers is enough")
    project, number, task = tasks_of(study, "rhythm")[1]
    config = study.get(f"/api/projects/{project}")["label_config"]
    second = '<TimeSeriesLabels name="beats" toName="ts"><Label value="PVC" hotkey="0"/>'
    second += "</TimeSeriesLabels>"
    with study.http() as client:
        changed = config.replace("<TimeSeries ", f"{second}<TimeSeries ", 1)
        assert (
            client.patch(f"/api/projects/{project}", json={"label_config": changed}).status_code
            == 200
        )
        try:
            editor = open_task(page, study.url, project, number)
            editor.wait_drawn()
            start_empty(editor)
            editor.press_label("v")
            editor.press_label("0")
            first, last = editor.view()
            drawn = editor.drag(first + 0.2 * (last - first), first + 0.5 * (last - first))
            editor.submit()
            spans = pulled(study, task)
        finally:
            client.patch(f"/api/projects/{project}", json={"label_config": config})
    assert sorted((span.tier, span.label) for span in spans) == [("beats", "PVC"), ("rhythm", "VT")]
    assert {span.id for span in spans} == {drawn.id}
    assert len({(span.start, span.end) for span in spans}) == 1
