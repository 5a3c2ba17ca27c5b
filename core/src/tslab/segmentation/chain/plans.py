"""How a model cuts time: chosen from the lengths of what was marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tslab.contracts import TrainingExample
from tslab.domain import Domain
from tslab.segmentation.chain.targets import Task
from tslab.segmentation.features.columns import FramePlan
from tslab.segmentation.features.grid import fastest

FRAMES_A_SPAN = 32
"""Frames in a short region of the label with the shortest regions."""

FRAMES_A_RECORDING = 128
"""Frames of a recording at least: a region that fills it says nothing of shorter ones."""

FRAMES_A_PAUSE = 10
"""Frames between two instants that follow each other closely."""

WIDEST_INSTANT_FRAME = 10
"""Cells of a frame of instants at most: events without length are sharp."""

MOST_WINDOWS = 6
TRIPLE = 3


def base_rate(examples: Sequence[TrainingExample]) -> float:
    """Cells a second: the usual rate of the fastest channels."""
    signals = [fastest(example.recording) for example in examples]
    rates = sorted(s.sampling_rate for s in signals if s is not None and s.sampling_rate > 0)
    return float(rates[len(rates) // 2]) if rates else 1.0


def range_plan(
    task: Task,
    examples: Sequence[TrainingExample],
    rate: float,
    period: int,
    domain: Domain,
    frames: int = FRAMES_A_SPAN,
) -> FramePlan:
    """Frames and windows for ranges, so that a short one holds `frames`."""
    lengths = [
        np.array([s.duration for e in examples for s in task.spans(e) if s.label == label])
        for label in task.labels
    ]
    short = min(float(np.quantile(part, 0.25)) for part in lengths)
    long = max(float(np.median(part)) for part in lengths)
    seconds = min(short / frames, _usual_length(examples) / FRAMES_A_RECORDING)
    stride = max(1, round(seconds * rate))
    # What repeats is told apart burst by burst.
    stride = min(stride, period) if period else stride
    if _on_epochs(task, examples, domain) and domain.epoch_seconds:
        stride = max(1, round(domain.epoch_seconds * rate))
    plan = _plan(rate, stride, 1.5 * long)
    fits = period and plan.windows[-1] * plan.stride >= 4 * period
    return replace(plan, period=period) if fits else plan


def _usual_length(examples: Sequence[TrainingExample]) -> float:
    return float(np.median([example.recording.duration for example in examples]))


def instant_plan(task: Task, examples: Sequence[TrainingExample], rate: float) -> FramePlan:
    """Frames and windows for instants."""
    pauses = [np.diff(sorted(span.start for span in task.spans(example))) for example in examples]
    together = np.concatenate(pauses)
    together = together[together > 0]
    pause = float(np.quantile(together, 0.1)) if len(together) else np.inf
    widest = min(pause * rate / FRAMES_A_PAUSE, WIDEST_INSTANT_FRAME)
    stride = max(1, int(widest))
    return _plan(rate, stride, min(pause, 81 * stride / rate))


def _plan(rate: float, stride: int, longest: float) -> FramePlan:
    """Windows from one frame to one that holds `longest` seconds."""
    windows = [1]
    while windows[-1] * stride / rate < longest and len(windows) < MOST_WINDOWS:
        windows.append(windows[-1] * TRIPLE)
    widest = windows[-1] * stride
    lags = [lag for lag in (1, 4, 16) if lag == 1 or 4 * lag <= widest]
    return FramePlan(rate, stride, tuple(windows), tuple(lags))


def dilations(plan: FramePlan) -> list[int]:
    """Dilations of the kernels: powers of two whose taps fit into a middle window."""
    room = plan.windows[-1] * plan.stride // TRIPLE
    steps = [1]
    while 8 * 2 * steps[-1] <= room and len(steps) < 6:
        steps.append(2 * steps[-1])
    return steps


def _on_epochs(task: Task, examples: Sequence[TrainingExample], domain: Domain) -> bool:
    """Whether the domain counts in epochs and the regions begin and end on them."""
    if not domain.epoch_seconds:
        return False
    times = np.array([t for e in examples for s in task.spans(e) for t in (s.start, s.end)])
    off = np.abs(times / domain.epoch_seconds - np.round(times / domain.epoch_seconds))
    return bool(np.mean(off < 0.01) > 0.9)
