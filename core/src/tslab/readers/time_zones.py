"""Wall clock to UTC, through the hours that a time zone has twice or not at all."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from tslab.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]

_QUARTER = 900_000_000_000
"""Nanoseconds of 15 minutes: every change of a zone's offset since 1972 falls on one."""


def find_zone(name: str, place: str) -> ZoneInfo:
    """The time zone of that IANA name, UTC for "".

    Raises:
        DataError: There is no such zone.
    """
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        from zoneinfo import available_timezones

        hint = did_you_mean(name, available_timezones())
        raise DataError(
            f"{place}: there is no time zone '{name}'", hint or "Write it like Europe/Berlin."
        ) from error


def to_utc(wall: IntArray, zone: ZoneInfo, place: str) -> IntArray:
    """UTC of wall-clock times in a zone, both int64 ns since 1970 ``(n,)``.

    An hour that comes twice in autumn is told apart by the order of the rows: where the clock
    goes back inside it, the second round begins.

    Raises:
        DataError: A time does not exist in the zone (the hour that spring leaves out).
    """
    if zone.key == "UTC" or not len(wall):
        return wall
    quarters, where = np.unique(wall // _QUARTER, return_inverse=True)
    early, late, exists = _offsets(quarters, zone)
    if not exists.all():
        row = int(np.flatnonzero(~exists[where])[0])
        raise DataError(
            f"{place}: the time {_text(wall[row])} in row {row + 1} does not exist in {zone.key}",
            "The clock did not follow daylight saving time: give a fixed zone by "
            "`reading: time_zone:` in tslab.yaml, such as Etc/GMT-1 for UTC+1.",
        )
    second = _second_round(wall, (early != late)[where])
    offset: IntArray = np.where(second, late[where], early[where])
    return wall - offset


def _offsets(quarters: IntArray, zone: ZoneInfo) -> tuple[IntArray, IntArray, BoolArray]:
    """Offset from UTC of each quarter of an hour.

    Returns:
        Nanoseconds in the first and in the second round, and whether the quarter exists.
    """
    early, late = np.empty_like(quarters), np.empty_like(quarters)
    exists = np.ones(len(quarters), dtype=bool)
    for i, quarter in enumerate(quarters.tolist()):
        naive = _datetime(quarter * _QUARTER)
        rounds = [naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
        for target, local in zip((early, late), rounds, strict=True):
            offset = local.utcoffset() or dt.timedelta()
            target[i] = round(offset.total_seconds()) * 1_000_000_000
        back = rounds[0].astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None)
        exists[i] = back == naive
    return early, late, exists


def _second_round(wall: IntArray, twice: BoolArray) -> BoolArray:
    """Which rows lie in the second round of an hour that the clock shows twice."""
    second = np.zeros(len(wall), dtype=bool)
    edges = np.flatnonzero(np.diff(twice, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2):
        back = np.flatnonzero(np.diff(wall[start:stop]) < 0)
        if len(back):
            second[start + back[0] + 1 : stop] = True
        elif start == 0 and stop < len(wall):  # nothing before it: it joins what comes after
            second[start:stop] = True
    return second


def _datetime(nanoseconds: int) -> dt.datetime:
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=nanoseconds // 1000)  # noqa: DTZ001


def _text(nanoseconds: int) -> str:
    return _datetime(int(nanoseconds)).isoformat(sep=" ")


def to_datetime(nanoseconds: int, zone: ZoneInfo) -> dt.datetime:
    """Aware time in a zone of nanoseconds since 1970 UTC, to the microsecond."""
    return _datetime(nanoseconds).replace(tzinfo=dt.UTC).astimezone(zone)
