"""tslab consensus as a user runs it: shown, as predictions, without names."""

from __future__ import annotations

import json

import pytest
from kit.read_by_three import SAID, WHO, Study, times

from tslab.files import json_bytes
from tslab.label_studio.predictions import current_version, load_predictions


def test_the_table_shows_what_is_agreed_on_and_writes_nothing(study: Study) -> None:
    before = study.shell.files()
    text = study.shell("consensus")
    assert text.splitlines()[0] == "anomaly: majority of 3 annotators, 2 regions, nothing disputed"
    assert "nothing was written: see --as" in text
    assert study.shell.files() == before


def test_json_counts_regions_support_and_spread(study: Study) -> None:
    document = study.shell.json("consensus", "--method", "median")
    assert document["method"] == "median"
    assert document["written_as"] is None
    (tier,) = document["tiers"]
    assert tier["annotators"] == list(WHO)
    (label,) = tier["labels"]
    assert label == {
        "label": "Drift", "regions": 2, "seconds": 89.0, "onset_spread": 1.0, "offset_spread": 0.5,
        "support": label["support"],
    }  # fmt: skip
    assert 0.9 < label["support"] < 1
    top, head, row = study.shell("consensus", "--method", "median").splitlines()[1:4]
    assert top.split() == ["onset", "offset"]
    assert head.split() == ["label", "regions", "time", "support", "spread", "spread"]
    shown = f"{label['support']:.3f}"
    assert row.split() == ["Drift", "2", "1.5", "min", shown, "1", "s", "500", "ms"]


@pytest.mark.parametrize("wide", [60, 80])
def test_no_line_about_it_is_wider_than_the_terminal(
    study: Study, monkeypatch: pytest.MonkeyPatch, wide: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(wide))
    study.say([(WHO[0], SAID[0]), (WHO[1], SAID[1])])
    text = study.shell("consensus", "--method", "dawid-skene")
    assert max(map(len, text.splitlines())) <= wide
    said = " ".join(text.split())
    assert "1 disputed (10 s together)" in said
    assert f"{WHO[1]} 0." in said


@pytest.mark.parametrize("method", ["majority", "weighted", "dawid-skene", "staple", "median"])
def test_predictions_are_the_consensus_and_the_same_bytes_twice(study: Study, method: str) -> None:
    document = study.shell.json("consensus", "--method", method, "--as", "predictions")
    version = document["model_version"]
    assert version == f"consensus {method} of 3 annotators"
    assert current_version(study.project) == version
    spans = study.project.predicted_spans(version)[study.keys[0]]
    assert [(s.label, s.tier) for s in spans] == [("Drift", "anomaly")] * 2
    assert all(s.score is not None and 0.6 < s.score <= 1 for s in spans)
    if method == "majority":
        assert times(spans) == [(42.0, 81.0, "Drift"), (180.0, 230.0, "Drift")]
    assert sum(len(p.result) for p in load_predictions(study.project)[version].values()) == 2
    before = study.shell.files()
    study.shell("consensus", "--method", method, "--as", "predictions")
    assert study.shell.files() == before


def test_one_who_is_chosen_alone_is_told_to_choose_another(study: Study) -> None:
    study.shell("consensus", "--annotator", WHO[1], "--as", "ground-truth", code=1)
    assert study.shell.err.rstrip().endswith("takes two. Name another one: --annotator")


def test_provenance_names_the_regions_that_went_in(study: Study) -> None:
    study.shell("consensus", "--as", "ground-truth", "--method", "median")
    path = study.project.root / "annotations" / "consensus.json"
    document = json.loads(path.read_text())
    assert document["method"] == "median"
    assert document["written_as"] == "ground-truth"
    assert document["tslab"]
    first = document["tiers"][0]["regions"][0]
    assert (first["recording"], first["start"], first["end"]) == (study.keys[0], 42.0, 81.0)
    assert first["sources"] == [
        {"annotator": who, "start": spans[0].start, "end": spans[0].end, "id": spans[0].id}
        for who, spans in zip(WHO, SAID, strict=True)
    ]
    assert first["onset_spread"] == 2.0


