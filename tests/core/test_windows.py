"""Windows: within the editor's limits, without holes, on sample times, the same every time."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab.domain import Domain, View
from tslab.errors import DataError
from tslab.preparation.task_table import row_times
from tslab.preparation.windows import (
    MAX_PAGES,
    MAX_ROWS,
    MAX_VALUES,
    make_tasks,
    page_seconds,
    segments,
    tick_us,
    window_seconds,
)
from tslab.recording import Recording, Signal
from tslab.task import Task

ALL = View(name="all", tiers=("rhythm", "activity", "event", "mark"))


def recording(rate: float, count: int, channels: int = 1, **more: Any) -> Recording:
    """Samples are made when somebody reads them: nothing here is larger than its numbers."""
    signals = [
        Signal(f"c{i}", "", rate, count, lambda first, last: np.zeros(last - first))
        for i in range(channels)
    ]
    return Recording("rec-a", signals, count / rate, **more)


def borders(tasks: Sequence[Task]) -> list[tuple[float, float]]:
    return [(task.start, task.end) for task in tasks]


def rows(task: Task, of: Recording) -> int:
    return len(row_times(task, of))


@settings(max_examples=1000)
@given(data=st.data())
def test_windows_cover_every_segment_exactly(
    some_worlds: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    world = data.draw(some_worlds)
    grid = world.recording.signals[0]
    for start, end in segments(world.recording, world.domain):
        inside = [task for task in world.tasks if start <= task.start < end]
        first, last = grid.index_range(start, end)
        if last - first < 2:
            assert inside == []
            continue
        assert (inside[0].start, inside[-1].end) == (start, end)
        for left, right in itertools.pairwise(inside):
            assert left.end == right.start
            assert right.start in grid.sample_times(first, last)
        for task in inside:
            samples = grid.index_range(task.start, task.end)
            assert samples[1] - samples[0] >= 2
    assert [task.part for task in world.tasks] == [
        (number, len(world.tasks)) for number in range(1, len(world.tasks) + 1)
    ]
    again = make_tasks(world.recording, world.domain)
    assert again == world.tasks


@pytest.mark.parametrize(
    ("rate", "hours", "channels"),
    [(250, 24, 3), (500, 5, 12), (25_600, 0.05, 1), (25_600, 0.05, 8), (1 / 300, 24 * 365, 4),
     (1, 24 * 90, 20), (128, 10, 40), (400_000, 0.003, 2)],
)  # fmt: skip
@pytest.mark.parametrize("wanted", [None, 9000, 10_000_000_000])
def test_limits_of_the_editor(
    make_domain: Any, rate: float, hours: float, channels: int, wanted: int | None
) -> None:
    made = recording(rate, int(rate * hours * 3600), channels)
    seconds = None if wanted is None else wanted / rate
    domain = make_domain(views=(ALL,), window_seconds=seconds)
    page = page_seconds(ALL, domain, made.signals)
    tasks = make_tasks(made, domain)
    assert (tasks[0].start, tasks[-1].end) == (0, made.duration)
    for task in [*tasks[:3], *tasks[-2:]]:
        assert rows(task, made) <= MAX_ROWS
        assert rows(task, made) * (channels + 1) <= MAX_VALUES
        assert task.end - task.start <= MAX_PAGES * page * (1 + 1e-9) + 2 / rate
        assert rows(task, made) >= 3


def test_bursts_of_irregular_sampling_stay_within_the_limits(make_domain: Any) -> None:
    burst = np.arange(250_000) / 10_000
    times = np.concatenate([burst, 25 + np.arange(1, 1001) * 60.0])
    signal = Signal.from_array("x", np.zeros(len(times)), 4.0, times=times)
    made = Recording("rec-a", [signal], signal.duration)
    tasks = make_tasks(made, make_domain(views=(ALL,), window_seconds=3600, page_seconds=600))
    assert max(rows(task, made) for task in tasks) <= MAX_ROWS
    assert (tasks[0].start, tasks[-1].end) == (0, made.duration)
    assert all(a.end == b.start for a, b in itertools.pairwise(tasks))


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [(1000, [100.0] * 10), (1009, [100.0] * 9 + [109.0]), (1011, [100.0] * 10 + [11.0]),
     (100, [100.0]), (105, [105.0]), (3, [3.0])],
)  # fmt: skip
def test_a_short_tail_joins_the_window_before(
    make_domain: Any, seconds: int, wanted: list[float]
) -> None:
    tasks = make_tasks(recording(10, seconds * 10), make_domain(views=(ALL,), window_seconds=100))
    assert [round(task.end - task.start, 6) for task in tasks] == wanted


def test_a_tail_that_may_not_join_is_shared_by_all(make_domain: Any) -> None:
    domain = make_domain(views=(ALL,), window_seconds=100, page_seconds=1)
    lengths = [t.end - t.start for t in make_tasks(recording(10, 3050), domain)]
    assert len(lengths) == 4
    assert max(lengths) <= 100
    assert min(lengths) > 70


@pytest.mark.parametrize(
    ("gaps", "limit", "wanted"),
    [
        ([(10, 20)], 5, [(0, 10), (20, 100)]),
        ([(10, 20)], 10, [(0, 100)]),
        ([(10, 20)], None, [(0, 100)]),
        ([(0, 20), (90, 100)], 5, [(20, 90)]),
        ([(60, 70), (10, 20)], 5, [(0, 10), (20, 60), (70, 100)]),
        ([(10, 60), (20, 30)], 5, [(0, 10), (60, 100)]),
        ([(10, 20), (20.1, 40)], 5, [(0, 10), (40, 100)]),
    ],
)
def test_gaps_longer_than_allowed_split(
    make_domain: Any,
    gaps: list[tuple[float, float]],
    limit: float | None,
    wanted: list[tuple[float, float]],
) -> None:
    domain = make_domain(views=(ALL,), window_seconds=500, max_gap_seconds=limit)
    assert borders(make_tasks(recording(10, 1000, gaps=gaps), domain)) == wanted


def test_ids_name_recording_view_and_number(make_domain: Any) -> None:
    beats = View(name="beats", tiers=("mark",), window_seconds=50, channels=("c0",))
    domain = make_domain(views=(ALL, beats), window_seconds=100)
    tasks = make_tasks(recording(10, 1000, 2, metadata={"site": "A"}), domain)
    assert [task.id for task in tasks] == [
        "rec-a-all-0001",
        "rec-a-beats-0001",
        "rec-a-beats-0002",
    ]
    assert [task.channels for task in tasks] == [("c0", "c1"), ("c0",), ("c0",)]
    assert {task.metadata["site"] for task in tasks} == {"A"}
    assert tasks[0].csv == "tasks/all/rec-a-all-0001.csv"
    assert Task.from_json(tasks[1].to_json()) == tasks[1]


def test_a_view_without_its_channels_is_refused(make_domain: Any) -> None:
    view = View(name="all", tiers=("rhythm",), channels=("II", "V5"))
    with pytest.raises(DataError, match="none of its channels II, V5 among c0") as caught:
        make_tasks(recording(10, 100), make_domain(views=(view,)))
    assert "channels:" in caught.value.remedy


def test_a_view_of_derived_channels_only_is_refused(make_domain: Any) -> None:
    made = recording(10, 100)
    derived = dataclasses.replace(made.signals[0], name="HR", derived=True)
    view = View(name="all", tiers=("rhythm",), channels=("HR",))
    with pytest.raises(DataError):
        make_tasks(made.with_signals([*made.signals, derived]), make_domain(views=(view,)))


def test_the_fastest_recorded_channel_gives_the_rows(make_domain: Any) -> None:
    slow = recording(1, 100).signals[0]
    fast = dataclasses.replace(slow, name="fast", sampling_rate=100.0, sample_count=10_000)
    derived = dataclasses.replace(
        slow, name="envelope", sampling_rate=600.0, sample_count=60_000, derived=True
    )
    made = Recording("rec-a", [slow, fast, derived], 100.0)
    (task,) = make_tasks(made, make_domain(views=(ALL,), window_seconds=100, page_seconds=10))
    assert task.tick_us == tick_us(100)
    assert rows(task, made) == 10_001


@pytest.mark.parametrize("count", [0, 1])
def test_one_sample_is_no_task(make_domain: Any, count: int) -> None:
    assert make_tasks(recording(10, count), make_domain(views=(ALL,))) == []


def test_two_samples_are_a_task(make_domain: Any) -> None:
    assert borders(make_tasks(recording(10, 2), make_domain(views=(ALL,)))) == [(0, 0.2)]


def test_too_fast_for_the_time_axis_is_refused(make_domain: Any) -> None:
    with pytest.raises(DataError, match="2e\\+06 Hz") as caught:
        make_tasks(recording(2_000_000, 100), make_domain(views=(ALL,)))
    assert "500 kHz" in caught.value.remedy


def test_page_is_round_and_below_the_editors_decimation(demo_domain: Domain) -> None:
    view = demo_domain.views[0]
    assert page_seconds(view, demo_domain, recording(250, 9).signals) == 5
    assert page_seconds(view, demo_domain, recording(25_600, 9).signals) == 0.05
    assert page_seconds(view, demo_domain, recording(1 / 300, 9).signals) == 7 * 86_400
    asked = view.model_copy(update={"page_seconds": 3600.0})
    assert page_seconds(asked, demo_domain, recording(250, 9).signals) == 60
    assert window_seconds(view, demo_domain, recording(250, 9).signals) == 50
