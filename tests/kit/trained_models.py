"""The learning segmenter, trained on what is given."""

from __future__ import annotations

from collections.abc import Sequence

from kit import marked_signals as made
from tslab.contracts import TrainingExample
from tslab.domain import Domain
from tslab.segmentation.learning import LearningSegmenter
from tslab.spans import Span

QUIET = made.quiet


def trained(examples: Sequence[TrainingExample], domain: Domain = made.DOMAIN) -> LearningSegmenter:
    segmenter = LearningSegmenter(domain)
    segmenter.fit(examples, QUIET)
    return segmenter


def of(spans: Sequence[Span], tier: str) -> list[Span]:
    return [span for span in spans if span.tier == tier]
