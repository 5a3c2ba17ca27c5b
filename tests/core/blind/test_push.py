"""Push of a blind study: a project for each rater, idempotent, and never a loss."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kit.blind_study import BlindStudy, Make

from tslab.label_studio.predictions import current_version
from tslab.label_studio.push import project_titles
from tslab.label_studio.task_groups import TaskGroup

Capture = pytest.CaptureFixture[str]


def writes(study: BlindStudy) -> list[str]:
    """What a push sends besides GET."""
    before = len(study.server.requests)
    study.run("push")
    return [r.path for r in study.server.requests[before:] if r.method != "GET"]


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
    orders = [list(study.tasks(study.of(rater))) for rater in (1, 2, 3)]
    assert len({tuple(order) for order in orders}) == 3
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


def test_more_raters_get_projects_fewer_leave_theirs_alone(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true}")
    study.run("push")
    first = study.project.tasks()[0].id
    study.set("{raters: 3, blind: true}")
    study.run("push")
    assert len(study.projects) == 3
    study.annotate(study.of(3), first, "cem", (10, 20))
    study.annotate(study.of(1), first, "ann", (10, 30))
    study.set("{raters: 2, blind: true}")
    before = study.counts()
    capsys.readouterr()
    study.run("push")
    said = capsys.readouterr()
    assert "of rater 3 stays as it is" in said.err
    assert study.counts() == before
    assert study.plan()[first] == [1, 2, 3]
    assert all(own == [1, 2] for task, own in study.plan().items() if task != first)
    study.run("pull", expect=(0, 1))
    names = {a.annotator for a in study.project.pulled_annotations()}
    assert names == {"ann@example.org", "cem@example.org"}
    study.set("{raters: 3, blind: true}")
    study.run("push")
    assert study.counts() == before
    assert (
        json.loads((study.root / ".tslab" / "former-projects.json").read_text()).popitem()[1] == {}
    )


def test_a_label_that_a_former_rater_used_is_not_dropped(make: Make, capsys: Capture) -> None:
    study = make("{raters: 3, blind: true}")
    study.run("push")
    study.annotate(study.of(3), study.project.tasks()[0].id, "cem", (10, 20))
    study.set("{raters: 2, blind: true}", "labels: {anomaly: {remove: [Drift]}}\n")
    capsys.readouterr()
    study.run("push", expect=4)
    assert "'Drift' of 'anomaly' (1 region)" in capsys.readouterr().err


def test_new_labels_reach_every_rater(make: Make) -> None:
    study = make()
    study.run("push")
    more = "labels: {anomaly: {add: [{name: Cavitation, hotkey: y, color: '#6d4c41'}]}}\n"
    study.set("{raters: 3, blind: true}", more)
    study.run("push")
    assert all("Cavitation" in p["label_config"] for p in study.server.data["projects"].values())
    assert writes(study) == []


def test_blind_is_not_switched_on_over_annotations(make: Make, capsys: Capture) -> None:
    study = make("{overlap: 2}")
    study.run("push")
    (number,) = study.projects.values()
    study.annotate(number, study.project.tasks()[0].id, "ann", (10, 20))
    study.set("{raters: 2, blind: true}")
    before = study.counts()
    capsys.readouterr()
    study.run("push", expect=4)
    error = capsys.readouterr().err.strip()
    assert "annotations of 1 task" in error
    assert "another project folder" in error
    assert "\n" not in error
    assert study.counts() == before
    assert not (study.root / "raters.json").exists()
    study.run("pull", expect=(0, 1))
    assert len(study.project.pulled_annotations()) == 1


def test_blind_is_not_switched_off_over_annotations(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true}")
    study.run("push")
    study.annotate(study.of(2), study.project.tasks()[0].id, "ben", (10, 20))
    study.set("{overlap: 2}")
    before = study.counts()
    capsys.readouterr()
    study.run("push", expect=4)
    assert "raters' projects" in capsys.readouterr().err
    assert study.counts() == before


def test_blind_may_be_switched_on_while_nobody_annotated(make: Make, capsys: Capture) -> None:
    study = make("{overlap: 2}")
    study.run("push")
    (number,) = study.projects.values()
    first = study.project.tasks()[0].id
    study.set("{raters: 2, blind: true}")
    capsys.readouterr()
    study.run("push")
    assert f"project {number} is of no use any more" in capsys.readouterr().err
    assert len(study.projects) == 3
    study.annotate(number, first, "lead", (10, 20))
    study.run("pull", expect=(0, 1))
    assert [a.annotator for a in study.project.pulled_annotations()] == ["lead@example.org"]


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


def test_what_is_deleted_by_hand_comes_back(make: Make) -> None:
    study = make()
    study.run("push")
    wanted = study.counts()
    first = study.project.tasks()[0].id
    gone = study.tasks(study.of(2))[first]["id"]
    del study.server.data["tasks"][gone]
    del study.server.data["projects"][study.of(3)]
    study.run("push")
    assert first in study.tasks(study.of(2))
    assert len(study.tasks(study.of(3))) == 20
    assert study.counts()["projects"] == wanted["projects"]
    assert writes(study) == []


def test_tasks_of_others_imported_by_hand_go_unless_annotated(make: Make, capsys: Capture) -> None:
    study = make("{raters: 2, blind: true, percentage: 0}")
    study.run("push")
    plan = study.plan()
    strays = [task for task, own in plan.items() if own == [2]][:2]
    for task in strays:
        copied = study.tasks(study.of(2))[task]
        study.server.add("tasks", project=study.of(1), data=copied["data"], meta=copied["meta"])
    study.annotate(study.of(1), strays[0], "ann", (10, 20))
    capsys.readouterr()
    study.run("push")
    assert "stays: it has annotations" in capsys.readouterr().err
    there = study.tasks(study.of(1))
    assert strays[0] in there
    assert strays[1] not in there


def leave_traces(study: BlindStudy, project: int, skipped: str, begun: str) -> set[int]:
    """A skip and a draft, the only things that somebody left in two tasks; the tasks' ids."""
    there = study.tasks(project)
    one, two = (int(there[name]["id"]) for name in (skipped, begun))
    study.server.add("annotations", task=one, project=project, result=[], was_cancelled=True,
                     completed_by=study.users["cem"])  # fmt: skip
    study.server.add("drafts", task=two, user="cem@example.org", result=[])
    return {one, two}


