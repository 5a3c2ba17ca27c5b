"""Push of a blind study loses no work: raters who go, tasks of others, a lost plan."""

from __future__ import annotations

import json

import pytest
from kit.blind_study import BlindStudy, Make, writes

Capture = pytest.CaptureFixture[str]


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
