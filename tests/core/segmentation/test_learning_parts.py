from __future__ import annotations

import itertools
import json
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit import marked_signals as made

from tslab.domain import Label, Tier
from tslab.errors import DataError
from tslab.recording import Signal
from tslab.segmentation.chain import decoding, weights
from tslab.segmentation.chain.calibration import Curve, fit_curve
from tslab.segmentation.chain.decoding import runs, viterbi
from tslab.segmentation.chain.instants import best_threshold, hits, peaks
from tslab.segmentation.chain.model import stretches_of
from tslab.segmentation.chain.regions import without_gaps
from tslab.segmentation.chain.relevance import pieces_of, relevance, squared_t
from tslab.segmentation.chain.softmax import balanced, fit_softmax
from tslab.segmentation.chain.targets import Task, frame_classes
from tslab.segmentation.chain.tuning import UNKNOWN, change_costs, matched, tune
from tslab.segmentation.features import columns as features
from tslab.segmentation.features import pooling, statistics, windows
from tslab.segmentation.features.anchors import learn_anchor
from tslab.segmentation.features.columns import FramePlan, feature_chunks, feature_widths
from tslab.segmentation.features.grid import Grid, make_grid, on_cells
from tslab.segmentation.features.kernels import draw_kernels, exceeded, responses
from tslab.segmentation.features.rhythm import find_bursts, highest_around, usual_period
from tslab.segmentation.learning import LearningSegmenter
from tslab.segmentation.npz import read_array
from tslab.spans import Span


def grid_of(values: np.ndarray, rate: float = 20.0) -> Grid:
    keys = [f"c{i}" for i in range(len(values))]
    recording = made.recording(values, rate, channels=keys)
    return make_grid(recording, keys, rate, made.DOMAIN)


# --- grid ---------------------------------------------------------------------------------------


def test_normalisation_does_not_care_about_level_scale_and_outliers() -> None:
    line = np.random.default_rng(0).standard_normal(5000)
    spoiled = line.copy()
    spoiled[::50] = 1e6
    grid = grid_of(np.stack([line, 3e-9 * line + 7e-9, -1e8 + 1e6 * line, spoiled]))
    usual = np.arange(5000) % 50 != 0
    for row in (1, 2, 3):
        away = np.abs(grid.values[row] - grid.values[0])[usual]
        assert np.quantile(away, 0.99) < 0.15
    assert grid.values.max() < 100


def test_what_is_constant_or_missing_is_not_present() -> None:
    values = np.stack([np.full(100, 5.0), np.full(100, np.nan), np.arange(100.0)])
    values[2, 40:50] = np.nan
    grid = grid_of(values)
    assert grid.present.tolist() == [False, False, True]
    assert grid.valid is not None
    assert grid.valid.sum(axis=1).tolist() == [0, 0, 90]
    assert np.isfinite(grid.values).all()


def test_slow_signals_fill_the_cells_between_their_samples_and_not_their_gaps() -> None:
    times = np.concatenate([np.arange(0, 20, 1.0), np.arange(60, 80, 1.0)])
    signal = Signal.from_array("slow", times * 2, 1.0, times=times)
    cells = on_cells(signal, 800, 10.0)
    assert cells[105] == pytest.approx(2 * 10.55, abs=0.11)
    assert np.isnan(cells[250:590]).all()
    assert np.isfinite(cells[:190]).all()


def test_fast_signals_are_averaged() -> None:
    signal = Signal.from_array("fast", np.arange(100.0), 40.0)
    assert on_cells(signal, 25, 10.0)[:3].tolist() == [1.5, 5.5, 9.5]


# --- features and kernels -------------------------------------------------------------------------


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


# --- regression -----------------------------------------------------------------------------------


