"""What the domain's own segmenter knows is where learning begins, and never the last word."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tslab.contracts import GuidedSegmenter, SegmenterSpec, TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.errors import DataError, PluginError
from tslab.recording import Recording, Signal
from tslab.segmentation import SPECS
from tslab.segmentation.chain.prior import Prior, guided, own_prior, prior_note, prior_of
from tslab.segmentation.chain.weights import SETTINGS
from tslab.segmentation.examples.training_set import TrainingSet, data_hash
from tslab.segmentation.features.hints import NAMED
from tslab.segmentation.learning import LearningSegmenter
from tslab.segmentation.lstm.segmenter import LstmSegmenter
from tslab.segmentation.models.choosing import maker, open_model
from tslab.segmentation.models.store import ModelStore
from tslab.segmentation.models.train_run import Options, Shelf, train
from tslab.spans import Span

RATE, SECONDS = 10.0, 120.0
DOMAIN = Domain(
    name="pump",
    title="A pump",
    tiers=(
        Tier(name="state", kind="states", labels=(Label(name="worn"),)),
        Tier(name="knock", kind="instants", labels=(Label(name="hit"),)),
    ),
    open_channels=True,
)
Found = Callable[[int], list[Span]]


def worn(number: int) -> list[Span]:
    """Two stretches, elsewhere in each recording."""
    shift = (7 * number) % 30
    return [Span(a + shift, a + shift + 20, "worn", "state") for a in (5.0, 60.0)]


def as_shapes(number: int) -> list[Span]:
    """The same under a name that the task does not have."""
    return [Span(span.start, span.end, "rough", "shape") for span in worn(number)]


def elsewhere(number: int) -> list[Span]:
    return [Span(span.end + 3, span.end + 23, "worn", "state") for span in worn(number)]


def hits(number: int) -> list[Span]:
    times = np.arange(3.0, SECONDS - 3, 7.0) + (number % 5)
    return [Span(t, t, "hit", "knock") for t in times.tolist()]


@dataclass
class Rules:
    """Knows what it is told to know; counts how often it is asked."""

    found: Found = worn
    version: str = "1"
    fails_on: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def segment(self, recording: Recording) -> Sequence[Span]:
        self.asked.append(recording.id)
        if recording.id in self.fails_on:
            raise ZeroDivisionError("no beat")
        return self.found(int(recording.id[1:]))

    def prior(self, *, remember: bool = False) -> Prior:
        return Prior(self.spec(), DOMAIN, remember=remember)

    def spec(self) -> SegmenterSpec:
        return SegmenterSpec("rules", "Rules", lambda _: self)


def example(number: int, *, shows: bool = False, tier: str = "state") -> TrainingExample:
    """Noise that says nothing of what is marked, unless it shows."""
    values = np.random.default_rng(number).standard_normal(int(RATE * SECONDS))
    spans = worn(number) if tier == "state" else hits(number)
    if shows:
        for span in spans:
            values[int(span.start * RATE) : int(span.end * RATE)] += 4
    recording = Recording(f"r{number}", (Signal.from_array("flow", values, RATE),), SECONDS)
    return TrainingExample(recording, spans, {tier: ((0.0, SECONDS),)})


def learned(examples: Sequence[TrainingExample], prior: Prior | None) -> LearningSegmenter:
    segmenter = guided(LearningSegmenter(DOMAIN), prior)
    segmenter.fit(examples, lambda *_: None)
    return segmenter


def common(found: Sequence[Span], truth: Sequence[Span]) -> float:
    """Time that both have, as a share of the time that any of them has."""
    shared = sum(max(0.0, min(a.end, b.end) - max(a.start, b.start)) for a in found for b in truth)
    return shared / (sum(s.duration for s in (*found, *truth)) - shared)


def test_one_recording_suffices_where_the_domain_knows_the_label() -> None:
    other = example(40)
    taught = learned([example(0)], Rules().prior())
    found = taught.segment(other.recording)
    assert common(found, other.spans) > 0.95
    # Borders are those of the rules, to a part of a frame.
    edges = [(span.start, span.end) for span in found]
    assert edges == [pytest.approx((s.start, s.end), abs=0.7) for s in other.spans]
    alone = learned([example(0)], None)
    assert common(alone.segment(other.recording), other.spans) < 0.6


def test_a_label_under_another_name_has_to_prove_itself() -> None:
    other, examples = example(40), [example(number) for number in range(6)]
    prior = Rules(as_shapes).prior()
    segmenter = guided(LearningSegmenter(DOMAIN), prior)
    notes = segmenter.fit(examples, lambda *_: None)
    assert prior_of(notes) == "rules 1"
    assert "when that changes, it must be trained again" in prior_note(notes)
    assert common(segmenter.segment(other.recording), other.spans) > 0.9
    few = guided(LearningSegmenter(DOMAIN), prior)
    notes = few.fit(examples[:2], lambda *_: None)
    assert notes[NAMED] == "rules 1"
    assert prior_of(notes) == prior_note(notes) == ""


def test_rules_that_are_wrong_are_overruled_by_what_people_marked() -> None:
    examples = [example(number, shows=True) for number in range(6)]
    taught = learned(examples, Rules(elsewhere).prior())
    other = example(40, shows=True)
    assert common(taught.segment(other.recording), other.spans) > 0.9


def test_known_instants_are_found_after_one_recording() -> None:
    taught = learned([example(0, tier="knock")], Rules(hits).prior())
    other = example(43, tier="knock")
    found = [span.start for span in taught.segment(other.recording)]
    assert found == pytest.approx([span.start for span in other.spans], abs=0.3)
    alone = learned([example(0, tier="knock")], None)
    times = [span.start for span in alone.segment(other.recording)]
    assert times != pytest.approx([span.start for span in other.spans], abs=0.3)


def test_without_a_prior_nothing_changes() -> None:
    examples = [example(number, shows=True) for number in range(3)]
    silent = learned(examples, Rules(lambda _: []).prior())
    assert silent.version == learned(examples, None).version
    assert own_prior(SPECS, DOMAIN) is None
    notes = LearningSegmenter(DOMAIN).fit(examples, lambda *_: None)
    assert NAMED not in notes


def test_the_same_examples_and_rules_give_the_same_model() -> None:
    one, two = (learned([example(0), example(1)], Rules().prior()) for _ in range(2))
    newer = learned([example(0), example(1)], Rules(version="2").prior())
    recording = example(40).recording
    assert one.version == two.version != newer.version
    assert one.segment(recording) == two.segment(recording)


def test_a_saved_model_needs_the_rules_that_it_learned_with(tmp_path: Path) -> None:
    taught = learned([example(0)], Rules().prior())
    taught.save(tmp_path)
    again = guided(LearningSegmenter(DOMAIN), Rules().prior())
    again.load(tmp_path)
    recording = example(40).recording
    assert again.version == taught.version
    assert again.segment(recording) == taught.segment(recording)
    with pytest.raises(
        DataError, match=r"'rules 1' finds, and 'rules 2' is installed.*tslab train"
    ):
        guided(LearningSegmenter(DOMAIN), Rules(version="2").prior()).load(tmp_path)
    with pytest.raises(DataError, match="the domain has none now"):
        LearningSegmenter(DOMAIN).load(tmp_path)


def test_a_model_that_does_not_look_loads_whatever_is_installed(tmp_path: Path) -> None:
    examples = [example(number, shows=True) for number in range(2)]
    learned(examples, Rules(as_shapes).prior()).save(tmp_path)
    for prior in (None, Rules(version="2").prior()):
        guided(LearningSegmenter(DOMAIN), prior).load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"prior": ""},
        {"layouts": []},
        {"layouts": [{"part": 3, "ranges": [["state", "worn"]], "instants": []}]},
        {"layouts": [{"part": 0, "ranges": [], "instants": []}]},
        {"layouts": [{"part": 0, "ranges": [["a", "b"], ["c", "d"]], "instants": []}]},
    ],
)
def test_impossible_settings_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    learned([example(0)], Rules().prior()).save(tmp_path)
    settings = json.loads((tmp_path / SETTINGS).read_text())
    (tmp_path / SETTINGS).write_text(json.dumps(settings | change))
    with pytest.raises(DataError, match="Train again"):
        guided(LearningSegmenter(DOMAIN), Rules().prior()).load(tmp_path)


def test_rules_that_fail_on_a_recording_are_told_of_and_gone_without() -> None:
    rules = Rules(fails_on=("r1", "r40"))
    said: list[str] = []
    prior = Prior(rules.spec(), DOMAIN, tell=said.append)
    taught = learned([example(number) for number in range(3)], prior)
    assert common(taught.segment(example(41).recording), worn(41)) > 0.9
    taught.segment(example(40).recording)
    assert prior.note_of("r41") == ""
    assert [note.split(",")[0] for note in prior.notes()] == [
        "the domain's own segmenter 'rules' failed on 'r1'",
        "the domain's own segmenter 'rules' failed on 'r40'",
    ]
    assert "ZeroDivisionError: no beat" in said[-1]


def test_where_rules_fail_the_samples_decide() -> None:
    examples = [example(number, shows=True) for number in range(12)]
    taught = learned(examples, Rules(as_shapes, fails_on=("r40",)).prior())
    assert common(taught.segment(example(40, shows=True).recording), worn(40)) > 0.8


def test_a_training_asks_once_for_each_recording_and_keeps_failures(tmp_path: Path) -> None:
    rules = Rules(fails_on=("r2",))
    examples = [example(number) for number in range(5)]
    data = TrainingSet(examples, ["thing"], data_hash(examples))
    shelf = Shelf(ModelStore(tmp_path), 0, DOMAIN, [rules.spec(), *SPECS])
    found = train(data, SPECS[0], shelf, Options(folds=2), lambda *_: None)
    assert sorted(rules.asked) == ["r0", "r1", "r2", "r3", "r4"]
    assert found.card.left_out[0] == "thing"
    assert "'rules' failed on 'r2'" in found.card.left_out[1]
    assert found.report is not None
    assert any("must be trained again" in note for note in found.report.notes)
    assert prior_of(found.card.settings) == "rules 1"
    model = open_model(shelf.store, 0, found.card.version, shelf.specs, DOMAIN)
    assert common(model.segment(example(40).recording), worn(40)) > 0.9
    newer = [Rules(version="2").spec(), *SPECS]
    with pytest.raises(DataError, match="'rules 2' is installed"):
        open_model(shelf.store, 0, found.card.version, newer, DOMAIN)


def test_what_is_remembered_is_what_was_found() -> None:
    rules = Rules(lambda number: [*worn(number), *hits(number)])
    prior, recording = rules.prior(remember=True), example(7).recording
    first = sorted(prior.segment(recording), key=lambda s: (s.start, s.end))
    second = sorted(prior.segment(recording), key=lambda s: (s.start, s.end))
    assert [(s.start, s.end, s.label, s.tier) for s in first] == [
        (s.start, s.end, s.label, s.tier) for s in second
    ]
    assert rules.asked == ["r7"]
    # Another recording of the same id is asked for anew.
    prior.segment(example(7).recording)
    assert rules.asked == ["r7", "r7"]


def test_rules_that_cannot_be_made_are_blamed() -> None:
    def broken(domain: Domain) -> Rules:
        raise RuntimeError("no table")

    prior = Prior(SegmenterSpec("rules", "Rules", broken), DOMAIN)
    with pytest.raises(PluginError, match="'rules' cannot be made: RuntimeError: no table"):
        learned([example(0)], prior)


def test_who_wants_to_look_says_so() -> None:
    assert isinstance(LearningSegmenter(DOMAIN), GuidedSegmenter)
    assert not isinstance(LstmSegmenter(DOMAIN), GuidedSegmenter)
    prior = own_prior([*SPECS, Rules().spec()], DOMAIN)
    assert prior is not None
    assert prior.version == "rules 1"
    assert maker(SPECS[0], DOMAIN, prior)().version == "untrained"
