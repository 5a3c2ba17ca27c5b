"""What tslab agreement refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest
from kit.machine_study import Study

from tslab import cli


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--min", "event/onset_median_error=0.5"), "Write --max event/onset_median_error=0.5"),
        (("--min", "event/onset_bias=0.5"), "less is better"),
        (("--min", "event/splits=1"), "less is better"),
        (("--max", "event/f1@0.5=0.5"), "Write --min event/f1@0.5=0.5"),
        (("--max", "0.5"), "no measure with a number"),
        (("--max", "event/onset_bias=inf"), "no measure with a number"),
        (("--min", "2"), "no agreement is 2"),
        (("--min", "time/iou=1.01"), "no agreement is 1.01"),
        (("--draws", 1), "1 give no interval; write 0, or 20 and more"),
        (("--tolerance", "anomaly"), "--tolerance has no number: 'anomaly'. Write for example"),
        (("--metric", "f1", "--by", "without"), "there is no f1 by without. It is there by "),
        (("--metric", "f1", "--by", "window"), "there is no f1 by window"),
    ],
)
def test_what_cannot_be_meant_is_refused(study: Study, words: tuple[Any, ...], said: str) -> None:
    assert said in study.shell.fails(2, "agreement", *(words if "--draws" in words else
                                                       ("--draws", 0, *words)))  # fmt: skip


@pytest.mark.parametrize("words", [("--metric", "zzz"), ("--min", "zzz=1")])
def test_names_of_all_measures_fill_no_screen(study: Study, words: tuple[str, ...]) -> None:
    told = study.shell.fails(2, "agreement", "--draws", 0, *words)
    assert "There are " in told
    assert "event" in told
    assert len(told) < 300


def test_no_annotations(study: Study) -> None:
    study.said = []
    study.save()
    assert "tslab pull" in study.shell.fails(4, "agreement")


def test_options_that_name_nothing(study: Study) -> None:
    tier = study.domain.tiers[0].name
    assert tier in study.shell.fails(2, "agreement", "--tier", tier[:-1])
    assert "names no tier" in study.shell.fails(2, "agreement", "--tolerance", "x=1")
    assert "no number" in study.shell.fails(2, "agreement", "--tolerance", f"{tier}=x")
    assert "--from" in study.shell.fails(2, "agreement", "--config", "c.xml")
    study.shell("agreement", "--draws", 20, "--tolerance", f"{tier}=0.5", "--tier", tier)


def test_help_is_quick_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["agreement", "--help"]) == 0
    assert "--private" in capsys.readouterr().out


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "0", "1.5"])
def test_no_number_that_is_not_finite(shell: Any, number: str) -> None:
    assert "--iou" in shell.fails(2, "agreement", f"--iou={number}", "--from", "x", project=False)
    assert "--sampling-rate" in shell.fails(2, "add", "x", "--sampling-rate=nan")
    for option in ("--gap", "--shortest", "--iou"):
        assert option in shell.fails(2, "consensus", f"{option}=nan")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--from", ""), 4, "need the name of a file"),
        (("--report", ""), 2, "is no name of a page"),
        (("--csv", ""), 2, "--csv has no name"),
        (("--metric", ""), 2, "no measure ''. There are"),
    ],
)
def test_an_empty_name_is_said_and_not_ignored(
    study: Study, words: tuple[str, str], code: int, said: str
) -> None:
    message = study.shell.fails(code, "agreement", "--draws", 0, *words)
    assert said in message
    assert len(message) < 700
