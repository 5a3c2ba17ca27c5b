"""The page's tables of answers about regions and tasks, one for each field."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from tslab.agreement.page.rows import DASH, number
from tslab.agreement.report.answers import AnswerLine, Kind, between, written
from tslab.agreement.values import Row
from tslab.pages.markup import element, text

MOST_FIELDS = 40
HEADER = ("both answered", "n", "with \u201cnone\u201d", "n")
UNDER = (
    "Of regions that match, and of tasks. The first number is of what both answered; the second "
    "takes a region without a partner and a missing answer for an answer of its own, "
    "\u201cnone\u201d. n counts pairs of answers. Differences are the second one's number less the "
    "first one's; the limits hold 95% of them."
)


def answer_table(lines: Sequence[AnswerLine], few: str = "") -> str:
    """A small table for each field, beside each other; "" where nobody answered anything.

    Args:
        lines: Of the fields that have a table.
        few: Which fields have none, in words.
    """
    rest = element("p", text(few), class_="soft") if few else ""
    if not lines:
        return rest
    groups = [list(own) for _, own in groupby(lines, key=lambda line: (line.about, line.field))]
    tables = element("div", "".join(map(_table, groups[:MOST_FIELDS])), class_="fields")
    more = len(groups) - MOST_FIELDS
    left = element("p", text(f"{more} more fields"), class_="soft") if more > 0 else ""
    return tables + element("p", text(UNDER), class_="soft") + left + rest


def _table(lines: Sequence[AnswerLine]) -> str:
    """One field: its name, and a line for each measure."""
    about = element("span", text(f" about {lines[0].about}"), class_="why")
    heads = [text(lines[0].field) + about, *map(text, HEADER)]
    top = element("tr", "".join(element("th", cell, scope="col") for cell in heads))
    body = "".join(map(_line, lines))
    return element("table", element("thead", top) + element("tbody", body))


def _line(line: AnswerLine) -> str:
    cells = [text(line.measure), *_pair(line.kind, line.matched)]
    cells += ["", ""] if line.joint is None else _pair(line.kind, line.joint)
    return element("tr", "".join(element("td", cell) for cell in cells))


def _pair(kind: Kind, row: Row) -> list[str]:
    """A number with its interval or its reason, and how many answers it rests on."""
    value = row.value
    under = value.reason if value.value is None else between(kind, value)
    said = element("span", DASH if value.value is None else text(written(kind, value.value)))
    said += element("span", text(under), class_="why") if under else ""
    return [element("div", said, class_="value"), text(number("count", row.events))]
