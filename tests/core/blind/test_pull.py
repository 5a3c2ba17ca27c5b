"""Pull of a blind study: annotations of mirrored tasks are those of one task of the plan."""

from __future__ import annotations

import json

import pytest
from kit.blind_study import BlindStudy, Make

from tslab.progress.activity import load_activity
from tslab.rater_people import load_people, rater_called, save_people, with_people

Capture = pytest.CaptureFixture[str]


def read_all(study: BlindStudy) -> None:
    """Each rater reads his tasks: a mark in each window, and one over each border of windows."""
    for rater, name in ((1, "ann"), (2, "ben"), (3, "cem")):
        for task in study.project.tasks():
            edge = [(task.start, task.start + 5.0 + rater)] if task.start else []
            until = [] if task.end == 1000 else [(task.end - 5.0, task.end)]
            study.annotate(
                study.of(rater), task.id, name, *edge, (task.start + 40, task.start + 50), *until
            )


def test_annotations_of_all_raters_join(make: Make) -> None:
    study = make()
    study.run("push")
    read_all(study)
    study.run("pull", "--raw", expect=(0, 1))
    found = study.project.pulled_annotations()
    assert {(a.recording, a.annotator) for a in found} == {
        (recording, f"{name}@example.org")
        for recording in study.project.entries()
        for name in ("ann", "ben", "cem")
    }
    for annotation in found:
        assert list(annotation.extents) == [(0.0, 1000.0)]
        assert annotation.lead_time == 100.0
    raw = sorted(path.name for path in (study.root / "annotations").glob("raw-*.json"))
    assert raw == [f"raw-{r}-anomalies-rater-{r}.json" for r in (1, 2, 3)]
    activity = load_activity(study.root)
    assert activity is not None
    assert {(e.annotator.split("@")[0], e.rater) for e in activity.entries} == {
        ("ann", 1), ("ben", 2), ("cem", 3),
    }  # fmt: skip


def test_agreement_is_that_of_one_project_with_an_overlap(make: Make, capsys: Capture) -> None:
    study = make()
    study.run("push")
    read_all(study)
    study.run("pull", expect=(0, 1))
    blind = study.told(capsys, "agreement")
    annotations = list(study.server.data["annotations"].values())
    task_of = {t["id"]: t["data"]["task"] for t in study.server.data["tasks"].values()}
    study.server.data.clear()
    study.users = {
        name: int(study.server.add("users", email=f"{name}@example.org")["id"])
        for name in ("ann", "ben", "cem")
    }
    for name in ("raters.json", ".tslab/label-studio-projects.json"):
        (study.root / name).unlink()
    study.set("{overlap: 3}")
    study.run("push")
    (number,) = study.projects.values()
    there = study.tasks(number)
    for old in annotations:
        who = f"{old['result'][0]['id'][2:]}"
        task = there[task_of[old["task"]]]["id"]
        study.server.add("annotations", task=task, project=number, result=old["result"],
                         completed_by=study.users[who], lead_time=10.0)  # fmt: skip
    study.run("pull", expect=(0, 1))
    assert study.told(capsys, "agreement") == blind


def test_who_reads_a_task_twice_is_one_reader(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true}")
    study.run("push")
    first, second = (task.id for task in study.project.tasks()[:2])
    study.annotate(study.of(1), first, "ann", (30, 40))
    study.annotate(study.of(1), second, "ann", (110, 120))
    study.annotate(study.of(2), first, "ann", (10, 20))
    capsys.readouterr()
    study.run("pull", expect=(0, 1))
    said = capsys.readouterr().err
    assert "TSL120" in said
    assert "TSL118" in said
    assert "TSL089" not in said
    (annotation,) = study.project.pulled_annotations()
    assert [(span.start, span.end) for span in annotation.spans] == [(30.0, 40.0), (110.0, 120.0)]
    assert annotation.lead_time == 20.0
    activity = load_activity(study.root)
    assert activity is not None
    assert len(activity.entries) == 3, "both readings are kept for progress"


def test_a_stray_replaces_no_reading_in_the_own_project(make: Make, capsys: Capture) -> None:
    """Ann, who is rater 1, reads in the project of rater 2, too, before and after her own."""
    study = make("{raters: 2, blind: true}", "one")
    study.run("push")
    save_people(study.project.state, {1: ["ann@example.org"], 2: ["ben@example.org"]})
    first, second, third, *_ = (task.id for task in study.project.tasks())
    study.annotate(study.of(2), first, "ann", (50, 60))
    study.annotate(study.of(1), first, "ann", (10, 20))
    study.annotate(study.of(1), second, "ann", (110, 120))
    study.annotate(study.of(2), second, "ann", (150, 160))
    study.annotate(study.of(2), third, "ann", (250, 260))
    study.annotate(study.of(2), second, "ben", (111, 120))
    capsys.readouterr()
    study.run("pull", expect=(0, 1))
    assert "what stands in that of rater 1 counts" in capsys.readouterr().err
    (ann,) = [a for a in study.project.pulled_annotations() if a.annotator == "ann@example.org"]
    assert [(s.start, s.end) for s in ann.spans] == [(10.0, 20.0), (110.0, 120.0), (250.0, 260.0)]
    said = study.told(capsys, "progress")
    assert [(r["rater"], r["done"]) for r in said["raters"]] == [(1, 2), (2, 1)]
    assert said["left"][0]["done"] == 1
    assert said["left"][0]["annotations"] == 20 - 3
    assert sum("TSL120" in finding for finding in said["findings"]) == 1


