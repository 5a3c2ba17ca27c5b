"""Beats compared as EC57 says: by hand, and equal to what the program bxb reported."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import wfdb

from tslab import AgreementContext, Span
from tslab_ecg_eeg.beat_comparison import LEARNING, BeatComparison
from tslab_ecg_eeg.ecg_ontology import DOMAIN

SHARED = Path(os.environ.get("TSLAB_DATA") or Path(__file__).parents[3] / "shared" / "data").parent
GOLDEN, RECORD = SHARED / "golden", SHARED / "data" / "ecg" / "mitdb" / "100"
NAMES = {label.code: label.name for label in DOMAIN.tier("beats").labels}
METRIC = BeatComparison()


def context(*extents: tuple[float, float]) -> AgreementContext:
    return AgreementContext(DOMAIN, extents or ((0.0, 1000.0),), ("a", "b"))


def beats(*marks: tuple[float, str]) -> list[Span]:
    return [Span(time, time, NAMES[code], "beats") for time, code in marks]


def counts(
    reference: list[Span], hypothesis: list[Span], *extents: tuple[float, float]
) -> dict[str, float]:
    found = METRIC.components(reference, hypothesis, context(*extents))
    return {key: value for key, value in found.items() if not key.startswith("rr")}


def test_beats_at_most_150_ms_apart_are_one() -> None:
    assert counts(beats((1.0, "N")), beats((1.15, "V"))) == {"Nv": 1}
    assert counts(beats((1.0, "N")), beats((1.150001, "V"))) == {"No": 1, "Ov": 1}


def test_a_beat_goes_with_the_nearer_of_two() -> None:
    assert counts(beats((1.0, "N"), (1.2, "V")), beats((1.13, "V"))) == {"No": 1, "Vv": 1}
    assert counts(beats((1.13, "V")), beats((1.0, "N"), (1.2, "V"))) == {"On": 1, "Vv": 1}


def test_what_is_no_beat_is_left_out() -> None:
    assert counts(beats((1.0, "|"), (2.0, "N"), (3.0, "x")), beats((2.0, "N"))) == {"Nn": 1}


def test_escape_beats_are_supraventricular() -> None:
    assert counts(beats((1.0, "e"), (2.0, "/")), beats((1.0, "A"), (2.0, "Q"))) == {
        "Ss": 1,
        "Qq": 1,
    }


def test_stretches_apart_share_no_interval() -> None:
    marks = beats((1.0, "N"), (2.0, "N"), (51.0, "N"), (52.5, "N"))
    found = METRIC.components(marks, marks, context((0.0, 10.0), (50.0, 60.0)))
    assert (found["Nn"], found["rr_count"], found["rr_square"]) == (4, 2, 0.0)


def test_a_mark_between_two_stretches_counts_once() -> None:
    marks = beats((10.0, "N"))
    assert counts(marks, marks, (0.0, 10.0), (10.0, 20.0)) == {"Nn": 1}


def test_an_extra_beat_shortens_the_interval_of_the_hypothesis() -> None:
    found = METRIC.components(
        beats((1.0, "N"), (2.0, "N")), beats((1.0, "N"), (1.5, "N"), (2.0, "N")), context()
    )
    # 1 s against .5 s twice: at the extra beat and at the one after it.
    assert found == {"Nn": 2, "On": 1, "rr_square": 0.5, "rr_count": 2.0}


def test_learning_is_left_out_but_begins_the_first_interval() -> None:
    metric = BeatComparison(learning=300.0)
    marks = beats((299.0, "N"), (300.0, "N"), (301.0, "N"))
    found = metric.components(marks, marks[1:], context())
    assert (found["Nn"], found["rr_count"]) == (2, 1)
    assert metric.components(marks, marks, context())["rr_count"] == 2


def test_values_by_hand() -> None:
    told = (
        "Nn 80 Nv 4 No 5 Ns 3 Ss 6 Sn 1 So 1 Sv 2 Vv 8 Vn 1 Vo 1 Fv 9 Ff 2 Qv 7 On 2 Ov 1 Os 1 Qs 5"
    )
    words = told.split()
    parts = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    parts |= {"rr_square": 4.0, "rr_count": 16.0}
    found = METRIC.details(parts)
    matched = 80 + 4 + 3 + 6 + 1 + 2 + 8 + 1 + 9 + 2 + 7 + 5
    assert found == {
        "qrs_sensitivity": matched / (matched + 7),
        "qrs_predictivity": matched / (matched + 4),
        "veb_sensitivity": 8 / 10,
        "veb_predictivity": 8 / (8 + 4 + 2 + 1),
        "veb_false_positive_rate": 7 / (7 + 80 + 3 + 6 + 1 + 2 + 5),
        "sveb_sensitivity": 6 / 10,
        "sveb_predictivity": 6 / (6 + 3 + 1),
        "rr_rms_error": 0.5,
    }
    assert METRIC.value(parts) == 2 * matched / (2 * matched + 7 + 4)


def test_nothing_marked_is_undefined() -> None:
    found = METRIC.components([], [], context())
    assert METRIC.value(found) is None
    assert set(METRIC.details(found).values()) == {None}


def test_silence_is_zero() -> None:
    assert METRIC.value(METRIC.components(beats((1.0, "N")), [], context())) == 0.0


def golden_report() -> tuple[dict[str, float], dict[str, tuple[int, int]], float]:
    """Confusion, fractions and root mean square error of the report."""
    text = (GOLDEN / "bxb_100_jit_S.txt").read_text()
    table: dict[str, float] = {}
    for row, cells in re.findall(r"(?m)^ ([NSVFQ]) \|((?: +\d+){7})$", text):
        numbers = [int(cell) for cell in cells.split()]
        for column, number in zip("nsvfqo", numbers, strict=False):
            if number:
                table[row + column] = number
        assert numbers[6] == 0  # nothing missed in shutdown
    shares = {
        name.strip(): (int(above), int(below))
        for name, above, below in re.findall(r"(?m)^(.*): +[\d.]+% \((\d+)/(\d+)\)$", text)
    }
    (error,) = re.findall(r"RMS RR interval error: ([\d.]+) ms", text)
    return table, shares, float(error)


@pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no golden numbers at {GOLDEN}; set TSLAB_DATA")
def test_equals_bxb() -> None:
    sides = []
    for path, extension in ((RECORD, "atr"), (GOLDEN / "100", "jit")):
        found = wfdb.rdann(str(path), extension)
        marks = zip(found.sample, found.symbol, strict=True)
        sides.append(beats(*((int(s) / 360, code) for s, code in marks if code in NAMES)))
    metric = BeatComparison(learning=LEARNING)
    parts = metric.components(sides[0], sides[1], context((0.0, 650_000 / 360)))
    table, shares, error = golden_report()
    assert {key: value for key, value in parts.items() if not key.startswith("rr")} == table
    details = metric.details(parts)
    for ours, theirs in (
        ("qrs_sensitivity", "QRS sensitivity"),
        ("qrs_predictivity", "QRS positive predictivity"),
        ("veb_sensitivity", "VEB sensitivity"),
        ("veb_predictivity", "VEB positive predictivity"),
        ("sveb_sensitivity", "SVEB sensitivity"),
        ("sveb_predictivity", "SVEB positive predictivity"),
    ):
        above, below = shares[theirs]
        assert details[ours] == above / below
    assert details["veb_false_positive_rate"] == 15 / 1853
    assert round(1000 * (details["rr_rms_error"] or 0), 2) == error
