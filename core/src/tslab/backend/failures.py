"""Why tasks could not be predicted: for the log, for the metrics, for whoever asked."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tslab.backend.addresses import RefusedAddressError
from tslab.backend.bodies import BadRequestError
from tslab.backend.fetching import NoDataError, OversizeError, UnreachableError
from tslab.errors import DataError, PluginError, ProjectError, ServerError, TslabError

log = logging.getLogger("tslab.backend")

REASONS: tuple[tuple[type[Exception], str], ...] = (
    (RefusedAddressError, "address"),
    (UnreachableError, "unreachable"),
    (OversizeError, "too large"),
    (NoDataError, "no data"),
    (ServerError, "label studio"),
    (PluginError, "segmenter"),
    (ProjectError, "project"),
    (DataError, "data"),
    (TslabError, "other"),
)
"""Reasons as the metrics call them; the first that fits."""

LATE = "no time"
PASSING = frozenset({"unreachable", "label studio", LATE})
"""Reasons that may be gone when somebody asks again."""

TOLD = {
    "unreachable": "no server gives their data",
    "too large": "TSLAB_MAX_DATA_MB bounds their data",
    "label studio": "Label Studio does not answer the backend, or refuses its key",
    LATE: "TSLAB_PREDICT_SECONDS bounds the work on one request",
    "data": "their data or the labeling config cannot be used; the backend's log says why",
}
"""What the sender is told; the other reasons are for those who can read the log."""

WHOLE = ("address", "no data")
"""Reasons whose texts hold nothing from the task but a host: the sender is told them."""

MOST_TEXTS = 3
"""Texts about one reason in one answer."""

MOST_LINES = 5
"""Lines of the log about one reason in one request."""

QUOTED = re.compile(r"'[^']*'")
MODEL = re.compile(r"'[a-z][a-z0-9_-]* \d+(\.\d+)*'")
"""Names of models such as 'rules 0.1', which have a dot like those of files."""

PATH = re.compile(r"\S*[/\\]\S*")


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that was not predicted.

    Attributes:
        reason: As the metrics call it.
        text: What is wrong, where, and what to do; names no file and no path.
    """

    reason: str
    text: str

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """What an exception says, without names of files: those may name people."""
        reason = next((name for kind, name in REASONS if isinstance(error, kind)), "defect")
        if not isinstance(error, TslabError):
            return cls(reason, f"{type(error).__name__}. LOG_LEVEL=DEBUG shows where; report it.")
        # Messages of these two are made without anything from the task but a host.
        safe = isinstance(error, RefusedAddressError | UnreachableError)
        return cls(reason, str(error) if safe else without_files(str(error)))


class Told:
    """What the log says of one request's failures: the first of each kind, and how many more.

    Args:
        project: Number of the project that the request names.
    """

    def __init__(self, project: int) -> None:
        self._project = project
        self._counts: Counter[str] = Counter()

    def tell(self, place: str, failure: Failure, error: Exception) -> None:
        """Notes a task that is not predicted."""
        self._counts[failure.reason] += 1
        if self._counts[failure.reason] <= MOST_LINES:
            log.warning("%s is not predicted (%s): %s", place, failure.reason, failure.text)
        # The whole text may name files, and those may name people: only who asks for it gets it.
        log.debug("%s: %s", place, error, exc_info=failure.reason == "defect")

    def sum_up(self) -> None:
        """Says how many tasks were not spoken of."""
        for reason, count in self._counts.items():
            if count > MOST_LINES:
                more = count - MOST_LINES
                log.warning(
                    "project %d: %d more tasks are not predicted (%s)", self._project, more, reason
                )


def without_files(text: str) -> str:
    """A message as it may stand in a log: names of files may name people."""
    return PATH.sub("(a file)", QUOTED.sub(_without_file, text))


def _without_file(quoted: re.Match[str]) -> str:
    text = quoted[0]
    may_be_file = any(letter in text for letter in "/\\.") and not MODEL.fullmatch(text)
    return "(a file)" if may_be_file else text


def refusal(failures: Sequence[Failure]) -> BadRequestError:
    """The answer to a request of which no task could be predicted: reasons with their counts."""
    counts = Counter(failure.reason for failure in failures)
    told = dict(TOLD)
    for reason in WHOLE:
        texts = list(dict.fromkeys(f.text for f in failures if f.reason == reason))
        told[reason] = " ".join(texts[:MOST_TEXTS])
    parts = [
        f"{count} {reason} ({told.get(reason, 'see the log of the backend')})"
        for reason, count in counts.most_common()
    ]
    status = 422
    if counts.keys() <= PASSING:
        status = 503
    elif counts.keys() == {"defect"}:
        status = 500
    return BadRequestError(status, f"no task could be predicted: {', '.join(parts)}")
