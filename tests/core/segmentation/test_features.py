"""Features of frames: kernels, windows, bursts, and the same in chunks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit import marked_signals as made
from kit.grids import grid_of

from tslab.segmentation.features import columns as features
from tslab.segmentation.features import pooling, statistics, windows
from tslab.segmentation.features.columns import FramePlan, feature_chunks, feature_widths
from tslab.segmentation.features.kernels import draw_kernels, exceeded, responses
from tslab.segmentation.features.rhythm import find_bursts, highest_around, usual_period
from tslab.segmentation.learning import LearningSegmenter


def plain_response(line: np.ndarray, step: int, taps: np.ndarray) -> np.ndarray:
    weights = np.full(9, -1.0)
    weights[taps] = 2.0
    padded = np.pad(line, 4 * step)
    return sum(weights[i] * padded[i * step : i * step + len(line)] for i in range(9))


def test_kernels_are_dilated_convolutions() -> None:
    signals = np.random.default_rng(0).standard_normal((3, 200)).astype(np.float32)
    bank = draw_kernels(3, [1, 2, 7], 6, seed=1)
    for group in range(6):
        for number, answer in enumerate(responses(signals, bank, group)):
            line, step = signals[bank.channel[group]], int(bank.dilation[group])
            expected = plain_response(line, step, bank.taps[group, number])
            assert np.allclose(answer, expected, atol=1e-4)


PLAN = FramePlan(20.0, 3, (1, 3, 9), (1, 4), period=11, clock=5.0, opening=7)


def test_window_statistics_are_what_they_say() -> None:
    values = np.random.default_rng(1).standard_normal((2, 300)).cumsum(axis=1)
    grid = grid_of(values)
    ((_, table),) = feature_chunks(grid, PLAN, draw_kernels(3, [1], 2, 0))
    window = grid.values[0, 3 * 49 : 3 * 52]
    before, after = grid.values[0, 3 * 47 : 3 * 50], grid.values[0, 3 * 51 : 3 * 54]
    per_window = [2 * 3 + 2 + 2 * 3 + 3 * n for n in (1, 2, 2)]
    first = per_window[0]
    assert table[first, 50] == pytest.approx(window.mean(), rel=1e-3)
    spread = 0.5 * np.log(window.var() + windows.FLOOR)
    assert table[first + 3, 50] == pytest.approx(spread, rel=1e-3)
    change = after.mean() - before.mean()
    assert table[first + 8, 50] == pytest.approx(change, rel=1e-3)
    assert len(table) == len(feature_widths(PLAN, 3, 8))


@pytest.mark.parametrize("missing", [False, True])
def test_work_in_chunks_gives_the_same_features(
    missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(2)
    values = rng.standard_normal((2, 3000)) + np.sin(np.arange(3000) * 0.5)
    if missing:
        values[0, rng.random(3000) < 0.1] = np.nan
        values[:, 900:1100] = np.nan
    grid, bank = grid_of(values), draw_kernels(3, [1, 3], 4, 0)
    ((_, whole),) = feature_chunks(grid, PLAN, bank)
    monkeypatch.setattr(features, "CHUNK", 1)
    parts = list(feature_chunks(grid, PLAN, bank))
    assert len(parts) > 5
    assert [first for first, _ in parts][:2] == [0, parts[0][1].shape[1]]
    joined = np.concatenate([part for _, part in parts], axis=1)
    assert np.array_equal(np.isnan(whole), np.isnan(joined))
    assert np.allclose(whole, joined, atol=2e-4, equal_nan=True)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.9])
@pytest.mark.parametrize("missing", ["nothing", "cells", "channel"])
def test_features_that_are_asked_for_alone_are_the_same(
    share: float, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    values = rng.standard_normal((2, 3000)) + np.sin(np.arange(3000) * 0.5)
    if missing == "cells":
        values[0, rng.random(3000) < 0.1] = np.nan
        values[:, 900:1100] = np.nan
    if missing == "channel":
        values[1] = np.nan
    grid, bank = grid_of(values), draw_kernels(3, [1, 3], 4, 0)
    whole = np.concatenate([part for _, part in feature_chunks(grid, PLAN, bank)], axis=1)
    monkeypatch.setattr(features, "CHUNK", 1)
    for _ in range(5):
        used = rng.random(len(whole)) < share
        parts = [part for _, part in feature_chunks(grid, PLAN, bank, used)]
        joined = np.concatenate(parts, axis=1)
        assert len(parts) > 5
        assert joined.shape == whole[used].shape
        assert np.allclose(whole[used], joined, atol=2e-4, equal_nan=True)


def test_only_windows_that_are_asked_for_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    grid, bank = (
        grid_of(np.random.default_rng(0).standard_normal((2, 600))),
        draw_kernels(3, [1], 4, 0),
    )
    used = np.zeros(len(feature_widths(PLAN, 3, bank.count)), bool)
    used[0] = True

    def fail(*_: object) -> None:
        raise AssertionError("nobody asked for it")

    monkeypatch.setattr(statistics.Statistics, "steps", property(fail))
    monkeypatch.setattr(features, "find_bursts", fail)
    monkeypatch.setattr(pooling, "exceeded", fail)
    ((_, table),) = feature_chunks(grid, PLAN, bank, used)
    assert table.shape == (1, PLAN.frames(grid.cells))


def test_thresholds_are_exceeded_where_responses_do() -> None:
    signals = np.random.default_rng(0).standard_normal((3, 200)).astype(np.float32)
    bank = draw_kernels(3, [1, 2, 7], 6, seed=1)
    limits = np.random.default_rng(1).standard_normal(bank.threshold.shape).astype(np.float32)
    bank = replace(bank, threshold=limits)
    wanted = np.random.default_rng(2).random(limits.shape) < 0.5
    wanted[2] = False
    for place, numbers, above in exceeded(signals, bank, wanted, 210):
        group = next(g for g in range(6) if wanted[:g].sum() == place and wanted[g].any())
        answers = list(responses(signals, bank, group))
        assert len(above) == len(numbers) == wanted[group].sum()
        assert not above[:, 200:].any()
        for row, number in enumerate(numbers):
            away = answers[number] - limits[group, number]
            clear = np.abs(away) > 1e-4
            assert np.array_equal(above[row, :200][clear], (away > 0)[clear])


def test_in_chunks_the_same_spans_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    model = LearningSegmenter(made.DOMAIN)
    model.fit([made.example(seed) for seed in range(2)], made.quiet)
    other = made.example(9, seconds=600.0).recording
    whole = model.segment(other)
    monkeypatch.setattr(features, "CHUNK", 1)
    assert model.segment(other) == whole


def test_bursts_of_an_even_rhythm_change_less_than_those_of_an_odd_one() -> None:
    rng = np.random.default_rng(3)
    changes = []
    for jitter in (0.01, 0.25):
        steps = np.round(40 * np.exp(jitter * rng.standard_normal(150))).astype(int)
        line = 0.05 * rng.standard_normal(steps.sum() + 100)
        line[np.cumsum(steps)] += 5
        grid = grid_of(line[None])
        if jitter == 0.01:
            assert usual_period([grid]) == pytest.approx(40, abs=4)
        bursts = find_bursts(grid, 40)
        assert 140 <= len(bursts.cells) <= 155
        changes.append(float(bursts.lines[2].mean()))
    assert changes[1] > 4 * changes[0]


def test_noise_has_no_rhythm() -> None:
    noise = np.random.default_rng(4).standard_normal((2, 8000))
    assert usual_period([grid_of(noise)]) == 0


@given(st.integers(0, 40), st.integers(1, 60), st.integers(0, 10**6))
@settings(max_examples=40)
def test_highest_around_is_a_sliding_maximum(reach: int, count: int, seed: int) -> None:
    line = np.random.default_rng(seed).standard_normal(count).astype(np.float32)
    expected = [line[max(0, i - reach) : i + reach + 1].max() for i in range(count)]
    assert np.array_equal(highest_around(line, reach), expected)
