"""The segmenter `lstm`: what it learns, what it refuses, and that it leaves nothing behind."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kit.made_signals import BOTH, RATE, domain, example, quiet, recording, tier

from tslab.contracts import TrainableSegmenter, TrainingExample
from tslab.errors import DataError, UsageError
from tslab.recording import Recording, Signal
from tslab.segmentation import SPECS
from tslab.segmentation.lstm import segmenter as module
from tslab.segmentation.lstm.segmenter import LstmSegmenter
from tslab.segmentation.lstm.settings import LstmSettings
from tslab.spans import Span

torch = pytest.importorskip("torch", reason="extra tslab[torch] is not installed")

SMALL = LstmSettings(epochs=20, window=20, hidden=12)
QUICK = replace(SMALL, epochs=2)


@pytest.fixture(scope="module")
def trained() -> LstmSegmenter:
    segmenter = LstmSegmenter(BOTH, SMALL)
    segmenter.fit([example(seed) for seed in range(4)], quiet)
    return segmenter


def fitted(
    examples: list[TrainingExample], settings: LstmSettings = QUICK, seed: int = 0
) -> LstmSegmenter:
    segmenter = LstmSegmenter(BOTH, settings, seed=seed)
    segmenter.fit(examples, quiet)
    return segmenter


def weights(segmenter: LstmSegmenter, folder: Path) -> dict[str, np.ndarray]:
    folder.mkdir()
    segmenter.save(folder)
    with np.load(folder / "lstm.npz") as stored:
        return dict(stored)


def overlap(one: Span, other: Span) -> float:
    common = min(one.end, other.end) - max(one.start, other.start)
    return common / (max(one.end, other.end) - min(one.start, other.start))


def test_it_is_offered_by_name_and_keeps_the_contract() -> None:
    spec = next(spec for spec in SPECS if spec.name == "lstm")
    assert spec.trainable
    assert isinstance(spec.create(BOTH), TrainableSegmenter)


def test_states_and_instants_are_found_in_a_new_recording(trained: LstmSegmenter) -> None:
    new = example(50)
    found = trained.segment(new.recording)
    states = [span for span in found if span.tier == "phase"]
    truth = [span for span in new.spans if span.tier == "phase"]
    assert [span.label for span in states] == ["calm", "busy"]
    assert all(overlap(a, b) > 0.75 for a, b in zip(states, truth, strict=True))
    clicks = [span.start for span in found if span.label == "click"]
    assert clicks == pytest.approx([s.start for s in new.spans if s.label == "click"], abs=0.15)
    assert all(span.is_instant == (span.tier == "mark") for span in found)
    assert all(span.score is not None and 0 < span.score <= 1 for span in found)


def test_the_same_examples_give_the_same_model() -> None:
    examples = [example(0), example(1), example(2)]
    first, again = fitted(examples), fitted(examples)
    assert first.version == again.version
    assert first.segment(example(9).recording) == again.segment(example(9).recording)
    assert fitted(examples, seed=1).version != first.version
    assert fitted(examples[:2]).version != first.version


def test_torch_is_left_as_it_was() -> None:
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    threads = torch.get_num_threads()
    fitted([example(0), example(1)])
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_what_is_saved_comes_back(trained: LstmSegmenter, tmp_path: Path) -> None:
    trained.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"lstm.json", "lstm.npz"}
    loaded = LstmSegmenter(BOTH, QUICK)
    loaded.load(tmp_path)
    assert loaded.version == trained.version
    assert loaded.segment(example(7).recording) == trained.segment(example(7).recording)


def test_before_it_has_learned_it_says_so(tmp_path: Path) -> None:
    segmenter = LstmSegmenter(BOTH, QUICK)
    assert segmenter.version == "untrained"
    for ask in (lambda: segmenter.segment(example(0).recording), lambda: segmenter.save(tmp_path)):
        with pytest.raises(DataError, match="has not learned yet"):
            ask()


def test_nothing_to_learn_is_refused_and_changes_nothing() -> None:
    made = example(0)
    segmenter = fitted([made, example(1)])
    version = segmenter.version
    empty = replace(made, recording=Recording("empty", (), 30.0))
    for examples, reason in (
        ([replace(made, spans=[])], "no label"),
        ([replace(made, reviewed={})], "no reviewed time"),
        ([empty], "no samples"),
        ([], "no label"),
    ):
        with pytest.raises(DataError, match=reason):
            segmenter.fit(examples, quiet)
    assert segmenter.version == version


def test_defect_05_missing_values_spoil_neither_weights_nor_predictions(tmp_path: Path) -> None:
    made = example(0)
    values = np.stack([signal.values() for signal in made.recording.signals], axis=1)
    values[100:130, 0] = np.nan
    values[5, :] = np.inf
    holes = replace(made, recording=recording(values))
    segmenter = fitted([holes, example(1)], SMALL)
    assert all(np.isfinite(part).all() for part in weights(segmenter, tmp_path / "m").values())
    assert segmenter.segment(holes.recording)


def test_channels_are_matched_by_name_and_may_be_missing(trained: LstmSegmenter) -> None:
    made = example(30).recording
    turned = made.with_signals(
        [replace(signal, name=signal.name.upper()) for signal in reversed(made.signals)]
    )
    assert trained.segment(turned) == trained.segment(made)
    extra = made.with_signals([*made.signals, replace(made.signals[0], name="other")])
    assert trained.segment(extra) == trained.segment(made)
    half = trained.segment(made.with_signals(made.signals[:1]))
    assert {span.label for span in half} >= {"busy"}


@pytest.mark.parametrize("rows", [0, 1, 3, 19, 21])
def test_short_recordings_are_predicted(trained: LstmSegmenter, rows: int) -> None:
    made = recording(np.random.default_rng(rows).standard_normal((rows, 2)))
    assert all(0 <= s.start <= s.end <= made.duration for s in trained.segment(made))


@pytest.mark.parametrize("rows", [3, 16, 30])
def test_short_recordings_are_learned_from(rows: int) -> None:
    made = recording(np.random.default_rng(rows).standard_normal((rows, 2)))
    half = rows / 2 / RATE
    spans = [Span(0.0, half, "calm", "phase")]
    short = TrainingExample(made, spans, {"phase": ((0.0, made.duration),)})
    assert fitted([short]).version != "untrained"


def test_a_recording_without_signals_has_nothing(trained: LstmSegmenter) -> None:
    assert trained.segment(Recording("none", (), 10.0)) == []


def test_time_that_nobody_reviewed_teaches_nothing() -> None:
    reviewed = {"phase": ((0.0, 15.0),), "mark": ((0.0, 15.0),)}
    made = example(0, reviewed=reviewed)
    kept = replace(made, spans=[span for span in made.spans if span.end <= 15])
    lied = replace(kept, spans=[*kept.spans, Span(16.0, 30.0, "calm", "phase")])
    assert fitted([kept, example(1)]).version == fitted([lied, example(1)]).version


def test_no_window_reaches_over_a_gap() -> None:
    """What lies behind a gap cannot change what is found before it."""
    segmenter = fitted([example(0), example(1)], SMALL)
    made = example(20).recording
    values = np.stack([signal.values() for signal in made.signals], axis=1)
    values[300:340] = np.nan
    other = values.copy()
    other[340:] = other[340:][::-1]
    gaps = ((15.0, 17.0),)
    before = [
        [span for span in segmenter.segment(replace(recording(rows), gaps=gaps)) if span.end <= 15]
        for rows in (values, other)
    ]
    assert before[0]
    assert [s.label for s in before[0]] == [s.label for s in before[1]]
    assert np.allclose(
        [(s.start, s.end) for s in before[0]], [(s.start, s.end) for s in before[1]], atol=0.11
    )


def test_nothing_is_marked_in_a_gap(trained: LstmSegmenter) -> None:
    made = replace(example(21).recording, gaps=((5.0, 20.0),))
    found = trained.segment(made)
    assert found
    assert not any(span.start < 19.9 and span.end > 5.1 for span in found)


def test_irregular_sampling_is_put_on_a_grid() -> None:
    examples = []
    for seed in range(3):
        made = example(seed)
        kept = np.sort(np.random.default_rng(seed).permutation(600)[:560])
        times = kept / RATE
        signals = [
            Signal.from_array(s.name, s.values()[kept], 560 / 30, times=times)
            for s in made.recording.signals
        ]
        examples.append(replace(made, recording=made.recording.with_signals(signals)))
    segmenter = fitted(examples, SMALL)
    found = segmenter.segment(examples[0].recording)
    assert {span.label for span in found} >= {"busy", "calm"}
    times = set(examples[0].recording.signals[0].sample_times(0, 560).tolist())
    assert all(span.start in times for span in found)


def test_labels_and_tiers_that_left_the_domain_are_not_predicted(
    trained: LstmSegmenter, tmp_path: Path
) -> None:
    trained.save(tmp_path)
    fewer = LstmSegmenter(domain(tier("phase", "states", "busy")), QUICK)
    fewer.load(tmp_path)
    assert {span.label for span in fewer.segment(example(8).recording)} == {"busy"}


def test_overlapping_intervals_are_found_together() -> None:
    both = domain(tier("event", "intervals", "calm", "busy"))
    examples = []
    for seed in range(4):
        made = example(seed)
        one, two = (s for s in made.spans if s.tier == "phase")
        spans = [
            Span(one.start, two.end, "calm", "event"),
            Span(two.start, two.end, "busy", "event"),
        ]
        examples.append(replace(made, spans=spans, reviewed={"event": ((0.0, 30.0),)}))
    segmenter = LstmSegmenter(both, SMALL)
    segmenter.fit(examples, quiet)
    found = segmenter.segment(examples[0].recording)
    pairs = [(a, b) for a in found for b in found if a.label == "calm" and b.label == "busy"]
    assert any(overlap(a, b) > 0.2 for a, b in pairs)


def test_the_notes_name_settings_held_out_recordings_and_the_end() -> None:
    segmenter = LstmSegmenter(BOTH, QUICK)
    told: list[tuple[float, str]] = []
    notes = segmenter.fit([example(i) for i in range(3)], lambda *args: told.append(args))
    assert notes["SEQUENCE_SIZE"] == 20
    assert notes["held_out"] in ([f"made_{i}"] for i in range(3))
    assert (notes["epochs"], notes["ended"]) == (2, "TRAIN_EPOCHS reached")
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert "held-out balanced accuracy" in told[0][1]


def test_whose_recordings_they_are_is_read_from_the_metadata() -> None:
    examples = []
    for seed, subject in enumerate(("a", "a", "b", "b")):
        made = example(seed)
        meta = {"Subject ID": subject}
        examples.append(replace(made, recording=replace(made.recording, metadata=meta)))
    notes = LstmSegmenter(BOTH, replace(QUICK, epochs=1)).fit(examples, quiet)
    assert notes["held_out"] in (["made_0", "made_1"], ["made_2", "made_3"])


def test_one_recording_is_judged_on_blocks_of_its_time() -> None:
    notes = LstmSegmenter(BOTH, QUICK).fit([example(0)], quiet)
    assert notes["held_out"] == "blocks of time"


def test_training_ends_at_the_thresholds_and_without_gain() -> None:
    easy = replace(SMALL, balanced_accuracy=0.0, class_f1=0.0)
    notes = LstmSegmenter(BOTH, easy).fit([example(0), example(1)], quiet)
    assert notes["epochs"] == 1
    assert str(notes["ended"]).startswith("thresholds")
    hard = replace(SMALL, balanced_accuracy=1.0, class_f1=1.0, patience=1, epochs=500)
    notes = LstmSegmenter(BOTH, hard).fit([example(0), example(1)], quiet)
    assert notes["ended"] == "no gain in 1 passes"
    assert notes["best_epoch"] == int(str(notes["epochs"])) - 1


def test_the_best_weights_are_kept_not_the_last() -> None:
    hard = replace(SMALL, balanced_accuracy=1.0, class_f1=1.0, patience=2, epochs=60)
    examples = [example(0), example(1), example(2)]
    segmenter = LstmSegmenter(BOTH, hard)
    best = int(str(segmenter.fit(examples, quiet)["best_epoch"]))
    stopped = LstmSegmenter(BOTH, replace(hard, epochs=best, patience=60))
    stopped.fit(examples, quiet)
    assert segmenter.version == stopped.version


def test_class_weights_can_be_switched_off() -> None:
    even = fitted([example(0), example(1)])
    plain = fitted([example(0), example(1)], replace(QUICK, class_weights=False))
    assert even.version != plain.version


def test_windows_are_predicted_in_blocks(
    trained: LstmSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained.segment(example(5).recording)
    monkeypatch.setattr(module, "WINDOWS_AT_ONCE", 3)
    parts = trained.segment(example(5).recording)
    assert [(s.label, s.start, s.end) for s in parts] == [(s.label, s.start, s.end) for s in whole]


def test_without_torch_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else real(name)
    )
    segmenter = LstmSegmenter(BOTH, QUICK)
    for ask in (lambda: segmenter.fit([example(0)], quiet), lambda: segmenter.load(tmp_path)):
        with pytest.raises(UsageError) as caught:
            ask()
        assert str(caught.value) == ("segmenter 'lstm' needs torch. pip install \"tslab[torch]\"")


def test_importing_the_module_imports_no_torch() -> None:
    code = (
        "import sys, tslab.segmentation.lstm.segmenter as m; from kit.made_signals import BOTH;"
        "assert m.LstmSegmenter(BOTH).version == 'untrained'; sys.exit('torch' in sys.modules)"
    )
    kit = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(kit)}, check=False)
    assert done.returncode == 0


def test_settings_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIDDEN_SIZE", "7")
    assert LstmSegmenter(BOTH).settings.hidden == 7
    monkeypatch.setenv("HIDDEN_SIZE", "many")
    with pytest.raises(UsageError, match="HIDDEN_SIZE='many'"):
        LstmSegmenter(BOTH)
