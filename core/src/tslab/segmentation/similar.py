"""Find more like this: what resembles the regions that an annotator has just drawn.

Ranges: a small model is learned on the spot, the examples against all the rest of the recording,
and told to be generous, because the rest holds what is looked for. Instants: a window slides over
the recording and is compared part by part with the examples. No trained model is needed; what one
finds of the same labels is added. Where nothing stands out, nothing is answered.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tslab.contracts import TrainingExample
from tslab.domain import Domain
from tslab.recording import Recording
from tslab.segmentation import UNTRAINED
from tslab.segmentation.chain.calibration import Curve
from tslab.segmentation.chain.fitting import Material, View, fit_rows, make_bank, make_table
from tslab.segmentation.chain.instants import peaks
from tslab.segmentation.chain.model import Chain, Scorer
from tslab.segmentation.chain.plans import range_plan
from tslab.segmentation.chain.pointing import asked_of
from tslab.segmentation.chain.regions import Placement, range_spans
from tslab.segmentation.chain.targets import Task
from tslab.segmentation.chain.tuning import Decoder, change_costs
from tslab.segmentation.features.grid import Float32, Grid, channel_key, fastest, make_grid
from tslab.segmentation.features.threads import one_thread
from tslab.segmentation.features.windows import WindowSums
from tslab.spans import Span, sort_key, to_microseconds, to_seconds
from tslab.tolerances import instant_tolerance

if TYPE_CHECKING:
    from tslab.contracts import Segmenter

PART = 4
"""Cells that are compared as one: the order of things counts, their fine grain does not."""

FRAMES_A_RANGE = 12
GENEROUS = View(penalty=0.1, least=4.0)
"""One example proves little: features that stand out less count, too."""

SMOOTHING = 0.5
BIAS = -2.0
"""Log-odds against the background: it is known to hold what is looked for."""

LENGTHS = 3.0
"""Found regions may be so much shorter or longer than the examples."""

AROUND_INSTANT = 16
"""Cells to either side of an instant that are compared."""

MOST_CELLS = 200_000
MOST_EXAMPLES = 8
MOST_FOUND = 2000
LEAST_SCORE = 0.5
"""Nothing with a lower score is answered."""

LEAST_BEST = 0.55
"""Ranges are answered if one of them reaches this: in noise the best one rarely does."""

LEAST_SALIENCE = 3.5
"""How many times its usual spread an instant's surroundings must be off the usual somewhere.
Places in noise hardly ever are; in it, any place is like some others."""

MOST_SCORE = 0.95
STEP_FLOOR = 0.05
STEEPNESS = 1.4
"""How fast the score falls; what is half as far away as most windows are scores one half."""


def find_similar(
    recording: Recording,
    context: Sequence[Span],
    domain: Domain,
    segmenter: Segmenter | None,
) -> list[Span]:
    """Spans like the examples, elsewhere on the same recording, sorted by time.

    Args:
        recording: The recording that the examples were drawn on.
        context: What was drawn: ranges, instants, and double-clicks into what would be a range.
        domain: The effective domain; examples of labels that it lacks are not looked for.
        segmenter: A trained one adds what it finds of the examples' labels; None or an untrained
            one is fine.

    Returns:
        Spans with scores; none touches an example or another span of its tier.
    """
    labels = {(tier.name, label.name) for tier in domain.tiers for label in tier.labels}
    given = [s for s in context if s.end <= recording.duration and (s.tier, s.label) in labels]
    signal = fastest(recording)
    if not given or signal is None or not signal.sample_count:
        return []
    rate = min(signal.sampling_rate, MOST_CELLS / max(recording.duration, 1e-9))
    keys = tuple(dict.fromkeys(channel_key(s.name, domain) for s in recording.signals))
    grid, placement = make_grid(recording, keys, rate, domain), Placement.of(recording)
    trained = segmenter if segmenter is not None and segmenter.version != UNTRAINED else None
    known = trained.segment(recording) if trained is not None else ()
    asked = asked_of(given, domain, trained, known, grid)
    wanted = sorted({(s.tier, s.label, s.is_instant) for s in asked.examples})
    found: list[Span] = []
    rows: list[list[Span]] = []  # instants by what they were found with
    with one_thread():
        for tier in sorted({kind[0] for kind in wanted}):
            ranges = [s for s in asked.examples if s.tier == tier and not s.is_instant]
            found += _clear(_ranges(recording, grid, ranges, domain), ranges) if ranges else []
        for kind in wanted:
            points = [s for s in asked.examples if (s.tier, s.label, s.is_instant) == kind]
            if kind[2]:
                rows += _instants(grid, points[-MOST_EXAMPLES:], placement)
    rows.append([s for s in known if (s.tier, s.label, s.is_instant) in wanted])
    rows[-1] = [s for s in rows[-1] if s.score is None or s.score >= LEAST_SCORE]
    rooms = {kind[:2]: _room(kind, rows, asked.drawn, rate) for kind in wanted if kind[2]}
    return _apart([*found, *itertools.chain(*rows)], asked.drawn, rooms)


def _clear(found: Sequence[Span], examples: Sequence[Span]) -> list[Span]:
    """What stands out among ranges that were found, label by label.

    A range that touches an example was learned from it, so that it proves nothing: it stays where
    somebody only pointed at it, and others like it were found.
    """
    best: dict[str, float] = {}
    for span in found:
        if not any(span.start < e.end and e.start < span.end for e in examples):
            best[span.label] = max(best.get(span.label, 0.0), span.score or 0.0)
    return [
        span
        for span in found
        if (span.score or 0.0) >= LEAST_SCORE and best.get(span.label, 0.0) >= LEAST_BEST
    ]


def _ranges(
    recording: Recording, grid: Grid, examples: Sequence[Span], domain: Domain
) -> list[Span]:
    """Ranges that are told from the rest of the recording as the examples are."""
    tier = domain.tier(examples[0].tier)
    names = tuple(sorted({span.label for span in examples}))
    task = Task(tier.name, names, False, True)
    whole = {tier.name: ((0.0, recording.duration),)}
    material = [Material(TrainingExample(recording, examples, whole), grid)]
    plan = range_plan(task, [material[0].example], grid.rate, 0, domain, FRAMES_A_RANGE)
    bank = make_bank(material, plan, 0)
    table, centre, scale = make_table(task, material, plan, bank)
    table = replace(table, views=(GENEROUS,))
    if not {*range(task.classes)} <= {*table.classes.tolist()}:
        return []
    softmax = fit_rows(table, np.ones(len(table.classes), bool), task.classes)
    cost = change_costs([table.classes], task.classes) * np.float32(SMOOTHING)
    scorer = Scorer(plan, bank, centre, scale, softmax)
    chain = Chain(tier.name, names, True, scorer, Decoder(cost, BIAS), Curve())
    spans = range_spans(chain, grid, scorer.look(grid), Placement.of(recording), tier)
    usual = float(np.median([span.duration for span in examples]))
    return [span for span in spans if usual / LENGTHS < span.duration < usual * LENGTHS]


def _instants(grid: Grid, examples: Sequence[Span], placement: Placement) -> list[list[Span]]:
    """Instants of one label whose surroundings are like an example's, for each example."""
    lines = _described(grid.values[grid.present])
    rows: list[list[Span]] = []
    for example in examples if len(lines) else ():
        place = min(int(example.start * grid.rate + 1e-6), lines.shape[1] - 1)
        if _salience(lines, lines[:, place]) < LEAST_SALIENCE:
            rows.append([])
            continue
        likeness = _likeness(lines, lines[:, place])
        cells = peaks(likeness, AROUND_INSTANT)
        cells = cells[likeness[cells] >= LEAST_SCORE]
        found: list[Span] = []
        for cell in cells[np.argsort(-likeness[cells], kind="stable")][:MOST_FOUND]:
            at = placement.snapped(cell / grid.rate)
            score = round(min(float(likeness[cell]), MOST_SCORE), 4)
            if abs(at - example.start) * grid.rate >= AROUND_INSTANT:
                found.append(Span(at, at, example.label, example.tier, score))
        rows.append(found)
    return rows


