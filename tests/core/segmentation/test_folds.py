"""Folds that never leak: by subject, by recording, by time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.small_models import example, known

from tslab.contracts import TrainingExample
from tslab.segmentation.examples.folds import divided, group_of
from tslab.spans import Span


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
