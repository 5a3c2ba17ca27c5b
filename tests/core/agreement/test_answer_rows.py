"""Answers, task scores and own measures in the whole result of a project; nameless, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.event_tables import table_of
from tests.core.agreement.test_intake import DOMAIN, a, project, said

from tslab.agreement.answer_rows import guessed_fields
from tslab.agreement.attributes.task_attributes import TaskAnswers
from tslab.agreement.domain_metrics import DomainMetrics
from tslab.agreement.intake import project_intake
from tslab.agreement.measure import measure
from tslab.agreement.report.privacy import private
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import Intake, TierTable
from tslab.agreement.values import Readers
from tslab.domain import Choice, RegionField, TaskField
from tslab.errors import DataError
from tslab.plugin_manager import load_domain
from tslab.spans import FieldValue

STUDY = DOMAIN.model_copy(
    update={
        "fields": (
            RegionField(name="kind", kind="choice", choices=(Choice(value="x"), Choice(value="y"))),
        ),
        "task_fields": (
            TaskField(name="fit", kind="choice", choices=(Choice(value="1"), Choice(value="2"))),
        ),
    }
)
WINDOWS = [("r1", 0.0, 50.0), ("r1", 50.0, 100.0), ("r2", 0.0, 100.0)]
PLAIN = AgreementSettings(draws=0)


def study(folder: Path) -> Intake:
    """Two who share two regions; in the first window of r1 they answer alike, in the second not."""
    marks = [
        [a(0, 10, id="1", fields={"kind": "x"}), a(60, 70, id="2", fields={"kind": "x"})],
        [a(0, 10, id="3", fields={"kind": "x"}), a(60, 65, id="4", fields={"kind": "y"})],
    ]
    answers = {"t1": {"fit": "1"}, "t2": {"fit": "1"}}, {"t1": {"fit": "1"}, "t2": {"fit": "2"}}
    given = [
        said(who, spans, task_fields=told)
        for who, spans, told in zip(("ann", "ben"), marks, answers, strict=True)
    ]
    return project_intake(project(folder, given, WINDOWS, domain=STUDY))


def numbers(intake: Intake, **more: Any) -> dict[tuple[str, str, tuple[str, ...]], float | None]:
    found = measure(intake, replace(PLAIN, **more))
    return {(r.metric, r.by, r.of): r.value.value for r in found.rows if r.tier == "state"}


def test_answers_about_regions_and_tasks(tmp_path: Path) -> None:
    found = numbers(study(tmp_path))
    assert found["attribute/percent:kind", "overall", ()] == 0.5
    assert found["attribute/percent_joint:kind", "pair", ("ann", "ben")] == 0.5
    assert found["task/percent:fit", "overall", ()] == 0.5
    assert found["task/percent:fit", "task", ("t1",)] == 1


def test_task_scores_are_of_the_windows_that_label_studio_shows(tmp_path: Path) -> None:
    found = numbers(study(tmp_path))
    for name, second in ((":state", 0.5), (":kind", 0), (":fit", 0), ("", 0.5 / 3)):
        assert found[f"enterprise/pairwise{name}", "task", ("t1",)] == 1
        assert found[f"enterprise/pairwise{name}", "task", ("t2",)] == pytest.approx(second)
    assert found["enterprise/consensus", "task", ("t2",)] == 0.5
    weighted = numbers(study(tmp_path), weights={"state": 2.0, "kind": 0.0})
    assert weighted["enterprise/pairwise", "task", ("t2",)] == pytest.approx(2 * 0.5 / 3)


def test_a_window_that_was_not_reviewed_is_not_answered(tmp_path: Path) -> None:
    given = [said("ann", [], extents=[(0.0, 50.0)]), said("ben", [], extents=[(0.0, 60.0)])]
    intake = project_intake(project(tmp_path, given, WINDOWS, domain=STUDY))
    tier = next(tier for tier in intake.tiers if tier.name == "state")
    assert tier.task_answers is not None
    assert set(tier.task_answers.answers) == {(0, 0), (0, 1)}


def test_nameless_answers_are_the_same_numbers(tmp_path: Path) -> None:
    intake = study(tmp_path)
    hidden = private(intake, b"key")
    named = {name for _, _, of in numbers(hidden) for name in of}
    assert not named & {"ann", "ben", "t1", "t2", "t3", "r1", "r2"}
    for key in [("task/percent:fit", "overall", ()), ("attribute/percent:kind", "overall", ()),
                ("enterprise/pairwise", "overall", ())]:  # fmt: skip
        assert numbers(hidden)[key] == numbers(intake)[key] is not None


def test_nameless_answers_have_the_same_intervals() -> None:
    """Chance draws tasks in the order of their own names, whatever their hashes are."""
    dice, names = np.random.default_rng(3), tuple(f"t{n:02d}" for n in range(14))
    answers = {
        (task, who): {"fit": "12"[int(dice.integers(2))]} for task in range(14) for who in range(2)
    }
    readers = Readers(("a0", "a1"))
    given = TaskAnswers("state", names, readers.annotators, readers, answers)
    table = replace(table_of([], tasks=14), tasks=list(names))
    tier = TierTable(
        "state", "states", table, readers, 0.1, task_answers=given,
        task_fields=STUDY.task_fields,
    )  # fmt: skip
    for key in (b"one", b"two", b"three"):
        wanted, found = (
            measure(intake).row("state", "task/alpha:fit")
            for intake in (Intake((tier,)), private(Intake((tier,)), key))
        )
        assert wanted is not None
        assert found is not None
        assert wanted.value.low is not None
        assert (found.value.low, found.value.high) == pytest.approx(
            (wanted.value.low, wanted.value.high), abs=1e-12
        )


def test_own_measures(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from tslab.agreement.enterprise.evalme import agreement\n")
    found = numbers(study(tmp_path), custom=(f"{path}:agreement",))
    assert found["custom/agreement", "task", ("t2",)] == 0.5
    assert found["custom/agreement", "overall", ()] == 0.75
    path.write_text("def agreement(a, b, per_label=False):\n    return 1 / 0\n")
    with pytest.raises(DataError, match=r"mine.py', line 2: 'agreement' failed: ZeroDivisionError"):
        numbers(study(tmp_path), custom=(f"{path}:agreement",))


def test_exports_have_fields_by_what_the_answers_look_like() -> None:
    answers: dict[int, dict[str, FieldValue]] = {
        1: {"Kind-1": "x", "stars": 3.0, "size": 2.5, "many": ("a", "b"), "note": "text 1"},
        **{n: {"note": f"text {n}"} for n in range(2, 30)},
    }
    found = {item.name: (item.kind, item.multiple) for item in guessed_fields(answers)}
    assert found == {
        "Kind-1": ("choice", False),
        "stars": ("rating", False),
        "size": ("number", False),
        "many": ("choice", True),
        "note": ("text", False),
    }


@dataclass(frozen=True, slots=True)
class Seconds:
    """Marked seconds; details are those of each side."""

    name: str = "seconds"
    tier_kinds: tuple[str, ...] = ("states",)

    def components(self, reference: Any, hypothesis: Any, context: Any) -> Mapping[str, float]:
        ours, theirs = (sum(s.end - s.start for s in x) for x in (reference, hypothesis))
        return {"ours": ours, "theirs": theirs}

    def value(self, components: Mapping[str, float]) -> float | None:
        return components["ours"] + components["theirs"]

    def details(self, components: Mapping[str, float]) -> Mapping[str, float | None]:
        return {"ours": components["ours"], "none": None}


def test_details_of_a_metric_have_rows_of_their_own(tmp_path: Path) -> None:
    plugins, _ = load_domain("ecg")
    offered = DomainMetrics(STUDY, [Seconds()], plugins.calling)
    given = [said(who, [a(0, 10), a(60, 60 + n)], recording=r)
             for r in ("r1", "r2") for who, n in (("ann", 10), ("ben", 5))]  # fmt: skip
    intake = project_intake(project(tmp_path, given, WINDOWS, domain=STUDY))
    found = {
        (r.metric, r.by): r for r in measure(intake, AgreementSettings(draws=20), offered).rows
    }
    whole = found["domain/seconds", "pair"].value
    assert (whole.value, whole.low) == (70, None)
    assert whole.no_interval.startswith("no interval: 2 tasks")
    assert found["domain/seconds/ours", "pair"].value.value == 40
    assert found["domain/seconds/none", "pair"].value.value is None
    assert found["domain/seconds/none", "pair"].value.reason
