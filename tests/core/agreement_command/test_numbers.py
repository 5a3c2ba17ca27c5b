"""Numbers that tslab agreement prints, and the exit code that they decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kit.machine_study import PEOPLE, Study, first_tier, value

from tslab.domain import Domain


def test_the_table_says_first_what_matters(study: Study) -> None:
    study.predict("truth 1")
    study.annotate(next(iter(study.predicted)), "ann@example.com", [], ground_truth=True)
    study.save()
    text = study.shell("agreement", "--draws", 20)
    lines = text.splitlines()
    assert "3 annotators, ground truth, 1 model" in lines[0]
    assert any("events that match (F1) at IoU 0.5" in line for line in lines[1:3])
    assert text.index("(F1)") < text.index("kappa")
    for who in PEOPLE:
        assert who in text
    assert "truth 1" in text
    # Which numbers lack one depends on the order of the recordings, whose ids are random.
    assert "interval: it takes 6 tasks with marks" in " ".join(text.split())


def test_the_list_of_disputes_is_no_wider_than_the_terminal(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = {}
    for wide in (200, 60):
        monkeypatch.setenv("COLUMNS", str(wide))
        text = study.shell("agreement", "--draws", 0)
        listed[wide] = text[text.rindex("\n\n", 0, text.index("to review")) :]
        assert max(map(len, listed[wide].splitlines())) <= wide
    assert max(map(len, listed[200].splitlines())) > 60
    assert {*listed[200].split()} == {*listed[60].split()}, "nothing is cut out"


def test_json_has_all_numbers_and_a_model_that_is_right_is_best(study: Study) -> None:
    study.predict("truth 1")
    tier = first_tier(study.shell.json("agreement", "--draws", 20))
    assert tier["annotators"] == list(PEOPLE)
    assert tier["tasks"] == 3
    pairs = [value(tier, "event/f1@0.5", "pair", a, b) or 0
             for a, b in (PEOPLE[:2], PEOPLE[1:], PEOPLE[::2])]  # fmt: skip
    models = [value(tier, "event/f1@0.5", "model", who, "truth 1") or 0 for who in PEOPLE]
    assert 0 < sum(pairs) < sum(models) < 3
    assert {row["by"] for row in tier["rows"]} >= {"overall", "label", "task", "window", "without"}


def test_chosen_numbers_one_a_line(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    text = study.shell("agreement", "--draws", 20, "--metric", "time/iou", "--by", "pair")
    lines = text.splitlines()
    assert lines[0].endswith(", pair")
    assert len([line for line in lines if line.startswith("time/iou ")]) == 3 * len(
        [line for line in lines if line.endswith(", pair")]
    )
    body = study.shell.json("agreement", "--draws", 20, "--metric", "f1", "--by", "label")
    metrics = {row["metric"] for tier in body["tiers"] for row in tier["rows"]}
    assert metrics >= {"event/f1@0.1", "event/f1@0.5"}
    assert "cohen_kappa" in study.shell.fails(2, "agreement", "--metric", "cohen_kapa")


def test_events_by_other_rules_are_for_those_who_ask(study: Study) -> None:
    words = ("agreement", "--draws", 0)
    usual = {row["metric"] for tier in study.shell.json(*words)["tiers"] for row in tier["rows"]}
    assert not any("@any" in name or "s" in name.partition("@")[2] for name in usual)
    tier = first_tier(study.shell.json(*words, "--metric", "event@any", "--metric", "szcore"))
    metrics = {row["metric"] for row in tier["rows"]}
    assert {name.partition("@")[2] for name in metrics if name.startswith("event")} == {"any"}
    assert value(tier, "event/f1@any") >= value(
        first_tier(study.shell.json(*words)), "event/f1@0.5"
    )
    assert value(tier, "szcore/sensitivity", "pair", *PEOPLE[:2]) is not None
    text = study.shell(*words, "--metric", "event/f1@2s")
    assert "event/f1@2s" in text
    assert "event@0.2s" in study.shell.fails(2, *words, "--metric", "event@often")
    said = study.shell(*words, "--min", "event/f1@0.5s=1", "--min", "gamma=-1", code=1)
    assert "event/f1@0.5s is" in study.shell.err
    assert "gamma" not in study.shell.err
    assert said
    assert "less is better" in study.shell.fails(
        2, *words, "--min", "szcore/false_alarms_per_day=1"
    )


def test_gamma_is_for_those_who_ask(study: Study) -> None:
    metrics = {row["metric"] for tier in study.shell.json("agreement", "--draws", 20)["tiers"]
               for row in tier["rows"]}  # fmt: skip
    assert "gamma" not in metrics
    assert "unitizing/alpha_u" in metrics
    assert "gamma" in study.shell(
        "agreement", "--draws", 20, "--metric", "gamma", "--by", "overall"
    )


def test_a_minimum_decides_the_exit_code(study: Study) -> None:
    study.shell("agreement", "--draws", 20, "--min", "0.01")
    study.shell("agreement", "--draws", 20, "--min", "0.999", code=1)
    assert "the minimum is 0.999" in study.shell.err
    assert "event/f1@0.5 is 0." in study.shell.err
    study.shell("agreement", "--draws", 20, "--min", "time/iou=1", "--min", "0.01", code=1)
    assert "event/f1" not in study.shell.err
    body = study.shell.json("agreement", "--draws", 20, "--min", "time/iou=1", code=1)
    assert body["below_minimum"]
    assert "no number" in study.shell.fails(2, "agreement", "--min", "much")
    assert "no measure" in study.shell.fails(2, "agreement", "--min", "time/iuo=0.5")


def test_a_maximum_is_for_what_shall_be_small(study: Study) -> None:
    metric = "event/onset_median_error"
    study.shell("agreement", "--draws", 20, "--max", f"{metric}=9999")
    study.shell("agreement", "--draws", 20, "--max", f"{metric}=0.0001", code=1)
    assert "the maximum is 0.0001" in study.shell.err


def test_one_annotator_alone_cannot_be_compared(study: Study) -> None:
    study.said = [a for a in study.said if a.annotator == PEOPLE[0]]
    study.save()
    assert "single coverage" in study.shell("agreement", "--draws", 20, code=1)
    assert "nobody can be compared" in study.shell.err
    study.predict("truth 1")
    study.shell("agreement", "--draws", 20, "--min", "0.99", code=1)
    assert f"{PEOPLE[0]}, truth 1" in study.shell.err


def test_metrics_of_plugins_are_asked_and_blamed(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Count:
        name = "count"
        tier_kinds = ("states", "intervals", "instants")

        def components(self, reference: Any, hypothesis: Any, context: Any) -> dict[str, float]:
            assert context.recording is not None
            return {"one": float(len(reference)), "other": float(len(hypothesis))}

        def value(self, components: Any) -> float | None:
            return components["one"] / components["other"] if components["other"] else None

    def offered(self: Any, domain: Domain) -> list[Any]:
        del self, domain
        return [metric]

    metric: Any = Count()
    monkeypatch.setattr("tslab.plugin_manager.Plugins.agreement_metrics", offered)
    tier = first_tier(study.shell.json("agreement", "--draws", 20))
    assert value(tier, "domain/count") == 1
    assert value(tier, "domain/count", "pair", *PEOPLE[:2]) != 1
    metric = type("Broken", (Count,), {"value": lambda self, components: 1 / 0})()
    study.shell("agreement", "--draws", 20, code=3)
    assert "metric 'count', comparing" in study.shell.err


def test_a_measure_of_ones_own(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def half(one, other, per_label=False):\n    return 0.5\n")
    body = study.shell.json("agreement", "--metric", f"{path}:half", "--draws", 0)
    found = [row for tier in body["tiers"] for row in tier["rows"]]
    assert {row["metric"] for row in found} == {"custom/half"}
    assert {row["value"] for row in found} == {0.5}
    path.write_text("def half(one, other, per_label=False):\n    return one['no']\n")
    said = study.shell.fails(4, "agreement", "--metric", f"{path}:half")
    assert "line 2: 'half' failed: KeyError: 'no'" in said
    path.write_text("def half(one, other, per_label=False):\n    raise SystemExit(0)\n")
    said = study.shell.fails(4, "agreement", "--metric", f"{path}:half")
    assert "line 2: 'half' failed: SystemExit: 0" in said


def test_weights_of_controls(study: Study) -> None:
    body = study.shell.json(
        "agreement", "--metric", "enterprise", "--weight", "severity=0", "--draws", 0
    )
    assert body["settings"]["weights"] == {"severity": 0}
    names = {row["metric"] for tier in body["tiers"] for row in tier["rows"]}
    assert {"enterprise/pairwise", "enterprise/consensus", "enterprise/pairwise:severity"} <= names
    said = study.shell.fails(2, "agreement", "--weight", "severty=2")
    assert "names no tier or field: 'severty=2'. did you mean 'severity'?" in said
    assert "Write for example quality=0.3." in study.shell.fails(2, "agreement", "--weight", "x")
