"""Kernels against packages on one study, to the last digits; the table is in docs/explanation.

Where a package works on a grid, times are whole milliseconds, so that the grid of 1 kHz is exact.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from kit.event_tables import table_of
from kit.span_tables import grids, random_table, study
from numpy.typing import NDArray
from pyannote.core import Segment, Timeline
from sklearn.metrics import cohen_kappa_score, jaccard_score
from timescoring.annotations import Annotation
from timescoring.scoring import SampleScoring

from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.matching import match_events, match_instants
from tslab.agreement.kernels import overlaps as overlap_module
from tslab.agreement.kernels import stream as streams
from tslab.agreement.kernels.contingency import Contingency, contingency, pairs_of
from tslab.agreement.panel import TimeSettings
from tslab.agreement.time.metrics import time_metrics
from tslab.agreement.values import Readers
from tslab.span_table import Extents, SpanTable

MILLISECOND = 1000
LAST_PLACE = 1.2e-16
QUIET = TimeSettings(draws=0)


def everyone(table: SpanTable) -> NDArray[np.int32]:
    return pairs_of(table, Readers(table.annotators))


def values(table: SpanTable, by: str, *of: str) -> dict[str, float | None]:
    found = time_metrics("tier", table, Readers(table.annotators), QUIET)
    return {row.metric: row.value.value for row in found.rows if (row.by, row.of) == (by, of)}


def on_a_grid(table: SpanTable, samples: int) -> NDArray[np.int8]:
    """State of each annotator of one task at 1 kHz, int8 ``(annotators, samples)``; 0 is none."""
    grid = np.zeros((len(table.annotators), samples), np.int8)
    start, end = table.start // MILLISECOND, table.end // MILLISECOND
    for row in range(len(table)):
        grid[table.annotator[row], start[row] : end[row]] = table.label[row] + 1
    return grid


def test_confusion_of_eight_hours_is_that_of_the_grid() -> None:
    hours = 8 * 3600
    table = study(11, tasks=1, annotators=2, labels=5, seconds=hours)
    found = contingency(table, everyone(table))
    assert found.confusion is not None
    one, other = on_a_grid(table, hours * 1000)
    states = np.array([sum(1 << label for label in state) for state in found.states])
    assert states.tolist() == [0, 1, 2, 4, 8, 16]
    counts = np.bincount(6 * one + other, minlength=36).reshape(6, 6)
    assert counts.sum() == 28_800_000
    assert np.array_equal(found.confusion[0], counts * MILLISECOND)


@pytest.mark.parametrize("seed", range(3))
def test_kappa_and_iou_are_scikit_learns_to_the_last_place(seed: int) -> None:
    table = study(seed, tasks=1, annotators=2, labels=5)
    one, other = on_a_grid(table, 1_800_000)
    kappa = values(table, "pair", *table.annotators)["time/cohen_kappa"]
    assert kappa == pytest.approx(cohen_kappa_score(one, other), abs=LAST_PLACE)
    iou = jaccard_score(one, other, average=None, labels=range(1, 6))
    for label, name in enumerate(table.labels):
        assert values(table, "pair-label", *table.annotators, name)["time/iou"] == iou[label]


def timeline(table: SpanTable, who: int, label: int) -> Timeline:
    rows = np.flatnonzero((table.annotator == who) & (table.label == label)).tolist()
    spans = [Segment(table.start[row] / 1e6, table.end[row] / 1e6) for row in rows]
    return Timeline(spans).support()


@pytest.mark.parametrize("seed", range(3))
def test_iou_is_that_of_pyannotes_timelines(seed: int) -> None:
    table = study(seed, tasks=1, annotators=2)
    for label, name in enumerate(table.labels):
        sides = [timeline(table, who, label) for who in (0, 1)]
        both = sum((a & b).duration for a, b in sides[0].co_iter(sides[1]))
        either = sides[0].duration() + sides[1].duration() - both
        found = values(table, "pair-label", *table.annotators, name)["time/iou"]
        assert found == pytest.approx(both / either, abs=1.6e-14)


@pytest.mark.parametrize("seed", range(3))
def test_coverage_is_that_of_sample_scoring_at_a_kilohertz(seed: int) -> None:
    table = study(seed, tasks=1, annotators=2)
    for label, name in enumerate(table.labels):
        masks = on_a_grid(table, 1_800_000) == label + 1
        theirs = SampleScoring(*(Annotation(mask, 1000) for mask in masks), fs=1000)
        found = values(table, "pair-label", *table.annotators, name)
        assert found["time/coverage_first"] == pytest.approx(theirs.sensitivity, abs=LAST_PLACE)
        assert found["time/coverage_second"] == pytest.approx(theirs.precision, abs=LAST_PLACE)


def kappas_of(classes: NDArray[np.int64], declared: int) -> tuple[Fraction, Fraction]:
    """Cohen's kappa and AC1 of two rows of classes, in fractions."""
    many = Fraction(classes.shape[1])
    agreed = int((classes[0] == classes[1]).sum()) / many
    shares = [[int((row == c).sum()) / many for c in range(declared)] for row in classes]
    cohen = sum((a * b for a, b in zip(*shares, strict=True)), Fraction(0))
    mean = [(a + b) / 2 for a, b in zip(*shares, strict=True)]
    gwet = sum((p * (1 - p) for p in mean), Fraction(0)) / (declared - 1)
    return (agreed - cohen) / (1 - cohen), (agreed - gwet) / (1 - gwet)