def test_private_names_nobody(study: Study) -> None:
    text = study.shell("consensus", "--method", "weighted", "--private", "--as", "predictions")
    text += json.dumps(study.shell.json("consensus", "--method", "weighted", "--private"))
    text += (study.project.root / "annotations" / "consensus.json").read_text()
    for who in WHO:
        assert who not in text
    assert "person-" in text
    again = study.shell("consensus", "--method", "weighted", "--private", "--as", "predictions")
    assert text.startswith(again)  # the same hashes each time


def test_who_votes_can_be_chosen(study: Study) -> None:
    words = ("consensus", "--annotator", WHO[1], "--annotator", WHO[2])
    (tier,) = study.shell.json(*words)["tiers"]
    assert tier["annotators"] == [WHO[1], WHO[2]]
    assert tier["disputed"] > 0
    (tier,) = study.shell.json("consensus", "--least", "1")["tiers"]
    assert {row["label"]: row["regions"] for row in tier["labels"]} == {"Drift": 3, "Spike": 1}
    words = ("consensus", "--method", "weighted", "--weight", f"{WHO[1]}=5")
    (tier,) = study.shell.json(*words)["tiers"]
    assert {row["label"]: row["regions"] for row in tier["labels"]} == {"Drift": 2, "Spike": 1}


def test_what_is_wrong_is_said_in_one_line(study: Study) -> None:
    assert "nothing of tier 'anomali'" in study.shell.fails(2, "consensus", "--tier", "anomali")
    assert "nothing of annotator 'eve'" in study.shell.fails(2, "consensus", "--annotator", "eve")
    said = study.shell.fails(2, "consensus", "--weight", "eve=2")
    assert f"--weight names no annotator: 'eve=2'. There are {', '.join(sorted(WHO))}." in said
    assert WHO[0] not in study.shell.fails(2, "consensus", "--private", "--weight", "eve=2")
    for words, hint in (
        (("--iou", ".5", "--method", "staple"), "--iou means nothing to --method staple. Add: "),
        (("--iou", ".5"), "--iou means nothing to --method majority. Add: --method median"),
        (("--least", "1", "--method", "dawid-skene"), "--least means nothing to --method dawid"),
    ):
        assert hint in study.shell.fails(2, "consensus", *words)
    words = ("consensus", "--weight", f"{WHO[0]}=0")
    assert "has no number above 0" in study.shell.fails(2, *words)
    words = ("consensus", "--weight", f"{WHO[0]}=3")
    assert "Add: --method weighted or median" in study.shell.fails(2, *words)
    study.path.write_bytes(json_bytes([]))
    assert "no annotations to combine" in study.shell.fails(4, "consensus")


def test_the_last_line_says_what_was_written_and_what_was_not(study: Study) -> None:
    study.say([(WHO[0], SAID[0]), (WHO[1], SAID[1])])
    text = study.shell("consensus", "--as", "ground-truth")
    assert text.rstrip().endswith(
        "written as ground-truth: annotations/ground_truth.json, 2 regions in 287 s of "
        "1 recording; left out: 13 s, disputed or ground truth already"
    )


def test_regions_of_one_alone_are_counted(study: Study) -> None:
    study.shell("consensus")
    rows = study.shell.json("consensus", "--method", "union")["tiers"]
    assert [row["resting_on_one"] for row in rows] == [2]
    assert [row["resting_on_one"] for row in study.shell.json("consensus")["tiers"]] == [0]
    assert "2 regions of these: one annotator" in study.shell("consensus", "--method=union")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--least", "4"), "--least 4 is more than the 3 annotators who vote"),
        (("--least", "0"), "'tslab consensus --help' shows how"),
        (("--tolerance", "anomaly=1"), "--tolerance names no tier: 'anomaly=1'. There are none."),
    ],
)
def test_numbers_that_mean_nothing_are_refused(
    study: Study, options: tuple[str, ...], line: str
) -> None:
    study.say([(WHO[0], SAID[0]), (WHO[1], SAID[0]), (WHO[2], SAID[0])])
    assert line in study.shell.fails(2, "consensus", *options)
