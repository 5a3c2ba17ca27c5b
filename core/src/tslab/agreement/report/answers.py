"""Agreement of answers about regions and tasks: a line for each field and measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tslab.agreement.measure import TierAgreement
from tslab.agreement.report.words import fixed
from tslab.agreement.tier_tables import TierTable
from tslab.agreement.values import Row, Value
from tslab.wording import short

Kind = Literal["share", "score", "amount"]

ABOUT = {"attribute": "regions", "task": "tasks"}
MEASURES: dict[str, tuple[str, Kind]] = {
    "percent": ("equal answers", "share"),
    "within": ("equal within the tolerance", "share"),
    "jaccard": ("common choices (Jaccard)", "share"),
    "similarity": ("similar texts (edits)", "share"),
    "kappa": ("kappa", "score"),
    "kappa_linear": ("kappa, linear weights", "score"),
    "kappa_quadratic": ("kappa, quadratic weights", "score"),
    "alpha": ("alpha", "score"),
    "alpha_ordinal": ("alpha, ordinal", "score"),
    "alpha_interval": ("alpha, interval", "score"),
    "alpha_jaccard": ("alpha of choices (Jaccard)", "score"),
    "alpha_masi": ("alpha of choices (MASI)", "score"),
    "icc": ("ICC(2,1)", "score"),
    "bias": ("second less first", "amount"),
    "limit_low": ("lower limit of differences", "amount"),
    "limit_high": ("upper limit of differences", "amount"),
}
"""What a measure is called, and what it is counted in; in this order."""
ANSWER_WORDS = (2, 3, 5)
"""Columns of `answer_cells` that hold words: measures, and reasons in place of numbers."""


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One measure of one field.

    Attributes:
        field: Name of the field.
        about: regions or tasks.
        measure: What the measure is called.
        kind: What it is counted in; an amount is in the unit of the field.
        matched: Of what both answered.
        joint: With "none" for what only one answered; None where the measure has no such form.
    """

    field: str
    about: str
    measure: str
    kind: Kind
    matched: Row
    joint: Row | None


def answer_lines(tier: TierAgreement) -> list[AnswerLine]:
    """All fields of a tier, those about regions first; none where nobody answered anything."""
    rows = {(row.metric, row.by): row for row in tier.rows if row.by == "overall"}
    rows |= {(row.metric, "pair"): row for row in _of_the_only_pair(tier.rows)}
    found: list[AnswerLine] = []
    for group, about in ABOUT.items():
        fields = dict.fromkeys(
            metric.partition(":")[2] for metric, _ in rows if metric.startswith(f"{group}/")
        )
        for name in fields:
            found += _of_field(rows, group, about, name)
    return found


def told_answers(tier: TierAgreement) -> tuple[list[AnswerLine], str]:
    """Lines of the fields that two or more people answered, and which fields fewer did."""
    lines, several = answer_lines(tier), _answered_by_several(tier.tier)
    kept = [line for line in lines if (line.about, line.field) in several]
    left: dict[str, dict[str, None]] = {}
    for line in lines:
        if (line.about, line.field) not in several:
            left.setdefault(line.about, {})[short(line.field)] = None
    said = [f"about {about}: {', '.join(names)}" for about, names in left.items()]
    return kept, f"Answered by fewer than two, {'; '.join(said)}." if said else ""


def _answered_by_several(tier: TierTable) -> set[tuple[str, str]]:
    """What two or more people answered: regions or tasks, and the field."""
    people: dict[tuple[str, str], set[str]] = {}
    table, about_tasks = tier.table, tier.task_answers
    readers = dict(zip(table.region.tolist(), table.annotator.tolist(), strict=True))
    said = [
        (ABOUT["attribute"], table.annotators[readers[region]], own)
        for region, own in tier.fields.items()
        if region in readers
    ]
    if about_tasks is not None:
        said += [
            (ABOUT["task"], about_tasks.annotators[who], own)
            for (_, who), own in about_tasks.answers.items()
        ]
    for about, who, own in said:
        if who in tier.readers.annotators:
            for name, value in own.items():
                if value not in ("", ()):
                    people.setdefault((about, name), set()).add(who)
    return {key for key, who in people.items() if len(who) > 1}


def written(kind: Kind, value: float) -> str:
    """A number as tables write it."""
    if kind == "share":
        return f"{100 * value:.0f}%"
    return fixed(value, 2) if kind == "score" else f"{value:.3g}"


def between(kind: Kind, value: Value) -> str:
    """Its interval; "" where it has none."""
    if value.value is None or value.low is None or value.high is None:
        return ""
    return f"{written(kind, value.low)} to {written(kind, value.high)}"


def answer_cells(lines: Sequence[AnswerLine]) -> list[list[str]]:
    """The table for a terminal, its header first."""
    header = ["answers", "about", "measure", "both answered", "n", 'with "none"', "n"]
    return [header, *(_cells(line) for line in lines)]


def _cells(line: AnswerLine) -> list[str]:
    joint = ["", ""] if line.joint is None else [_cell(line.kind, line.joint), _count(line.joint)]
    matched = [_cell(line.kind, line.matched), _count(line.matched)]
    return [line.field, line.about, line.measure, *matched, *joint]


def _cell(kind: Kind, row: Row) -> str:
    if row.value.value is None:
        return f"- {row.value.reason}"
    interval = between(kind, row.value)
    return written(kind, row.value.value) + (f" [{interval}]" if interval else "")


def _count(row: Row) -> str:
    return str(row.events)


def _of_the_only_pair(rows: Sequence[Row]) -> Iterator[Row]:
    """Bias and limits have a direction: without a second pair there is just one."""
    own = [row for row in rows if row.by == "pair" and row.metric.partition("/")[0] in ABOUT]
    if len({row.of for row in own}) == 1:
        yield from own


def _of_field(
    rows: dict[tuple[str, str], Row], group: str, about: str, name: str
) -> Iterator[AnswerLine]:
    for measure, (title, kind) in MEASURES.items():
        matched, joint = (
            _best(rows.get((metric, "overall")), rows.get((metric, "pair")))
            for metric in (f"{group}/{measure}:{name}", f"{group}/{measure}_joint:{name}")
        )
        if matched is not None:
            yield AnswerLine(name, about, title, kind, matched, joint)


def _best(overall: Row | None, pair: Row | None) -> Row | None:
    """The row of all; the only pair knows better why there is no number."""
    return (
        pair if pair is not None and (overall is None or overall.value.value is None) else overall
    )
