"""Labels in tables: one row for each span, times in seconds from the start of the recording."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tslab.annotation import Annotation
from tslab.contracts import ReadOptions, Source
from tslab.errors import DataError, did_you_mean
from tslab.readers.annotation_rows import Cell, RowTable, read_rows
from tslab.readers.cells import is_missing, to_number
from tslab.readers.column_names import split_unit
from tslab.readers.time_names import NANOSECONDS, unit_of
from tslab.spans import FieldValue, Span, sort_key

if TYPE_CHECKING:
    from tslab.domain import Domain, RegionField, Tier

_NAMES: Mapping[str, tuple[str, ...]] = {
    "recording": ("recording", "file", "record", "filename", "file_name", "recording_id"),
    "start": ("start", "onset", "begin", "start_time", "time", "t", "start_s", "onset_s", "time_s"),
    "end": ("end", "stop", "end_time", "end_s", "stop_s"),
    "duration": ("duration", "duration_s", "length"),
    "label": ("label", "labels", "class", "event", "trial_type", "annotation", "description"),
    "tier": ("tier",),
    "score": ("score", "confidence", "probability"),
    "annotator": ("annotator", "rater", "scorer", "reader", "model_version", "model"),
    "view": ("view",),
}
_SHOWN = 5


def read_annotations(
    source: Source, options: ReadOptions, domain: Domain
) -> Sequence[Annotation] | None:
    """Annotations from a CSV, Parquet or JSON table with one row for each span.

    Columns are `recording` or `file`, `start` with `end` or `duration` (instants need neither),
    `label`, and where there are any `tier`, `score`, `annotator`, `view` and the domain's fields.

    Args:
        source: The file.
        options: Separator, decimal mark and `time_unit` (seconds by default).
        domain: Its tiers say what labels there are.

    Returns:
        One annotation for each recording, annotator and view, spans sorted by time; None where
        the file is no table with a start and a label.

    Raises:
        DataError: The file cannot be read, or rows cannot be used; all of them are counted and
            the first five kinds of trouble are shown.
    """
    table = read_rows(source, options)
    if table is None:
        return None
    where = _find_columns(table.headers)
    if "label" not in where or "start" not in where:
        return None
    reading = _Reading(table, where, options, domain, source.path.name)
    return reading.annotations()


def _find_columns(headers: Sequence[str]) -> dict[str, int]:
    """Index of the column for each role that the table has."""
    lowered = [split_unit(header)[0].lower().replace(" ", "_") for header in headers]
    found = {}
    for role, names in _NAMES.items():
        index = next((lowered.index(name) for name in names if name in lowered), None)
        if index is not None:
            found[role] = index
    return found


class _RowError(Exception):
    """What is wrong with one row."""


@dataclass(frozen=True, slots=True)
class _Reading:
    table: RowTable
    where: Mapping[str, int]
    options: ReadOptions
    domain: Domain
    place: str

    def annotations(self) -> list[Annotation]:
        """All rows, grouped; problems of all rows are raised together."""
        groups: dict[tuple[str, str, str], list[Span]] = {}
        problems: dict[str, list[int]] = {}
        fields = self._field_columns()
        for number, row in enumerate(self.table.rows, 1):
            key = (
                self._text(row, "recording"),
                self._text(row, "annotator"),
                self._text(row, "view"),
            )
            try:
                self._check_view(key[2])
                span = self._span(row, fields)
            except (_RowError, DataError) as problem:
                problems.setdefault(str(problem), []).append(number)
                continue
            groups.setdefault(key, []).append(span)
        _refuse(problems, self.place)
        return [
            Annotation(recording, annotator, sorted(spans, key=sort_key), view=view)
            for (recording, annotator, view), spans in groups.items()
        ]

    def _span(self, row: Sequence[Cell], fields: Mapping[int, RegionField]) -> Span:
        tier, label = self._tier_and_label(self._text(row, "label"), self._text(row, "tier"))
        start = self._seconds(row, "start")
        if start is None:
            raise _RowError("no start")
        return Span(
            start=start,
            end=self._end(row, start, tier),
            label=label,
            tier=tier.name,
            score=self._number(row, "score"),
            fields={
                item.name: value
                for index, item in fields.items()
                if (value := self._field(row[index], item)) is not None
            },
        )

    def _end(self, row: Sequence[Cell], start: float, tier: Tier) -> float:
        end = self._seconds(row, "end")
        if end is None:
            duration = self._seconds(row, "duration")
            end = None if duration is None else start + duration
        if tier.kind == "instants":
            return start
        if end is None:
            raise _RowError(f"no end or duration, which tier '{tier.name}' needs")
        return end

    def _tier_and_label(self, word: str, tier: str) -> tuple[Tier, str]:
        tiers = [item for item in self.domain.tiers if not tier or item.name == tier]
        if not tiers:
            hint = did_you_mean(tier, [item.name for item in self.domain.tiers])
            raise _RowError(f"unknown tier '{tier}'" + (f", {hint}" if hint else ""))
        found = _matches(word, tiers)
        if len(found) == 1:
            return found[0]
        if found:
            names = " and ".join(f"'{item.name}'" for item, _ in found)
            raise _RowError(f"label '{word}' is in tiers {names}, so a column 'tier' is needed")
        known = [label.name for item in tiers for label in item.labels]
        hint = did_you_mean(word, known)
        raise _RowError(f"unknown label '{word}'" + (f", {hint}" if hint else ""))

    def _check_view(self, view: str) -> None:
        if view and view not in [item.name for item in self.domain.views]:
            hint = did_you_mean(view, [item.name for item in self.domain.views])
            raise _RowError(f"unknown view '{view}'" + (f", {hint}" if hint else ""))

    def _field_columns(self) -> dict[int, RegionField]:
        by_name = {item.name: item for item in self.domain.fields}
        taken = set(self.where.values())
        return {
            index: by_name[name]
            for index, header in enumerate(self.table.headers)
            if (name := header.strip().lower()) in by_name and index not in taken
        }

    def _field(self, cell: Cell, item: RegionField) -> FieldValue | None:
        if isinstance(cell, list | tuple):
            return tuple(str(value) for value in cell) if cell else None
        text = _as_text(cell)
        if not text or (item.kind in ("number", "rating") and is_missing(text)):
            return None
        if item.kind in ("number", "rating"):
            number = to_number(text, self.table.decimal)
            if number is None:
                raise _RowError(f"field '{item.name}' is '{text}', not a number")
            return number
        if item.multiple:
            return tuple(part.strip() for part in text.split("|") if part.strip())
        return text

    def _seconds(self, row: Sequence[Cell], role: str) -> float | None:
        number = self._number(row, role)
        if number is None:
            return None
        unit = unit_of(self.table.headers[self.where[role]], self.options, self.place) or "s"
        return number * NANOSECONDS[unit] / 1e9

    def _number(self, row: Sequence[Cell], role: str) -> float | None:
        text = self._text(row, role)
        number = to_number(text, self.table.decimal)
        if number is None:
            remedy = " (seconds from the start of the recording)" if role != "score" else ""
            raise _RowError(f"{role} is '{text}', not a number{remedy}")
        return None if math.isnan(number) else number

    def _text(self, row: Sequence[Cell], role: str) -> str:
        return _as_text(row[self.where[role]]) if role in self.where else ""


def _as_text(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()


def _matches(word: str, tiers: Sequence[Tier]) -> list[tuple[Tier, str]]:
    """Tiers and labels that a word means: by name, else by standard code, else in any case."""
    labels = [(tier, label) for tier in tiers for label in tier.labels]
    by_name = [(tier, label.name) for tier, label in labels if label.name == word]
    by_code = [(tier, label.name) for tier, label in labels if word and label.code == word]
    folded = [(t, label.name) for t, label in labels if label.name.lower() == word.lower()]
    return by_name or by_code or folded


def _refuse(problems: Mapping[str, Sequence[int]], place: str) -> None:
    """Refuses a table with rows that cannot be used.

    Raises:
        DataError: There are some.
    """
    if not problems:
        return
    shown = []
    for text, rows in list(problems.items())[:_SHOWN]:
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        shown.append(f"row {rows[0]}{more}: {text}")
    left = len(problems) - len(shown)
    count = sum(map(len, problems.values()))
    rest = f"; and {left} other problem{'s' if left > 1 else ''}" if left else ""
    raise DataError(
        f"{place}: {count} row{'s' if count > 1 else ''} cannot be used: {'; '.join(shown)}{rest}",
        "Correct the rows, or add the labels to tslab.yaml.",
    )
