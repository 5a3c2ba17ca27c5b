"""The wanted columns of a foreign series: which they are, and text that becomes numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tslab.errors import DataError, did_you_mean
from tslab.label_studio.foreign.text import quoted, shown
from tslab.readers.arrow_arrays import compute as pc
from tslab.readers.arrow_arrays import floats
from tslab.readers.cells import MISSING

if TYPE_CHECKING:
    from tslab.label_studio.foreign.config import ForeignConfig
    from tslab.recording import FloatArray

MAX_VALUES = 50_000_000
"""Largest number of rows times wanted columns (400 MB)."""
MAX_COLUMNS = 10_000
"""Largest number of columns that a series may have."""
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_WHOLE_NUMBER = f"^{NUMBER}$"
_INDEX = re.compile(r"\d{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ForeignTable:
    """The wanted columns of a series.

    Attributes:
        count: Number of rows.
        channels: Values by channel, float64 ``(count,)``; NaN where there is no number.
        times: Numbers, float64 ``(count,)``, or texts; None where the config has no time column.
        notes: What was mended or left out.
    """

    count: int
    channels: Mapping[str, FloatArray]
    times: FloatArray | pa.ChunkedArray | None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Picked:
    """Where the wanted columns are.

    Attributes:
        channels: Number of the column by channel.
        time: Number of the time column, None where the config has none.
        notes: Which channels are missing.
    """

    channels: Mapping[str, int]
    time: int | None
    notes: list[str]

    @property
    def indices(self) -> list[int]:
        """Numbers of all wanted columns, each once."""
        time = [] if self.time is None else [self.time]
        return list(dict.fromkeys([*time, *self.channels.values()]))


def pick_columns(names: Sequence[str], config: ForeignConfig) -> Picked:
    """Finds the columns that a config names, whatever the case, or by number from 0.

    Raises:
        DataError: The time column or every channel is missing, or there are too many columns.
    """
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f"the series has {len(names)} columns, more than {MAX_COLUMNS}",
            "Keep the columns that the labeling config shows.",
        )
    places: dict[str, int] = {}
    for index, name in enumerate(names):
        places.setdefault(name.strip().lower(), index)
    time = None
    if config.time_column:
        time = _place(config.time_column, places, len(names))
        if time is None:
            raise _missing("time column", [config.time_column], names)
    wanted = config.channels or [names[at] for name, at in places.items() if name and at != time]
    found = {name: _place(name, places, len(names)) for name in wanted}
    channels = {name: at for name, at in found.items() if at is not None and at != time}
    if not channels:
        raise _missing("channel", list(wanted), names)
    absent = [name for name, at in found.items() if at is None]
    notes = [f"the series has no channel {quoted(absent)}"] if absent else []
    return Picked(channels, time, notes)


def _place(name: str, places: Mapping[str, int], count: int) -> int | None:
    wanted = name.strip().lower()
    if wanted in places:
        return places[wanted]
    return int(wanted) if _INDEX.fullmatch(wanted) and int(wanted) < count else None


def _missing(what: str, wanted: Sequence[str], names: Sequence[str]) -> DataError:
    known = [shown(name) for name in names[:200]]
    hint = did_you_mean(shown(wanted[0]), known) if wanted else ""
    return DataError(
        f"the series has no {what} {quoted(wanted)}; its columns are {quoted(names)}",
        hint[:1].upper() + hint[1:] or "Correct the labeling config or the series.",
    )


def refuse_too_many(rows: int, columns: int) -> None:
    """Refuses a series that would not fit into memory.

    Raises:
        DataError: It has more than `MAX_VALUES` values.
    """
    if rows * columns > MAX_VALUES:
        raise DataError(
            f"the series has {rows} rows of {columns} columns, more than {MAX_VALUES} values",
            "Split it into several tasks.",
        )


def text_to_numbers(texts: pa.ChunkedArray) -> tuple[FloatArray, int]:
    """Numbers in text, float64 ``(n,)`` with NaN for every other cell; and how many are words."""
    cells = pc.utf8_trim_whitespace(texts)
    good = pc.match_substring_regex(cells, _WHOLE_NUMBER)
    missing = int(pc.sum(pc.is_in(cells, pa.array(MISSING))).as_py() or 0)
    numbers = pc.utf8_ltrim(pc.if_else(good, cells, None), "+").cast(pa.float64())
    return floats(numbers), len(texts) - missing - int(pc.sum(good).as_py() or 0)


def finish_channels(
    columns: Iterable[tuple[str, FloatArray, int]], notes: list[str]
) -> dict[str, FloatArray]:
    """Channels that hold numbers; others are left out.

    Args:
        columns: Channel, its values, and how many of its cells are words.
        notes: Gets what was left out.

    Raises:
        DataError: None is left.
    """
    kept: dict[str, FloatArray] = {}
    empty: list[str] = []
    for name, values, words in columns:
        infinite = np.isinf(values)
        if infinite.any():
            values[infinite] = np.nan
        if np.isnan(values).all():
            empty.append(name)
            continue
        kept[name] = values
        if words:
            notes.append(f"channel '{shown(name)}': text in {words} cells counts as missing")
    if not kept:
        raise DataError(
            f"channel {quoted(empty)} of the series holds no number",
            "Correct the series, or name other columns in the labeling config.",
        )
    if empty:
        notes.append(f"channel {quoted(empty)} holds no number and was left out")
    return kept
