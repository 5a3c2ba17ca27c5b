"""How typical recordings are of their pool, and what becomes of it in a task's score."""

from __future__ import annotations

import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.imu_recordings import DOMAIN, Wearer, imu_example

from tslab.errors import DataError, PluginError
from tslab.recording import Recording, Signal
from tslab.segmentation.chain import typicality as module
from tslab.segmentation.chain.model import Look, Scorer
from tslab.segmentation.chain.typicality import (
    Memory,
    Trust,
    place_in_model,
    place_of,
    typicality,
    weighed,
)
from tslab.segmentation.features.grid import Grid
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


def test_what_most_of_a_pool_is_like_is_more_typical_than_odd_ones(
    trained: LearningSegmenter,
) -> None:
    turned = Wearer(USUAL, falls=0, turned=1, noise=2.0)
    usual = {i: trained.place(made(i)) for i in range(5, 11)}
    odd = {i: trained.place(made(i, turned)) for i in range(11, 13)}
    found = typicality(usual | odd)
    assert max(found.values()) == 1.0
    assert np.mean([found[i] for i in usual]) > max(found[i] for i in odd)


def test_the_pool_decides_what_is_typical_not_what_was_learned(trained: LearningSegmenter) -> None:
    climbing = Wearer(("stairs",), falls=0)
    few = {i: trained.place(made(i)) for i in range(5, 7)}
    many = {i: trained.place(made(i, climbing)) for i in range(7, 12)}
    found = typicality(few | many)
    assert np.mean([found[i] for i in many]) > max(found[i] for i in few)


def test_typicality_falls_with_the_mean_distance_to_all() -> None:
    places = {"a": np.array([0.0]), "b": np.array([1.0]), "c": np.array([4.0])}
    assert typicality(places) == {"a": pytest.approx(4 / 5), "b": 1.0, "c": pytest.approx(4 / 7)}


def test_equal_places_and_single_ones_are_typical() -> None:
    assert typicality({1: np.ones(3), 2: np.ones(3)}) == {1: 1.0, 2: 1.0}
    assert typicality({1: np.ones(3)}) == {1: 1.0}
    assert typicality({}) == {}


def test_a_place_that_cannot_be_compared_is_typical_of_nothing() -> None:
    places = {1: np.ones(2), 2: np.zeros(2), 3: np.full(2, np.nan), 4: np.ones(1)}
    assert typicality(places) == {1: 1.0, 2: 1.0, 3: 0.0, 4: 0.0}
    assert typicality({1: np.full(2, np.nan)}) == {1: 0.0}


def test_a_large_pool_is_compared_with_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    places = dict(enumerate(np.random.default_rng(0).normal(size=(400, 3))))
    whole = typicality(places)
    monkeypatch.setattr(module, "MOST_OTHERS", 50)
    part = typicality(places)
    assert part != whole
    assert np.corrcoef(list(whole.values()), list(part.values()))[0, 1] > 0.98


def test_places_repeat_and_survive_saving(trained: LearningSegmenter, tmp_path: Path) -> None:
    trained.save(tmp_path)
    loaded = LearningSegmenter(DOMAIN)
    loaded.load(tmp_path)
    recording = made(7)
    assert trained.place(recording).tolist() == trained.place(recording).tolist()
    assert loaded.place(recording).tolist() == trained.place(recording).tolist()


def test_channels_that_are_missing_make_a_recording_less_typical(
    trained: LearningSegmenter,
) -> None:
    pool = {i: trained.place(made(i)) for i in range(5, 9)}
    whole = made(6)
    part = trained.place(replace(whole, signals=whole.signals[:1]))
    found = typicality(pool | {0: part})
    assert found[0] == min(found.values())


def test_a_recording_without_samples_is_typical_of_nothing(trained: LearningSegmenter) -> None:
    empty = Signal.from_array("acc_x", np.empty(0), 50.0, "m/s^2")
    place = trained.place(Recording("empty", (empty,), 0.0))
    assert typicality({1: place, 2: trained.place(made(1))}) == {1: 0.0, 2: 1.0}


