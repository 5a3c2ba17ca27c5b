"""How well people agree, in sentences, and the figures that these rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tslab.agreement.measure import TierAgreement
from tslab.agreement.page.input import Names
from tslab.agreement.page.rows import DASH, Index, hours, interval, number, shown
from tslab.agreement.report.headline import columns, headline, main_metrics
from tslab.agreement.report.words import title
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.values import Row
from tslab.errors import counted
from tslab.pages.markup import element, text

LEVELS = ((0.9, "very closely"), (0.75, "closely"), (0.5, "in part"), (-1.0, "little"))
MOST_FIGURES = 12


def amount(tier: TierAgreement) -> str:
    """What the numbers rest on: people, tasks, time and marks."""
    readers, table = tier.tier.readers, tier.tier.table
    overall = [row for row in tier.rows if row.by == "overall"]
    both = max((row.tasks for row in overall), default=0)
    seen = float((table.reviewed.end - table.reviewed.start).sum()) / 3.6e9
    parts = [counted(len(readers.annotators), "annotators")]
    parts += ["ground truth"] if readers.reference else []
    parts += [counted(len(readers.models), "models")] if readers.models else []
    parts.append(f"{counted(len(table.tasks), 'tasks')}, {both} reviewed by two or more")
    parts.append(f"{hours(seen)} of reading, {number('count', len(table))} marks")
    if any(row.metric == "instant/f1" for row in overall):
        parts.append(f"instants within {number('seconds', tier.tolerance)}")
    return " \u00b7 ".join(parts)


def sentences(
    tier: TierAgreement, index: Index, settings: AgreementSettings, names: Names
) -> list[str]:
    """The headline in plain words, what matters most first."""
    found = [part for metric in main_metrics(tier, settings)
             for part in _about(tier, index, metric, names)]  # fmt: skip
    return found or ["There is nothing that two people reviewed."]


def _about(tier: TierAgreement, index: Index, metric: str, names: Names) -> Iterator[str]:
    what = "instants" if metric.startswith("instant") else "events"
    row = index.row(metric)
    if row is None or row.value.value is None:
        yield from _against(tier, index, metric, names, what)
        return
    level = next(words for least, words in LEVELS if row.value.value >= least)
    between = interval(metric, row.value)
    sure = f" (95 % interval {_percent(row.value.low)} to {_percent(row.value.high)})"
    sure = sure if between else ""
    yield (
        f"Annotators agree {level}: of all {what} that two of them mark, "
        f"{_percent(row.value.value)} match{sure}."
    )
    yield from _borders(index, what)
    yield from _weakest(tier, index, metric)
    if what == "events":
        yield from _confused(tier)


def _against(
    tier: TierAgreement, index: Index, metric: str, names: Names, what: str
) -> Iterator[str]:
    """Without two people: each against the ground truth and the models."""
    who = tier.tier.readers
    for name in who.annotators:
        row = index.row(metric, "reference", (name,))
        if row is not None and row.value.value is not None:
            found = _percent(row.value.value)
            yield f"Of all {what} of {names.reader(name)} and of the ground truth, {found} match."
    for row in tier.rows:
        if row.metric == metric and row.by == "model" and row.value.value is not None:
            one, model = (names.reader(name) for name in row.of[:2])
            yield f"Of all {what} of {one} and of {model}, {_percent(row.value.value)} match."


def _borders(index: Index, what: str) -> Iterator[str]:
    prefixes = ("event/onset_", "event/offset_") if what == "events" else ("instant/",)
    found = [index.row(f"{prefix}median_error") for prefix in prefixes]
    said = [shown(row.metric, row.value) for row in found if row and row.value.value is not None]
    if len(said) == 2:
        yield f"Where they match, onsets are {said[0]} apart and offsets {said[1]} (median)."
    elif said:
        yield f"Where they match, they are {said[0]} apart (median)."


def _weakest(tier: TierAgreement, index: Index, metric: str) -> Iterator[str]:
    rows = [index.row(metric, "label", (label,)) for label in tier.tier.table.labels]
    known = [row for row in rows if row is not None and row.value.value is not None]
    if len(known) < 2:
        return
    low, high = (pick(known, key=_value) for pick in (min, max))
    yield (
        f"Least agreed on is {low.of[0]} ({_percent(low.value.value)}), "
        f"most {high.of[0]} ({_percent(high.value.value)})."
    )


def _value(row: Row) -> float:
    return row.value.value or 0.0


def _confused(tier: TierAgreement) -> Iterator[str]:
    """The two labels that are taken for each other most often."""
    table = next((c.counts for c in tier.event_confusions if c.by == "overall"), None)
    if table is None or len(table) < 3:
        return
    mixed = np.triu(table[1:, 1:] + table[1:, 1:].T, 1) // 2
    lonely = int(table[0].sum() + table[:, 0].sum()) // 2
    one, other = np.unravel_index(int(mixed.argmax()), mixed.shape)
    if mixed.max():
        names = (" + ".join(tier.sets[int(n)]) for n in (one, other))
        many = counted(int(mixed.max()), "times")
        yield f"Most often {' and '.join(names)} are taken for each other ({many})."
    if lonely:
        many = "1 event" if lonely == 1 else f"{number('count', lonely)} events"
        yield f"Without a partner in the other's marks: {many}."


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{100 * value:.0f} %"


def figures(tier: TierAgreement, settings: AgreementSettings) -> str:
    """Figures of all people together, the main one first, with intervals or reasons."""
    items = []
    for n, row in enumerate(headline(tier, settings)[:MOST_FIGURES]):
        value = row.value
        under = interval(row.metric, value) if value.value is not None else value.reason
        small = element("div", text(under), class_="why") if under else ""
        name = title(row.metric)
        content = f"<b>{text(shown(row.metric, value))}</b>"
        content += element("span", text(name[:1].upper() + name[1:])) + small
        items.append(element("li", content, **({"class_": "first"} if n == 0 else {})))
    return element("ul", "".join(items), class_="figures")


def meanings(tiers: Sequence[TierAgreement], settings: AgreementSettings) -> list[tuple[str, str]]:
    """What the words of the page mean, of those that it uses."""
    used = {m for tier in tiers for m in columns(tier, settings)}
    used |= {row.metric for tier in tiers for row in headline(tier, settings)}
    kinds = {name.partition("@")[0] for name in used}
    rows = [(name, said) for metric, name, said in _MEANINGS if not metric or metric in kinds]
    return [(name, said.replace("IOU", f"{settings.iou:g}")) for name, said in rows]


_MEANINGS = (
    ("event/f1", "events, F1",
     "Two events match if they have the same label and their common time over all their time (IoU) "
     "is IOU or more; each event once. F1 is the share of all events of both that have a match."),
    ("instant/f1", "instants, F1",
     "Two instants match if they have the same label and are within the tolerance; each once."),
    ("", "very closely, closely, in part, little",
     "F1 of 0.9 or more, 0.75 or more, 0.5 or more, and less. What is enough depends on the use."),
    ("time/iou", "time, IoU", "Time that both mark over time that either marks; mean of labels."),
    ("event/onset_median_error", "apart",
     "Half of all matched borders are this close. MAD: half lie within this of the median."),
    ("time/cohen_kappa", "kappa, alpha, AC1",
     "Agreement of all reviewed time beyond chance. Time without a label counts as a class, so "
     "that rare events make it hard to read alone."),
    ("time/percent_agreement", "time with the same label",
     "Share of the reviewed time, also without any label, that both mark alike."),
    ("", "interval", "The middle 95 % of what other tasks of this kind would give (bootstrap over "
     "tasks). A dash says that a number is undefined; the reason stands under it."),
    ("", "weight", "Disputed seconds times how divided the readers are (entropy of their "
     "votes, in bits)."),
    ("", "annotator", "The mean of the pairs with each of the others. Early and late: against "
     "the others."),
)  # fmt: skip


def settings_line(settings: AgreementSettings) -> str:
    """How it was measured."""
    parts = [f"events match from IoU {settings.iou:g}"]
    if settings.draws:
        level = f"{100 * settings.level:g} % intervals"
        draws = number("count", settings.draws)
        parts.append(f"{level} of {draws} draws over tasks, seed {settings.seed}")
    else:
        parts.append("no intervals")
    parts.append("ends are exclusive, times are whole microseconds")
    return " \u00b7 ".join(parts)
