"""A Parquet file of which only the asked-for columns and row groups are read."""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from tslab.errors import DataError
from tslab.readers.arrow_arrays import floats
from tslab.readers.csv_errors import not_a_number, text_to_numbers
from tslab.readers.file_checks import blaming

if TYPE_CHECKING:
    from tslab.recording import FloatArray, SampleReader

_SAMPLE_ROWS = 256
pq: Any = pyarrow.parquet
"""``pyarrow.parquet``, which has no types."""


@dataclass(slots=True)
class ParquetTable:
    """A Parquet file of which only the asked-for columns and row groups are read.

    Attributes:
        path: The file.
        file: As pyarrow opened it.
        starts: First row of each row group, and last the number of rows.
        headers: Name of each column.
    """

    path: Path
    file: Any
    starts: list[int]
    headers: list[str]
    _last: dict[int, tuple[int, int, FloatArray]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of rows."""
        return self.starts[-1]

    def type_of(self, column: int) -> pa.DataType:
        """Arrow type of a column."""
        return self.file.schema_arrow.field(column).type

    def groups(self, column: int, first: int, last: int) -> pa.ChunkedArray:
        """A column in the row groups ``first`` to ``last`` (half-open).

        Raises:
            DataError: The file is broken there.
        """
        name = self.file.schema_arrow.names[column]
        try:
            with blaming(self.path):
                table = self.file.read_row_groups(list(range(first, last)), columns=[name])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise _broken(self.path, error) from error
        return table.column(0)

    def sample(self, column: int) -> list[str]:
        """Cells of the first rows as text, "" for missing ones."""
        kind = self.type_of(column)
        if not self.count:
            return []
        values = self.groups(column, 0, 1).slice(0, _SAMPLE_ROWS)
        if pa.types.is_timestamp(kind):
            values = values.cast(pa.timestamp("us", kind.tz), safe=False)
        elif pa.types.is_duration(kind):
            return [
                f"{ns / 1e9:.9f}"
                for ns in values.cast(pa.duration("ns")).cast(pa.int64()).to_pylist()
            ]
        return ["" if value is None else str(value) for value in values.to_pylist()]

    def reader(self, column: int) -> SampleReader:
        """Reads samples of a column by row number; the last row groups are kept."""

        def read(first: int, last: int) -> FloatArray:
            if last <= first:
                return np.empty(0)
            start = bisect.bisect_right(self.starts, first) - 1
            stop = bisect.bisect_left(self.starts, last)
            kept = self._last.get(column)
            if kept is None or not (kept[0] <= start and stop <= kept[1]):
                kept = (start, stop, self._floats(column, start, stop))
                self._last[column] = kept
            offset = self.starts[kept[0]]
            return kept[2][first - offset : last - offset].copy()

        return read

    def _floats(self, column: int, start: int, stop: int) -> FloatArray:
        values = self.groups(column, start, stop)
        if is_text(values.type):
            cells, wrong = text_to_numbers(values, ".")
            if wrong is not None:
                row = self.starts[start] + wrong[0] + 1
                raise not_a_number(self.path.name, self.headers[column], row, wrong[1])
            values = cells
        result = floats(values)
        result[np.isinf(result)] = np.nan  # an overflow mark is a missing value
        return result


def is_text(kind: pa.DataType) -> bool:
    """Whether cells of an Arrow type are text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _broken(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name} is a broken or cut off Parquet file: {error}", "Copy it again.")


def open_table(path: Path) -> ParquetTable:
    """A Parquet file with its schema and row groups, values unread.

    Raises:
        DataError: The file is broken, cut off or has no rows.
    """
    try:
        with blaming(path):
            file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise _broken(path, error) from error
    meta = file.metadata
    sizes = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
    if not sum(sizes):
        raise DataError(f"{path.name} has no rows", "Export it again, or leave it out.")
    headers = ["" if n.startswith("__index_level_") else n for n in file.schema_arrow.names]
    return ParquetTable(path, file, [0, *itertools.accumulate(sizes)], headers)
