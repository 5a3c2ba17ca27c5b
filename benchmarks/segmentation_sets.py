"""Labelled sets for the segmenters' benchmarks, as the training examples that they learn from.

Real sets are read from `$TSLAB_DATA`, by default `../shared/data`; a function gives an empty list
where its data is absent. Samples are in memory, so that no training time holds reading.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from benchmarks import imu_recordings
from numpy.typing import NDArray

from tslab.contracts import ReadOptions, Source, TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.readers import csv, wfdb
from tslab.recording import Recording, Signal
from tslab.segmentation.chain.prior import Prior
from tslab.spans import Span

DATA = Path(os.environ.get("TSLAB_DATA") or Path(__file__).parents[2] / "shared" / "data")
AF_STARTS, AF_ENDS = ("(AFIB", "(AFL"), ("(N",)

IMU = imu_recordings.DOMAIN
SKAB = Domain(
    name="skab",
    title="Faults of a water circulation rig",
    tiers=(Tier(name="fault", kind="intervals", labels=(Label(name="anomaly"),)),),
    open_channels=True,
)
AF = Domain(
    name="af",
    title="Episodes of atrial fibrillation",
    tiers=(Tier(name="rhythm", kind="states", labels=(Label(name="AFIB"),)),),
    open_channels=True,
)


@dataclass(frozen=True, slots=True)
class Split:
    """What is learned from and what is scored.

    Attributes:
        name: Of the set and the way it is cut.
        domain: Of the set.
        train: Learned from.
        test: Scored, no recording of `train`.
        own: Makes what a plugin ships for such recordings, with its name; None where nothing is.
    """

    name: str
    domain: Domain
    train: Sequence[TrainingExample]
    test: Sequence[TrainingExample]
    own: Callable[[], Prior] | None = None


def skab() -> list[TrainingExample]:
    """The labelled SKAB files, sorted by name; the file without an anomaly column is left out."""
    files = sorted((DATA / "iot" / "skab").glob("*/*.csv"))
    return [found for file in files if (found := _skab_example(file)) is not None]


def _skab_example(file: Path) -> TrainingExample | None:
    with file.open() as lines:
        columns = lines.readline().strip().split(";")
    if "anomaly" not in columns:
        return None
    truth = ("anomaly", "changepoint")
    name = f"{file.parent.name}_{file.stem}"
    options = ReadOptions(separator=";", time_column="datetime", ignore=truth)
    recording = _in_memory(csv.read_recording(Source.open(file), options, SKAB), name)
    marked = np.loadtxt(file, delimiter=";", skiprows=1, usecols=[columns.index("anomaly")]) > 0
    times = recording.signals[0].sample_times(0, len(marked))
    edges = np.append(times, recording.duration)
    spans = [Span(edges[a], edges[b], "anomaly", "fault") for a, b in true_runs(marked)]
    return TrainingExample(recording, spans, {"fault": ((0.0, recording.duration),)})


def cpsc2021() -> list[TrainingExample]:
    """The nine ECG records of three patients, AF and flutter as one state."""
    headers = sorted((DATA / "ecg" / "cpsc2021").glob("*.hea"))
    return [_af_example(header) for header in headers]


def _af_example(header: Path) -> TrainingExample:
    from wfdb import rdann

    recording = _in_memory(wfdb.read_recording(Source.open(header), ReadOptions(), AF), header.stem)
    marks = rdann(str(header.with_suffix("")), "atr")
    rate, start = recording.signals[0].sampling_rate, None
    spans: list[Span] = []
    for sample, text in zip(marks.sample, marks.aux_note, strict=True):
        # Notes end in a zero byte.
        note = text.rstrip("\0 ")
        if note in AF_STARTS and start is None:
            start = sample / rate
        elif note in AF_ENDS and start is not None:
            spans.append(Span(start, sample / rate, "AFIB", "rhythm"))
            start = None
    if start is not None:
        spans.append(Span(start, recording.duration, "AFIB", "rhythm"))
    return TrainingExample(recording, spans, {"rhythm": ((0.0, recording.duration),)})


def _in_memory(recording: Recording | None, name: str) -> Recording:
    """The recording under another id, its samples read."""
    assert recording is not None, f"{name} is no file of its format"
    signals = [
        Signal.from_array(s.name, s.values(), s.sampling_rate, s.unit, times=s.times, kind=s.kind)
        for s in recording.signals
    ]
    return replace(recording, id=name, signals=tuple(signals))


def true_runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of true rows, half-open."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def imu(count: int = 10, first: int = 0, seed: int = 0) -> list[TrainingExample]:
    """Made recordings `first` to `first + count`, one person and one minute each."""
    return [imu_recordings.imu_example(number, seed) for number in range(first, first + count)]


def ecg_rules() -> Prior:
    """The ECG plugin's segmenter. Its limits were chosen while looking at these very records."""
    from tslab_ecg_eeg.ecg import tslab_segmenters
    from tslab_ecg_eeg.ecg_ontology import DOMAIN

    return Prior(tslab_segmenters()[0], DOMAIN, remember=True)


def iot_rules() -> Prior:
    """The IoT plugin's segmenter. Its constants were chosen while looking at these very files."""
    from tslab_iot_maintenance.iot import tslab_segmenters
    from tslab_iot_maintenance.ontology import DOMAIN

    return Prior(tslab_segmenters(DOMAIN)[0], DOMAIN, remember=True)


def random_split(
    name: str, domain: Domain, examples: Sequence[TrainingExample], train: int, seed: int
) -> Split:
    """`train` examples picked by chance to learn from, the others to be scored."""
    order = np.random.default_rng(seed).permutation(len(examples))
    picked = [examples[i] for i in order]
    return Split(f"{name} {train}->{len(picked) - train}", domain, picked[:train], picked[train:])


def skab_split(seed: int, train: int = 8) -> Split:
    """SKAB cut by chance."""
    return replace(random_split("skab", SKAB, skab(), train, seed), own=iot_rules)


def imu_split(seed: int = 0, train: int = 10) -> Split:
    """Made recordings of `train` persons, scored on ten other persons (13 falls)."""
    return Split(f"imu {train}->10", IMU, imu(train, 10, seed), imu(10, 0, seed))


def one_skab(seed: int) -> Split:
    """One SKAB file, picked by chance, scored on all others."""
    return skab_split(seed, train=1)


def one_imu(seed: int) -> Split:
    """One made recording, scored on ten other persons."""
    return imu_split(seed, train=1)


def leave_patients_out() -> list[Split]:
    """cpsc2021, a split for each patient: learned from the other two."""
    examples = cpsc2021()
    patients = sorted({patient(example) for example in examples})
    return [
        Split(
            f"cpsc2021 without {name}",
            AF,
            [example for example in examples if patient(example) != name],
            [example for example in examples if patient(example) == name],
            ecg_rules,
        )
        for name in patients
    ]


def patient(example: TrainingExample) -> str:
    """The patient of a cpsc2021 record, ``data_<patient>_<record>``."""
    return example.recording.id.split("_")[1]
