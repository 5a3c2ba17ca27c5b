"""Who is on at each moment: many sets of intervals become stretches with a bit for each member."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.span_table import Ticks

Bits = NDArray[np.uint64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stretches:
    """Stretches of constant membership, sorted by group and start; nobody's time is left out.

    Attributes:
        group: Group of each stretch, int64 ``(stretches,)``.
        start: Microseconds, int64 ``(stretches,)``.
        end: Microseconds, exclusive.
        bits: Member m is bit ``m % 64`` of word ``m // 64``, uint64 ``(stretches, words)``.
    """

    group: Counts
    start: Ticks
    end: Ticks
    bits: Bits


def sweep(
    group: Counts, start: Ticks, end: Ticks, member: NDArray[np.int32], members: int
) -> Stretches:
    """Stretches between the borders of intervals; one member's intervals must be apart.

    Args:
        group: What shares a line, such as a task, int64 ``(intervals,)``.
        start: Microseconds, int64 ``(intervals,)``.
        end: Microseconds, exclusive.
        member: Who is on, int32 ``(intervals,)``.
        members: How many there are.
    """
    times, groups = np.concatenate([start, end]), np.concatenate([group, group])
    order = np.lexsort((times, groups))
    times, groups = times[order], groups[order]
    # A border turns its member's bit on or off, whichever it is: a running exclusive or.
    bits = np.bitwise_xor.accumulate(member_bits(np.tile(member, 2)[order], members), axis=0)
    kept = (groups[1:] == groups[:-1]) & (times[1:] > times[:-1]) & bits[:-1].any(axis=1)
    at = np.flatnonzero(kept)
    return Stretches(groups[at], times[at], times[at + 1], bits[at])


def member_bits(member: NDArray[np.int32], members: int) -> Bits:
    """One bit for each row, uint64 ``(rows, words)``."""
    bits = np.zeros((len(member), max(1, -(-members // 64))), np.uint64)
    bits[np.arange(len(member)), member // 64] = np.uint64(1) << (member % 64).astype(np.uint64)
    return bits


def membership(bits: Bits, members: int) -> NDArray[np.bool_]:
    """Which members are on, bool ``(rows, members)``."""
    member = np.arange(members)
    words = bits[:, member // 64] >> (member % 64).astype(np.uint64)
    return np.asarray((words & np.uint64(1)).astype(bool))


def distinct(bits: Bits, group: Counts | None = None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First row of each distinct pattern (of each group), sorted, and the pattern of each row."""
    keys = [*bits.T] if group is None else [*bits.T, group]
    order = np.lexsort(keys)
    fresh = np.ones(len(order), bool)
    if len(order):
        fresh[1:] = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    pattern = np.empty(len(order), np.intp)
    pattern[order] = np.cumsum(fresh) - 1
    return order[fresh], pattern
