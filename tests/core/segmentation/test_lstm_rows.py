"""Rows, classes, windows and held-out parts of the lstm's training data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kit.made_signals import BOTH, RATE, domain, example, recording, tier

from tslab.contracts import TrainingExample
from tslab.recording import Recording, Signal
from tslab.segmentation.features.grid import make_grid
from tslab.segmentation.lstm.held_out import hold_out
from tslab.segmentation.lstm.rows import (
    UNKNOWN,
    Head,
    classes_of,
    find_channels,
    find_heads,
    find_rate,
    inputs_of,
    measured,
    pieces_of,
    row_numbers,
    windows_of,
)
from tslab.spans import Span

PHASE = Head("phase", ("calm", "busy"), "spans")
MARK = Head("mark", ("click",), "instants")
FLAT = recording(np.random.default_rng(0).standard_normal((100, 2)))
WHOLE = {"phase": ((0.0, 5.0),), "mark": ((0.0, 5.0),)}


def classes(
    spans: list[Span], head: Head = PHASE, made: Recording = FLAT, **reviewed
) -> np.ndarray:
    grid = make_grid(made, ["c0", "c1"], RATE, BOTH)
    return classes_of(TrainingExample(made, spans, reviewed or WHOLE), head, grid, 50)


def test_a_span_covers_the_samples_from_its_start_to_before_its_end() -> None:
    found = classes([Span(1.0, 2.0, "calm", "phase"), Span(2.0, 2.5, "busy", "phase")])
    assert np.flatnonzero(found == 1).tolist() == list(range(20, 40))
    assert np.flatnonzero(found == 2).tolist() == list(range(40, 50))


def test_float_noise_loses_no_edge_row() -> None:
    exact = classes([Span(0.6, 1.2, "calm", "phase")])
    noisy = classes([Span(0.6000000000000001, 1.2000000000000002, "calm", "phase")])
    assert np.array_equal(exact, noisy)


def test_a_span_shorter_than_a_row_still_marks_one() -> None:
    assert (classes([Span(1.01, 1.02, "calm", "phase")]) == 1).sum() == 1
    assert (classes([Span(4.999, 5.0, "calm", "phase")]) == 1).sum() == 1


def test_an_instant_between_two_samples_marks_rows() -> None:
    found = np.flatnonzero(classes([Span(1.024, 1.024, "click", "mark")], MARK))
    assert 20 in found
    assert len(found) <= 3


def test_time_that_nobody_reviewed_is_unknown_even_where_it_is_marked() -> None:
    spans = [Span(1.0, 2.0, "calm", "phase")]
    found = classes(spans, phase=((0.5, 1.5),))
    assert np.flatnonzero(found != UNKNOWN).tolist() == list(range(10, 30))
    assert np.flatnonzero(found == 1).tolist() == list(range(20, 30))
    assert (classes(spans, mark=((0.0, 5.0),)) == UNKNOWN).all()


def test_gaps_and_rows_without_any_sample_are_unknown() -> None:
    values = np.random.default_rng(1).standard_normal((100, 2))
    values[60:70] = np.nan
    values[80:85, 0] = np.nan
    made = replace(recording(values), gaps=((1.0, 2.0),))
    found = classes([], made=made)
    unknown = [*range(20, 40), *range(60, 70)]
    assert np.flatnonzero(found == UNKNOWN).tolist() == unknown
    grid = make_grid(made, ["c0", "c1"], RATE, BOTH)
    assert np.flatnonzero(~measured(grid, made)).tolist() == unknown


def test_inputs_say_which_share_of_the_channels_is_missing() -> None:
    values = np.random.default_rng(1).standard_normal((100, 2))
    values[80:85, 0] = np.nan
    rows = inputs_of(make_grid(recording(values), ["c0", "c1", "absent"], RATE, BOTH))
    assert rows.shape == (100, 4)
    assert np.isfinite(rows).all()
    assert rows[0, 3] == pytest.approx(1 / 3)
    assert rows[82, 3] == pytest.approx(2 / 3)


def test_defect_19_windows_step_by_half_and_never_leave_their_piece() -> None:
    found = windows_of([(0, 100), (120, 150), (200, 275)], 50).tolist()
    assert found == [
        *([0, 50], [25, 75], [50, 100]),
        [120, 150],
        *([200, 250], [225, 275]),
    ]
    assert windows_of([(3, 3)], 50).shape == (0, 2)


def test_the_rest_of_a_short_window_is_padding() -> None:
    assert row_numbers(np.array([[7, 10]]), 5, 99).tolist() == [[7, 8, 9, 99, 99]]


def test_a_hole_of_half_a_window_parts_pieces() -> None:
    known = np.ones(100, bool)
    known[10:14] = False
    known[50:60] = False
    assert pieces_of(known, 20) == [(0, 50), (60, 100)]
    assert pieces_of(np.zeros(5, bool), 20) == []


def test_heads_hold_what_excludes_each_other() -> None:
    made = example(0)
    assert find_heads([made], BOTH) == [PHASE, MARK]
    assert find_heads([replace(made, spans=made.spans[:1])], BOTH) == [
        Head("phase", ("calm",), "spans")
    ]
    assert find_heads([replace(made, spans=[])], BOTH) == []


def test_intervals_that_overlap_get_a_head_each() -> None:
    free = domain(tier("event", "intervals", "calm", "busy", "click"))
    apart = [Span(0, 1, "calm", "event"), Span(1, 2, "busy", "event"), Span(3, 3, "click", "event")]
    over = [Span(0, 1.5, "calm", "event"), *apart[1:]]
    assert find_heads([replace(example(0), spans=apart)], free) == [
        Head("event", ("click",), "instants"),
        Head("event", ("calm", "busy"), "spans"),
    ]
    assert find_heads([replace(example(0), spans=over)], free)[1:] == [
        Head("event", ("calm",), "spans"),
        Head("event", ("busy",), "spans"),
    ]


def test_channels_are_the_same_whatever_the_case() -> None:
    first, second = example(0), example(1)
    loud = [replace(signal, name=signal.name.upper()) for signal in second.recording.signals]
    second = replace(second, recording=second.recording.with_signals(loud))
    assert find_channels([first, second], BOTH) == ["c0", "c1"]


def test_the_rate_is_that_of_most_recordings() -> None:
    odd = replace(example(3), recording=recording(np.zeros((10, 1)), rate=500.0))
    empty = replace(example(3), recording=Recording("none", (), 0.0))
    assert find_rate([example(0), odd, example(1), empty]) == RATE
    assert find_rate([empty]) == 0.0


def test_irregular_sampling_uses_its_mean_rate() -> None:
    times = np.cumsum(np.random.default_rng(0).uniform(0.5, 1.5, 200))
    signal = Signal.from_array("c0", times % 7, 1.0, times=times)
    made = TrainingExample(Recording("odd", (signal,), signal.duration), [], WHOLE)
    assert find_rate([made]) == 1.0
    grid = make_grid(made.recording, ["c0"], 1.0, BOTH)
    assert measured(grid, made.recording).mean() > 0.95


# --- held out -----------------------------------------------------------------------------


def two_heads(*rows: list[int]) -> list[np.ndarray]:
    return [np.array(row) for row in rows]


def test_a_recording_is_held_out_only_if_others_have_its_labels() -> None:
    rows = two_heads([0, 1] * 5 + [0, 2] * 5 + [0, 1] * 5 + [0, 0] * 5)
    pieces = [[(i, i + 10)] for i in (0, 10, 20, 30)]
    for seed in range(5):
        parts = hold_out(pieces, rows, seed)
        assert list(parts.recordings) in ([0], [2])
        assert len(parts.train) == 3


def test_defect_19_a_fifth_of_many_recordings_is_held_out() -> None:
    rows = two_heads([0, 1, 0, 2] * 50)
    pieces = [[(i * 10, i * 10 + 10)] for i in range(20)]
    parts = hold_out(pieces, rows, 3)
    assert len(parts.recordings) == 4
    assert parts == hold_out(pieces, rows, 3)
    assert not {*parts.train} & {*parts.held_out}


def test_recordings_of_one_owner_stay_together() -> None:
    rows = two_heads([0, 1] * 30)
    pieces = [[(i * 10, i * 10 + 10)] for i in range(6)]
    owners = ["patient 1", "patient 2", "patient 1", "", "patient 2", "patient 1"]
    found = {tuple(hold_out(pieces, rows, seed, owners).recordings) for seed in range(8)}
    assert found == {(0, 2, 5), (1, 4), (3,)}


def test_recordings_of_a_single_owner_can_be_held_out_one_by_one() -> None:
    rows = two_heads([0, 1] * 15)
    pieces = [[(i * 10, i * 10 + 10)] for i in range(3)]
    assert len(hold_out(pieces, rows, 0, ["patient 1"] * 3).recordings) == 1


def test_one_recording_is_cut_into_blocks_with_labels_on_both_sides() -> None:
    rows = two_heads([0] * 55 + [1] * 35 + [0] * 10)
    parts = hold_out([[(0, 100)]], rows, 0)
    assert not parts.recordings
    held = [row for a, b in parts.held_out for row in range(a, b)]
    train = [row for a, b in parts.train for row in range(a, b)]
    assert sorted(held + train) == list(range(100))
    assert len(held) == 20
    assert {0, 1} <= set(rows[0][held])
    assert {0, 1} <= set(rows[0][train])


def test_two_recordings_without_a_common_label_are_cut_into_blocks() -> None:
    rows = two_heads([1, 1, 0, 0] * 10 + [2, 2, 0, 0] * 10)
    assert not hold_out([[(0, 40)], [(40, 80)]], rows, 0).recordings


def test_a_handful_of_rows_is_learned_from_and_judged_on() -> None:
    parts = hold_out([[(0, 3)]], two_heads([1, 0, 0]), 0)
    assert parts.train == parts.held_out == [(0, 3)]