def test_a_model_that_has_not_learned_places_nothing() -> None:
    with pytest.raises(DataError, match="not learned"):
        LearningSegmenter(DOMAIN).place(made(1))


def test_every_part_of_a_model_counts_as_much() -> None:
    logs = np.zeros((5, 2), np.float32)
    assert place_in_model([]).tolist() == []
    looks = [Look(logs, np.zeros(0)), Look(logs, np.full(4, 3.0)), Look(logs, np.full(1, 3.0))]
    assert place_in_model(looks).tolist() == [1.5] * 4 + [3.0]


def test_what_was_segmented_is_not_looked_at_again(
    trained: LearningSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, same = made(8), made(8)
    alone = trained.place(same).tolist()
    looks: list[Grid] = []
    look = Scorer.look

    def counted(scorer: Scorer, grid: Grid) -> Look:
        looks.append(grid)
        return look(scorer, grid)

    monkeypatch.setattr(Scorer, "look", counted)
    trained.segment(recording)
    parts = len(looks)
    assert parts >= 1
    assert trained.place(recording).tolist() == alone
    assert len(looks) == parts
    # An equal recording is another one, as far as a segmenter can tell without reading it.
    assert trained.place(made(8)).tolist() == alone
    assert len(looks) == 2 * parts


def test_another_model_does_not_remember(trained: LearningSegmenter, tmp_path: Path) -> None:
    recording = made(6)
    other = LearningSegmenter(DOMAIN)
    other.fit([imu_example(7, 5, 30.0, Wearer(USUAL, falls=0))], lambda share, what: None)
    first = other.place(recording).tolist()
    trained.save(tmp_path)
    other.load(tmp_path)
    assert other.place(recording).tolist() == trained.place(recording).tolist() != first


def test_recordings_that_are_gone_are_not_held() -> None:
    memory = Memory()
    recording, other = made(6), made(7)
    memory.keep(recording, np.full(1, 0.25))
    memory.keep(other, np.full(1, 0.75))
    assert memory.of(recording) == 0.25
    gone = weakref.ref(recording)
    del recording
    assert gone() is None
    assert memory.of(other) == 0.75
    assert memory.of(made(7)) is None


def spans(*scores: float | None) -> list[Span]:
    return [Span(i, i + 1, "walk", "activity", score) for i, score in enumerate(scores)]


def test_a_task_scores_the_mean_of_its_regions() -> None:
    assert Trust().score(spans(0.5, 0.9)) == 0.7
    assert Trust().score(spans(0.5, 0.9, None, 0.5, 0.9)) == 0.7


def test_doubts_count_as_far_as_a_recording_is_typical() -> None:
    assert Trust(0.5).score(spans(0.4)) == 0.7
    assert Trust(0.0).score(spans(0.4)) == 1.0
    assert weighed(0.4, 1.0) == 0.4
    assert weighed(1.0, 0.3) == 1.0


def test_silence_counts_where_nothing_was_found() -> None:
    assert Trust(0.5).score([]) is None
    assert Trust(0.5, silence=0.8).score([]) == 0.9
    assert Trust(0.5, silence=0.8).score(spans(0.6)) == 0.8


class Fixed:
    """Finds nothing, and places everything there."""

    version = "1"

    def __init__(self, place: object) -> None:
        self._place = place

    def segment(self, recording: Recording) -> list[Span]:
        del recording
        return []

    def place(self, recording: Recording) -> object:
        del recording
        return self._place


class Plain:
    """Places nothing."""

    version = "1"

    def segment(self, recording: Recording) -> list[Span]:
        del recording
        return []


def test_a_segmenter_may_place_recordings() -> None:
    place = place_of(Fixed([1.0, 2.0]), made(1))
    assert place is not None
    assert place.tolist() == [1.0, 2.0]
    assert place_of(Plain(), made(1)) is None
    assert place_of(None, made(1)) is None


@pytest.mark.parametrize("place", [1.0, [[1.0, 2.0]], ["here"]])
def test_an_impossible_place_is_refused(place: object) -> None:
    with pytest.raises(PluginError, match="place"):
        place_of(Fixed(place), made(1))