def test_a_skip_and_a_draft_stay_when_raters_go_and_come_back(make: Make, capsys: Capture) -> None:
    study = make("{raters: 3, blind: true, overlap: 2}")
    study.run("push")
    mine = sorted(task for task, own in study.plan().items() if 3 in own)
    left = leave_traces(study, study.of(3), mine[0], mine[1])
    study.annotate(study.of(3), mine[2], "cem", (10, 20))
    study.set("{raters: 2, blind: true}")
    study.run("push")
    study.set("{raters: 3, blind: true, overlap: 2}")
    told = study.told(capsys, "push", "--dry-run")
    assert not any("remove" in change and name in change
                   for change in told["changes"] for name in mine[:2])  # fmt: skip
    done = study.told(capsys, "push")
    assert left <= {item["id"] for item in study.server.tasks_of(study.of(3))}
    said = "\n".join(done["warnings"])
    assert f"task {mine[0]} is no longer in the project, but stays: somebody skipped it" in said
    assert f"task {mine[1]} is no longer in the project, but stays: somebody has a draft" in said
    assert not set(mine[3:]) & study.tasks(study.of(3)).keys(), "what nobody touched goes"
    assert writes(study) == []


def test_a_skip_and_a_draft_outlive_their_recording_and_their_twin(
    make: Make, capsys: Capture
) -> None:
    study = make("{overlap: 2}")
    study.run("push")
    (project,) = study.projects.values()
    tasks = [task.id for task in study.project.tasks()]
    copied = study.tasks(project)[tasks[2]]
    twin = study.server.add("tasks", project=project, data=copied["data"], meta=copied["meta"])
    study.server.add("drafts", task=twin["id"], user="cem@example.org", result=[])
    left = leave_traces(study, project, tasks[0], tasks[1])
    first, *_ = study.project.tasks()
    kept = [task for task in study.project.tasks() if task.recording != first.recording]
    study.project.save_tasks(kept)
    done = study.told(capsys, "push")
    there = {item["id"] for item in study.server.tasks_of(project)}
    assert {*left, twin["id"]} <= there
    assert len(there) == len(kept) + 3
    assert "somebody has a draft of it" in "\n".join(done["warnings"])


def test_a_lost_plan_is_made_again_of_what_the_server_has(make: Make, capsys: Capture) -> None:
    study = make("{raters: 3, blind: true, percentage: 40}")
    study.run("push")
    study.add("three")
    study.run("push")
    plan = study.plan()
    (study.root / "raters.json").unlink()
    capsys.readouterr()
    assert writes(study) == []
    assert "made again" in capsys.readouterr().err
    assert study.plan() == plan


def test_a_damaged_plan_changes_nothing(make: Make, capsys: Capture) -> None:
    study = make()
    study.run("push")
    before = study.counts()
    (study.root / "raters.json").write_text('{"x": "y"}')
    capsys.readouterr()
    study.run("push", expect=4)
    assert "raters.json' is damaged" in capsys.readouterr().err
    assert study.counts() == before


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
