"""Tables of squares: who agrees with whom, and which label is taken for which."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.agreement.measure import TierAgreement
from tslab.agreement.page.input import Names, fitting
from tslab.agreement.page.rows import DASH, Index, coded, number, rounded, unit
from tslab.agreement.report.amounts import used_labels
from tslab.agreement.report.words import title
from tslab.agreement.settings import AgreementSettings
from tslab.pages.markup import distinct, element, named, svg, text, words

CELL = (54, 34)
TOP = 4
LEAST_CELL = 34
TIGHT = 44
"""Numbers in squares narrower than this are smaller."""
WIDEST = 1190
"""Columns of a table get narrower where it would be wider than this."""
MOST_READERS = 40
MOST_STATES = 30
MOST_NUMBERS = 20_000
"""Numbers of one table that the page carries; more labels or pairs than that are not offered."""
MOST_DRAWN = 150
"""Squares of one table that the page itself has; its script draws more of them, from the numbers
that it has anyway: the page would be several times as large."""
NOTHING = "(nothing)"
SEVERAL = "(several labels)"
OTHERS = "(other labels)"
"""What models and the ground truth alone have."""
MOST_JOINT = 3

Coded = float | int | str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One filling of a table.

    Attributes:
        name: What is chosen.
        part: What is chosen beside it, such as a label; "" is all.
        unit: score, share, seconds, hours or count.
        values: One for each square that changes; text is the number of a reason.
        notes: What the tooltip of each says.
    """

    name: str
    part: str
    unit: str
    values: Sequence[Coded]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """A table whose squares change with what is chosen.

    Attributes:
        what: Says what is shown.
        rows: Names of the rows.
        columns: Names of the columns.
        places: Row and column of each square that changes.
        choices: Its fillings; the first one is drawn.
        fixed: Text of squares that stay.
        by_row: Whether a square is shaded by its share of its row.
        note: What the table leaves out, in words.
    """

    what: str
    rows: Sequence[str]
    columns: Sequence[str]
    places: Sequence[tuple[int, int]]
    choices: Sequence[Choice]
    fixed: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    by_row: bool = False
    note: str = ""

    def markup(self, number_of_grid: int) -> str:
        """Choosers and drawing."""
        names = list(dict.fromkeys(choice.name for choice in self.choices))
        parts = list(dict.fromkeys(choice.part for choice in self.choices))
        tools = ""
        for role, options in (("name", names), ("part", parts)):
            if len(options) > 1:
                items = "".join(
                    element("option", text(o or "all labels"), value=n)
                    for n, o in enumerate(options)
                )
                tools += element("select", items, data_role=role, aria_label=f"{self.what}: {role}")
        tools = element("div", tools, class_="tools") if tools else ""
        return element("div", tools + self._drawing(), class_="grid", data_grid=number_of_grid)

    def document(self) -> dict[str, object]:
        """What the script needs to fill it."""
        names = list(dict.fromkeys(choice.name for choice in self.choices))
        parts = list(dict.fromkeys(choice.part for choice in self.choices))
        filled = [
            [names.index(c.name), parts.index(c.part), c.unit, list(c.values), list(c.notes)]
            for c in self.choices
        ]
        return {
            "rows": list(self.rows),
            "columns": list(self.columns),
            "places": [list(place) for place in self.places],
            "square": [self._left, TOP, self.wide, CELL[1]],
            "choices": filled,
            "by_row": self.by_row,
        }

    @property
    def wide(self) -> int:
        """Width of a square: as wide as there is room for."""
        room = int(WIDEST - self._left) // max(1, len(self.columns))
        return min(CELL[0], max(LEAST_CELL, room))

    @property
    def _left(self) -> float:
        """Where the squares begin, right of the names of the rows."""
        return 14 + 6.6 * max(map(len, distinct(self.rows)))

    def _drawing(self) -> str:
        wide, high, left, top = self.wide, CELL[1], self._left, TOP
        parts = []
        for i, (name, seen) in enumerate(zip(self.rows, distinct(self.rows), strict=True)):
            parts.append(named(left - 8, top + high * (i + 0.5) + 4, name, "end", seen))
        drawn = self._first() if len(self.places) <= MOST_DRAWN else ([], [])
        values = dict(zip(self.places, zip(*drawn, strict=True), strict=bool(drawn[0])))
        for i, j in itertools.product(range(len(self.rows)), range(len(self.columns))):
            x, y = left + wide * j, top + high * i
            if (i, j) in values:
                parts += _square((x, y, wide), *values[i, j])
            elif (i, j) in self.fixed:
                said, tip = self.fixed[i, j]
                parts += _still((x, y, wide), said, tip)
        bottom = top + high * len(self.rows)
        heads = distinct(self.columns)
        for j, (name, seen) in enumerate(zip(self.columns, heads, strict=True)):
            x = left + wide * (j + 0.5)
            turn = f"rotate(-35 {x:g} {bottom + 16:g})"
            parts.append(named(x, bottom + 16, name, "end", seen, transform=turn))
        deep = bottom + 22 + 4.1 * max(map(len, heads))
        look = {"class_": "tight"} if wide < TIGHT else {}
        return svg(left + wide * len(self.columns) + 8, deep, self.what, parts, **look)

    def _first(self) -> tuple[list[float | None], list[str]]:
        """Shades and words of the first filling; the script adds what tooltips say."""
        choice = self.choices[0]
        numbers = [v if isinstance(v, int | float) else None for v in choice.values]
        shades = self._shades(numbers, choice.unit)
        said = [DASH if v is None else number(choice.unit, v) for v in numbers]
        return shades, said

    def _shades(self, numbers: Sequence[float | None], kind: str) -> list[float | None]:
        """From 0 to 1, as the script works them out."""
        if self.by_row:
            sums: dict[int, float] = {}
            for (row, _), value in zip(self.places, numbers, strict=True):
                sums[row] = sums.get(row, 0.0) + (value or 0.0)
            return [
                None if v is None else v / (sums[row] or 1)
                for (row, _), v in zip(self.places, numbers, strict=True)
            ]
        most = max((abs(v) for v in numbers if v is not None), default=1.0) or 1.0
        most = most if kind == "seconds" else 1.0
        return [None if v is None else min(1.0, max(0.0, v / most)) for v in numbers]


