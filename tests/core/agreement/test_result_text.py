"""What stands on the terminal: as wide as it is, in plain words, each count what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from kit.agreement_pages import LENGTH, instants, ranges, table

from tslab.agreement.domain_metrics import DomainMetrics
from tslab.agreement.measure import Agreement, measure
from tslab.agreement.report.amounts import Marks, amount_text
from tslab.agreement.report.fitting import fitted
from tslab.agreement.report.result_text import agreement_text, rows_text
from tslab.agreement.report.words import chosen
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import Intake, TierTable, in_windows
from tslab.agreement.values import Readers
from tslab.domain import Domain, Label, Tier
from tslab.wording import width

FEW = AgreementSettings(draws=0)
LONG = "annotator-with-a-long-name@department-of-names.example.com"


@dataclass(frozen=True)
class Many:
    """A measure of a domain with many details."""

    name: str = "ec-many"
    title: str = "Things found as the norm has it, with all that it asks for"
    tier_kinds: Sequence[str] = ("intervals",)

    def components(self, reference: Any, hypothesis: Any, context: Any) -> dict[str, float]:
        return {"n": float(len(reference) + len(hypothesis))}

    def value(self, components: Any) -> float | None:
        return components["n"]

    def details(self, components: Any) -> dict[str, float | None]:
        return {f"duration_predictivity_{n}": components["n"] for n in range(8)}


def offered() -> DomainMetrics:
    @dataclass
    class Calm:
        def __enter__(self) -> None: ...
        def __exit__(self, *error: object) -> None: ...

    domain = Domain(name="d", title="D", tiers=(
        Tier(name="activity", kind="intervals", labels=(Label(name="rest"),)),))  # fmt: skip
    return DomainMetrics(domain, [Many()], lambda metric, doing: Calm())


def found(**given: Any) -> Agreement:
    return measure(Intake((ranges(**given),)), FEW, offered())


def lines(text: str) -> Iterator[str]:
    yield from text.splitlines()


@pytest.mark.parametrize("wide", [40, 60, 80, 100, 140])
def test_no_line_is_wider_than_the_terminal(wide: int) -> None:
    people = (LONG, "bert", "carl" * 20)
    result = found(people=people, model="net 7 " * 10)
    for text in (agreement_text(result, wide), agreement_text(result, wide, ["pair", "overall"])):
        assert max(map(width, lines(text))) <= wide
    text = rows_text(chosen(result.rows, ["time"], ["pair", "task"]), max(wide, 60))
    assert max(map(width, lines(text))) <= max(wide, 100)


def table_of(text: str, level: str) -> list[list[str]]:
    """Cells of the rows of a level, and its heading first."""
    (block,) = [own for own in text.split("\n\n") if own.startswith(f"activity, {level}\n")]
    return [re.split("  +", line) for line in lines(block)][1:]


def test_pairs_and_models_have_a_column_for_each_name() -> None:
    """Joined names lost their middle, where the second one stands, or the model altogether."""
    people = [f"{name}@department-of-names.example.com" for name in ("dan", "jon", "ann")]
    measured = found(people=people, model="spring model 7")
    rows = chosen(measured.rows, ["time/iou"], ["pair", "model", "overall"])
    text = rows_text(rows, 80)
    assert max(map(width, lines(text))) <= 80
    head, *pairs = table_of(text, "pair")
    assert head[:4] == ["measure", "annotator", "and", "value"]
    assert {tuple(row[1:3]) for row in pairs} == {("dan", "jon"), ("dan", "ann"), ("jon", "ann")}
    head, *models = table_of(text, "model")
    assert head[:4] == ["measure", "reader", "and model", "value"]
    assert {tuple(row[1:3]) for row in models if row[0] == "time/iou"} == {
        (name, "spring model 7") for name in ("dan", "jon", "ann", "ground truth")
    }
    assert table_of(text, "overall")[0][:2] == ["measure", "value"]
    assert "dan@department-of-names" in rows_text(rows, 200), "whole names where there is room"


def test_every_level_has_as_many_headings_as_names() -> None:
    rows = chosen(found().rows, ["time/iou"], [])
    assert {row.by for row in rows} >= {"label", "task", "pair-label", "model-label", "without"}
    found_levels = [
        line.partition(", ")[2] for line in lines(rows_text(rows)) if "activity, " in line
    ]
    assert found_levels == list(dict.fromkeys(row.by for row in rows))


def test_reasons_and_long_measures_fit_into_the_terminal() -> None:
    rows = chosen(found(people=(LONG, "bert", "carl")).rows, ["event"], ["pair-label"])
    for wide in (80, 100):
        text = rows_text(rows, wide)
        assert max(map(width, lines(text))) <= wide
        assert "no matched" in text
        assert "event/onset_median_error" in text, "a measure is what was asked for"


def test_details_of_the_domain_are_for_those_who_ask() -> None:
    result = found()
    usual = agreement_text(result, 100)
    assert "Things found as the norm has it  " in usual
    for internal in ("domain/", "ec-many", "duration", "_"):
        assert internal not in usual, internal
    assert "duration predictivity 7" in agreement_text(result, 100, ["overall"])
    names = {row.metric for row in chosen(result.rows, ["ec-many"], [])}
    assert len(names) == 9


def test_a_level_is_a_table_of_the_summary() -> None:
    overall = agreement_text(found(), 100, ["overall"])
    assert "events that match (F1) at IoU 0.5" in overall
    assert "anna" not in overall
    pairs = agreement_text(found(), 100, ["pair"])
    assert "annotator  and " in pairs
    assert re.search("anna +bert +", pairs)
    assert "that match" not in pairs


def test_labels_that_nobody_used_are_one_line() -> None:
    tier = ranges(labels=("rest", "walk", "never", "model only"))
    marks = replace(tier.table, label=np.where(tier.table.annotator == 3, 3, tier.table.label))
    text = agreement_text(measure(Intake((replace(tier, table=marks),)), FEW), 100)
    assert not [line for line in lines(text) if line.startswith(("never", "model only"))]
    said = "Left out: 2 of 4 labels; nobody used never; models or the ground "
    assert f"{said}truth alone used model only." in text.replace("\n  ", " ")


def test_marks_are_those_of_people() -> None:
    tier = ranges()
    marks = Marks.of(tier)
    rest, walk, never = marks.people.tolist()
    assert (rest, walk, never) == (6, 4, 0)
    assert (marks.models.tolist(), marks.truth.tolist()) == ([1, 1, 0], [1, 1, 0])
    assert marks.readers["anna"] == 4
    text = agreement_text(measure(Intake((tier,))), 100)
    (row,) = [line.split() for line in lines(text) if line.startswith("rest ")]
    order = [line.split()[0] for line in lines(text) if line.startswith(("rest ", "walk "))]
    assert order == ["rest", "walk"]
    assert row[-1] == "6"


def test_recordings_and_tasks_are_counted_apart() -> None:
    seen = [(0, 0, 0, LENGTH), (0, 1, 0, 60), (1, 0, 0, LENGTH), (1, 1, 0, 0)]
    made = table((("r1", "r2"), ("a", "b"), ("x",)), [(0, 0, 0, 1, 2)], seen[:3])
    windows = {"r1": [(n * 10**7, (n + 1) * 10**7, f"t{n}") for n in range(10)],
               "r2": [(0, 10**8, "t10")]}  # fmt: skip
    tier = TierTable("s", "states", made, Readers(("a", "b")), 0.1, in_windows(made, windows))
    assert amount_text(tier) == "2 recordings, 1 read by two or more people (6 of 11 tasks)"
    whole = replace(tier, windows=None)
    assert amount_text(whole) == "2 tasks, 1 read by two or more people"
    text = agreement_text(measure(Intake((tier,)), FEW), 200)
    assert "1 read by two or more people (6 of 11 tasks)" in text.splitlines()[0]


def test_a_consensus_of_these_people_is_no_model() -> None:
    name = "consensus median of 3 annotators"
    text = agreement_text(found(model=name), 120)
    assert "their consensus" in text.splitlines()[0]
    assert "1 model" not in text.splitlines()[0]
    assert "and model" not in text
    assert "and consensus" in text
    assert f"note: '{name}' is made of these annotators' own marks" in text


def test_tables_give_way_in_order() -> None:
    cells = [["name", "onsets apart", "kappa"], ["a" * 30, "0.5", "1"], ["b", "12 ms", "0.123"]]
    assert fitted(cells, 0).splitlines()[0].split() == ["onsets"]
    narrow = fitted(cells, 30).splitlines()
    assert max(map(len, narrow)) <= 30
    assert "..." in narrow[2]
    two = fitted(cells, 20)
    assert two.count("name") == 2, "what does not fit goes below, with the names again"
    assert max(map(len, two.splitlines())) <= 24


def test_words_wrap_where_a_table_is_still_too_wide() -> None:
    cells = [["name", "why", "n"], ["a", "no pair in which it is defined", "0"], ["b", "0.1", "7"]]
    assert fitted(cells, 26, late=[1]).split("\n\n")[0].splitlines() == [
        "name  why", "a     no pair in which it", "      is defined", "b     0.1",
    ]  # fmt: skip
    assert max(map(len, fitted(cells, 26).splitlines())) > 26


def test_long_names_stay_different() -> None:
    names = [f"ward of the heart, {n}: recordings of the first and second month" for n in "ab"]
    for wide in (0, 20):
        rows = fitted([["name", "n"], *([name, "1"] for name in names)], wide).splitlines()[1:]
        assert len({*rows}) == 2
    same_ends = [f"{'x' * 40}{n}{'y' * 60}" for n in "ab"]
    rows = fitted([["name", "n"], *([name, "1"] for name in same_ends)], 0).splitlines()[1:]
    assert len({*rows}) == 2


def test_what_goes_below_says_what_it_is_about() -> None:
    """Rows of answers lost their measures there: three of "quality" in a row, and empty ones."""
    cells = [
        ["answers", "about", "measure", "both answered", "n", 'with "none"', "n"],
        ["quality", "regions", "equal answers", "53% [32% to 66%]", "68", "21% [7% to 26%]", "174"],
        ["quality", "regions", "alpha, ordinal", "0.22 [-0.22 to 0.49]", "68", "", ""],
        ["strip", "tasks", "kappa", "0.42 [-0.10 to 0.70]", "47", "0.12 [-0.10 to 0.30]", "47"],
    ]
    for wide in (70, 81):
        first, second = fitted(cells, wide, keys=3, bundle=2).split("\n\n")
        assert [line.split()[:2] for line in second.splitlines()] == [
            ["answers", "about"],
            ["quality", "regions"],
            ["strip", "tasks"],
        ]
        assert second.splitlines()[1].split(maxsplit=2)[2].split("  ")[0] == "equal answers"
        assert second.splitlines()[0].split()[-1] == "n", "a count stands beside its number"
        assert len(first.splitlines()) == 4
    (whole,) = fitted(cells, 85, keys=3, bundle=2).split("\n\n")
    assert len(whole.splitlines()) == 4


def test_two_people_have_one_line_and_more_a_table() -> None:
    """Both have the numbers of their only pair: two equal rows."""
    two = measure(Intake((instants(),)), FEW)
    text = agreement_text(two, 100)
    assert re.search(r"^Marks: anna \d+, bert \d+\.$", text, re.MULTILINE)
    assert not re.search("^annotator", text, re.MULTILINE)
    for said in (agreement_text(two, 200, ["annotator"]), agreement_text(found(), 200)):
        assert re.search("^annotator", said, re.MULTILINE)


def test_one_annotator_alone_is_compared_with_what_there_is() -> None:
    """It was lost between tables of dashes."""
    names = (("ward-1",), ("anna", "net 7"), ("rest", "walk", "never"))
    made = table(names, [(0, 0, 0, 1, 2), (0, 0, 1, 5, 9), (0, 1, 0, 1, 2)])
    tier = TierTable("activity", "intervals", made, Readers(("anna",), None, ("net 7",)), 0.1)
    one = measure(Intake((tier,)), FEW)
    text = agreement_text(one, 100)
    assert "  one annotator alone: compared with 1 model\n" in text
    assert "Marks: rest 1, walk 1." in text
    assert re.search(r"^anna +net 7 +0\.667", text, re.MULTILINE)
    assert "single coverage" not in text
    assert "no time that both" not in text
    assert not re.search("^(label|annotator) ", text, re.MULTILINE)
    assert "single coverage" in agreement_text(one, 100, ["overall"]), "who asks for it is told why"
    nobody = replace(tier, readers=Readers(("anna",), None, ()))
    said = agreement_text(measure(Intake((nobody,)), FEW), 100)
    assert "  one annotator alone: nobody to compare with\n" in said


def test_names_beside_each_other_keep_their_ends() -> None:
    cells = [["reader", "and model", "F1"]]
    cells += [[f"annotator-{n}@department.example.com", f"model {n} of 2026", "1"] for n in (1, 2)]
    first, second = fitted(cells, 50, 2).splitlines()[1:]
    assert max(len(first), len(second)) <= 50
    assert first.split()[0] == "annotator-1", "what all have behind the @ says nothing"
    assert "model 1 of 2026" in first
    alike = [["reader", "F1"], *([f"{'a' * 18}{n}{'b' * 18}", "1"] for n in (1, 2))]
    first, second = fitted(alike, 30).splitlines()[1:]
    assert first != second, "no ellipsis makes one of two"
