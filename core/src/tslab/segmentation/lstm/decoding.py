"""From the `lstm` network's probabilities to spans: tuned and calibrated on held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.chain.calibration import Curve, fit_curve
from tslab.segmentation.chain.decoding import viterbi
from tslab.segmentation.chain.instants import best_threshold, hits, peaks
from tslab.segmentation.chain.model import stretches_of
from tslab.segmentation.chain.softmax import log_softmax
from tslab.segmentation.chain.tuning import (
    Decoder,
    change_costs,
    decode_all,
    events_of,
    matched,
    tune,
)
from tslab.segmentation.features.grid import Float32, Float64, Mask
from tslab.segmentation.lstm.rows import UNKNOWN, Classes, Head

TEMPERATURES = np.geomspace(0.25, 10.0, 60)
FRAMES_IN_WINDOW = 10
MOST_FRAMES = 2000
"""Frames that are decoded as one series while settings are chosen."""

Found = tuple[float, float, int, float]
"""First and last row (half-open, or equal for an instant), class and score of a mark."""


@dataclass(frozen=True, slots=True)
class HeadDecoder:
    """How the probabilities of one head become marks.

    Attributes:
        temperature: What logits are divided by, so that probabilities are no more sure than right.
        stride: Rows that are decoded as one frame; without use for instants, as is
        decoder: how frames become stretches.
        level: Least probability of an instant.
        apart: Rows between two instants of a label.
        curve: Probability that a person would keep a mark.
    """

    temperature: float
    stride: int
    decoder: Decoder
    level: float
    apart: int
    curve: Curve

    def logs(self, logs: Float32) -> Float32:
        """Log-probabilities at the temperature."""
        return log_softmax(logs / np.float32(self.temperature))

    def marks(self, head: Head, logs: Float32, pieces: Sequence[tuple[int, int]]) -> list[Found]:
        """What is found in pieces of one recording.

        Args:
            head: The classes.
            logs: Log-probabilities as the network gives them, ``(rows, classes)``.
            pieces: Rows that may be labelled; nothing is found across their edges.
        """
        found: list[Found] = []
        for first, last in pieces:
            part = self.logs(logs[first:last])
            for start, end, kind, sure in self._raw(head, part):
                score = self.curve.score(sure)
                found.append((start + first, end + first, kind, score))
        return found

    def _raw(self, head: Head, logs: Float32) -> list[Found]:
        """Marks of one piece with their confidence, before the curve."""
        if head.kind == "instants":
            return found_peaks(logs, self.level, self.apart)
        frames, rows = framed(logs, self.stride), len(logs)
        path = viterbi(self.decoder.gains(frames, background=True), self.decoder.cost)
        return [
            (x.first * self.stride, min(x.last * self.stride, rows), x.kind, x.confidence)
            for x in stretches_of(frames, path, background=True)
        ]


def framed(logs: Float32, stride: int) -> Float32:
    """Mean log-probabilities of `stride` rows, as log-probabilities again; the last may be few."""
    starts = np.arange(0, len(logs), stride)
    count = np.diff(np.append(starts, len(logs)))[:, None]
    return log_softmax((np.add.reduceat(logs, starts, axis=0) / count).astype(np.float32))


def _framed_classes(classes: Classes, stride: int) -> Classes:
    """Class of the middle row of each frame."""
    starts = np.arange(0, len(classes), stride)
    return np.asarray(classes[np.minimum(starts + stride // 2, len(classes) - 1)])


def _frames(
    parts: Sequence[Float32], truth: Sequence[Classes], stride: int
) -> tuple[list[Float32], list[Classes]]:
    """Frames and their classes, in series that are not too long to be decoded often."""
    frames: list[Float32] = []
    classes: list[Classes] = []
    for part, rows in zip(parts, truth, strict=True):
        logs, real = framed(part, stride), _framed_classes(rows, stride)
        for first in range(0, len(logs), MOST_FRAMES):
            frames.append(logs[first : first + MOST_FRAMES])
            classes.append(real[first : first + MOST_FRAMES])
    return frames, classes


def found_peaks(logs: Float32, level: float, apart: int) -> list[Found]:
    """Rows of every class that stand out with at least that probability, none too near another."""
    found: list[Found] = []
    for kind in range(1, logs.shape[1]):
        for row in peaks(logs[:, kind], apart):
            sure = float(np.exp(logs[row, kind]))
            if sure >= level:
                found.append((row + 0.5, row + 0.5, kind, sure))
    return sorted(found)


def fit_decoder(
    head: Head,
    parts: Sequence[Float32],
    truth: Sequence[Classes],
    train: Sequence[Classes],
    plan: tuple[int, int],
) -> HeadDecoder:
    """Tunes and calibrates a head.

    Args:
        head: The classes.
        parts: Log-probabilities of every held-out piece, ``(rows, classes)``.
        truth: Their classes.
        train: Classes of the pieces that were learned from, for how often classes change.
        plan: Rows of a window, and rows by which an instant may be off.
    """
    window, tolerance = plan
    temperature = fit_temperature(np.concatenate(parts), np.concatenate(truth))
    stride = max(1, window // FRAMES_IN_WINDOW)
    cost = change_costs([_framed_classes(rows, stride) for rows in train], head.size)
    apart = _apart(train, tolerance)
    fitted = HeadDecoder(temperature, stride, Decoder(cost, 0.0), 0.5, apart, Curve())
    even = [fitted.logs(part) for part in parts]
    if head.kind == "instants":
        return _fit_instants(fitted, even, truth, tolerance)
    return _fit_spans(fitted, *_frames(even, truth, stride))


def _fit_spans(
    fitted: HeadDecoder, parts: Sequence[Float32], truth: Sequence[Classes]
) -> HeadDecoder:
    """Chooses the decoder that does best on held-out frames, then the curve of the scores."""
    decoder = tune(parts, truth, fitted.decoder.cost, background=True)[0]
    sure: list[float] = []
    right: list[bool] = []
    paths = decode_all(parts, decoder, background=True)
    for part, path, real in zip(parts, paths, truth, strict=True):
        seen = np.where(real == UNKNOWN, UNKNOWN, path)
        stretches = stretches_of(part, seen, background=True)
        hit = matched(events_of(seen, background=True), events_of(real, background=True))
        sure += [stretch.confidence for stretch in stretches]
        right += hit.tolist()
    return replace(fitted, decoder=decoder, curve=fit_curve(sure, right))


def fit_temperature(logs: Float32, classes: Classes) -> float:
    """The temperature at which the classes are the most probable; 1 where nothing is known.

    Every class weighs the same, as in training: otherwise the weights themselves would be taken
    for overconfidence.
    """
    known = classes != UNKNOWN
    if not known.any():
        return 1.0
    logs, classes = logs[known], classes[known]
    weight = 1.0 / np.bincount(classes, minlength=logs.shape[1])[classes]
    rows = np.arange(len(classes))
    loss = [
        -float((weight * log_softmax(logs / np.float32(t))[rows, classes]).sum())
        for t in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(loss))])


def instants_of(classes: Classes, kind: int) -> list[int]:
    """Middle row of every run of a class."""
    runs = [run for run in events_of(classes, background=True) if run[2] == kind]
    return [(first + last - 1) // 2 for first, last, _ in runs]


def _apart(train: Sequence[Classes], tolerance: int) -> int:
    """Half of the distance that a tenth of the neighbours keep, at most the tolerance."""
    kinds = range(1, 1 + max((int(rows.max(initial=0)) for rows in train), default=0))
    steps = [np.diff(instants_of(rows, kind)) for rows in train for kind in kinds]
    joined = np.concatenate(steps) if steps else np.empty(0)
    return (
        tolerance if not len(joined) else max(1, min(tolerance, int(np.quantile(joined, 0.1) / 2)))
    )


def _fit_instants(
    fitted: HeadDecoder, parts: Sequence[Float32], truth: Sequence[Classes], tolerance: int
) -> HeadDecoder:
    """Chooses the level that finds most and invents least, then the curve of the scores."""
    sure: list[float] = []
    right: list[bool] = []
    wanted = 0
    for part, real in zip(parts, truth, strict=True):
        found = [x for x in found_peaks(part, 0.0, fitted.apart) if real[int(x[0])] != UNKNOWN]
        for kind in range(1, part.shape[1]):
            marks = [x for x in found if x[2] == kind]
            true = np.asarray(instants_of(real, kind), np.float64)
            pairs = hits(np.array([x[0] - 0.5 for x in marks]), true, tolerance)
            sure += [x[3] for x in marks]
            right += (pairs >= 0).tolist()
            wanted += len(true)
    odds = np.log(np.maximum(np.array(sure), 1e-9))
    level = best_threshold(odds, np.array(right, bool), wanted)
    kept = [i for i, chance in enumerate(sure) if chance >= level]
    curve = fit_curve([sure[i] for i in kept], [right[i] for i in kept])
    return replace(fitted, level=level, curve=curve)


def confusion(truth: Classes, path: NDArray[np.int64], size: int) -> Float64:
    """Rows by true and found class, ``(size, size)``, of those that are known."""
    known: Mask = truth != UNKNOWN
    pairs = truth[known] * size + path[known]
    return np.bincount(pairs, minlength=size * size).reshape(size, size).astype(np.float64)


def criteria(table: Float64) -> tuple[float, float, float]:
    """Balanced accuracy, smallest and mean F1 over the classes that occur.

    A class that occurs and is never found has an F1 of 0, and that is its worth.
    """
    hits, true, found = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    occurs = true > 0
    if not occurs.any():
        return 0.0, 0.0, 0.0
    f1 = (2 * hits / np.maximum(true + found, 1))[occurs]
    recall = (hits / np.maximum(true, 1))[occurs]
    return float(recall.mean()), float(f1.min()), float(f1.mean())
