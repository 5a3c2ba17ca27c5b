"""What `tslab progress` prints is no wider than the terminal, and nothing of it gets lost."""

from __future__ import annotations

import pytest
from kit.progress_studies import Plant, minutes

from tslab.progress.activity import ReviewState
from tslab.progress.left import Left, RaterLeft
from tslab.progress.over_time import Period
from tslab.progress.people import LeadTimes, Person
from tslab.progress.report import Progress
from tslab.progress.text import progress_text
from tslab.progress.trends import Trend
from tslab.progress.use import LabelUse, Relabelled, Shift, Use
from tslab.wording import width

PEOPLE = [f"reader.number.{n}@cardiology.hospital.example.org" for n in (1, 2, 3)]
LABELS = ["Paroxysmal supraventricular tachycardia", "AFIB"]
MODEL = "convolutional net of the spring 2026"
LEAD = LeadTimes(97_200.0, 1130, 85.0, 1290.0)
FIGURES = {
    "time/krippendorff_alpha": 0.391,
    "time/iou": 0.302,
    "event/f1@0.5": 0.593,
    "instant/f1": 0.871,
}


def study() -> Progress:
    """Long names and all columns of every table."""
    labels = [
        LabelUse(MODEL, "rhythm", label, 4700, 1101, 2600, 1001, 12, 807,
                 Shift(1900, 0, -0.0941, 0.1), Shift(3500, 3500, 12.316, 11.0))
        for label in LABELS
    ]  # fmt: skip
    return Progress(
        pulled="2026-11-28T17:00:00+00:00",
        left=[Left("rhythm and noise of the long recordings", 1300, 400, 9, 890, 1, 901, 9.3)],
        lead=LEAD,
        people=[
            Person(who, 1130, 12, 3, 3300, 44.8, 405, 1130, LEAD, "2026-11-28T22:46:00+00:00")
            for who in PEOPLE
        ],
        use=Use(labels, [Relabelled(MODEL, "rhythm", *LABELS, 1001)], frozenset(), 3390, 0),
        weeks=[],
        agreement=[Period("rhythm of the atria", "2026-W48", 1130, FIGURES)],
        blocks=[],
        drift=[Trend(PEOPLE[0], "rhythm", "agreement", "order", 1130, 0.9, 0.4, -0.9, "falls")],
        fatigue=[],
        findings=[],
        raters=[RaterLeft(1, PEOPLE, 1300, 400, 12, 301.0)],
        review=ReviewState(1800, 504, 12, dict.fromkeys(PEOPLE, 600)),
    )


def test_nothing_is_wider_than_the_terminal_or_gone() -> None:
    whole = progress_text(study(), 60.0)
    assert max(map(width, whole.splitlines())) > 113
    for wide in (80, 100):
        text = progress_text(study(), 60.0, wide)
        assert max(map(width, text.splitlines())) <= wide
        words = {*text.split()}
        for cell in ("22:46", "1130", "-0.0941", "+12.3", "relabelled", "offset", "0.59", "0.87"):
            assert cell in words, f"{cell} at {wide}"


def test_shifts_of_onset_and_offset_stay_beside_each_other() -> None:
    for wide in (60, 80, 100):
        text = progress_text(study(), 60.0, wide)
        (heads,) = [line.split() for line in text.splitlines() if "offset" in line.split()]
        assert heads[-2:] == ["onset", "offset"]


def test_everybody_who_read_for_a_rater_is_named() -> None:
    lines = [line.split() for line in progress_text(study(), 60.0, 80).splitlines()]
    at = lines.index(["rater", "who", "tasks", "done", "left", "skipped", "needs"])
    assert lines[at + 1 : at + 5] == [
        ["1", "reader.number.1", "1300", "400", "900", "12", "301.0", "h"],
        ["reader.number.2"],
        ["reader.number.3"],
        [],
    ]


def test_the_command_heeds_the_width(
    plant: Plant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.say("ann", 0, plant.shown(0), minutes(0), lead_time=120.0)
    plant.run("pull", "--quiet")
    for wide in (60, 80):
        monkeypatch.setenv("COLUMNS", str(wide))
        capsys.readouterr()
        plant.run("progress")
        lines = capsys.readouterr().out.splitlines()
        assert wide - 12 < max(map(len, lines)) <= wide
