"""What every measure of agreement answers: a number or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

# Reasons, in plain words. A measure that is undefined names one of them; it never says 0 or 1.
NOTHING_MARKED = "nobody marked anything"
NOT_ITS_MARKS = "nobody marked anything that it is about"
NO_VARIATION = "no variation: everything is in one class"
NO_REFERENCE = "the reference marks nothing"
NO_HYPOTHESIS = "the hypothesis marks nothing"
NO_COMMON_TIME = "no time that both reviewed"
ONE_READER = "single coverage: only one annotator reviewed it"
NOT_ALL_PRESENT = "no task that all annotators reviewed"
NO_MATCH = "no matched pair of events"
NO_BORDER = "nobody drew a border: all are edges of what was reviewed"
TOO_FEW = "too few items"
NO_PAIR = "no pair in which it is defined"
NO_ANSWER = "nothing that both answered"
NO_SCORE = "the function answers no number"

REASONS = (
    NOTHING_MARKED,
    NOT_ITS_MARKS,
    NO_VARIATION,
    NO_REFERENCE,
    NO_HYPOTHESIS,
    NO_COMMON_TIME,
    ONE_READER,
    NOT_ALL_PRESENT,
    NO_MATCH,
    NO_BORDER,
    TOO_FEW,
    NO_PAIR,
    NO_ANSWER,
    NO_SCORE,
)


MATCHED = ("median_error", "mad", "p95_error", "bias")
"""Ends of names of measures that rest on matched events alone."""


TAKES_LONG = "no interval: so many marks would take long to draw"
NO_SUM = "no interval: only the median and 95% distance of all, of labels and of pairs have one"


@dataclass(frozen=True, slots=True)
class Value:
    """One number, or why there is none.

    Attributes:
        value: The number; None where it is undefined.
        reason: Why it is undefined, one of `REASONS`; empty where it is defined.
        low: Lower end of the interval that the bootstrap over tasks gives.
        high: Upper end of it.
        no_interval: Why there is none, where draws were made.
    """

    value: float | None
    reason: str = ""
    low: float | None = None
    high: float | None = None
    no_interval: str = ""

    def within(self, low: float, high: float) -> Value:
        """The same value with an interval."""
        return Value(self.value, self.reason, low, high)


@dataclass(frozen=True, slots=True)
class Row:
    """One number of the result, and what it rests on. The result is a long list of these.

    Attributes:
        tier: Name of the tier.
        metric: Name of the measure, such as ``time/iou`` or ``event/f1@0.5``.
        by: What it is for: overall, label, task, pair, annotator, pair-label, reference,
            reference-label, model, model-label, or without (the group less one annotator).
        of: Names of that: () overall, (label,), (task,), (a, b), (a, b, label) and so on.
        value: The number.
        tasks: How many tasks went in.
        events: How many events of all its readers went in, each once; of an annotator his own. Of
            measures of matches, how many matches, and of answers, how many pairs of them: `counts`.
        seconds: How much time went in that two or more of its readers reviewed, each moment once.
    """

    tier: str
    metric: str
    by: str
    of: tuple[str, ...]
    value: Value
    tasks: int
    events: int
    seconds: float

    @property
    def counts(self) -> str:
        """What `events` counts: events, matches, or answers."""
        return counts_of(self.metric)


@dataclass(frozen=True, slots=True)
class Readers:
    """Who is who among the annotators of a table.

    Attributes:
        annotators: People who are compared with each other.
        reference: The reading that holds the ground truth, if there is one.
        models: Versions of models; each is compared with the people and the ground truth.
    """

    annotators: tuple[str, ...]
    reference: str | None = None
    models: tuple[str, ...] = ()


def counts_of(metric: str) -> str:
    """What the rows of a measure count: events, matches, or answers."""
    group, _, name = metric.partition("@")[0].partition("/")
    if group in ("attribute", "task"):
        return "answers"
    return "matches" if group in ("event", "instant") and name.endswith(MATCHED) else "events"
