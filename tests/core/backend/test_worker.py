"""What one training does: reads back, learns, judges, promotes, renews predictions."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from kit.backend import (
    CONFIG,
    LevelSegmenter,
    add_project,
    annotate,
    job,
    regions,
    series,
    tasks_of,
    work,
)

from tslab.contracts import SegmenterSpec
from tslab.errors import TslabError
from tslab.segmentation.models.store import ModelStore
from tslab.testing.fake_label_studio import FakeLabelStudio


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def test_a_training_learns_what_people_marked(
    label_studio: FakeLabelStudio, tmp_path: Path, store: ModelStore
) -> None:
    project = add_project(label_studio, 5, 3)
    last, told = work(job(label_studio, project, tmp_path))
    assert (last.outcome, last.text) == ("promoted", "it is the first model")
    assert store.current(project) == last.version
    card = store.card(project, last.version)
    assert card.labels == {"lab": ["Run", "Walk"]}
    assert card.recordings == 3
    assert card.scores["overall"] is not None
    shares = [news.share for news in told]
    assert shares == sorted(shares)
    assert {news.outcome for news in told} == {""}


def test_the_same_annotations_are_learned_once(
    label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 2, 2)
    first, _ = work(job(label_studio, project, tmp_path))
    again, _ = work(job(label_studio, project, tmp_path))
    assert (first.outcome, again.outcome) == ("promoted", "unchanged")
    known = job(label_studio, project, tmp_path, segmenter="lstm", known=first.data_hash)
    assert work(known)[0].outcome == "unchanged"


def test_a_worse_model_is_stored_and_not_promoted(
    label_studio: FakeLabelStudio,
    tmp_path: Path,
    store: ModelStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = add_project(label_studio, 4, 3)
    good, _ = work(job(label_studio, project, tmp_path))

    class Blind(LevelSegmenter):
        def segment(self, recording: Any) -> list[Any]:
            return []

    blind = SegmenterSpec("lstm", "finds nothing", Blind, True)
    learning = _spec("learning")
    monkeypatch.setattr("tslab.backend.foreign_tasks.SPECS", (learning, blind))
    task = label_studio.tasks_of(project)[3]
    annotate(label_studio, project, task["id"], series(3)[1])
    bad, _ = work(job(label_studio, project, tmp_path, segmenter="lstm"))
    assert bad.outcome == "not better"
    assert store.current(project) == good.version
    assert {card.version for card in store.cards(project)} == {good.version, bad.version}


def _spec(name: str) -> SegmenterSpec:
    from tslab.segmentation import SPECS

    return next(spec for spec in SPECS if spec.name == name)


def test_nothing_to_learn_changes_nothing(
    label_studio: FakeLabelStudio, tmp_path: Path, store: ModelStore
) -> None:
    project = add_project(label_studio, 2, 0)
    assert work(job(label_studio, project, tmp_path))[0].outcome == "nothing to learn"
    annotate(label_studio, project, tasks_of(label_studio, project)[0]["id"], [])
    assert work(job(label_studio, project, tmp_path))[0].outcome == "nothing to learn"
    assert store.projects() == []


def test_a_bad_task_is_named_and_counted(
    label_studio: FakeLabelStudio, tmp_path: Path, store: ModelStore
) -> None:
    project = add_project(label_studio, 3, 2)
    for data in ({"csv": "file:///etc/passwd"}, {"other": 1}, {"csv": None}, {}):
        task = label_studio.add("tasks", project=project, data=data, meta={})
        annotate(label_studio, project, task["id"], series(0)[1])
    last, _ = work(job(label_studio, project, tmp_path))
    assert last.outcome == "promoted"
    card = store.card(project, last.version)
    assert card.recordings == 2
    assert sum("task" in line for line in card.left_out) == 4


def test_addresses_under_a_public_name_are_read(
    label_studio: FakeLabelStudio, tmp_path: Path, store: ModelStore
) -> None:
    project = add_project(label_studio, 2, 2)
    for task in label_studio.data["tasks"].values():
        task["data"]["csv"] = f"https://labels.example{task['data']['csv']}"
    names = ["https://labels.example"]
    assert work(job(label_studio, project, tmp_path))[0].outcome == "nothing to learn"
    last, _ = work(job(label_studio, project, tmp_path, names=names))
    assert last.outcome == "promoted"
    assert store.card(project, last.version).recordings == 2


def test_a_key_that_does_not_open_ends_the_training(
    label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 2, 2)
    with pytest.raises(TslabError, match="refuses the token"):
        work(job(label_studio, project, tmp_path, api_key="wrong"))


def test_unlabelled_tasks_get_new_predictions_in_place_of_ours(
    label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 6, 2)
    tasks = tasks_of(label_studio, project)
    label_studio.data["projects"][project]["model_version"] = "an old one"
    common = {"project": project, "result": [], "score": 0.3}
    old = label_studio.add("predictions", task=tasks[3]["id"], model_version="untrained", **common)
    theirs = label_studio.add(
        "predictions", task=tasks[4]["id"], model_version="their net", **common
    )
    last, told = work(job(label_studio, project, tmp_path, refresh=100))
    assert last.count == 4
    assert [news.outcome for news in told if news.outcome] == ["promoted"]
    stored = list(label_studio.data["predictions"].values())
    ours = [item for item in stored if item["model_version"] == last.version]
    assert sorted(item["task"] for item in ours) == [task["id"] for task in tasks[2:]]
    # Who has the task open names this prediction when he submits it: it must go on being there.
    assert old["id"] in {item["id"] for item in ours if item["task"] == tasks[3]["id"]}
    assert not any(request.method == "DELETE" for request in label_studio.requests)
    assert all(item["result"] and 0 < item["score"] <= 1 for item in ours)
    others = [item for item in stored if item["model_version"] != last.version]
    assert [item["id"] for item in others] == [theirs["id"]]
    assert label_studio.data["projects"][project]["model_version"] == last.version


def test_tasks_that_wait_for_a_second_annotator_get_new_predictions(
    label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 4, 3)
    label_studio.data["projects"][project]["maximum_annotations"] = 2
    tasks = tasks_of(label_studio, project)
    annotate(label_studio, project, tasks[0]["id"], series(0)[1])["completed_by"] = 2
    before = copy.deepcopy(label_studio.data["annotations"])
    last, _ = work(job(label_studio, project, tmp_path, refresh=100))
    stored = label_studio.data["predictions"].values()
    ours = [item["task"] for item in stored if item["model_version"] == last.version]
    assert sorted(ours) == [task["id"] for task in tasks[1:]]
    assert label_studio.data["annotations"] == before


def test_a_bounded_number_is_renewed_the_most_uncertain_first(
    label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 8, 2)
    tasks = tasks_of(label_studio, project)
    for number, score in ((3, 0.9), (4, 0.1), (5, 0.5)):
        label_studio.add(
            "predictions",
            task=tasks[number]["id"],
            project=project,
            model_version="untrained",
            result=[],
            score=score,
        )
    last, _ = work(job(label_studio, project, tmp_path, refresh=2))
    stored = label_studio.data["predictions"].values()
    ours = {item["task"] for item in stored if item["model_version"] == last.version}
    assert ours == {tasks[4]["id"], tasks[5]["id"]}


def test_renewed_tasks_are_scored_as_parts_of_one_pool(
    label_studio: FakeLabelStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = add_project(label_studio, 6, 2)
    pools: list[dict[int, Any]] = []

    def half(places: dict[int, Any]) -> dict[int, float]:
        pools.append(dict(places))
        return dict.fromkeys(places, 0.5)

    monkeypatch.setattr("tslab.backend.refreshing.typicality", half)
    monkeypatch.setattr("tslab.backend.refreshing.BATCH", 3)
    last, _ = work(job(label_studio, project, tmp_path, refresh=100))
    assert last.count == 4
    (places,) = pools
    assert set(places) == {task["id"] for task in tasks_of(label_studio, project)[2:]}
    assert len({len(place) for place in places.values()}) == 1
    for item in label_studio.data["predictions"].values():
        scores = [region["score"] for region in item["result"]]
        doubt = 1 - sum(scores) / len(scores)
        assert item["score"] == pytest.approx(1 - 0.5 * doubt, abs=1e-3)


@pytest.mark.parametrize(("sampling", "shown"), [("", "tslab"), ("Uncertainty sampling", "")])
def test_a_project_that_asks_the_backend_goes_on_asking(
    sampling: str, shown: str, label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 3, 2)
    settings = label_studio.data["projects"][project]
    settings |= {"model_version": "tslab", "sampling": sampling}
    label_studio.add("ml", project=project, title="tslab", url="http://127.0.0.1:9090")
    last, _ = work(job(label_studio, project, tmp_path, refresh=5))
    assert last.count == 1
    assert settings["model_version"] == (shown or last.version)


def test_tasks_that_were_not_renewed_are_asked_about_when_they_are_next(
    label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 5, 2)
    settings = label_studio.data["projects"][project]
    settings["model_version"] = "an old one"
    label_studio.add("ml", project=project, title="tslab", url="http://127.0.0.1:9090")
    last, _ = work(job(label_studio, project, tmp_path, refresh=1))
    assert last.count == 1
    assert settings["model_version"] == "tslab"


def test_a_task_that_cannot_be_predicted_keeps_what_it_has(
    label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 4, 2)
    task = tasks_of(label_studio, project)[2]
    del label_studio.files[task["data"]["csv"]]
    old = label_studio.add(
        "predictions",
        task=task["id"],
        project=project,
        model_version="untrained",
        result=[],
        score=0,
    )
    last, _ = work(job(label_studio, project, tmp_path, refresh=10))
    assert last.count == 1
    assert old["id"] in label_studio.data["predictions"]


def test_trouble_while_renewing_does_not_undo_the_training(
    label_studio: FakeLabelStudio, tmp_path: Path, store: ModelStore
) -> None:
    project = add_project(label_studio, 3, 2)
    label_studio.fail("/api/projects/.*/import/predictions", 500)
    last, _ = work(job(label_studio, project, tmp_path, refresh=10))
    assert last.outcome == "promoted"
    assert "not renewed" in last.text
    assert store.current(project) == last.version


def test_defect_11_12_relations_skipped_and_foreign_annotations_do_not_disturb(
    label_studio: FakeLabelStudio, tmp_path: Path, store: ModelStore
) -> None:
    project = add_project(label_studio, 3, 2)
    task = tasks_of(label_studio, project)[2]["id"]
    relation = {"type": "relation", "from_id": "r0", "to_id": "r1", "direction": "right"}
    strange = {"id": "q", "from_name": "gone", "to_name": "ts", "type": "choices", "value": {}}
    removed = regions([(1.0, 2.0, "Jump")])
    drawn = [*regions(series(2)[1]), relation, strange, *removed]
    common = {"task": task, "project": project, "ground_truth": False}
    label_studio.add("annotations", result=drawn, completed_by=1, was_cancelled=False, **common)
    skipped = regions([(0.0, 9.0, "Run")])
    label_studio.add("annotations", result=skipped, completed_by=2, was_cancelled=True, **common)
    last, _ = work(job(label_studio, project, tmp_path))
    assert last.outcome == "promoted"
    card = store.card(project, last.version)
    assert card.spans == 6
    assert card.labels == {"lab": ["Run", "Walk"]}
    assert any("labels that the labeling config does not have" in x for x in card.left_out)


def test_a_model_card_holds_no_secret(
    label_studio: FakeLabelStudio, tmp_path: Path, store: ModelStore
) -> None:
    project = add_project(label_studio, 2, 2)
    last, told = work(job(label_studio, project, tmp_path))
    folder = store.folder(project, last.version)
    for path in folder.iterdir():
        assert label_studio.api_key.encode() not in path.read_bytes()
    assert label_studio.api_key not in json.dumps([news.text for news in told])


def test_the_config_is_read_back_not_believed(
    label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 2, 2, CONFIG.replace("Walk", "Stroll"))
    last, _ = work(job(label_studio, project, tmp_path))
    card = ModelStore(tmp_path / "models").card(project, last.version)
    assert card.labels == {"lab": ["Run"]}