def test_softmax_meets_the_conditions_of_a_minimum() -> None:
    rng = np.random.default_rng(5)
    table = rng.standard_normal((400, 6)).astype(np.float32)
    classes = (table @ rng.standard_normal((6, 3))).argmax(axis=1).astype(np.int64)
    weight = balanced(classes, 3)
    fitted = fit_softmax(table, classes, weight, 0.05, 3)
    chances = np.exp(fitted.log_probabilities(table))
    hot = np.eye(3)[classes]
    slope = table.T @ ((chances - hot) * weight[:, None]) + 0.05 * fitted.weights
    assert np.abs(slope).max() < 5e-3
    assert (chances.argmax(axis=1) == classes).mean() > 0.9


def test_every_class_weighs_the_same() -> None:
    weight = balanced(np.array([0] * 90 + [2] * 10), 3)
    assert weight.sum() == pytest.approx(1)
    assert weight[:90].sum() == pytest.approx(weight[90:].sum())


def test_features_that_only_fit_one_event_are_doubted() -> None:
    """One feature tells events apart in every recording, the other in one of six only."""
    rng = np.random.default_rng(6)
    classes = np.tile(np.repeat([0, 1, 0], 40), 6).astype(np.int64)
    place = np.repeat(np.arange(6), 120)
    table = rng.standard_normal((720, 3)).astype(np.float32)
    table[:, 0] += 2 * classes
    table[:, 1] += 9 * ((classes == 1) & (place == 2))
    trust = relevance(squared_t(table, pieces_of(classes, place), np.ones(3, np.int64)), 8.0)
    assert trust[0] > 0.8
    assert trust[1] < 0.4 * trust[0]
    assert trust[2] < 0.4 * trust[0]


# --- decoding -------------------------------------------------------------------------------------


def plain_viterbi(gains: np.ndarray, cost: np.ndarray) -> float:
    worth = np.zeros(gains.shape[1])
    for line in gains.astype(float):
        worth = (worth[:, None] - cost).max(axis=0) + line
    return float(worth.max())


def worth_of(path: np.ndarray, gains: np.ndarray, cost: np.ndarray) -> float:
    total = gains[np.arange(len(path)), path].astype(float).sum()
    return float(total - sum(cost[a, b] for a, b in itertools.pairwise(path)))


@given(st.integers(1, 700), st.integers(1, 14), st.integers(0, 10**6), st.booleans())
@settings(max_examples=90)
def test_viterbi_finds_a_best_path(frames: int, classes: int, seed: int, small: bool) -> None:
    rng = np.random.default_rng(seed)
    gains = rng.standard_normal((frames, classes)).astype(np.float32)
    cost = rng.uniform(0, 4, (classes, classes)).astype(np.float32)
    np.fill_diagonal(cost, 0)
    with patch.object(decoding, "SMALL_TREE", 10**9 if small else 0):
        path = viterbi(gains, cost)
    assert path.shape == (frames,)
    best = plain_viterbi(gains, cost)
    assert worth_of(path, gains, cost) == pytest.approx(best, rel=1e-4, abs=1e-3)


def test_runs_cover_a_path() -> None:
    path = np.array([0, 0, 2, 2, 2, 1])
    assert runs(path) == [(0, 2, 0), (2, 5, 2), (5, 6, 1)]
    assert runs(path[:0]) == []


def test_changes_that_were_seen_cost_less() -> None:
    cost = change_costs([np.array([0, 0, 1, 1, 0, 0, 1, 1, UNKNOWN, 2, 2])], 3)
    assert cost[0, 1] < cost[0, 2]
    assert (np.diag(cost) == 0).all()
    assert np.isfinite(cost).all()


def test_tuning_smooths_what_is_fragmented() -> None:
    rng = np.random.default_rng(7)
    truth = [np.repeat([0, 1, 0, 1, 0], 40).astype(np.int64) for _ in range(4)]
    logs = []
    for path in truth:
        noisy = np.where(rng.random(200) < 0.25, 1 - path, path)
        chances = np.where(np.stack([1 - noisy, noisy], axis=1) == 1, 0.7, 0.3)
        logs.append(np.log(chances).astype(np.float32))
    decoder, _, value = tune(logs, truth, change_costs(truth, 2), background=True)
    assert value > 0.8
    assert decoder.cost[0, 1] > 1