Place = tuple[float, float, float]
"""Left, top and width of a square."""


def _square(place: Place, shade: float | None, said: str) -> list[str]:
    (x, y, wide), high = place, CELL[1]
    given = {"width": wide - 2, "height": high - 2, "class_": "cell"}
    opacity = f"{0.05 + 0.95 * shade:.3f}" if shade is not None else "0"
    corner = {"x": f"{x + 1:g}", "y": f"{y + 1:g}"}
    square = element("rect", fill_opacity=opacity, **corner, **given)
    kind = "on-heat" if (shade or 0) > 0.6 else "ink" if shade is not None else "soft"
    kind = "zero" if said == "0" else kind
    place_of = {"x": f"{x + wide / 2:g}", "y": f"{y + high / 2 + 4:g}"}
    return [square, element("text", text(said), **place_of, class_=f"{kind} said")]


def _still(place: Place, said: str, tip: str) -> list[str]:
    (x, y, wide), high = place, CELL[1]
    square = element(
        "rect", element("title", text(tip)), x=f"{x + 1:g}", y=f"{y + 1:g}", width=wide - 2,
        height=high - 2, rx=4, class_="track",
    )  # fmt: skip
    return [square, words(x + wide / 2, y + high / 2 + 4, said, kind="soft")]


# --- who agrees with whom -----------------------------------------------------------------


def matrix_metrics(index: Index, settings: AgreementSettings) -> list[str]:
    """Measures of two readers that can be chosen, the main one first."""
    others = [f"event/f1@{threshold:g}" for threshold in settings.ious]
    wanted = [f"event/f1@{settings.iou:g}", "instant/f1", "time/iou", "time/cohen_kappa"]
    wanted += ["time/percent_agreement", "time/gwet_ac1", "time/krippendorff_alpha"]
    wanted += ["event/onset_median_error", "event/offset_median_error", "instant/median_error"]
    own = [name for name in index.metrics if name.startswith(("domain/", "attribute/"))]
    own = [name for name in own if not name.startswith("domain/") or name.count("/") == 1]
    return index.known(dict.fromkeys([*wanted, *others, *own]))


def matrix(tier: TierAgreement, index: Index, settings: AgreementSettings, names: Names) -> Grid:
    """Lower half: how well two agree; upper half: how many tasks both reviewed."""
    who = tier.tier.readers
    readers = [*who.annotators, *([who.reference] if who.reference else []), *who.models]
    left_out = len(readers) - MOST_READERS
    readers = readers[:MOST_READERS]
    places = [(i, j) for i in range(len(readers)) for j in range(i)]
    metrics = matrix_metrics(index, settings)
    labels = ["", *used_labels(tier.tier)]
    if len(labels) * len(metrics) * len(places) > MOST_NUMBERS:
        labels = [""]
    choices = []
    for metric, label in itertools.product(metrics, labels):
        rows = [index.pair(metric, readers[i], readers[j], label) for i, j in places]
        if any(row is not None for row in rows):
            values = [coded(row.value) if row else None for row in rows]
            choices.append(Choice(title(metric, tier.titles), fitting(label), unit(metric), values))
    shown = [names.reader(name) for name in readers]
    fixed = {(i, i): ("", shown[i]) for i in range(len(readers))}
    for i, j in places:
        row = index.pair(metrics[0], readers[i], readers[j]) if metrics else None
        tasks = row.tasks if row else 0
        tip = f"{shown[j]} and {shown[i]}: {tasks} common {tier.tier.unit}s"
        fixed[j, i] = (str(tasks), tip)
    note = f"{left_out} more are in matrix.csv of --csv." if left_out > 0 else ""
    return Grid("Who agrees with whom", shown, shown, places, choices, fixed, note=note)


