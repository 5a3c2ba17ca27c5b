"""What a project holds as data frames, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tslab.annotation import Annotation
from tslab.recording_table import TABLE_COLUMNS, RecordingEntry
from tslab.spans import Span

if TYPE_CHECKING:
    import pandas as pd

SPAN_COLUMNS = ("tier", "label", "start", "end", "score", "id", "origin")


def recordings_frame(entries: Iterable[RecordingEntry]) -> pd.DataFrame:
    """One row for each recording."""
    rows = [
        {
            "id": entry.id,
            "sha256": entry.sha256,
            "duration": entry.duration,
            "channels": list(entry.channels),
            "units": list(entry.units),
            "sampling_rates": list(entry.sampling_rates),
            **entry.metadata,
        }
        for entry in entries
    ]
    return _frame(rows, TABLE_COLUMNS)


def annotations_frame(annotations: Sequence[Annotation]) -> pd.DataFrame:
    """One row for each annotated span."""
    rows = [
        {
            "recording": annotation.recording,
            "view": annotation.view,
            "annotator": annotation.annotator,
            "ground_truth": annotation.ground_truth,
            "lead_time": annotation.lead_time,
            **span_row(span),
        }
        for annotation in annotations
        for span in annotation.spans
    ]
    first = ("recording", "view", "annotator", "ground_truth", "lead_time")
    return _frame(rows, (*first, *SPAN_COLUMNS))


def predictions_frame(
    predicted: Mapping[str, Mapping[str, Sequence[Span]]],
) -> pd.DataFrame:
    """One row for each predicted span.

    Args:
        predicted: Spans by model version and recording.
    """
    rows = [
        {"recording": recording, "model_version": version, **span_row(span)}
        for version, recordings in predicted.items()
        for recording, spans in recordings.items()
        for span in spans
    ]
    return _frame(rows, ("recording", "model_version", *SPAN_COLUMNS))


def span_row(span: Span) -> dict[str, Any]:
    """A span as columns: tier, label, start and end in seconds, score, id, origin, fields."""
    return {
        "tier": span.tier,
        "label": span.label,
        "start": span.start,
        "end": span.end,
        "score": span.score,
        "id": span.id,
        "origin": span.origin,
        **span.fields,
    }


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a frame, with its columns also where there is no row."""
    import pandas as pd

    return pd.DataFrame(rows, columns=None if rows else list(columns))
