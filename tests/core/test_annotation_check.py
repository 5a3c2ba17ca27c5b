"""Findings about annotations, each with code, place and remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tslab.annotation import Annotation
from tslab.contracts import Finding
from tslab.domain import Domain
from tslab.lint.annotation_check import check_annotation
from tslab.recording import Recording, Signal
from tslab.spans import Span, sort_key

RECORDING = Recording("rec-a", [Signal.from_array("x", np.zeros(300), 10.0)], 30.0)


@pytest.fixture
def domain(make_domain: Any) -> Domain:
    labels = [{"name": "N", "min_seconds": 2, "max_seconds": 20}, {"name": "A"}]
    return make_domain(
        tiers=(
            {"name": "rhythm", "kind": "states", "labels": labels, "exhaustive": True},
            {"name": "mark", "kind": "instants", "labels": [{"name": "Peak"}]},
            {"name": "event", "kind": "intervals", "labels": [{"name": "Leak"}]},
        ),
        views=(
            {"name": "all", "tiers": ["rhythm", "mark", "event"]},
            {"name": "events", "tiers": ["event"]},
        ),
    )


def check(domain: Domain, *spans: Span, **more: Any) -> list[Finding]:
    given = {"recording": "rec-a", "annotator": "ann", "view": "all", "extents": []}
    annotation = Annotation(**{**given, **more}, spans=sorted(spans, key=sort_key))
    found = check_annotation(annotation, RECORDING, domain)
    assert all("rec-a" in f.place and "ann" in f.place for f in found)
    return found


def codes(findings: list[Finding]) -> list[str]:
    return sorted(finding.code for finding in findings)


@pytest.mark.parametrize(
    ("span", "code", "severity"),
    [
        (Span(20, 30.00001, "A", "rhythm"), "TSL085", "error"),
        (Span(1, 2, "Peak", "mark"), "TSL086", "warning"),
        (Span(1, 1, "A", "rhythm"), "TSL086", "warning"),
        (Span(1, 2.9, "N", "rhythm"), "TSL087", "warning"),
        (Span(1, 21.5, "N", "rhythm"), "TSL087", "warning"),
        (Span(1, 2, "B", "rhythm"), "TSL083", "error"),
        (Span(1, 2, "N", "rythm"), "TSL082", "error"),
    ],
)
def test_one_span(domain: Domain, span: Span, code: str, severity: str) -> None:
    (found,) = check(domain, span)
    assert (found.code, found.severity) == (code, severity)
    assert f"{span.start:.3f} s" in found.place


@pytest.mark.parametrize(
    "span",
    [
        Span(0, 30, "A", "rhythm"),
        Span(1, 3, "N", "rhythm"),
        Span(1, 21, "N", "rhythm"),
        Span(30, 30, "Peak", "mark"),
        Span(1, 1, "Leak", "event"),
    ],
)
def test_what_is_allowed_has_no_finding(domain: Domain, span: Span) -> None:
    assert check(domain, span) == []


def test_unknown_names_get_a_hint(domain: Domain) -> None:
    found = check(domain, Span(1, 2, "N", "rythm"), Span(1, 2, "Peek", "mark"))
    assert {f.remedy for f in found} >= {"did you mean 'rhythm'?", "did you mean 'Peak'?"}


def test_states_overlap_and_events_may(domain: Domain) -> None:
    both = [Span(0, 10, "A", t) for t in ("rhythm",)] + [Span(5, 15, "A", "rhythm")]
    (found,) = check(domain, *both)
    assert found.code == "TSL066"
    assert "overlap by 5 s" in found.message
    assert check(domain, Span(0, 10, "Leak", "event"), Span(5, 15, "Leak", "event")) == []
    assert check(domain, Span(0, 10, "A", "rhythm"), Span(10, 15, "A", "rhythm")) == []


def test_one_long_state_overlaps_all_within_it(domain: Domain) -> None:
    inside = [Span(i, i + 0.5, "A", "rhythm") for i in (2, 4, 6)]
    assert codes(check(domain, Span(0, 10, "A", "rhythm"), *inside)) == ["TSL066"] * 3


@pytest.mark.parametrize(
    ("spans", "extents", "holes"),
    [
        ([(0, 10), (10, 20)], [(0, 20)], []),
        ([(0, 10), (10.1, 20)], [(0, 20)], []),  # one sample: where one ends the next begins
        ([(0.1, 10), (10, 19.9)], [(0, 20)], []),
        ([(0, 10), (10.2, 20)], [(0, 20)], ["10.000 s and 10.200 s"]),
        ([(2, 10)], [(0, 20)], ["0.000 s and 2.000 s", "10.000 s and 20.000 s"]),
        ([(0, 10)], [(0, 10), (20, 30)], ["20.000 s and 30.000 s"]),
        ([], [(0, 10)], ["0.000 s and 10.000 s"]),
        ([(0, 30)], [(5, 10)], []),
    ],
)
def test_holes_of_an_exhaustive_tier(
    domain: Domain,
    spans: list[tuple[float, float]],
    extents: list[tuple[float, float]],
    holes: list[str],
) -> None:
    found = check(domain, *(Span(a, b, "A", "rhythm") for a, b in spans), extents=extents)
    assert codes(found) == ["TSL088"] * len(holes)
    for finding, hole in zip(found, holes, strict=True):
        assert hole in finding.message


def test_a_view_without_the_tier_has_no_holes(domain: Domain) -> None:
    assert check(domain, view="events", extents=[(0, 10)]) == []
    assert check(domain, view="", extents=[(0, 10)]) == []
