"""The domain ``iot``: anomalies in machine telemetry, as hooks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tslab import (
    AgreementMetric,
    Domain,
    Recording,
    SampleRecording,
    SegmenterSpec,
    Signal,
    Span,
    hookimpl,
)

if TYPE_CHECKING:
    from tslab_iot_maintenance.synthetic import Machine

HOOK_API = 1


@hookimpl
def tslab_domain() -> Domain:
    """Labels of shape, ISO 14224 fields, any channels."""
    from tslab_iot_maintenance.ontology import DOMAIN

    return DOMAIN


@hookimpl
def tslab_segmenters(domain: Domain) -> Sequence[SegmenterSpec]:
    """Rules and a cross-channel residual that need no labels."""
    del domain
    from tslab_iot_maintenance.segmenter import RuleSegmenter

    return [
        SegmenterSpec(
            "iot-rules", "Typed rules and a cross-channel residual, no labels", RuleSegmenter
        )
    ]


@hookimpl
def tslab_agreement_metrics(domain: Domain) -> Sequence[AgreementMetric]:
    """Range-based precision and recall, affiliation, detection delay, the score of NAB."""
    del domain
    from tslab_iot_maintenance.comparisons import metrics

    return metrics()


@hookimpl
def tslab_sample_recordings(domain: Domain) -> Sequence[SampleRecording]:
    """Three made-up pumps with planted faults."""
    return [_machine(domain, number) for number in range(3)]


def _machine(domain: Domain, number: int) -> SampleRecording:
    from tslab_iot_maintenance.ontology import failure_mode, mechanism
    from tslab_iot_maintenance.synthetic import synthesize_machine

    machine = synthesize_machine(seed=number, seconds=5400.0)
    signals = [
        Signal.from_array(name, values, 1.0, machine.units[name])
        for name, values in machine.values.items()
    ]
    labels = {label.code: label.name for label in domain.tier("anomaly").labels}
    truth = [
        Span(
            start=planted.start,
            end=planted.end,
            label=labels[planted.code],
            tier="anomaly",
            fields={
                "failure_mode": failure_mode(planted.failure_mode),
                "mechanism": mechanism(planted.mechanism),
                "severity": str(planted.severity),
                "channel": (planted.channel,),
            },
        )
        for planted in machine.truth
        if planted.code in labels
    ]
    name = f"pump-{number + 1}"
    recording = Recording(id=name, signals=signals, duration=float(len(machine.times)))
    metadata = {
        "machine": f"Pump P-10{number + 1}",
        "site": ("north", "south", "south")[number],
        "history": ("bearing replaced 2 years ago", "alignment checked last spring", "new seal")[
            number
        ],
    }
    return SampleRecording(
        name, recording, truth, metadata, lambda folder: _write(machine, folder, name)
    )


def _write(machine: Machine, folder: Path, name: str) -> Path:
    """A CSV as a historian exports it: semicolons, ISO time, units in the header, empty cells."""
    import numpy as np

    start = np.datetime64("2026-03-02T06:00:00")
    header = ["timestamp", *(f"{key} [{machine.units[key]}]" for key in machine.values)]
    lines = [";".join(header)]
    columns = list(machine.values.values())
    for row, seconds in enumerate(machine.times):
        cells = ["" if np.isnan(column[row]) else f"{column[row]:.3f}" for column in columns]
        lines.append(";".join([str(start + np.timedelta64(int(seconds), "s")), *cells]))
    path = folder / f"{name}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
