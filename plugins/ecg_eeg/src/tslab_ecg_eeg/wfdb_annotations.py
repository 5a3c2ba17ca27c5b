"""WFDB annotation files: written from spans, read back as the same spans.

Beats are annotations with their symbol at the R peak. A rhythm is a `+` annotation whose aux string
starts it; it lasts until the next one. Where a rhythm ends and nothing was labelled, the extension
``(UNLABELLED`` ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tslab import Annotation, DataError, Domain, Recording, Source, Span
from tslab_ecg_eeg.ecg_ontology import UNLABELLED

RHYTHM_SYMBOL = "+"
READABLE = re.compile(r"^\.(atr|ari|ann|qrs|ecg|man|ref|tst|pu\d?|rhy|beats|epic|[a-z]{2,4})$")
ALIASES = {"(NSR": "(N", "(J": "(NOD", "(PM": "(P", "(VFIB": "(VF"}
"""Codes of other databases for the same rhythm."""

Mark = tuple[int, str, str]
"""Sample number, symbol, aux string."""


@dataclass(frozen=True, slots=True)
class WfdbExporter:
    """Writes one annotation file for each recording and annotator: ``ANNOTATOR/RECORDING.atr``."""

    name: str = "wfdb"
    title: str = "WFDB annotations: beats by symbol, rhythms by aux string"
    scope: Literal["recording", "project"] = "recording"

    def write(
        self,
        annotations: Sequence[Annotation],
        recordings: Mapping[str, Recording],
        folder: Path,
        domain: Domain,
    ) -> list[Path]:
        """Writes the file of one annotator's readings of one recording.

        Raises:
            DataError: Two rhythms overlap, or the recording has no rate.
        """
        import numpy as np
        import wfdb

        recording = recordings[annotations[0].recording]
        rate = label_rate(recording)
        spans = [span for annotation in annotations for span in annotation.spans]
        marks = sorted([*_beat_marks(spans, rate, domain), *_rhythm_marks(spans, rate, domain)])
        place = folder / _safe(annotations[0].annotator)
        place.mkdir(exist_ok=True)
        path = place / f"{recording.id}.atr"
        if not marks:
            path.unlink(missing_ok=True)
            return []
        wfdb.wrann(
            recording.id,
            "atr",
            np.array([mark[0] for mark in marks]),
            [mark[1] for mark in marks],
            aux_note=[mark[2] for mark in marks],
            fs=rate,
            write_dir=str(place),
        )
        return [path]

    def read(
        self, paths: Sequence[Path], recordings: Mapping[str, Recording], domain: Domain
    ) -> list[Annotation]:
        """The readings in annotation files."""
        return [
            Annotation(
                recording=path.stem,
                annotator=path.parent.name,
                spans=read_spans(path, recordings[path.stem], domain),
            )
            for path in paths
        ]


def label_rate(recording: Recording) -> float:
    """Rate in Hz in which annotations count samples: that of the fastest recorded lead."""
    return max(s.sampling_rate for s in recording.signals if not s.derived)


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "annotator"


def _beat_marks(spans: Sequence[Span], rate: float, domain: Domain) -> Iterator[Mark]:
    for span in spans:
        if span.tier == "beats":
            yield round(span.start * rate), _code_of(span, domain), ""


def _rhythm_marks(spans: Sequence[Span], rate: float, domain: Domain) -> Iterator[Mark]:
    """One mark where a rhythm starts, and one where nothing labelled follows it."""
    rhythms = sorted(
        (round(s.start * rate), round(s.end * rate), _code_of(s, domain))
        for s in spans
        if s.tier == "rhythm"
    )
    rhythms = [rhythm for rhythm in rhythms if rhythm[1] > rhythm[0]]
    for (start, end, code), following in zip(rhythms, [*rhythms[1:], None], strict=True):
        if following is not None and following[0] < end:
            raise DataError(
                f"the rhythms {code} and {following[2]} overlap at {following[0] / rate:.3f} s, "
                "which the WFDB format cannot hold",
                "Run 'tslab lint' and mend the overlap in Label Studio.",
            )
        yield start, RHYTHM_SYMBOL, code
        if following is None or following[0] > end:
            yield end, RHYTHM_SYMBOL, UNLABELLED


def _code_of(span: Span, domain: Domain) -> str:
    label = domain.tier(span.tier).label(span.label)
    return (label.code if label else "") or ('"' if span.tier == "beats" else f"({span.label}")


def read_annotations(source: Source, domain: Domain) -> list[Annotation] | None:
    """Annotations of a WFDB annotation file that lies beside its header; None for other files.

    Raises:
        DataError: The file cannot be read.
    """
    header = source.path.with_suffix(".hea")
    is_annotation = READABLE.match(source.path.suffix) and source.path.suffix not in {
        ".hea",
        ".dat",
    }
    if not is_annotation or not header.exists():
        return None
    import wfdb

    record = wfdb.rdheader(str(header.with_suffix("")))
    rate, length = float(record.fs), int(record.sig_len or 0)
    marks = _read_marks(source.path)
    spans = list(_spans_of(marks, rate, length, domain))
    return [Annotation(recording=source.path.stem, annotator=source.path.suffix[1:], spans=spans)]


def read_spans(path: Path, recording: Recording, domain: Domain) -> list[Span]:
    """Beats and rhythms of an annotation file, in seconds of the recording.

    Raises:
        DataError: The file cannot be read.
    """
    rate = label_rate(recording)
    return list(_spans_of(_read_marks(path), rate, round(recording.duration * rate), domain))


def _read_marks(path: Path) -> list[Mark]:
    import wfdb

    try:
        found: Any = wfdb.rdann(str(path.with_suffix("")), path.suffix[1:])
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise DataError(f"'{path.name}' is no WFDB annotation file: {error}") from error
    aux = [(text or "").strip("\x00").strip() for text in found.aux_note]
    return list(zip((int(n) for n in found.sample), found.symbol, aux, strict=True))


def _spans_of(marks: Sequence[Mark], rate: float, length: int, domain: Domain) -> Iterator[Span]:
    tiers = {tier.name: {label.code: label.name for label in tier.labels} for tier in domain.tiers}
    beats, rhythms = tiers.get("beats", {}), tiers.get("rhythm", {})
    changes = [mark for mark in marks if mark[1] == RHYTHM_SYMBOL and mark[2].startswith("(")]
    ends = [mark[0] for mark in changes[1:]] + [length]
    for (start, _, aux), end in zip(changes, ends, strict=True):
        name = rhythms.get(ALIASES.get(aux, aux))
        if name is not None and end > start:
            yield Span(start / rate, end / rate, name, "rhythm")
    for sample, symbol, _ in marks:
        if symbol in beats and sample >= 0:
            yield Span(sample / rate, sample / rate, beats[symbol], "beats")
