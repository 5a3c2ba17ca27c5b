"""Core's own implementation of every hook; asked after extensions and the domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tslab.hooks import hookimpl

if TYPE_CHECKING:
    from tslab.annotation import Annotation
    from tslab.contracts import (
        Exporter,
        Finding,
        PredictRequest,
        ReadOptions,
        Segmenter,
        SegmenterSpec,
        Source,
    )
    from tslab.domain import Domain
    from tslab.recording import Recording
    from tslab.spans import Span
    from tslab.task import Task


@hookimpl
def tslab_read_recording(source: Source, options: ReadOptions, domain: Domain) -> Recording | None:
    """CSV, JSON, Parquet, WFDB, EDF and BDF."""
    from tslab.readers import READERS

    for read_recording in READERS:
        recording = read_recording(source, options, domain)
        if recording is not None:
            return recording
    return None


@hookimpl
def tslab_read_annotations(
    source: Source, options: ReadOptions, domain: Domain
) -> Sequence[Annotation] | None:
    """Tables with a row for each span."""
    from tslab.readers.annotation_tables import read_annotations

    return read_annotations(source, options, domain)


@hookimpl
def tslab_make_tasks(recording: Recording, domain: Domain) -> Sequence[Task]:
    """Windows of each view's length, split at long gaps, within the editor's limits."""
    from tslab.preparation.windows import make_tasks

    return make_tasks(recording, domain)


@hookimpl
def tslab_labeling_config(domain: Domain, view: str, channels: Sequence[str]) -> str:
    """XML of tiers, fields and channels."""
    from tslab.label_studio.labeling_config import config_text, labeling_config

    return config_text(labeling_config(domain, view, channels))


@hookimpl
def tslab_segmenters(domain: Domain) -> Sequence[SegmenterSpec]:  # noqa: ARG001 - serves every domain
    """Two that learn from annotations: the default one, and a neural net."""
    from tslab.segmentation import SPECS

    return SPECS


@hookimpl
def tslab_predict(
    segmenter: Segmenter, recording: Recording, domain: Domain, request: PredictRequest
) -> Sequence[Span]:
    """The segmenter's spans of the asked view's tiers and stretch, or what is like the context."""
    tiers = {tier.name for tier in domain.tiers}
    if request.view:
        tiers = set(domain.view(request.view).tiers)
    end = recording.duration if request.end is None else request.end
    if request.context:
        from tslab.segmentation.similar import find_similar

        found: Sequence[Span] = find_similar(recording, request.context, domain, segmenter)
    else:
        found = segmenter.segment(recording)
    return [
        span
        for span in found
        if span.tier in tiers and span.start <= end and span.end >= request.start
    ]


@hookimpl
def tslab_check_annotation(
    annotation: Annotation, recording: Recording, domain: Domain
) -> Sequence[Finding]:
    """Bounds, overlap of states, wrong geometry, and stretches that no state covers."""
    from tslab.lint.annotation_check import check_annotation

    return check_annotation(annotation, recording, domain)


@hookimpl
def tslab_exporters(domain: Domain) -> Sequence[Exporter]:  # noqa: ARG001 - serves every domain
    """CSV, Parquet and JSON."""
    from tslab.exporters.json_files import JsonExporter
    from tslab.exporters.tables import TableExporter

    return [
        TableExporter("csv", "CSV, one row for each span"),
        TableExporter("parquet", "Parquet, one row for each span"),
        JsonExporter(),
    ]
