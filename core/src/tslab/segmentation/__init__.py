"""Segmenters that learn from annotations, and how well they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tslab.contracts import SegmenterSpec

if TYPE_CHECKING:
    from tslab.contracts import Segmenter
    from tslab.domain import Domain

UNTRAINED = "untrained"
"""Version of a segmenter that has not learned yet."""


def _learning(domain: Domain) -> Segmenter:
    from tslab.segmentation.learning import LearningSegmenter

    return LearningSegmenter(domain)


def _lstm(domain: Domain) -> Segmenter:
    from tslab.segmentation.lstm.segmenter import LstmSegmenter

    return LstmSegmenter(domain)


SPECS = (
    SegmenterSpec(
        "learning", "learns from annotations: window statistics, kernels, Viterbi", _learning, True
    ),
    SegmenterSpec(
        "lstm", "learns from annotations: bidirectional LSTM (extra tslab[torch])", _lstm, True
    ),
)
"""What core offers to every domain, the default first."""
