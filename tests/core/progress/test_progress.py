"""What annotators did comes back as the figures that it must be, through a pull."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import replace
from typing import Any

import pytest
from kit.progress_studies import MODEL, Plant, minutes

from tslab.cli import run
from tslab.files import json_bytes
from tslab.label_studio.activity import ActivityReader
from tslab.progress.activity import FILE, ReviewState, load_activity

Capture = pytest.CaptureFixture[str]
NOTHING = {"moved": 0, "later": 0, "median": None, "mean": None}


def one(document: Any, key: str, **wanted: object) -> Any:
    """The only item of a list that has these values."""
    (found,) = [d for d in document[key] if all(d[k] == v for k, v in wanted.items())]
    return found


def test_who_did_what(plant: Plant, capsys: Capture) -> None:
    plant.say("ann", 0, plant.shown(0), minutes(0), lead_time=30.0)
    plant.say("ann", 1, [plant.region(1, 5, 9), plant.region(1, 50, 60)], minutes(2), lead_time=90)
    plant.say("ann", 2, [], minutes(3), lead_time=10.0, was_cancelled=True)
    plant.say("bob", 1, [], minutes(4), lead_time=None)
    plant.draft("bob", 3, minutes(6))
    found = plant.progress(capsys)
    ann, bob = found["people"]
    assert (ann["annotator"], ann["submitted"], ann["skipped"]) == ("ann@example.com", 2, 1)
    assert (ann["spans"], ann["drafts"]) == (3, 0)
    assert ann["signal_hours"] == 200 / 3600
    assert (ann["untouched"], ann["from_prediction"]) == (1, 1)
    assert ann["lead"] == {"seconds": 130.0, "tasks": 2, "median": 60.0, "per_hour": 2160.0}
    assert ann["last_active"] == "2026-11-23T09:03:00+00:00"
    assert (bob["annotator"], bob["submitted"], bob["drafts"]) == ("bob@example.com", 1, 1)
    assert bob["lead"] == {"seconds": 5.0, "tasks": 0, "median": None, "per_hour": None}
    assert bob["last_active"] == "2026-11-23T09:06:00+00:00"
    assert found["lead"]["median"] == 60.0
    assert found["weeks"] == [
        {"week": "2026-W48", "tasks": {"ann@example.com": 2, "bob@example.com": 1}, "median": 60.0}
    ]
    assert found["findings"] == []


def test_every_fate_of_a_prediction(plant: Plant, capsys: Capture) -> None:
    """Accepted twice, moved twice, relabelled once, deleted once, added twice."""
    shown = [plant.shown(task) for task in range(6)]
    for region in shown[4]:
        region["value"]["timeserieslabels"] = ["Spike"]
    later = [plant.moved(region, 2, 12, 30) for region in shown[2]]
    wider = [plant.moved(region, 3, 9, 36) for region in shown[3]]
    results = [shown[0], shown[1], later, wider, shown[4], [plant.region(5, 70, 80)]]
    results[1] = [*results[1], plant.region(1, 60, 70, "Drop")]
    for task, result in enumerate(results):
        # Only the task whose prediction is gone needs the server's word for it.
        parent = {"parent_prediction": 77} if task == 5 else {}
        copied = {"id": 77, "model_version": MODEL, "result": plant.shown(task)}
        plant.say("ann", task, result, minutes(task), prediction=copied, **parent)
    plant.say("bob", 6, [plant.region(6, 10, 30)], minutes(9))
    use = plant.progress(capsys)["use"]
    drift = one(use, "labels", label="Drift")
    counts = ("predicted", "accepted", "moved", "relabelled", "deleted", "added")
    assert [drift[name] for name in counts] == [6, 2, 2, 1, 1, 1]
    assert drift["onset"] == {"moved": 2, "later": 1, "median": 0.5, "mean": 0.5}  # +2 s and -1 s
    assert drift["offset"] == {"moved": 1, "later": 1, "median": 6.0, "mean": 6.0}
    flat = one(use, "labels", label="Drop")
    assert [flat[name] for name in counts] == [0, 0, 0, 0, 0, 1]
    assert flat["onset"] == flat["offset"] == NOTHING
    assert use["relabelled"] == [
        {"model": MODEL, "tier": "anomaly", "before": "Drift", "after": "Spike", "regions": 1}
    ]
    assert (use["annotations"], use["by_hand"], use["untouched"]) == (6, 1, 1)


@pytest.mark.parametrize(("parent", "model"), [(1, "net 1"), (2, "net 2"), (None, "net 1")])
def test_one_id_in_several_versions(plant: Plant, parent: int | None, model: str) -> None:
    """Outside models may call their regions the same in every version."""
    task, region = plant.tasks[0], plant.region(0, 10, 30)
    shown = [
        {"id": number, "model_version": f"net {number}", "result": [region]} for number in (1, 2)
    ]
    said = {"id": 5, "result": [region], "parent_prediction": parent, "completed_by": "ann"}
    reader = ActivityReader(plant.project.domain, {}, lambda said, _: str(said))
    reader.read({"annotations": [said], "predictions": shown}, task, {})
    assert [entry.model for entry in reader.entries] == [model]


def test_a_prediction_that_nobody_has_any_more(plant: Plant, capsys: Capture) -> None:
    plant.say("ann", 0, [plant.region(0, 1, 2)], minutes(0), parent_prediction=5)
    found = plant.progress(capsys)
    assert found["use"]["labels"] == []
    (finding,) = found["findings"]
    assert finding.startswith("TSL112")
    assert "1 annotation began from predictions that nobody has" in finding


def test_what_is_left_with_half_of_the_tasks_read_twice(plant: Plant, capsys: Capture) -> None:
    """Ten tasks, five of them twice: 15 annotations; 3 tasks by two, 1 by one, 1 skipped."""
    for task in range(3):
        plant.say("ann", task, [], minutes(task), lead_time=36.0)
        plant.say("bob", task, [], minutes(task), lead_time=36.0)
    plant.say("ann", 3, [], minutes(4), lead_time=360.0)
    plant.say("bob", 4, [], minutes(4), was_cancelled=True)
    (view,) = plant.progress(capsys)["left"]
    assert view == {
        "view": "anomalies", "tasks": 10, "done": 3, "none": 6, "too_few": 1, "skipped": 1,
        "annotations": 1 + 2 + 5, "hours": 8 * 36 / 3600,
    }  # fmt: skip


def test_agreement_by_week_and_block(plant: Plant, capsys: Capture) -> None:
    """IoU 1 in the first week; 0.5 in the second, which bob's later submission decides."""
    for task in range(4):
        week = 7 * 24 * 60 * (task // 2)
        plant.say("ann", task, [plant.region(task, 10, 30)], minutes(0))
        width = 20 if task < 2 else 10
        plant.say("bob", task, [plant.region(task, 10, 10 + width)], minutes(week))
    found = plant.progress(capsys)
    first, second = found["agreement"]
    assert (first["period"], first["tier"], first["tasks"]) == ("2026-W48", "anomaly", 2)
    assert first["figures"]["time/iou"] == 1.0
    assert first["figures"]["event/f1@0.5"] == 1.0
    assert (second["period"], second["tasks"]) == ("2026-W49", 2)
    assert second["figures"]["time/iou"] == 0.5
    # Chance: 30 s of 200 s marked by either; they differ for 20 s of 200 s.
    share = 30 / 200
    assert second["figures"]["time/krippendorff_alpha"] == pytest.approx(
        1 - (20 / 200) / (2 * share * (1 - share)), abs=1e-12
    )
    assert second["figures"]["instant/f1"] is None
    (block,) = found["blocks"]
    assert (block["period"], block["tasks"]) == ("tasks 1-4", 4)
    assert block["figures"]["time/iou"] == 60 / 80


def test_drift_and_fatigue(plant: Plant, capsys: Capture) -> None:
    """Bob begins ever later, and needs ever longer, in one sitting; ann does not change."""
    for task in range(10):
        plant.say("ann", task, [plant.region(task, 10, 40)], minutes(task), lead_time=60.0)
        result = [plant.region(task, 10 + task, 40)]
        plant.say("bob", task, result, minutes(5 * task), lead_time=60.0 + 10 * task)
    found = plant.progress(capsys)
    bob = {"annotator": "bob@example.com"}
    drift = one(found, "drift", what="agreement", **bob)
    assert (drift["tasks"], drift["verdict"], drift["along"]) == (10, "falls", "order")
    assert drift["correlation"] == pytest.approx(-1.0)
    assert drift["early"] == pytest.approx((30 + 29 + 28) / 90)
    onset = one(found, "drift", what="onset bias", **bob)
    assert (onset["early"], onset["late"], onset["verdict"]) == (1.0, 8.0, "rises")
    assert one(found, "drift", what="offset bias", **bob)["verdict"] == "no trend"
    ann = one(found, "drift", what="onset bias", annotator="ann@example.com")
    assert (ann["early"], ann["late"], ann["verdict"]) == (-1.0, -8.0, "falls")
    tired = one(found, "fatigue", what="lead time", **bob)
    assert (tired["early"], tired["late"], tired["verdict"]) == (70.0, 140.0, "rises")
    assert one(found, "fatigue", what="agreement", **bob)["verdict"] == "falls"
    slower = one(found, "drift", what="lead time", **bob)
    assert (slower["early"], slower["late"], slower["verdict"]) == (70.0, 140.0, "rises")
    still = one(found, "fatigue", what="lead time", annotator="ann@example.com")
    assert (still["correlation"], still["verdict"]) == (None, "no trend")


def test_a_pause_begins_a_new_sitting_and_few_tasks_say_nothing(
    plant: Plant, capsys: Capture
) -> None:
    for task in range(9):
        plant.say("ann", task, [], minutes(60 * task), lead_time=60.0 + task)
    (trend,) = plant.progress(capsys)["fatigue"]
    assert (trend["tasks"], trend["correlation"]) == (9, None)  # each is the first of its sitting
    assert trend["verdict"] == "too few to say"


def test_an_annotator_against_himself_and_the_ground_truth(plant: Plant, capsys: Capture) -> None:
    plant.say("ann", 0, [plant.region(0, 10, 30)], minutes(0), lead_time=10.0)
    plant.say("ann", 0, [plant.region(0, 10, 20)], minutes(1), lead_time=20.0)
    plant.say("bob", 1, [plant.region(1, 10, 30)], minutes(0), ground_truth=True)
    plant.say("ann", 1, [plant.region(1, 10, 30)], minutes(2), lead_time=30.0)
    found = plant.progress(capsys)
    ann = {"annotator": "ann@example.com", "along": "order"}
    assert one(found, "drift", what="self", **ann)["tasks"] == 1
    assert one(found, "drift", what="agreement", **ann)["tasks"] == 1
    assert found["agreement"] == []  # ground truth is no second annotator
    assert found["people"][0]["lead"] == {
        "seconds": 60.0, "tasks": 2, "median": 30.0, "per_hour": 60 / (200 / 3600),
    }  # fmt: skip
    assert [line[:6] for line in found["findings"]] == ["TSL089"]


def test_private_names_nobody_and_stays_the_same(plant: Plant, capsys: Capture) -> None:
    plant.say("ann", 0, plant.shown(0), minutes(0))
    plant.say("bob", 0, [], minutes(1))
    found = plant.progress(capsys, "--private")
    assert plant.progress(capsys, "--private")["people"] == found["people"]
    names = {person["annotator"] for person in found["people"]}
    assert len(names) == 2
    assert all(name.startswith("person-") for name in names)
    target = plant.root / "p.html"
    plant.run("progress", "--private", "--report", str(target))
    said = json.dumps(found) + capsys.readouterr().out + target.read_text()
    assert "example.com" not in said
    assert MODEL not in said
    assert "model-" in said
    assert plant.tasks[0].recording not in said


def test_text_begins_with_what_is_left_and_how_old_that_is(plant: Plant, capsys: Capture) -> None:
    plant.say("ann", 0, plant.shown(0), minutes(0), lead_time=120.0)
    plant.run("pull", "--quiet")
    capsys.readouterr()
    plant.run("progress")
    first, _, left = capsys.readouterr().out.splitlines()[:3]
    assert first.startswith("pulled 20")
    assert first.endswith((" ago", "just now"))
    assert left == "0 of 10 tasks done, 14 annotations to go, 28.0 min at the median lead time"


def test_without_a_pull_and_from_raw_files(plant: Plant, capsys: Capture) -> None:
    plant.say("ann", 0, plant.shown(0), minutes(0))
    plant.run("progress", expect=4)
    assert "nothing was pulled yet" in capsys.readouterr().err
    plant.run("pull", "--raw", "--quiet")
    capsys.readouterr()
    plant.run("progress", "--json")
    pulled = json.loads(capsys.readouterr().out)
    (plant.root / FILE).unlink()
    (raw,) = (plant.root / "annotations").glob("raw-*.json")
    long_ago = dt.datetime(2026, 1, 2, tzinfo=dt.UTC).timestamp()
    os.utime(raw, (long_ago, long_ago))
    plant.run("progress", "--json")
    out, err = capsys.readouterr()
    rebuilt = json.loads(out)
    assert rebuilt["pulled"] == "2026-01-02T00:00:00+00:00"
    assert rebuilt["age_seconds"] > 300 * 86400
    assert "Newer: tslab pull" in err
    assert rebuilt["use"] == pulled["use"]
    assert rebuilt["people"][0]["annotator"] == f"user {plant.users['ann']}"
    raw.write_text("{}")
    plant.run("progress", expect=4)
    assert "is no list of tasks" in capsys.readouterr().err


def test_broken_answers_of_label_studio_are_counted_and_left_out(
    plant: Plant, capsys: Capture
) -> None:
    plant.say("ann", 0, [], minutes(0), lead_time=-5.0, created_at="yesterday")
    plant.say("bob", 0, [plant.region(0, 20, 10), {"id": "x"}, 7], minutes(0), updated_at=9)  # type: ignore[list-item]
    plant.run("pull", "--quiet", expect=0)
    capsys.readouterr()
    plant.run("progress", "--json")
    found = json.loads(capsys.readouterr().out)
    assert [line[:6] for line in found["findings"]] == ["TSL110", "TSL111"]
    assert [p["lead"]["seconds"] for p in found["people"]] == [0.0, 60.0]
    assert found["people"][1]["spans"] == 0
    assert found["agreement"] == []  # nobody knows when ann submitted


@pytest.mark.parametrize(
    ("lead", "why"),
    [
        (-5.0, "below 0"), (1e9, "longer than a day"), (1e300, "longer than a day"),
        ("soon", "no number"), (True, "no number"),
    ],
)  # fmt: skip
def test_a_lead_time_that_cannot_be_is_said_and_no_part_of_a_sum(
    plant: Plant, capsys: Capture, lead: object, why: str
) -> None:
    plant.say("ann", 0, [], minutes(0), lead_time=lead)
    plant.say("ann", 1, [], minutes(5), lead_time=40.0)
    plant.run("pull")
    told = capsys.readouterr()
    assert [line for line in told.err.splitlines() if "TSL110" in line] == [
        f"tslab: TSL110 warning: task {plant.tasks[0].id}, ann@example.com: lead time {lead!r} is "
        f"{why}: left out. Look at the annotation in Label Studio."
    ]
    assert " 40 s" in told.out
    plant.run("progress", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["people"][0]["lead"]["seconds"] == 40.0
    stored = isinstance(lead, float) and lead < 1e15
    expected = [f"TSL110 warning: annotations: 1 lead time {why}: left out."] if stored else []
    assert [line.partition(" Look")[0] for line in found["findings"]] == expected


def test_findings_that_repeat_themselves_are_cut_short(plant: Plant, capsys: Capture) -> None:
    for task in range(9):
        plant.say("ann", task, [], minutes(task), lead_time=-1.0)
    plant.run("pull", "--json")
    told = capsys.readouterr()
    assert sum("TSL110 warning" in line for line in told.err.splitlines()) == 5
    assert "TSL110: 4 more like these; --json lists all" in told.err
    assert sum("TSL110" in line for line in json.loads(told.out)["findings"]) == 9


def test_a_server_that_cannot_list_drafts_still_gives_annotations(
    plant: Plant, capsys: Capture
) -> None:
    plant.say("ann", 0, plant.shown(0), minutes(0))
    plant.server.fail("/api/tasks", 500)
    plant.run("pull", "--quiet")
    assert "TSL115" in capsys.readouterr().err
    plant.run("progress", "--json")
    assert json.loads(capsys.readouterr().out)["people"][0]["submitted"] == 1


def test_a_damaged_or_impossible_file(plant: Plant, capsys: Capture) -> None:
    plant.say("ann", 0, plant.shown(0), minutes(0))
    plant.run("pull", "--quiet")
    path = plant.root / FILE
    document = json.loads(path.read_text())
    entry = document["entries"][0]
    gone = {**entry, "task": "no-such-task", "number": 7}
    backwards = {**entry, "start": 50.0, "end": 10.0, "number": 8}
    path.write_text(json.dumps({**document, "entries": [entry, gone, backwards]}))
    capsys.readouterr()
    plant.run("progress", "--json")
    found = json.loads(capsys.readouterr().out)
    assert [line[:6] for line in found["findings"]] == ["TSL113", "TSL114"]
    assert (found["people"][0]["submitted"], found["left"][0]["none"]) == (2, 9)
    path.write_text('{"pulled": "x", "entries": [{"task": 1}]}')
    plant.run("progress", expect=4)
    error = capsys.readouterr().err
    assert "'annotations/activity.json' is damaged" in error
    assert error.strip().endswith("Run 'tslab pull' again.")


def test_the_review_is_part_of_what_is_left(plant: Plant, capsys: Capture) -> None:
    plant.say("ann", 0, plant.shown(0), minutes(0))
    assert plant.progress(capsys)["review"] is None
    found = load_activity(plant.root)
    assert found is not None
    state = ReviewState(30, 8, 2, {"dora@example.com": 20, "ann@example.com": 10})
    save = json_bytes(replace(found, review=state))
    (plant.root / "annotations" / "activity.json").write_bytes(save)
    plant.run("progress", "--report", str(plant.root / "p.html"))
    line = "review: 30 of 38 disputes decided; by ann@example.com 10, dora@example.com 20; "
    line += "reviewers differ about 2"
    assert line in " ".join(capsys.readouterr().out.split())
    assert line[1:] in (plant.root / "p.html").read_text()
    plant.run("progress", "--private", "--json")
    said = capsys.readouterr().out
    assert "example.com" not in said
    assert json.loads(said)["review"]["open"] == 8


def test_the_page_is_closed_and_escapes_names(plant: Plant, capsys: Capture) -> None:
    plant.say("ann", 0, plant.shown(0), minutes(0))
    plant.server.data["users"][plant.users["ann"]]["email"] = "<img src=x>@example.com"
    plant.run("pull", "--quiet")
    target = plant.root / "p.html"
    plant.run("progress", "--report", str(target))
    page = target.read_text()
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    assert "<img" not in page
    assert "&lt;img src=x&gt;@example.com" in page
    assert "http://" not in page
    assert "https://" not in page
    assert len(page) < 100_000
    plant.run("progress", "--report", str(plant.root / "tslab.yaml"), expect=2)
    assert run(["progress", "--project", str(plant.root.parent / "no")]) == 4
