"""tslab consensus --as ground-truth: what is written, what is kept and what is left open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from kit.read_by_three import SAID, SECONDS, WHO, Study, drift, times

from tslab.agreement.intake import project_intake
from tslab.annotation import Annotation
from tslab.files import json_bytes
from tslab.ground_truth import REVIEWER, made_truth, save_truth
from tslab.label_studio.predictions import current_version
from tslab.label_studio.review.ballots import Box
from tslab.label_studio.review.key import new_key, save_key
from tslab.label_studio.review.pull import outcome_of
from tslab.label_studio.review.queue import make_queue
from tslab.segmentation.examples.training_set import training_set


def test_ground_truth_outlives_a_pull_and_is_trained_on(study: Study) -> None:
    study.shell("consensus", "--as", "ground-truth")
    (truth,) = made_truth(study.project.root)["consensus"]
    assert truth.ground_truth
    assert truth.annotator == "consensus majority of 3 annotators"
    assert times(truth.spans) == [(42.0, 81.0, "Drift"), (180.0, 230.0, "Drift")]
    study.say([(WHO[0], SAID[0])])  # what a pull does: annotations.json is written anew
    said = study.project.annotations_list()
    assert [a.ground_truth for a in said] == [False, True]
    data = training_set(said, study.project.domain, study.project.recording)
    assert data.truth == 1.0
    assert times(data.examples[0].spans) == times(truth.spans)
    (tier,) = project_intake(study.project).tiers
    assert tier.readers.reference == "ground truth"


def test_a_second_run_does_not_see_its_own_truth(study: Study) -> None:
    study.shell("consensus", "--as", "ground-truth", "--method", "weighted")
    before = study.shell.files()
    study.shell("consensus", "--as", "ground-truth", "--method", "weighted")
    assert study.shell.files() == before


def test_disputed_time_is_not_ground_truth(study: Study) -> None:
    study.say([(WHO[0], SAID[0]), (WHO[1], SAID[1])])
    study.shell("consensus", "--as", "ground-truth")
    (truth,) = made_truth(study.project.root)["consensus"]
    assert times(truth.spans) == [(42.0, 80.0, "Drift"), (180.0, 230.0, "Drift")]
    assert list(truth.extents) == [
        (0.0, 40.0), (42.0, 80.0), (81.0, 260.0), (270.0, 300.0),
    ]  # fmt: skip


def test_one_alone_makes_no_ground_truth(study: Study) -> None:
    seen = ((0.0, 200.0), (150.0, 300.0), (60.0, 70.0))
    said = [Annotation(study.keys[0], who, list(spans), study.view, (part,))
            for who, spans, part in zip(WHO, SAID, seen, strict=True)]  # fmt: skip
    study.path.write_bytes(json_bytes(said))
    study.shell("consensus", "--as", "ground-truth")
    (truth,) = made_truth(study.project.root)["consensus"]
    assert list(truth.extents) == [(60.0, 70.0), (150.0, 200.0)]
    assert times(truth.spans) == [(60.0, 70.0, "Drift"), (180.0, 200.0, "Drift")]
    before = study.shell.files()
    study.say([(WHO[0], SAID[0])])
    study.shell("consensus", "--as", "ground-truth", code=1)
    assert made_truth(study.project.root)["consensus"] == [truth]
    assert before.keys() == study.shell.files().keys()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("ground-truth", "no ground truth was written"),
        ("predictions", "no predictions were written"),
        (None, "there is no consensus"),
    ],
)
def test_one_annotator_alone_writes_nothing_and_says_why(
    study: Study, target: str | None, said: str
) -> None:
    study.say([(WHO[0], SAID[0])])
    before = study.shell.files()
    more = ("--as", target) if target else ()
    study.shell("consensus", *more, code=1)
    assert study.shell.err.splitlines() == [
        f"tslab: {said}: {WHO[0]} alone votes, and it takes two. "
        "Give tasks to more annotators: review: {overlap: 2} in tslab.yaml"
    ]
    document = study.shell.json("consensus", *more, code=1)
    assert document["written_as"] is None
    assert document["not_written"].startswith(f"{said}: {WHO[0]} alone votes")
    assert study.shell.files() == before
    study.shell("consensus", *more, "--private", code=1)
    assert WHO[0] not in study.shell.err


def test_what_gets_no_ground_truth_is_said_on_one_line(study: Study) -> None:
    whole = ((0.0, 300.0),)
    said = [Annotation(study.keys[0], who, list(spans), study.view, whole)
            for who, spans in zip(WHO, SAID, strict=True)]  # fmt: skip
    said.append(Annotation(study.keys[1], WHO[0], [], study.view, whole))
    study.path.write_bytes(json_bytes(said))
    document = study.shell.json("consensus", "--as", "ground-truth")
    line = "no ground truth was written of 1 recording in which no time was reviewed by two"
    assert document["not_written"] == line
    assert study.shell.err.splitlines() == [f"tslab: {line}"]
    truth = [replace(one, spans=[], ground_truth=True) for one in said]
    study.path.write_bytes(json_bytes([*said, truth[0]]))
    study.shell("consensus", "--as", "ground-truth", code=1)
    assert study.shell.err.splitlines() == [
        "tslab: no ground truth was written: 1 recording in which no time was reviewed by two; "
        "1 recording in which all that two reviewed is disputed or ground truth already. "
        "Give tasks to more annotators: review: {overlap: 2} in tslab.yaml"
    ]


def test_truth_of_label_studio_stays(study: Study) -> None:
    said = [Annotation(study.keys[0], who, list(spans), study.view, ((0.0, 300.0),))
            for who, spans in zip(WHO, SAID, strict=True)]  # fmt: skip
    marked = Annotation(
        study.keys[0], WHO[0], [drift(41, 80)], study.view, ((0.0, 200.0),), ground_truth=True
    )
    study.path.write_bytes(json_bytes([*said, marked]))
    document = study.shell.json("consensus", "--as", "ground-truth", "--method", "weighted")
    (truth,) = made_truth(study.project.root)["consensus"]
    assert list(truth.extents) == [(200.0, 300.0)]
    assert times(truth.spans) == [(200.0, 230.0, "Drift")]
    weights = document["tiers"][0]["quality"]["weight"]
    assert weights[WHO[0]] > weights[WHO[1]] > weights[WHO[2]]


def reviewed(study: Study, most: int | None) -> tuple[Any, Any]:
    """A review that asks about some disputes; what a pull makes of it while nobody decided."""
    key = new_key()
    make_queue(study.project, key)
    key.windows = [replace(window, cases=window.cases[:most]) for window in key.windows]
    save_key(study.project.state, key)
    return key, pulled(study, key)


def pulled(study: Study, key: Any) -> Any:
    outcome = outcome_of(study.project, key, Box(), study.project.pulled_annotations())
    save_truth(study.project.root, REVIEWER, outcome.annotations)
    return outcome


def test_what_a_review_has_open_stays_open(study: Study) -> None:
    """Ground truth over it would close the dispute without a verdict."""
    key, before = reviewed(study, None)
    assert before.open > 0
    document = study.shell.json("consensus", "--method", "median", "--as", "ground-truth", code=1)
    assert "that the review has open" in document["not_written"]
    assert "consensus" not in made_truth(study.project.root)
    assert pulled(study, key).open == before.open


def test_what_a_review_does_not_ask_about_may_be_decided_by_consensus(study: Study) -> None:
    key, before = reviewed(study, 2)
    cases = [case for window in key.windows for case in window.cases]
    assert 0 < len(cases) < before.open
    text = study.shell("consensus", "--method", "median", "--as", "ground-truth")
    assert "open in the review" in text
    (truth,) = made_truth(study.project.root)["consensus"]
    for case in cases:
        assert not any(s * 1e6 < case.end and case.start < e * 1e6 for s, e in truth.extents)
    assert pulled(study, key).open == len(cases)


def test_a_damaged_truth_is_said(study: Study) -> None:
    path = study.project.root / "annotations" / "ground_truth.json"
    path.write_text("[1]")
    with pytest.raises(Exception, match=r"ground_truth.json' is damaged"):
        study.project.annotations_list()


def test_makers_keep_each_others_truth(study: Study) -> None:
    root = study.project.root
    one = Annotation(study.keys[0], "judge", [], study.view, ((0.0, 10.0),))
    save_truth(root, "review", [one])
    study.shell("consensus", "--as", "ground-truth")
    made = made_truth(root)
    assert sorted(made) == ["consensus", "review"]
    assert list(made["consensus"][0].extents) == [(10.0, 300.0)]
    save_truth(root, "consensus", [])
    assert sorted(made_truth(root)) == ["review"]


def test_a_recording_that_is_gone_is_said_and_left_out(study: Study) -> None:
    (study.folder / "pump1.csv").unlink()
    document = study.shell.json("consensus", "--as", "predictions", code=1)
    assert document["failed"] == [study.keys[0]]


def test_what_most_answer_about_a_region_is_the_answer(study: Study) -> None:
    """A choice by most, several choices by more than half, a rating by the middle; no text."""
    given: tuple[dict[str, Any], ...] = (
        {"severity": "2", "channel": ("vibration",), "quality": 4.0, "note": "loud"},
        {"severity": "2", "channel": ("vibration", "speed"), "quality": 5.0},
        {"severity": "3", "quality": 5.0, "note": "loud"},
    )
    said = [
        (who, [replace(spans[0], fields=fields), *spans[1:]])
        for who, spans, fields in zip(WHO, SAID, given, strict=True)
    ]
    study.say(said)
    for target in ("ground-truth", "predictions"):
        study.shell("consensus", "--as", target, "--method", "median")
    (truth,) = made_truth(study.project.root)["consensus"]
    version = current_version(study.project)
    predicted = study.project.predicted_spans(version)[study.keys[0]]
    for spans in (truth.spans, predicted):
        assert spans[0].fields == {"severity": "2", "channel": ("vibration",), "quality": 5.0}


def test_what_two_answer_about_a_task_is_ground_truth(study: Study) -> None:
    task = study.project.tasks()[0].id
    said = [
        Annotation(
            study.keys[0], who, list(spans), study.view, ((0.0, float(SECONDS)),),
            {task: {"state": state}} if state else {},
        )
        for who, spans, state in zip(WHO, SAID, ("faulty", "faulty", ""), strict=True)
    ]  # fmt: skip
    study.path.write_bytes(json_bytes(said))
    study.shell("consensus", "--as", "ground-truth")
    (truth,) = made_truth(study.project.root)["consensus"]
    assert truth.task_fields == {task: {"state": "faulty"}}
    study.path.write_bytes(json_bytes([said[0], *(replace(a, task_fields={}) for a in said[1:])]))
    study.shell("consensus", "--as", "ground-truth")
    (truth,) = made_truth(study.project.root)["consensus"]
    assert truth.task_fields == {}
