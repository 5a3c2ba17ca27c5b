"""How well people agree, in sentences: the same on the terminal, in JSON and on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tslab.agreement.coefficients import as_dice
from tslab.agreement.measure import TierAgreement
from tslab.agreement.report.amounts import read_together
from tslab.agreement.report.headline import fills_time, main_metrics
from tslab.agreement.report.words import seconds
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.values import Row
from tslab.errors import counted
from tslab.wording import short

LEVELS = ((0.9, "very closely"), (0.75, "closely"), (0.5, "in part"), (-np.inf, "little"))
"""Least share of each level: of events, of time as Dice has it, of the length of events."""
NOBODY = "There is nothing that two people reviewed."
NO_EVENTS = "Nobody of those who read the same marked anything."
NO_MARKS = "Nothing is marked here: only answers about whole tasks are compared."
Called = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Share:
    """One of the things that agreement is judged by.

    Attributes:
        value: From 0 to 1; all of them on one scale.
        said: What it is, after "but".
    """

    value: float
    said: str = ""


def level(share: float) -> str:
    """What a share is called."""
    return next(words for least, words in LEVELS if share >= least)


def sentences(
    tier: TierAgreement, settings: AgreementSettings, called: Called | None = None
) -> list[str]:
    """What stands first about a tier, what matters most first.

    Args:
        tier: The numbers.
        settings: How they were measured.
        called: What people and models are called; their names where it is None.
    """
    if not tier.tier.table.labels:
        return [NO_MARKS]
    known = _Known(tier, settings, called or short)
    found = [said for metric in main_metrics(tier, settings) for said in known.about(metric)]
    if found:
        return found
    table, people = tier.tier.table, tier.tier.readers.annotators
    marked = np.isin(np.array(table.annotators, object), people)[table.annotator].any()
    return [NOBODY if marked or not read_together(table, people) else NO_EVENTS]


class _Known:
    """One tier while sentences are made of it."""

    def __init__(self, tier: TierAgreement, settings: AgreementSettings, called: Called) -> None:
        self.tier, self.settings, self.called = tier, settings, called
        self.rows = {(row.metric, row.by, row.of): row for row in tier.rows if row.by != "window"}

    def row(self, metric: str, by: str = "overall", *of: str) -> Row | None:
        """A row that has a number."""
        row = self.rows.get((metric, by, of))
        return None if row is None or row.value.value is None else row

    def value(self, metric: str, by: str = "overall", *of: str) -> float | None:
        row = self.row(metric, by, *of)
        return None if row is None else row.value.value

    def about(self, metric: str) -> Iterator[str]:
        """Sentences about events, or about instants."""
        what = "instants" if metric.startswith("instant") else "events"
        row = self.row(metric)
        if row is None or row.value.value is None:
            yield from self._against(metric, what)
            return
        if what == "events" and fills_time(self.tier):
            yield from self._of_time(row)
            return
        shares = [Share(row.value.value), *(self._shares() if what == "events" else ())]
        worst = min(shares, key=lambda share: share.value)
        said = level(worst.value)
        but = f", but {worst.said}" if said != level(row.value.value) else ""
        yield (
            f"Annotators agree {said}: of all {what} that two of them mark, "
            f"{percent(row.value.value)} match{self._interval(row)}{but}."
        )
        yield from self._borders(what)
        yield from self._weakest(metric)
        if what == "events":
            yield from self._confused()

    def _of_time(self, events: Row) -> Iterator[str]:
        """Sentences where each moment has a label: time first, stretches of a label after it."""
        row, kappa = self.row("time/percent_agreement"), self.value("time/cohen_kappa")
        iou, share = self.value("time/iou"), events.value.value
        if row is None or row.value.value is None or share is None:
            return
        shares = [Share(row.value.value)]
        if iou is not None:
            shares.append(Share(as_dice(iou), f"of each label it is {iou:.2f} (IoU, mean)"))
        worst = min(shares, key=lambda one: one.value)
        said = level(worst.value)
        but = f", but {worst.said}" if said != level(row.value.value) else ""
        beyond = "" if kappa is None else f"; beyond chance, kappa is {kappa:.2f}"
        yield (
            f"Annotators agree {said}: {percent(row.value.value)} of the time has the same label"
            f"{self._interval(row)}{but}{beyond}."
        )
        yield f"Of all stretches of one label, {percent(share)} match."
        yield from self._borders("events")
        yield from self._weakest(events.metric)
        yield from self._mixed()

    def _mixed(self) -> Iterator[str]:
        """The two labels that are taken for each other for most of the time."""
        table = next(c.hours for c in self.tier.confusions if c.by == "overall")
        mixed = np.triu(table + table.T, 1)
        one, other = np.unravel_index(int(mixed.argmax()), mixed.shape)
        if mixed.max() > 0:
            names = (short(" + ".join(self.tier.states[n]) or "no label") for n in (one, other))
            share = percent(float(mixed.max() / table.sum()))
            both = " and ".join(names)
            yield f"Most often {both} are taken for each other ({share} of the time)."

    def _shares(self) -> Iterator[Share]:
        """Of events: common time of each label, and borders by the length of an event."""
        iou = self.value("time/iou")
        if iou is not None:
            yield Share(as_dice(iou), f"time in common is {iou:.2f} (IoU, mean of labels)")
        apart = [self.value(f"event/{side}_median_error") for side in ("onset", "offset")]
        known, length = [part for part in apart if part is not None], self._length()
        if known and length:
            mean = sum(known) / len(known)
            said = (
                f"borders are {seconds(mean)} apart where events last {seconds(length)} (medians)"
            )
            yield Share(1 - mean / length, said)

    def _length(self) -> float:
        """Seconds of the median event of people."""
        table, people = self.tier.tier.table, self.tier.tier.readers.annotators
        own = np.isin(np.array(table.annotators, object), people)[table.annotator]
        length = (table.end - table.start)[own & ~table.instants]
        return float(np.median(length)) / 1e6 if len(length) else 0.0

    def _interval(self, row: Row) -> str:
        low, high = row.value.low, row.value.high
        if low is None or high is None:
            return f" ({row.value.no_interval})" if row.value.no_interval else ""
        sure = f"{100 * self.settings.level:g}%"
        return f" ({sure} interval {percent(low)} to {percent(high)})"

    def _against(self, metric: str, what: str) -> Iterator[str]:
        """Without two people: each against the ground truth and the models."""
        for (name, by, of), row in self.rows.items():
            if name != metric or by not in ("reference", "model") or row.value.value is None:
                continue
            one, other = (of[0], "the ground truth") if by == "reference" else of[:2]
            names = self.called(one), other if by == "reference" else self.called(other)
            share = percent(row.value.value)
            yield f"Of all {what} of {names[0]} and of {names[1]}, {share} match."

    def _borders(self, what: str) -> Iterator[str]:
        prefixes = ("event/onset_", "event/offset_") if what == "events" else ("instant/",)
        found = [self.value(f"{prefix}median_error") for prefix in prefixes]
        said = [seconds(value) for value in found if value is not None]
        they = "they"
        if what == "events":
            they = "onsets" if found[0] is not None else "offsets"
        if len(said) == 2:
            yield f"Where they match, onsets are {said[0]} apart and offsets {said[1]} (median)."
        elif said:
            yield f"Where they match, {they} are {said[0]} apart (median)."

    def _weakest(self, metric: str) -> Iterator[str]:
        """The labels that are agreed on least and most, by events and by time."""
        found: list[tuple[float, str]] = []
        for label in self.tier.tier.table.labels:
            share, iou = self.value(metric, "label", label), self.value("time/iou", "label", label)
            if share is not None:
                timed = iou is not None and metric.startswith("event")
                also = f", IoU {iou:.2f}" if timed else ""
                both = min(share, as_dice(iou or 0.0)) if timed else share
                found.append((both, f"{short(label)} ({percent(share)}{also})"))
        if len(found) > 1:
            low, high = (pick(found, key=lambda one: one[0]) for pick in (min, max))
            if low[0] < high[0]:
                yield f"Least agreed on is {low[1]}, most {high[1]}."
            else:
                yield f"All {len(found)} labels are agreed on alike."

    def _confused(self) -> Iterator[str]:
        """The two labels that are taken for each other most often, and what is marked alone."""
        sets = self.tier.sets
        table = next((c.counts for c in self.tier.event_confusions if c.by == "overall"), None)
        if table is None or len(table) < 2:
            return
        mixed = np.triu(table[1:, 1:] + table[1:, 1:].T, 1) // 2
        one, other = np.unravel_index(int(mixed.argmax()), mixed.shape)
        if mixed.max():
            names = (short(" + ".join(sets[int(n)])) for n in (one, other))
            many = counted(int(mixed.max()), "times")
            yield f"Most often {' and '.join(names)} are taken for each other ({many})."
        lonely = int(table[0].sum() + table[:, 0].sum()) // 2
        if lonely:
            yield f"{counted(lonely, 'times')} one of two marks what the other does not."


def percent(value: float) -> str:
    """A share as people read it."""
    return f"{100 * value:.0f}%"