def test_long_runs_are_cut_where_the_class_is_least_sure() -> None:
    logs = np.log(np.full((100, 2), 0.5, np.float32))
    logs[20:80, 1] = -0.05
    logs[47, 1] = -2.0
    path = np.zeros(100, np.int64)
    path[20:80] = 1
    found = stretches_of(logs, path, True, {1: 40})
    assert [(round(s.first), round(s.last)) for s in found] == [(20, 47), (47, 80)]


def test_gaps_part_regions() -> None:
    gaps = ((12.0, 15.0), (16.0, 16.1), (19.0, 30.0))
    assert list(without_gaps((10.0, 20.0), gaps, 1.0)) == [(10.0, 12.0), (15.0, 19.0)]
    assert list(without_gaps((13.0, 14.0), gaps, 1.0)) == []


# --- scores ---------------------------------------------------------------------------------------


def test_scores_follow_the_share_of_hits() -> None:
    rng = np.random.default_rng(8)
    confidence = rng.uniform(0.5, 0.995, 600)
    odds = np.log(confidence / (1 - confidence))
    correct = rng.random(600) < 1 / (1 + np.exp(1.5 - odds))
    curve = fit_curve(confidence.tolist(), correct.tolist())
    for low in (0.5, 0.7, 0.9):
        part = (confidence >= low) & (confidence < low + 0.1)
        scores = [curve.score(float(c)) for c in confidence[part]]
        assert np.mean(scores) == pytest.approx(correct[part].mean(), abs=0.08)


def test_few_regions_claim_little_and_more_confident_is_never_less_probable() -> None:
    assert fit_curve([], []) == Curve()
    one, many = fit_curve([0.9], [True]), fit_curve([0.9] * 100, [True] * 100)
    assert 0.5 < one.score(0.9) < many.score(0.9)
    assert many.score(0.9) > 0.95
    backwards = fit_curve([0.6] * 50 + [0.95] * 50, [True] * 50 + [False] * 50)
    assert backwards.score(0.95) >= backwards.score(0.6)


# --- instants -------------------------------------------------------------------------------------


def test_peaks_keep_apart_and_the_highest_win() -> None:
    odds = np.array([0, 3, 0, 5, 0, 0, 0, 4, 4, 0], np.float32)
    assert peaks(odds, 1).tolist() == [1, 3, 8]
    assert peaks(odds, 4).tolist() == [3, 8]
    assert peaks(odds[:0], 4).tolist() == []


def test_hits_are_one_to_one_nearest_first() -> None:
    mark = hits(np.array([1.0, 1.3, 9.0]), np.array([1.2, 5.0]), 0.5)
    assert mark.tolist() == [-1, 0, -1]


def test_the_threshold_lies_between_what_is_right_and_what_is_not() -> None:
    odds = np.log(np.array([0.9, 0.8, 0.3, 0.2]))
    threshold = best_threshold(odds, np.array([True, True, False, False]), 2)
    assert 0.3 < threshold < 0.8
    assert best_threshold(odds[:0], np.zeros(0, bool), 2) == 0.5


def test_one_lucky_peak_among_many_does_not_open_the_gate() -> None:
    """What two instants cannot prove, fifty can."""
    odds = np.log(np.concatenate([[0.4], np.linspace(0.05, 0.03, 19)]))
    lucky = np.arange(20) == 12
    assert best_threshold(odds, lucky, 2) > 0.1
    low = np.repeat(np.log([0.05, 0.01]), 50)
    assert best_threshold(low, np.repeat([True, False], 50), 50) < 0.05


