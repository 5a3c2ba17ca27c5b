"""Answers about regions and tasks as the terminal and the page show them."""

from __future__ import annotations

import re
from dataclasses import replace

from kit.agreement_pages import EVIL, answered, hostile, only_answers, ranges, study

from tslab.agreement.page.answers import answer_table
from tslab.agreement.page.document import page
from tslab.agreement.report.answers import AnswerLine, answer_cells, answer_lines, between, written
from tslab.agreement.report.result_text import agreement_text
from tslab.agreement.tier_tables import TierTable
from tslab.agreement.values import NO_VARIATION, Row, Value
from tslab.domain import RegionField
from tslab.spans import FieldValue


def lines_of(found: list[AnswerLine], field: str) -> dict[str, AnswerLine]:
    return {line.measure: line for line in found if line.field == field}


def test_each_field_has_its_measures_regions_first() -> None:
    (tier,) = study(answered()).tiers
    found = answer_lines(tier)
    fields = list(dict.fromkeys((line.about, line.field) for line in found))
    assert fields == [
        ("regions", "certainty"), ("regions", "height"), ("tasks", "quality"), ("tasks", "same"),
    ]  # fmt: skip
    certain = lines_of(found, "certainty")
    assert list(certain) == ["equal answers", "kappa", "alpha"]
    equal = certain["equal answers"].matched
    assert (equal.metric, equal.by) == ("attribute/percent:certainty", "overall")
    height = lines_of(found, "height")
    assert height["ICC(2,1)"].joint is None
    within = height["equal within the tolerance"]
    assert within.joint is not None
    # One of six numbers is missing: five pairs of answers, six with "none".
    assert (within.matched.events, within.joint.events) == (5, 6)


def test_direction_needs_a_single_pair() -> None:
    (two,) = study(answered()).tiers
    bias = lines_of(answer_lines(two), "height")["second less first"]
    assert (bias.matched.by, bias.matched.value.value) == ("pair", 0.5)
    assert not answer_lines(study(ranges()).tiers[0])


def test_what_is_undefined_says_why() -> None:
    (tier,) = study(answered()).tiers
    found = lines_of(answer_lines(tier), "same")["kappa"]
    assert found.matched.value == Value(None, NO_VARIATION)
    markup = answer_table([found])
    assert NO_VARIATION in markup
    assert answer_cells([found])[1][3] == f"- {NO_VARIATION}"


def few_answers() -> TierTable:
    """As `answered`, with two more fields that one person each answers: the second one leaves
    the other's empty.
    """
    full = answered()
    people = dict(zip(full.table.region.tolist(), full.table.annotator.tolist(), strict=True))
    more: list[dict[str, FieldValue]] = [{"note": "a", "cause": "c"}, {"note": ""}]
    fields = {region: {**own, **more[people[region]]} for region, own in full.fields.items()}
    asked = (*full.region_fields, *(RegionField(name=n, kind="text") for n in ("note", "cause")))
    return replace(full, fields=fields, region_fields=asked)


def test_fields_of_fewer_than_two_people_are_one_line() -> None:
    said = "Answered by fewer than two, about regions: note, cause."
    found = study(few_answers())
    assert {line.field for line in answer_lines(found.tiers[0])} >= {"note", "cause"}
    text = agreement_text(found)
    assert said in text
    assert not re.search("^(note|cause) ", text, re.MULTILINE)
    html = page(found).decode()
    assert said in html
    assert ">note<span" not in html
    assert ">certainty<span" in html
    assert "fewer than two" not in agreement_text(study(answered()))


def test_answers_are_no_wider_than_the_terminal() -> None:
    """A reason in place of a number made the table wider; it wraps."""
    found = study(answered("how sure the reader is about that"))
    for wide in (80, 100):
        text = agreement_text(found, wide)
        assert max(map(len, text.splitlines())) <= wide
        assert "- no variation" in text
    assert NO_VARIATION in agreement_text(found, 200)


def test_numbers_are_written_by_what_they_count() -> None:
    assert [written(kind, 0.2345) for kind in ("share", "score", "amount")] == [
        "23%", "0.23", "0.234",
    ]  # fmt: skip
    assert between("share", Value(0.5, "", 0.25, 0.75)) == "25% to 75%"
    assert written("score", -0.001) == "0.00", "nothing is below 0 that shows as 0"
    assert between("score", Value(0.5)) == between("score", Value(None, "why", 0.1, 0.2)) == ""


def test_the_terminal_has_a_table_of_answers() -> None:
    text = agreement_text(study(answered()))
    assert re.search(r"^certainty +regions +equal answers +\d+% \[", text, re.MULTILINE)
    assert re.search(r'^answers +about +measure +both answered +n +with "none" +n$', text,
                     re.MULTILINE)  # fmt: skip
    assert "answers" not in agreement_text(study(ranges()))


def test_the_page_has_a_table_of_answers() -> None:
    html = page(study(answered())).decode()
    assert html.count(">Answers</h3>") == 1
    table = html[html.index(">Answers</h3>") :]
    assert table.index("certainty") < table.index("height") < table.index("quality")
    assert "about regions" in table
    assert table[: table.index("</div><p")].count("<table>") == len(
        {
            (line.about, line.field)
            for tier in study(answered()).tiers
            for line in answer_lines(tier)
        }
    )
    assert ">Answers</h3>" not in page(study(ranges())).decode()


def test_only_answers_make_a_page_without_marks() -> None:
    found = study(only_answers())
    html = page(found).decode()
    assert "Nothing is marked here" in html
    assert ">Labels</h3>" not in html
    assert "viewer" not in html[html.index("<main>") : html.index('id="data"')]
    assert len(html) < 100_000
    text = agreement_text(found)
    assert text.startswith("tasks (answers): 2 annotators, 6 tasks, 6 read by two or more people")
    assert not [row for row in found.rows if row.metric.startswith(("event", "time", "instant"))]
    overlap = found.row("tasks", "enterprise/pairwise:tasks")
    assert overlap is None, "nobody agrees about marks that nobody could make"


def test_names_of_fields_attack_nobody() -> None:
    html = page(*hostile()).decode()
    assert EVIL not in html
    assert "&lt;/script&gt;&lt;img" in html


def test_many_fields_are_cut() -> None:
    row = Row("t", "attribute/kappa:f", "overall", (), Value(0.5), 1, 2, 3.0)
    lines = [AnswerLine(f"f{n}", "regions", "kappa", "score", row, None) for n in range(45)]
    markup = answer_table(lines)
    assert "f39" in markup
    assert "f40" not in markup
    assert "5 more fields" in markup
    assert answer_table([]) == ""
