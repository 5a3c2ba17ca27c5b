"""Scores of events at every level, their reasons, and what must not change them."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from kit.event_tables import table_of
from kit.span_tables import random_table

from tslab.agreement.events.boundaries import spreads
from tslab.agreement.events.criteria import AnyOverlap, Collar, Criterion, Iou, criterion
from tslab.agreement.events.matching import match_events
from tslab.agreement.events.metrics import EventSettings, event_metrics
from tslab.agreement.events.scores import event_kappa, matched_kappa
from tslab.agreement.panel import TimeSettings
from tslab.agreement.values import (
    NO_HYPOTHESIS,
    NO_MATCH,
    NO_PAIR,
    NO_REFERENCE,
    NO_SUM,
    NOTHING_MARKED,
    ONE_READER,
    Readers,
    Row,
    Value,
)
from tslab.span_table import Extents, SpanTable

QUICK = EventSettings(intervals=TimeSettings(draws=0))
Key = tuple[str, str, tuple[str, ...]]


def measured(
    table: SpanTable, settings: EventSettings = QUICK, readers: Readers | None = None
) -> dict[Key, Row]:
    rows = event_metrics("tier", table, readers or Readers(table.annotators), settings).rows
    found = {(row.metric, row.by, row.of): row for row in rows}
    assert len(found) == len(rows)
    return found


def numbers(rows: dict[Key, Row]) -> dict[Key, Value]:
    return {key: row.value for key, row in rows.items()}


def close(one: dict[Key, Value], other: dict[Key, Value]) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert value.reason == other[key].reason, key
        assert value.value == pytest.approx(other[key].value), key


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("overlapping", [False, True])
def test_other_rules_change_no_number_of_the_usual_ones(seed: int, overlapping: bool) -> None:
    """Collars and any overlap are matched apart, beside the stream that finds all IoU."""
    table = random_table(seed, tasks=4, annotators=3, spans=8, overlapping=overlapping)
    usual = measured(table)
    rules = (AnyOverlap(), Collar(2, 2), Iou(0.33))
    wide = replace(QUICK, criteria=(*QUICK.criteria, *rules))
    both = measured(table, wide)
    close(numbers(usual), {key: both[key].value for key in usual})
    for rule in rules:
        alone = measured(table, replace(QUICK, criteria=(rule,)))
        own = {key: row.value for key, row in alone.items() if key[0].endswith(f"@{rule.name}")}
        assert own
        close(own, {key: both[key].value for key in own})


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("any", AnyOverlap()), ("0.6", Iou(0.6)), ("1", Iou(1.0)),
        ("0.2s", Collar(200_000, 200_000)), (".25s+50%", Collar(250_000, 250_000, 0.5)),
    ],
)  # fmt: skip
def test_rules_by_name(name: str, rule: Criterion) -> None:
    assert criterion(name) == rule
    assert criterion(rule.name) == rule


@pytest.mark.parametrize(
    "name", ["", "0", "1.1", "nan", "-1", "2 s", "s", "1s+200%", "9e9s", "all"]
)
def test_what_is_no_rule(name: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        criterion(name)


@pytest.mark.parametrize("seed", range(12))
def test_scores_are_ratios_of_counts_added_up(seed: int) -> None:
    table = random_table(seed, tasks=4, annotators=3, spans=8)
    rows = measured(table)
    total = np.zeros((len(table.labels), 2))
    for one, other in combinations(range(3), 2):
        (found,) = match_events(table, (one, other), [Iou(0.3)])
        counts = found.counts.by_label(3)
        both = counts.reference.sum(axis=0) + counts.hypothesis.sum(axis=0)
        matched = 2 * counts.found.sum(axis=0)
        total += np.stack([matched, both], axis=1)
        names = table.annotators[one], table.annotators[other]
        for label in range(3):
            row = rows[("event/f1@0.3", "pair-label", (*names, table.labels[label]))]
            assert row.events == both[label]
            if both[label]:
                assert row.value.value == pytest.approx(matched[label] / both[label])
        whole = rows[("event/f1@0.3", "pair", names)]
        if both.sum():
            assert whole.value.value == pytest.approx(matched.sum() / both.sum())
    for label, name in enumerate(table.labels):
        value = rows[("event/f1@0.3", "label", (name,))].value.value
        assert value == pytest.approx(total[label, 0] / total[label, 1])
    overall = rows[("event/f1@0.3", "overall", ())].value.value
    assert overall == pytest.approx(total[:, 0].sum() / total[:, 1].sum())


def test_an_annotator_has_the_mean_of_his_pairs() -> None:
    rows = measured(random_table(1, annotators=3))
    own = [
        row.value.value
        for (name, by, of), row in rows.items()
        if name == "event/f1@0.5" and by == "pair" and "a1" in of
    ]
    assert len(own) == 2
    mean = rows[("event/f1@0.5", "annotator", ("a1",))].value.value
    assert mean == pytest.approx(np.mean(np.array(own, float)))


def test_only_the_reference_makes_precision_and_recall_differ() -> None:
    table = table_of([(0, 0, 0, 0, 10), (0, 0, 0, 20, 30), (0, 1, 0, 0, 10)], annotators=3)
    rows = measured(table, readers=Readers(("a1", "a2"), reference="a0"))
    assert rows[("event/precision@0.5", "reference", ("a1",))].value.value == 1.0
    assert rows[("event/recall@0.5", "reference", ("a1",))].value.value == 0.5
    assert rows[("event/recall@0.5", "reference-label", ("a1", "L0"))].value.value == 0.5
    assert ("event/recall@0.5", "overall", ()) not in rows
    assert rows[("event/f1@0.5", "overall", ())].value.value == 0.0


def test_a_model_is_compared_with_everybody() -> None:
    table = random_table(2, annotators=4)
    rows = measured(table, readers=Readers(("a0", "a1"), "a2", ("a3",)))
    models = {of for name, by, of in rows if name == "event/f1@0.5" and by == "model"}
    assert models == {("a2", "a3"), ("a0", "a3"), ("a1", "a3")}


def test_every_undefined_score_says_why() -> None:
    table = table_of([(0, 0, 0, 0, 10), (2, 1, 0, 0, 5), (2, 0, 0, 90, 99)], tasks=3)
    rows = measured(table)
    task = {t: rows[("event/f1@0.5", "task", (t,))].value for t in table.tasks}
    assert task["t0"] == Value(0.0)  # one is empty: no partner for anything
    assert task["t1"] == Value(None, NOTHING_MARKED)
    assert rows[("event/mean_iou@0.5", "task", ("t2",))].value == Value(None, NO_MATCH)
    assert rows[("event/onset_median_error", "task", ("t2",))].value == Value(None, NO_MATCH)
    alone = measured(table_of([(0, 0, 0, 0, 10)]))
    assert alone[("event/precision@0.5", "pair", ("a0", "a1"))].value == Value(None, NO_HYPOTHESIS)
    assert alone[("event/recall@0.5", "pair", ("a0", "a1"))].value == Value(0.0)
    turned = measured(table_of([(0, 1, 0, 0, 10)]))
    assert turned[("event/recall@0.5", "pair", ("a0", "a1"))].value == Value(None, NO_REFERENCE)
    assert turned[("event/f1@0.5", "pair-label", ("a0", "a1", "L1"))].value.reason == NOTHING_MARKED
    empty = measured(table_of([]))
    assert empty[("event/f1@0.5", "annotator", ("a0",))].value == Value(None, NO_PAIR)
    assert empty[("event/kappa", "overall", ())].value == Value(None, NOTHING_MARKED)


def test_a_task_of_one_annotator_is_named_and_not_scored() -> None:
    seen = Extents.of([0, 0, 1], [0, 1, 0], [0, 0, 0], [50, 50, 50])
    rows = measured(table_of([(1, 0, 0, 0, 10)], tasks=2, reviewed=seen))
    row = rows[("event/f1@0.5", "task", ("t1",))]
    assert row.value == Value(None, ONE_READER)
    assert rows[("event/f1@0.5", "overall", ())].events == 0
    assert rows[("event/f1@0.5", "overall", ())].tasks == 1


def test_who_did_not_submit_is_not_who_found_nothing() -> None:
    seen = Extents.of([0], [0], [0], [50])
    absent = measured(table_of([(0, 0, 0, 0, 10)], reviewed=seen))
    assert not [key for key in absent if key[1] == "pair"]
    present = measured(table_of([(0, 0, 0, 0, 10)], until=50))
    assert present[("event/f1@0.5", "pair", ("a0", "a1"))].value == Value(0.0)


@pytest.mark.parametrize("seed", range(6))
def test_f1_and_errors_do_not_ask_who_is_first(seed: int) -> None:
    # Whole ticks make ties between matchings; these times do not.
    table = random_table(seed, annotators=2, spans=10)
    dice = np.random.default_rng(seed)
    start, end = (1000 * t + dice.integers(0, 300, len(t)) for t in (table.start, table.end))
    end = np.minimum(np.where(table.instants, start, end), 60_000)
    table = replace(moved(table, times=1000), start=np.minimum(start, end), end=end)
    swapped = (
        SpanTable.of(
            (table.tasks, table.annotators, table.labels),
            {
                "task": table.task,
                "annotator": 1 - table.annotator,
                "label": table.label,
                "start": table.start,
                "end": table.end,
            },
            Extents.of(
                table.reviewed.task, 1 - table.reviewed.annotator, table.reviewed.start,
                table.reviewed.end,
            ),
        )
    )  # fmt: skip
    there, back = numbers(measured(table)), numbers(measured(swapped))
    for name in ("f1@0.1", "mean_iou@0.5", "f1@0.9", "kappa", "kappa_matched", "onset_mad"):
        key = (f"event/{name}", "overall", ())
        assert there[key].value == pytest.approx(back[key].value)
    pair = "pair", ("a0", "a1")
    assert there[("event/precision@0.5", *pair)] == back[("event/recall@0.5", *pair)]
    assert there[("event/splits", *pair)] == back[("event/merges", *pair)]
    bias = there[("event/onset_bias", *pair)].value
    assert bias == pytest.approx(_minus(back[("event/onset_bias", *pair)].value))


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def moved(table: SpanTable, *, by: int = 0, times: int = 1) -> SpanTable:
    seen = table.reviewed
    extents = Extents.of(seen.task, seen.annotator, seen.start * times + by, seen.end * times + by)
    return replace(
        table, start=table.start * times + by, end=table.end * times + by, reviewed=extents
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_shift_changes_nothing_and_a_scale_only_seconds(seed: int) -> None:
    table = random_table(seed, ragged=bool(seed % 2))
    before = numbers(measured(table))
    close(before, numbers(measured(moved(table, by=12_345_678_901))))
    scaled = numbers(measured(moved(table, times=1000)))
    for key, value in before.items():
        factor = 1000 if "set_" in key[0] else 1
        expected = None if value.value is None else value.value * factor
        assert scaled[key].value == pytest.approx(expected), key


@pytest.mark.parametrize("seed", range(6))
def test_other_names_of_labels_change_nothing_else(seed: int) -> None:
    table = random_table(seed)
    turned = SpanTable.of(
        (table.tasks, table.annotators, table.labels[::-1]),
        {
            "task": table.task,
            "annotator": table.annotator,
            "label": 2 - table.label,
            "start": table.start,
            "end": table.end,
        },
        table.reviewed,
    )
    close(numbers(measured(table)), numbers(measured(turned)))


@pytest.mark.parametrize("seed", range(6))
def test_cutting_a_task_where_nothing_is_changes_no_score(seed: int) -> None:
    whole = random_table(seed, tasks=2, ticks=60)
    # The second half of one long task is a task of its own.
    seen = whole.reviewed
    joined = SpanTable.of(
        (["one"], whole.annotators, whole.labels),
        {
            "task": np.zeros(len(whole)),
            "annotator": whole.annotator,
            "label": whole.label,
            "start": whole.start + 100 * whole.task,
            "end": whole.end + 100 * whole.task,
        },
        Extents.of(
            np.zeros(len(seen)), seen.annotator, seen.start + 100 * seen.task,
            seen.end + 100 * seen.task,
        ),
    )  # fmt: skip
    one, two = numbers(measured(joined)), numbers(measured(whole))
    for key, value in one.items():
        if key[1] != "task":
            assert value.value == pytest.approx(two[key].value), key
            assert value.reason == two[key].reason


@pytest.mark.parametrize("seed", range(6))
def test_an_annotator_who_leaves_changes_no_other_pair(seed: int) -> None:
    table = random_table(seed, annotators=3, ragged=True)
    left = table.without_annotators(["a2"])
    before = numbers(measured(table))
    after = numbers(measured(left, readers=Readers(("a0", "a1"))))
    for key, value in after.items():
        if key[1].startswith("pair"):
            assert before[key] == value


def test_intervals_are_those_of_tasks_drawn_again() -> None:
    table = random_table(5, tasks=30, annotators=2, spans=10)
    settings = EventSettings(intervals=TimeSettings(draws=400, seed=3))
    value = measured(table, settings)[("event/f1@0.5", "pair", ("a0", "a1"))].value
    (found,) = match_events(table, (0, 1), [Iou(0.5)])
    dice = np.random.default_rng(0)
    counts = found.counts
    both = (counts.reference + counts.hypothesis).sum(axis=1)
    drawn = [
        2 * counts.found.sum(axis=1)[at].sum() / both[at].sum()
        for at in dice.integers(0, 30, (4000, 30))
    ]
    assert value.value is not None
    assert value.low == pytest.approx(np.percentile(drawn, 2.5), abs=0.02)
    assert value.high == pytest.approx(np.percentile(drawn, 97.5), abs=0.02)


def test_borders_are_measured_against_numpy() -> None:
    rng = np.random.default_rng(0)
    errors, group = rng.integers(-(10**7), 10**7, 1000), rng.integers(0, 7, 1000)
    group[group == 3] = 4
    order = np.lexsort([errors, group])
    found = spreads(errors[order], np.bincount(group, minlength=7))
    for number in range(7):
        own = errors[group == number] / 1e6
        if not len(own):
            assert np.isnan([found[name][number] for name in found]).all()
            continue
        assert found["median_error"][number] == pytest.approx(np.median(abs(own)))
        assert found["p95_error"][number] == pytest.approx(np.percentile(abs(own), 95))
        spread = np.median(abs(own - np.median(own)))
        assert found["mad"][number] == pytest.approx(spread)


def test_bias_has_the_sign_of_who_is_late() -> None:
    second = 1_000_000
    rows = [
        (0, annotator, 0, t * second + late, t * second + 50 * second)
        for annotator, late in ((0, 0), (1, 2 * second), (2, 4 * second))
        for t in range(0, 900, 100)
    ]
    found = measured(table_of(rows, annotators=3, until=1000 * second))
    assert found[("event/onset_bias", "pair", ("a0", "a1"))].value.value == pytest.approx(2)
    assert found[("event/onset_bias", "annotator", ("a0",))].value.value == pytest.approx(-3)
    assert found[("event/onset_bias", "annotator", ("a1",))].value.value == pytest.approx(0)
    assert found[("event/onset_bias", "annotator", ("a2",))].value.value == pytest.approx(3)
    for who, late in (("a0", -3), ("a1", 0), ("a2", 3)):
        assert found[("event/onset_median_bias", "annotator", (who,))].value.value == late
    assert found[("event/onset_median_bias", "pair", ("a1", "a2"))].value.value == 2
    assert found[("event/onset_mad", "pair", ("a0", "a1"))].value.value == 0
    assert found[("event/onset_median_error", "overall", ())].value.value == pytest.approx(2)
    assert found[("event/offset_p95_error", "label", ("L0",))].value.value == 0


def test_one_border_far_out_moves_the_mean_and_not_the_median_bias() -> None:
    second = 1_000_000
    rows = [
        (task, annotator, 0, (200 + annotator * late) * second, 800 * second)
        for task, late in enumerate((1, 1, 1, 1, -150))
        for annotator in range(2)
    ]
    settings = EventSettings(intervals=TimeSettings(draws=50))
    found = measured(table_of(rows, tasks=5, until=1000 * second), settings)
    groups = ("annotator", ("a1",), 1), ("pair", ("a0", "a1"), 1), ("annotator", ("a0",), -1)
    for by, of, sign in groups:
        assert found[("event/onset_median_bias", by, of)].value.value == sign
        assert found[("event/onset_bias", by, of)].value.value == pytest.approx(-29.2 * sign)
    for name in ("median_bias", "bias"):
        value = found[(f"event/onset_{name}", "annotator", ("a0",))].value
        assert (value.low, value.no_interval) == (None, NO_SUM)


def test_kappa_equals_the_iterative_fit_of_easydiag() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        table = rng.integers(0, 30, (4, 4)).astype(float)
        table[0, 0] = 0
        fit = np.ones((4, 4))
        fit[0, 0] = 0
        for _ in range(5000):
            fit *= (table.sum(axis=1) / fit.sum(axis=1))[:, None]
            fit *= table.sum(axis=0) / fit.sum(axis=0)
        agreed, chance = (np.trace(t[1:, 1:]) / table.sum() for t in (table, fit))
        assert float(event_kappa(table)) == pytest.approx((agreed - chance) / (1 - chance))


def test_kappa_of_matched_events_equals_sklearn() -> None:
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(3)
    one, other = rng.integers(0, 3, (2, 200))
    table = np.zeros((4, 4))
    np.add.at(table, (one + 1, other + 1), 1)
    table[0, 1:] = 5
    assert float(matched_kappa(table)) == pytest.approx(cohen_kappa_score(one, other), abs=1e-12)


def test_confusion_counts_matched_and_lonely_events() -> None:
    rows = [(0, 0, 0, 0, 10), (0, 1, 1, 0, 10), (0, 0, 0, 20, 30), (0, 1, 0, 50, 60)]
    found = event_metrics("tier", table_of(rows), Readers(("a0", "a1")), QUICK)
    (overall, pair) = found.confusions
    assert pair.counts.tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert overall.counts.tolist() == (pair.counts + pair.counts.T).tolist()
    kappa = next(r for r in found.rows if (r.metric, r.by) == ("event/kappa", "pair"))
    assert kappa.events == 4
    assert found.sets == (("L0",), ("L1",))


def test_collars_are_named_by_their_seconds() -> None:
    settings = replace(QUICK, criteria=(Collar(200_000, 200_000),), main=Collar(200_000, 200_000))
    rows = measured(table_of([(0, 0, 0, 0, 10**6), (0, 1, 0, 10**5, 10**6)], until=10**7), settings)
    assert rows[("event/f1@0.2s", "overall", ())].value.value == 1.0


def test_events_of_several_labels_are_one_event_and_in_the_rows_of_each() -> None:
    both = [(0, 0, 0, 0, 10, 1), (0, 0, 1, 0, 10, 1), (0, 1, 0, 1, 10, 2), (0, 1, 1, 1, 10, 2)]
    rows = measured(table_of(both))
    assert rows[("event/f1@0.5", "overall", ())].events == 2
    assert rows[("event/f1@0.5", "label", ("L1",))].events == 2
    assert rows[("event/onset_median_error", "label", ("L1",))].events == 1
    assert rows[("event/onset_median_error", "overall", ())].events == 1
