"""What a model knows of a recording, and what becomes of it in a task's score."""

from __future__ import annotations

import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.imu_recordings import DOMAIN, Wearer, imu_example

from tslab.errors import DataError, PluginError
from tslab.recording import Recording, Signal
from tslab.segmentation.chain import Look, Scorer
from tslab.segmentation.familiarity import Memory, Trust, familiarity
from tslab.segmentation.grid import Grid
from tslab.segmentation.learning import LearningSegmenter
from tslab.spans import Span

USUAL = ("rest", "walk", "run")


def made(number: int, wearer: Wearer | None = None, seconds: float = 30.0) -> Recording:
    return imu_example(number, 5, seconds, wearer or Wearer(USUAL, falls=0)).recording


@pytest.fixture(scope="module")
def trained() -> LearningSegmenter:
    """A model of five usual persons."""
    segmenter = LearningSegmenter(DOMAIN)
    examples = [imu_example(i, 5, 30.0, Wearer(USUAL, falls=0)) for i in range(5)]
    segmenter.fit(examples, lambda share, what: None)
    return segmenter


def test_other_devices_and_other_movements_are_less_familiar_than_more_of_the_same(
    trained: LearningSegmenter,
) -> None:
    usual = [trained.familiarity(made(i)) for i in range(5, 10)]
    turned = Wearer(USUAL, falls=0, turned=1, noise=2.0)
    devices = [trained.familiarity(made(i, turned)) for i in range(5, 10)]
    climbing = [trained.familiarity(made(i, Wearer(("stairs",), falls=0))) for i in range(5, 10)]
    assert np.mean(usual) > 0.05 + np.mean(devices)
    assert np.mean(usual) > np.mean(climbing)
    assert all(0 < value <= 1 for value in (*usual, *devices, *climbing))


def test_familiarity_repeats_and_survives_saving(
    trained: LearningSegmenter, tmp_path: Path
) -> None:
    trained.save(tmp_path)
    loaded = LearningSegmenter(DOMAIN)
    loaded.load(tmp_path)
    recording = made(7)
    assert trained.familiarity(recording) == trained.familiarity(recording)
    assert loaded.familiarity(recording) == trained.familiarity(recording)


def test_channels_that_are_missing_make_a_recording_less_familiar(
    trained: LearningSegmenter,
) -> None:
    whole = made(6)
    part = replace(whole, signals=whole.signals[:1])
    assert trained.familiarity(part) < trained.familiarity(whole)


def test_nothing_is_known_of_a_recording_without_samples(trained: LearningSegmenter) -> None:
    empty = Signal.from_array("acc_x", np.empty(0), 50.0, "m/s^2")
    assert trained.familiarity(Recording("empty", (empty,), 0.0)) == 0.0


def test_a_model_that_has_not_learned_knows_nothing() -> None:
    with pytest.raises(DataError, match="not learned"):
        LearningSegmenter(DOMAIN).familiarity(made(1))


def test_a_model_of_one_label_without_features_finds_everything_familiar() -> None:
    assert familiarity([]) == 1.0
    assert familiarity([Look(np.zeros((5, 2), np.float32), np.zeros(0))]) == 1.0


def test_what_was_segmented_is_not_looked_at_again(
    trained: LearningSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, same = made(8), made(8)
    alone = trained.familiarity(same)
    looks: list[Grid] = []
    look = Scorer.look

    def counted(scorer: Scorer, grid: Grid) -> Look:
        looks.append(grid)
        return look(scorer, grid)

    monkeypatch.setattr(Scorer, "look", counted)
    trained.segment(recording)
    parts = len(looks)
    assert parts >= 1
    assert trained.familiarity(recording) == alone
    assert len(looks) == parts
    # An equal recording is another one, as far as a segmenter can tell without reading it.
    assert trained.familiarity(made(8)) == alone
    assert len(looks) == 2 * parts


def test_another_model_does_not_remember(trained: LearningSegmenter, tmp_path: Path) -> None:
    recording = made(6)
    other = LearningSegmenter(DOMAIN)
    other.fit([imu_example(7, 5, 30.0, Wearer(USUAL, falls=0))], lambda share, what: None)
    first = other.familiarity(recording)
    trained.save(tmp_path)
    other.load(tmp_path)
    assert other.familiarity(recording) == trained.familiarity(recording) != first


def test_recordings_that_are_gone_are_not_held() -> None:
    memory = Memory()
    recording, other = made(6), made(7)
    memory.keep(recording, 0.25)
    memory.keep(other, 0.75)
    assert memory.of(recording) == 0.25
    gone = weakref.ref(recording)
    del recording
    assert gone() is None
    assert memory.of(other) == 0.75
    assert memory.of(made(7)) is None


def spans(*scores: float | None) -> list[Span]:
    return [Span(i, i + 1, "walk", "activity", score) for i, score in enumerate(scores)]


def test_a_task_scores_the_mean_of_its_regions_times_familiarity() -> None:
    assert Trust().score(spans(0.5, 0.9)) == 0.7
    assert Trust(0.5).score(spans(0.5, 0.9)) == 0.35
    assert Trust(0.5).score(spans(0.5, 0.9, None, 0.5, 0.9)) == 0.35


def test_silence_counts_where_nothing_was_found() -> None:
    assert Trust(0.5).score([]) is None
    assert Trust(0.5, silence=0.8).score([]) == 0.4
    assert Trust(0.5, silence=0.8).score(spans(0.6)) == 0.3


class Fixed:
    """Finds nothing, and says how familiar everything is."""

    version = "1"

    def __init__(self, value: float) -> None:
        self._value = value

    def segment(self, recording: Recording) -> list[Span]:
        del recording
        return []

    def familiarity(self, recording: Recording) -> float:
        del recording
        return self._value


class Plain:
    """Judges no familiarity."""

    version = "1"

    def segment(self, recording: Recording) -> list[Span]:
        del recording
        return []


def test_a_segmenter_that_judges_no_familiarity_is_trusted() -> None:
    assert Trust.of(Plain(), made(1)) == Trust(1.0, None)
    assert Trust.of(Plain(), made(1), 0.8) == Trust(1.0, 0.8)


def test_a_segmenter_that_judges_it_is_believed() -> None:
    assert Trust.of(Fixed(0.25), made(1)) == Trust(0.25, 0.5)
    assert Trust.of(Fixed(0.25), made(1), 0.8) == Trust(0.25, 0.8)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_an_impossible_familiarity_is_refused(value: float) -> None:
    with pytest.raises(PluginError, match="familiarity"):
        Trust.of(Fixed(value), made(1))
