"""Figures of reports against sklearn, folds that never leak, reasons where there is no figure."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.small_models import DOMAIN, LevelSegmenter, example, made, truth
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score

from tslab.contracts import Progress, TrainingExample
from tslab.errors import DataError
from tslab.recording import Recording
from tslab.segmentation.evaluation.calibration_note import calibration_note
from tslab.segmentation.evaluation.report import (
    LEAST_NOTHING,
    Report,
    TierScore,
    calibration,
)
from tslab.segmentation.evaluation.scores import cross_validate, score
from tslab.segmentation.examples.folds import divided, group_of
from tslab.segmentation.examples.matching import matched_events, matched_instants
from tslab.spans import Span
from tslab.tolerances import instant_tolerance


def known(*spans: Span, reviewed: Mapping[str, Sequence[tuple[float, float]]]) -> TrainingExample:
    return TrainingExample(made(), sorted(spans, key=lambda s: s.start), reviewed)


def tier(report: Report, name: str) -> TierScore:
    return next(item for item in report.tiers if item.tier == name)


def states(dice: random.Random) -> list[Span]:
    cuts = sorted(dice.sample(range(601), 7))
    pairs = itertools.pairwise(cuts)
    labels = ["Up", "Down", None]
    chosen = [(a / 10, b / 10, dice.choice(labels)) for a, b in pairs]
    return [Span(a, b, label, "state", 0.5) for a, b, label in chosen if label]


def on_a_grid(spans: Sequence[Span], reviewed: Sequence[tuple[float, float]]) -> list[str]:
    """The label of each tenth of a second that was reviewed."""
    times = [i / 10 + 0.05 for i in range(600)]
    seen = [t for t in times if any(a <= t < b for a, b in reviewed)]
    return [next((s.label for s in spans if s.start <= t < s.end), "") for t in seen]


@given(st.randoms(use_true_random=False), st.booleans())
def test_time_figures_are_those_of_sklearn(dice: random.Random, partly: bool) -> None:
    reviewed = [(0.0, 12.3), (20.0, 51.7)] if partly else [(0.0, 60.0)]
    reference, hypothesis = states(dice), states(dice)
    if not reference and not hypothesis:
        return
    found = tier(
        score([known(*reference, reviewed={"state": reviewed})], {"r1": hypothesis}, DOMAIN),
        "state",
    )
    true, said = on_a_grid(reference, reviewed), on_a_grid(hypothesis, reviewed)
    names = sorted({*true, *said} - {""})
    if not names:
        assert found.macro_f1 is None
        return
    present = sorted(set(true) | set(said), key=lambda name: (not name, name))
    matrix = confusion_matrix(true, said, labels=present) / 10
    if 0 < true.count("") < LEAST_NOTHING * len(true):
        return  # slivers are no class here
    assert list(found.confusion.classes) == present
    assert np.allclose(found.confusion.seconds, matrix)
    recalls = [
        row[i] / row.sum() for i, row in enumerate(matrix) if row.sum()
    ]  # balanced_accuracy_score warns where a class was predicted and does not exist
    assert found.balanced_accuracy == pytest.approx(np.mean(recalls))
    if set(said) <= set(true):
        assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(true, said))
    each = f1_score(true, said, labels=names, average=None, zero_division=0)
    assert {x.label: x.time_f1 for x in found.labels if x.time_f1 is not None} == pytest.approx(
        dict(zip(names, each, strict=True))
    )
    assert found.macro_f1 == pytest.approx(np.mean(each))


def test_overlapping_intervals_share_their_time() -> None:
    reference = [Span(0, 10, "Leak", "event"), Span(0, 10, "Blip", "event")]
    found = tier(
        score(
            [known(*reference, reviewed={"event": [(0, 20)]})],
            {"r1": [Span(0, 10, "Leak", "event")]},
            DOMAIN,
        ),
        "event",
    )
    assert found.confusion.classes == ["Blip", "Leak", ""]
    assert found.confusion.seconds == [[0, 0, 5], [0, 5, 0], [0, 0, 10]]
    assert np.sum(found.confusion.seconds) == 20
    assert {x.label: x.time_f1 for x in found.labels} == {"Leak": 1, "Blip": 0}


def test_a_label_that_is_never_found_counts() -> None:
    """The reference's smallest class F1 leaves out classes with F1 0 (defect 8)."""
    spans = [Span(0, 10, "Up", "state"), Span(20, 30, "Down", "state")]
    found = tier(
        score([known(*spans, reviewed={"state": [(0, 60)]})], {"r1": spans[:1]}, DOMAIN), "state"
    )
    assert found.macro_f1 == 0.5
    assert found.balanced_accuracy == pytest.approx(2 / 3)
    assert found.event_f1 == pytest.approx(2 / 3)


