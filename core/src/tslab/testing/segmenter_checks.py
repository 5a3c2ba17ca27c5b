"""Segmenters: what they find is legal, the same twice, and survives poor signals."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from tslab.contracts import PredictRequest, SegmenterSpec, TrainableSegmenter, TrainingExample
from tslab.errors import DataError
from tslab.recording import Recording, Signal
from tslab.segmentation import SPECS, UNTRAINED
from tslab.testing.legality import span_problems
from tslab.testing.subject import (
    MOST_SAMPLES,
    Sample,
    Subject,
    WithSubject,
    expect,
    not_applicable,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from tslab.recording import FloatArray

    Spoil = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]


class SegmenterChecks(WithSubject):
    """Checks about automatic segmentation."""

    def test_segmenters_can_be_made(self) -> None:
        """Names fit tslab.yaml, versions are said, and the first one needs no torch."""
        had_torch = "torch" in sys.modules
        subject = self.subject()
        for number, (spec, segmenter) in enumerate(subject.segmenters()):
            expect(
                re.fullmatch(r"[a-z][a-z0-9_.-]*", spec.name),
                f"segmenter name '{spec.name}' is not lower-case letters, digits, '-', '_', '.'",
            )
            expect(spec.title.strip(), f"segmenter '{spec.name}' has no title")
            version = getattr(segmenter, "version", "")
            expect(
                isinstance(version, str) and version.strip(),
                f"segmenter '{spec.name}' has no version",
                "Set the attribute 'version'; Label Studio shows it beside predictions.",
            )
            if number == 0:
                subject.segmented(spec, segmenter, subject.samples[0])
                expect(
                    had_torch or "torch" not in sys.modules,
                    f"the default segmenter '{spec.name}' imports torch",
                    "Put one that needs no torch first.",
                )

    def test_trainable_segmenters_say_so(self) -> None:
        """Specs tell what learns; what has not learned yet is "untrained" and finds nothing."""
        subject = self.subject()
        for spec, segmenter in subject.all_segmenters():
            learns = isinstance(segmenter, TrainableSegmenter)
            expect(
                learns == spec.trainable,
                f"segmenter '{spec.name}' {'can' if learns else 'cannot'} learn and its spec says "
                f"trainable={spec.trainable}",
                "Set SegmenterSpec(trainable=True) and offer fit, save and load, or neither.",
            )
            if not spec.trainable:
                continue
            expect(
                segmenter.version == UNTRAINED,
                f"segmenter '{spec.name}' calls itself '{segmenter.version}' before it learned",
                f"Its version must be '{UNTRAINED}' until then.",
            )
            try:
                segmenter.segment(subject.samples[0].recording)
            except DataError:
                continue
            expect(
                False,
                f"segmenter '{spec.name}' segments before it has learned",
                "Raise a DataError that says how to train it.",
            )

    def test_trainable_segmenters_learn(self) -> None:
        """A plugin's own: legal spans, the same model twice, and the same again from its files."""
        subject = self.subject()
        own = [spec for spec, _ in subject.trainable() if not is_core(spec)]
        if not own:
            not_applicable("the domain brings no segmenter that learns")
        examples = [_example(sample) for sample in subject.samples[:MOST_SAMPLES]]
        recording = subject.samples[0].recording
        for spec in own:
            first, second, third = (_trainable(subject, spec) for _ in range(3))
            with subject.plugins.calling(spec, f"segmenter '{spec.name}', learning"):
                first.fit(examples, lambda share, text: None)  # noqa: ARG005 - nobody looks
                second.fit(examples, lambda share, text: None)  # noqa: ARG005
                with tempfile.TemporaryDirectory() as folder:
                    first.save(Path(folder))
                    third.load(Path(folder))
                spans = [list(s.segment(recording)) for s in (first, second, third)]
            found = span_problems(spans[0], subject.domain, recording.duration)
            expect(not found, f"segmenter '{spec.name}', trained: {'; '.join(found[:3])}")
            for other, how in ((second, "trained twice"), (third, "saved and loaded")):
                expect(
                    other.version == first.version and spans[0] == list(other.segment(recording)),
                    f"segmenter '{spec.name}', {how}, is another model",
                    "The same examples give the same model, and its files hold all of it.",
                )

    def test_segmenters_find_legal_spans(self) -> None:
        """Inside the recording, known tiers and labels; states do not overlap."""
        subject = self.subject()
        for spec, segmenter in subject.segmenters():
            for sample in subject.samples[:MOST_SAMPLES]:
                spans = subject.segmented(spec, segmenter, sample)
                found = span_problems(spans, subject.domain, sample.recording.duration)
                where = f"segmenter '{spec.name}' on sample '{sample.given.name}'"
                expect(not found, f"{where}: {'; '.join(found[:3])}")

    def test_segmenters_give_scores(self) -> None:
        """Every span says how sure it is, from 0 to 1."""
        subject = self.subject()
        for spec, segmenter in subject.segmenters():
            for sample in subject.samples[:MOST_SAMPLES]:
                spans = subject.segmented(spec, segmenter, sample)
                expect(
                    all(span.score is not None and 0 <= span.score <= 1 for span in spans),
                    f"segmenter '{spec.name}' leaves out scores",
                    "Give Span(score=...) from 0 to 1; annotators see it at the region.",
                )

    def test_segmenters_are_deterministic(self) -> None:
        """A second segmenter of the same spec finds the same."""
        subject = self.subject()
        for spec, segmenter in subject.segmenters():
            for sample in subject.samples[:MOST_SAMPLES]:
                first = subject.segmented(spec, segmenter, sample)
                with subject.plugins.calling(spec, f"segmenter '{spec.name}', segmenting"):
                    second = list(subject.create(spec).segment(sample.recording))
                expect(
                    first == second,
                    f"segmenter '{spec.name}' finds something else the second time",
                    "Take a fixed seed, and keep no state between recordings.",
                )

    def test_segmenters_survive_poor_signals(self) -> None:
        """Flat, missing and very short signals give legal spans or a DataError, never a crash."""
        subject = self.subject()
        for spec, segmenter in subject.segmenters():
            for name, recording in _poor(subject.samples[0].recording):
                try:
                    doing = f"segmenter '{spec.name}' on a recording that is {name}, segmenting"
                    with subject.plugins.calling(spec, doing):
                        spans = list(segmenter.segment(recording))
                except DataError:
                    continue
                found = span_problems(spans, subject.domain, recording.duration)
                expect(not found, f"{spec.name} on a recording that is {name}: {found[:1]}")

    def test_predictions_keep_to_their_view(self) -> None:
        """What annotators get belongs to the view's tiers and is legal too."""
        subject = self.subject()
        for spec, segmenter in subject.segmenters():
            sample = subject.samples[0]
            for view in subject.views:
                request = PredictRequest(view=view.name)
                spans = subject.plugins.predict(
                    segmenter, sample.recording, subject.domain, request
                )
                strangers = sorted({span.tier for span in spans} - set(view.tiers))
                expect(
                    not strangers,
                    f"'{spec.name}', view '{view.name}': spans of {', '.join(strangers)}",
                    "Keep to the tiers of request.view in tslab_predict.",
                )
                found = span_problems(spans, subject.domain, sample.recording.duration)
                expect(not found, f"'{spec.name}', view '{view.name}': {'; '.join(found[:3])}")


