"""Tables of samples become recordings: what CSV, Parquet and JSON share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tslab.contracts import ReadOptions
from tslab.errors import DataError
from tslab.readers.column_names import names_and_units
from tslab.readers.time_grid import Grid, regular_grid
from tslab.recording import Recording, SampleReader, Signal, SignalKind


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column that becomes a signal.

    Attributes:
        index: Number of the column in its table.
        kind: Whether its values hold or may be interpolated.
        reader: Reads samples by row number.
    """

    index: int
    kind: SignalKind
    reader: SampleReader


@dataclass(frozen=True, slots=True)
class TableTimes:
    """Time axis of a table.

    Attributes:
        grid: Rate, times and gaps.
        start: Wall clock of the first row, None where unknown.
    """

    grid: Grid
    start: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What a table says about itself beside its samples.

    Attributes:
        headers: Header of every column.
        count: Number of rows.
        identity: Remarks of the file that may identify a person.
        units: Units that the file gives, by column.
    """

    headers: Sequence[str]
    count: int
    identity: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def build_recording(
    facts: TableFacts, columns: Sequence[TableColumn], times: TableTimes, options: ReadOptions
) -> Recording:
    """A recording of the columns on one time axis."""
    units = {**facts.units, **options.units}
    labels = names_and_units(facts.headers, [column.index for column in columns], units)
    grid = times.grid
    signals = [
        Signal(
            name=name,
            unit=unit,
            sampling_rate=grid.rate,
            sample_count=facts.count,
            reader=column.reader,
            times=grid.times,
            kind=column.kind,
        )
        for (name, unit), column in zip(labels, columns, strict=True)
    ]
    return Recording(
        id="",
        signals=tuple(signals),
        duration=grid.duration,
        start_time=times.start,
        gaps=grid.gaps,
        notes=grid.notes,
        identity=facts.identity,
    )


def times_without_column(count: int, options: ReadOptions, place: str) -> TableTimes:
    """The time axis of a table that has no time column.

    Raises:
        DataError: The user gave no sampling rate either.
    """
    rate = options.sampling_rate
    if rate is None:
        raise DataError(
            f"{place} has no time column and no sampling rate was given",
            "Set `reading: sampling_rate:` in tslab.yaml (Hz), or name the column by "
            "`reading: time_column:`.",
        )
    if not 0 < rate < float("inf"):
        raise DataError(f"sampling rate {rate} Hz is no rate", "Give one above 0 Hz.")
    return TableTimes(regular_grid(rate, count))


def refuse_text(place: str, texts: Mapping[str, str]) -> None:
    """Refuses columns that hold text; `texts` gives an example by column name.

    Raises:
        DataError: There is one; all are listed.
    """
    if not texts:
        return
    shown = ", ".join(f"'{name}' ('{cell[:40]}')" for name, cell in texts.items())
    what = "column" if len(texts) == 1 else "columns"
    raise DataError(
        f"{place}: {what} {shown} hold{'s' if len(texts) == 1 else ''} text, not samples",
        f"Add to tslab.yaml: `reading: ignore: [{', '.join(texts)}]`.",
    )


def refuse_no_signals(place: str, columns: Sequence[object]) -> None:
    """Refuses a table without a column of samples.

    Raises:
        DataError: There is no column.
    """
    if not columns:
        raise DataError(
            f"{place} has no column of samples",
            "Check `reading: columns:`, `ignore:` and `separator:` in tslab.yaml.",
        )
