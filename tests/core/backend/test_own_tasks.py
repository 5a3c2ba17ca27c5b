"""Tasks of a project folder: found by their meta, segmented whole, cut as `tslab predict` does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.backend import CONFIG, Backend, LevelSegmenter, job, running, store_level, work
from kit.studies import change_settings

from tslab.annotation import Annotation
from tslab.backend.settings import BackendSettings
from tslab.cli import run
from tslab.label_studio.collecting import collect
from tslab.label_studio.people import People
from tslab.label_studio.predictions import load_predictions, predict_tasks
from tslab.label_studio.served_times import served_times
from tslab.label_studio.task_groups import group_config, task_groups
from tslab.project import Project
from tslab.recording import Recording
from tslab.segmentation.models.store import ModelStore
from tslab.spans import Span
from tslab.testing.fake_label_studio import FakeLabelStudio

Make = Callable[..., BackendSettings]


def write_machine(path: Path, seed: int) -> None:
    """A machine's table: 400 s, one sample a second, a step in each channel."""
    rng = np.random.default_rng(seed)
    times = np.arange(400)
    values = 20 + rng.normal(0, 0.1, (400, 3)) + 8 * ((times > 150) & (times < 230))[:, None]
    rows = [
        f"{t},{','.join(f'{v:.4f}' for v in row)}" for t, row in zip(times, values, strict=True)
    ]
    header = "time_s,Temperature,Pressure,Voltage"
    path.write_text("\n".join([header, *rows]) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with two recordings, each cut into windows of 100 s."""
    root = tmp_path_factory.mktemp("plant")
    assert run(["init", str(root), "--domain", "iot", "--quiet"]) == 0
    with (root / "tslab.yaml").open("a") as file:
        file.write("window: {seconds: 100}\n")
    for seed in (1, 2):
        write_machine(root.parent / f"pump-{seed}.csv", seed)
        arguments = [str(root.parent / f"pump-{seed}.csv"), "--project", str(root), "--quiet"]
        assert run(["add", *arguments]) == 0
    return root


def pushed(project: Project, number: int = 24) -> list[dict[str, Any]]:
    """The tasks as Label Studio sends them back."""
    return [
        {"id": 100 + i, "project": number, **task.to_json()}
        for i, task in enumerate(project.tasks())
    ]


@pytest.fixture
def backend(folder: Path, settings: Make) -> Iterator[Backend]:
    with running(settings(folder=folder)) as found:
        yield found


def test_the_domains_own_segmenter_serves_first(backend: Backend, folder: Path) -> None:
    project = Project.open(folder)
    answers = backend.predict(pushed(project), 24)
    assert len(answers) == len(project.tasks()) == 8
    versions = {answer["model_version"] for answer in answers}
    assert len(versions) == 1
    assert versions.pop().startswith("iot-rules ")
    assert backend.metric("failed_tasks_total") == 0
    schema = group_config(project, task_groups(project.tasks())[0])
    for body in ({"project": "31.1", "schema": schema}, {"project": "32.1"}):
        name = backend.http.post("/setup", json=body).json()["model_version"]
        assert name == answers[0]["model_version"]
    body = {"project": "33.1", "schema": CONFIG}
    assert backend.http.post("/setup", json=body).json()["model_version"] == "untrained"


def test_answers_are_those_of_tslab_predict(backend: Backend, folder: Path) -> None:
    assert run(["predict", "--project", str(folder), "--quiet"]) == 0
    project = Project.open(folder)
    [(version, known)] = load_predictions(project).items()
    for document, answer in zip(pushed(project), backend.predict(pushed(project), 24), strict=True):
        wanted = known[document["data"]["task"]]
        assert answer["model_version"] == version
        assert answer["result"] == list(wanted.result)
        if wanted.score is not None:
            assert answer["score"] == wanted.score


def test_a_recording_is_segmented_once_for_all_of_its_windows(
    backend: Backend, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.open(folder)
    domain = project.domain
    version = store_level(backend.service.store, 31, domain, 22.0)
    spec = backend.service.study.subject.specs["learning"]  # type: ignore[union-attr]
    seen: list[str] = []
    original = LevelSegmenter.segment

    def segment(self: LevelSegmenter, recording: Any) -> Any:
        seen.append(recording.id)
        return original(self, recording)

    monkeypatch.setattr(LevelSegmenter, "segment", segment)
    monkeypatch.setitem(
        backend.service.study.subject.specs,  # type: ignore[union-attr,arg-type]
        "learning",
        type(spec)("learning", "", LevelSegmenter, True),
    )
    for document in pushed(project, 31):
        [answer] = backend.predict([document], 31)
        assert answer["model_version"] == version
    backend.predict(pushed(project, 31), 31)
    assert sorted(seen) == sorted(project.entries())


def test_regions_fit_the_window_and_parts_share_a_stem(backend: Backend, folder: Path) -> None:
    project = Project.open(folder)
    answers = backend.predict(pushed(project), 24)
    regions = [region for answer in answers for region in answer["result"]]
    ids = [region["id"] for region in regions if region["type"] == "timeserieslabels"]
    assert ids
    assert len(ids) == len(set(ids))
    assert any("~" in name for name in ids)  # the step crosses a window's border


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


def test_tasks_of_other_folders_are_read_like_foreign_ones(backend: Backend, folder: Path) -> None:
    project = Project.open(folder)
    good = pushed(project)[0]
    stranger = {**good, "data": {**good["data"], "recording": "rec-stranger"}}
    damaged = {**good, "meta": {"tslab": 1}}
    other_view = {**good, "meta": {**good["meta"], "view": "gone"}}
    answers = backend.predict([stranger, damaged, good, other_view], 24)
    versions = [answer["model_version"] for answer in answers]
    assert versions == ["untrained", "untrained", "iot-rules 0.1", "untrained"]


def test_a_task_without_meta_is_known_by_its_file(backend: Backend, folder: Path) -> None:
    """What /setup calls the model of a config is who predicts, whatever the request leaves out."""
    project = Project.open(folder)
    schema = group_config(project, task_groups(project.tasks())[0])
    whole = next(
        d
        for d, a in zip(pushed(project), backend.predict(pushed(project), 24), strict=True)
        if a["result"]
    )
    [wanted] = backend.predict([whole], 24)
    name = whole["data"]["csv"]
    said = backend.http.post("/setup", json={"project": "24", "schema": schema}).json()
    for address in (name, f"/data/local-files/?d=somewhere/{name}"):
        bare = {"id": whole["id"], "data": {"csv": address}}
        [answer] = backend.predict([bare], 24, label_config=schema)
        assert answer == wanted
        assert said == {"model_version": answer["model_version"]}
        for meta in (None, {}, "x", [1]):
            assert backend.predict([{**bare, "meta": meta}], 24, label_config=schema) == [wanted]
        [other] = backend.predict([bare], 24)  # another config
        assert other["model_version"] == "untrained"


def test_a_recording_whose_source_is_gone_spoils_its_own_tasks_only(
    backend: Backend, folder: Path
) -> None:
    project = Project.open(folder)
    documents = pushed(project)
    key = min(project.entries())
    source = Path(project.entries()[key].path)
    source.rename(source.with_suffix(".away"))
    try:
        answers = backend.predict(documents, 24, label_config="")
    finally:
        source.with_suffix(".away").rename(source)
    for document, answer in zip(documents, answers, strict=True):
        gone = document["data"]["recording"] == key
        assert gone == (answer == []), document["data"]
        assert gone or answer["model_version"] == "iot-rules 0.1"
    assert backend.metric("failed_tasks_total", reason="data") == len(documents) / 2


def test_a_window_that_was_cut_anew_is_predicted_as_it_was_pushed(
    backend: Backend, folder: Path
) -> None:
    project = Project.open(folder)
    document = pushed(project)[1]
    meta = {**document["meta"], "start": 120.0, "start_us": 120_000_000}
    [answer] = backend.predict([{**document, "meta": meta}], 24)
    assert answer["model_version"].startswith("iot-rules ")
    assert backend.metric("failed_tasks_total") == 0


def test_interactive_requests_stay_in_their_window(backend: Backend, folder: Path) -> None:
    project = Project.open(folder)
    documents = pushed(project)
    answers = backend.predict(documents, 24)
    number = next(i for i, answer in enumerate(answers) if answer["result"])
    drawn = answers[number]["result"][:1]
    [answer] = backend.predict([documents[number]], 24, context={"result": drawn})
    task = project.tasks()[number]
    for region in answer["result"]:
        seconds = (float(region["value"]["start"]) - task.axis_offset) * task.tick_us / 1e6
        assert task.start - 1 <= seconds <= task.end + 1


def test_changes_of_the_folder_are_seen(backend: Backend, folder: Path) -> None:
    study = backend.service.study
    assert study is not None
    before = study.subject
    assert study.subject is before
    change_settings(folder, "title: Another name")
    assert study.subject is not before
    assert study.project.title == "Another name"


def test_a_folder_without_label_studio_still_predicts(folder: Path, settings: Make) -> None:
    with running(settings(folder=folder, url="", api_key="")) as backend:
        answers = backend.predict(pushed(Project.open(folder))[:1], 24)
        assert answers[0]["model_version"].startswith("iot-rules ")


def test_a_foreign_project_beside_the_folder_is_served_too(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    from kit.backend import add_project, tasks_of

    project = add_project(label_studio, 1, 0)
    [answer] = backend.predict(tasks_of(label_studio, project), project)
    assert answer["model_version"] == "untrained"


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
