"""How far the domain's own segmenter is believed before, and after, people said anything.

Where it knows the labels of a task by name, learning begins from its word: the regression starts at
odds for what it found, and only what departs from them has to be learned. The ridge that falls on
departing is hard while few recordings speak for it. Where it knows other labels, what it finds is a
feature like all others, and has to prove itself like the time since the start.
"""

from __future__ import annotations

import numpy as np

from tslab.segmentation.chain.softmax import Softmax
from tslab.segmentation.chain.targets import Task
from tslab.segmentation.features.columns import FramePlan, hint_columns
from tslab.segmentation.features.grid import Float32

BELIEF = 8.0
"""Log-odds between what the domain's own segmenter found and what it did not, to begin with."""

TRUST = 60.0
"""How much harder the ridge is for one recording that says otherwise; several share it."""

LEAST_SPREAD = 0.2
"""Standard deviation at least of the share that a rare label takes: what is found is not cut."""

HINT_LOSS = 0.1
"""How much worse held-out recordings may be with what is believed: folds over recordings of the
same people flatter what tells those people apart."""

HINT_GAIN = 0.01
"""How much better they must be with what finds other labels."""


def belief_of(task: Task, plan: FramePlan, centre: Float32, scale: Float32) -> Softmax | None:
    """The regression before anything is learned; None where the labels are not known by name.

    Args:
        task: What is learned.
        plan: Says which labels have rows.
        centre: Mean of every feature, ``(features,)``.
        scale: Its standard deviation; where labels are rare it is made larger, in place, so that
            what is found is not cut off.
    """
    rows = _believed_rows(task, plan, len(centre))
    if not rows:
        return None
    weights = np.zeros((len(centre), task.classes), np.float32)
    bias = np.zeros(task.classes, np.float32)
    for row, kind in rows.items():
        scale[row] = max(scale[row], LEAST_SPREAD)
        weights[row, kind] = BELIEF * scale[row]
        bias[kind] = BELIEF * (centre[row] - 0.5)
    return Softmax(weights, bias)


def trust_in(belief: Softmax | None, recordings: int) -> float:
    """Factor of the ridge penalty where so many recordings are learned from."""
    return 1.0 if belief is None else max(1.0, TRUST / recordings)


def worth_it(told: float | None, alone: float | None, *, believed: bool) -> bool:
    """Whether to look at what the domain's own segmenter finds; few recordings could not say.

    Args:
        told: How well held-out recordings do with it, None where nothing can be held out.
        alone: How well they do without it.
        believed: Whether it knows a label of the task by name.
    """
    if told is None or alone is None:
        return believed
    return told >= alone - HINT_LOSS if believed else told > alone + HINT_GAIN


def _believed_rows(task: Task, plan: FramePlan, count: int) -> dict[int, int]:
    """Features that say that the domain's own segmenter found a label of the task -> its class."""
    if plan.layout is None:
        return {}
    first = int(np.flatnonzero(hint_columns(plan, count))[0])
    found = {}
    for place, label in enumerate(task.labels):
        row = plan.layout.rows_of((task.tier, label), plan.windows, instant=task.instants)
        if row is not None:
            found[first + row] = place + task.background
    return found
