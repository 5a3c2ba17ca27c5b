"""How a text table is written: encoding, separator, header, decimal mark, where its rows begin."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tslab.contracts import ReadOptions
from tslab.errors import DataError
from tslab.readers.cells import (
    decimal_mark,
    is_missing,
    is_number,
    is_time,
    is_value,
    plain_numbers,
)
from tslab.readers.text_bytes import TextBytes

HEAD_BYTES = 262_144
SEPARATORS = ("\t", ";", "|", ",", " ")
"""Candidates, the least likely to stand inside a cell first; " " means any run of blanks."""

_SAMPLE_ROWS = 64
_EXCEL_HINT = re.compile(r'"?sep=(.)"?')


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a text table is written.

    Attributes:
        encoding: Python's name of the encoding.
        separator: One character; " " means any run of blanks and tabs.
        headers: Name of each column; "0", "1", ... where the file has no header.
        has_header: Whether the names come from the file.
        body: Byte at which the first row begins.
        comments: Comment lines above the rows, without their mark.
    """

    encoding: str
    separator: str
    headers: tuple[str, ...]
    has_header: bool
    body: int
    comments: tuple[str, ...]


def find_format(data: TextBytes, options: ReadOptions, place: str) -> TextFormat:
    """How the table is written, found in its first 256 KB.

    Raises:
        DataError: The file has no rows.
    """
    head = data.read(0, HEAD_BYTES)
    encoding, mark = _encoding(head)
    comments: list[str] = []
    lines: list[tuple[int, str]] = []
    separator = options.separator
    for start, line in _lines(head, mark, len(head) == data.size, encoding):
        hint = _EXCEL_HINT.fullmatch(line) if not lines else None
        if hint:
            separator = separator or hint[1]
        elif line.startswith("#"):
            if not lines:
                comments.append(line.lstrip("#").strip())
        elif line.strip():
            lines.append((start, line))
        if len(lines) > _SAMPLE_ROWS:
            break
    if not lines:
        raise DataError(f"{place} has no rows", "Export it again, or leave it out.")
    separator, rows = _separated([line for _, line in lines], _separator_word(separator))
    starts = [start for start, _ in lines[:2]]
    return _with_header(rows, starts, separator, encoding, comments, place)


def split_rows(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Cells of each line, unquoted and stripped."""
    if separator == " ":
        return [[cell.strip('"') for cell in line.split()] for line in lines]
    rows = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    if not has_blanks("".join(lines)):
        return list(rows)
    return [[cell.strip() for cell in row] for row in rows]


def has_blanks(text: str) -> bool:
    """Whether there is white space in a text: in most tables no cell needs to be stripped."""
    return text.split(None, 1) != [text]


def sample_decimal(rows: Sequence[Sequence[str]], options: ReadOptions) -> str:
    """The decimal mark of a table, from the option or from a sample of its cells."""
    return options.decimal or decimal_mark([cell for row in rows for cell in row])


def _separator_word(word: str) -> str:
    return {"tab": "\t", "\\t": "\t", "space": " ", "whitespace": " "}.get(word, word)


def _encoding(head: bytes) -> tuple[str, int]:
    mark = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    whole = head[: head.rfind(b"\n") + 1] or head
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1", mark
    return "utf-8", mark


def _lines(head: bytes, start: int, whole: bool, encoding: str) -> Iterator[tuple[int, str]]:
    """Offset and text of each line; a last line that may go on is left out."""
    while start < len(head):
        stop = head.find(b"\n", start)
        if stop < 0:
            if not whole and start > 0:
                return
            stop = len(head)
        yield start, head[start:stop].decode(encoding, errors="replace").rstrip("\r\x1a")
        start = stop + 1


def _separated(lines: Sequence[str], separator: str) -> tuple[str, list[list[str]]]:
    """The separator, found if it is not given (""), and the cells of each line."""
    if separator:
        return separator, split_rows(lines, separator)
    best, found, best_score = ",", None, (0.0, 0.0)
    text = "".join(lines)
    for separator in SEPARATORS:
        if separator not in text and (separator != " " or not has_blanks(text)):
            continue
        rows = split_rows(lines, separator)
        body = rows[1:] or rows
        width, count = Counter(map(len, body)).most_common(1)[0]
        if width < 2:
            continue
        cells = [cell for row in body for cell in row]
        plain = plain_numbers(cells) is not None
        clean = 1.0 if plain else sum(map(is_value, cells)) / max(1, len(cells))
        score = (float(count >= 0.9 * len(body)), round(clean, 2))
        if score > best_score:
            best, found, best_score = separator, rows, score
    return best, split_rows(lines, best) if found is None else found


def _with_header(
    rows: Sequence[list[str]],
    starts: Sequence[int],
    separator: str,
    encoding: str,
    comments: Sequence[str],
    place: str,
) -> TextFormat:
    width = Counter(map(len, rows[1:] or rows)).most_common(1)[0][0]
    has_header = _is_header(rows[0], rows[1:])
    body = starts[0]
    if has_header:
        if len(rows) == 1:
            raise DataError(
                f"{place} has a header and no rows", "Export it again, or leave it out."
            )
        headers, body = rows[0], starts[1]
        if len(headers) == width - 1:  # R leaves the name of its row numbers out
            headers = ["", *headers]
    else:
        above = split_rows(comments[-1:], separator) if comments else []
        named = bool(above) and len(above[0]) == width and not any(map(is_number, above[0]))
        headers = above[0] if named else [str(i) for i in range(width)]
        has_header = named
    return TextFormat(encoding, separator, tuple(headers), has_header, body, tuple(comments))


def _is_header(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: no number in it, or text above numbers."""
    if not any(cell and not is_value(cell) for cell in first):
        return False
    if not any(is_number(cell) or is_time(cell) for cell in first):
        return True
    for index, cell in enumerate(first):
        below = [row[index] for row in body if index < len(row) and not is_missing(row[index])]
        if cell and not is_value(cell) and below and all(map(is_value, below)):
            return True
    return False
