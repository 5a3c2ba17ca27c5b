"""What the tests of core share: a domain with everything in it, and generated recordings."""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from tslab import cli
from tslab.domain import Choice, Domain, Label, RegionField, TaskField, Tier
from tslab.preparation.stitching import with_ids
from tslab.preparation.windows import make_tasks
from tslab.recording import Recording, Signal
from tslab.spans import FieldValue, Span, to_microseconds
from tslab.task import Task

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


EVERYTHING = everything()


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
    limits = {
        "window_seconds": window,
        "page_seconds": window,
        "max_gap_seconds": 0.5 / rate if gaps else None,
    }
    domain = EVERYTHING.model_copy(update=limits)
    tasks = make_tasks(recording, domain)
    dice = random.Random(draw(st.integers(0, 2**32)))
    spans = _spans(dice, recording, tasks, domain) if tasks else []
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
    dice: random.Random, recording: Recording, tasks: Sequence[Task], domain: Domain
) -> list[Span]:
    """Spans whose borders lie on samples, on windows' borders, at the end or anywhere."""
    signal = recording.signals[0]
    borders = [border for task in tasks for border in (task.start, task.end)]
    exact = [*signal.sample_times(0, signal.sample_count).tolist(), recording.duration]

    def time() -> float:
        anywhere = dice.random() * recording.duration
        return dice.choice([anywhere, dice.choice(borders), dice.choice(exact)])

    found: list[Span] = []
    for tier in domain.tiers:
        if tier.kind == "states":
            cuts = {to_microseconds(at): at for at in (time() for _ in range(5))}
            pairs = list(itertools.pairwise(sorted(cuts.values())))
            pairs = pairs if tier.exhaustive else pairs[dice.randint(0, 1) :: 2]
        else:
            pairs = [(time(), time()) for _ in range(dice.randint(0, 4))]
        for number, pair in enumerate(pairs):
            end = max(pair) if tier.kind != "instants" else min(pair)
            label = tier.labels[number % len(tier.labels)].name
            score = dice.choice([None, 0.0, 0.5, 0.9876, 1.0])
            made = Span(min(pair), end, label, tier.name, score, _answers(dice))
            if _lies_in(made, tasks) and (tier.kind != "states" or made.start_us < made.end_us):
                found.append(made)
    return with_ids(found, "seed")


ANSWERS: dict[str, list[FieldValue]] = {
    "cause": ["valve", "pump, big"],
    "causes": [("a",), ("a", "b&c"), ("d", "a")],
    "severity": [1.0, 7.0],
    "depth": [0.0, -1.5, 1e-9, 12345.678901234567],
    "note": list(NOTES),
    "lead": [("x",), ("x", "y")],
}


def _answers(dice: random.Random) -> dict[str, FieldValue]:
    names = dice.sample(sorted(ANSWERS), dice.randint(0, 3))
    return {name: dice.choice(ANSWERS[name]) for name in names}


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
    return EVERYTHING


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


class Shell:
    """Runs the command line in a project folder and looks at what came out."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: object, code: int = 0, project: bool = True) -> str:
        """The text on stdout; the exit code must be `code`."""
        self._capsys.readouterr()
        where = ["--project", str(self.folder)] if project else []
        got = cli.run([*map(str, words), *where])
        self.out, self.err = self._capsys.readouterr()
        assert got == code, (got, self.out, self.err)
        return self.out

    def json(self, *words: object, code: int = 0, **more: bool) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self(*words, "--json", code=code, **more))

    def fails(self, code: int, *words: object, **more: bool) -> str:
        """The one line on stderr; nothing is on stdout."""
        assert self(*words, code=code, **more) == ""
        lines = [line for line in self.err.splitlines() if line.strip()]
        assert len(lines) == 1, self.err
        assert lines[0].startswith("tslab: ")
        assert "Traceback" not in lines[0]
        assert "defect of tslab" not in lines[0]
        return lines[0]

    def files(self) -> dict[str, bytes]:
        """Content of all files of the project outside of .tslab/."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and ".tslab" not in path.relative_to(self.folder).parts
        }


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line on a folder that does not exist yet."""
    return Shell(tmp_path / "study", capsys)


@pytest.fixture
def machine(shell: Shell, tmp_path: Path) -> Shell:
    """A project of the domain iot with one recording, pump.csv: 1000 s at 1 Hz."""
    shell("init", shell.folder, "--domain", "iot", project=False)
    rows = [f"{i},{np.sin(i / 9):.4f},{50 + i % 7}" for i in range(1000)]
    (tmp_path / "pump.csv").write_text("time_s,vibration,temp\n" + "\n".join(rows) + "\n")
    shell("add", tmp_path / "pump.csv")
    return shell