def test_who_is_no_rater_is_left_out_counted_and_named(make: Make, capsys: Capture) -> None:
    """The lead reads in projects of ann and ben, and marks the truth of one task."""
    study = make("{raters: 2, blind: true}", "one")
    study.run("push")
    study.run("users", "add", "ann@example.org", "ben@example.org")
    first, second, *_ = (task.id for task in study.project.tasks())
    for rater, who in ((1, "ann"), (2, "ben"), (1, "lead"), (2, "lead")):
        study.annotate(study.of(rater), first, who, (10, 20))
    truth = study.annotate(study.of(1), second, "lead", (110, 120))
    study.server.data["annotations"][truth]["ground_truth"] = True
    pulled = study.told(capsys, "pull")
    assert pulled["counts"] == {"annotations": 3, "annotations of accounts that are no rater": 2}
    named = [text for text in pulled["findings"] if "TSL119" in text]
    assert len(named) == 2
    assert all("lead@example.org annotated 1 task in the project" in text for text in named)
    assert {(a.annotator, a.ground_truth) for a in study.project.pulled_annotations()} == {
        ("ann@example.org", False), ("ben@example.org", False), ("lead@example.org", True),
    }  # fmt: skip
    said = json.dumps(study.told(capsys, "agreement"))
    assert "2 projects have work of several people, or of an account that is no rater" in said
    assert "lead@example.org" not in said
    whole = study.told(capsys, "progress")
    assert [(p["annotator"].split("@")[0], p["submitted"]) for p in whole["people"]] == [
        ("ann", 1), ("ben", 1), ("lead", 1),
    ]  # fmt: skip
    assert [r["people"] for r in whole["raters"]][1] == ["ben@example.org"]
    (finding,) = whole["findings"]
    assert "2 annotations by an account that is no rater: left out" in finding
    private = study.told(capsys, "progress", "--private")
    assert (private["left"], private["findings"]) == (whole["left"], whole["findings"])
    assert [(r["tasks"], r["done"]) for r in private["raters"]] == [(10, 1), (10, 1)]
    study.run("users", "add", "lead@example.org", "--rater", "2")
    assert study.told(capsys, "pull")["counts"] == {"annotations": 4}, "read twice, once counts"


def test_work_in_the_project_for_all_from_before_is_said(make: Make, capsys: Capture) -> None:
    study = make("{overlap: 2}", "one")
    study.run("push")
    (before,) = study.projects.values()
    study.set("{raters: 2, blind: true}")
    study.run("push")
    first, second, *_ = (task.id for task in study.project.tasks())
    study.annotate(before, first, "ann", (50, 60))
    study.annotate(before, second, "ann", (150, 160))
    study.annotate(study.of(1), first, "ann", (10, 20))
    findings = study.told(capsys, "pull")["findings"]
    text = "ann@example.org, taken for rater 1, annotated 2 tasks in the earlier project for all"
    assert sum("TSL118" in line and text in line for line in findings) == 1
    assert any(text in finding["message"] for finding in study.told(capsys, "lint")["findings"])
    (ann,) = study.project.pulled_annotations()
    assert [(s.start, s.end) for s in ann.spans] == [(10.0, 20.0), (150.0, 160.0)]


def test_a_project_that_is_gone_is_named_and_nothing_is_lost(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true}")
    study.run("push")
    first = study.project.tasks()[0].id
    study.annotate(study.of(1), first, "ann", (10, 20))
    study.annotate(study.of(2), first, "ben", (10, 20))
    study.run("pull", expect=(0, 1))
    before = (study.root / "annotations" / "annotations.json").read_bytes()
    number = study.of(2)
    study.server.fail(f"/api/projects/{number}/export", 404)
    capsys.readouterr()
    study.run("pull", expect=5)
    assert "answers 404" in capsys.readouterr().err, "it is there all the same"
    del study.server.data["projects"][number]
    study.run("pull", expect=5)
    assert f"project {number} of rater 2 is gone" in capsys.readouterr().err
    assert (study.root / "annotations" / "annotations.json").read_bytes() == before


