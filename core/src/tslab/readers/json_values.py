"""JSON documents as columns: lists by name, lists of rows, lines of rows."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tslab.contracts import Source
from tslab.errors import DataError
from tslab.readers.file_checks import blaming, head_of
from tslab.readers.time_names import name_strength

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
_LINES = frozenset({".jsonl", ".ndjson"})

Scalar = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class JsonTable:
    """A table in a JSON document.

    Attributes:
        columns: Values of each column, in the order of the document; all of one length.
        sampling_rate: Hz, None where the document does not say it.
        units: Unit by column.
    """

    columns: Mapping[str, Sequence[Scalar]]
    sampling_rate: float | None = None
    units: Mapping[str, str] = field(default_factory=dict)


def load(source: Source) -> object:
    """The document; JSON lines become a list.

    Raises:
        DataError: The file is empty, cut off, no JSON or cannot be read.
    """
    head = head_of(source)
    with blaming(source.path):
        data = source.path.read_bytes()
    if head.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error) as error:
            raise DataError(
                f"{source.path.name} is no whole gzip file: {error}", "Copy it again."
            ) from error
    data = data.removeprefix(b"\xef\xbb\xbf")
    if source.suffix in _LINES:
        return _decode_lines(data, source.path)
    try:
        return msgspec.json.decode(_without_nan(data))
    except msgspec.DecodeError as error:
        if b"\n" in data.strip() and "trailing characters" in str(error):
            return _decode_lines(data, source.path)
        raise _no_json(source.path, error) from error


def _decode_lines(data: bytes, path: Path) -> object:
    try:
        return msgspec.json.Decoder().decode_lines(_without_nan(data))
    except msgspec.DecodeError as error:
        raise _no_json(path, error) from error


def _without_nan(data: bytes) -> bytes:
    """The document with ``NaN``, which Python writes though JSON has no such word, as null."""
    if b"NaN" not in data:
        return data
    import re

    return re.sub(rb"(?<=[\[,:\s])NaN(?=\s*[,\]}])", b"null", data)


def _no_json(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name} is no whole JSON document: {error}", "Export it again.")


def find_table(document: object, place: str) -> JsonTable | None:
    """The table in a document, None where it holds none.

    Raises:
        DataError: It holds one whose columns differ in length.
    """
    if isinstance(document, list):
        return _from_rows(document)
    if not isinstance(document, dict):
        return None
    inner = document.get("signals")
    if isinstance(inner, dict):
        columns = _column_lists(inner)
        if "time" in document and isinstance(document["time"], list):
            columns = {"time": document["time"], **columns}
    else:
        columns = _column_lists(document)
    if not any(_is_numeric(values) or name_strength(name) for name, values in columns.items()):
        return None
    _refuse_uneven(columns, place)
    rate, units = document.get("sampling_rate"), document.get("units")
    return JsonTable(
        columns,
        float(rate) if isinstance(rate, int | float) and rate > 0 else None,
        {str(k): str(v) for k, v in units.items()} if isinstance(units, dict) else {},
    )


def _from_rows(rows: list[object]) -> JsonTable | None:
    if not rows or not all(isinstance(row, dict) for row in rows):
        return None
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))  # type: ignore[call-overload]
    columns = {name: [row.get(name) for row in rows] for name in names}  # type: ignore[attr-defined]
    if not all(_is_column(values) for values in columns.values()):
        return None
    return JsonTable(columns)


def _column_lists(document: Mapping[str, object]) -> dict[str, Sequence[Scalar]]:
    return {
        str(name): values
        for name, values in document.items()
        if isinstance(values, list) and _is_column(values)
    }


def _is_column(values: Sequence[object]) -> bool:
    return not any(isinstance(value, list | dict) for value in values)


def _is_numeric(values: Sequence[Scalar]) -> bool:
    """Whether a list begins with a number."""
    first = next((value for value in values if value is not None), "")
    return not isinstance(first, str)


def _refuse_uneven(columns: Mapping[str, Sequence[Scalar]], place: str) -> None:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
        raise DataError(
            f"{place}: columns differ in length ({shown})", "Write one value for every time."
        )
