"""Push of a blind study: a project for each rater, and again without a change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kit.blind_study import Make, writes

from tslab.label_studio.predictions import current_version
from tslab.label_studio.push import project_titles
from tslab.label_studio.raters import reading_order
from tslab.label_studio.task_groups import TaskGroup

Capture = pytest.CaptureFixture[str]


def test_dry_run_then_push_then_nothing(make: Make, capsys: Capture) -> None:
    study = make()
    planned = study.told(capsys, "push", "--dry-run")
    assert study.projects == {}
    assert not (study.root / "raters.json").exists()
    assert planned["plan"] == [
        "20 tasks with 3 raters",
        *(f"rater {r}: 20 tasks" for r in (1, 2, 3)),
    ]
    study.run("push", "--dry-run")
    first, *lines, plan = capsys.readouterr().out.splitlines()
    shared = "20 tasks with 3 raters; rater 1: 20 tasks; rater 2: 20 tasks; rater 3: 20 tasks"
    assert first == f"Would make {len(planned['changes'])} changes at {study.server.url}:"
    assert lines == [f"  {change}" for change in planned["changes"]]
    assert [line for line in lines if "create project" in line] == [
        f"  rater {r}: create project 'Pumps anomalies · rater {r}'" for r in (1, 2, 3)
    ]
    assert plan == f"Plan: {shared}"
    done = study.told(capsys, "push")
    assert done["changes"] == planned["changes"]
    study.run("push", "--dry-run")
    assert capsys.readouterr().out == f"Nothing to change at {study.server.url}.\nPlan: {shared}\n"
    assert sorted(study.projects) == [f"Pumps anomalies · rater {r}" for r in (1, 2, 3)]
    assert [item["rater"] for item in done["raters"]] == [1, 2, 3]
    for item in done["raters"]:
        assert item["address"].endswith(f"/projects/{study.of(item['rater'])}/data")
    before = study.counts()
    assert before["tasks"] == 60
    assert writes(study) == []
    assert study.counts() == before


def test_projects_are_equal_but_for_title_mark_and_order(make: Make) -> None:
    study = make()
    (study.root / "GUIDE.md").write_text("# Look\n")
    study.set("{raters: 3, blind: true}", "guidelines: GUIDE.md\nhotkeys: {Drift: q}\n")
    study.run("predict")
    study.run("push")
    one, *others = (study.server.data["projects"][study.of(rater)] for rater in (1, 2, 3))
    assert one["expert_instruction"]
    assert 'hotkey="q"' in one["label_config"]
    assert (one["maximum_annotations"], one["overlap_cohort_percentage"]) == (1, 100)
    own = ("id", "title", "description", "created_at")
    for other in others:
        assert {k: v for k, v in other.items() if k not in own} == {
            k: v for k, v in one.items() if k not in own
        }
    for rater in (1, 2, 3):
        order = [task.id for task in reading_order(study.project.tasks(), rater, 3)]
        assert list(study.tasks(study.of(rater))) == order
    for rater in (2, 3):
        mine, first = study.tasks(study.of(rater)), study.tasks(study.of(1))
        assert mine.keys() == first.keys()
        for name, task in mine.items():
            assert (task["data"], task["meta"]) == (first[name]["data"], first[name]["meta"])
            kept = ("result", "score", "model_version")
            assert [{k: p[k] for k in kept} for p in task["predictions"]] == [
                {k: p[k] for k in kept} for p in first[name]["predictions"]
            ]
            assert len(task["predictions"]) == 1
    views = [v["data"]["title"] for v in study.server.data["views"].values()]
    assert sorted(set(views)) == ["All tasks", "Left to read"]


def test_titles_stay_apart_however_long(make: Make) -> None:
    study = make("{raters: 12, blind: true}")
    text = (study.root / "tslab.yaml").read_text()
    name = "A very long name of a study of many pump"
    (study.root / "tslab.yaml").write_text(text.replace("title: Pumps", f"title: {name}"))
    study.run("push")
    assert len(study.projects) == 12
    assert all(len(title) <= 50 for title in study.projects)
    assert study.of(12)


def test_views_stay_apart_behind_a_long_title(make: Make) -> None:
    project = make().project
    given = project.settings.model_copy(update={"title": "t" * 40})
    long = type(project)(project.root, given, project.plugins, project.domain)
    task = project.tasks()[0]
    groups = [TaskGroup(view, task.channels, 1000, (task,)) for view in ("anomalies", "anomaly")]
    for longest in (50, 40):
        titles = project_titles(long, groups, longest)
        assert len(set(titles.values())) == 2
        assert all(len(title) <= longest for title in titles.values())


def test_a_view_is_not_named_twice(make: Make) -> None:
    project = make().project
    given = project.settings.model_copy(update={"title": "Blind Anomalies"})
    named = type(project)(project.root, given, project.plugins, project.domain)
    task = project.tasks()[0]
    groups = [TaskGroup(view, task.channels, 1000, (task,)) for view in ("anomalies", "anomaly")]
    assert list(project_titles(named, groups).values()) == [
        "Blind Anomalies",
        "Blind Anomalies anomaly",
    ]


def test_recordings_that_come_later_are_added_and_nothing_moves(make: Make) -> None:
    study = make("{raters: 3, blind: true, percentage: 40}")
    study.run("push")
    before = study.plan()
    there = {rater: study.tasks(study.of(rater)).keys() for rater in (1, 2, 3)}
    study.add("three")
    study.run("push")
    after = study.plan()
    assert len(after) == 30
    assert {task: after[task] for task in before} == before
    assert sum(len(own) > 1 for own in after.values()) == 12
    for rater in (1, 2, 3):
        now = study.tasks(study.of(rater)).keys()
        assert there[rater] < now
        assert now == {task for task, own in after.items() if rater in own}
    assert writes(study) == []


def test_new_labels_reach_every_rater(make: Make) -> None:
    study = make()
    study.run("push")
    more = "labels: {anomaly: {add: [{name: Cavitation, hotkey: y, color: '#6d4c41'}]}}\n"
    study.set("{raters: 3, blind: true}", more)
    study.run("push")
    assert all("Cavitation" in p["label_config"] for p in study.server.data["projects"].values())
    assert writes(study) == []


@pytest.mark.parametrize("times", range(0, 12, 2))
def test_a_push_that_breaks_off_goes_on(make: Make, monkeypatch: Any, times: int) -> None:
    """The server fails after some requests that change something."""
    monkeypatch.setattr("tslab.label_studio.journal.SECONDS", 0.0)
    study = make("{raters: 3, blind: true, percentage: 50}")
    left = [times]

    def trouble(request: Any) -> int | None:
        if request.method == "GET":
            return None
        left[0] -= 1
        return 500 if left[0] < 0 else None

    real = type(study.server).trouble_for
    monkeypatch.setattr(type(study.server), "trouble_for", lambda _, request: trouble(request))
    study.run("push", expect=5)
    plan = study.plan()
    monkeypatch.setattr(type(study.server), "trouble_for", real)
    study.run("push")
    assert study.plan() == plan
    for rater in (1, 2, 3):
        names = [task["data"]["task"] for task in study.server.tasks_of(study.of(rater))]
        assert sorted(names) == sorted(task for task, own in plan.items() if rater in own)
    assert writes(study) == []


def test_what_learned_from_raters_is_not_shown_to_them(make: Make, capsys: Capture) -> None:
    """A consensus, and a model that learned; an outside model's predictions go to everybody."""
    study = make("{raters: 2, blind: true}")
    study.run("predict")
    own = current_version(study.project)
    study.run("push")
    for task in study.project.tasks():
        for rater, name in ((1, "ann"), (2, "ben")):
            start = task.start + 10
            study.annotate(study.of(rater), task.id, name, (start, start + 20 + rater))
    study.run("pull", expect=(0, 1))
    study.run("consensus", "--as", "predictions", expect=(0, 1))
    consensus = current_version(study.project)
    study.run("train", expect=(0, 1))
    study.run("predict", expect=(0, 1))
    learned = current_version(study.project)
    assert len({own, consensus, learned}) == 3
    capsys.readouterr()
    study.run("push")
    said = capsys.readouterr().err
    assert f"'{consensus}'" in said
    assert f"'{learned}'" in said
    shown = {p["model_version"] for p in study.server.data["predictions"].values()}
    assert shown == {own}
    for rater in (1, 2):
        assert study.server.data["projects"][study.of(rater)]["model_version"] == own
    table = study.root.parent / "outside.csv"
    names = list(study.project.entries())
    rows = [f"{name},10,20,Drift,anomaly" for name in names]
    table.write_text("recording,start,end,label,tier\n" + "\n".join(rows) + "\n")
    study.project.prediction_files()[learned].unlink()
    for version in (consensus, learned):
        capsys.readouterr()
        study.run("predict", "--from", str(table), "--model-version", version, expect=2)
        (line,) = capsys.readouterr().err.splitlines()
        assert f"'{version}' is the name of predictions that come from annotations" in line
        assert "--model-version" in line
    for words in (("--predictions", consensus), ("--annotator", "ann@example.org")):
        study.run("export", "--to", "csv", *words)
        exported = str(study.root / "exports" / "csv" / "annotations.csv")
        capsys.readouterr()
        study.run("predict", "--from", exported, expect=4)
        assert f"the file says that '{words[1]}' made it" in capsys.readouterr().err
    pushed = study.tasks(study.of(1)).values()
    made = [{"result": [], "model_version": consensus}]
    whole = [{"data": task["data"], "predictions": made} for task in pushed]
    (study.root / "whole.json").write_text(json.dumps(whole))
    study.run("predict", "--from", str(study.root / "whole.json"), expect=4)
    assert f"the file says that '{consensus}' made it" in capsys.readouterr().err
    study.run("predict", "--from", str(table), "--model-version", "outside 1")
    study.run("push")
    shown = {p["model_version"] for p in study.server.data["predictions"].values()}
    assert shown == {own, "outside 1"}
    study.run("predict", "--model", learned, expect=(0, 1))
    study.set("{raters: 3, blind: true}")
    study.add("three")
    study.run("push")
    shown = {p["model_version"] for p in study.server.data["predictions"].values()}
    assert shown == {own, "outside 1"}, "windows that are cut anew do not let it out"
    for rater in (1, 2, 3):
        version = study.server.data["projects"][study.of(rater)]["model_version"]
        assert version == "outside 1", "what was shown before stays, and a new rater gets the same"