def is_core(spec: SegmenterSpec) -> bool:
    """Whether a segmenter is one of core's own, which core's tests train."""
    return any(spec is own for own in SPECS)


def _trainable(subject: Subject, spec: SegmenterSpec) -> TrainableSegmenter:
    made = subject.create(spec)
    expect(isinstance(made, TrainableSegmenter), f"segmenter '{spec.name}' has no fit")
    return cast("TrainableSegmenter", made)


def _example(sample: Sample) -> TrainingExample:
    """A sample as an annotator would teach it who has reviewed everything."""
    tiers = {span.tier for span in sample.truth}
    whole = [(0.0, sample.recording.duration)]
    return TrainingExample(sample.recording, sample.truth, dict.fromkeys(sorted(tiers), whole))


def _poor(recording: Recording) -> list[tuple[str, Recording]]:
    return [
        ("flat", _spoilt(recording, np.zeros_like)),
        ("missing", _spoilt(recording, lambda values: np.full_like(values, np.nan))),
        ("missing in part", _spoilt(recording, _with_holes)),
        ("two samples long", _cut(recording, 2)),
    ]


def _with_holes(values: FloatArray) -> FloatArray:
    spoilt = values.copy()
    spoilt[len(values) // 3 : len(values) // 2] = np.nan
    return spoilt


def _spoilt(recording: Recording, spoil: Spoil) -> Recording:
    changed = [
        Signal.from_array(
            signal.name,
            spoil(np.asarray(signal.values(), dtype=np.float64)),
            signal.sampling_rate,
            signal.unit,
            times=signal.times,
            kind=signal.kind,
            derived=signal.derived,
        )
        for signal in recording.signals
    ]
    return recording.with_signals(changed)


def _cut(recording: Recording, count: int) -> Recording:
    slowest = min(signal.sampling_rate for signal in recording.signals)
    duration = min(count / slowest, recording.duration)
    signals = []
    for signal in recording.signals:
        first, last = signal.index_range(0.0, duration)
        times = None if signal.times is None else signal.times[first:last]
        values = signal.reader(first, last)
        cut = Signal.from_array(
            signal.name, values, signal.sampling_rate, signal.unit, times=times, kind=signal.kind
        )
        signals.append(replace(cut, derived=signal.derived))
    return replace(recording, signals=tuple(signals), duration=duration, gaps=())
