"""Episodes compared as EC57 says: by hand, and equal to what the program epicmp reported."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import wfdb

from tslab import AgreementContext, Span
from tslab_ecg_eeg.comparisons import metrics
from tslab_ecg_eeg.ecg_ontology import DOMAIN
from tslab_ecg_eeg.episode_comparison import EpisodeComparison

GOLDEN = (
    Path(os.environ.get("TSLAB_DATA") or Path(__file__).parents[3] / "shared" / "data").parent
    / "golden"
)
CONTEXT = AgreementContext(DOMAIN, ((0.0, 2000.0),), ("a", "b"))
METRIC = EpisodeComparison()


def rhythms(*states: tuple[float, float, str]) -> list[Span]:
    return [Span(start, end, label, "rhythm") for start, end, label in states]


def test_any_overlap_is_enough_and_touching_is_none() -> None:
    true = rhythms((10, 20, "AFIB"), (30, 40, "AFIB"))
    found = METRIC.components(true, rhythms((0, 10, "AFIB"), (39, 60, "AFIB")), CONTEXT)
    assert (found["reference_found"], found["hypothesis_right"]) == (1, 1)
    assert found["common_seconds"] == 1
    assert METRIC.details(found) == {
        "sensitivity": 0.5,
        "predictivity": 0.5,
        "duration_sensitivity": 1 / 20,
        "duration_predictivity": 1 / 31,
    }
    assert METRIC.value(found) == 0.5


def test_stretches_without_a_gap_are_one_episode() -> None:
    true = rhythms((10, 20, "AFIB"), (20, 40, "AFIB"))
    assert METRIC.components(true, [], CONTEXT)["reference"] == 1


def test_episodes_are_cut_to_what_both_reviewed() -> None:
    seen = AgreementContext(DOMAIN, ((0.0, 15.0), (100.0, 200.0)), ("a", "b"))
    found = METRIC.components(rhythms((10, 150, "AFIB")), rhythms((20, 90, "AFIB")), seen)
    assert (found["reference"], found["reference_seconds"], found["hypothesis"]) == (2, 55, 0)


def test_learning_cuts_an_episode() -> None:
    metric = EpisodeComparison(learning=300.0)
    found = metric.components(rhythms((290, 310, "AFIB"), (1, 2, "AFIB")), [], CONTEXT)
    assert (found["reference"], found["reference_seconds"]) == (1, 10)


def test_no_episode_is_undefined_and_silence_is_zero() -> None:
    assert METRIC.value(METRIC.components([], [], CONTEXT)) is None
    true = rhythms((1, 2, "AFIB"))
    assert METRIC.value(METRIC.components(true, [], CONTEXT)) == 0
    assert METRIC.value(METRIC.components(true, rhythms((5, 6, "AFIB")), CONTEXT)) == 0
    assert METRIC.value(METRIC.components(true, true, CONTEXT)) == 1


def test_a_domain_is_measured_by_the_codes_that_it_has() -> None:
    names = [metric.name for metric in metrics(DOMAIN)]
    assert names == [
        *("ec57-beats", "ec57-beats-5min"),
        *("ec57-af", "ec57-af-without-flutter", "ec57-vf"),
    ]
    beats_only = DOMAIN.model_copy(update={"tiers": (DOMAIN.tier("beats"),)})
    assert [metric.name for metric in metrics(beats_only)] == ["ec57-beats", "ec57-beats-5min"]


def golden_spans(extension: str) -> list[Span]:
    found = wfdb.rdann(str(GOLDEN / "100"), extension)
    times = [int(sample) / 360 for sample in found.sample]
    marks = list(zip(times, (aux.strip("\x00") for aux in found.aux_note), strict=True))
    names = {label.code: label.name for label in DOMAIN.tier("rhythm").labels}
    ends = [time for time, _ in marks[1:]] + [650_000 / 360]
    return [
        Span(start, end, names[code], "rhythm")
        for (start, code), end in zip(marks, ends, strict=True)
        if end > start
    ]


def seconds(text: str) -> float:
    minutes, _, rest = text.rpartition(":")
    return 60 * int(minutes) + float(rest)


@pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no golden numbers at {GOLDEN}; set TSLAB_DATA")
@pytest.mark.parametrize(("report", "excluded"), [(0, ()), (1, ("(AFL",))])
def test_equals_epicmp(report: int, excluded: tuple[str, ...]) -> None:
    text = (GOLDEN / "epicmp_100.txt").read_text().split("AF episode-by-episode")[1 + report]
    metric = EpisodeComparison(excluded=excluded, learning=300.0)
    context = AgreementContext(DOMAIN, ((0.0, 650_000 / 360),), ("rref", "rtst"))
    parts = metric.components(golden_spans("rref"), golden_spans("rtst"), context)
    found = metric.details(parts)
    shares = re.findall(r"(?m)^ *(Episode|Duration) (\w+).*: +\d+% \(([\d:.]+)/([\d:.]+)\)$", text)
    assert len(shares) == 4
    for what, kind, above, below in shares:
        name = {"sensitivity": "sensitivity", "positive": "predictivity"}[kind]
        if what == "Duration":
            expected = seconds(above) / seconds(below)
            assert found[f"duration_{name}"] == pytest.approx(expected, abs=1e-12)
        else:
            assert found[name] == int(above) / int(below)
    totals = re.findall(r"Duration of (?:reference|test) episodes: +([\d:.]+)", text)
    assert [parts["reference_seconds"], parts["hypothesis_seconds"]] == [*map(seconds, totals)]
