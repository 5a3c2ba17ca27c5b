"""Readings of an ECG, and what a WFDB annotation file says of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import wfdb

from tslab import Annotation, Domain, Recording, Signal, Span
from tslab_ecg_eeg.ecg_ontology import DOMAIN
from tslab_ecg_eeg.wfdb_annotations import WfdbExporter

DATA = Path(os.environ.get("TSLAB_DATA", Path(__file__).parents[2] / "../shared/data")) / "ecg"
RECORDS = sorted(DATA.glob("*/*.atr")) if DATA.is_dir() else []
needs_data = pytest.mark.skipif(not RECORDS, reason=f"no real data in {DATA}")
EXPORTER = WfdbExporter()
CODES = {tier.name: {x.name: x.code for x in tier.labels} for tier in DOMAIN.tiers}
RATE = 250.0


def recording(seconds: float = 60.0, *rates: float, name: str = "rec-a") -> Recording:
    leads = [
        Signal.from_array(f"V{i}", np.zeros(round(seconds * rate)), rate, "mV")
        for i, rate in enumerate(rates or (RATE,), 1)
    ]
    return Recording(id=name, signals=leads, duration=seconds)


def export(
    spans: Sequence[Span],
    of: Recording,
    folder: Path,
    domain: Domain = DOMAIN,
    annotator: str = "anna@example.org",
) -> Path:
    (path,) = EXPORTER.write([Annotation(of.id, annotator, spans)], {of.id: of}, folder, domain)
    return path


def again(path: Path, of: Recording, domain: Domain = DOMAIN) -> list[Span]:
    (annotation,) = EXPORTER.read([path], {of.id: of}, domain)
    return list(annotation.spans)


def key(span: Span, rate: float = RATE) -> tuple[object, ...]:
    place = (round(span.start * rate), round(span.end * rate))
    return (span.tier, *place, span.label, span.fields.get("note", ""))


def keys(spans: Sequence[Span], rate: float = RATE) -> list[tuple[object, ...]]:
    return sorted((key(span, rate) for span in spans), key=str)


def marks_of(path: Path) -> list[tuple[int, str, str]]:
    found = wfdb.rdann(str(path.with_suffix("")), path.suffix[1:])
    aux = [(text or "").strip("\x00") for text in found.aux_note]
    return list(zip((int(n) for n in found.sample), found.symbol, aux, strict=True))


def rhythm(start: float, end: float, name: str, note: str = "") -> Span:
    return Span(start, end, name, "rhythm", fields={"note": note} if note else {})


def beat(at: float, name: str = "Normal beat", note: str = "") -> Span:
    return Span(at, at, name, "beats", fields={"note": note} if note else {})
