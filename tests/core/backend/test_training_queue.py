"""When trainings happen: counted, debounced, one at a time, newest data wins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tslab.backend.metrics import Metrics
from tslab.backend.settings import BackendSettings
from tslab.backend.training import MOST_PROJECTS, TrainingQueue


@dataclass
class Trainings:
    """Trainings that end when the test says so."""

    started: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    share: float = 0.0
    unknown: frozenset[int] = frozenset()

    async def train(self, project: int, progress: Callable[[float], None]) -> str:
        self.started.append(project)
        progress(self.share)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(project)
            raise
        self.ended.append(project)
        return "promoted"

    async def sees(self, project: int) -> str:
        return "unknown project" if project in self.unknown else ""


def play(scene: Callable[[TrainingQueue, Trainings], Awaitable[None]], **given: Any) -> Metrics:
    """Runs a scene in an event loop; waiting times are short, not absent."""
    settings = {"quiet_seconds": 0.02, "longest_wait_seconds": 10.0, **given}
    metrics = Metrics()

    async def run() -> None:
        trainings = Trainings()
        queue = TrainingQueue(
            BackendSettings(model_dir=Path("unused"), **settings),
            trainings.train,
            trainings.sees,
            metrics,
        )
        await asyncio.wait_for(scene(queue, trainings), 20)
        await queue.close()

    asyncio.run(run())
    return metrics


def counted(metrics: Metrics, outcome: str) -> float:
    name = "tslab_backend_trainings_total"
    return metrics.registry.get_sample_value(name, {"outcome": outcome}) or 0


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.002)


def test_a_burst_of_annotations_is_one_training() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        trainings.gate.set()
        for _ in range(500):
            assert queue.annotated(24)
        assert queue.waiting() == 1
        assert trainings.started == []
        await queue.idle()
        assert trainings.ended == [24]

    assert counted(play(scene), "promoted") == 1


def test_a_trickle_waits_for_quiet_but_not_for_ever() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        trainings.gate.set()
        while not trainings.started:
            queue.annotated(24)
            await asyncio.sleep(0.01)
        assert trainings.started == [24]

    play(scene, quiet_seconds=5.0, longest_wait_seconds=0.1)


def test_every_nth_annotation_trains() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        trainings.gate.set()
        assert [queue.annotated(24) for _ in range(4)] == [False, False, True, False]
        assert [queue.annotated(25) for _ in range(2)] == [False, False]
        await queue.idle()
        assert trainings.ended == [24]

    play(scene, train_every=3)


def test_the_button_does_not_wait() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        trainings.gate.set()
        queue.annotated(24)
        assert queue.train_now(24)
        await queue.idle()
        assert trainings.ended == [24]

    play(scene, quiet_seconds=1000.0, longest_wait_seconds=1000.0, train_every=5)


def test_a_button_pressed_five_hundred_times_is_at_most_three_trainings() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        for _ in range(250):
            queue.train_now(24)
        await until(lambda: trainings.started == [24])
        for _ in range(250):
            queue.train_now(24)
        trainings.gate.set()
        await queue.idle()
        assert trainings.ended == [24, 24]
        assert trainings.cancelled == []

    play(scene)


def test_newer_annotations_end_a_training_that_has_just_begun() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        queue.annotated(24)
        await until(lambda: trainings.started == [24])
        queue.annotated(24)
        await until(lambda: trainings.started == [24, 24])
        assert trainings.cancelled == [24]
        trainings.gate.set()
        await queue.idle()
        assert trainings.ended == [24]

    metrics = play(scene)
    assert counted(metrics, "superseded") == 1
    assert counted(metrics, "promoted") == 1


def test_a_busy_annotator_does_not_starve_training() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        queue.annotated(24)
        await until(lambda: len(trainings.started) == 1)
        queue.annotated(24)
        await until(lambda: len(trainings.started) == 2)
        queue.annotated(24)  # ended once already: this time it is let finish
        await asyncio.sleep(0.1)
        assert trainings.cancelled == [24]
        trainings.gate.set()
        await queue.idle()
        assert trainings.ended == [24, 24]

    play(scene)


def test_a_training_that_is_nearly_done_is_let_finish_and_done_again() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        trainings.share = 0.9
        queue.annotated(24)
        await until(lambda: trainings.started == [24])
        await asyncio.sleep(0.01)
        queue.annotated(24)
        trainings.gate.set()
        await queue.idle()
        assert trainings.cancelled == []
        assert trainings.ended == [24, 24]

    play(scene)


def test_only_so_many_trainings_run_at_once() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        for project in (1, 2, 3, 4):
            queue.annotated(project)
        await until(lambda: len(trainings.started) == 2)
        await asyncio.sleep(0.05)
        assert len(trainings.started) == 2
        assert queue.waiting() == 2
        trainings.gate.set()
        await queue.idle()
        assert sorted(trainings.ended) == [1, 2, 3, 4]

    play(scene, trainings_at_once=2)


def test_projects_that_label_studio_does_not_show_are_left_alone() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        trainings.unknown = frozenset({99})
        trainings.gate.set()
        queue.train_now(99)
        queue.annotated(99)
        await queue.idle()
        assert trainings.started == []
        trainings.unknown = frozenset()
        queue.train_now(99)
        await queue.idle()
        assert trainings.ended == [99]

    assert counted(play(scene), "unknown project") == 1


def test_a_failing_training_does_not_end_the_queue() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        async def fail(project: int, progress: Callable[[float], None]) -> str:
            raise RuntimeError(f"project {project}", progress)

        good, queue._train = queue._train, fail
        queue.train_now(24)
        await queue.idle()
        queue._train = good
        trainings.gate.set()
        queue.train_now(24)
        await queue.idle()
        assert trainings.ended == [24]

    metrics = play(scene)
    assert counted(metrics, "failed") == 1
    assert counted(metrics, "promoted") == 1


def test_closing_ends_what_runs() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        queue.train_now(24)
        queue.annotated(25)
        await until(lambda: trainings.started == [24])
        await queue.close()
        assert trainings.cancelled == [24]
        assert trainings.ended == []

    assert counted(play(scene), "cancelled") == 1


def test_numbers_of_strangers_do_not_fill_the_memory() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        for project in range(1, MOST_PROJECTS + 100):
            queue.annotated(project)
        assert len(queue._states) == MOST_PROJECTS
        queue.train_now(1_000_000)
        trainings.gate.set()
        await queue.idle()
        assert trainings.ended == [1_000_000]

    play(scene, train_every=10)


def test_a_full_queue_takes_no_more() -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        for project in range(1, MOST_PROJECTS + 1):
            queue.annotated(project)
        assert not queue.annotated(MOST_PROJECTS + 5)
        assert not queue.train_now(MOST_PROJECTS + 5)
        assert trainings.started == []

    play(scene, quiet_seconds=1000.0)


@pytest.mark.parametrize("name", ["queue_length", "trainings_running"])
def test_gauges_return_to_nothing(name: str) -> None:
    async def scene(queue: TrainingQueue, trainings: Trainings) -> None:
        trainings.gate.set()
        queue.annotated(24)
        await queue.idle()

    assert play(scene).registry.get_sample_value(f"tslab_backend_{name}") == 0
