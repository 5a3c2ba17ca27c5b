"""Where annotators of one recording do not say the same, as stretches that a person can decide.

Readers are unanimous at a moment if the same labels hold for all of them, and at a border if the
same spans begin or end there. So two touching spans against one long span are a dispute, too: about
their common border. Outside of the disputes every reader says the same, span by span, which is what
lets verdicts be put together exactly, see `tslab.agreement.disputes.verdicts`.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tslab.spans import Span

Kind = Literal["label", "missed or extra", "border", "split", "instant", "mixed"]
Stretches = Sequence[tuple[int, int]]
Event = tuple[str, str]
"""A label, and ``[`` where a span begins, ``]`` where one ends, ``.`` where an instant is."""

POINT_SECONDS = 1.0
"""What a lone border or an instant costs, as if it lasted so long: it takes no time itself."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one annotator said about one recording in one tier.

    Attributes:
        reader: Who.
        spans: Of that tier, sorted by time.
        reviewed: Stretches in whole microseconds, sorted and apart.
    """

    reader: str
    spans: Sequence[Span]
    reviewed: Stretches


@dataclass(frozen=True, slots=True)
class Panel:
    """A stretch in which nobody comes or goes.

    Attributes:
        start: Whole microseconds.
        end: Whole microseconds, exclusive, unless nothing follows.
        readings: Of those who reviewed it, sorted by name.
        follows: Whether another panel begins where this one ends.
    """

    start: int
    end: int
    readings: tuple[Reading, ...]
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    """A stretch in which readers differ; outside of all stretches they say the same.

    Attributes:
        start: Whole microseconds; the dispute is about what begins or ends at it, too.
        end: Whole microseconds, inclusive.
        kind: What they differ about.
        cost: Seconds times the entropy of what they say, in bits.
        readers: Who reviewed it, sorted.
        said: What each of them says there, see `portion`.
    """

    start: int
    end: int
    kind: Kind
    cost: float
    readers: tuple[str, ...]
    said: Mapping[str, tuple[tuple[str, int, int], ...]]


def panels(readings: Sequence[Reading]) -> list[Panel]:
    """Stretches that at least two readers reviewed, cut wherever somebody comes or goes."""
    borders = sorted({at for r in readings for stretch in r.reviewed for at in stretch})
    found: list[Panel] = []
    for start, end in itertools.pairwise(borders):
        there = [r for r in readings if any(a <= start and end <= b for a, b in r.reviewed)]
        if len(there) < 2:
            continue
        there.sort(key=lambda reading: reading.reader)
        if found and found[-1].end == start:
            found[-1] = replace(found[-1], follows=True)
        found.append(Panel(start, end, tuple(there)))
    return found


def disputes(readings: Sequence[Reading], gap: int, around: int) -> list[Dispute]:
    """Where readers differ, in order of time.

    Args:
        readings: Of one recording and tier.
        gap: Stretches that are no farther apart are one dispute; microseconds.
        around: What is added on both sides of a lone border or instant, so that it is seen;
            microseconds, at least 1.
    """
    found: list[Dispute] = []
    for panel in panels(readings):
        stretches = _joined(_differences(panel), gap)
        wide = [
            (max(start - around, panel.start), min(end + around, panel.end))
            if start == end
            else (start, end)
            for start, end in stretches
        ]
        found += [_described(panel, *stretch) for stretch in _joined(wide, gap)]
    return found


def portion(spans: Sequence[Span], start: int, end: int) -> tuple[tuple[str, int, int], ...]:
    """What somebody says in a stretch: labels with times relative to its start, sorted.

    A span that comes from before or goes on afterwards has -1 or the length plus 1 instead.
    """
    said = []
    for span in spans:
        first, last = span.start_us, span.end_us
        if first <= end and last >= start:
            said.append((span.label, max(first - start, -1), min(last - start, end - start + 1)))
    return tuple(sorted(said))


def _joined(stretches: Stretches, gap: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and start - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _differences(panel: Panel) -> list[tuple[int, int]]:
    """Closed stretches and points at which readers differ, in order."""
    held = [Counter[str]() for _ in panel.readings]
    split: set[str] = set()
    found: list[tuple[int, int]] = []
    since = panel.start
    for at, events in _events(panel):
        if split and at > since:
            found.append((since, at))
        if at > panel.start and _differ_at(events, len(held)):
            found.append((at, at))
        for reader, (label, what) in events:
            if what == ".":
                continue
            held[reader][label] += 1 if what == "[" else -1
        for label in {label for _, (label, _) in events}:
            same = len({counts[label] for counts in held}) == 1
            (split.discard if same else split.add)(label)
        if at == panel.start and _differ_at([e for e in events if e[1][1] == "."], len(held)):
            found.append((at, at))
        since = at
    if split and panel.end > since:
        found.append((since, panel.end))
    return found


def _events(panel: Panel) -> list[tuple[int, list[tuple[int, Event]]]]:
    """By time: what begins, ends and happens in a panel, with the position of the reader."""
    low, high = panel.start, panel.end
    found: dict[int, list[tuple[int, Event]]] = defaultdict(list)
    for reader, reading in enumerate(panel.readings):
        for span in reading.spans:
            start, end = span.start_us, span.end_us
            if start == end:
                if low <= start < high or (start == high and not panel.follows):
                    found[start].append((reader, (span.label, ".")))
            elif start < high and end > low:
                found[max(start, low)].append((reader, (span.label, "[")))
                if end < high:
                    found[end].append((reader, (span.label, "]")))
    return sorted(found.items())


def _differ_at(events: Sequence[tuple[int, Event]], readers: int) -> bool:
    if not events:
        return False
    by_reader = [Counter[Event]() for _ in range(readers)]
    for reader, event in events:
        by_reader[reader][event] += 1
    return any(counts != by_reader[0] for counts in by_reader)


def _described(panel: Panel, start: int, end: int) -> Dispute:
    said = {r.reader: portion(r.spans, start, end) for r in panel.readings}
    names = tuple(said)
    return Dispute(start, end, _kind(said, end - start), _cost(panel, start, end), names, said)


def _kind(said: Mapping[str, Sequence[tuple[str, int, int]]], length: int) -> Kind:
    """What readers differ about in a stretch."""
    inner = [tuple(_shape(item, length) for item in items) for items in said.values()]
    whole = {tuple(sorted(Counter(items).items())) for items in inner}
    instants = all(first == last for items in said.values() for _, first, last in items)
    held = {tuple(sorted({label for label, _, _ in items})) for items in said.values()}
    if len(whole) == 1:
        return "instant" if instants else "border"
    if instants:
        return "missed or extra" if () in held else "instant"
    if len(held) == 1 and len({len(items) for items in said.values()}) > 1:
        return "split"
    reach = {tuple(sorted(where for _, where in items)) for items in inner}
    if len(reach) == 1 and () not in held:
        return "label"
    if () in held and any(where == "[]" for items in inner for _, where in items):
        return "missed or extra"
    if all(where in ("<]", "[>", "<>") for items in inner for _, where in items):
        return "border"
    return "mixed"


def _shape(item: tuple[str, int, int], length: int) -> tuple[str, str]:
    label, first, last = item
    if first == last:
        return label, "."
    return label, ("<" if first < 0 else "[") + (">" if last > length else "]")


def _cost(panel: Panel, start: int, end: int) -> float:
    """Entropy of what readers say, summed over the time of a stretch; points count apart."""
    times = {start, end}
    for reading in panel.readings:
        times |= {t for s in reading.spans for t in (s.start_us, s.end_us) if start < t < end}
    cost, lasting = 0.0, False
    for low, high in itertools.pairwise(sorted(times)):
        votes = Counter(_held(reading.spans, low, high) for reading in panel.readings)
        bits = _entropy(votes)
        lasting = lasting or bits > 0
        cost += bits * (high - low) / 1e6
    if not lasting:
        cost = POINT_SECONDS * _entropy(
            Counter(portion(reading.spans, start, end) for reading in panel.readings)
        )
    return cost


def _held(spans: Sequence[Span], low: int, high: int) -> tuple[str, ...]:
    return tuple(sorted(s.label for s in spans if s.start_us < high and s.end_us > low))


def _entropy(votes: Counter[Any]) -> float:
    total = sum(votes.values())
    return -sum(n / total * math.log2(n / total) for n in votes.values())


def unclaimed(stretches: Stretches, taken: Stretches) -> Iterator[tuple[int, int]]:
    """Parts of stretches that lie in none of others, in order."""
    for start, end in stretches:
        at = start
        for low, high in sorted(taken):
            if high <= at or low >= end:
                continue
            if low > at:
                yield at, low
            at = max(at, high)
        if at < end:
            yield at, end
