"""Domains of every kind: full tiers, mixed ones, labels that are rare, gone or shortest."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kit import marked_signals as made
from kit.trained_models import of, trained

from tslab.contracts import TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.segmentation.learning import LearningSegmenter
from tslab.spans import Span


def test_labels_that_never_occur_are_never_found() -> None:
    parts = []
    for seed in range(3):
        part = made.example(seed)
        parts.append(replace(part, spans=[s for s in part.spans if s.label != "loud"]))
    found = trained(parts).segment(made.example(114).recording)
    assert {span.label for span in found} == {"high", "click"}


EXHAUSTIVE = Domain(
    name="stages",
    title="Stages",
    tiers=(
        Tier(
            name="stage",
            kind="states",
            labels=(Label(name="low"), Label(name="high")),
            exhaustive=True,
        ),
    ),
    open_channels=True,
)


def stages(seed: int) -> TrainingExample:
    rng = np.random.default_rng(seed)
    edges = [0.0, *np.cumsum(rng.integers(8, 15, 8)).astype(float).tolist()]
    spans = [
        Span(a, b, ("low", "high")[i % 2], "stage")
        for i, (a, b) in enumerate(itertools.pairwise(edges))
    ]
    return made.reviewed(made.recording(made.samples(spans, rng, edges[-1])), spans, EXHAUSTIVE)


def test_a_tier_that_must_be_full_has_no_holes() -> None:
    model = trained([stages(seed) for seed in range(4)], EXHAUSTIVE)
    other = stages(50)
    found = model.segment(other.recording)
    assert found[0].start == 0.0
    assert found[-1].end == other.recording.duration
    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    assert made.event_f1(other.spans, found) >= 0.85


def test_one_label_everywhere_is_learned_as_such() -> None:
    values = np.random.default_rng(0).standard_normal((2, 400))
    made_all = made.recording(values)
    spans = [Span(0.0, 20.0, "low", "stage")]
    model = trained([made.reviewed(made_all, spans, EXHAUSTIVE)], EXHAUSTIVE)
    assert [(s.start, s.end, s.label) for s in model.segment(made_all)] == [(0.0, 20.0, "low")]


MIXED = Domain(
    name="foreign",
    title="One control for everything",
    tiers=(
        Tier(
            name="any",
            kind="intervals",
            labels=(Label(name="high"), Label(name="loud"), Label(name="click")),
        ),
    ),
    open_channels=True,
)


def mixed(seed: int, overlapping: bool) -> TrainingExample:
    rng = np.random.default_rng(seed)
    part = made.spans_of(rng, 120.0)
    spans = [replace(span, tier="any") for span in part]
    if overlapping:
        spans = [
            replace(s, start=s.start - 8, end=s.end) if s.label == "loud" else s for s in spans
        ]
    values = made.samples(spans, rng, 120.0)
    return made.reviewed(made.recording(values, name=f"m{seed}"), spans, MIXED)


@pytest.mark.parametrize("overlapping", [False, True])
def test_an_intervals_tier_holds_ranges_and_instants(overlapping: bool) -> None:
    model = trained([mixed(seed, overlapping) for seed in range(6)], MIXED)
    other = mixed(60, overlapping)
    found = model.segment(other.recording)
    assert {span.label for span in found if span.is_instant} == {"click"}
    assert made.event_f1(other.spans, found) >= 0.8
    ranges = [span for span in found if not span.is_instant]
    overlaps = any(a.end > b.start for a, b in itertools.pairwise(ranges) if a.label != b.label)
    assert overlaps == overlapping


def test_the_least_length_of_a_label_is_kept(model: LearningSegmenter, tmp_path: Path) -> None:
    tier = made.DOMAIN.tiers[0]
    labels = tuple(label.model_copy(update={"min_seconds": 7.5}) for label in tier.labels)
    strict = made.DOMAIN.model_copy(
        update={"tiers": (tier.model_copy(update={"labels": labels}), made.DOMAIN.tiers[1])}
    )
    model.save(tmp_path)
    segmenter = LearningSegmenter(strict)
    segmenter.load(tmp_path)
    other = made.example(115).recording
    lengths = [span.duration for span in of(segmenter.segment(other), "state")]
    loose = [span.duration for span in of(model.segment(other), "state")]
    assert min(loose) < 7.5 <= min(lengths)


def test_labels_that_the_domain_lost_are_not_predicted(
    model: LearningSegmenter, tmp_path: Path
) -> None:
    model.save(tmp_path)
    tier = made.DOMAIN.tiers[0].model_copy(update={"labels": (Label(name="high"),)})
    segmenter = LearningSegmenter(made.DOMAIN.model_copy(update={"tiers": (tier,)}))
    segmenter.load(tmp_path)
    assert {s.label for s in segmenter.segment(made.example(116).recording)} == {"high"}
