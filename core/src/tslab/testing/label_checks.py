"""Labels on their way: through the editor, checks, agreement and exports."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tslab.contracts import AgreementContext, Exporter
from tslab.label_studio.regions import from_regions, to_regions
from tslab.preparation.stitching import cut, stitch
from tslab.preparation.task_table import row_ticks
from tslab.spans import FieldValue, Span, sort_key
from tslab.testing.subject import (
    MOST_SAMPLES,
    ContractFailure,
    Sample,
    Subject,
    WithSubject,
    expect,
    not_applicable,
)

if TYPE_CHECKING:
    from tslab.annotation import Annotation
    from tslab.contracts import Finding
    from tslab.domain import View
    from tslab.recording import Recording

Key = tuple[int, int, str, str, tuple[tuple[str, FieldValue], ...]]


class LabelChecks(WithSubject):
    """Checks about spans after somebody or something made them."""

    def test_labels_survive_the_editor(self) -> None:
        """Spans cut into tasks, sent as regions and pulled again are the same spans."""
        subject = self.subject()
        for sample in subject.samples[:MOST_SAMPLES]:
            for view in subject.views:
                spans = [span for span in sample.truth if span.tier in view.tiers]
                found = _through_the_editor(spans, sample, view, subject)
                states = {t.name for t in subject.domain.tiers if t.kind == "states"}
                lost = _keys(spans, states) - _keys(found, states)
                expect(
                    not lost,
                    f"sample '{sample.given.name}', view '{view.name}': {len(lost)} spans change "
                    f"on the way, one is {min(lost, default=None, key=str)}",
                )

    def test_check_annotation_accepts_the_truth(self) -> None:
        """A perfect annotation has no error; findings have a stable code and a remedy."""
        subject = self.subject()
        for sample in subject.samples[:MOST_SAMPLES]:
            for view in subject.views:
                annotation = sample.annotation(view, sample.truth)
                findings = _findings(subject, annotation, sample.recording)
                errors = [str(finding) for finding in findings if finding.severity == "error"]
                expect(not errors, f"truth of '{sample.given.name}': {' | '.join(errors[:2])}")

    def test_check_annotation_answers_about_silence(self) -> None:
        """An annotation without any span is checked, not choked on."""
        subject = self.subject()
        for sample in subject.samples[:1]:
            for view in subject.views:
                _findings(subject, sample.annotation(view, []), sample.recording)

    def test_metrics_are_perfect_with_themselves(self) -> None:
        """A reading agrees fully with itself (1, or 0 for an error), and not with silence."""
        subject = self.subject()
        metrics = subject.plugins.agreement_metrics(subject.domain)
        if not metrics:
            not_applicable("the domain offers no metric of its own")
        for metric in metrics:
            with subject.plugins.calling(metric, f"metric '{metric.name}', comparing"):
                for sample in subject.samples[:1]:
                    kinds = {t.name for t in subject.domain.tiers if t.kind in metric.tier_kinds}
                    spans = [span for span in sample.truth if span.tier in kinds]
                    if not spans:
                        continue
                    context = AgreementContext(
                        domain=subject.domain,
                        extents=((0.0, sample.recording.duration),),
                        annotators=("annotator-1", "annotator-2"),
                        recording=sample.recording,
                    )
                    same = metric.value(metric.components(spans, spans, context))
                    silence = metric.value(metric.components(spans, [], context))
                    expect(
                        same is None or abs(same - 1) < 1e-9 or abs(same) < 1e-9,
                        f"metric '{metric.name}' of a reading with itself is {same}, not 1 or 0",
                    )
                    expect(
                        same is None or same != silence,
                        f"metric '{metric.name}' is {same} with itself and with silence",
                    )

    def test_exporters_write_and_read_back(self) -> None:
        """Each writes files into its folder; what it can read again is what was written."""
        subject = self.subject()
        sample = subject.samples[0]
        annotations = [sample.annotation(view, sample.truth) for view in subject.views]
        for exporter in subject.plugins.exporters(subject.domain):
            expect(
                exporter.scope in ("recording", "project"),
                f"exporter '{exporter.name}': scope is '{exporter.scope}'",
            )
            groups = [annotations] if exporter.scope == "project" else [[a] for a in annotations]
            for group in groups:
                with subject.plugins.calling(exporter, f"exporter '{exporter.name}', writing"):
                    _write_and_read(exporter, group, sample, subject)


def _through_the_editor(
    spans: Sequence[Span], sample: Sample, view: View, subject: Subject
) -> list[Span]:
    tasks = sample.tasks_of(view.name)
    pulled: dict[str, list[Span]] = {}
    for task_id, parts in cut(spans, tasks).items():
        task = next(task for task in tasks if task.id == task_id)
        results, exact = to_regions(parts, task, row_ticks(task, sample.recording), subject.domain)
        reading = from_regions(json.loads(json.dumps(results)), task, subject.domain, exact)
        expect(not reading.findings, f"task '{task_id}': {reading.findings[:1]}")
        pulled[task_id] = reading.spans
    whole, findings = stitch(pulled, tasks, subject.domain)
    expect(not findings, f"view '{view.name}': {findings[:1]}")
    return whole


def _keys(spans: Sequence[Span], states: set[str]) -> set[Key]:
    """What must not change; equal states that touch count as one, because `pull` joins them."""
    found: list[Key] = []
    open_states: dict[tuple[str, str], int] = {}
    for span in sorted(spans, key=sort_key):
        if span.tier not in states:
            fields = tuple(sorted(span.fields.items()))
            found.append((span.start_us, span.end_us, span.tier, span.label, fields))
            continue
        key = (span.tier, span.label)
        number = open_states.get(key)
        if number is not None and found[number][1] == span.start_us:
            found[number] = (found[number][0], span.end_us, *key, ())
        else:
            open_states[key] = len(found)
            found.append((span.start_us, span.end_us, *key, ()))
    return set(found)


def _findings(subject: Subject, annotation: Annotation, recording: Recording) -> list[Finding]:
    findings = subject.plugins.check_annotation(annotation, recording, subject.domain)
    for finding in findings:
        expect(
            re.fullmatch(r"[A-Z]+[0-9]{3}", finding.code),
            f"finding code '{finding.code}' is not capital letters and three digits",
        )
        expect(finding.message.strip(), f"finding {finding.code} has no message")
    return findings


def _write_and_read(
    exporter: Exporter, annotations: list[Annotation], sample: Sample, subject: Subject
) -> None:
    recordings: Mapping[str, Recording] = {sample.recording.id: sample.recording}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = list(exporter.write(annotations, recordings, folder, subject.domain))
        for path in paths:
            inside = Path(path).exists() and Path(path).resolve().is_relative_to(folder.resolve())
            expect(inside, f"exporter '{exporter.name}' names '{path}', which is not in its folder")
        marked = any(annotation.spans for annotation in annotations)
        expect(paths or not marked, f"exporter '{exporter.name}' wrote no file")
        read = exporter.read(paths, recordings, subject.domain) if paths else None
    if read is None:
        return
    written = [span for annotation in annotations for span in annotation.spans]
    _compare(exporter, written, [span for annotation in read for span in annotation.spans], sample)


def _compare(
    exporter: Exporter, written: Sequence[Span], read: Sequence[Span], sample: Sample
) -> None:
    """Tiers that the format carries come back whole, to a sample or a millisecond."""
    close = max(1e-3, 1 / max(signal.sampling_rate for signal in sample.recording.signals))
    carried = {span.tier for span in read}
    kept = sorted((span for span in written if span.tier in carried), key=sort_key)
    same = len(kept) == len(read) and all(
        a.label == b.label
        and a.tier == b.tier
        and abs(a.start - b.start) <= close
        and abs(a.end - b.end) <= close
        for a, b in zip(kept, sorted(read, key=sort_key), strict=True)
    )
    if not same:
        raise ContractFailure(
            f"exporter '{exporter.name}' wrote {len(kept)} spans and reads back {len(read)} others",
            "read must give back what write was given, to a sample.",
        )
