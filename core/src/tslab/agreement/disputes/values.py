"""Disputes as values: what they are about, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tslab.agreement.consensus.patterns import Floats
from tslab.span_table import SpanTable, Ticks


@dataclass(frozen=True, slots=True)
class DisputeSettings:
    """What counts as a dispute and what it costs. Times are whole microseconds.

    Attributes:
        tolerance: Borders and instants may be so far apart without a dispute.
        gap: Disputes nearer to each other than this are one.
        point: What an instant, or a border without length, counts as.
        weights: What a label counts by its name, 1 where it is not named.
    """

    tolerance: int = 100_000
    gap: int = 0
    point: int = 1_000_000
    weights: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    """One thing that annotators do not agree on.

    Attributes:
        task: Number of the task.
        start: Microseconds.
        end: Microseconds; equal to `start` for an instant or a border that one of them drew.
        kind: One of `dispute_kinds.KINDS`.
        labels: Numbers of the labels that it is about.
        present: Numbers of the annotators who reviewed it.
        rows: Rows of the table that it is about, sorted.
        cost: Seconds x entropy of the votes in bits x weight of the label.
    """

    task: int
    start: int
    end: int
    kind: str
    labels: tuple[int, ...]
    present: tuple[int, ...]
    rows: tuple[int, ...]
    cost: float


def entropy(counts: Ticks | Floats) -> Floats:
    """Entropy of votes in bits, along the last axis."""
    counts = np.asarray(counts, float)
    share = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1.0)
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(-(share * logs).sum(axis=-1))


def label_weights(table: SpanTable, settings: DisputeSettings) -> Floats:
    """Weight of each label, ``(labels,)``."""
    given = settings.weights or {}
    return np.array([given.get(name, 1.0) for name in table.labels])
