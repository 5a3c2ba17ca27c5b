"""The result as a person reads it on a terminal, and no wider than that."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tslab.agreement.measure import Agreement, TierAgreement
from tslab.agreement.report.amounts import Marks, amounts, unused_text, used_labels
from tslab.agreement.report.answers import ANSWER_WORDS, answer_cells, told_answers
from tslab.agreement.report.fitting import fitted, wrapped
from tslab.agreement.report.headline import columns, headline, main_metrics
from tslab.agreement.report.sentences import sentences
from tslab.agreement.report.words import column, reasons, shown, title
from tslab.agreement.tier_tables import made_of_people
from tslab.agreement.values import Row
from tslab.errors import counted
from tslab.wording import plain, short

MOST_NAMES = 12
"""Annotators of a matrix that somebody still reads."""
TABLES = {
    "label": ("label",),
    "annotator": ("annotator (mean of pairs)",),
    "reference": ("annotator against ground truth",),
    "model": ("reader", "and model"),
    "consensus": ("reader", "and consensus"),
}
NAMES = {
    **TABLES,
    "pair": ("annotator", "and"),
    "pair-label": ("annotator", "and", "label"),
    "reference-label": ("annotator against ground truth", "label"),
    "model-label": ("reader", "and model", "label"),
    "without": ("all but",),
}
"""What columns of names are called, by level."""
OF_PEOPLE = ("label", "annotator", "pair")
"""Levels that compare people with each other."""
MATRIX = "matrix"
USUAL = ("overall", *TABLES, MATRIX)
"""What is shown where nobody asks for a level."""


def agreement_text(found: Agreement, wide: int = 0, levels: Collection[str] = ()) -> str:
    """Headline, labels, pairs, annotators and reasons of each tier.

    Args:
        found: The result.
        wide: Columns of the terminal; 0 is no limit.
        levels: What tables are for, as ``--by`` has it; () is what is usual.
    """
    parts = [_Text(tier, found, wide).all(levels) for tier in found.tiers]
    if found.notes and not levels:
        parts.append("\n".join(wrapped(f"note: {note}", wide) for note in found.notes))
    return plain("\n\n".join(parts))


@dataclass(frozen=True, slots=True)
class _Text:
    """One tier."""

    tier: TierAgreement
    found: Agreement
    wide: int

    def all(self, levels: Collection[str]) -> str:
        """Its blocks, with a line between them."""
        asked = levels or USUAL
        alone = not levels and len(self.tier.tier.readers.annotators) == 1
        rows = {by: self._rows(by) for by in dict.fromkeys((*asked, *_extra(levels)))}
        if alone:
            # Who has nobody beside him has no number: dashes would hide what there is.
            rows = {by: _defined(own) if by in OF_PEOPLE else own for by, own in rows.items()}
        names = self._names("", bool(levels))
        head = [self._alone()] if alone else self._headline("overall" in asked, bool(levels))
        blocks = ["\n".join([self._about(), *head])]
        if not levels:
            said = sentences(self.tier, self.found.settings)
            blocks.append("\n".join(map(self._wrapped, said)))
        for by, own in rows.items():
            if alone and by == "label":
                blocks.append(self._marked(used_labels(self.tier.tier), by))
            if by == "annotator" and not levels and len({row.of for row in own}) == 2:
                # The numbers of both are those of their only pair.
                people = dict.fromkeys(name for row in own for name in row.of)
                blocks.append(self._marked(people, by))
            elif own and names and by not in ("overall", MATRIX):
                shown_names = self._names(by, bool(levels))
                blocks.append(self._table(own, shown_names, NAMES.get(by, (by,))))
            if by == "label":
                blocks.append(self._wrapped(unused_text(self.tier.tier)))
        if "overall" in asked and not alone:
            blocks += self._answers()
        if MATRIX in asked:
            blocks += [self._matrix(m) for m in main_metrics(self.tier, self.found.settings)]
        shown_rows = [row for own in rows.values() for row in own]
        why = [row for row in shown_rows if row.metric in names and row.by != "overall"]
        blocks.append("\n".join(map(self._wrapped, reasons(why, self.tier.titles))))
        blocks.append("\n".join(self._wrapped(f"note: {note}") for note in self.tier.notes))
        return "\n\n".join(block for block in blocks if block)

    def _answers(self) -> Iterator[str]:
        answers, few = told_answers(self.tier)
        if answers:
            # Field, what it is about and measure say together what a number is; it has its count.
            yield fitted(answer_cells(answers), self.wide, keys=3, bundle=2, late=ANSWER_WORDS)
        yield self._wrapped(few)

    def _names(self, by: str, everything: bool) -> list[str]:
        return columns(self.tier, self.found.settings, by, everything=everything)

    def _wrapped(self, line: str) -> str:
        return wrapped(line, self.wide)

    def _marked(self, names: Iterable[str], by: str) -> str:
        """How often people marked each label, or how much each of them marked."""
        marks, _ = self._marks(by)
        told = [f"{short(name)} {marks[name]}" for name in names if marks.get(name)]
        return self._wrapped(f"Marks: {', '.join(told)}.") if told else ""

    def _alone(self) -> str:
        """What one annotator is compared with."""
        who = self.tier.tier.readers
        others = ["the ground truth"] if who.reference else []
        others += [counted(len(who.models), "models")] if who.models else []
        rest = f"compared with {' and '.join(others)}" if others else "nobody to compare with"
        return self._wrapped(f"  one annotator alone: {rest}")

    def _rows(self, by: str) -> list[Row]:
        """Rows of a level, without labels that nobody used; a consensus is no model."""
        level = "model" if by == "consensus" else by
        rows = [row for row in self.tier.rows if row.by == level]
        if level == "model":
            return [row for row in rows if made_of_people(row.of[1]) == (by == "consensus")]
        if level == "label":
            marks, labels = Marks.of(self.tier.tier), self.tier.tier.table.labels
            place = {label: n for n, label in enumerate(labels) if marks.people[n]}
            own = [(row, place[row.of[0]]) for row in rows if row.of[0] in place]
            own.sort(key=operator.itemgetter(1))  # the first of them may lack the first measure
            return [row for row, label in own if marks.suits(row.metric, label)]
        if level.endswith("-label"):
            used = {*used_labels(self.tier.tier)}
            return [row for row in rows if row.of[-1] in used]
        return rows

    def _about(self) -> str:
        tier, parts = self.tier.tier, amounts(self.tier.tier)
        if any(row.metric == "instant/f1" for row in self.tier.rows):
            parts.append(f"instants within {self.tier.tolerance:g} s")
        kind = tier.kind if tier.table.labels else "answers"
        return self._wrapped(f"{short(tier.name)} ({kind}): {', '.join(parts)}")

    def _heads(self, everything: bool) -> list[Row]:
        return headline(self.tier, self.found.settings, everything=everything)

    def _headline(self, asked: bool, everything: bool) -> Iterator[str]:
        rows = self._heads(everything) if asked else []
        names = [title(row.metric, self.tier.titles) for row in rows]
        size = max(map(len, names), default=0)
        for name, row in zip(names, rows, strict=True):
            text = shown(row.metric, row.value)
            why = f" {row.value.reason}" if row.value.value is None else ""
            yield self._wrapped(f"  {name.ljust(size)}  {text}{why}")

    def _table(self, rows: Sequence[Row], metrics: Sequence[str], names: Sequence[str]) -> str:
        """One line for each thing, one column for each measure, and how many marks there are."""
        values = {(row.of, row.metric): row for row in rows}
        ofs = list(dict.fromkeys(row.of for row in rows))
        kept = [metric for metric in metrics if any((of, metric) in values for of in ofs)]
        marks, said = self._marks(rows[0].by)
        heads = [column(metric, self.tier.titles) for metric in kept]
        lines = [[*names, *heads, *([said] if said else [])]]
        for of in ofs:
            own = [values.get((of, metric)) for metric in kept]
            cells = [shown(r.metric, r.value, interval=False) if r else "" for r in own]
            count = " / ".join(str(marks.get(part, 0)) for part in of)
            lines.append([*of, *cells, *([count] if said else [])])
        return fitted(lines, self.wide, len(names))

    def _marks(self, by: str) -> tuple[dict[str, int], str]:
        """Marks of what a level's names stand for, and what their column is called."""
        marks = Marks.of(self.tier.tier)
        if by == "label":
            return dict(
                zip(self.tier.tier.table.labels, marks.people.tolist(), strict=True)
            ), "marks"
        if by in ("annotator", "reference"):
            return marks.readers, "marks"
        return (marks.readers, "marks of each") if by in ("model", "pair") else ({}, "")

    def _matrix(self, metric: str) -> str:
        """Names across and down: the score below the diagonal, common tasks above it."""
        rows = (r for r in self.tier.rows if r.by == "pair" and r.metric == metric)
        pairs = {row.of: row for row in rows}
        names = list(self.tier.tier.readers.annotators)
        if len(names) < 3 or len(names) > MOST_NAMES:
            return ""
        unit = f"{self.tier.tier.unit}s"
        lines = [[f"{column(metric)} (common {unit})", *(f"{n}" for n in range(1, len(names) + 1))]]
        for at, name in enumerate(names):
            cells = [f"{at + 1} {short(name)}"]
            for other_at, other in enumerate(names):
                row = pairs.get((name, other)) or pairs.get((other, name))
                if row is None:
                    cells.append("" if at == other_at else "-")
                else:
                    below = shown(metric, row.value, interval=False)
                    cells.append(below if other_at < at else f"({row.tasks})")
            lines.append(cells)
        return fitted(lines, self.wide)