# --- matching -----------------------------------------------------------------------------

borders = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=8)


@given(borders, borders)
def test_events_match_one_to_one(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    reference = [(a, a + n) for a, n in left]
    hypothesis = [(a, a + n) for a, n in right]
    pairs = matched_events(reference, hypothesis)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    overlap = np.zeros((len(reference), len(hypothesis)))
    for i, one in enumerate(reference):
        for j, other in enumerate(hypothesis):
            common = max(0, min(one[1], other[1]) - max(one[0], other[0]))
            overlap[i, j] = common / (max(one[1], other[1]) - min(one[0], other[0]))
    assert all(overlap[pair] >= 0.5 for pair in pairs)
    taken = {i for i, _ in pairs}, {j for _, j in pairs}
    for i, j in np.argwhere(overlap >= 0.5):
        assert i in taken[0] or j in taken[1], "a pair was left lying"
    if len(reference) and len(hypothesis):
        best = linear_sum_assignment(overlap < 0.5)
        most = int((overlap >= 0.5)[best].sum())
        assert 2 * len(pairs) >= most


@given(st.lists(st.integers(0, 99), max_size=9), st.lists(st.integers(0, 99), max_size=9))
def test_instants_match_as_often_as_they_can(left: list[int], right: list[int]) -> None:
    reference, hypothesis = sorted(left), sorted(right)
    pairs = matched_instants(reference, hypothesis, 7)
    assert all(abs(reference[i] - hypothesis[j]) <= 7 for i, j in pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    near = np.abs(np.subtract.outer(reference, hypothesis)) <= 7
    most = (maximum_bipartite_matching(csr_matrix(near)) >= 0).sum() if near.size else 0
    assert len(pairs) == most


@pytest.mark.parametrize(
    ("rows", "tolerance"),
    [
        ([[0, 800_000, 1_600_000]], 160_000),
        ([[0], [5]], 500_000),
        ([[0, 60_000_000]], 500_000),
        ([[0, 10_000, 20_000]], 20_000),
        ([[7, 7]], 500_000),
    ],
)
def test_the_tolerance_follows_the_distance(rows: list[list[int]], tolerance: int) -> None:
    assert instant_tolerance(rows) == tolerance


def test_instants_within_the_tolerance_are_found() -> None:
    beats = [Span(t, t, "N", "beat") for t in (1, 2, 3, 4)]
    said = [Span(t, t, "N", "beat", 0.8) for t in (1.19, 2.21, 3)] + [Span(4, 4, "V", "beat")]
    examples = [known(*beats, reviewed={"beat": [(0, 60)]})]
    found = tier(score(examples, {"r1": said}, DOMAIN), "beat")
    assert found.tolerance == 0.2
    assert found.instant_f1 == 0.5
    assert found.missing["balanced_accuracy"] == "no ranges, neither true nor predicted"
    assert found.confusion.classes == []
    wider = tier(score(examples, {"r1": said}, DOMAIN, {"beat": 0.3}), "beat")
    assert (wider.tolerance, wider.instant_f1) == (0.3, 0.75)


def test_only_reviewed_time_is_judged() -> None:
    """A prediction that lies mostly outside is not wrong; one that lies mostly inside is."""
    spans = [Span(10, 20, "Leak", "event")]
    said = [
        Span(10, 20, "Leak", "event"), Span(28, 60, "Leak", "event"), Span(26, 31, "Blip", "event"),
        Span(40, 41, "Blip", "event"),
    ]  # fmt: skip
    report = score([known(*spans, reviewed={"event": [(0, 30)]})], {"r1": said}, DOMAIN)
    found = tier(report, "event")
    assert found.event_f1 == pytest.approx(2 / 3)
    assert found.calibration.missing == "none of 2 regions has a score"
    assert report.missing["ece"] == "none of 2 regions has a score"


def test_events_that_disputes_cut_are_whole_again() -> None:
    """One long prediction is not right in each of the pieces that were reviewed."""
    reviewed = {"event": [(0, 10), (12, 14), (20, 30)]}
    pieces = [Span(8, 10, "Leak", "event"), Span(12, 14, "Leak", "event")]
    other = Span(22, 24, "Leak", "event")
    examples = [known(*pieces, other, reviewed=reviewed)]
    whole = tier(score(examples, {"r1": [Span(8, 14, "Leak", "event"), other]}, DOMAIN), "event")
    assert (whole.event_f1, whole.labels[0].events.reference) == (1, 2)
    everything = tier(score(examples, {"r1": [Span(0, 60, "Leak", "event")]}, DOMAIN), "event")
    assert everything.event_f1 == 0
    assert everything.labels[0].time_f1 == pytest.approx(2 * 6 / (6 + 22))


def test_calibration_is_the_mean_distance() -> None:
    found = calibration([(0.95, True), (1.0, False), (0.25, False), (0.25, False)])
    assert found.error == pytest.approx((2 * abs(0.975 - 0.5) + 2 * 0.25) / 4)
    assert [(b.count, b.right) for b in found.bins if b.count] == [(2, 0.0), (2, 0.5)]
    perfect = calibration([(0.5, True), (0.5, False)])
    assert perfect.error == 0
    assert calibration([]).missing == "no regions were predicted"


# --- undefined figures --------------------------------------------------------------------


def test_undefined_figures_have_reasons_not_zeros() -> None:
    report = score([known(reviewed={"state": [(0, 60)]})], {}, DOMAIN)
    assert set(report.scores.values()) == {None}
    assert report.scores.keys() == report.missing.keys()
    assert all(report.missing.values())
    nothing = score([], {}, DOMAIN)
    assert nothing.tiers == []
    assert nothing.missing["overall"] == "nothing was compared"


def test_reports_are_json_without_nan() -> None:
    report = score([example()], {"r1": truth()}, DOMAIN)
    text = json.dumps(report.document(), allow_nan=False)
    assert json.loads(text)["scores"]["overall"] == 1
    assert "trials" not in json.loads(text)


# --- folds --------------------------------------------------------------------------------


def test_subjects_are_not_divided() -> None:
    examples = [example(f"r{i}", Patient_ID=f"p{i // 2}") for i in range(8)]
    folds, how = divided(examples, 3)
    assert how == "3 folds over 4 subjects or machines with 8 recordings"
    for fold in folds:
        sides = [
            {e.recording.metadata["Patient_ID"] for e in side} for side in (fold.learn, fold.test)
        ]
        assert not sides[0] & sides[1]
    assert sorted(e.recording.id for f in folds for e in f.test) == [f"r{i}" for i in range(8)]


@pytest.mark.parametrize(
    ("metadata", "group"),
    [
        ({"Subject": "7"}, "subject 7"),
        ({"machine-no": "3 "}, "machine 3"),
        ({"patient_id": "", "unit": "u"}, "unit u"),
        ({"ward": "x", "age": "70"}, ""),
    ],
)
def test_metadata_names_the_group(metadata: dict[str, str], group: str) -> None:
    assert group_of(metadata) == group


def test_one_subject_is_divided_by_recording() -> None:
    _, how = divided([example(f"r{i}", subject="s") for i in range(3)], 5)
    assert how == "3 folds over 3 recordings, all of one subject or machine"


def test_rare_labels_are_spread() -> None:
    examples = [example(f"r{i}") for i in range(6)]
    rare = [Span(1, 2, "Leak", "event")]
    for number in (0, 1, 2):
        e = examples[number]
        examples[number] = TrainingExample(
            e.recording, [*rare, *e.spans], {**e.reviewed, "event": [(0, 60)]}
        )
    folds, _ = divided(examples, 3)
    assert [sum(s.label == "Leak" for e in f.test for s in e.spans) for f in folds] == [1, 1, 1]
    assert [len(f.test) for f in folds] == [2, 2, 2]


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), min_size=1, max_size=12))
def test_blocks_of_one_recording_cut_no_span(pairs: list[tuple[int, int]]) -> None:
    spans = [Span(a / 10, (a + n) / 10, "Leak", "event") for a, n in pairs]
    given_ = known(*spans, reviewed={"event": [(0, 60)]})
    folds, how = divided([given_], 4)
    assert not folds or "blocks of time of the only recording" in how
    tested = [s for fold in folds for s in fold.test[0].spans]
    if folds:
        assert sorted((s.start, s.end) for s in tested) == sorted((s.start, s.end) for s in spans)
        assert sum(b - a for f in folds for a, b in f.test[0].reviewed["event"]) == pytest.approx(
            60
        )
    for fold in folds:
        for a, b in fold.test[0].reviewed["event"]:
            assert all(y <= a or b <= x for x, y in fold.learn[0].reviewed["event"])


# --- cross-validation ---------------------------------------------------------------------


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


# --- what figures do not say --------------------------------------------------------------


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
