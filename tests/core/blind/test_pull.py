"""Pull of a blind study: annotations of mirrored tasks are those of one task of the plan."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from kit.blind_study import BlindStudy, Make

from tslab.progress.activity import Activity, Entry, load_activity
from tslab.progress.rater_findings import rater_findings
from tslab.rater_people import load_people, rater_called, save_people, with_people
from tslab.reading_plan import ReadingPlan

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
    assert "2 annotations of accounts that are no rater: left out" in finding
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


# --- who annotated where --------------------------------------------------------------------


def entry(task: str, who: str, rater: int, number: int = 1) -> Entry:
    return Entry(task, "rec", "v", 0, 10, who, rater=rater, number=number)


def found(*entries: Entry, people: dict[int, list[str]] | None = None) -> list[str]:
    plan = ReadingPlan({"a": (1, 2), "b": (1,), "c": (2,)})
    said = rater_findings(Activity("", entries), people or {}, plan)
    assert all(finding.severity == "warning" and finding.remedy for finding in said)
    return [f"{finding.code} {finding.message}" for finding in said]


def test_an_orderly_study_has_no_finding() -> None:
    assert found(entry("a", "ann", 1), entry("a", "ben", 2), entry("b", "ann", 1)) == []
    open_study = Activity("", [entry("a", "ann", 0), entry("a", "ben", 0)])
    assert rater_findings(open_study, {}, None, blind=False) == []


def test_somebody_in_another_raters_project() -> None:
    assert found(entry("b", "ann", 1), entry("c", "ben", 2), entry("a", "ben", 1)) == [
        "TSL118 ben, taken for rater 2, annotated 1 task of rater 1"
    ]
    people = {1: ["ann"], 2: ["ben"]}
    assert found(entry("b", "Ben", 1), people=people) == [
        "TSL118 Ben, who is rater 2, annotated 1 task of rater 1"
    ]


def test_several_people_in_one_project() -> None:
    said = found(entry("a", "ann", 1), entry("b", "ann", 1), entry("b", "zoe", 1))
    text = "TSL119 in the project of rater 1, ann annotated 2 tasks, zoe annotated 1 task"
    assert said == [text]
    both = {1: ["ann", "zoe"]}
    assert found(entry("a", "ann", 1), entry("b", "zoe", 1), people=both) == []


def test_who_is_no_rater_is_named() -> None:
    people = {1: ["ann@x"], 2: ["ben@x"]}
    lead = entry("c", "lead@x", 1), entry("c", "lead@x", 2, 2)
    assert found(entry("a", "ann@x", 1), *lead, entry("a", "zoe@x", 1, 3), people=people) == [
        "TSL119 lead@x annotated 1 task, zoe@x annotated 1 task in the project of rater 1, and are "
        "no raters: left out",
        "TSL119 lead@x annotated 1 task in the project of rater 2, and is no rater: left out",
    ]
    assert found(entry("a", "cem@x", 1), people={2: ["ben@x"]}) == [], "may be rater 1"
    assert found(entry("a", "unknown of rater 1", 1), people=people) == [], "may have been ann"


def test_work_in_the_project_for_all_from_before_is_not_blind() -> None:
    people = {1: ["ann@x"], 2: ["ben@x"]}
    strays = entry("a", "ann@x", 0, 2), replace(entry("b", "ben@x", 0, 3), state="draft")
    assert found(entry("a", "ann@x", 1), *strays, people=people) == [
        "TSL118 ann@x, who is rater 1, annotated 1 task in the earlier project for all",
        "TSL118 ben@x, who is rater 2, began 1 task in the earlier project for all",
        "TSL120 ann@x read 1 task in the projects of several raters; what stands in that of rater "
        "1 counts",
    ]
    assert found(entry("a", "zoe@x", 0), people=people) == [
        "TSL119 zoe@x annotated 1 task in the earlier project for all, and is no rater: left out"
    ]
    assert found(entry("a", "zoe@x", 0)) == [
        "TSL118 zoe@x annotated 1 task in the earlier project for all"
    ]


def test_drafts_and_skipped_tasks_are_no_annotations() -> None:
    """Ben, who is rater 2, in a project whose rater left: push gave its tasks to others."""
    done = (
        replace(entry("c", "ben", 1), state="draft"),
        replace(entry("b", "ben", 1), state="skipped"),
        replace(entry("b", "ben", 1, 2), state="draft"),
    )
    people = {2: ["ben"]}
    text = "TSL118 ben, who is rater 2, skipped 1 task and began 1 task of rater 1"
    assert found(*done, people=people) == [text]
    (finding,) = rater_findings(Activity("", done), people, None)
    assert "Delete" not in finding.remedy
    both = found(*done, entry("c", "ben", 1, 3), people=people)
    assert both[0].endswith("annotated 1 task and skipped 1 task of rater 1")
    assert both[1].startswith("TSL121 rater 1 has annotations of 1 task")


def test_one_person_in_two_projects_is_one_reader() -> None:
    twice = entry("a", "ann", 1), entry("a", "ann", 2, number=2)
    said = "TSL120 ann read 1 task in the projects of several raters; what stands in that of rater"
    assert found(*twice) == [
        "TSL118 ann, taken for rater 1, annotated 1 task of rater 2",
        f"{said} 1 counts",
    ]
    assert found(*twice, people={2: ["ann"], 1: ["ben"]}) == [
        "TSL118 ann, who is rater 2, annotated 1 task of rater 1",
        f"{said} 2 counts",
    ]
    assert "the last counts" in found(*twice, people={3: ["ann"]})[-1]


def test_tasks_that_the_plan_has_elsewhere() -> None:
    assert found(entry("c", "ann", 1)) == [
        "TSL121 rater 1 has annotations of 1 task that the plan gives to others"
    ]


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
