"""A text table of which only the asked-for rows are parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tslab.errors import DataError
from tslab.readers import csv_errors
from tslab.readers.arrow_arrays import floats
from tslab.readers.arrow_arrays import text as pa_csv
from tslab.readers.cells import FALSE, MISSING, TRUE
from tslab.readers.csv_index import ROWS_PER_BLOCK, RowIndex
from tslab.readers.text_bytes import TextBytes
from tslab.readers.text_format import TextFormat, split_rows

if TYPE_CHECKING:
    from tslab.recording import FloatArray, SampleReader

_BLANKS = re.compile(rb"[ \t]+")
_PASS_BYTES = 8 << 20
"""Bytes of text that are in memory at once."""

_BYTES_FOR_THREADS = 1 << 20
"""Less text is parsed sooner than threads have started."""

_KEPT_BYTES = 32 << 20
"""Numbers up to this size are kept from the pass that reads the times."""

_SAMPLE_PLACES, _SAMPLE_ROWS, _STATE_PLACES = 16, 32, 64


def parse_bytes(
    data: bytes,
    table: CsvTable,
    types: dict[str, pa.DataType],
) -> pa.Table:
    """Parses rows with pyarrow; `types` names the wanted columns ``c0``, ``c1``, ...

    Raises:
        pyarrow.ArrowInvalid: A row has other columns, or a cell is not of the type.
    """
    form = table.form
    parsed: pa.Table = pa_csv.read_csv(
        pa.BufferReader(data),
        read_options=pa_csv.ReadOptions(
            column_names=[f"c{i}" for i in range(len(form.headers))],
            use_threads=len(data) > _BYTES_FOR_THREADS,
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter="\t" if form.separator == " " else form.separator,
            newlines_in_values=table.index.quoted,
        ),
        convert_options=pa_csv.ConvertOptions(
            check_utf8=False,
            column_types=types,
            include_columns=list(types),
            null_values=list(MISSING),
            strings_can_be_null=False,
            true_values=[*TRUE, "1"],
            false_values=[*FALSE, "0"],
            decimal_point=table.decimal,
        ),
    )
    return parsed


@dataclass(slots=True)
class CsvTable:
    """A text table with its format and index.

    Attributes:
        data: Its bytes.
        form: How it is written.
        index: Where its rows are.
        place: File name, for errors.
        decimal: Decimal mark of its numbers.
        types: Type of every signal column by number, set once the columns are known.
    """

    data: TextBytes
    form: TextFormat
    index: RowIndex
    place: str
    decimal: str = "."
    types: dict[int, pa.DataType] = field(default_factory=dict)
    _last: tuple[int, int, pa.Table] | None = None
    _sample: list[list[str]] | None = None

    def block_bytes(self, first: int, last: int) -> bytes:
        """Bytes of the rows of blocks ``first`` to ``last`` (half-open), comments cut out."""
        start, stop = int(self.index.blocks[first]), int(self.index.blocks[last])
        raw = self.data.read(start, stop)
        inside = np.searchsorted(self.index.comments, [start, stop])
        for offset in reversed(self.index.comments[inside[0] : inside[1]]):
            begin = int(offset) - start
            end = raw.find(b"\n", begin) + 1 or len(raw)
            raw = raw[:begin] + raw[end:]
        if self.form.separator == " ":
            return b"\n".join(_BLANKS.sub(b"\t", line.strip()) for line in raw.split(b"\n"))
        return raw

    def sample(self) -> list[list[str]]:
        """Cells of some hundred rows from all over the table, in order."""
        if self._sample is None:
            self._sample = self._sampled() if self.index.block_count else []
        return self._sample

    def _sampled(self) -> list[list[str]]:
        wanted = np.linspace(0, self.index.block_count - 1, _SAMPLE_PLACES).astype(int)
        lines: list[str] = []
        for block in sorted(set(wanted.tolist())):
            start, stop = self.index.blocks[block : block + 2]
            raw = self.data.read(int(start), min(int(stop), int(start) + 16_384))
            whole = raw if start + len(raw) == stop else raw[: raw.rfind(b"\n") + 1]
            text = whole.decode(self.form.encoding, errors="replace")
            rows = (x for x in text.split("\n") if x.strip() and not x.startswith("#"))
            lines += [line.rstrip("\r") for line in islice(rows, _SAMPLE_ROWS)]
        return split_rows(lines, self.form.separator)

    def times(
        self, columns: Sequence[int], *, numbers: bool = False
    ) -> Iterator[tuple[int, list[pa.ChunkedArray]]]:
        """Cells of columns of times, in parts of about 8 MB: first row and one array per column.

        Finding the cells takes most of the work, so the samples are parsed in the same pass as long
        as they are few and have no surprises.

        Args:
            columns: Numbers of the columns.
            numbers: Cells are parsed as float64 as far as they can be; text otherwise.

        Raises:
            DataError: A row has more or fewer cells than the header.
        """
        names = [f"c{index}" for index in columns]
        plain = dict.fromkeys(names, pa.string())
        types = {f"c{index}": kind for index, kind in self.types.items()}
        if self.index.count * len(types) * 8 > _KEPT_BYTES:
            types = {}
        wanted = {**types, **(dict.fromkeys(names, pa.float64()) if numbers else plain)}
        kept: list[pa.Table] = []
        for first, last in self.index.groups(_PASS_BYTES, 0, self.index.block_count):
            raw = self.block_bytes(first, last)
            try:
                table = parse_bytes(raw, self, wanted)
                kept.append(table)
            except pa.ArrowInvalid:
                # Something is no number: its reader will say what, when it is asked for samples.
                table = self._texts(raw, plain, first)
                wanted = plain
            self._check_count(table.num_rows, first, last)
            yield first * ROWS_PER_BLOCK, [table[name] for name in names]
        if types and wanted is not plain:
            self._last = (0, self.index.block_count, pa.concat_tables(kept).select(list(types)))

    def _texts(self, raw: bytes, types: dict[str, pa.DataType], first: int) -> pa.Table:
        try:
            return parse_bytes(raw, self, types)
        except pa.ArrowInvalid as error:
            raise csv_errors.explain(self, raw, first, str(error)) from error

    def reader(self, column: int) -> SampleReader:
        """Reads samples of a column by row number; what was parsed last is kept."""

        def read(first: int, last: int) -> FloatArray:
            if last <= first:
                return np.empty(0)
            start, stop = self.index.blocks_of(first, last)
            offset, table = self._parsed(start, stop)
            result = floats(table[f"c{column}"].slice(first - offset, last - first))
            result[np.isinf(result)] = np.nan  # an overflow mark is a missing value
            return result

        return read

    def has_both_states(self, column: int) -> bool:
        """Whether a column holds zeros and ones, both and nothing else.

        Judged by up to 64 blocks from all over the table.
        """
        blocks = np.unique(np.linspace(0, self.index.block_count - 1, _STATE_PLACES).astype(int))
        read, found = self.reader(column), np.empty(0)
        for block in blocks.tolist():
            first = block * ROWS_PER_BLOCK
            part = read(first, min(first + ROWS_PER_BLOCK, self.index.count))
            found = np.union1d(found, part[~np.isnan(part)])
        return found.tolist() == [0.0, 1.0]

    def _parsed(self, start: int, stop: int) -> tuple[int, pa.Table]:
        kept = self._last
        if kept is None or not (kept[0] <= start and stop <= kept[1]):
            kept = (start, stop, self._parse(start, stop))
            self._last = kept
        return kept[0] * ROWS_PER_BLOCK, kept[2]

    def _parse(self, start: int, stop: int) -> pa.Table:
        """Rows of some blocks, parsed part by part: their text is larger than their numbers."""
        groups = self.index.groups(_PASS_BYTES, start, stop)
        parts = [self._parse_part(*group) for group in groups]
        if any(part.schema != parts[0].schema for part in parts):
            # A part that had to be parsed leniently has numbers where others have yes and no.
            numbers = pa.schema([(name, pa.float64()) for name in parts[0].column_names])
            parts = [part.cast(numbers) for part in parts]
        return pa.concat_tables(parts)

    def _parse_part(self, start: int, stop: int) -> pa.Table:
        raw = self.block_bytes(start, stop)
        types = {f"c{i}": kind for i, kind in self.types.items()}
        try:
            table = parse_bytes(raw, self, types)
        except pa.ArrowInvalid as error:
            table = csv_errors.parse_leniently(self, raw, start, str(error))
        self._check_count(table.num_rows, start, stop)
        return table

    def _check_count(self, rows: int, start: int, stop: int) -> None:
        expected = min(stop * ROWS_PER_BLOCK, self.index.count) - start * ROWS_PER_BLOCK
        if rows != expected:
            raise DataError(
                f"{self.place}: rows {start * ROWS_PER_BLOCK + 1} to "
                f"{start * ROWS_PER_BLOCK + expected} parse as {rows} rows",
                "A quotation mark is not closed there; correct the file.",
            )
