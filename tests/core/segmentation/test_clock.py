"""A model that needs the time since the start says so, and one may do without it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tslab.contracts import TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.errors import UsageError
from tslab.recording import Recording, Signal
from tslab.segmentation import SPECS
from tslab.segmentation.evaluation.report_text import report_text
from tslab.segmentation.examples.training_set import TrainingSet, data_hash
from tslab.segmentation.features.clock import LEAST_FOR_CLOCK, VARIABLE, clock_note
from tslab.segmentation.learning import LearningSegmenter
from tslab.segmentation.models.store import ModelStore
from tslab.segmentation.models.train_run import PAGE, Options, Shelf, train
from tslab.spans import Span

RATE, SECONDS = 10.0, 90.0
DOMAIN = Domain(
    name="rig",
    title="A rig that is made to fail",
    tiers=(Tier(name="fault", kind="intervals", labels=(Label(name="leak"),)),),
    open_channels=True,
)


def by_protocol(number: int) -> TrainingExample:
    """Noise that says nothing; the fault is always at the same time."""
    noise = np.random.default_rng(number).standard_normal(int(RATE * SECONDS))
    signal = Signal.from_array("flow", noise, RATE)
    recording = Recording(f"r{number}", (signal,), SECONDS)
    return TrainingExample(
        recording, [Span(50.0, 80.0, "leak", "fault")], {"fault": ((0.0, SECONDS),)}
    )


EXAMPLES = [by_protocol(number) for number in range(6)]


def notes_of(examples: list[TrainingExample]) -> Mapping[str, object]:
    return LearningSegmenter(DOMAIN).fit(examples, lambda *_: None)


def test_what_always_happens_at_the_same_time_is_told_by_the_clock() -> None:
    segmenter = LearningSegmenter(DOMAIN)
    note = clock_note(segmenter.fit(EXAMPLES, lambda *_: None))
    assert note.startswith("for fault: leak the model relies on when things happen")
    assert f"{VARIABLE}=0" in note
    (found,) = segmenter.segment(by_protocol(9).recording)
    assert (found.start, found.end) == pytest.approx((50, 80), abs=4)


def test_the_environment_can_forbid_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0")
    assert clock_note(notes_of(EXAMPLES)) == ""
    monkeypatch.setenv(VARIABLE, "perhaps")
    with pytest.raises(UsageError, match=f"{VARIABLE}='perhaps'"):
        notes_of(EXAMPLES)


def test_few_recordings_prove_nothing() -> None:
    assert clock_note(notes_of(EXAMPLES[: LEAST_FOR_CLOCK - 1])) == ""


def test_notes_without_parts_need_no_note() -> None:
    assert clock_note({"rate": 10.0, "channels": ["flow"], "a": {"bias": 1.0}}) == ""


def test_both_reports_say_it(tmp_path: Path) -> None:
    data = TrainingSet(EXAMPLES, [], data_hash(EXAMPLES))
    shelf = Shelf(ModelStore(tmp_path), 0, DOMAIN, SPECS)
    found = train(data, SPECS[0], shelf, Options(folds=2), lambda *_: None)
    assert found.report is not None
    line = "relies on when things happen in a recording"
    assert line in report_text(found.report)
    page = shelf.store.folder(0, found.card.version) / PAGE
    assert line in page.read_text(encoding="utf-8")