def test_who_deletes_an_empty_project_as_push_says_can_pull(make: Make, capsys: Capture) -> None:
    study = make("{overlap: 2}", "one")
    study.run("push")
    (before,) = study.projects.values()
    study.set("{raters: 3, blind: true}")
    study.run("push")
    study.set("{raters: 2, blind: true}")
    study.run("push")
    third = study.of(3)
    first = study.project.tasks()[0].id
    study.annotate(third, first, "cem", (10, 20))

    def delete(number: int) -> None:
        del study.server.data["projects"][number]
        study.server.fail(f"/api/projects/{number}/export", 404)

    delete(before)
    assert study.told(capsys, "pull")["annotations"] == 1
    delete(third)
    capsys.readouterr()
    study.run("pull", expect=5)
    assert f"project {third} of rater 3 is gone" in capsys.readouterr().err
    study.run("push")
    assert study.told(capsys, "pull")["annotations"] == 0


def test_a_mark_of_ground_truth_and_skipped_tasks_are_as_ever(make: Make) -> None:
    study = make("{raters: 2, blind: true}")
    study.run("push")
    first, second = (task.id for task in study.project.tasks()[:2])
    number = study.annotate(study.of(1), first, "ann", (10, 20))
    study.annotate(study.of(2), first, "ben", (12, 20))
    skipped = study.annotate(study.of(2), second, "ben", (110, 120))
    study.server.data["annotations"][number]["ground_truth"] = True
    study.server.data["annotations"][skipped]["was_cancelled"] = True
    task = study.tasks(study.of(1))[second]["id"]
    study.server.add("drafts", task=task, result=[], user="ann@example.org")
    study.run("pull", expect=(0, 1))
    found = {(a.annotator, a.ground_truth) for a in study.project.pulled_annotations()}
    assert found == {("ann@example.org", True), ("ben@example.org", False)}
    activity = load_activity(study.root)
    assert activity is not None
    assert {(e.state, e.rater) for e in activity.entries} == {
        ("submitted", 1), ("submitted", 2), ("skipped", 2), ("draft", 1),
    }  # fmt: skip


def test_people_get_the_first_free_number(make: Make) -> None:
    state = make().project.state
    people = with_people({}, ["Ann@x", "ben@x"], 3)
    assert people == {1: ["ann@x"], 2: ["ben@x"]}
    people = with_people(people, ["ann@x", "cem@x", "dora@x"], 3)
    assert people == {1: ["ann@x"], 2: ["ben@x"], 3: ["cem@x"]}, "there is no fourth"
    people = with_people(people, ["dora@x"], 3, rater=2)
    assert people[2] == ["ben@x", "dora@x"]
    assert rater_called(people, "Dora@X") == 2
    assert rater_called(people, "nobody@x") == 0
    save_people(state, people)
    assert load_people(state) == people
    assert (state / "rater-people.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((state / "rater-people.json").read_text())["2"] == ["ben@x", "dora@x"]


def test_readings_of_deleted_accounts_stay_two_peoples(make: Make, capsys: Capture) -> None:
    study = make("{overlap: 2}", "one")
    study.run("push")
    task = study.project.tasks()[0].id
    (project,) = study.projects.values()
    numbers = [study.annotate(project, task, who, (40, 50)) for who in ("ann", "ben")]
    for number in numbers:
        study.server.data["annotations"][number]["completed_by"] = None
    capsys.readouterr()
    study.run("pull")
    assert "TSL125" in "".join(capsys.readouterr())
    assert {a.annotator for a in study.project.pulled_annotations()} == {"unknown", "unknown 2"}
    for number, who in zip(numbers, ("ann", "ben"), strict=True):
        study.server.data["annotations"][number]["completed_by"] = study.users[who]
    study.run("pull")
    for number in numbers:
        study.server.data["annotations"][number]["completed_by"] = None
    for damaged in (False, True):  # names of the last pull; nothing stops a pull
        study.run("pull")
        named = {a.annotator for a in study.project.pulled_annotations()}
        assert named == ({"unknown", "unknown 2"} if damaged else
                         {"ann@example.org", "ben@example.org"})  # fmt: skip
        (study.root / "annotations" / "activity.json").write_text("{")


def test_deleted_accounts_of_two_raters_stay_two_people(make: Make) -> None:
    study = make("{raters: 2, blind: true}", "one")
    study.run("push")
    task = study.project.tasks()[0].id
    for rater, who in ((1, "ann"), (2, "ben")):
        number = study.annotate(study.of(rater), task, who, (40, 50))
        study.server.data["annotations"][number]["completed_by"] = None
    study.run("pull", expect=(0, 1))
    assert {a.annotator for a in study.project.pulled_annotations()} == {
        "unknown of rater 1",
        "unknown of rater 2",
    }
