"""A folder's tasks are learned from as whole recordings."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from kit.backend import job, work

from tslab.label_studio.predictions import predict_tasks
from tslab.project import Project
from tslab.recording import Recording
from tslab.segmentation.models.store import ModelStore
from tslab.spans import Span
from tslab.testing.fake_label_studio import FakeLabelStudio


def annotated_server(
    fake: FakeLabelStudio, folder: Path, find: Callable[[Recording], list[Span]]
) -> int:
    """The folder's tasks in Label Studio, annotated with what `find` says."""
    project = Project.open(folder)
    number = int(fake.add("projects", title="plant", label_config="", model_version="")["id"])
    fake.add("users", email="ann@example.com")
    for key in project.entries():
        recording = project.recording(key)
        own = [task for task in project.tasks() if task.recording == key]
        cut = predict_tasks(recording, find(recording), own, project.domain, "ann")
        for task, part in zip(own, cut, strict=True):
            assert task.id == part.task
            document = task.to_json()
            added = fake.add("tasks", project=number, data=document["data"], meta=document["meta"])
            fake.add(
                "annotations",
                task=added["id"],
                project=number,
                result=list(part.result),
                completed_by=1,
                was_cancelled=False,
            )
    return number


def test_a_folders_tasks_are_learned_as_whole_recordings(
    label_studio: FakeLabelStudio, folder: Path, tmp_path: Path
) -> None:
    domain = Project.open(folder).domain
    label = domain.tiers[0].labels[0].name
    tier = domain.tiers[0].name

    def find(recording: Recording) -> list[Span]:
        del recording
        return [Span(151.0, 230.0, label, tier)]

    number = annotated_server(label_studio, folder, find)
    last, _ = work(job(label_studio, number, tmp_path, folder=str(folder)))
    # The domain's own segmenter had to be matched.
    assert re.search(
        r"worse than iot-rules .*, on the same time: (\d\.\d{3}|undefined) against \d\.\d{3}$",
        last.text,
    )
    [card] = ModelStore(tmp_path / "models").cards(number)
    assert card.recordings == 2
    assert card.spans == 2
    assert card.labels == {tier: [label]}
    assert card.domain == "iot"


def test_one_annotation_does_not_replace_good_rules(
    label_studio: FakeLabelStudio, folder: Path, tmp_path: Path
) -> None:
    project = Project.open(folder)
    rules = next(s for s in project.plugins.segmenters(project.domain) if not s.trainable)
    segmenter = rules.create(project.domain)

    def find(recording: Recording) -> list[Span]:
        return list(segmenter.segment(recording))

    number = annotated_server(label_studio, folder, find)
    last, _ = work(job(label_studio, number, tmp_path, folder=str(folder)))
    store = ModelStore(tmp_path / "models")
    theirs = store.cards(number)[0].scores["overall"]
    # The rules are right everywhere: only a model that is right too may replace them.
    assert last.outcome == ("promoted" if theirs is not None and theirs >= 0.98 else "not better")
    assert (store.current(number) != "") == (last.outcome == "promoted")


def test_a_folders_unlabelled_tasks_are_renewed(
    label_studio: FakeLabelStudio, folder: Path, tmp_path: Path
) -> None:
    project = Project.open(folder)
    domain = project.domain
    tier, label = domain.tiers[0].name, domain.tiers[0].labels[0].name

    def find(recording: Recording) -> list[Span]:
        del recording
        return [Span(151.0, 230.0, label, tier)]

    number = annotated_server(label_studio, folder, find)
    free = [t["id"] for t in label_studio.tasks_of(number)[2:]]
    for key, item in list(label_studio.data["annotations"].items()):
        if item["task"] in free:
            del label_studio.data["annotations"][key]
    (tmp_path / "models").mkdir()
    task = job(label_studio, number, tmp_path, folder=str(folder), refresh=100)
    last, _ = work(task)
    if last.outcome == "promoted":
        renewed = {p["task"] for p in label_studio.data["predictions"].values()}
        assert renewed == set(free)
    else:
        assert last.count == 0
