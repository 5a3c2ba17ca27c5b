"""The labelled sets of the segmenters' benchmark are what it says they are."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from benchmarks import segmentation_sets as sets
from benchmarks.imu_recordings import imu_example
from kit.studies import NO_DATA, SHARED_DATA
from numpy.typing import NDArray

from tslab.contracts import TrainingExample

needs_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_DATA)


def samples(example: TrainingExample) -> NDArray[np.float64]:
    return np.stack([signal.values() for signal in example.recording.signals])


def test_a_made_recording_is_the_same_every_time() -> None:
    first, second, other = imu_example(3, seed=7), imu_example(3, seed=7), imu_example(3, seed=8)
    assert np.array_equal(samples(first), samples(second))
    assert first.spans == second.spans
    assert not np.array_equal(samples(first), samples(other))


def test_made_recordings_have_the_declared_shape_and_all_labels() -> None:
    examples = sets.imu(10)
    labels = Counter(span.label for example in examples for span in example.spans)
    assert set(labels) == {"rest", "walk", "run", "stairs", "fall"}
    assert labels["fall"] == 13
    for example in examples:
        assert samples(example).shape == (6, 3000)
        assert np.isfinite(samples(example)).all()
        assert set(example.reviewed) == {"activity", "event"}


def test_made_states_never_touch_and_falls_lie_between_them() -> None:
    for example in sets.imu(10):
        states = [span for span in example.spans if span.tier == "activity"]
        falls = [span for span in example.spans if span.label == "fall"]
        assert all(a.end < b.start for a, b in pairwise(states))
        assert all(fall.is_instant for fall in falls)
        assert not any(s.start <= f.start <= s.end for s in states for f in falls)


def test_a_fall_is_a_blow_after_which_gravity_has_turned() -> None:
    for example in sets.imu(10):
        values = samples(example)[:3]
        for fall in (span for span in example.spans if span.label == "fall"):
            at = round(fall.start * 50)
            before, after = (
                values[:, at - 40 : at - 25].mean(1),
                values[:, at + 40 : at + 70].mean(1),
            )
            turned = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
            assert turned < 0.75
            assert np.linalg.norm(values[:, at - 2 : at + 3], axis=0).max() > 12


def test_train_and_test_share_no_person() -> None:
    for split in (sets.imu_split(), sets.one_imu(2)):
        learned = {example.recording.id for example in split.train}
        assert not learned & {example.recording.id for example in split.test}
        assert len(split.test) == 10


@needs_data
def test_skab_spans_are_the_runs_of_its_anomaly_column() -> None:
    examples = sets.skab()
    assert len(examples) == 12
    for example in examples:
        assert not {"anomaly", "changepoint"} & set(example.recording.channel_names)
        assert len(example.recording.signals) == 8
        assert [span.label for span in example.spans] == ["anomaly"]
        assert example.spans[0].end <= example.recording.duration


@needs_data
def test_skab_rows_inside_a_span_are_the_anomalous_ones() -> None:
    example = next(e for e in sets.skab() if e.recording.id == "valve1_0")
    signal, span = example.recording.signals[0], example.spans[0]
    first, last = signal.index_range(span.start, span.end)
    table = (SHARED_DATA / "iot" / "skab" / "valve1" / "0.csv").read_text().splitlines()
    column = table[0].split(";").index("anomaly")
    marked = [float(line.split(";")[column]) > 0 for line in table[1:]]
    assert sum(marked) == last - first == 401
    assert all(marked[first:last])


@needs_data
def test_skab_splits_differ_by_seed_and_repeat() -> None:
    names = [[e.recording.id for e in sets.skab_split(seed).train] for seed in (0, 1, 0)]
    assert names[0] == names[2] != names[1]
    split = sets.skab_split(4, train=9)
    assert (len(split.train), len(split.test)) == (9, 3)


@needs_data
def test_cpsc2021_has_the_published_episodes() -> None:
    found = {e.recording.id: [s.duration for s in e.spans] for e in sets.cpsc2021()}
    assert [len(found[f"data_101_{i}"]) for i in (6, 8, 9)] == [4, 2, 1]
    assert sum(found["data_101_8"]) == pytest.approx(76.9, abs=0.3)
    assert all(not found[f"data_21_{i}"] for i in (7, 8, 9))


@needs_data
def test_a_patient_is_learned_or_scored() -> None:
    splits = sets.leave_patients_out()
    assert [split.name for split in splits] == [
        f"cpsc2021 without {p}" for p in ("101", "21", "84")
    ]
    for split in splits:
        learned = {sets.patient(example) for example in split.train}
        assert not learned & {sets.patient(example) for example in split.test}
        assert len(split.train) + len(split.test) == 9