@pytest.mark.parametrize("seed", range(20))
def test_kappa_and_ac1_are_exact_to_the_last_places(seed: int) -> None:
    """Against fractions: what is left next to a package is the package's rounding, too."""
    table = random_table(seed, tasks=1, annotators=2, ticks=500, spans=20, overlapping=False)
    on, _ = grids(table, 500)
    classes = (on[:, 0] * np.arange(1, 4)[:, None]).sum(axis=1)
    cohen, gwet = kappas_of(classes, 4)
    found = values(table, "pair", *table.annotators)
    assert found["time/cohen_kappa"] == pytest.approx(float(cohen), abs=2.3e-16)
    assert found["time/gwet_ac1"] == pytest.approx(float(gwet), abs=2.3e-16)


@pytest.mark.parametrize("block", range(10))
def test_two_hundred_tables_of_overlapping_labels_equal_their_grids(block: int) -> None:
    for seed in range(20 * block, 20 * block + 20):
        table = random_table(1000 + seed, tasks=2, annotators=2, ragged=seed % 2 == 1)
        found = contingency(table, np.array([[0, 1]], np.int32))
        on, there = grids(table, 60)
        seen = there[0] & there[1]
        one, other = (on[who].transpose(0, 2, 1)[seen] for who in (0, 1))
        assert found.both.sum(axis=0).tolist() == (one & other).sum(axis=0).tolist()
        assert found.label_first.sum(axis=0).tolist() == one.sum(axis=0).tolist()
        assert found.label_second.sum(axis=0).tolist() == other.sum(axis=0).tolist()
        # The same set of labels, no label among them, is the same state.
        assert found.agreed.sum() == (one == other).all(axis=1).sum()
        assert found.ticks.sum() == seen.sum()


