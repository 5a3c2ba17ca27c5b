"""The process of one training: ``python -m tslab.backend.worker``.

It is told a job on its standard input, tells news on its standard output, and ends when the backend
that started it is gone. Models are stored whole and promoted last: whenever it ends, a complete
model serves.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tslab.backend.gathering import gather
from tslab.backend.jobs import Job, News
from tslab.backend.link import Link
from tslab.backend.metrics import Metrics
from tslab.backend.models import Models
from tslab.backend.refreshing import Refresh
from tslab.backend.serving import Predictor
from tslab.backend.study import Study
from tslab.errors import TslabError
from tslab.segmentation.models.store import ModelStore

if TYPE_CHECKING:
    from tslab.backend.models import Subject
    from tslab.contracts import Progress
    from tslab.label_studio.client import Client

NICENESS = 15
"""Predictions come first: a training takes what they leave."""

LONGEST_JOB = 1_000_000


class Worker:
    """One job.

    Args:
        job: What to do.
        out: Where news go.
    """

    def __init__(self, job: Job, out: BinaryIO) -> None:
        self._job = job
        self._out = out
        self._settings = job.settings()
        folder = self._settings.folder
        self._study = Study(folder) if folder is not None else None
        self._link = Link(self._settings, self._study)
        for name in job.names:
            self._link.also_called(name)
        self._store = ModelStore(self._settings.model_dir)
        self._models = Models(self._store, 2, Metrics())

    def run(self) -> News:
        """Trains, and renews predictions if the new model serves; the last news.

        Raises:
            TslabError: It cannot be done.
        """
        with self._link.client() as client:
            news = self._train(client)
            if news.outcome == "promoted" and self._job.refresh:
                self.tell(news)
                try:
                    # Shares begin anew: newer annotations may end this at once.
                    news.count = self._refresh(client)
                except TslabError as error:
                    news.text = f"predictions were not renewed: {error}"
        return news

    def tell(self, news: News) -> None:
        """Writes one line of news."""
        self._out.write(msgspec.json.encode(news) + b"\n")
        self._out.flush()

    def _part(self, first: float, last: float) -> Progress:
        """Progress of a part of the job, as shares of the whole."""

        def tell(share: float, text: str) -> None:
            self.tell(News(share=first + (last - first) * min(max(share, 0.0), 1.0), text=text))

        return tell

    def _refresh(self, client: Client) -> int:
        predictor = Predictor(self._link, self._models, Metrics(), self._study)
        refresh = Refresh(client, predictor, self._job.project)
        return refresh.run(self._job.refresh, self._part(0, 1))

    def _train(self, client: Client) -> News:
        from tslab.backend.judging import Training
        from tslab.segmentation.examples.training_set import training_set

        if self._study is not None and self._study.is_blind():
            return News(1.0, "nothing is learned while a study is blind", "blind")
        project = self._job.project
        fetcher, part = self._link.fetcher(), self._part(0, 0.3)
        found = gather(client, project, self._study, fetcher, part)
        data = training_set(found.annotations, found.subject.domain, found.open_recording)
        data.left_out[:0] = found.left_out
        if not any(example.spans for example in data.examples):
            for line in data.left_out[:20]:
                self.tell(News(0.3, line))  # may name files: for those who debug
            text = f"no usable label; {len(data.left_out)} things were left out"
            return News(1.0, text, "nothing to learn")
        if self._knows(data.data_hash, found.subject):
            return News(1.0, "the annotations are those of an earlier training", "unchanged")
        study = self._study if found.is_ours else None
        named = self._settings.segmenter
        training = Training(self._models, project, found.subject, named, study)
        version, verdict = training.run(data, self._part(0.3, 1.0))
        outcome = "promoted" if verdict.promote else "not better"
        return News(1.0, verdict.reason, outcome, version, data.data_hash)

    def _knows(self, data_hash: str, subject: Subject) -> bool:
        """Whether these annotations were learned already, so that anybody may ask in vain.

        Not so if that model looks at another version of the domain's own segmenter.
        """
        if data_hash == self._job.known:
            return True
        project = self._job.project
        # The neural net's settings may have changed with a new start of the backend.
        served = set(self._store.history(project)) if self._settings.segmenter != "lstm" else set()
        return any(
            card.data_hash == data_hash
            and card.segmenter == self._settings.segmenter
            and subject.has_prior_of(card)
            for card in self._store.cards(project)
            if card.version in served
        )


def _end_with_parent() -> None:
    """Ends the process when the pipe of the backend closes: nobody would promote the model."""
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    os._exit(1)


def main() -> int:
    """Reads the job, does it, tells the outcome."""
    # News have this stream for themselves; what a library prints goes to the log.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.nice(NICENESS)
    job = msgspec.json.decode(sys.stdin.buffer.readline(LONGEST_JOB), type=Job)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        worker = Worker(job, out)
        worker.tell(worker.run())
    except TslabError as error:
        out.write(msgspec.json.encode(News(1.0, str(error), "failed")) + b"\n")
    out.flush()
    return 0


if __name__ == "__main__":
    code = main()
    os._exit(code)  # threads of libraries now and then abort an interpreter that tears itself down
