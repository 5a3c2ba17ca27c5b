"""Exact times of what a backend served come back with a pull."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kit.backend import Backend
from kit.own_tasks import pushed
from kit.studies import change_settings

from tslab.annotation import Annotation
from tslab.label_studio.collecting import collect
from tslab.label_studio.people import People
from tslab.label_studio.served_times import served_times
from tslab.project import Project


def test_exact_times_come_back_with_a_pull(backend: Backend, folder: Path) -> None:
    project = Project.open(folder)
    (project.root / "predictions").rename(project.root / "gone") if (
        project.root / "predictions"
    ).exists() else None
    documents = pushed(project)
    answers = backend.predict(documents, 24)
    exported = [
        {
            **document,
            "annotations": [
                {"id": 1, "completed_by": 7, "result": answer["result"], "was_cancelled": False}
            ],
        }
        for document, answer in zip(documents, answers, strict=True)
    ]
    pulled = collect(project, [exported], People({7: "ann@example.com"}))
    whole: list[Annotation] = pulled.annotations
    subject = backend.service.study.subject  # type: ignore[union-attr]
    segmenter = backend.service.models.serving(24, subject).segmenter
    assert segmenter is not None
    for annotation in whole:
        found = segmenter.segment(project.recording(annotation.recording))
        wanted = [
            (s.start, s.end, s.label) for s in found if s.tier in {x.tier for x in annotation.spans}
        ]
        assert [(s.start, s.end, s.label) for s in annotation.spans] == sorted(wanted)
        assert {s.origin for s in annotation.spans} <= {"prediction"}
    assert not (project.root / "predictions").exists()


def drawn(document: dict[str, Any], start: float, end: float) -> dict[str, Any]:
    """A task as it is exported after somebody drew one region by hand; a unit is 1 ms."""
    value = {"start": start, "end": end, "timeserieslabels": ["Drop"], "instant": False}
    region = {
        "id": f"r{start:g}", "from_name": "anomaly", "to_name": "ts",
        "type": "timeserieslabels", "origin": "manual", "value": value,
    }  # fmt: skip
    return {**document, "annotations": [{"id": 1, "completed_by": 7, "result": [region]}]}


def test_a_pull_keeps_an_event_over_a_border_in_two_unless_told(folder: Path) -> None:
    project = Project.open(folder)
    one, two = pushed(project)[:2]
    task = project.tasks()[0]
    first, border, last = (
        task.axis_offset + seconds * 1e6 / task.tick_us for seconds in (90, 100, 110)
    )
    exported = [drawn(one, first, border), drawn(two, border, last)]

    def pulled() -> tuple[list[tuple[float, float]], list[str]]:
        found = collect(Project.open(folder), [exported], People({7: "ann@example.com"}))
        (annotation,) = found.annotations
        spans = [(s.start, s.end) for s in annotation.spans]
        return spans, [f.code for f in found.findings]

    assert pulled() == ([(90, 100), (100, 110)], ["TSL126"])
    change_settings(folder, "window: {seconds: 100, join_events: true}")
    try:
        assert pulled() == ([(90, 110)], [])
    finally:
        change_settings(folder, "window: {seconds: 100}")


def test_what_a_pull_finds_names_whose_annotation_it_is(folder: Path) -> None:
    """A border of an event, a region outside its window and a lead time, each of two people."""
    project = Project.open(folder)
    task = project.tasks()[0]
    first, border, last = (
        task.axis_offset + seconds * 1e6 / task.tick_us for seconds in (90, 100, 110)
    )
    halves = zip(pushed(project)[:2], ((first, border), (border, last)), strict=True)
    exported = []
    for number, (document, (start, end)) in enumerate(halves):
        item = drawn(document, start, end)
        (made,) = item["annotations"]
        result = [*made["result"], {**made["result"][0], "id": "gone", "from_name": "gone"}]
        said = [
            {**made, "id": 10 * number + who, "completed_by": who, "result": result,
             "lead_time": -1.0}
            for who in (7, 8)
        ]  # fmt: skip
        exported.append({**item, "annotations": said})
    people = People({7: "ann@example.com", 8: "ben@example.com"})
    found = [str(f) for f in collect(Project.open(folder), [exported], people).findings]
    for code, tasks in (("TSL126", 1), ("TSL082", 2), ("TSL110", 2)):
        of_code = [line for line in found if code in line]
        assert len(of_code) == len(set(of_code)) == 2 * tasks
        for name in ("ann", "ben"):
            assert sum(f", {name}@example.com: " in line for line in of_code) == tasks


def test_served_times_are_kept_apart_by_task(backend: Backend, folder: Path) -> None:
    project = Project.open(folder)
    documents = pushed(project)
    answers = backend.predict(documents, 24)
    for document, answer in zip(documents, answers, strict=True):
        name = document["data"]["task"]
        known = served_times(project.state, name)
        assert {region["id"] for region in answer["result"]} <= known.keys()
    assert served_times(project.state, "no-such-task") == {}
    assert (project.state / "served-times.sqlite").stat().st_mode & 0o077 == 0
