"""What kind of dispute a stretch is, by what each reader says in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tslab.agreement.dispute_values import Item

MISSED = "missed or extra event"
CONFLICT = "label conflict"
ONSET, OFFSET, BORDER = "onset shift", "offset shift", "border shift"
SPLIT = "split or merge"
INSTANT = "missing instant"
MOVED = "instant shift"
SHIFTS = (ONSET, OFFSET, BORDER)
KINDS = (MISSED, CONFLICT, *SHIFTS, SPLIT, INSTANT, MOVED)

Said = Mapping[str, Sequence[Item]]


def kind_of(said: Said, length: int, *, exclusive: bool) -> tuple[str, tuple[str, ...]]:
    """Kind of a dispute and the labels that it is about.

    What all say in the same way counts for nothing. Where labels do not exclude each other, each
    is looked at alone; two that some say in place of each other are a conflict, be it all of them
    or the two that most of the time is about; else the label with the most time speaks for all.

    Args:
        said: What each reader says.
        length: Of the dispute, microseconds.
        exclusive: Whether labels exclude each other.
    """
    left = _differing(said)
    groups: dict[tuple[bool, str], dict[str, list[Item]]] = {}
    for reader, items in left.items():
        for item in items:
            instant = item[1] == item[2]
            key = (instant, "" if exclusive and not instant else item[0])
            groups.setdefault(key, {name: [] for name in left})[reader].append(item)
    found = [
        (_instant_kind(own) if key[0] else _range_kind(own, length), own)
        for key, own in sorted(groups.items())
    ]
    labels = tuple(sorted({name for _, own in found for name in _labels(own, length)}))
    if len(found) > 1 and _in_place_of_each_other(found):
        return CONFLICT, labels
    leading = max(found, key=lambda group: _time(group[1], length))
    most = _time(leading[1], length)
    for rival in found:
        as_long = rival is not leading and 2 * _time(rival[1], length) >= most
        if as_long and _in_place_of_each_other([leading, rival]):
            return CONFLICT, labels
    return leading[0], labels


def _differing(said: Said) -> dict[str, list[Item]]:
    """What each reader says beside what all of them say alike."""
    counts = {reader: Counter(items) for reader, items in said.items()}
    first, *others = counts.values()
    common = first.copy()
    for other in others:
        common &= other
    return {reader: sorted((own - common).elements()) for reader, own in counts.items()}


def _labels(said: Said, length: int) -> set[str]:
    """Labels that are said within a stretch; of those that only touch it where there are none."""
    everything = [item for items in said.values() for item in items]
    met = {name for name, first, last in everything if _meets(first, last, length)}
    return met or {name for name, _, _ in everything}


def _meets(first: int, last: int, length: int) -> bool:
    """Whether a mark shares time with the stretch, or is an instant."""
    return first == last or (first < length and last > 0)


def _instant_kind(said: Said) -> str:
    counts = {len(items) for items in said.values()}
    return MOVED if len(counts) == 1 else INSTANT


def _range_kind(said: Said, length: int) -> str:
    """Kind of what is said with ranges of one label, or of labels that exclude each other.

    Where every range reaches out of the stretch, all have the same events and their borders differ.
    A range that lies wholly in it is an event that not everybody has.
    """
    own = {
        reader: [item for item in items if _meets(item[1], item[2], length)]
        for reader, items in said.items()
    }
    everything = [item for items in own.values() for item in items]
    if not any(first >= 0 and last <= length for _, first, last in everything):
        return _border_kind(own, length)
    if not all(own.values()):
        return MISSED
    held = {tuple(sorted(name for name, _, _ in items)) for items in said.values()}
    if len(held) == 1:
        return _shift_kind(list(said.values()))
    return CONFLICT if len({name for name, _, _ in everything}) > 1 else SPLIT


def _border_kind(said: Said, length: int) -> str:
    """Which borders differ where all ranges reach out of the stretch."""
    ends, starts = set(), set()
    for items in said.values():
        if any(first < 0 and last > length for _, first, last in items):
            return SPLIT
        ends.add(max((last for _, first, last in items if first < 0), default=0))
        starts.add(min((first for _, first, last in items if last > length), default=length))
    if len(ends) > 1 and len(starts) > 1:
        return BORDER
    return OFFSET if len(ends) > 1 else ONSET


def _shift_kind(said: Sequence[Sequence[Item]]) -> str:
    """Which borders differ where all say the same labels; events that never meet are two."""
    columns = list(zip(*said, strict=True))
    for column in columns:
        if max(first for _, first, _ in column) >= min(last for _, _, last in column):
            return CONFLICT if len({name for name, _, _ in said[0]}) > 1 else MISSED
    onset = any(len({first for _, first, _ in column}) > 1 for column in columns)
    offset = any(len({last for _, _, last in column}) > 1 for column in columns)
    return BORDER if onset and offset else ONSET if onset else OFFSET


def _in_place_of_each_other(found: Sequence[tuple[str, Said]]) -> bool:
    """Whether each label is said by some where the others say another one."""
    speakers = [{reader for reader, items in own.items() if items} for _, own in found]
    apart = len(set().union(*speakers)) == sum(map(len, speakers))
    return apart and all(kind in (MISSED, INSTANT) for kind, _ in found)


def _time(said: Said, length: int) -> int:
    """Time that differing marks take of a stretch."""
    return sum(
        max(min(last, length) - max(first, 0), 0)
        for items in said.values()
        for _, first, last in items
    )