def test_an_anchor_finds_the_marked_landmark() -> None:
    rng = np.random.default_rng(9)
    line = 0.1 * rng.standard_normal(4000)
    marks = np.arange(100, 3900, 200) + rng.integers(-20, 20, 19)
    for mark in marks:
        line[mark - 3 : mark] -= 6
        line[mark] += 20
    grid = grid_of(line[None])
    found = [(grid, (mark + rng.uniform(-5, 5)) / 20, (mark - 3) / 20) for mark in marks]
    anchor = learn_anchor(found, 5 / 20)
    assert anchor.signal >= 0
    placed = [anchor.place(grid, time) for _, time, _ in found]
    assert np.abs(np.array(placed) - [true for *_, true in found]).max() < 1.1 / 20


# --- targets --------------------------------------------------------------------------------------


def test_frames_belong_to_the_region_that_holds_their_centre() -> None:
    tier = Tier(name="state", kind="states", labels=(Label(name="high"),))
    spans = [Span(1.0, 2.0, "high", tier.name), Span(5.1, 5.2, "high", tier.name)]
    recording = made.recording(np.zeros((2, 200)))
    part = made.TrainingExample(recording, spans, {"state": ((0.0, 3.0), (5.0, 7.0))})
    task = Task("state", ("high",), False, True)
    classes = frame_classes(task, part, 20, 0.5)
    unknown = UNKNOWN
    # A region shorter than a frame fills the frame that it lies in.
    expected = [0, 0, 1, 1, 0, 0, *[unknown] * 4, 1, 0, 0, 0, *[unknown] * 6]
    assert classes.tolist() == expected


def test_guesses_match_by_half_of_the_union_and_label() -> None:
    guesses = [(0, 10, 1), (20, 24, 1), (30, 40, 2)]
    events = [(0, 10, 1), (20, 40, 1)]
    assert matched(guesses, events).tolist() == [True, False, False]
    assert matched([], events).tolist() == []


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    model = LearningSegmenter(made.DOMAIN)
    model.fit([made.example(seed, 60.0) for seed in range(2)], made.quiet)
    model.save(folder)
    return folder


def copy_of(saved: Path, folder: Path) -> Path:
    for file in saved.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def refused(folder: Path) -> None:
    fresh = LearningSegmenter(made.DOMAIN)
    with pytest.raises(DataError) as caught:
        fresh.load(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert fresh.version == "untrained"


def test_a_model_is_two_files_without_code(saved: Path) -> None:
    assert {file.name for file in saved.iterdir()} == {weights.SETTINGS, weights.ARRAYS}
    with np.load(saved / weights.ARRAYS, allow_pickle=False) as stored:
        assert all(stored[name].dtype.kind in "fi" for name in stored.files)


@pytest.mark.parametrize("name", [weights.SETTINGS, weights.ARRAYS])
def test_missing_cut_or_foreign_files_are_refused(saved: Path, tmp_path: Path, name: str) -> None:
    folder = copy_of(saved, tmp_path)
    whole = (folder / name).read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"PK\x03\x04 no archive", b"[1, 2]"):
        (folder / name).write_bytes(content)
        refused(folder)
    (folder / name).unlink()
    refused(folder)


def changed_arrays(folder: Path, name: str, change: object) -> None:
    path = folder / weights.ARRAYS
    with np.load(path, allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays.get(name))  # type: ignore[operator]
    with path.open("wb") as file:
        np.savez(file, **arrays)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("0_weights", lambda a: a[:-1]),
        ("0_weights", lambda a: a.astype(np.float64)),
        ("0_weights", lambda a: np.full_like(a, np.nan)),
        ("0_cost", lambda a: a[:1]),
        ("0_scale", np.zeros_like),
        ("0_channel", lambda a: a + 1000),
        ("0_taps", lambda a: a + 9),
        ("0_dilation", lambda a: a * 0),
        ("0_threshold", None),
        ("0_extra", lambda a: np.zeros(3, np.float32)),
        ("9_extra", lambda a: np.zeros(3, np.float32)),
        ("1_centre", lambda a: np.array([{"code": 1}], object)),
    ],
)
def test_tampered_arrays_are_refused(
    saved: Path, tmp_path: Path, name: str, change: object
) -> None:
    folder = copy_of(saved, tmp_path)
    changed_arrays(folder, name, change)
    refused(folder)


