"""Small recordings whose labels can be told from their samples, for tests of segmenters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tslab.contracts import TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.recording import Recording, Signal
from tslab.spans import Span, sort_key

RATE = 20.0


def domain(*tiers: Tier) -> Domain:
    """A domain of these tiers, any channels."""
    return Domain(name="made", title="Made signals", tiers=tiers, open_channels=True)


def tier(name: str, kind: str, *labels: str) -> Tier:
    return Tier(name=name, kind=kind, labels=tuple(Label(name=x) for x in labels))


PHASES = tier("phase", "states", "calm", "busy")
MARKS = tier("mark", "instants", "click")
BOTH = domain(PHASES, MARKS)


def recording(values: np.ndarray, name: str = "made", rate: float = RATE) -> Recording:
    """Samples ``(rows, channels)`` as a recording."""
    signals = [
        Signal.from_array(f"c{i}", values[:, i].astype(float), rate) for i in range(values.shape[1])
    ]
    return Recording(name, tuple(signals), len(values) / rate)


def example(
    seed: int,
    spans: Sequence[Span] | None = None,
    reviewed: Mapping[str, Sequence[tuple[float, float]]] | None = None,
) -> TrainingExample:
    """30 s: calm is a slow wave, busy a fast strong one, a click a spike in the second channel."""
    rng = np.random.default_rng(seed)
    rows = round(30 * RATE)
    time = np.arange(rows) / RATE
    values = 0.1 * rng.standard_normal((rows, 2))
    calm = 2 + rng.random()
    busy = 16 + 2 * rng.random()
    found = [
        Span(round(calm * RATE) / RATE, round((calm + 8) * RATE) / RATE, "calm", "phase"),
        Span(round(busy * RATE) / RATE, round((busy + 8) * RATE) / RATE, "busy", "phase"),
    ]
    for span, strength, pace in zip(found, (1.0, 3.0), (0.7, 4.0), strict=True):
        inside = (time >= span.start) & (time < span.end)
        values[inside, 0] += strength * np.sin(2 * np.pi * pace * time[inside])
    for at in (int(rng.integers(240, 300)), int(rng.integers(540, 590))):
        values[at - 1 : at + 2, 1] += (2.0, 8.0, 2.0)
        found.append(Span(at / RATE, at / RATE, "click", "mark"))
    whole = {"phase": ((0.0, 30.0),), "mark": ((0.0, 30.0),)}
    return TrainingExample(
        recording(values, f"made_{seed}"),
        sorted(found if spans is None else spans, key=sort_key),
        whole if reviewed is None else reviewed,
    )


def quiet(share: float, what: str) -> None:
    """A progress that nobody watches."""
