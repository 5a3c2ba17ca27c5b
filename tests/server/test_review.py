"""The review on a real Label Studio: planted disputes, blinded readings, verdicts, ground truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.api_answers import answers, makers
from kit.planted import ANNOTATORS, Planted
from kit.review_study import (
    DOMAIN,
    described,
    plants_of,
    post,
    reviewed_study,
    verdicts,
)
from kit.studies import Study

from tslab.annotation import Annotation
from tslab.ground_truth import made_truth
from tslab.label_studio.review.config import NONE, REST
from tslab.label_studio.review.key import Key, load_key

pytestmark = pytest.mark.server

SEEDS = range(20)


class Reviewed:
    """A study whose annotators are done, with its review."""

    def __init__(self, study: Study, made: dict[str, Planted]) -> None:
        self.study, self.made = study, made

    @property
    def key(self) -> Key:
        found = load_key(self.study.project.state)
        assert found is not None
        return found

    @property
    def number(self) -> int:
        """Label Studio's id of the review's project."""
        return int(self.study.projects()[-1]["id"])

    def truth(self) -> dict[str, Annotation]:
        found = made_truth(self.study.root)["review"]
        return {annotation.recording: annotation for annotation in found}

    def pull(self, capsys: Any) -> dict[str, Any]:
        capsys.readouterr()
        self.study.run("pull", "--json")
        document = json.loads(capsys.readouterr().out)
        assert document["findings"] == []
        return dict(document["review"])


@pytest.fixture(scope="module")
def reviewed(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    with reviewed_study(tmp_path_factory.mktemp("review"), migrated, SEEDS) as (study, made):
        yield Reviewed(study, made)


def test_windows_are_the_planted_disputes_none_twice(reviewed: Reviewed) -> None:
    found: dict[str, Counter[tuple[str, float, float]]] = {}
    for window in reviewed.key.windows:
        counts = found.setdefault(window.task.recording, Counter())
        for _, plant in plants_of(reviewed.made[window.task.recording], window):
            counts[plant.tier, plant.low, plant.high] += 1
    for recording, made in reviewed.made.items():
        assert found[recording] == Counter((p.tier, p.low, p.high) for p in made.plants)
    shown = reviewed.study.server_tasks(reviewed.number)
    assert sorted(shown) == sorted(window.task.id for window in reviewed.key.windows)
    for window in reviewed.key.windows:
        for case in window.cases:
            assert window.task.start_us <= case.start <= case.end <= window.task.end_us


def test_a_second_review_changes_nothing(reviewed: Reviewed, capsys: Any) -> None:
    before = (reviewed.study.project.state / "review-key.json").read_bytes()
    capsys.readouterr()
    reviewed.study.run("review", "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["changes"] == []
    assert document["added"] == 0
    assert (reviewed.study.project.state / "review-key.json").read_bytes() == before


def test_nothing_tells_who_is_who(reviewed: Reviewed) -> None:
    study, number = reviewed.study, reviewed.number
    users = {user["email"]: user["id"] for user in study.get("/api/users")}
    original = study.projects()[0]["id"]
    with study.http() as client:
        export = client.get(f"/api/projects/{original}/export?exportType=JSON").json()
    ids = {str(r["id"]) for t in export for a in t["annotations"] for r in a["result"]}
    administrator = set(users) - set(ANNOTATORS)
    texts = answers(study, number)
    assert len(texts) > 2 * len(reviewed.key.windows) + 5
    for path, text in texts.items():
        for name in ANNOTATORS:
            assert name not in text, path
            assert name.split("@")[0] not in text.lower(), path
        assert not [region for region in ids if region in text], path
        assert makers(text) <= {users[name] for name in administrator}, path


def test_order_is_random_for_each_window(reviewed: Reviewed) -> None:
    orders = Counter(tuple(sorted(w.letters.items())) for w in reviewed.key.windows)
    assert len(orders) == 6
    assert max(orders.values()) < 0.4 * len(reviewed.key.windows)
    path = reviewed.study.project.state / "review-key.json"
    assert path.stat().st_mode & 0o777 == 0o600


def test_verdicts_become_the_planted_truth(reviewed: Reviewed, capsys: Any) -> None:
    study, key = reviewed.study, reviewed.key
    before = reviewed.pull(capsys)
    cases = sum(len(window.cases) for window in key.windows)
    assert (before["open"], before["decided"]) == (cases, 0)
    shown = study.server_tasks(reviewed.number)
    predicted = {
        item["task"]: item["result"]
        for item in study.get("/api/predictions/", project=reviewed.number)
    }
    project = study.project
    with study.http() as client:
        for number, window in enumerate(key.windows):
            if number == len(key.windows) // 2:
                half = reviewed.pull(capsys)
                assert 0 < half["open"] < cases
                assert half["open"] + half["decided"] == cases
            task, made = shown[window.task.id]["id"], reviewed.made[window.task.recording]
            result = verdicts(project, made, window, predicted[task])
            post(client, f"/api/tasks/{task}/annotations/", {"result": result})
    done = reviewed.pull(capsys)
    assert (done["open"], done["decided"]) == (0, cases)
    truth = reviewed.truth()
    for recording, made in reviewed.made.items():
        for tier in DOMAIN.tiers:
            assert described(truth[recording].spans, tier.name) == described(made.truth, tier.name)
        assert truth[recording].extents == [(0.0, 120.0)]
    plants = [plant for made in reviewed.made.values() for plant in made.plants]
    right = Counter(name for plant in plants for name in plant.right)
    assert done["corrected"] == len([plant for plant in plants if not plant.right])
    assert done["upheld"] == dict(sorted(right.items()))
    reviewed.study.run("progress", "--json")
    review = json.loads(capsys.readouterr().out)["review"]
    assert (review["decided"], review["open"], sum(review["reviewers"].values())) == (
        cases,
        0,
        cases,
    )
    reviewed.study.run("review", "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["changes"] == []


def test_a_deleted_project_costs_no_verdict(reviewed: Reviewed, capsys: Any) -> None:
    """It blocked every pull, and the next review took the verdicts out of the truth."""
    study = reviewed.study
    before = reviewed.truth()
    cases = sum(len(window.cases) for window in reviewed.key.windows)
    with study.http() as client:
        client.delete(f"/api/projects/{reviewed.number}/").raise_for_status()
    for findings in (["TSL123"], []):
        capsys.readouterr()
        study.run("pull", "--json")
        document = json.loads(capsys.readouterr().out)
        assert [found.split()[0] for found in document["findings"]] == findings
        assert (document["review"]["decided"], document["review"]["kept"]) == (cases, cases)
        assert reviewed.truth() == before
        study.run("review", "--json")
        assert len(study.projects()) == 1, "nobody is asked again"


def test_a_verdict_that_is_taken_back_is_open_again(reviewed: Reviewed, capsys: Any) -> None:
    """An answer from the file, or one from a task that is there: only the second can be undone."""
    study = reviewed.study
    (study.project.state / "review-verdicts.json").unlink()
    study.run("review")
    window = reviewed.key.windows[0]
    task = study.server_tasks(reviewed.number)[window.task.id]["id"]
    whole = {"id": "w", "from_name": REST, "to_name": "ts", "type": "choices"}
    result = [{**whole, "value": {"choices": [NONE]}}]
    with study.http() as client:
        post(client, f"/api/tasks/{task}/annotations/", {"result": result})
    done = reviewed.pull(capsys)
    assert done["decided"] == done["nothing"] == len(window.cases)
    assert list(done["reviewers"].values()) == [len(window.cases)]
    with study.http() as client:
        (given,) = client.get(f"/api/tasks/{task}/annotations/").json()
        client.delete(f"/api/annotations/{given['id']}/").raise_for_status()
    capsys.readouterr()
    study.run("pull", "--json")
    document = json.loads(capsys.readouterr().out)
    assert [found.split()[0] for found in document["findings"]] == ["TSL124"]
    assert document["review"]["decided"] == 0
