"""Runs that are too short to be meant."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tslab.segmentation.chain.decoding import Path, runs
from tslab.segmentation.chain.shortness import least_frames, without_short
from tslab.segmentation.chain.tuning import change_costs, tune


def path_of(*parts: tuple[int, int]) -> Path:
    """Runs of (class, frames)."""
    return np.concatenate([np.full(length, kind, np.int64) for kind, length in parts])


def test_the_shortest_whole_run_sets_the_limit() -> None:
    truth = [path_of((0, 50), (1, 20), (0, 9), (1, 30), (0, 50)), path_of((0, 9), (2, 40), (0, 9))]
    assert least_frames(truth, 3) == (2, 8, 12)


def test_what_may_go_on_beyond_what_was_seen_sets_no_limit() -> None:
    cut = path_of((1, 3), (0, 40), (1, 5), (-1, 7), (0, 20), (1, 2))
    whole = path_of((0, 9), (1, 30), (0, 9))
    assert least_frames([cut], 2) == (0, 0)
    assert least_frames([cut, whole], 2) == (9, 9)


def test_a_pause_between_two_labels_sets_no_limit_for_pauses_within_one() -> None:
    truth = [path_of((0, 9), (1, 30), (0, 2), (2, 30), (0, 9))]
    assert least_frames(truth, 3) == (9, 9, 9)


def test_short_pauses_are_filled_before_short_regions_go() -> None:
    path = path_of((0, 40), (1, 8), (0, 3), (1, 8), (0, 40), (1, 4), (0, 40))
    expected = path_of((0, 40), (1, 19), (0, 84))
    assert np.array_equal(without_short(path, (5, 12)), expected)
    assert np.array_equal(without_short(path, ()), path)
    assert np.array_equal(without_short(path, (0, 0)), path)


def test_what_touches_an_end_stays() -> None:
    path = path_of((1, 2), (0, 40), (1, 2))
    assert np.array_equal(without_short(path, (10, 10)), path)


def test_a_region_between_others_becomes_background() -> None:
    path = path_of((0, 9), (1, 20), (2, 3), (1, 20), (0, 9))
    assert without_short(path, (0, 5, 5))[29:32].tolist() == [0, 0, 0]


@given(st.lists(st.integers(0, 2), max_size=60), st.integers(0, 9), st.integers(1, 9))
def test_no_region_inside_is_shorter_than_allowed(path: list[int], pause: int, least: int) -> None:
    kept = without_short(np.array(path, np.int64), (pause, least, least))
    for first, last, kind in runs(kept)[1:-1]:
        assert kind == 0 or last - first >= least


def test_tuning_leaves_short_regions_out_where_that_helps() -> None:
    rng = np.random.default_rng(0)
    truth = [path_of((0, 60), (1, 40), (0, 60)) for _ in range(6)]
    logs = []
    for number, real in enumerate(truth):
        odds = np.where(real > 0, 3.0, -3.0) + rng.standard_normal(len(real))
        # As sure as the event itself, but far shorter than any.
        odds[10 + number : 22 + number] = 3.0
        logs.append(-np.log1p(np.exp(np.stack([odds, -odds], axis=1))).astype(np.float32))
    cost = change_costs(truth, 2)
    decoder, _, value = tune(logs, truth, cost, True)
    assert decoder.least == (20, 20)
    assert value > 0.95


def test_nothing_is_left_out_where_that_does_not_help() -> None:
    truth = [path_of((0, 60), (1, 40), (0, 60)) for _ in range(6)]
    logs = []
    for real in truth:
        odds = np.where(real > 0, 3.0, -3.0)
        logs.append(-np.log1p(np.exp(np.stack([odds, -odds], axis=1))).astype(np.float32))
    decoder, _, _ = tune(logs, truth, change_costs(truth, 2), True)
    assert decoder.least == ()
