"""The segmenters' benchmark: the opponent is built as described, figures are what they say."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from benchmarks import segmentation, segmentation_trials
from benchmarks.imu_recordings import imu_example
from benchmarks.reference_segmenter import AsReference, row_times, table, window_starts
from benchmarks.segmentation_sets import IMU

from tslab.contracts import TrainingExample
from tslab.segmentation.features.clock import VARIABLE
from tslab.spans import Span


def test_windows_of_the_opponent_cover_all_rows() -> None:
    assert window_starts(100, 50).tolist() == [0, 25, 50]
    assert window_starts(110, 50).tolist() == [0, 25, 50, 60]
    assert window_starts(30, 50).tolist() == [0]


def test_the_last_writer_wins_in_the_opponents_labels() -> None:
    example = imu_example(0, seconds=20)
    spans = [
        Span(1.0, 3.0, "rest", "activity"),
        Span(2.0, 4.0, "run", "activity"),
        Span(5.0, 5.0, "fall", "event"),
        Span(6.001, 6.001, "fall", "event"),
    ]
    made = TrainingExample(example.recording, spans, example.reviewed)
    classes = AsReference(IMU)._labels(made)
    times = row_times(example.recording)
    assert (classes[(times >= 1) & (times < 2)] == 1).all()
    assert (classes[(times >= 2) & (times <= 4)] == 3).all()
    assert np.flatnonzero(classes == 5).tolist() == [250]


def test_the_opponent_trains_and_answers_in_runs() -> None:
    pytest.importorskip("torch", reason="extra tslab[torch] is not installed")
    example = imu_example(0, seconds=20)
    opponent = AsReference(IMU, epochs=2, hidden=8)
    opponent.fit([example])
    assert opponent.notes["epochs"] == 2
    chance = opponent.probabilities(table(example.recording))
    assert chance.shape == (1000, 6)
    assert np.allclose(chance.sum(axis=1), 1, atol=1e-5)
    found = opponent.segment(example.recording)
    assert all(0 <= s.start <= s.end <= 20 for s in found)
    again = AsReference(IMU, epochs=2, hidden=8)
    again.fit([example])
    assert again.segment(example.recording) == found


def test_a_budget_ends_the_opponents_training() -> None:
    pytest.importorskip("torch", reason="extra tslab[torch] is not installed")
    opponent = AsReference(IMU, epochs=50, hidden=4, budget=0.0)
    opponent.fit([imu_example(0, seconds=20)])
    assert (opponent.notes["epochs"], opponent.notes["out_of_budget"]) == (1, 1)


def test_a_trial_learns_and_counts() -> None:
    found = segmentation_trials.learn("learning", "imu-one", 0, budget=1.0)
    matched, reference, hypothesis = found["events"]
    assert 0 < matched <= min(reference, hypothesis)
    assert found["instants"][1] == 13
    assert len(found["regions"]) == hypothesis + found["instants"][2]
    assert found["cpu"] > 0
    assert found["mb"] > 20


def test_a_budget_ends_the_training_of_lstm() -> None:
    pytest.importorskip("torch", reason="extra tslab[torch] is not installed")
    examples = [imu_example(number, seconds=20) for number in range(2)]
    segmenter = segmentation_trials.make("lstm", IMU, 0, epochs=50, budget=0.0)
    assert segmenter.fit(examples)["out_of_budget"] == 1
    assert "out_of_budget" not in segmentation_trials.make("lstm", IMU, 0, epochs=1).fit(examples)


def test_floors_do_not_look_at_samples() -> None:
    example = imu_example(0, seconds=20)
    spans = [Span(1.0, 3.0, "rest", "activity"), Span(4.0, 9.0, "run", "activity")]
    made = TrainingExample(example.recording, spans, example.reviewed)
    for method, wanted in (("always", [Span(0.0, 20.0, "run", "activity", 0.5)]), ("never", [])):
        floor = segmentation_trials.make(method, IMU, 0)
        floor.fit([made])
        assert list(floor.segment(example.recording)) == wanted


def test_the_clock_is_forbidden_where_the_method_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    for method, allowed in (("learning-no-clock", "0"), ("learning", "1")):
        segmentation_trials.make(method, IMU, 0).fit([imu_example(0, seconds=20)])
        assert os.environ[VARIABLE] == allowed


def test_only_the_opponent_has_the_threads_that_torch_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert "OMP_NUM_THREADS" not in segmentation.environment_of("as-reference")
    for method in ("learning", "lstm", "as-reference-1"):
        assert segmentation.environment_of(method)["OMP_NUM_THREADS"] == "1"


def test_the_made_table_reads_back(tmp_path: Path) -> None:
    example = imu_example(0, seconds=20)
    path = tmp_path / "made.csv"
    segmentation_trials.write_csv(path, example, 2500)
    ours = segmentation_trials.read_like_tslab(path)
    theirs = segmentation_trials.read_like_reference(path)
    assert ours.duration == pytest.approx(50.0)
    assert ours.channel_names == theirs.channel_names == example.recording.channel_names
    assert np.allclose(table(ours), table(theirs))
    assert np.abs(table(ours)[:1000] - table(example.recording)).max() < 0.5


def trial(cpu: float, events: list[int], regions: list[tuple[float, bool]]) -> dict[str, object]:
    notes = [{"out_of_budget": 1}] if cpu > 10 else [{}]
    return {
        "cpu": cpu,
        "wall": cpu,
        "mb": 100,
        "events": events,
        "instants": [1, 1, 1],
        "regions": regions,
        "notes": notes,
    }


def test_a_row_is_median_and_least_over_seeds() -> None:
    regions = [(0.9, True), (0.9, False)]
    row = segmentation.Row([trial(3, [1, 2, 2], regions), trial(20, [2, 2, 2], regions)])
    assert row.cpu == 11.5
    assert row.scores("events") == [0.5, 1.0]
    assert row.event_f1 == 0.75
    assert row.instant_f1 == 1.0
    error, regions_seen = row.ece
    assert (round(error, 6), regions_seen) == (0.4, 4)
    assert row.cut == 1
    assert "1 trainings ended by the budget" in row.text("as-reference", instants=True)


def test_goals_that_are_missed_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = segmentation.Verdicts()
    rows = {
        "learning": segmentation.Row([trial(1, [9, 10, 10], [])]),
        "as-reference": segmentation.Row([trial(10, [4, 10, 10], [])]),
    }
    segmentation.judge(segmentation.SETS["imu"], rows, verdicts)
    shown = capsys.readouterr().out
    assert [text.split(": ")[1] for text in verdicts.missed] == [
        "event F1",
        "times less CPU to train",
    ]
    assert shown.count("MISSED") == 2
    assert shown.count("ok    ") == 4
    assert "(goal >= 20)" in shown
