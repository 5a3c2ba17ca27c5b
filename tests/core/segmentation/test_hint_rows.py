"""Rows of features for what the domain's own segmenter finds, by hand and in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from tslab.segmentation.features.hint_rows import HintRows
from tslab.segmentation.features.hints import MOST_KEYS, RHYTHM_ROWS, Hints, Layout
from tslab.spans import Span

WINDOWS = (3, 9)


def beats(times: list[float], label: str = "N") -> list[Span]:
    return [Span(t, t, label, "beats", 0.5) for t in times]


def rows_of(spans: list[Span], duration: float = 20.0) -> tuple[Layout, HintRows]:
    hints = Hints.of(spans)
    layout = Layout.of([hints])
    assert layout is not None
    return layout, HintRows(hints, layout, WINDOWS, 1.0, duration)


def test_shares_of_frames_and_windows() -> None:
    _, rows = rows_of([Span(2.5, 5.0, "AF", "rhythm", 0.8)])
    frame, scored, three, nine = rows.of(0, 20)
    assert frame[:7].tolist() == pytest.approx([0, 0, 0.5, 1, 1, 0, 0])
    assert scored[:4].tolist() == pytest.approx([0, 0, 0.4, 0.8])
    assert three[1] == pytest.approx(0.5 / 3)
    # Windows end where the recording does.
    assert nine[0] == pytest.approx(2.5 / 5)


def test_spans_of_one_label_that_overlap_fill_a_frame_once() -> None:
    _, rows = rows_of([Span(0, 4, "x", "t"), Span(2, 6, "x", "t")])
    assert rows.of(0, 7)[0].tolist() == [1, 1, 1, 1, 1, 1, 0]


def test_even_and_uneven_instants_differ() -> None:
    even = [float(t) for t in range(20)]
    uneven = [t + 0.3 * (-1) ** int(t) for t in even[1:]]
    found = []
    for times in (even, uneven):
        layout, rows = rows_of(beats(times))
        block = rows.of(8, 12)[: RHYTHM_ROWS * len(WINDOWS)].reshape(2, RHYTHM_ROWS, 4)
        assert len(rows.of(0, 5)) == rows.height == len(layout.widths(WINDOWS))
        found.append(block[1].mean(axis=1))
    (rate, gap, change, clear), (other_rate, _, wild, always) = found
    assert rate == pytest.approx(other_rate, abs=0.15)
    assert gap == pytest.approx(0, abs=1e-6)
    assert change == clear == 0
    assert wild > 0.25
    assert always == 1


def test_nearness_and_share_of_a_label_among_its_tier() -> None:
    layout, rows = rows_of([*beats([2.5, 4.5, 6.5]), *beats([8.5], "V")])
    assert layout.instants == (("beats", "N"), ("beats", "V"))
    made = rows.of(0, 20)
    first = layout.rows_of(("beats", "V"), WINDOWS, instant=True)
    assert first is not None
    assert made[first, 8] == 1
    assert made[first, 7] == pytest.approx(np.exp(-0.5))
    assert made[first + 2, 6] == pytest.approx(1 / 4)
    assert np.isnan(made[first + 1, 15])  # no instant there: nobody knows


def test_pieces_of_a_recording_give_the_rows_of_the_whole() -> None:
    times = np.random.default_rng(0).uniform(0, 20, 30).tolist()
    _, rows = rows_of([*beats(times), Span(3, 11, "AF", "rhythm")])
    parts = [rows.of(first, min(first + 7, 20)) for first in range(0, 20, 7)]
    assert np.array_equal(np.concatenate(parts, axis=1), rows.of(0, 20), equal_nan=True)


def test_what_is_not_known_is_nan_and_what_was_not_found_is_not() -> None:
    layout, _ = rows_of([Span(1, 2, "AF", "rhythm"), *beats([3.0])])
    failed = HintRows(None, layout, WINDOWS, 1.0, 20.0).of(0, 20)
    assert np.isnan(failed).all()
    nothing = HintRows(Hints.of([]), layout, WINDOWS, 1.0, 20.0).of(0, 20)
    assert len(nothing) == len(failed)
    assert (nothing[:4] == 0).all()


def test_a_layout_keeps_what_is_used_most() -> None:
    spans = [Span(n, n + 1, f"label {n % 60}", "t") for n in range(110)]
    layout = Layout.of([Hints.of(spans), None])
    assert layout is not None
    assert len(layout.ranges) == MOST_KEYS
    assert ("t", "label 3") in layout.ranges
    assert ("t", "label 55") not in layout.ranges
    assert Layout.of([None, Hints.of([])]) is None


def test_packed_spans_come_back() -> None:
    spans = [Span(1, 2, "AF", "rhythm", 0.25), *beats([3.0]), Span(0, 1, "N", "rhythm")]
    back = Hints.of(spans).spans()
    assert [(s.start, s.end, s.label, s.tier, s.score) for s in back] == [
        (0, 1, "N", "rhythm", 1.0),
        (1, 2, "AF", "rhythm", 0.25),
        (3, 3, "N", "beats", 0.5),
    ]
