"""What a double-click asks for: ranges or instants by the tier and the label, and never garbage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from kit import marked_signals as made

from tslab.domain import Domain, Label, Tier
from tslab.recording import Recording
from tslab.segmentation.chain.pointing import Learned, has_instants
from tslab.segmentation.learning import LearningSegmenter
from tslab.segmentation.similar import LEAST_SCORE, find_similar
from tslab.spans import Span

BOTH = Domain(
    name="both",
    title="Ranges and instants in one tier",
    tiers=(Tier(name="state", kind="intervals", labels=(Label(name="high"), Label(name="click"))),),
    open_channels=True,
)


class Known:
    """A trained model that says what it was told."""

    version = "1"

    def __init__(
        self, spans: Sequence[Span] = (), kinds: Mapping[tuple[str, str], bool] | None = None
    ) -> None:
        self.spans, self.kinds = spans, kinds or {}

    def segment(self, recording: Recording) -> Sequence[Span]:
        return self.spans


def point(at: float, label: str = "high", tier: str = "state") -> Span:
    return Span(at, at, label, tier)


def span(start: float, end: float, label: str = "high", score: float | None = None) -> Span:
    return Span(start, end, label, "state", score)


def noise(seed: int, kind: str = "white", count: int = 2400) -> Recording:
    """Nothing to be found: one or two channels without any event."""
    values = np.random.default_rng(seed).standard_normal((1 + seed % 2, count))
    if kind == "slow":
        for row in range(1, count):
            values[:, row] += 0.9 * values[:, row - 1]
    return made.recording(values, channels=("a", "b")[: len(values)])


@pytest.mark.parametrize("kind", ["white", "slow"])
def test_nothing_is_found_in_noise(kind: str) -> None:
    answered = 0
    for seed in range(30):
        dice = np.random.default_rng([1, seed])
        at = float(dice.uniform(2, 100))
        drawn = span(at, at + float(dice.uniform(3, 15)))
        for asked in (drawn, point(at), point(at, "click", "tick")):
            answered += bool(find_similar(noise(seed, kind), [asked], made.DOMAIN, None))
    assert answered <= 2  # of 90


def test_a_constant_channel_holds_nothing() -> None:
    recording = made.recording(np.full((2, 2400), 3.0))
    for asked in (point(50.0), span(50.0, 60.0), point(50.0, "click", "tick")):
        assert find_similar(recording, [asked], made.DOMAIN, None) == []


def test_a_double_click_into_a_state_finds_it_and_others_as_ranges() -> None:
    scores = []
    for seed in range(8):
        part = made.example(seed)
        high = [s for s in part.spans if s.label == "high"]
        found = find_similar(part.recording, [point(high[0].start + 3.1)], made.DOMAIN, None)
        assert not any(s.is_instant for s in found)
        assert all(s.label == "high" and (s.score or 0) >= LEAST_SCORE for s in found)
        scores.append(made.event_f1(high, found))
    # Where nothing stands out clearly nothing is answered; what is answered is right.
    assert np.median(scores) >= 0.8
    assert min(score for score in scores if score) >= 0.6


def test_the_stretch_of_a_model_is_what_is_pointed_at() -> None:
    recording = noise(0)
    spans = [span(10, 20, score=0.9), span(50, 60, score=0.7), span(80, 90, score=0.4)]
    found = find_similar(recording, [point(12.0)], made.DOMAIN, Known(spans))
    assert found == spans[:2]  # the first one is no instant in the annotation yet
    drawn = [span(9, 21), point(12.0)]
    assert find_similar(recording, drawn, made.DOMAIN, Known(spans)) == spans[1:2]


def test_a_state_that_fills_the_recording_has_no_others() -> None:
    model = Known([span(0, 120, "loud", 0.9)])
    assert find_similar(noise(1), [point(30.0)], made.DOMAIN, model) == []


def test_drawn_ranges_make_a_double_click_a_pointer_in_a_tier_of_both_kinds() -> None:
    part = made.example(1)
    high = [s for s in part.spans if s.label == "high"]
    context = [*high[:2], point(high[0].end + 2)]
    found = find_similar(part.recording, context, BOTH, None)
    assert made.event_f1(high[2:], found) >= 0.8
    assert not any(s.is_instant for s in found)


@pytest.mark.parametrize(
    ("kind", "ranges", "instants", "learned", "expected"),
    [
        ("states", 0, 3, True, False),
        ("instants", 2, 0, False, True),
        ("intervals", 1, 1, True, False),
        ("intervals", 2, 3, True, False),
        ("intervals", 1, 5, None, True),
        ("intervals", 1, 5, False, False),
        ("intervals", 0, 1, None, True),
        ("intervals", 0, 1, False, False),
        ("intervals", 0, 2, True, True),
    ],
)
def test_tier_then_annotation_then_training_say_what_a_label_is(
    kind: str, ranges: int, instants: int, learned: bool | None, expected: bool
) -> None:
    tier = Tier(name="state", kind=kind, labels=(Label(name="high"),))  # type: ignore[arg-type]
    spans = [span(n, n + 0.5) for n in range(ranges)] + [point(20.0 + n) for n in range(instants)]
    assert has_instants(tier, spans, learned) == expected


def test_training_says_what_a_label_of_both_kinds_is() -> None:
    spans = [span(10, 20, score=0.9), span(50, 60, score=0.7)]
    ranges = Known(spans, {("state", "high"): False})
    assert find_similar(noise(2), [point(12.0)], BOTH, ranges) == spans
    instants = Known(spans, {("state", "high"): True})
    assert find_similar(noise(2), [point(12.0)], BOTH, instants) == []


def test_the_default_segmenter_says_what_its_labels_were() -> None:
    model = LearningSegmenter(made.DOMAIN)
    assert isinstance(model, Learned)
    assert model.kinds == {}
    model.fit([made.example(seed, 60.0) for seed in range(3)], made.quiet)
    assert model.kinds == {
        ("state", "high"): False,
        ("state", "loud"): False,
        ("tick", "click"): True,
    }
