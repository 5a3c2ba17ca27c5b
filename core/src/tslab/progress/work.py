"""The entries of an activity as the figures want them: checked, with moments instead of texts."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tslab.contracts import Finding
from tslab.errors import counted
from tslab.progress.activity import UNKNOWN_MODEL, Activity, Entry
from tslab.progress.plausible import lead_time, why_not
from tslab.rater_people import Homes, People
from tslab.spans import LATEST

REMEDIES = {
    "TSL110": "Look at the annotation in Label Studio; the others count.",
    "TSL111": "Pull again.",
    "TSL112": "Keep predictions/ when models change.",
    "TSL113": "Run 'tslab add' again to bring the tasks back.",
    "TSL114": "Push and pull again.",
    "TSL089": "Delete the others in Label Studio.",
    "TSL119": "Delete them, or say for whom they read: tslab users add EMAIL --rater N",
    "TSL120": "Delete what was read in another rater's project.",
}


@dataclass(frozen=True, slots=True)
class Work:
    """One annotation that can be counted.

    Attributes:
        entry: The annotation.
        created: When it was submitted, UTC; None unknown.
        active: When anything was done to it last, UTC; None unknown.
        lead_time: Seconds; None unknown or not plausible.
        counts: Whether it is the last one that its annotator submitted of its task, in a blind
            study in his own project, if he did so there.
        own: Whether it is in the project of the rater for whom its annotator reads.
    """

    entry: Entry
    created: dt.datetime | None
    active: dt.datetime | None
    lead_time: float | None
    counts: bool
    own: bool = True


@dataclass(slots=True)
class Tally:
    """What was left out, counted by kind."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, code: str, things: str) -> None:
        """One more of some things, named in the plural."""
        self.counts[code, things] += 1

    def findings(self) -> list[Finding]:
        """One finding for each kind."""
        return [
            Finding(code, "warning", counted(number, things), "annotations", REMEDIES[code])
            for (code, things), number in sorted(self.counts.items())
        ]


def read_work(
    activity: Activity, tasks: Iterable[str], tally: Tally, people: People | None = None
) -> list[Work]:
    """All annotations that can be counted, by the time they were submitted.

    Args:
        activity: What was pulled.
        tasks: Ids of the tasks that the project has.
        tally: Gets what was left out.
        people: Who is which rater of a blind study, as far as that was said. Nothing of anybody
            else's is counted, except for ground truth.
    """
    known, found = set(tasks), []
    whole = [entry for entry in activity.entries if _has_window(entry, tally)]
    homes = homes_of(whole, people or {})
    sound = [entry for entry in whole if _is_of_the_study(entry, homes, tally)]
    last = _last(sound, homes, tally)
    for entry in sound:
        if entry.task not in known:
            tally.add("TSL113", "annotations of tasks that tasks.json does not have any more")
        if entry.model == UNKNOWN_MODEL:
            tally.add("TSL112", "annotations began from predictions that nobody has any more")
        counts = entry.state == "submitted" and last[_key(entry)] is entry
        created = _moment(entry.created, tally)
        active = max(filter(None, (created, _moment(entry.updated, tally))), default=None)
        own = not entry.rater or homes.reads_for(entry.annotator, entry.rater)
        found.append(Work(entry, created, active, _lead_time(entry, tally), counts, own))
    never = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(found, key=lambda work: (work.created or never, work.entry.number))


def _has_window(entry: Entry, tally: Tally) -> bool:
    if entry.end > entry.start and entry.start >= -LATEST and entry.end <= LATEST:
        return True
    tally.add("TSL114", "annotations of windows that end before they start: left out")
    return False


def _is_of_the_study(entry: Entry, homes: Homes, tally: Tally) -> bool:
    if entry.ground_truth or not homes.is_stranger(entry.annotator, entry.rater):
        return True
    tally.add("TSL119", "annotations by an account that is no rater: left out")
    return False


def _key(entry: Entry) -> tuple[str, str, bool]:
    return entry.task, entry.annotator, entry.ground_truth


def homes_of(entries: Iterable[Entry], people: People) -> Homes:
    """In whose project each annotator belongs, by what was submitted."""
    done = sorted((e for e in entries if e.state == "submitted"), key=lambda e: e.number)
    return Homes.of(people, [(entry.annotator, entry.rater) for entry in done])


def _last(
    entries: Sequence[Entry], homes: Homes, tally: Tally
) -> dict[tuple[str, str, bool], Entry]:
    """The annotation that counts, of each annotator and task: the last one in his own project."""
    last: dict[tuple[str, str, bool], Entry] = {}
    done = [entry for entry in entries if entry.state == "submitted"]
    for entry in sorted(done, key=lambda e: (homes.by_work[e.annotator] == e.rater, e.number)):
        before = last.get(_key(entry))
        if before is not None and before.rater == entry.rater:
            tally.add(
                "TSL089", "annotations that [its|their] annotator made again: the last counts"
            )
        elif before is not None:
            tally.add("TSL120", "annotations in another rater's project, read in the own one, too")
        last[_key(entry)] = entry
    return last


def _moment(text: str, tally: Tally) -> dt.datetime | None:
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        tally.add("TSL111", "times that [is|are] no date: left out")
        return None
    try:
        return found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)
    except OverflowError:
        tally.add("TSL111", "times that [is|are] no date: left out")
        return None


def _lead_time(entry: Entry, tally: Tally) -> float | None:
    if entry.lead_time is not None and why_not(entry.lead_time):
        tally.add("TSL110", f"lead time[|s] {why_not(entry.lead_time)}: left out")
    return lead_time(entry.lead_time)


def counting(work: Iterable[Work]) -> Iterator[Work]:
    """What was submitted and not made again."""
    return (item for item in work if item.counts)
