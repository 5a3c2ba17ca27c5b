"""Trainings as processes of their own: started, watched, ended, and what follows from them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tslab.backend.failures import without_files
from tslab.backend.settings import BackendSettings

if TYPE_CHECKING:
    from tslab.backend.link import Link
    from tslab.backend.metrics import Metrics
    from tslab.segmentation.models.store import ModelStore

log = logging.getLogger("tslab.backend")

KEPT_MODELS = 10
"""Models of a project that stay on disk; every annotation may make one."""

VERDICTS = frozenset({"promoted", "not better"})
"""Outcomes of a training that made a model."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A training takes one core, so that predictions keep the others."""


class Job(msgspec.Struct):
    """What a worker process is told, on its standard input; the key is never in its arguments.

    The settings are those of the backend. `known` is the hash of the data that it trained on last,
    `names` is what Label Studio calls itself: addresses in tasks may begin with any of them.
    """

    project: int
    model_dir: str
    folder: str
    url: str
    api_key: str
    segmenter: str
    allow_hosts: list[str]
    max_data_bytes: int
    data_seconds: float
    refresh: int
    known: str = ""
    names: list[str] = []

    def settings(self) -> BackendSettings:
        """The settings of the backend that gave the job."""
        return BackendSettings(
            model_dir=Path(self.model_dir),
            folder=Path(self.folder) if self.folder else None,
            url=self.url,
            api_key=self.api_key,
            segmenter=self.segmenter,
            allow_hosts=tuple(self.allow_hosts),
            max_data_bytes=self.max_data_bytes,
            data_seconds=self.data_seconds,
            refresh=self.refresh,
        )


class News(msgspec.Struct, omit_defaults=True):
    """A line that a worker writes.

    Attributes:
        share: How much is done, 0 to 1.
        text: What is being done, or what came of it.
        outcome: Set when the training is over; predictions may still be renewed then.
        version: The model that was saved.
        data_hash: What it learned from.
        count: Tasks that got new predictions.
    """

    share: float = 0.0
    text: str = ""
    outcome: str = ""
    version: str = ""
    data_hash: str = ""
    count: int = 0


class Trainer:
    """Trains projects in worker processes.

    Args:
        settings: Of the backend.
        link: The way to Label Studio.
        store: Where models are saved and promoted.
        metrics: Counts.
    """

    def __init__(
        self, settings: BackendSettings, link: Link, store: ModelStore, metrics: Metrics
    ) -> None:
        self._settings = settings
        self._link = link
        self._store = store
        self._metrics = metrics
        self._known: dict[int, str] = {}

    async def train(self, project: int, progress: Callable[[float], None]) -> str:
        """Trains; renews predictions if the new model serves; returns the outcome.

        Raises:
            ServerError: There is no Label Studio.
        """
        job = await asyncio.to_thread(self._job, project)

        told: list[News] = []

        def heard(news: News) -> None:
            progress(news.share)
            if news.outcome and not told:
                told.append(news)
                self._note(project, news)

        news = await self._run(job, heard)
        if news.outcome == "promoted":
            self._renewed(project, news, told[0])
            await asyncio.to_thread(self._store.prune, project, KEPT_MODELS)
        return news.outcome

    def _note(self, project: int, news: News) -> None:
        """Notes what came of a training at once: renewing predictions may go on, or be ended."""
        level = logging.ERROR if news.outcome == "failed" else logging.INFO
        # A verdict speaks of models and scores; what else is told may name files, and those people.
        text = news.text if news.outcome in VERDICTS else without_files(news.text)
        parts = [f"{news.outcome} {news.version}".rstrip(), text]
        log.log(level, "training of project %d: %s", project, ": ".join(filter(None, parts)))
        if news.data_hash:
            self._known[project] = news.data_hash
        if news.outcome == "promoted":
            self._metrics.promotions.inc()

    def _renewed(self, project: int, news: News, first: News) -> None:
        """Notes what came of renewing predictions, which follows the outcome."""
        self._metrics.refreshed.inc(news.count)
        if news.count:
            log.info("project %d: %d tasks have new predictions", project, news.count)
        if news.text != first.text:
            log.warning("project %d: %s", project, without_files(news.text))

    def _job(self, project: int) -> Job:
        given = self._settings
        url, key = self._link.address()
        return Job(
            project=project,
            model_dir=str(given.model_dir),
            folder=str(given.folder or ""),
            url=url,
            api_key=key,
            segmenter=given.segmenter,
            allow_hosts=list(given.allow_hosts),
            max_data_bytes=given.max_data_bytes,
            data_seconds=given.data_seconds,
            refresh=given.refresh,
            known=self._known.get(project, ""),
            names=self._link.names,
        )

    async def _run(self, job: Job, heard: Callable[[News], None]) -> News:
        """A worker's last news; the process is gone when this returns or is cancelled."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tslab.backend.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._settings.train_seconds):
                last = await _listen(process, job, heard)
                await process.wait()
        except TimeoutError:
            log.error(
                "training of project %d: ended after %g s. TSLAB_TRAIN_SECONDS bounds it",
                *(job.project, self._settings.train_seconds),
            )
            return News(outcome="timeout")
        finally:
            await _end(process)
        if not last.outcome:
            log.error(
                "training of project %d: failed: its process ended with %s. What it wrote before "
                "stands above",
                *(job.project, process.returncode),
            )
            return News(outcome="failed")
        return last


async def _listen(
    process: asyncio.subprocess.Process, job: Job, heard: Callable[[News], None]
) -> News:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    with contextlib.suppress(ConnectionError):  # it ended at once; its exit code says so
        process.stdin.write(msgspec.json.encode(job) + b"\n")
        await process.stdin.drain()
    # The pipe stays open: a worker ends when it closes, because then the backend is gone.
    last = News()
    async for line in process.stdout:
        try:
            last = msgspec.json.decode(line, type=News)
        except msgspec.MsgspecError:
            log.debug("the worker wrote something else: %r", line[:200])
            continue
        heard(last)
        log.debug("project %d: %3.0f %% %s", job.project, 100 * last.share, last.text)
    return last


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends a worker and what it started; whatever it was writing is not there or whole."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if process.stdin is not None:
        process.stdin.close()
