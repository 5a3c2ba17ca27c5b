"""CSV and Parquet: one row for each span, region fields as columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tslab import files
from tslab.annotation import Annotation
from tslab.domain import Domain
from tslab.spans import FieldValue, Span, sort_key

if TYPE_CHECKING:
    import pyarrow as pa

    from tslab.recording import Recording

FIRST = (
    *("recording", "view", "annotator", "ground_truth", "lead_time"),
    *("tier", "label", "code", "start", "end", "score", "id", "origin"),
)
SEPARATOR = "|"
"""Between several choices of one field."""

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet would run, and what we wrote in its place."""


@dataclass(frozen=True, slots=True)
class TableExporter:
    """Writes ``annotations.csv`` or ``annotations.parquet`` for the whole project.

    Times are seconds from the start of the recording; text of a cell that a spreadsheet would take
    for a formula is written with an apostrophe in CSV.
    """

    name: str
    title: str
    scope: Literal["recording", "project"] = "project"

    def write(
        self,
        annotations: Sequence[Annotation],
        recordings: Mapping[str, Recording],
        folder: Path,
        domain: Domain,
    ) -> list[Path]:
        """Writes one table of all annotations.

        Raises:
            ProjectError: The file cannot be written.
        """
        del recordings
        import pyarrow.csv
        import pyarrow.parquet

        path = folder / f"annotations.{self.name}"
        table = to_table(annotations, domain, for_spreadsheet=self.name == "csv")
        if self.name == "csv":
            files.write_whole(path, lambda beside: pyarrow.csv.write_csv(table, beside))
        else:
            files.write_whole(path, lambda beside: pyarrow.parquet.write_table(table, beside))
        return [path]

    def read(
        self, paths: Sequence[Path], recordings: Mapping[str, Recording], domain: Domain
    ) -> list[Annotation]:
        """Annotations with the same spans; extents and task fields are not in a table."""
        del recordings
        import pyarrow.csv
        import pyarrow.parquet

        if self.name == "csv":
            # Everything as text: a note that reads "1" must come back as a text.
            lines = pyarrow.csv.ParseOptions(newlines_in_values=True)
            names = pyarrow.csv.read_csv(paths[0], parse_options=lines).column_names
            options = pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            )
            table = pyarrow.csv.read_csv(paths[0], parse_options=lines, convert_options=options)
            rows = [
                {key: value if value is None else _as_written(value) for key, value in row.items()}
                for row in table.to_pylist()
            ]
        else:
            rows = pyarrow.parquet.read_table(paths[0]).to_pylist()
        return from_rows(rows, domain)


def to_table(
    annotations: Sequence[Annotation], domain: Domain, *, for_spreadsheet: bool
) -> pa.Table:
    """All spans as an Arrow table, sorted by recording, view, annotator and time."""
    import pyarrow as pa

    rows = [
        _row(annotation, span, domain)
        for annotation in sorted(annotations, key=lambda a: (a.recording, a.view, a.annotator))
        for span in sorted(annotation.spans, key=sort_key)
    ]
    columns: dict[str, Any] = {}
    for key in (*FIRST, *(item.name for item in domain.fields)):
        values = [row.get(key) for row in rows]
        if for_spreadsheet:
            values = [_harmless(value) for value in values]
        columns[key] = pa.array(values, type=_column_type(key, domain))
    return pa.table(columns)


def _column_type(key: str, domain: Domain) -> pa.DataType:
    import pyarrow as pa

    kinds = {item.name: item.kind for item in domain.fields}
    if key in {"start", "end", "score", "lead_time"} or kinds.get(key) in {"rating", "number"}:
        return pa.float64()
    return pa.bool_() if key == "ground_truth" else pa.string()


def _row(annotation: Annotation, span: Span, domain: Domain) -> dict[str, object]:
    tier = next((tier for tier in domain.tiers if tier.name == span.tier), None)
    label = tier.label(span.label) if tier else None
    row: dict[str, object] = {
        "recording": annotation.recording,
        "view": annotation.view,
        "annotator": annotation.annotator,
        "ground_truth": annotation.ground_truth,
        "lead_time": annotation.lead_time,
        "tier": span.tier,
        "label": span.label,
        "code": label.code if label else "",
        "start": span.start,
        "end": span.end,
        "score": span.score,
        "id": span.id,
        "origin": span.origin,
    }
    for key, value in span.fields.items():
        row[key] = SEPARATOR.join(value) if isinstance(value, tuple) else value
    return row


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def from_rows(rows: Sequence[Mapping[str, Any]], domain: Domain) -> list[Annotation]:
    """Annotations of table rows, grouped by recording, view and annotator."""
    grouped: dict[tuple[Any, ...], list[Span]] = {}
    for row in rows:
        truth = str(row["ground_truth"]).lower() == "true"
        lead = None if row["lead_time"] in (None, "") else float(row["lead_time"])
        key = (row["recording"], row["view"] or "", row["annotator"], truth, lead)
        grouped.setdefault(key, []).append(_span(row, domain))
    return [
        Annotation(
            recording=recording,
            view=view,
            annotator=annotator,
            ground_truth=truth,
            lead_time=lead,
            spans=sorted(spans, key=sort_key),
        )
        for (recording, view, annotator, truth, lead), spans in grouped.items()
    ]


def _span(row: Mapping[str, Any], domain: Domain) -> Span:
    fields: dict[str, FieldValue] = {}
    for item in domain.fields:
        value = row.get(item.name)
        if value is None or value == "":
            continue
        if item.kind in {"rating", "number"}:
            fields[item.name] = float(value)
        elif item.multiple:
            fields[item.name] = tuple(str(value).split(SEPARATOR))
        else:
            fields[item.name] = str(value)
    score = row["score"]
    return Span(
        start=float(row["start"]),
        end=float(row["end"]),
        label=row["label"],
        tier=row["tier"],
        score=None if score in (None, "") else float(score),
        fields=fields,
        id=row["id"] or "",
        origin=row["origin"] or "",
    )


def _as_written(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
