"""What is too short to be meant: runs far shorter than any that people marked.

The shortest run of a label that somebody marked from its start to its end says how long regions of
that label are at least; the same is true of pauses between two regions of one label.
"""

from __future__ import annotations

from collections.abc import Sequence

from tslab.segmentation.chain.decoding import Path, runs

SHARE = 0.6
"""Of the shortest of many runs of a class: what is shorter is not meant. Of few runs it is less,
for the next one may well be shorter than all of them."""

UNKNOWN = -1


def least_frames(truth: Sequence[Path], classes: int) -> tuple[int, ...]:
    """Least frames of a run of every class; of class 0 between two runs of one other class.

    0 sets no limit. Runs of the background that nobody saw are no limit for pauses, but a pause
    is not filled that is longer than the shortest run of its neighbours must be.

    Args:
        truth: Class of every frame, -1 where nobody looked.
        classes: How many there are; class 0 is the background.
    """
    seen: list[list[int]] = [[] for _ in range(classes)]
    for path in truth:
        parts = runs(path)
        for before, (first, last, kind), after in zip(parts, parts[1:], parts[2:], strict=False):
            sides = (before[2], after[2])
            between = kind > 0 or (kind == 0 and sides[0] == sides[1])
            if between and UNKNOWN not in sides:
                seen[kind].append(last - first)
    least = [_limit(lengths) if lengths else 0 for lengths in seen]
    shortest = min(least[1:], default=0)
    least[0] = min(least[0], shortest) if seen[0] else shortest
    return tuple(least)


def _limit(lengths: Sequence[int]) -> int:
    return int(SHARE * min(lengths) * len(lengths) / (len(lengths) + 1))


def without_short(path: Path, least: Sequence[int]) -> Path:
    """The path without runs that are too short: pauses are filled, regions become background.

    What touches an end of the recording may go on beyond it and stays.

    Args:
        path: Best class of every frame.
        least: Of `least_frames`; empty changes nothing.
    """
    if not any(least):
        return path
    filled = path.copy()
    parts = runs(path)
    for before, (first, last, kind), after in zip(parts, parts[1:], parts[2:], strict=False):
        if kind == 0 and before[2] == after[2] and last - first < least[0]:
            filled[first:last] = before[2]
    for first, last, kind in runs(filled)[1:-1]:
        if kind > 0 and last - first < least[kind]:
            filled[first:last] = 0
    return filled
