"""Recordings that are compared with their own opening stretch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from tslab.contracts import TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.recording import Recording, Signal
from tslab.segmentation.chain import weights
from tslab.segmentation.chain.fitting import Material, make_bank, make_table
from tslab.segmentation.chain.targets import Task
from tslab.segmentation.features import opening as module
from tslab.segmentation.features.clock import VARIABLE
from tslab.segmentation.features.columns import FramePlan, feature_chunks, feature_widths
from tslab.segmentation.features.grid import Float64, Grid, Mask, make_grid
from tslab.segmentation.features.kernels import draw_kernels
from tslab.segmentation.features.opening import (
    FLOOR,
    TOGETHER,
    Opening,
    opening_frames,
    opening_windows,
)
from tslab.segmentation.learning import LearningSegmenter
from tslab.spans import Span

DOMAIN = Domain(
    name="rig",
    title="A rig that fails in a channel and a direction of its own each time",
    tiers=(Tier(name="fault", kind="intervals", labels=(Label(name="shift"),)),),
    open_channels=True,
)
PLAN = FramePlan(1.0, 2, (1, 3, 9, 27), (1,), opening=10)


def grid_of(values: NDArray[np.floating[Any]], valid: Mask | None = None) -> Grid:
    return Grid(values.astype(np.float32), valid, np.ones(len(values), bool), 1.0)


def departures(grid: Grid, plan: FramePlan = PLAN) -> Float64:
    """The features that compare with the opening, ``(windows, channels + 2, frames)``."""
    bank = draw_kernels(len(grid.values) + 1, [1], 1, 0)
    table = np.concatenate([part for _, part in feature_chunks(grid, plan, bank)], axis=1)
    rows = len(table) - len(feature_widths(replace(plan, opening=0), len(grid.values) + 1, 4))
    return table[-rows:].reshape(-1, len(grid.values) + TOGETHER, table.shape[1])


def test_a_departure_is_measured_from_the_opening_in_units_of_wander() -> None:
    line = np.zeros(200)
    line[100:150] = 3.0
    found = departures(grid_of(np.array([line, 5 - line])))
    means = np.array(
        [line.reshape(-1, 2).mean(axis=1)[max(0, j - 1) : j + 2].mean() for j in range(100)]
    )
    expected = means / (means.std() + FLOOR)
    assert np.allclose(found[0, 0], expected, atol=1e-4)
    assert np.allclose(found[0, 1], found[0, 0], atol=1e-4), "a fall departs as far as a rise"
    assert np.allclose(found[0, 2:], found[0, 0], atol=1e-4), "so do both together"


def test_channels_depart_together_and_one_departs_most() -> None:
    line = np.zeros(200)
    line[100:150] = 3.0
    still = np.random.default_rng(0).standard_normal(200)
    found = departures(grid_of(np.array([line, still])))
    assert np.allclose(found[:, 2], np.sqrt((found[:, :2] ** 2).mean(axis=1)), atol=1e-4)
    assert np.allclose(found[:, 3], found[:, :2].max(axis=1), atol=1e-4)


def test_only_what_was_measured_counts() -> None:
    rng = np.random.default_rng(0)
    line = rng.standard_normal(400)
    spoiled, valid = line.copy(), np.ones((1, 400), bool)
    valid[0, 4:9], valid[0, 300:320] = False, False
    spoiled[~valid[0]] = 1e3
    values = np.where(valid[0], line, 0.0)
    one = Opening.of(grid_of(values[None], valid), 2, (3, 9), 10)
    assert one.level[0] == pytest.approx(line[:20][valid[0, :20]].mean(), abs=1e-5)
    assert 0 < one.wander[1, 0] < one.wander[0, 0] < 1


def test_nothing_is_known_of_a_channel_without_an_opening() -> None:
    values = np.random.default_rng(1).standard_normal((2, 200))
    valid = np.ones((2, 200), bool)
    valid[0, :20] = False
    values[~valid] = 0
    found = departures(grid_of(values, valid))
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 2:]).all()
    assert np.isfinite(found[:, 1]).all()


def test_channels_one_by_one_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = grid_of(np.random.default_rng(2).standard_normal((3, 5000)).cumsum(axis=1))
    whole = Opening.of(grid, 2, (3, 9), 10)
    monkeypatch.setattr(module, "MOST_NUMBERS", 1)
    parts = Opening.of(grid, 2, (3, 9), 10)
    assert np.array_equal(whole.level, parts.level)
    assert np.allclose(whole.wander, parts.wander)


def test_a_recording_shorter_than_the_opening_departs_from_itself() -> None:
    found = departures(grid_of(np.linspace(0.0, 8.0, 9)[None, :]))
    assert np.isfinite(found).all()


def test_the_opening_is_a_small_part_of_recordings_and_of_events() -> None:
    assert opening_windows((1, 3, 9, 27)) == (3, 9)
    assert opening_windows((1, 3)) == (3,)
    assert opening_windows((1,)) == (1,)
    assert opening_frames((1, 3, 9, 27, 81), [400, 400, 800]) == 13
    assert opening_frames((1, 3, 9, 27, 81), [40, 40, 80]) == 5
    assert opening_frames((1,), [3, 3]) == 1
    assert opening_frames((1, 3, 9), [400]) == 0


def rig(number: int, channel: int, size: float) -> TrainingExample:
    """Four channels at levels of their own; one of them shifts for more than half of the time."""
    rng = np.random.default_rng(number)
    first = int(rng.integers(100, 260))
    values = rng.standard_normal((4, 600)) + 20 * rng.standard_normal((4, 1))
    values[channel, first : first + 320] += size
    signals = tuple(Signal.from_array(f"c{i}", line, 1.0) for i, line in enumerate(values))
    recording = Recording(f"r{number}", signals, 600.0)
    spans = [Span(first, first + 320, "shift", "fault")]
    return TrainingExample(recording, spans, {"fault": ((0.0, 600.0),)})


def many(count: int, seed: int) -> list[TrainingExample]:
    """Each channel shifts up in one recording and down in another."""
    return [rig(100 * seed + i, i % 4, 2.5 * (-1) ** (i // 4)) for i in range(count)]


def notes_of(examples: list[TrainingExample]) -> Mapping[str, Any]:
    notes = LearningSegmenter(DOMAIN).fit(examples, lambda *_: None)
    return cast(Mapping[str, Any], notes["fault: shift"])


def test_shifts_that_last_are_told_from_the_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0")
    notes = notes_of(many(8, 1))
    assert notes["opening_seconds"] > 0
    assert notes["held_out"] > 0.9
    monkeypatch.setattr(module, "LEAST_RECORDINGS", 9)
    without = notes_of(many(8, 1))
    assert without["opening_seconds"] == 0
    assert without["held_out"] < 0.85


def test_one_recording_has_no_opening_to_learn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0")
    assert notes_of(many(1, 1))["opening_seconds"] == 0


def test_a_model_that_looks_at_the_opening_is_saved_and_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "0")
    segmenter, again = LearningSegmenter(DOMAIN), LearningSegmenter(DOMAIN)
    segmenter.fit(many(8, 1), lambda *_: None)
    segmenter.save(tmp_path)
    again.load(tmp_path)
    other = many(1, 2)[0].recording
    assert again.version == segmenter.version
    assert again.segment(other) == segmenter.segment(other) != []
    part = json.loads((tmp_path / weights.SETTINGS).read_text())["parts"][0]
    assert part["opening"] > 0
    assert len(part["least"]) == 2


def test_columns_of_what_does_not_help_are_left_out() -> None:
    task = Task("fault", ("shift",), False, True)
    examples = many(2, 3)
    keys = ["c0", "c1", "c2", "c3"]
    material = [Material(e, make_grid(e.recording, keys, 1.0, DOMAIN)) for e in examples]
    full = replace(PLAN, clock=10.0)
    bank = make_bank(material, full, 0)
    table, _, _ = make_table(task, material, full, bank)
    for opening in (0, full.opening):
        for clock in (0.0, full.clock):
            plan = replace(full, opening=opening, clock=clock)
            kept = (bool(opening) | ~table.opening) & (bool(clock) | (table.width > 0))
            assert table.only(kept).opening.any() == bool(opening)
            alone, _, _ = make_table(task, material, plan, bank)
            assert np.array_equal(table.features[:, kept], alone.features)
            assert np.array_equal(table.width[kept], alone.width)
