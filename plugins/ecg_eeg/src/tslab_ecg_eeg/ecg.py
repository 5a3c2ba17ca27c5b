"""The domain ``ecg``: rhythm and beats, as hooks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tslab import (
    AgreementMetric,
    Annotation,
    Domain,
    Exporter,
    Recording,
    SampleRecording,
    SegmenterSpec,
    Signal,
    Source,
    Span,
    hookimpl,
)

if TYPE_CHECKING:
    from tslab_ecg_eeg.synthetic import SyntheticEcg

HOOK_API = 1


@hookimpl
def tslab_domain() -> Domain:
    """Rhythm states and beat instants with WFDB codes."""
    from tslab_ecg_eeg.ecg_ontology import DOMAIN

    return DOMAIN


@hookimpl
def tslab_derived_channels(recording: Recording, domain: Domain) -> Sequence[Signal]:
    """Heart rate, from which rhythms are read first; a recorded one is left as it is."""
    if domain.channel("HR") is None or "HR" in recording.channel_names:
        return []
    from tslab_ecg_eeg.ecg_segmenter import heart_rate

    return [heart_rate(recording)]


@hookimpl
def tslab_read_annotations(source: Source, domain: Domain) -> Sequence[Annotation] | None:
    """WFDB annotation files beside their header."""
    from tslab_ecg_eeg.wfdb_annotations import read_annotations

    return read_annotations(source, domain)


@hookimpl
def tslab_segmenters() -> Sequence[SegmenterSpec]:
    """R peaks and rhythm rules."""
    from tslab_ecg_eeg.ecg_segmenter import RuleSegmenter

    title = "R peaks, atrial fibrillation from RR irregularity, pauses, brady- and tachycardia"
    return [SegmenterSpec("ecg-rules", title, RuleSegmenter)]


@hookimpl
def tslab_exporters() -> Sequence[Exporter]:
    """WFDB annotation files."""
    from tslab_ecg_eeg.wfdb_annotations import WfdbExporter

    return [WfdbExporter()]


@hookimpl
def tslab_agreement_metrics(domain: Domain) -> Sequence[AgreementMetric]:
    """Beats and episodes compared as EC57 defines it."""
    from tslab_ecg_eeg.comparisons import metrics

    return metrics(domain)


@hookimpl
def tslab_sample_recordings(domain: Domain) -> Sequence[SampleRecording]:
    """Three made-up Holter strips: paroxysmal AF, ectopy, slow rhythm with asystole."""
    from tslab_ecg_eeg.synthetic import Segment, synthesize_ecg

    plans = {
        "holter-1": [Segment("(N", 150), Segment("(AFIB", 90), Segment("(N", 60)],
        "holter-2": [
            Segment("(N", 80),
            Segment("(B", 40),
            Segment("(N", 60),
            Segment("(VT", 8),
            Segment("(N", 52),
        ],
        "holter-3": [
            Segment("(SBR", 90),
            Segment("(N", 60),
            Segment("(ASYS", 5),
            Segment("(N", 85),
        ],
    }
    people = (
        {
            "age_band": "70-79",
            "sex": "f",
            "device": "Holter, 2 leads",
            "indication": "palpitations",
        },
        {"age_band": "50-59", "sex": "m", "device": "Holter, 2 leads", "indication": "extra beats"},
        {"age_band": "80-89", "sex": "f", "device": "Patch, 2 leads", "indication": "syncope"},
    )
    samples = []
    for number, ((name, plan), person) in enumerate(zip(plans.items(), people, strict=True)):
        made = synthesize_ecg(plan, sampling_rate=250.0, seed=number + 1)
        samples.append(_sample(name, made, person, domain))
    return samples


def _sample(
    name: str, made: SyntheticEcg, person: dict[str, str], domain: Domain
) -> SampleRecording:
    codes = {tier.name: {x.code: x.name for x in tier.labels} for tier in domain.tiers}
    rate = made.sampling_rate
    signals = [
        Signal.from_array(lead, values, rate, "mV")
        for lead, values in zip(("II", "V5"), made.leads, strict=True)
    ]
    truth = [
        Span(state.start, state.end, codes["rhythm"][state.code], "rhythm", fields={"quality": 4.0})
        for state in made.states
        if state.code in codes.get("rhythm", {})
    ]
    for peak, wide in zip(made.r_peaks, made.ventricular, strict=True):
        label = codes.get("beats", {}).get("V" if wide else "N")
        if label is not None:
            truth.append(Span(float(peak / rate), float(peak / rate), label, "beats"))
    recording = Recording(id=name, signals=signals, duration=len(made.leads[0]) / rate)
    return SampleRecording(
        name, recording, truth, person, lambda folder: _write(name, made, folder)
    )


def _write(name: str, made: SyntheticEcg, folder: Path) -> Path:
    """A WFDB record, as a Holter system exports it."""
    import numpy as np
    import wfdb

    wfdb.wrsamp(
        name,
        fs=made.sampling_rate,
        units=["mV", "mV"],
        sig_name=["II", "V5"],
        p_signal=np.column_stack(made.leads),
        fmt=["16", "16"],
        write_dir=str(folder),
    )
    return folder / f"{name}.hea"
