"""What the tests of core share: a domain with everything in it, and generated recordings."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tslab.domain import Choice, Domain, Label, RegionField, TaskField, Tier, View
from tslab.preparation.stitching import with_ids
from tslab.preparation.windows import make_tasks
from tslab.recording import Recording, Signal
from tslab.spans import FieldValue, Span
from tslab.task import Task

hypothesis_settings.register_profile(
    "tslab",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tslab"))

RATES = (
    *(1 / 300, 1.0, 125.0, 128.0, 250.0, 360.0, 500.0, 512.0, 1000.0),
    *(12_800.0, 25_600.0, 50_000.0, 128_000.0, 400_000.0),
)
NOTES = ("", "1", "true", "=1+1", "a\nb", 'say "x", <b>&amp;</b>', "größe 温度", "'", " ")


def everything(**changes: object) -> Domain:
    """A domain with tiers and fields of every kind."""
    declared: dict[str, object] = {
        "name": "demo",
        "title": "Demo",
        "tiers": (
            Tier(
                name="rhythm",
                kind="states",
                exhaustive=True,
                labels=(Label(name="N"), Label(name="A"), Label(name="V")),
            ),
            Tier(
                name="activity", kind="states", labels=(Label(name="Rest"), Label(name="Walk & go"))
            ),
            Tier(name="event", kind="intervals", labels=(Label(name="Leak"), Label(name="<Ü>"))),
            Tier(name="mark", kind="instants", labels=(Label(name="Peak"), Label(name="Foot"))),
        ),
        "fields": (
            RegionField(name="cause", kind="choice", choices=_choices("valve", "pump, big")),
            RegionField(
                name="causes", kind="choice", multiple=True, choices=_choices("a", "b&c", "d")
            ),
            RegionField(name="severity", kind="rating", maximum=7),
            RegionField(name="depth", kind="number"),
            RegionField(name="note", kind="text"),
            RegionField(name="lead", kind="channel", multiple=True),
        ),
        "task_fields": (TaskField(name="state", kind="choice", choices=_choices("good", "bad")),),
        "open_channels": True,
    }
    return Domain.model_validate({**declared, **changes})


def _choices(*values: str) -> tuple[Choice, ...]:
    return tuple(Choice(value=value) for value in values)


@dataclasses.dataclass(frozen=True)
class World:
    """A recording, its windows, and spans that lie in them."""

    domain: Domain
    recording: Recording
    tasks: Sequence[Task]
    spans: Sequence[Span]


def made_recording(rate: float, count: int, steps: Sequence[float] | None = None) -> Recording:
    """A recording of one channel; `steps` (in samples) make it irregular."""
    values = np.arange(count, dtype=float)
    times = None
    if steps is not None:
        times = np.concatenate([[0.0], np.cumsum(steps)]) / rate
    signal = Signal.from_array("x", values, rate, "mV", times=times)
    return Recording("rec-test", [signal], signal.duration)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Recordings of every rate, regular or not, with gaps, cut into windows, with spans."""
    rate = draw(st.sampled_from(RATES))
    count = draw(st.integers(2, 40))
    steps = None
    if draw(st.integers(0, 3)) == 0:
        steps = draw(
            st.lists(st.sampled_from([0.0, 0.4, 1.0, 1.0, 1.7, 9.0]), min_size=1, max_size=39)
        )
        if sum(steps) == 0:
            steps = [*steps, 1.0]
        count = len(steps) + 1
    recording = made_recording(rate, count, steps)
    gaps = _gaps(draw, recording.signals[0], count)
    recording = dataclasses.replace(recording, gaps=gaps)
    window = draw(st.integers(2, 45)) / rate
    domain = everything(
        views=(View(name="all", tiers=("rhythm", "activity", "event", "mark")),),
        window_seconds=window,
        page_seconds=window,
        max_gap_seconds=0.5 / rate if gaps else None,
    )
    tasks = make_tasks(recording, domain)
    spans = _spans(draw, recording, tasks, domain) if tasks else []
    return World(domain, recording, tasks, spans)


def _gaps(draw: st.DrawFn, signal: Signal, count: int) -> list[tuple[float, float]]:
    times = signal.sample_times(0, count)
    gaps = []
    for _ in range(draw(st.integers(0, 2))):
        first = draw(st.integers(0, count - 1))
        last = min(first + draw(st.integers(1, 5)), count - 1)
        if times[last] > times[first]:
            gaps.append((float(times[first]), float(times[last])))
    return gaps


def _spans(
    draw: st.DrawFn, recording: Recording, tasks: Sequence[Task], domain: Domain
) -> list[Span]:
    signal = recording.signals[0]
    own = signal.sample_times(0, signal.sample_count).tolist()
    borders = [b for task in tasks for b in (task.start, task.end)]
    exact = sorted({*own, *borders, recording.duration})
    parts = st.floats(0, 1, allow_nan=False).map(lambda share: share * recording.duration)
    times = st.one_of(st.sampled_from(exact), st.sampled_from(borders), parts)
    found: list[Span] = []
    for tier in domain.tiers:
        if tier.kind == "states":
            cuts = sorted(draw(st.lists(times, min_size=2, max_size=5)))
            pairs = list(zip(cuts, cuts[1:], strict=False))
            keep = pairs if tier.exhaustive else pairs[draw(st.integers(0, 1)) :: 2]
        elif tier.kind == "intervals":
            keep = [
                (min(pair), max(pair))
                for pair in draw(st.lists(st.tuples(times, times), max_size=4))
            ]
        else:
            keep = [(time, time) for time in draw(st.lists(times, max_size=4))]
        for number, (start, end) in enumerate(keep):
            label = tier.labels[number % len(tier.labels)].name
            made = Span(start, end, label, tier.name, _score(draw), _answers(draw))
            if _lies_in(made, tasks) and (tier.kind != "states" or made.start_us < made.end_us):
                found.append(made)
    return with_ids(found, "seed")


def _score(draw: st.DrawFn) -> float | None:
    return draw(st.sampled_from([None, 0.0, 0.5, 0.9876, 1.0]))


def _answers(draw: st.DrawFn) -> dict[str, FieldValue]:
    every: dict[str, list[FieldValue]] = {
        "cause": ["valve", "pump, big"],
        "causes": [("a",), ("a", "b&c"), ("d", "a")],
        "severity": [1.0, 7.0],
        "depth": [0.0, -1.5, 1e-9, 12345.678901234567],
        "note": list(NOTES),
        "lead": [("x",), ("x", "y")],
    }
    names = draw(st.lists(st.sampled_from(sorted(every)), max_size=2, unique=True))
    return {name: draw(st.sampled_from(every[name])) for name in names}


def _lies_in(span: Span, tasks: Sequence[Task]) -> bool:
    """Whether both ends lie in windows: nobody can draw in a gap."""
    start, end = span.start_us, span.end_us
    if start == end:
        return any(task.start_us <= start <= task.end_us for task in tasks)
    return any(t.start_us <= start < t.end_us for t in tasks) and any(
        t.start_us < end <= t.end_us for t in tasks
    )


@pytest.fixture(scope="session")
def demo_domain() -> Domain:
    """A domain with tiers and fields of every kind."""
    return everything()


@pytest.fixture(scope="session")
def make_domain():
    """Makes that domain with changes."""
    return everything


@pytest.fixture(scope="session")
def some_worlds() -> st.SearchStrategy[World]:
    """Strategy for recordings with windows and spans."""
    return worlds()


@pytest.fixture(scope="session")
def a_recording():
    """Makes a recording of one channel."""
    return made_recording
