"""Parts of the figures against other packages, and against `tslab agreement` itself."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from scipy.stats import spearmanr

from tslab.agreement.events.instant_metrics import InstantSettings, instant_metrics
from tslab.agreement.events.metrics import event_metrics
from tslab.agreement.panel import TimeSettings
from tslab.agreement.time.metrics import time_metrics
from tslab.agreement.values import Readers, Row
from tslab.domain import Label, Tier
from tslab.progress.activity import Activity, Entry
from tslab.progress.left import what_is_left
from tslab.progress.over_time import Period
from tslab.progress.people import lead_times, people
from tslab.progress.reading_table import reading_table, readings
from tslab.progress.report import Progress, _lead_trends
from tslab.progress.sentences import stands_out
from tslab.progress.shared_tasks import Shared, shared_tasks
from tslab.progress.text import _over_time
from tslab.progress.trends import sittings, spearman, verdict
from tslab.progress.use import prediction_use
from tslab.progress.words import TITLES, ago, span
from tslab.progress.work import Tally, Work, read_work
from tslab.settings import Review
from tslab.spans import Span
from tslab.task import Task

LABELS = ("A", "B", "C")
VIEWS = {"all": ("state", "mark")}
START = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


def tier(kind: str = "intervals") -> Tier:
    return Tier.model_validate(
        {
            "name": "state",
            "kind": kind,
            "labels": [Label(name=name) for name in LABELS],
            "tolerance_seconds": 0.5,
        }
    )


def entry(who: str, task: int, number: int, spans: Sequence[Span] = (), **given: object) -> Entry:
    start = 100.0 * task
    created = (START + dt.timedelta(minutes=number)).isoformat()
    values: dict[str, object] = {"number": number, "created": created, "lead_time": 30.0, **given}
    return Entry(
        f"t{task}", "rec", "all", start, start + 100, who, spans=spans,
        **values,  # type: ignore[arg-type]
    )  # fmt: skip


def work_of(entries: Sequence[Entry]) -> list[Work]:
    tally = Tally()
    found = read_work(Activity("", entries), {e.task for e in entries}, tally)
    assert not tally.findings()
    return found


def study(seed: int, annotators: Sequence[str]) -> list[Entry]:
    """Ranges and instants of several annotators; each leaves some tasks out."""
    dice, found = random.Random(seed), list[Entry]()
    for task in range(12):
        for who in annotators:
            spans, at = [], 100.0 * task
            while (at := at + dice.choice((0, 3, 8))) < 100 * task + 85:
                length = dice.choice((0.0, 4.0, 9.5))
                spans.append(Span(at, at + length, dice.choice(LABELS), "state"))
                at += length or 0.25
            if dice.random() < 0.8:
                found.append(entry(who, task, len(found), spans))
    return found


def of(rows: Sequence[Row], metric: str, by: str, names: tuple[str, ...] = ()) -> float | None:
    (value,) = [r.value.value for r in rows if (r.metric, r.by, r.of) == (metric, by, names)]
    return value


@pytest.mark.parametrize("seed", range(5))
def test_alpha_of_several_is_that_of_agreement(seed: int) -> None:
    """Tasks of two, three and four people count by their people, not by their pairs."""
    names = ("ann", "bob", "cem", "dan")
    found = readings(work_of(study(seed, names)))
    shared = shared_tasks(found, tier(), VIEWS)
    (figures,) = shared.figures([range(len(shared))])
    rows = time_metrics(
        "state", reading_table(found, tier()), Readers(names), TimeSettings(draws=0)
    ).rows
    wanted = of(rows, "time/krippendorff_alpha", "overall")
    assert figures["time/krippendorff_alpha"] == pytest.approx(wanted, abs=1e-12)
    assert wanted != pytest.approx(of(rows, "time/scott_pi", "overall"), abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_agreement(seed: int) -> None:
    found = readings(work_of(study(seed, ("ann", "bob"))))
    shared = shared_tasks(found, tier(), VIEWS)
    table, readers = reading_table(found, tier()), Readers(("ann", "bob"))
    (figures,) = shared.figures([range(len(shared))])
    plain = TimeSettings(draws=0)
    time = time_metrics("state", table, readers, plain).rows
    events = event_metrics("state", table, readers).rows
    settings = InstantSettings(500_000, intervals=plain)
    instants = instant_metrics("state", table, readers, settings).rows
    pair = ("ann", "bob")
    assert figures == {
        "time/krippendorff_alpha": pytest.approx(
            of(time, "time/scott_pi", "pair", pair), abs=1e-12
        ),
        "time/iou": pytest.approx(of(time, "time/iou", "overall"), abs=1e-12),
        "event/f1@0.5": pytest.approx(of(events, "event/f1@0.5", "overall"), abs=1e-12),
        "instant/f1": pytest.approx(of(instants, "instant/f1", "overall"), abs=1e-12),
    }
    for side, name in enumerate(("onset", "offset")):
        wanted = of(events, f"event/{name}_bias", "pair", pair)
        everything = [range(len(shared))]
        assert shared.bias(everything, "bob", side) == [pytest.approx(wanted, abs=1e-9)]
        assert shared.bias(everything, "ann", side) == [pytest.approx(-wanted, abs=1e-9)]  # type: ignore[operator]


def test_groups_of_rows_are_what_their_tasks_say_alone() -> None:
    entries = study(7, ("ann", "bob", "cem"))
    shared = shared_tasks(readings(work_of(entries)), tier(), VIEWS)
    tasks = sorted(set(shared.task))
    groups = [[r for r in range(len(shared)) if shared.task[r] == task] for task in tasks]
    together = shared.figures(groups)
    for task, figures in zip(tasks, together, strict=True):
        own = [e for e in entries if e.task == task]
        alone = shared_tasks(readings(work_of(own)), tier(), VIEWS)
        assert alone.figures([range(len(alone))]) == [figures]
    assert shared.figures([]) == []


def test_who_is_compared_with_whom() -> None:
    entries = [
        entry("ann", 0, 1),
        entry("ann", 0, 2),
        entry("bob", 0, 3),
        entry("cem", 0, 4, ground_truth=True),
        entry("bob", 1, 5),
        entry("cem", 0, 6, state="skipped"),
        entry("dan", 0, 7, state="draft"),
    ]
    tally = Tally()
    work = read_work(Activity("", entries), ["t0", "t1"], tally)
    shared: Shared = shared_tasks(readings(work), tier(), VIEWS)
    pairs = set(zip(shared.first, shared.second, shared.kind, strict=True))
    assert pairs == {
        ("ann", "bob", "pair"),
        ("again ann", "ann", "self"),
        ("ground truth", "ann", "truth"),
        ("ground truth", "bob", "truth"),
    }
    assert set(shared.task) == {"t0"}
    assert [str(f)[:6] for f in tally.findings()] == ["TSL089"]


@pytest.mark.parametrize("seed", range(6))
def test_spearman_is_scipys(seed: int) -> None:
    dice = random.Random(seed)
    one = [float(dice.randint(0, 6)) for _ in range(30)]
    other = [dice.gauss(0.3 * value, 1) for value in one]
    assert spearman(one, other) == pytest.approx(spearmanr(one, other).statistic, abs=1e-12)
    assert spearman(one, [1.0] * 30) is None
    assert spearman(one[:1], other[:1]) is None


def test_a_trend_needs_ten_tasks_and_a_clear_correlation() -> None:
    assert verdict(1.0, 9) == "too few to say"
    assert verdict(0.85, 10) == "no trend"  # z = 2.55
    assert verdict(0.87, 10) == "rises"  # z = 2.61
    assert verdict(-0.27, 101) == "falls"
    assert verdict(None, 50) == "no trend"


def test_chance_alone_is_no_trend() -> None:
    """At most about one in a hundred shuffled orders is called a trend."""
    dice, called = random.Random(1), 0
    for _ in range(1000):
        values = [dice.random() for _ in range(25)]
        called += verdict(spearman([float(n) for n in range(25)], values), 25) != "no trend"
    assert called <= 20


def test_a_sitting_ends_with_the_pause_before_the_next_task_is_begun() -> None:
    def at(task: int, minute: float, lead: float, state: str = "submitted") -> Entry:
        created = (START + dt.timedelta(minutes=minute)).isoformat()
        return entry("ann", task, task, created=created, lead_time=lead, state=state)

    work = work_of([
        at(0, 0, 60),
        at(1, 1, 60, "skipped"),
        at(2, 35, 300),  # begun at 30: 29 minutes after the one before
        at(3, 66, 30),  # begun at 65.5: half a minute too late
    ])  # fmt: skip
    assert sittings(work) == {"t0": 1, "t2": 3, "t3": 1}


def test_a_region_with_several_labels_is_followed_label_by_label() -> None:
    shown = [Span(0, 9, name, "state", id="r") for name in ("A", "B")]
    said = [Span(0, 9, "A", "state", id="r"), Span(0, 9, "C", "state", id="r")]
    said += [Span(20, 30, "A", "state")]
    use = prediction_use(work_of([entry("ann", 0, 1, said, model="m")]), {"t0": {"m": shown}})
    counts = {u.label: (u.predicted, u.accepted, u.relabelled, u.added) for u in use.labels}
    assert counts == {"A": (1, 1, 0, 1), "B": (1, 0, 1, 0)}
    assert [(r.before, r.after, r.regions) for r in use.relabelled] == [("B", "C", 1)]
    assert use.untouched == frozenset()


def test_an_empty_prediction_that_stays_empty_is_untouched() -> None:
    use = prediction_use(work_of([entry("ann", 0, 1, model="m")]), {"t0": {"m": []}})
    assert (use.untouched, use.labels, use.annotations) == (frozenset({1}), [], 1)


@pytest.mark.parametrize(
    ("percentage", "overlap", "missing"),
    [(100, 1, 2), (100, 3, 1 + 2 + 3 + 3), (25, 2, 2), (50, 2, 1 + 2)],
)
def test_missing_annotations_follow_label_studios_share(
    percentage: int, overlap: int, missing: int
) -> None:
    """Four tasks: one by two annotators, one by one, two by nobody."""
    tasks = [Task(f"t{n}", "rec", "all", 100.0 * n, 100.0 * n + 100, ("x",), 1) for n in range(4)]
    work = work_of([entry("ann", 0, 1), entry("bob", 0, 2), entry("ann", 1, 3)])
    (left,) = what_is_left(tasks, work, Review(overlap=overlap, percentage=percentage))
    assert left.annotations == missing
    assert left.hours == pytest.approx(missing * 30 / 3600)


@pytest.mark.parametrize("percentage", [100, 50])
def test_what_was_asked_for_beyond_the_overlap_is_missing_until_it_is_there(
    percentage: int,
) -> None:
    """Two tasks read by two, who agree too little on one of them: a third is asked for."""
    tasks = [Task(f"t{n}", "rec", "all", 100.0 * n, 100.0 * n + 100, ("x",), 1) for n in range(2)]
    said = [entry(who, task, 2 * task + n) for task in (0, 1) for n, who in enumerate("ab")]
    review = Review(overlap=2, percentage=percentage)
    (left,) = what_is_left(tasks, work_of(said), review, asked={"t1": 3})
    assert (left.done, left.too_few, left.annotations) == (1, 1, 1)
    (left,) = what_is_left(tasks, work_of([*said, entry("c", 1, 9)]), review, asked={"t1": 3})
    assert (left.done, left.too_few, left.annotations) == (2, 0, 0)


def test_who_does_the_slow_view_first_becomes_no_faster() -> None:
    """Forty-second tasks of one view, then three-second tasks of another."""
    said = [
        replace(
            entry("ann", n, n, lead_time=40.0 if n < 12 else 3.0),
            view="slow" if n < 12 else "quick",
        )
        for n in range(24)
    ]
    found = _lead_trends("ann", work_of(said), {f"t{n}": n for n in range(24)}, "order")
    assert [(t.tier, t.tasks, t.verdict) for t in found] == [
        ("quick", 12, "no trend"),
        ("slow", 12, "no trend"),
    ]
    one = [replace(entry("ann", n, n, lead_time=40.0 - n), view="slow") for n in range(12)]
    (trend,) = _lead_trends("ann", work_of(one), {f"t{n}": n for n in range(12)}, "order")
    assert (trend.tier, trend.verdict) == ("", "falls")


def said_of(entries: Sequence[Entry], shown: dict[str, dict[str, list[Span]]]) -> list[str]:
    """What stands out of predictions and people."""
    work = work_of(entries)
    use = prediction_use(work, shown)
    some = people(work, use.untouched)
    found = Progress("", [], lead_times(work), some, use, [], [], [], [], [], [])
    return stands_out(found)


def test_what_stands_out_is_said() -> None:
    """Ten tasks of one model, in each of which one thing is always wrong."""
    shown, entries = {}, []
    for task in range(10):
        at = 100.0 * task
        tell = [Span(at + 10, at + 20, "A", "state", id="a"), Span(at + 30, at + 40, "B", "state")]
        tell[1] = replace(tell[1], id="b")
        shown[f"t{task}"] = {"m": tell}
        later = replace(tell[0], start=at + 10.5)
        other = replace(tell[1], label="C")
        said = [later, other if task < 6 else tell[1]]
        entries.append(entry("ann", task, task, said, model="m"))
    assert said_of(entries, shown) == [
        "m says B where annotators say C: 6 of 10",
        "m begins A 0.5 s too early: moved in 10 of 10",
    ]
    entries = [
        entry("bob", task, task, spans[0:0] if task % 2 else spans, model="m", lead_time=3.0)
        for task in range(10)
        for spans in [shown[f"t{task}"]["m"]]
    ]
    assert said_of(entries, shown) == [
        "m sees A where there is none: 5 of 10 deleted",
        "m sees B where there is none: 5 of 10 deleted",
    ]
    entries = [
        entry("bob", task, task, shown[f"t{task}"]["m"], model="m", lead_time=3.0)
        for task in range(10)
    ]
    (sentence,) = said_of(entries, shown)
    assert sentence.startswith("bob submitted 10 of 10 tasks just as predicted, in 3 s at the")
    missed = [Span(100.0 * n + 50, 100.0 * n + 60, "C", "state", id="new") for n in range(10)]
    entries = [entry("bob", n, n, [*shown[f"t{n}"]["m"], missed[n]], model="m") for n in range(10)]
    assert said_of(entries, shown) == ["m misses C: 10 added by hand, 0 found"]


def test_borders_that_are_moved_to_both_sides_stand_not_out() -> None:
    """Twenty starts are moved to and fro: the median is not 0, and says nothing."""
    shown = {
        f"t{n}": {"m": [Span(100.0 * n + 10, 100.0 * n + 20, "A", "state", id="a")]}
        for n in range(20)
    }
    for late, said in ((12, []), (19, ["m begins A 0.2 s too early: moved in 20 of 20"])):
        entries = []
        for n in range(20):
            (span,) = shown[f"t{n}"]["m"]
            by = 0.2 if n < late else -0.3
            entries.append(entry("ann", n, n, [replace(span, start=span.start + by)], model="m"))
        assert said_of(entries, shown) == said


def test_borders_of_relabelled_regions_are_not_moved_ones() -> None:
    shown = {"t0": {"m": [Span(10, 20, "A", "state", id="a")]}}
    other = replace(shown["t0"]["m"][0], label="B", end=30.0)
    (use,) = prediction_use(work_of([entry("ann", 0, 0, [other], model="m")]), shown).labels
    assert (use.relabelled, use.moved, use.offset.moved) == (1, 0, 0)


def test_little_is_nothing_to_talk_about() -> None:
    shown = {
        f"t{n}": {"m": [Span(100.0 * n, 100.0 * n + 9, "A", "state", id="a")]} for n in range(4)
    }
    entries = [entry("ann", n, n, model="m") for n in range(4)]
    assert said_of(entries, shown) == []


def test_lengths_of_time_as_people_say_them() -> None:
    assert [span(s) for s in (None, 0.25, 45, 120, 7200)] == [
        "-", "0.25 s", "45 s", "2.0 min", "2.0 h",
    ]  # fmt: skip
    assert [ago(s) for s in (None, 0.2, 61, 7300, 90_000)] == [
        "nobody knows when", "just now", "1 minute ago", "2 hours ago", "1 day ago",
    ]  # fmt: skip


def test_the_terminal_has_the_latest_weeks_and_time_runs_down() -> None:
    periods = [
        Period(name, f"2026-W{week}", 3, {**dict.fromkeys(TITLES), "time/iou": 0.5})
        for name in ("a", "b")
        for week in range(40, 46)
    ]
    rows, more = "\n".join(_over_time(periods, "week", 0)).rsplit("\n", 1)
    weeks = [line.split()[:2] for line in rows.splitlines()[1:]]
    assert weeks == [[f"2026-W{week}", name] for week in range(42, 46) for name in ("a", "b")]
    assert more == "4 earlier: --json, --report"
