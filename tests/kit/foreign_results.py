"""Results of a foreign project, read on rows that are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kit.foreign import config, series, stored
from tslab.label_studio.foreign.axis import TimeAxis
from tslab.label_studio.foreign.config import ForeignConfig
from tslab.label_studio.foreign.regions import read_regions
from tslab.spans import Span

TENTHS = series([i / 10 for i in range(11)]).axis
CONFIG = config()


def read(*results: object, axis: TimeAxis = TENTHS, known: ForeignConfig = CONFIG) -> list[Span]:
    spans, problems = read_regions(stored(results), axis, known)
    assert problems == []
    return spans


def problems(*results: object, axis: TimeAxis = TENTHS) -> list[str]:
    return read_regions(list(results), axis, CONFIG)[1]


def times(spans: Sequence[Span]) -> list[tuple[float, float]]:
    return [(pytest.approx(span.start), pytest.approx(span.end)) for span in spans]


def span(start: float, end: float, label: str = "Run", **more: Any) -> Span:
    return Span(start, end, label, "lab", **more)