# --- which label is taken for which -------------------------------------------------------


def time_confusion(tier: TierAgreement, names: Names) -> Grid | None:
    """Hours in each two states; none where there are too many."""
    fold, states = _folded(tier.states)
    spent = sum(c.hours[0].sum() + c.hours[:, 0].sum() for c in tier.confusions)
    if states and not spent:  # labels cover all time
        fold, states = fold[:, 1:], states[1:]
    if not tier.confusions:
        return None
    own = [(c.of, _in_columns(c.hours, fold)) for c in tier.confusions]
    return _confusion("Time: what one marks (row), the other marks", states, own, "hours", names)


def event_confusions(tier: TierAgreement, names: Names) -> Grid | None:
    """Counts of events; a lonely one has no partner."""
    fold, sets = _folded(((), *tier.sets))
    if not tier.event_confusions:
        return None
    sets = ["(no partner)", *sets[1:]]
    own = [(c.of, _in_columns(c.counts, fold)) for c in tier.event_confusions]
    return _confusion("Events: what one marks (row), the other marks", sets, own, "count", names)


def _in_columns(table: NDArray[Any], fold: NDArray[np.float64]) -> NDArray[np.float64]:
    """A table of states as one of columns; nothing is to be done where these are the states."""
    if fold.shape[0] == fold.shape[1]:
        return np.asarray(table, np.float64)
    return np.asarray(fold.T @ table @ fold)


def _folded(
    states: Sequence[tuple[str, ...]],
) -> tuple[NDArray[np.float64], list[str]]:
    """Which column each state goes to, 0 or 1 ``(states, columns)``, and names of the columns.

    Many states of several labels become one: nobody reads a table of rare mixtures.
    """
    joint = sum(len(state) > 1 for state in states)
    names = [
        SEVERAL if len(state) > 1 and joint > MOST_JOINT else " + ".join(state) or NOTHING
        for state in states
    ]
    kept = list(dict.fromkeys(names))
    fold = np.array([[name == column for column in kept] for name in names], np.float64)
    return fold.reshape(len(names), len(kept)), kept


def _confusion(
    what: str,
    classes: Sequence[str],
    tables: Sequence[tuple[tuple[str, ...], ArrayLike]],
    kind: str,
    names: Names,
) -> Grid | None:
    """The table without classes that no pair used; none where nothing is left."""
    fold, classes = _used(classes, tables)
    if not classes or len(classes) > MOST_STATES:
        return None
    tables = [(of, fold.T @ np.asarray(table) @ fold) for of, table in tables]
    places = list(itertools.product(range(len(classes)), range(len(classes))))
    many = max(1, MOST_NUMBERS // len(places))
    choices = [Choice(_who(of, names), "", kind, _numbers(table)) for of, table in tables[:many]]
    said = [fitting(name) for name in classes]
    return Grid(what, said, said, places, choices, by_row=True)


def _used(
    classes: Sequence[str], tables: Sequence[tuple[tuple[str, ...], ArrayLike]]
) -> tuple[NDArray[np.float64], list[str]]:
    """Columns as `_folded` has them: of people, and one for all that others alone used."""
    sums = [np.asarray(table).sum(axis=0) + np.asarray(table).sum(axis=1) for _, table in tables]
    used = np.sum(sums, axis=0) > 0
    own = sums[0] > 0 if not tables[0][0] and sums[0].any() else used
    kept = np.flatnonzero(own).tolist()
    names = [classes[n] for n in kept]
    fold = np.zeros((len(classes), len(names)))
    fold[kept, range(len(names))] = 1
    others = used & ~own
    if not others.any():
        return fold, names
    return np.column_stack([fold, others]), [*names, OTHERS]


def _numbers(table: ArrayLike) -> list[Coded]:
    flat: list[float] = np.asarray(table).reshape(-1).tolist()
    return [rounded(value) for value in flat]


def _who(of: tuple[str, ...], names: Names) -> str:
    if not of:
        return "all pairs of annotators, both ways"
    shown: Callable[[str], str] = names.reader
    return f"{shown(of[0])} (rows), {shown(of[-1])} (columns)" if len(of) > 1 else shown(of[0])
