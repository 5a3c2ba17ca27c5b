"""A model of marked signals."""

from __future__ import annotations

import pytest
from kit import marked_signals as made
from kit.trained_models import trained

from tslab.segmentation.learning import LearningSegmenter


@pytest.fixture(scope="module")
def model() -> LearningSegmenter:
    return trained([made.example(seed) for seed in range(6)])