def _defined(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.value.value is not None]


def _extra(levels: Collection[str]) -> tuple[str, ...]:
    return ("consensus",) if "model" in levels else ()


def rows_text(rows: Sequence[Row], wide: int = 0) -> str:
    """Chosen rows, one a line, below the tier and the level that they are of."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.tier, row.by), []).append(row)
    blocks = []
    for (tier, by), own in groups.items():
        kinds = {row.counts for row in own}
        # What all rows count is said once, in the heading.
        counts = kinds.pop() if len(kinds) == 1 else "rests on"
        heads = () if by == "overall" else NAMES.get(by, (by,))
        head = ["measure", *heads, "value", "interval", "tasks", counts, "hours"]
        lines = [head, *(_line(row, counts) for row in own)]
        names = 1 + len(heads)
        table = fitted(lines, wide, names, late=[0, names + 1])
        why = sorted({row.value.no_interval for row in own if row.value.no_interval})
        said = [wrapped(line, wide) for line in why]
        blocks.append("\n".join([f"{short(tier)}, {by}", table, *said]))
    return plain("\n\n".join(blocks))


def _line(row: Row, counts: str) -> list[str]:
    value = row.value
    interval = value.reason or ("-" if value.no_interval else "")
    if value.low is not None and value.high is not None:
        interval = f"{value.low:.4g} to {value.high:.4g}"
    text = "-" if value.value is None else f"{value.value:.6g}"
    hours = f"{row.seconds / 3600:.3g}"
    count = str(row.events) if counts == row.counts else counted(row.events, row.counts)
    return [row.metric, *row.of, text, interval, str(row.tasks), count, hours]
