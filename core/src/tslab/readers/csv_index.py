"""Where the rows of a text table begin, so that a part of it can be read without the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tslab.readers.text_bytes import TextBytes

if TYPE_CHECKING:
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

ROWS_PER_BLOCK = 1024
_CHUNK = 4 << 20
_NEWLINE, _RETURN, _QUOTE, _HASH = b'\n\r"#'


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Byte offsets of every 1024th row.

    Attributes:
        count: Number of rows.
        blocks: Byte at which each block of `ROWS_PER_BLOCK` rows begins, and last the end of the
            table; int64 ``(block_count + 1,)``.
        comments: Bytes at which comment lines between the rows begin; int64.
        quoted: Whether a cell may hold a line break.
    """

    count: int
    blocks: IntArray
    comments: IntArray
    quoted: bool

    @property
    def block_count(self) -> int:
        """Number of blocks; the last may be short."""
        return len(self.blocks) - 1

    def blocks_of(self, first: int, last: int) -> tuple[int, int]:
        """Blocks (half-open) that hold the rows ``first`` to ``last`` (half-open)."""
        return first // ROWS_PER_BLOCK, -(-last // ROWS_PER_BLOCK)

    def groups(self, size: int, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Ranges of about `size` bytes each of the blocks `first` to `last` (half-open)."""
        while first < last:
            wanted = int(np.searchsorted(self.blocks, self.blocks[first] + size))
            stop = min(max(first + 1, wanted), last)
            yield first, stop
            first = stop


def index_rows(data: TextBytes, body: int) -> RowIndex:
    """Finds the rows of a table in one pass.

    Args:
        data: The table.
        body: Byte at which the first row begins.
    """
    count, odd, quoted, begins = 0, 0, False, body
    blocks: list[IntArray] = []
    comments: list[IntArray] = []
    for base in range(body, data.size, _CHUNK):
        raw = data.read(base, min(base + _CHUNK, data.size))
        chunk = np.frombuffer(raw, dtype=np.uint8)
        has_quotes = b'"' in raw
        ends = np.flatnonzero(chunk == _NEWLINE)
        if has_quotes or odd:
            ends, odd = _outside_quotes(chunk, ends, odd)
        quoted = quoted or has_quotes
        starts = np.concatenate(([begins], ends[:-1] + base + 1)) if len(ends) else ends
        if len(ends):
            begins = int(ends[-1]) + base + 1
        rows, remarks = _without_remarks(data, chunk, base, starts, ends)
        blocks.append(rows[-count % ROWS_PER_BLOCK :: ROWS_PER_BLOCK])
        comments.append(remarks)
        count += len(rows)
    if begins < data.size and data.read(begins, data.size).strip(b"\r\n\x1a "):
        if data.read(begins, begins + 1) != b"#":
            if count % ROWS_PER_BLOCK == 0:
                blocks.append(np.array([begins]))
            count += 1
        else:
            comments.append(np.array([begins]))
    edges = np.concatenate([*blocks, [data.size]]).astype(np.int64)
    remarks = np.concatenate([*comments, []]).astype(np.int64)
    return RowIndex(count, edges, remarks, quoted)


def _outside_quotes(chunk: npt.NDArray[np.uint8], ends: IntArray, odd: int) -> tuple[IntArray, int]:
    """Offsets of line breaks outside quotes, and whether a quote stays open."""
    quotes = np.flatnonzero(chunk == _QUOTE)
    before = np.searchsorted(quotes, ends) + odd
    return ends[before % 2 == 0], (len(quotes) + odd) % 2


def _without_remarks(
    data: TextBytes, chunk: npt.NDArray[np.uint8], base: int, starts: IntArray, ends: IntArray
) -> tuple[IntArray, IntArray]:
    """Starts of the lines that are rows, and starts of comment lines; blank lines are neither."""
    if not len(starts):
        return starts, starts
    lengths = ends + base - starts
    first = chunk[np.maximum(starts - base, 0)]
    if starts[0] < base:  # the line began in the chunk before
        first[0] = data.read(int(starts[0]), int(starts[0]) + 1)[0]
    blank = (lengths == 0) | ((lengths == 1) & (first == _RETURN))
    comment = ~blank & (first == _HASH)
    return starts[~blank & ~comment], starts[comment]
