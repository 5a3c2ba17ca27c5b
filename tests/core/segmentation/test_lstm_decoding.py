"""From the lstm's probabilities to marks."""

from __future__ import annotations

import numpy as np
import pytest

from tslab.segmentation.lstm.decoding import (
    confusion,
    criteria,
    fit_decoder,
    fit_temperature,
    found_peaks,
    framed,
    instants_of,
)
from tslab.segmentation.lstm.rows import UNKNOWN, Head

PHASE = Head("phase", ("calm", "busy"), "spans")
MARK = Head("mark", ("click",), "instants")


def logs_for(classes: np.ndarray, sure: float, size: int) -> np.ndarray:
    """Log-probabilities that give the class of every row `sure`, the others the rest."""
    table = np.full((len(classes), size), (1 - sure) / (size - 1), np.float32)
    table[np.arange(len(classes)), classes] = sure
    return np.log(table)


def test_defect_08_a_class_that_is_never_found_has_an_f1_of_zero() -> None:
    truth = np.array([0] * 90 + [1] * 5 + [2] * 5)
    path = np.array([0] * 90 + [1] * 5 + [0] * 5)
    accuracy, smallest, mean = criteria(confusion(truth, path, 3))
    assert accuracy == pytest.approx(2 / 3)
    assert smallest == 0
    assert mean == pytest.approx((180 / 185 + 1) / 3)


def test_a_class_that_does_not_occur_does_not_count() -> None:
    truth = np.array([0, 0, 1, 1])
    assert criteria(confusion(truth, truth, 3)) == (1.0, 1.0, 1.0)


def test_unknown_rows_are_not_judged() -> None:
    truth, path = np.array([0, 1, UNKNOWN, UNKNOWN]), np.array([0, 1, 1, 2])
    assert confusion(truth, path, 3).sum() == 2
    assert criteria(confusion(np.array([UNKNOWN]), np.array([1]), 2)) == (0.0, 0.0, 0.0)


def test_overconfidence_is_cooled_and_timidity_warmed() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 4000)
    said = np.where(rng.random(4000) < 0.8, truth, 1 - truth)
    for claimed, low, high in ((0.99, 2.5, 4.5), (0.8, 0.8, 1.25), (0.65, 0.3, 0.6)):
        assert low < fit_temperature(logs_for(said, claimed, 2), truth) < high


def test_temperature_of_nothing_is_one() -> None:
    assert fit_temperature(np.zeros((3, 2), np.float32), np.full(3, UNKNOWN)) == 1.0


def test_peaks_are_the_highest_rows_and_apart() -> None:
    chance = np.full((60, 2), 0.01, np.float32)
    chance[[10, 12, 40], 1] = (0.7, 0.9, 0.6)
    chance[:, 0] = 1 - chance[:, 1]
    found = found_peaks(np.log(chance), 0.5, 5)
    assert [(x[0], x[2]) for x in found] == [(12.5, 1), (40.5, 1)]
    assert [round(x[3], 3) for x in found] == [0.9, 0.6]
    assert len(found_peaks(np.log(chance), 0.5, 2)) == 3
    assert len(found_peaks(np.log(chance), 0.8, 5)) == 1


def test_instants_are_the_middles_of_their_rows() -> None:
    assert instants_of(np.array([0, 1, 1, 1, 0, 2, 0, 1]), 1) == [2, 7]


def test_flicker_is_smoothed_away_and_spans_are_scored() -> None:
    rng = np.random.default_rng(1)
    truth = [np.repeat([0, 1, 0, 2, 0], 60) for _ in range(4)]
    parts = []
    for rows in truth:
        flipped = np.where(rng.random(len(rows)) < 0.15, rng.integers(0, 3, len(rows)), rows)
        parts.append(logs_for(flipped, 0.7, 3))
    decoder = fit_decoder(PHASE, parts, truth, truth, (10, 10))
    marks = decoder.marks(PHASE, parts[0], [(0, 300)])
    assert [x[2] for x in marks] == [1, 2]
    assert np.allclose([x[:2] for x in marks], [(60, 120), (180, 240)], atol=3)
    assert all(0.6 < x[3] <= 1 for x in marks)


def test_frames_are_means_of_rows_and_the_last_may_be_short() -> None:
    rows = logs_for(np.array([0, 0, 1, 1, 1, 1, 0]), 0.9, 2)
    frames = framed(rows, 2)
    assert frames.shape == (4, 2)
    assert np.allclose(np.exp(frames).sum(axis=1), 1)
    assert frames.argmax(axis=1).tolist() == [0, 1, 1, 0]
    assert np.allclose(frames[3], rows[6], atol=1e-6)
    assert np.allclose(framed(rows, 1), rows, atol=1e-6)


def test_frames_of_several_rows_find_the_same_spans() -> None:
    truth = [np.repeat([0, 1, 0, 2, 0], 60)]
    parts = [logs_for(truth[0], 0.8, 3)]
    decoder = fit_decoder(PHASE, parts, truth, truth, (50, 10))
    assert decoder.stride == 5
    marks = decoder.marks(PHASE, parts[0][:298], [(0, 298)])
    assert [x[2] for x in marks] == [1, 2]
    assert np.allclose([x[:2] for x in marks], [(60, 120), (180, 240)], atol=3)


def test_nothing_is_found_across_the_edges_of_pieces() -> None:
    truth = [np.repeat([0, 1, 0], 50)]
    parts = [logs_for(truth[0], 0.9, 3)]
    decoder = fit_decoder(PHASE, parts, truth, truth, (10, 10))
    marks = decoder.marks(PHASE, parts[0], [(0, 75), (85, 150)])
    assert [x[:3] for x in marks] == [(50.0, 75.0, 1), (85.0, 100.0, 1)]


def test_the_level_of_instants_parts_true_from_false_ones() -> None:
    truth = np.zeros(400, int)
    truth[[50, 150, 250, 350]] = 1
    chance = np.full((400, 2), 0.02, np.float32)
    chance[[50, 150, 250, 350], 1] = (0.9, 0.8, 0.85, 0.75)
    chance[[100, 200, 300], 1] = (0.4, 0.5, 0.55)
    chance[:, 0] = 1 - chance[:, 1]
    decoder = fit_decoder(MARK, [np.log(chance)], [truth], [truth], (10, 10))
    probability = np.exp(decoder.logs(np.log(chance)))[:, 1]
    assert probability[300] < decoder.level < probability[350]
    marks = decoder.marks(MARK, np.log(chance), [(0, 400)])
    assert [x[0] for x in marks] == [50.5, 150.5, 250.5, 350.5]


def test_a_label_without_held_out_examples_claims_little() -> None:
    truth = [np.zeros(100, int)]
    decoder = fit_decoder(MARK, [logs_for(truth[0], 0.9, 2)], truth, truth, (10, 10))
    assert decoder.level == 0.5
    assert decoder.curve.score(0.99) < 0.98