def same(one: Contingency, other: Contingency) -> None:
    for name in ("ticks", "both", "agreed", "first", "second", "confusion"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_four_hundred_tables_are_the_same_in_parts_and_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dense tables of three annotators with ties: one pass, small batches, numba."""
    pytest.importorskip("numba", reason="numba is the extra tslab[fast]")
    tables = [
        random_table(seed, ticks=25, spans=9, overlapping=False, labels=2) for seed in range(400)
    ]
    plain = [contingency(table, everyone(table)) for table in tables]
    monkeypatch.setattr(streams, "BATCH", 20)
    for table, found in zip(tables, plain, strict=True):
        same(contingency(table, everyone(table)), found)
    monkeypatch.setattr(overlap_module, "FAST_FROM", 0)
    for table, found in zip(tables, plain, strict=True):
        same(contingency(table, everyone(table)), found)


def crowd(annotators: int, tasks: int, spans: int) -> SpanTable:
    """Exclusive labels of annotators who say nearly the same, in milliseconds of eight hours."""
    dice = np.random.default_rng(0)
    until = 8 * 3600 * 1000
    borders = np.sort(dice.integers(0, until, (tasks, 1, 2 * spans)), axis=2)
    moved = borders + dice.integers(-20_000, 20_000, (tasks, annotators, 2 * spans))
    moved = np.sort(np.clip(moved, 0, until), axis=2) * MILLISECOND
    label = np.broadcast_to(dice.integers(0, 5, (tasks, 1, spans)), (tasks, annotators, spans))
    task, annotator, _ = np.indices(label.shape)
    columns = {"task": task, "annotator": annotator, "label": label}
    columns |= {"start": moved[..., ::2], "end": moved[..., 1::2]}
    flat = {name: column.ravel() for name, column in columns.items()}
    keep = flat["end"] > flat["start"]
    seen = np.divmod(np.arange(tasks * annotators), annotators)
    ends = np.full(tasks * annotators, until * MILLISECOND)
    extents = Extents.of(*seen, np.zeros(tasks * annotators, np.int64), ends)
    names = [f"t{n}" for n in range(tasks)], [f"a{n}" for n in range(annotators)], list("abcde")
    return SpanTable.of(names, {key: column[keep] for key, column in flat.items()}, extents)


@pytest.mark.slow
def test_a_million_spans_are_the_same_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba", reason="numba is the extra tslab[fast]")
    table = crowd(5, 1000, 195)
    assert len(table) > 950_000
    pairs = everyone(table)
    plain = contingency(table, pairs), match_events(table, pairs, [Iou(0.5)])[0].counts
    monkeypatch.setattr(overlap_module, "FAST_FROM", 0)
    fast = contingency(table, pairs), match_events(table, pairs, [Iou(0.5)])[0].counts
    same(fast[0], plain[0])
    assert np.array_equal(fast[1].found, plain[1].found)


def jittered(dice: np.random.Generator, apart: int) -> NDArray[np.int64]:
    """Instants about `apart` ticks apart, each up to 25 off; a tenth is missing."""
    times = np.arange(100, 60_000, apart)
    times = np.unique(times + dice.integers(-25, 26, len(times)))
    return np.asarray(times[dice.random(len(times)) > 0.1])


@pytest.mark.parametrize("apart", [400, 60])
def test_more_instants_are_matched_than_wfdb_compares(apart: int) -> None:
    """Its comparison takes the nearest and gives up the rest; far instants leave no choice."""
    comparison = pytest.importorskip("wfdb.processing").compare_annotations
    dice = np.random.default_rng(apart)
    times = [jittered(dice, apart) for _ in range(2)]
    rows = [(0, who, 0, int(t), int(t)) for who, own in enumerate(times) for t in own]
    ours = len(match_instants(table_of(rows, until=60_100), (0, 1), 45).onset)
    theirs = comparison(*times, 46).tp  # nearer than its window; ours is as near as the tolerance
    assert ours == theirs if apart == 400 else ours > theirs


def test_pairs_of_three_annotators_are_those_of_each_two() -> None:
    table = study(2, tasks=2)
    whole = contingency(table, everyone(table))
    for one, other in combinations(range(3), 2):
        alone = contingency(table, np.array([[one, other]], np.int32))
        at = [tuple(pair) for pair in whole.items.pairs.tolist()].index((one, other))
        assert np.array_equal(whole.both[whole.items.pair == at], alone.both)
