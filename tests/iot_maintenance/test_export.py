"""Labels of machine telemetry as tables: read back by pandas, by pyarrow and by tslab."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tslab import Annotation, Recording, SampleRecording
from tslab.exporters.tables import TableExporter
from tslab.plugin_manager import load_domain
from tslab_iot_maintenance.iot import tslab_sample_recordings
from tslab_iot_maintenance.ontology import DOMAIN
from tslab_iot_maintenance.segmenter import RuleSegmenter

FORMATS = ("csv", "parquet")
NOTE = '=1+1; "loud", über'


@pytest.fixture(scope="module")
def samples() -> list[SampleRecording]:
    return list(tslab_sample_recordings(DOMAIN))


def annotations_of(samples: list[SampleRecording]) -> list[Annotation]:
    """Two annotators on three machines; the second leaves notes and ratings."""
    found = []
    for sample in samples:
        truth = list(sample.truth)
        again = [
            replace(
                s, fields={**s.fields, "note": NOTE, "quality": i % 5 + 1.0}, id=f"r{i}", score=0.5
            )
            for i, s in enumerate(truth)
        ]
        name = sample.recording.id
        found.append(Annotation(name, "anna", truth, view="anomalies"))
        found.append(Annotation(name, "ben", again, view="anomalies", lead_time=12.5))
    return found


def written(kind: str, annotations: list[Annotation], folder: Path) -> Path:
    recordings: dict[str, Recording] = {}
    (path,) = TableExporter(kind, "").write(annotations, recordings, folder, DOMAIN)
    return path


def as_frame(kind: str, path: Path) -> pd.DataFrame:
    if kind == "csv":
        return pd.read_csv(path, dtype={"severity": "string", "code": "string"})
    return pd.read_parquet(path)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_table_has_a_row_for_each_span(
    kind: str, samples: list[SampleRecording], tmp_path: Path
) -> None:
    annotations = annotations_of(samples)
    frame = as_frame(kind, written(kind, annotations, tmp_path))
    assert len(frame) == sum(len(a.spans) for a in annotations)
    rows = frame.sort_values(["recording", "annotator", "start", "end", "label"])
    truth = sorted(
        (a.recording, a.annotator, s.start, s.end, s.label) for a in annotations for s in a.spans
    )
    columns = ["recording", "annotator", "start", "end", "label"]
    assert [tuple(row) for row in rows[columns].itertuples(index=False)] == truth


@pytest.mark.parametrize("kind", FORMATS)
def test_codes_and_answers_are_columns(
    kind: str, samples: list[SampleRecording], tmp_path: Path
) -> None:
    frame = as_frame(kind, written(kind, annotations_of(samples), tmp_path))
    codes = {label.name: label.code for label in DOMAIN.tier("anomaly").labels}
    assert [codes[name] for name in frame["label"]] == list(frame["code"])
    field = next(item for item in DOMAIN.fields if item.name == "failure_mode")
    assert set(frame["failure_mode"].dropna()) <= {choice.value for choice in field.choices}
    assert set(frame["severity"].dropna()) <= {"0", "1", "2", "3", "4"}
    ben = frame[frame["annotator"] == "ben"]
    assert set(ben["lead_time"]) == {12.5}
    assert set(ben["quality"]) <= {1.0, 2.0, 3.0, 4.0, 5.0}


def test_csv_and_parquet_say_the_same(samples: list[SampleRecording], tmp_path: Path) -> None:
    annotations = annotations_of(samples)
    csv, parquet = (as_frame(kind, written(kind, annotations, tmp_path)) for kind in FORMATS)
    assert list(csv.columns) == list(parquet.columns)
    for name in ("start", "end", "score", "quality"):
        pd.testing.assert_series_equal(
            csv[name], parquet[name], check_exact=True, check_dtype=False
        )
    for name in ("label", "failure_mode", "mechanism", "severity", "channel", "annotator"):
        assert list(csv[name].fillna("")) == list(parquet[name].fillna("")), name


def test_a_spreadsheet_does_not_run_a_note(samples: list[SampleRecording], tmp_path: Path) -> None:
    annotations = annotations_of(samples)
    csv, parquet = (as_frame(kind, written(kind, annotations, tmp_path)) for kind in FORMATS)
    assert set(csv["note"].dropna()) == {'\'=1+1; "loud", über'}
    assert set(parquet["note"].dropna()) == {'=1+1; "loud", über'}


@pytest.mark.parametrize("kind", FORMATS)
def test_tslab_reads_back_what_it_wrote(
    kind: str, samples: list[SampleRecording], tmp_path: Path
) -> None:
    annotations = annotations_of(samples)
    path = written(kind, annotations, tmp_path)
    again = TableExporter(kind, "").read([path], {}, DOMAIN)
    assert {(a.recording, a.annotator): _set(a) for a in again} == {
        (a.recording, a.annotator): _set(a) for a in annotations
    }


def _set(annotation: Annotation) -> set[tuple[object, ...]]:
    return {
        (s.start, s.end, s.label, s.tier, s.score, s.id, tuple(sorted(s.fields.items())))
        for s in annotation.spans
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_predictions_are_exported_too(
    kind: str, samples: list[SampleRecording], tmp_path: Path
) -> None:
    recording = samples[0].recording
    spans = RuleSegmenter(DOMAIN).segment(recording)
    path = written(kind, [Annotation(recording.id, "iot-rules 0.1", spans)], tmp_path)
    frame = as_frame(kind, path)
    assert list(frame["score"]) == [s.score for s in sorted(spans, key=lambda s: (s.start, s.end))]
    (again,) = TableExporter(kind, "").read([path], {}, DOMAIN)
    assert {s.fields["channel"] for s in again.spans} == {s.fields["channel"] for s in spans}


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_is_a_table_without_rows(kind: str, tmp_path: Path) -> None:
    frame = as_frame(kind, written(kind, [], tmp_path))
    assert len(frame) == 0
    assert {"recording", "start", "end", "failure_mode"} <= set(frame.columns)


def test_the_domain_offers_both() -> None:
    plugins, domain = load_domain("iot")
    names = [exporter.name for exporter in plugins.exporters(domain)]
    assert set(FORMATS) <= set(names)
    assert len(set(names)) == len(names)