def with_member(folder: Path, name: str, content: bytes, **how: int) -> None:
    """Replaces one array of the model by other bytes."""
    path = folder / weights.ARRAYS
    with zipfile.ZipFile(path) as archive:
        members = {item: archive.read(item) for item in archive.namelist()}
    with zipfile.ZipFile(path, "w", **how) as archive:
        for item, own in members.items():
            archive.writestr(item, content if item == f"{name}.npy" else own)


def npy(shape: str, descr: str = "'<f4'", order: str = "False", content: bytes = b"") -> bytes:
    """A .npy whose header says this, whatever the content is."""
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


@pytest.mark.parametrize(
    "content",
    [
        npy("(100000000000,)"),
        npy("(100000000000, 100000000000)", content=bytes(400)),
        npy("(100000000000,)", descr="'|V0'"),
        npy("(-1, -1)", content=bytes(4)),
        npy("(3,)", descr="'|O'", content=bytes(24)),
        npy("(" * 900 + ")" * 900),
        npy("(1,)", order="-" * 8000 + "1"),
        npy("(3,"),
        npy("(3,)").replace(b"\x01\x00", b"\x02\x00", 1),
        npy("(4,)", content=bytes(15)),
        b"",
    ],
    ids=lambda content: repr(content[10:70]),
)
def test_headers_that_claim_anything_take_no_memory(
    saved: Path, tmp_path: Path, content: bytes
) -> None:
    folder = copy_of(saved, tmp_path)
    with_member(folder, "0_scale", content)
    tracemalloc.start()
    refused(folder)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 50e6


def test_compressed_arrays_are_refused_before_they_are_unpacked(
    saved: Path, tmp_path: Path
) -> None:
    folder = copy_of(saved, tmp_path)
    with_member(folder, "0_scale", bytes(10**7), compression=zipfile.ZIP_DEFLATED)
    refused(folder)


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_read_as_numpy_wrote_them(tmp_path: Path, order: Literal["C", "F"]) -> None:
    written = np.arange(12, dtype=np.float32).reshape(3, 4).copy(order)
    np.savez(tmp_path / "a.npz", one=written)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        found = read_array(archive, archive.infolist()[0])
    assert np.array_equal(found, written)
    assert found.flags.f_contiguous == written.flags.f_contiguous
    assert found.flags.writeable


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rate", 0),
        ("rate", "20"),
        ("stride", 0),
        ("stride", 10**12),
        ("windows", []),
        ("windows", [2, 4]),
        ("windows", [1] * 40),
        ("lags", [-1]),
        ("kind", "code"),
        ("labels", []),
        ("labels", ["high"]),
        ("opening", -1),
        ("opening", 10**12),
        ("least", [-1, 5]),
        ("least", [1, 2, 3, 4, 5, 6, 7]),
        ("unknown", 1),
        ("odd", "1"),
        ("lengths", [[0, 1.0, 1.0]]),
        ("lengths", [[99, 1.0, 1.0, 5.0]]),
        ("lengths", [[1, 1.0, 0.0, 5.0]]),
    ],
)
def test_tampered_settings_are_refused(
    saved: Path, tmp_path: Path, key: str, value: object
) -> None:
    folder = copy_of(saved, tmp_path)
    path = folder / weights.SETTINGS
    document = json.loads(path.read_text())
    document["parts"][0][key] = value
    path.write_text(json.dumps(document))
    refused(folder)


def test_another_format_or_no_parts_are_refused(saved: Path, tmp_path: Path) -> None:
    for change in ({"format": 99}, {"parts": []}, {"rate": -1.0}):
        folder = copy_of(saved, tmp_path)
        path = folder / weights.SETTINGS
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        refused(folder)
