"""Settings of the decoder, chosen by what they do to recordings that were not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.chain.decoding import runs, trace, viterbi_batch
from tslab.segmentation.chain.shortness import least_frames, without_short
from tslab.segmentation.features.grid import Float32, Float64

Classes = NDArray[np.int64]
SMOOTHING = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
BIAS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
NO_BIAS = (0.0,)
USUAL = 2.0
"""Smoothing where nothing can be tried."""

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Decoder:
    """How probabilities become stretches.

    Attributes:
        cost: Cost of a change, ``(classes, classes)``, the smoothing weight included.
        bias: Added to the background's log-probability.
        least: Frames that a run of every class must have, see `shortness`; empty sets no limit.
    """

    cost: Float32
    bias: float
    least: tuple[int, ...] = ()

    def gains(self, logs: Float32, background: bool) -> Float32:
        """Log-probabilities with the bias."""
        if not background or self.bias == 0:
            return logs
        out = logs.copy()
        out[..., 0] += np.float32(self.bias)
        return out


def change_costs(truth: Sequence[Classes], classes: int) -> Float32:
    """Cost of every change as the labels have it: minus log of its probability in a frame."""
    changes = np.zeros((classes, classes))
    for path in truth:
        before, after = path[:-1], path[1:]
        known = (before != UNKNOWN) & (after != UNKNOWN)
        np.add.at(changes, (before[known], after[known]), 1)
    frames = changes.sum(axis=1, keepdims=True)
    # A change that was never seen is rare, not impossible.
    cost = -np.log((changes + 0.2) / (frames + 0.2 * classes))
    np.fill_diagonal(cost, 0)
    return np.asarray(cost, np.float32)


def tune(
    logs: Sequence[Float32], truth: Sequence[Classes], cost: Float32, background: bool
) -> tuple[Decoder, float, float]:
    """The decoder that serves best, its smoothing weight, and how well it does (0 to 1).

    Args:
        logs: Out-of-fold log-probabilities of every recording, ``(frames, classes)``.
        truth: Class of every frame, `UNKNOWN` where nobody looked.
        cost: Of `change_costs`.
        background: Whether class 0 is the background.
    """
    biases = BIAS if background else NO_BIAS
    limits = ((), least_frames(truth, len(cost))) if background else ((),)
    table = np.zeros((len(limits), len(SMOOTHING), len(biases)))
    for row, smoothing in enumerate(SMOOTHING):
        for column, bias in enumerate(biases):
            paths = decode_all(logs, Decoder(cost * np.float32(smoothing), bias), background)
            for place, least in enumerate(limits):
                kept = [without_short(path, least) for path in paths]
                table[place, row, column] = agreement(kept, truth, background)
    even = np.array([smoothed(part) for part in table]) - prejudice(biases)
    place, row, column = (int(i) for i in np.unravel_index(even.argmax(), even.shape))
    decoder = Decoder(cost * np.float32(SMOOTHING[row]), biases[column], limits[place])
    return decoder, SMOOTHING[row], float(table[place, row, column])


def prejudice(biases: Sequence[float]) -> Float64:
    """What a setting must gain to be preferred to the usual one, by its distance from it."""
    rows = np.abs(np.log2(np.array(SMOOTHING) / USUAL))
    return np.asarray(0.005 * (rows[:, None] + np.abs(np.array(biases))[None, :]))


def smoothed(table: Float64) -> Float64:
    """A table whose entries lean on their neighbours: few events make a rugged landscape."""
    padded = np.pad(table, 1, mode="edge")
    rows, columns = table.shape
    weights = ((1, 2, 1), (2, 4, 2), (1, 2, 1))
    total = np.zeros_like(table)
    for i, line in enumerate(weights):
        for j, weight in enumerate(line):
            total += weight * padded[i : i + rows, j : j + columns]
    return total / 16


def decode_all(logs: Sequence[Float32], decoder: Decoder, background: bool) -> list[Classes]:
    """Best paths of several recordings, side by side."""
    longest = max(len(part) for part in logs)
    gains = np.zeros((len(logs), longest, logs[0].shape[1]), np.float32)
    for i, part in enumerate(logs):
        gains[i, : len(part)] = decoder.gains(part, background)
    before, worth = viterbi_batch(gains, decoder.cost)
    paths = trace(before, worth.argmax(axis=1))[:, 1:]
    cut = [path[: len(part)] for path, part in zip(paths, logs, strict=True)]
    return [without_short(path, decoder.least) for path in cut]


def agreement(paths: Sequence[Classes], truth: Sequence[Classes], background: bool) -> float:
    """Mean of event F1 and of the overlap of time, both over all recordings and labels."""
    hits = found = wanted = 0
    both = either = 0
    for path, real in zip(paths, truth, strict=True):
        seen = np.where(real == UNKNOWN, UNKNOWN, path)
        guesses, events = events_of(seen, background), events_of(real, background)
        hits += int(np.count_nonzero(matched(guesses, events)))
        found, wanted = found + len(guesses), wanted + len(events)
        lowest = 1 if background else 0
        same = (seen == real) & (real >= lowest)
        both += int(np.count_nonzero(same))
        either += int(np.count_nonzero((seen >= lowest) | (real >= lowest)))
    f1 = 2 * hits / (found + wanted) if found + wanted else 1.0
    return 0.5 * f1 + 0.5 * (both / either if either else 1.0)


def events_of(path: Classes, background: bool) -> list[tuple[int, int, int]]:
    """Runs that are labelled."""
    lowest = 1 if background else 0
    return [run for run in runs(path) if run[2] >= lowest]


def matched(
    guesses: Sequence[tuple[int, int, int]], events: Sequence[tuple[int, int, int]]
) -> NDArray[np.bool_]:
    """Which guesses overlap an event of their label by half of what both cover.

    More than half of the union can be shared with one event only, so no event counts twice.
    """
    found = np.zeros(len(guesses), bool)
    if not guesses or not events:
        return found
    left, right = np.array(guesses), np.array(events)
    shared = np.minimum(left[:, None, 1], right[None, :, 1])
    shared = shared - np.maximum(left[:, None, 0], right[None, :, 0])
    union = (left[:, 1] - left[:, 0])[:, None] + (right[:, 1] - right[:, 0])[None, :] - shared
    fits = (2 * shared >= union) & (left[:, None, 2] == right[None, :, 2])
    return np.asarray(fits.any(axis=1))
