"""A blind study on a real Label Studio: mirrored, closed to each other, and joined again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.api_answers import answers, makers
from kit.planted import ANNOTATORS, Planted
from kit.review_study import annotate, described, domain_of_all_kinds, make_review_study
from kit.studies import Study, give_database

from tslab.label_studio.raters import reading_order

pytestmark = pytest.mark.server

SEEDS = range(4)
BLIND = "review: {raters: 3, blind: true, tolerance_seconds: 0}\n"
OPEN = "review: {overlap: 3, tolerance_seconds: 0}\n"
Made = tuple[Study, dict[str, Planted]]


@pytest.fixture(scope="module")
def made(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with domain_of_all_kinds():
        study, plans = make_review_study(tmp_path_factory.mktemp("blind"), SEEDS)
        settle(study, BLIND)
        give_database(study.server, migrated)
        study.run("up", "--no-backend")
        try:
            yield study, plans
        finally:
            study.run("down")


def settle(study: Study, review: str) -> None:
    """Other settings of the review."""
    path = study.root / "tslab.yaml"
    lines = path.read_text().split("review:")[0]
    path.write_text(f"{lines}{review}")


def told(study: Study, capsys: Any, verb: str, *arguments: str) -> Any:
    capsys.readouterr()
    study.run(verb, *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def places(study: Study) -> dict[str, int]:
    """Each annotator's project."""
    found = {item["title"]: item["id"] for item in study.projects()}
    return {
        name: next(n for title, n in found.items() if title.endswith(f"rater {rater}"))
        for rater, name in enumerate(ANNOTATORS, start=1)
    }


def order_of(study: Study, project: int) -> list[str]:
    """Its tasks in the order in which they were made."""
    found = study.server_tasks(project)
    return sorted(found, key=lambda name: found[name]["id"])


def next_task(study: Study, project: int) -> str:
    """What Label Studio offers first to who presses 'Label all tasks'."""
    with study.http() as client:
        address = f"/api/dm/actions?id=next_task&project={project}"
        answer = client.post(address, json={}).raise_for_status().json()
    return str(answer["data"]["task"])


def test_three_raters_from_plan_to_agreement(made: Made, capsys: Any) -> None:
    study, plans = made
    planned = told(study, capsys, "push", "--dry-run")
    assert study.projects() == []
    pushed = told(study, capsys, "push")
    assert pushed["changes"] == planned["changes"]
    assert pushed["plan"][0] == "8 tasks with 3 raters"
    counts = study.counts()
    assert (counts["projects"], counts["tasks"], counts["storages"]) == (3, 24, 3)
    assert told(study, capsys, "push")["changes"] == []
    assert study.counts() == counts

    for rater, number in enumerate(places(study).values(), start=1):
        wanted = [task.id for task in reading_order(study.project.tasks(), rater, 3)]
        assert order_of(study, number) == wanted
    lost_and_made_again(study, capsys)
    assert study.counts() == counts

    users = told(study, capsys, "users", "add", *ANNOTATORS)
    where = places(study)
    for name, row in zip(ANNOTATORS, users["raters"], strict=True):
        assert row["email"] == name
        assert row["address"].endswith(f"/projects/{where[name]}/data")

    for number in where.values():
        assert next_task(study, number) == order_of(study, number)[0]

    annotate(study, plans, where)
    nothing_of_others(study, where)
    assert told(study, capsys, "push")["changes"] == []
    pulled = told(study, capsys, "pull")
    assert pulled["findings"] == []
    assert pulled["counts"] == {"annotations": 24}
    for annotation in study.project.pulled_annotations():
        for tier in ("state", "event", "mark"):
            said = plans[annotation.recording].said[annotation.annotator]
            assert described(annotation.spans, tier) == described(said, tier)
    left = told(study, capsys, "progress")["raters"]
    assert [(r["people"], r["tasks"], r["done"]) for r in left] == [
        ([name], 8, 8) for name in ANNOTATORS
    ]

    blind = told(study, capsys, "agreement")
    for number in where.values():
        with study.http() as client:
            client.delete(f"/api/projects/{number}").raise_for_status()
    settle(study, OPEN)
    study.run("push")
    annotate(study, plans)
    study.run("pull")
    assert told(study, capsys, "agreement") == blind


def lost_and_made_again(study: Study, capsys: Any) -> None:
    """Somebody deletes a task of one rater, and the project of another."""
    one, other = list(places(study).values())[1:]
    task = next(iter(study.server_tasks(one).values()))["id"]
    with study.http() as client:
        for path in (f"/api/tasks/{task}/", f"/api/projects/{other}"):
            client.delete(path).raise_for_status()
    capsys.readouterr()
    study.run("pull", expect=5)
    assert f"project {other} of rater 3 is gone" in capsys.readouterr().err
    study.run("push")


def nothing_of_others(study: Study, where: dict[str, int]) -> None:
    """No answer about a rater's project tells who the others are, or what they said."""
    users = {user["email"]: user["id"] for user in study.get("/api/users")}
    drawn: dict[str, set[str]] = {}
    for name, number in where.items():
        export = study.get(f"/api/projects/{number}/export", exportType="JSON")
        drawn[name] = {str(r["id"]) for t in export for a in t["annotations"] for r in a["result"]}
        assert drawn[name]
    administrator = {number for email, number in users.items() if email not in ANNOTATORS}
    for name, number in where.items():
        others = set(ANNOTATORS) - {name}
        for path, text in answers(study, number).items():
            for other in others:
                assert other not in text, path
                assert not [region for region in drawn[other] if region in text], path
            assert makers(text) <= administrator | {users[name]}, path
