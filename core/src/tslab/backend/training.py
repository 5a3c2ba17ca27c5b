"""When to train: counts annotations, waits for quiet, one training at a time, newest data wins."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tslab.backend.failures import without_files
from tslab.errors import TslabError

if TYPE_CHECKING:
    from tslab.backend.metrics import Metrics
    from tslab.backend.settings import BackendSettings

log = logging.getLogger("tslab.backend")

MOST_PROJECTS = 10_000
"""Projects whose annotations are counted; anybody can send webhooks with any number."""

EARLY = 0.5
"""Share of a training up to which newer data ends it; later it is quicker to let it finish."""

Train = Callable[[int, Callable[[float], None]], Awaitable[str]]
"""Trains a project: gets its number and what to call with the share done, returns the outcome.
Being cancelled ends it."""


Sees = Callable[[int], Awaitable[str]]
"""Says "" if Label Studio shows a project to the backend, else why it is left alone."""


@dataclass(slots=True)
class _State:
    """One project in the queue; times are those of the event loop's clock.

    Attributes:
        updates: Annotations since the last training was asked for.
        wanted: Whether a training is asked for that has not begun.
        at_once: Whether somebody pressed the button.
        first: When the training was asked for.
        last: When it was asked for the last time.
        task: What waits and trains.
        training: The training itself, while it runs.
        share: How much of it is done.
        superseded: Whether the training before this one was ended for newer data.
        poke: Set when `at_once` becomes true.
    """

    updates: int = 0
    wanted: bool = False
    at_once: bool = False
    first: float = 0.0
    last: float = 0.0
    task: asyncio.Task[None] | None = None
    training: asyncio.Task[str] | None = None
    share: float = 0.0
    superseded: bool = False
    poke: asyncio.Event = field(default_factory=asyncio.Event)


class TrainingQueue:
    """Decides about trainings; lives in the event loop.

    Args:
        settings: Waiting times and bounds.
        train: Does one training.
        sees: Asked before a training, because a webhook may name any project.
        metrics: Counts.
    """

    def __init__(
        self, settings: BackendSettings, train: Train, sees: Sees, metrics: Metrics
    ) -> None:
        self._settings = settings
        self._train = train
        self._sees = sees
        self._metrics = metrics
        self._slots = asyncio.Semaphore(settings.trainings_at_once)
        self._states: OrderedDict[int, _State] = OrderedDict()
        self._wanting: set[int] = set()

    def annotated(self, project: int) -> bool:
        """Notes that annotations changed; returns whether that leads to a training."""
        state = self._state(project)
        if state is None:
            return False
        state.updates += 1
        if state.updates < self._settings.train_every:
            return False
        self._want(project, state)
        # Ending every training for newer data would starve a project with a busy annotator.
        if state.training is not None and not state.superseded and state.share < EARLY:
            state.superseded = True
            state.training.cancel()
        return True

    def train_now(self, project: int) -> bool:
        """Trains without waiting for quiet; returns False where the queue is full."""
        state = self._state(project)
        if state is None:
            return False
        state.at_once = True
        state.poke.set()
        self._want(project, state)
        return True

    def waiting(self) -> int:
        """How many projects wait for a training."""
        return len(self._wanting)

    async def close(self) -> None:
        """Ends all trainings; the serving models stay."""
        tasks = [state.task for state in self._states.values() if state.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Returns when nothing waits and nothing is trained."""
        while tasks := [s.task for s in self._states.values() if s.task is not None]:
            await asyncio.wait(tasks)

    def _state(self, project: int) -> _State | None:
        if project not in self._states and len(self._states) >= MOST_PROJECTS:
            idle = next((key for key, state in self._states.items() if state.task is None), None)
            if idle is None:
                return None
            del self._states[idle]
        return self._states.setdefault(project, _State())

    def _want(self, project: int, state: _State) -> None:
        now = asyncio.get_running_loop().time()
        if not state.wanted:
            state.first = now
        state.updates, state.wanted, state.last = 0, True, now
        self._wanting.add(project)
        self._metrics.queue.set(self.waiting())
        if state.task is None:
            state.task = asyncio.create_task(self._work(project, state))

    def _take(self, project: int, state: _State) -> None:
        """What was asked for until now is being looked after; what comes later is asked anew."""
        state.wanted, state.at_once, state.share = False, False, 0.0
        state.poke.clear()
        self._wanting.discard(project)
        self._metrics.queue.set(self.waiting())

    async def _work(self, project: int, state: _State) -> None:
        try:
            while state.wanted:
                await self._quiet(state)
                refused = await self._sees(project)
                if refused:
                    self._take(project, state)
                    self._metrics.trainings.labels(refused).inc()
                    return
                async with self._slots:
                    self._take(project, state)
                    outcome = await self._one(project, state)
                state.superseded = outcome == "superseded"
        finally:
            state.task = None
            self._take(project, state)

    async def _quiet(self, state: _State) -> None:
        """Waits until no annotation came for a while, or for long enough in all."""
        given = self._settings
        while not state.at_once:
            due = min(state.last + given.quiet_seconds, state.first + given.longest_wait_seconds)
            left = due - asyncio.get_running_loop().time()
            if left <= 0:
                return
            try:
                async with asyncio.timeout(left):
                    await state.poke.wait()
            except TimeoutError:
                continue

    async def _one(self, project: int, state: _State) -> str:
        """One training and its outcome; nothing that happens in it ends the queue."""

        def progress(share: float) -> None:
            state.share = share
            self._metrics.progress.labels(str(project)).set(share)

        began = asyncio.get_running_loop().time()
        state.training = asyncio.create_task(self._work_of(project, progress))
        self._metrics.running.inc()
        try:
            outcome = await state.training
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is not None and me.cancelling():
                state.training.cancel()
                await asyncio.gather(state.training, return_exceptions=True)
                self._metrics.trainings.labels("cancelled").inc()
                raise
            outcome = "superseded"
            log.info("training of project %d: ended for newer annotations", project)
        finally:
            state.training = None
            self._metrics.running.dec()
            self._metrics.progress.remove(str(project))
        self._metrics.trainings.labels(outcome).inc()
        self._metrics.training_seconds.observe(asyncio.get_running_loop().time() - began)
        return outcome

    async def _work_of(self, project: int, progress: Callable[[float], None]) -> str:
        progress(0.0)
        try:
            return await self._train(project, progress)
        except TslabError as error:
            log.error("training of project %d: failed: %s", project, without_files(str(error)))
            return "failed"
        except Exception:
            log.exception("training of project %d: failed", project)
            return "failed"
