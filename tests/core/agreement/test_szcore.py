"""Detections against timescoring, live."""

from __future__ import annotations

import numpy as np
import pytest
from kit.event_tables import table_of
from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring, SampleScoring

from tslab.agreement.events.szcore import (
    SZCORE,
    Detection,
    detection_rows,
    detection_scores,
    detections,
)
from tslab.agreement.kernels.contingency import contingency
from tslab.agreement.values import NO_HYPOTHESIS, Readers
from tslab.span_table import SpanTable

SECOND = 1_000_000
HOUR = 3600
Seconds = list[tuple[float, float]]


def marked(rng: np.random.Generator, count: int) -> Seconds:
    """Spans at multiples of a second that are apart; some touch."""
    edges = np.sort(rng.choice(HOUR, 2 * count, replace=False)).tolist()
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    return [(float(a), float(b)) for a, b in spans]


def both(seed: int) -> tuple[Seconds, Seconds]:
    rng = np.random.default_rng(seed)
    return marked(rng, int(rng.integers(0, 9))), marked(rng, int(rng.integers(0, 9)))


def as_table(sides: tuple[Seconds, Seconds]) -> SpanTable:
    rows = [
        (0, annotator, 0, round(start * SECOND), round(end * SECOND))
        for annotator, spans in enumerate(sides)
        for start, end in spans
    ]
    return table_of(rows, labels=1, until=HOUR * SECOND)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize(
    "rule", [SZCORE, Detection(), Detection(20 * SECOND, 60 * SECOND, 5 * SECOND)]
)
def test_equals_timescoring(seed: int, rule: Detection) -> None:
    sides = both(seed)
    theirs = EventScoring(
        *(Annotation(spans, 10, HOUR * 10) for spans in sides),
        EventScoring.Parameters(
            rule.before / SECOND, rule.after / SECOND, 0, (rule.longest or 10**12) / SECOND,
            rule.merge / SECOND,
        ),
    )  # fmt: skip
    ours = detections(as_table(sides), (0, 1), rule)
    counts = ours.reference[0, 0], ours.found[0, 0], ours.alarms[0, 0]
    assert counts == (theirs.refTrue, theirs.tp, theirs.fp)
    scores = detection_scores(*(np.array(float(n)) for n in counts), np.array(float(ours.ticks[0])))
    wanted = theirs.sensitivity, theirs.precision, theirs.f1, theirs.fpRate
    np.testing.assert_allclose([float(x) for x in scores.values()], wanted)


@pytest.mark.parametrize("seed", range(20))
def test_time_equals_sample_scoring(seed: int) -> None:
    sides = both(seed)
    theirs = SampleScoring(*(Annotation(spans, 10, HOUR * 10) for spans in sides), fs=10)
    found = contingency(as_table(sides), np.array([[0, 1]], np.int32))
    shared, first, second = found.both[0, 0], found.label_first[0, 0], found.label_second[0, 0]
    assert shared == theirs.tp * SECOND // 10
    assert first == theirs.refTrue * SECOND // 10
    assert second - shared == theirs.fp * SECOND // 10


def test_spans_that_touch_stay_apart_where_nothing_is_merged() -> None:
    table = table_of([(0, 0, 0, 0, 1), (0, 0, 0, 1, 2), (0, 1, 0, 1, 2)])
    counts = detections(table, (0, 1), Detection())
    assert (counts.reference[0, 0], counts.found[0, 0], counts.alarms[0, 0]) == (2, 1, 0)
    merged = detections(table, (0, 1), Detection(merge=1))
    assert merged.reference[0, 0] == 1


def test_long_spans_are_cut() -> None:
    table = table_of([(0, 0, 0, 0, 25), (0, 1, 0, 21, 22)])
    counts = detections(table, (0, 1), Detection(longest=10))
    assert (counts.reference[0, 0], counts.found[0, 0]) == (3, 1)


def test_a_region_of_two_labels_counts_for_both() -> None:
    table = table_of([(0, 0, 0, 0, 10, 1), (0, 0, 1, 0, 10, 1), (0, 1, 1, 5, 6)])
    counts = detections(table, (0, 1), Detection())
    assert counts.reference.tolist() == [[1, 1]]
    assert counts.found.tolist() == [[0, 1]]


def test_nobody_marked_anything() -> None:
    counts = detections(table_of([]), (0, 1))
    assert counts.reference.tolist() == counts.alarms.tolist() == [[0, 0]]
    assert counts.ticks.tolist() == [1000]


def test_each_two_have_rows_the_first_the_reference() -> None:
    rows = [(0, 0, 0, 0, 600), (1, 0, 1, 50, 60), (0, 1, 0, 10, 20), (0, 2, 0, 900, 1000)]
    spans = [(t, who, label, start * SECOND, end * SECOND) for t, who, label, start, end in rows]
    table = table_of(spans, tasks=2, annotators=3, until=HOUR * SECOND)
    readers = Readers(("a0", "a1"), "a2", ())
    found = {
        (row.metric.removeprefix("szcore/"), row.by, row.of): row.value
        for row in detection_rows("t", table, readers)
    }
    assert not any(by in ("overall", "task", "annotator", "label") for _, by, _ in found)
    # Ten minutes are cut into two, of which one is found; in the other task another label.
    assert found["sensitivity", "pair", ("a0", "a1")].value == 1 / 3
    assert found["sensitivity", "pair-label", ("a0", "a1", "L0")].value == 0.5
    assert found["precision", "pair", ("a0", "a1")].value == 1
    assert found["precision", "pair-label", ("a0", "a1", "L1")].reason == NO_HYPOTHESIS
    assert found["f1", "pair", ("a0", "a1")].value == 0.5
    assert found["sensitivity", "reference", ("a1",)].value == 0
    assert found["false_alarms_per_day", "reference", ("a1",)].value == 24 / 2 * 1
