"""What is held out is scored, and what the figures do not say is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from kit.small_models import DOMAIN, LevelSegmenter, example, known, made, tier

from tslab.contracts import Progress, TrainingExample
from tslab.errors import DataError
from tslab.recording import Recording
from tslab.segmentation.evaluation.calibration_note import calibration_note
from tslab.segmentation.evaluation.report import calibration
from tslab.segmentation.evaluation.scores import cross_validate, score
from tslab.spans import Span


class Spy(LevelSegmenter):
    """Remembers what it learned from, and refuses to see it again."""

    def fit(self, examples: Sequence[TrainingExample], progress: Progress) -> Mapping[str, object]:
        self.seen = {e.recording.id for e in examples}
        return super().fit(examples, progress)

    def segment(self, recording: Recording) -> Sequence[Span]:
        assert recording.id not in self.seen
        return super().segment(recording)


def test_cross_validation_tests_on_what_was_not_learned() -> None:
    told: list[tuple[float, str]] = []
    report = cross_validate(
        [example(f"r{i}", seed=i) for i in range(6)],
        DOMAIN,
        lambda: Spy(DOMAIN),
        3,
        lambda share, text: told.append((share, text)),
    )
    assert report.method == "held out: 3 folds over 6 recordings"
    assert report.scores["overall"] == pytest.approx(1, abs=0.01)
    assert [r.recording for r in report.recordings] == [f"r{i}" for i in range(6)]
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1] == (1.0, "scoring")
    assert told[0][1] == "fold 1 of 3: learning"


def test_one_recording_is_divided_in_time() -> None:
    signal = [Span(i * 6 + 1, i * 6 + 4, "Up", "state") for i in range(10)]
    recording = made()
    values = recording.signals[0].values() * 0
    for span in signal:
        values[round(span.start * 10) : round(span.end * 10)] = 1
    given_ = TrainingExample(
        recording.with_signals([type(recording.signals[0]).from_array("x", values, 10.0)]),
        signal,
        {"state": [(0, 60)]},
    )
    report = cross_validate([given_], DOMAIN, lambda: LevelSegmenter(DOMAIN))
    assert report.method.startswith("held out: 5 blocks of time of the only recording")
    assert report.scores["event_f1"] == 1
    assert tier(report, "state").labels[0].seconds == pytest.approx(30)


def test_a_fold_without_anything_to_learn_is_named() -> None:
    nothing = TrainingExample(made("r2"), [], {"state": [(0, 60)]})
    report = cross_validate([example(), nothing], DOMAIN, lambda: LevelSegmenter(DOMAIN))
    assert "was left out: nothing is labelled" in report.notes[0]
    assert report.notes[1:] == [
        "marked in one part only, so that held out nothing was left to learn from: Down, Up",
        "2 regions that were held out are too few to tell whether scores are probabilities",
    ]
    assert [r.recording for r in report.recordings] == ["r2"]


def test_a_recording_that_cannot_be_segmented_is_silence_and_named() -> None:
    class Refuses(LevelSegmenter):
        def segment(self, recording: Recording) -> Sequence[Span]:
            raise DataError("no channel that it knows", "Add one.")

    report = cross_validate([example(), example("r2")], DOMAIN, lambda: Refuses(DOMAIN))
    assert report.scores["event_f1"] == 0
    assert "nothing was predicted for 'r1': no channel that it knows. Add one." in report.notes


def test_a_single_event_cannot_be_held_out() -> None:
    lonely = known(Span(1, 2, "Up", "state"), reviewed={"state": [(0, 60)]})
    report = cross_validate([lonely], DOMAIN, lambda: LevelSegmenter(DOMAIN))
    assert "too few labelled spans" in report.method
    assert report.scores["overall"] is None


def halves(gap: float) -> TrainingExample:
    """A minute that two states fill but for a gap."""
    spans = [Span(0.0, 30.0, "Up", "state"), Span(30.0 + gap, 60.0, "Down", "state")]
    return TrainingExample(made(), spans, {"state": [(0.0, 60.0)]})


def test_slivers_without_a_label_are_no_class() -> None:
    """30 ms of 60 s would take a third of the balanced accuracy."""
    said = {"r1": [Span(0.0, 30.0, "Up", "state"), Span(30.0, 60.0, "Down", "state")]}
    (found,) = score([halves(0.03)], said, DOMAIN).tiers
    assert found.balanced_accuracy == pytest.approx(1)
    assert found.confusion.classes == ["Down", "Up"]
    (found,) = score([halves(3.0)], said, DOMAIN).tiers
    assert found.balanced_accuracy == pytest.approx(2 / 3)
    assert found.confusion.classes == ["Down", "Up", ""]


def test_a_label_is_a_class_however_short_it_is() -> None:
    short = [Span(0.0, 59.9, "Up", "state"), Span(59.9, 60.0, "Down", "state")]
    known = TrainingExample(made(), short, {"state": [(0.0, 60.0)]})
    (found,) = score([known], {"r1": [Span(0.0, 60.0, "Up", "state")]}, DOMAIN).tiers
    assert found.balanced_accuracy == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([(0.95, n < 2) for n in range(21)], "scores are no probabilities yet: calibration error"),
        ([(0.9, n < 9) for n in range(10)], "10 regions that were held out are too few to tell"),
        ([(0.5, n % 2 == 0) for n in range(60)], "60 regions that were held out are too few"),
        ([(0.8, n % 5 > 0) for n in range(400)], ""),
        ([(0.8, n % 2 > 0) for n in range(400)], "calibration error 0.300 over 400 regions"),
        ([], ""),
    ],
)
def test_scores_that_are_no_probabilities_are_said(
    scores: list[tuple[float, bool]], words: str
) -> None:
    said = calibration_note(calibration(scores))
    assert words in said
    assert bool(said) == bool(words)


def test_the_report_of_a_small_set_warns_about_its_scores() -> None:
    found = cross_validate([example("r1"), example("r2")], DOMAIN, lambda: LevelSegmenter(DOMAIN))
    assert found.notes[-1] == (
        f"{found.calibration.regions} regions that were held out are too few to tell whether "
        f"scores are probabilities"
    )
