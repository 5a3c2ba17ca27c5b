"""What the other commands make of a blind study: progress, users, review, lint, doctor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.blind_study import BlindStudy, Make

from tslab.label_studio.review.unread import unread_tasks
from tslab.rater_people import save_people

Capture = pytest.CaptureFixture[str]


def test_progress_knows_what_is_left_for_each_rater(
    make: Make, capsys: Capture, tmp_path: Path
) -> None:
    study = make("{raters: 3, blind: true, percentage: 40}")
    study.run("push")
    plan = study.plan()
    mine = {r: [task for task, own in plan.items() if r in own] for r in (1, 2, 3)}
    for task in mine[1]:
        study.annotate(study.of(1), task, "ann", (0, 5))
    for task in mine[2][:3]:
        study.annotate(study.of(2), task, "ben", (0, 5))
    task = study.tasks(study.of(3))[mine[3][0]]["id"]
    study.server.add("annotations", task=task, project=study.of(3), result=[], was_cancelled=True,
                     completed_by=study.users["cem"])  # fmt: skip
    study.run("pull", expect=(0, 1))
    said = study.told(capsys, "progress")
    many = [len(mine[r]) for r in (1, 2, 3)]
    rows = [(r["rater"], r["people"], r["tasks"], r["done"], r["skipped"]) for r in said["raters"]]
    assert rows == [
        (1, ["ann@example.org"], many[0], many[0], 0),
        (2, ["ben@example.org"], many[1], 3, 0),
        (3, ["cem@example.org"], many[2], 0, 1),
    ]
    assert said["raters"][1]["hours"] == pytest.approx((many[1] - 3) * 10 / 3600)
    (left,) = said["left"]
    assert left["annotations"] == many[1] - 3 + many[2]
    assert left["tasks"] == 20
    assert left["done"] == sum(
        all(r == 1 or (r == 2 and task in mine[2][:3]) for r in own) for task, own in plan.items()
    )
    page = tmp_path / "progress.html"
    study.run("progress", "--report", str(page))
    assert "By rater" in page.read_text()
    study.run("progress", "--private", "--report", str(page))
    assert "ann@example" not in page.read_text()
    assert "By rater" in page.read_text()


def test_a_lost_plan_makes_no_task_done_by_one_rater(make: Make, capsys: Capture) -> None:
    study = make("{raters: 3, blind: true}", "one")
    study.run("push")
    study.annotate(study.of(1), study.project.tasks()[0].id, "ann", (10, 20))
    study.run("pull", expect=(0, 1))
    (study.root / "raters.json").unlink()
    (left,) = study.told(capsys, "progress")["left"]
    assert (left["done"], left["annotations"]) == (0, 10 * 3 - 1)


def test_work_in_another_project_leaves_the_raters_task_undone(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true}")
    study.run("push")
    for task in study.project.tasks():
        study.annotate(study.of(1), task.id, "ann", (task.start, task.start + 5))
        study.annotate(study.of(1), task.id, "ben", (task.start, task.start + 5))
    study.run("pull", expect=(0, 1))
    assert "TSL119" in "".join(study.told(capsys, "lint")["findings"][0].values())
    said = study.told(capsys, "progress")
    assert [(r["rater"], r["done"]) for r in said["raters"]] == [(1, 20), (2, 0)]
    assert said["left"][0]["annotations"] == 20


def test_only_the_person_who_was_named_makes_a_raters_task_done(
    make: Make, capsys: Capture
) -> None:
    """The lead reads a task in the project of ann; an account that is gone may have been hers."""
    study = make("{raters: 2, blind: true}", "one")
    study.run("push")
    save_people(study.project.state, {1: ["ann@example.org"]})
    first, second, third, *_ = (task.id for task in study.project.tasks())
    study.annotate(study.of(1), first, "lead", (10, 20))
    study.annotate(study.of(1), second, "ann", (110, 120))
    gone = study.annotate(study.of(1), third, "cem", (210, 220))
    study.server.data["annotations"][gone]["completed_by"] = None
    study.annotate(study.of(2), first, "ben", (10, 20))
    study.run("pull", expect=(0, 1))
    said = study.told(capsys, "progress")
    assert [(r["rater"], r["done"]) for r in said["raters"]] == [(1, 2), (2, 1)]
    (left,) = said["left"]
    assert (left["done"], left["none"], left["annotations"]) == (0, 7, 17)


def test_a_review_does_not_take_a_stranger_for_the_rater_who_was_named(make: Make) -> None:
    study = make("{raters: 3, blind: true}", "one")
    study.run("push")
    save_people(study.project.state, {1: ["ann@example.org"]})
    first, second, *_ = (task.id for task in study.project.tasks())
    for task, who in ((first, "lead"), (second, "ann")):
        for rater, name in ((1, who), (2, "ben"), (3, "cem")):
            study.annotate(study.of(rater), task, name, (10, 20))
    study.run("pull", expect=(0, 1))
    assert unread_tasks(study.project) == {first: [1]}


def test_raters_hours_add_up_to_those_of_the_study(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true}", "one")
    study.run("push")
    tasks = [task.id for task in study.project.tasks()]
    for rater, who, many, seconds in ((1, "ann", 8, 40.0), (2, "ben", 5, 100.0)):
        for task in tasks[:many]:
            number = study.annotate(study.of(rater), task, who)
            study.server.data["annotations"][number]["lead_time"] = seconds
    study.run("pull", expect=(0, 1))
    said = study.told(capsys, "progress")
    hours = [rater["hours"] * 3600 for rater in said["raters"]]
    assert hours == pytest.approx([2 * 40.0, 5 * 40.0]), "at the median of all raters"
    assert said["left"][0]["hours"] * 3600 == pytest.approx(sum(hours))


def test_users_are_the_next_rater_that_nobody_is(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true}")
    first = study.told(capsys, "users", "add", "ann@example.org")
    assert first["raters"] == [
        {"email": "ann@example.org", "rater": 1, "address": "after 'tslab push'"}
    ]
    study.run("push")
    capsys.readouterr()
    study.run("users", "add", "ann@example.org", "ben@example.org", "cem@example.org")
    said = capsys.readouterr()
    assert f"/projects/{study.of(2)}/data" in said.out
    assert "cem@example.org is no rater" in said.err
    study.run("users", "add", "cem@example.org", "--rater", "2")
    listed = study.told(capsys, "users", "list")["raters"]
    assert [(row["email"].split("@")[0], row["rater"]) for row in listed] == [
        ("ann", 1), ("ben", 2), ("cem", 2),
    ]  # fmt: skip
    pushed = study.told(capsys, "push")
    assert pushed["raters"][1]["people"] == ["ben@example.org", "cem@example.org"]


def test_who_left_when_raters_was_lowered_is_no_rater(make: Make, capsys: Capture) -> None:
    study = make("{raters: 3, blind: true}", "one")
    names = [f"{name}@example.org" for name in ("ann", "ben", "cem")]
    study.run("push")
    study.run("users", "add", *names)
    study.set("{raters: 2, blind: true}")
    for pushed in (False, True):
        if pushed:
            study.run("push")
        listed = study.told(capsys, "users", "list")
        assert [(row["email"], row["rater"]) for row in listed["raters"]] == [
            (names[0], 1), (names[1], 2),
        ]  # fmt: skip
        assert listed["former_raters"] == [{"email": names[2], "rater": 3}]
        study.run("users", "list")
        assert "No rater any more since raters is 2: cem@example.org (rater 3)" in (
            capsys.readouterr().out
        )
        study.run("users", "add", names[2])
        assert "cem@example.org stays rater 3, who gets nothing new" in capsys.readouterr().err
    study.set("{raters: 3, blind: true}")
    study.run("push")
    listed = study.told(capsys, "users", "list")
    assert [row["email"] for row in listed["raters"]] == names
    assert (listed["former_raters"], listed["without_account"]) == ([], [])
    del study.server.data["users"][study.users["cem"]]
    listed = study.told(capsys, "users", "list")
    assert [row["email"] for row in listed["raters"]] == names[:2]
    assert listed["without_account"] == [{"email": names[2], "rater": 3}]


def test_users_of_other_servers_and_other_studies_are_refused_as_ever(
    make: Make, capsys: Capture
) -> None:
    study = make("{raters: 2, blind: true}")
    capsys.readouterr()
    study.run("users", "add", "nobody@example.org", expect=5)
    assert "makes no accounts" in capsys.readouterr().err
    study.run("users", "add", "ann@example.org", "--rater", "3", expect=2)
    assert "no rater 3" in capsys.readouterr().err
    study.set("{overlap: 2}")
    study.run("users", "add", "ann@example.org", expect=5)
    study.run("users", "add", "ann@example.org", "--rater", "1", expect=2)
    assert "raters" not in study.told(capsys, "users", "list")


def test_a_damaged_list_of_raters_stops_before_accounts_are_made(
    make: Make, capsys: Capture
) -> None:
    study = make("{raters: 2, blind: true}")
    (study.project.state / "rater-people.json").write_text("[]")
    before = len(study.server.requests)
    capsys.readouterr()
    study.run("users", "add", "ann@example.org", expect=4)
    assert "rater-people.json' is damaged" in capsys.readouterr().err
    (study.project.state / "rater-people.json").unlink()
    (study.project.state / "label-studio-projects.json").write_text("{")
    study.run("users", "add", "ann@example.org", expect=4)
    assert "label-studio-projects.json" in capsys.readouterr().err
    assert len(study.server.requests) == before


def read(study: BlindStudy, rater: int, who: str, task: str, shift: float) -> None:
    start = next(t.start for t in study.project.tasks() if t.id == task)
    study.annotate(study.of(rater), task, who, (start + 10 + shift, start + 20 + shift))


def test_low_agreement_asks_the_next_rater(make: Make, capsys: Capture) -> None:
    study = make("{raters: 3, blind: true, overlap: 2, low_agreement: 0.5}")
    study.run("push")
    names = {1: "ann", 2: "ben", 3: "cem"}
    plan = study.plan()
    odd = sorted(plan)[:2]
    for task, own in plan.items():
        for number, rater in enumerate(own):
            read(study, rater, names[rater], task, 50.0 * number if task in odd else 0.0)
    study.run("pull", expect=(0, 1))
    said = study.told(capsys, "review", "--dry-run")
    assert sum("import" in change for change in said["changes"]) >= 1
    assert set(said["low_agreement"]) == set(odd)
    assert (said["later"], said["disputes"]) == (4, 0)
    said = study.told(capsys, "review", "--dry-run", "--now")
    assert (said["low_agreement"], said["later"], said["disputes"]) == ({}, 0, 4)
    assert study.plan() == plan
    study.run("review")
    after = study.plan()
    assert {task for task in plan if after[task] != plan[task]} == set(odd)
    for task in odd:
        assert after[task] == [1, 2, 3]
        (third,) = set(after[task]) - set(plan[task])
        assert task in study.tasks(study.of(third))
    before = study.counts()
    study.run("review")
    study.run("push")
    assert study.counts() == before, "asked once, and push agrees"
    (third,) = set(after[odd[0]]) - set(plan[odd[0]])
    del study.server.data["tasks"][study.tasks(study.of(third))[odd[0]]["id"]]
    study.run("review")
    assert odd[0] in study.tasks(study.of(third)), "as after a review that was cut off"
    for task in odd:
        (third,) = set(after[task]) - set(plan[task])
        read(study, third, names[third], task, 0.0)
    study.run("pull", expect=(0, 1))
    said = study.told(capsys, "review")
    assert said["disputes"] == 4, "nobody else is left: a reviewer decides"
    assert study.plan() == after


def test_a_review_begins_from_blind_projects(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true}")
    study.run("push")
    for task in study.project.tasks():
        read(study, 1, "ann", task.id, 0.0)
        read(study, 2, "ben", task.id, 3.0)
    study.run("pull", expect=(0, 1))
    said = study.told(capsys, "review")
    assert said["disputes"] > 0
    (review,) = (n for title, n in study.projects.items() if title.endswith("review"))
    sent = json.dumps([study.server.data["projects"][review], study.server.tasks_of(review)])
    assert "ann@" not in sent
    assert "rater" not in sent
    study.run("push")
    study.run("pull", expect=(0, 1))
    assert len(study.project.pulled_annotations()) == 4


def test_a_review_waits_for_planned_raters(make: Make, capsys: Capture) -> None:
    study = make("{raters: 3, blind: true}")
    study.run("push")
    study.run("users", "add", *(f"{name}@example.org" for name in ("ann", "ben", "cem")))
    tasks = [task.id for task in study.project.tasks()]
    for task in tasks:
        read(study, 1, "ann", task, 0.0)
        read(study, 2, "ben", task, 50.0)
    for task in tasks[:3]:
        read(study, 3, "cem", task, 0.0)
    skipped = study.tasks(study.of(3))[tasks[3]]["id"]
    study.server.add("annotations", task=skipped, project=study.of(3), result=[],
                     was_cancelled=True, completed_by=study.users["cem"])  # fmt: skip
    study.run("pull", expect=(0, 1))
    said = study.told(capsys, "review")
    assert (said["disputes"], said["open"], said["unread"]) == (8, 8, 16)
    assert said["later"] == 2 * 16
    (warning,) = [text for text in said["warnings"] if "planned" in text]
    assert "have read: rater 3 cem@example.org (16 tasks). To review now: tslab" in warning
    hasty = study.told(capsys, "review", "--now", "--dry-run")
    assert hasty["disputes"] == 40
    assert any("void" in text for text in hasty["warnings"])
    for task in tasks[4:]:
        read(study, 3, "cem", task, 0.0)
    study.run("pull", expect=(0, 1))
    last = study.told(capsys, "review")
    assert (last["disputes"], last["unread"], last["warnings"]) == (40, 0, [])
    kept = {row["window"] for row in said["queue"]}
    assert kept <= {row["window"] for row in last["queue"]}, "what was asked stays"


def test_the_file_of_links_names_each_copy_of_a_task(make: Make) -> None:
    study = make("{raters: 2, blind: true}")
    study.run("push")
    first, second = (task.id for task in study.project.tasks()[:2])
    read(study, 1, "ann", first, 0)
    read(study, 2, "ben", first, 0)
    read(study, 2, "ben", second, 0)
    study.run("pull", expect=(0, 1))
    found = json.loads((study.root / ".tslab" / "label-studio-tasks.json").read_text())["tasks"]
    assert [place for place, _ in found[first]] == [study.of(1), study.of(2)]
    assert [place for place, _ in found[second]] == [study.of(2)]


def test_doctor_says_what_the_community_edition_cannot(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true}")
    study.run("push")
    checks = {c["name"]: c for c in study.told(capsys, "doctor")["checks"]}
    assert checks["blind reading"]["status"] == "warn"
    assert "projects of 2 of 2 raters" in checks["blind reading"]["detail"]
    study.set("{overlap: 2}")
    names = [c["name"] for c in study.told(capsys, "doctor")["checks"]]
    assert "blind reading" not in names


def test_raw_files_tell_progress_whose_they_are(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true}")
    study.run("push")
    first = study.project.tasks()[0].id
    read(study, 2, "ben", first, 0)
    study.run("pull", "--raw", expect=(0, 1))
    (study.root / "annotations" / "activity.json").unlink()
    said = study.told(capsys, "progress")
    assert [r["done"] for r in said["raters"]] == [0, 1]