def _described(signals: Float32) -> Float32:
    """Level and step size of the parts of the window around every cell, ``(rows, cells)``."""
    change = np.zeros_like(signals)
    change[:, 1:] = np.abs(np.diff(signals, axis=1))
    asked = (0, signals.shape[1], AROUND_INSTANT + PART)
    level, size = WindowSums(signals, *asked), WindowSums(change, *asked)
    parts = range(-AROUND_INSTANT, AROUND_INSTANT, PART)
    means = np.array([level.over(first, first + PART) / PART for first in parts])
    steps = np.array([size.over(first, first + PART) / PART for first in parts])
    logs = np.log(np.maximum(steps, 0) + STEP_FLOOR)
    # The surroundings may lie anywhere: what counts is how a part differs from the whole window.
    table = np.concatenate([part - part.mean(axis=0) for part in (means, logs)])
    return np.asarray(table.reshape(-1, signals.shape[1]), np.float32)


def _usual(lines: Float32) -> tuple[Float32, Float32]:
    """Middle and spread of every line of the windows' descriptions."""
    middle = np.median(lines, axis=1)
    spread = 1.4826 * np.median(np.abs(lines - middle[:, None]), axis=1) + 0.05
    return middle, spread


def _salience(lines: Float32, query: Float32) -> float:
    """How far a window is off the usual in the line in which it is farthest, in spreads."""
    middle, spread = _usual(lines)
    return float((np.abs(query - middle) / spread).max(initial=0.0))


