"""What a page of agreement shows beside the numbers, and what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tslab.agreement.values import Readers
from tslab.recording import Recording
from tslab.span_table import SpanTable
from tslab.wording import short

TITLE = "Agreement"
LONGEST = 80
"""Letters of a name."""
TIMELINE_BYTES = 4_000_000
SIGNAL_BYTES = 1_500_000
SIGNAL_TASKS = 12
REVIEW_ROWS = 2_000
HIDDEN = re.compile(r"(person|model|consensus|task)-([0-9a-f]{8}|[0-9a-f]{32})")
"""Names that are hashes already (`privacy`): they stay, so that the page fits the other files."""
HARMLESS = re.compile(r"https?://|/(?!/)|\./|\.\./|\?", re.IGNORECASE)
"""What an address may begin with: nothing that a browser would run."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A stretch that somebody should look at.

    Attributes:
        tier: Name of the tier.
        task: Name of the task, as in the table of the tier.
        start: Seconds from the start of the task's recording.
        end: Seconds; there is room around a lone border or instant.
        kind: What is disputed, in words.
        cost: How much it weighs; the list is in this order, largest first.
        said: What each said, by reader.
    """

    tier: str
    task: str
    start: float
    end: float
    kind: str
    cost: float
    said: Mapping[str, str] = field(default_factory=dict)


def _no_recording(task: str) -> Recording | None:  # noqa: ARG001
    return None


def _no_link(tier: str, task: str, start: float, end: float) -> str:  # noqa: ARG001
    return ""


@dataclass(frozen=True, slots=True)
class PageInput:
    """What goes into the page with the result.

    Attributes:
        title: Heading.
        created: When, as it should be read.
        private: Leaves out names of people, models and tasks, signals and links.
        review: What to look at.
        review_note: What it is a part of, if it is not all.
        consensus: What the annotators say together, by tier; its first annotator counts.
        recording: Opens the recording of a task; None where there is none.
        link: Address in Label Studio by tier, task, first and last second; "" where it is
            not known. Spaces part the addresses of several copies of the task.
        timeline_bytes: Room for marks; tasks with the lowest agreement come first.
        signal_bytes: Room for the outlines of signals.
        signal_tasks: Tasks that signals are shown of.
    """

    title: str = TITLE
    created: str = ""
    private: bool = False
    review: Sequence[ReviewItem] = ()
    review_note: str = ""
    consensus: Mapping[str, SpanTable] = field(default_factory=dict)
    recording: Callable[[str], Recording | None] = _no_recording
    link: Callable[[str, str, float, float], str] = _no_link
    timeline_bytes: int = TIMELINE_BYTES
    signal_bytes: int = SIGNAL_BYTES
    signal_tasks: int = SIGNAL_TASKS

    def address(self, tier: str, task: str, start: float = 0.0, end: float = 0.0) -> str:
        """Addresses in Label Studio; "" in private pages, and where a browser might run it."""
        found = "" if self.private else self.link(tier, task, start, end)
        return " ".join(part for part in found.split() if HARMLESS.match(part))


def fitting(name: str) -> str:
    """A name as the page shows it: a very long one lacks its middle; --csv has all of it."""
    return short(name, LONGEST)


class Names:
    """What people, models and tasks are called in the page."""

    def __init__(self, readers: Sequence[Readers], tasks: Sequence[str], private: bool) -> None:
        self.private = private
        people = dict.fromkeys(name for who in readers for name in who.annotators)
        models = dict.fromkeys(name for who in readers for name in who.models)
        self._readers = {name: f"annotator {n}" for n, name in enumerate(people, start=1)}
        self._readers |= {name: f"model {n}" for n, name in enumerate(models, start=1)}
        self._tasks = {name: f"task {n}" for n, name in enumerate(dict.fromkeys(tasks), start=1)}

    def reader(self, name: str) -> str:
        """Name of a person or model; the ground truth is nobody's."""
        return self._readers.get(name, name) if self._hides(name) else fitting(name)

    def task(self, name: str) -> str:
        """Name of a task."""
        return self._tasks.get(name, "a task") if self._hides(name) else fitting(name)

    def _hides(self, name: str) -> bool:
        return self.private and not HIDDEN.fullmatch(name)
