"""The review without a server: windows of planted disputes, verdicts, ground truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from kit.agreement_pages import data_of
from kit.planted import ANNOTATORS, Planted
from kit.review_study import (
    DOMAIN,
    KEYS,
    described,
    domain_of_all_kinds,
    make_review_study,
    plants_of,
    verdicts,
)
from kit.studies import Study, run_json

from tslab import files
from tslab.agreement.disputes.finding import portion
from tslab.annotation import Annotation
from tslab.commands.review import _show as show
from tslab.errors import DataError
from tslab.label_studio.client import Client
from tslab.label_studio.push import Push, Report
from tslab.label_studio.review.ballots import read_ballots
from tslab.label_studio.review.config import VERDICT, Shape
from tslab.label_studio.review.key import Window, load_key, new_key, save_key
from tslab.label_studio.review.lanes import lines
from tslab.label_studio.review.overlap import (
    Short,
    ask_for_annotators,
    short_of_annotators,
    short_text,
)
from tslab.label_studio.review.pull import outcome_of
from tslab.label_studio.review.queue import make_queue, queue_json, summary
from tslab.label_studio.review.tasks import (
    disputes_as_regions,
    is_written,
    task_document,
    write_window,
)
from tslab.label_studio.task_groups import task_groups
from tslab.progress.asked import load_asked
from tslab.testing.fake_label_studio import FakeLabelStudio

SEEDS = range(20)
LABELS = {(tier.name, label.name) for tier in DOMAIN.tiers for label in tier.labels}
SHAPE = Shape("ABC", 9, lines(DOMAIN, "anomalies", LABELS))
Made = tuple[Study, dict[str, Planted]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with domain_of_all_kinds():
        study, plans = make_review_study(tmp_path_factory.mktemp("review"), list(SEEDS))
        write(study, said(plans))
        yield study, plans


def said(plans: dict[str, Planted]) -> list[Annotation]:
    return [
        Annotation(recording, name, plan.said[name], "anomalies", [(0.0, 120.0)])
        for recording, plan in plans.items()
        for name in ANNOTATORS
    ]


def write(study: Study, annotations: list[Annotation]) -> None:
    path = study.root / "annotations" / "annotations.json"
    files.write_bytes(path, files.json_bytes(annotations))


def exported(
    study: Study, plans: dict[str, Planted], windows: list[Window]
) -> list[dict[str, Any]]:
    """What Label Studio would export after a reviewer who knows the truth."""
    project, found = study.project, []
    for window in windows:
        recording = project.recording(window.task.recording)
        prediction = disputes_as_regions(project, window, recording)
        plan = plans[window.task.recording]
        result = verdicts(project, plan, window, prediction.result)
        document = task_document(project, window, {}, KEYS)
        found.append({**document, "annotations": [{"id": 1, "result": result}]})
    return found


def test_windows_and_truth_of_twenty_seeds(made: Made) -> None:
    study, plans = made
    key = new_key()
    queue = make_queue(study.project, key)
    found: dict[str, Counter[tuple[str, float, float]]] = {}
    for window in queue.windows:
        counts = found.setdefault(window.task.recording, Counter())
        for _, plant in plants_of(plans[window.task.recording], window):
            counts[plant.tier, plant.low, plant.high] += 1
    for recording, plan in plans.items():
        assert found[recording] == Counter((p.tier, p.low, p.high) for p in plan.plants)
    outcome = outcome_of(
        study.project,
        key,
        read_ballots(study.project, key, [exported(study, plans, key.windows)]),
        said(plans),
    )
    assert outcome.findings == []
    assert outcome.open == 0
    truth = {annotation.recording: annotation for annotation in outcome.annotations}
    for recording, plan in plans.items():
        for tier in DOMAIN.tiers:
            assert described(truth[recording].spans, tier.name) == described(plan.truth, tier.name)


def test_agreement_lists_what_review_asks_about(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same stretches in the same order with the same costs: JSON, page, windows."""
    study, _ = made
    asked = queue_json(make_queue(study.project, new_key()))
    keys = ("recording", "tier", "start", "end", "kind", "cost")
    expected = [tuple(item[key] for key in keys) for item in asked]
    assert len(expected) > 100
    page, root = tmp_path / "page.html", str(study.root)
    options = ("agreement", "--draws", "0", "--report", str(page), "--project", root)
    listed = run_json(capsys, *options)["review"]
    assert listed["note"] == ""
    mine = [(i["task"], *(i[key] for key in keys[1:])) for i in listed["disputes"]]
    assert mine == expected
    data = data_of(page.read_bytes())
    tiers = data["tiers"]
    shown = [
        (task, tiers[number]["name"], start, end, kind)
        for number, _, task, start, end, _, kind, *_ in data["review"]["rows"]
    ]
    assert shown == [item[:5] for item in expected]
    hidden = run_json(capsys, *options, "--private")["review"]["disputes"]
    assert sorted((-i["cost"], i["start"], i["kind"]) for i in hidden) == sorted(
        (-cost, start, kind) for _, _, start, _, kind, cost in expected
    )