def _likeness(lines: Float32, query: Float32) -> Float32:
    """Score from 0 to 1 of every window, by its distance among the distances of all windows."""
    middle, spread = _usual(lines)
    # What sets the example apart from the rest counts, and nothing counts without limit.
    salience = np.minimum(((query - middle) / spread) ** 2, 9.0) + 0.1
    weight = salience / spread**2
    away = np.sqrt(weight @ (lines - query[:, None]) ** 2)
    usual = max(float(np.median(away)), 1e-6)
    return np.asarray(np.exp(-STEEPNESS * away / usual), np.float32)


def _room(
    kind: tuple[str, str, bool], rows: Sequence[Sequence[Span]], given: Sequence[Span], rate: float
) -> float:
    """Seconds within which two instants of one label are the same one, found twice.

    The tolerance of an evaluation, or the window that is compared: different examples find a moment
    at different places in it. It is no more than half of the least distance between two examples,
    and half of the usual distance between what was found with one of them or by the model.
    """
    own = [sorted(s.start for s in row if (s.tier, s.label, s.is_instant) == kind) for row in rows]
    examples = sorted(s.start for s in given if (s.tier, s.label, s.is_instant) == kind)
    tolerance = instant_tolerance([to_microseconds(at) for at in row] for row in (*own, examples))
    between = [b - a for a, b in itertools.pairwise(examples) if b > a]
    between += [float(np.median(np.diff(row))) for row in own if len(row) > 1]
    window = min([AROUND_INSTANT / rate, *(distance / 2 for distance in between)])
    return max(to_seconds(tolerance), window)


def _apart(
    found: Sequence[Span], given: Sequence[Span], rooms: Mapping[tuple[str, str], float]
) -> list[Span]:
    """The best spans that keep clear of the examples and of each other, tier by tier."""
    kept: list[Span] = []
    taken: dict[str, list[tuple[float, float]]] = {}
    moments: dict[tuple[str, str], list[float]] = {}
    for span in given:
        insort(taken.setdefault(span.tier, []), (span.start, span.end))
        if span.is_instant:
            insort(moments.setdefault((span.tier, span.label), []), span.start)
    for span in sorted(found, key=lambda s: (-(s.score or 0.0), s.start)):
        others, kind = taken.setdefault(span.tier, []), (span.tier, span.label)
        place = bisect_left(others, (span.start, span.end))
        near = others[max(0, place - 1) : place + 1]
        if any(span.end >= start and end >= span.start for start, end in near):
            continue
        if span.is_instant:
            same = moments.setdefault(kind, [])
            if _is_near(same, span.start, rooms[kind]):
                continue
            insort(same, span.start)
        insort(others, (span.start, span.end))
        kept.append(span)
    return sorted(kept[:MOST_FOUND], key=sort_key)


def _is_near(moments: Sequence[float], at: float, room: float) -> bool:
    """Whether one of the moments, which are sorted, is no further away than the room."""
    place = bisect_left(moments, at)
    return any(abs(other - at) <= room for other in moments[max(0, place - 1) : place + 1])
