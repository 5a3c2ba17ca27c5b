"""What the packages that do parts of it cost for one pair of one task, times 10 000."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from benchmarks.agreement import DAY, Cost
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from tslab.span_table import SpanTable

TIMES = 10_000
MINUTES = 30


def peers(table: SpanTable) -> dict[str, Cost]:
    """Costs of everything that is installed, of two annotators and one task, times 10 000."""
    found = dict(_scikit_learn(table))
    if find_spec("pyannote.metrics"):
        found.update(_pyannote(table))
    if find_spec("sed_eval"):
        found.update(_sed_eval(table))
    return found


def _times(work: Callable[[], object], share: float = 1.0) -> Cost:
    """Cost of all pairs and tasks if each costs what one does; `share` of one was done."""
    work()
    wall, processor = time.perf_counter(), time.process_time()
    work()
    factor = TIMES / share
    return Cost((time.process_time() - processor) * factor, (time.perf_counter() - wall) * factor)


def _scikit_learn(table: SpanTable) -> Iterator[tuple[str, Cost]]:
    """Cohen's kappa on a grid of milliseconds, of the first half hour."""
    grids = [_grid(table, annotator) for annotator in (0, 1)]
    share = MINUTES * 60e6 / DAY
    yield "scikit-learn, kappa, 1 kHz", _times(lambda: cohen_kappa_score(*grids), share)


def _grid(table: SpanTable, annotator: int) -> NDArray[np.int8]:
    grid = np.zeros(MINUTES * 60_000, np.int8)
    for row in np.flatnonzero(table.annotator == annotator).tolist():
        grid[table.start[row] // 1000 : table.end[row] // 1000] = table.label[row] + 1
    return grid


def _pyannote(table: SpanTable) -> Iterator[tuple[str, Cost]]:
    """Confusion, and precision and recall of time."""
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.detection import DetectionPrecisionRecallFMeasure
    from pyannote.metrics.identification import IdentificationErrorRate

    sides = []
    for annotator in (0, 1):
        said = Annotation()
        for row in np.flatnonzero(table.annotator == annotator).tolist():
            segment = Segment(table.start[row] / 1e6, table.end[row] / 1e6)
            said[segment, row] = table.labels[table.label[row]]
        sides.append(said)
    extent = Timeline([Segment(0, DAY / 1e6)])
    for name, kind in (
        ("pyannote, confusion", IdentificationErrorRate),
        ("pyannote, F1 of time", DetectionPrecisionRecallFMeasure),
    ):
        metric: Any = kind()
        yield name, _times(partial(metric, *sides, uem=extent))


def _sed_eval(table: SpanTable) -> Iterator[tuple[str, Cost]]:
    """F1 of events with a collar."""
    sed_eval: Any = import_module("sed_eval")

    sides = [
        [
            {
                "event_onset": table.start[row] / 1e6,
                "event_offset": table.end[row] / 1e6,
                "event_label": table.labels[table.label[row]],
            }
            for row in np.flatnonzero(table.annotator == annotator).tolist()
        ]
        for annotator in (0, 1)
    ]

    def work() -> None:
        metric = sed_eval.sound_event.EventBasedMetrics(
            list(table.labels), t_collar=2.0, event_matching_type="optimal"
        )
        metric.evaluate(*sides)

    yield "sed_eval, F1 of events", _times(work)