def test_decided_time_is_asked_about_and_listed_no_more(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    study, plans = made
    recording = next(iter(plans))
    known = Annotation(recording, "boss", [], "anomalies", [(0.0, 60.0)], ground_truth=True)
    write(study, [*said(plans), known])
    try:
        asked = queue_json(make_queue(study.project, new_key()))
        options = ("agreement", "--draws", "0", "--project", str(study.root))
        listed = run_json(capsys, *options)["review"]["disputes"]
    finally:
        write(study, said(plans))
    assert [(i["task"], i["start"]) for i in listed] == [
        (i["recording"], i["start"]) for i in asked
    ]
    mine = [i["start"] for i in asked if i["recording"] == recording]
    assert min(mine) >= 60


def test_a_second_queue_adds_new_disputes_only(made: Made) -> None:
    study, plans = made
    key = new_key()
    first = make_queue(study.project, key)
    marks = [case.mark for window in key.windows for case in window.cases]
    assert len(marks) == len(set(marks))
    assert make_queue(study.project, key).added == 0
    changed = said(plans)
    recording, agreed = next(
        (name, span)
        for name, plan in plans.items()
        for span in plan.said[ANNOTATORS[0]]
        if span.tier == "mark" and all(span in plan.said[other] for other in ANNOTATORS)
    )
    first_said = changed.index(next(a for a in changed if a.recording == recording))
    left = [s for s in changed[first_said].spans if s != agreed]
    fewer = list(changed)
    fewer[first_said] = replace(changed[first_said], spans=left)
    write(study, fewer)
    try:
        again = make_queue(study.project, key)
    finally:
        write(study, changed)
    assert again.added == 1
    assert len(key.windows) == len(first.windows)
    assert len(key.windows[-1].cases) == 1


def test_a_verdict_on_what_has_changed_holds_no_more(made: Made) -> None:
    study, plans = made
    key = new_key()
    make_queue(study.project, key)
    exports = [exported(study, plans, key.windows[:1])]
    before = outcome_of(study.project, key, read_ballots(study.project, key, exports), said(plans))
    assert before.decided == len(key.windows[0].cases)
    changed = [replace(a, spans=[]) if a.annotator == ANNOTATORS[0] else a for a in said(plans)]
    after = outcome_of(study.project, key, read_ballots(study.project, key, exports), changed)
    window = key.windows[0]
    same = [
        case
        for case in window.cases
        if not portion(
            [s for s in plans[window.task.recording].said[ANNOTATORS[0]] if s.tier == case.tier],
            case.start,
            case.end,
        )
    ]
    assert after.decided == len(same) < before.decided


def test_half_of_the_verdicts(made: Made) -> None:
    """What is undecided is left out of the reviewed time, and counted."""
    study, plans = made
    key = new_key()
    make_queue(study.project, key)
    cases = sum(len(window.cases) for window in key.windows)
    half = exported(study, plans, key.windows[::2])
    outcome = outcome_of(study.project, key, read_ballots(study.project, key, [half]), said(plans))
    assert outcome.decided == sum(len(window.cases) for window in key.windows[::2])
    assert outcome.open == cases - outcome.decided
    for annotation in outcome.annotations:
        left = [
            case
            for window in key.windows[1::2]
            for case in window.cases
            if window.task.recording == annotation.recording
        ]
        for start, end in annotation.extents:
            for case in left:
                assert end * 1e6 <= case.start + 1 or start * 1e6 >= case.end - 1


def test_verdicts_that_mean_nothing_are_findings(made: Made) -> None:
    study, plans = made
    key = new_key()
    make_queue(study.project, key)
    (item,) = exported(study, plans, key.windows[:1])
    for result in item["annotations"][0]["result"]:
        if result["from_name"] == VERDICT:
            result["value"]["choices"] = ["H is right"]
    outcome = outcome_of(
        study.project, key, read_ballots(study.project, key, [[item]]), said(plans)
    )
    assert outcome.decided == 0
    assert {finding.code for finding in outcome.findings} == {"TSL094"}


def test_nothing_that_is_sent_names_anybody(made: Made) -> None:
    study, _ = made
    key = new_key()
    queue = make_queue(study.project, key)
    window = key.windows[0]
    recording = study.project.recording(window.task.recording)
    spoken = queue.said[window.task.recording, window.task.view]
    write_window(study.project, window, recording, spoken, SHAPE)
    assert is_written(study.project, window, SHAPE)
    assert not is_written(study.project, window, replace(SHAPE, letters="ABCD"))
    sent = files.json_bytes(task_document(study.project, window, spoken, KEYS)).decode()
    sent += files.json_bytes(disputes_as_regions(study.project, window, recording)).decode()
    sent += (study.root / window.task.csv).read_text()
    for name in ANNOTATORS:
        assert name.split("@")[0] not in sent
    save_key(study.project.state, key)
    path = study.project.state / "review-key.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(study.project.state) == key
    assert set(window.letters.values()) == set(ANNOTATORS)


def test_orders_differ_between_windows_and_keys(made: Made) -> None:
    study, _ = made
    one, other = new_key(), new_key()
    make_queue(study.project, one)
    make_queue(study.project, other)
    orders = Counter(tuple(sorted(window.letters.items())) for window in one.windows)
    assert len(orders) == 6
    assert {w.task.id for w in one.windows}.isdisjoint(w.task.id for w in other.windows)


def test_a_damaged_key_is_no_key(made: Made) -> None:
    study, _ = made
    path = study.project.state / "review-key.json"
    path.write_text('{"salt": "x", "windows": [{"task": {}}]}')
    with pytest.raises(DataError, match="damaged"):
        load_key(study.project.state)
    path.unlink()


def test_tasks_with_low_agreement_get_another_annotator_first(made: Made) -> None:
    study, _ = made
    settings = study.root / "tslab.yaml"
    before = settings.read_text()
    assert short_of_annotators(study.project) == {}
    rule = "  low_agreement: 1\n  max_additional: 3\n"
    settings.write_text(before.replace("review:\n", f"review:\n{rule}"))
    try:
        short = short_of_annotators(study.project)
        wanted = {name: found.annotators for name, found in short.items()}
        assert set(wanted.values()) == {4}
        assert all(found.agreement < 1 for found in short.values())
        key = new_key()
        waiting = make_queue(study.project, key, waiting=wanted)
        assert wanted.keys() == {task.id for task in study.project.tasks()}
        assert waiting.added == 0
        everything = make_queue(study.project, new_key())
        assert waiting.later == sum(len(window.cases) for window in everything.windows)
        assert (everything.later, everything.held) == (0, set())
        disputed = {window.task.recording for window in everything.windows}
        assert waiting.held == {t.id for t in study.project.tasks() if t.recording in disputed}
        assert f"for another annotator {waiting.later} more;" in summary(waiting)
        assert "--most" not in summary(waiting)
        asked = asked_for(study, wanted)
        assert asked == {name: {"overlap": 4, "is_labeled": False} for name in wanted}
        assert load_asked(study.project) == wanted, "progress counts them"
        assert (study.project.state / "asked.json").stat().st_mode & 0o777 == 0o600
        for fewer, left in ((2, 3), (0, 1)):
            settings.write_text(before.replace("review:\n", f"review:\n{rule[:-2]}{fewer}\n"))
            assert short_of_annotators(study.project) == {}, "three of three have seen it"
            assert set(load_asked(study.project).values()) == {left}, "and none is to come"
    finally:
        settings.write_text(before)
        (study.project.state / "asked.json").unlink(missing_ok=True)


def asked_for(study: Study, wanted: Mapping[str, int]) -> dict[str, object]:
    """What is changed on a server where three have annotated each task; then nothing more."""
    with FakeLabelStudio() as server, Client(server.url, server.api_key) as client:
        push = Push(study.project, client, "local", False, lambda items, _: items)
        groups = task_groups(study.project.tasks())
        for task in groups[0].tasks:
            server.add("tasks", **task.to_json(), project=1, overlap=1, is_labeled=True)
        for _ in range(2):
            ask_for_annotators(push, groups, {groups[0].key: 1}, wanted)
        assert push.report.changes == [f"ask for one more annotator of {len(wanted)} tasks"]
        return {
            task["data"]["task"]: {key: task[key] for key in ("overlap", "is_labeled")}
            for task in server.data["tasks"].values()
        }


def test_who_waits_reads_why_and_how_to_go_on() -> None:
    short = {f"task-{n:02}": Short(n / 20, 4) for n in reversed(range(12))}
    first, *listed = short_text(short, 0.7).splitlines()
    assert first == (
        "12 tasks have less agreement than low_agreement 0.7; one more annotator is awaited; to "
        "review now: tslab review --now"
    )
    assert listed[:2] == ["  0.00  task-00", "  0.05  task-01"]
    assert listed[-2:] == ["  0.45  task-09", "  ... and 2 more; --json has all"]
    assert short_text({"one": Short(0.25, 3)}, 0.3).startswith("1 task has less agreement")


def test_the_summary_tells_apart_why_disputes_are_not_shown(made: Made) -> None:
    study, _ = made
    everything = make_queue(study.project, new_key())
    one = make_queue(study.project, new_key(), most=1)
    (window,) = one.windows
    rest = sum(len(w.cases) for w in everything.windows) - len(window.cases)
    assert (one.later, one.beyond, one.held) == (rest, rest, set())
    assert f"; for the next '--most' {rest} more;" in summary(one)
    assert "wait" not in summary(one)


def test_the_queue_is_shown(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run has no names of new windows: it draws others than the run after it."""
    monkeypatch.setenv("COLUMNS", "200")
    study, _ = made
    queue = make_queue(study.project, new_key())
    queue.leave_out_answered([], ())
    shown = []
    output = mock.Mock(result=lambda document, text: shown.append((document, text)))
    for dry_run in (False, True):
        push = mock.Mock(queue=queue, dry_run=dry_run, unread={}, short={"task-1": Short(0.2, 4)})
        push.project = study.project
        show(output, push, Report(changes=["create it"]), "http://server")
    (document, text), (_, dry) = shown
    assert document["open"] == document["disputes"] == len(document["queue"])
    costly = max(queue.windows, key=lambda window: window.cost)
    assert document["low_agreement"] == {"task-1": {"agreement": 0.2, "annotators": 4}}
    lines = text.splitlines()
    assert lines[2] == "  0.20  task-1"
    assert lines[4].split()[-1] == costly.task.id
    assert lines[4].startswith(costly.task.recording)
    assert "  create it" in text
    assert "..." not in "".join(line for line in lines[4:] if "review-" in line), "said in full"
    assert "  would create it" in dry
    assert "(new)" in dry
    assert not any(window.task.id in dry for window in queue.windows)
    monkeypatch.setenv("COLUMNS", "80")
    show(output, push, Report(changes=["create it"]), "http://server")
    assert max(map(len, shown[-1][1].splitlines())) <= 80
    assert "\n  0.20  task-1\n" in shown[-1][1]
