"""What the log says of a training: each outcome once, failures as errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from kit.small_models import DOMAIN, example, truth

from tslab.backend.failures import without_files
from tslab.backend.jobs import Job, News, Trainer
from tslab.backend.link import Link
from tslab.backend.metrics import Metrics
from tslab.backend.settings import BackendSettings
from tslab.backend.training import TrainingQueue
from tslab.errors import ServerError
from tslab.segmentation.evaluation.report import Trial
from tslab.segmentation.models.card import describe
from tslab.segmentation.models.promotion import Standing, no_worse
from tslab.segmentation.models.store import ModelStore

Make = Callable[..., BackendSettings]


async def visible(_: int) -> str:
    return ""


def said(
    given: BackendSettings, caplog: pytest.LogCaptureFixture, train: Any, metrics: Metrics
) -> list[tuple[int, str]]:
    """Levels and lines of a training that the queue runs."""

    async def run() -> None:
        queue = TrainingQueue(given, train, visible, metrics)
        assert queue.train_now(24)
        await queue.idle()
        await queue.close()

    with caplog.at_level(logging.INFO, "tslab.backend"):
        asyncio.run(asyncio.wait_for(run(), 20))
    return [(r.levelno, r.getMessage()) for r in caplog.records if r.name == "tslab.backend"]


VERDICT = "it is no worse than the current model"
DONE = News(1.0, VERDICT, "promoted", "learning 1a2b", "hash")
PROMOTED = f"training of project 24: promoted learning 1a2b: {VERDICT}"


@pytest.mark.parametrize(
    ("news", "lines"),
    [
        ([DONE, News(1.0, VERDICT, "promoted", "learning 1a2b", "hash")], [(20, PROMOTED)]),
        (
            [DONE, News(1.0, VERDICT, "promoted", "learning 1a2b", "hash", 7)],
            [(20, PROMOTED), (20, "project 24: 7 tasks have new predictions")],
        ),
        (
            [DONE, News(1.0, "predictions were not renewed: gone", "promoted", "learning 1a2b")],
            [(20, PROMOTED), (30, "project 24: predictions were not renewed: gone")],
        ),
        (
            [News(1.0, "cannot read '/home/smith.csv'", "failed")],
            [(40, "training of project 24: failed: cannot read (a file)")],
        ),
        (
            [News(1.0, "it is worse than 'my-rules 0.1': 0.5 against 0.6", "not better", "l 1")],
            [
                (
                    20,
                    "training of project 24: not better l 1: it is worse than 'my-rules 0.1': "
                    "0.5 against 0.6",
                )
            ],
        ),
        ([News(1.0, "", "unchanged")], [(20, "training of project 24: unchanged")]),
    ],
)
def test_an_outcome_is_said_once(
    news: Sequence[News],
    lines: list[tuple[int, str]],
    settings: Make,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run(_: Trainer, job: Job, heard: Callable[[News], None]) -> News:
        assert job.project == 24
        for item in news:
            heard(item)
        return news[-1]

    monkeypatch.setattr(Trainer, "_run", run)
    given, metrics = settings(), Metrics()
    trainer = Trainer(given, Link(given), ModelStore(given.model_dir), metrics)
    assert said(given, caplog, trainer.train, metrics) == lines
    promoted = metrics.registry.get_sample_value("tslab_backend_promotions_total")
    assert promoted == (news[-1].outcome == "promoted")


def test_a_training_that_cannot_begin_is_one_line(
    settings: Make, caplog: pytest.LogCaptureFixture
) -> None:
    async def train(*_: Any) -> str:
        raise ServerError("the backend knows no Label Studio", "Set LABEL_STUDIO_HOST.")

    line = "training of project 24: failed: the backend knows no Label Studio. "
    found = said(settings(), caplog, train, Metrics())
    assert found == [(40, f"{line}Set LABEL_STUDIO_HOST.")]
    assert caplog.records[-1].exc_info is None


@pytest.mark.parametrize("better", [True, False])
def test_what_a_model_was_compared_with_stands_in_the_log(better: bool) -> None:
    """A version with a dot is no name of a file: "it is worse than (a file)" helps nobody."""
    examples = [example("r1"), example("r2")]
    card = describe(("learning", "1a2b"), examples, ("toy", "", ()), {}, {}, 0)
    trials = [Trial(e, truth() if better else []) for e in examples]
    rules = Standing("ecg-rules 0.1", lambda _: truth())
    reason = no_worse(card, rules, trials, DOMAIN).reason
    assert "ecg-rules 0.1" in reason
    assert without_files(reason) == reason
