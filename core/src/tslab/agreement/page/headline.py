"""The figures that stand first, and what the words of the page mean."""

from __future__ import annotations

from collections.abc import Sequence

from tslab.agreement.measure import TierAgreement
from tslab.agreement.page.rows import interval, number, shown
from tslab.agreement.report.headline import columns, headline
from tslab.agreement.report.words import title
from tslab.agreement.settings import AgreementSettings
from tslab.pages.markup import element, text

MOST_FIGURES = 16


def figures(tier: TierAgreement, settings: AgreementSettings) -> str:
    """Figures of all people together, the main one first, with intervals or reasons."""
    items = []
    for n, row in enumerate(headline(tier, settings)[:MOST_FIGURES]):
        value = row.value
        under = interval(row.metric, value) if value.value is not None else value.reason
        small = element("div", text(under), class_="why") if under else ""
        name = title(row.metric, tier.titles)
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
     "The least of three shares is 0.9 or more, 0.75 or more, 0.5 or more, or less: F1 of events; "
     "time in common as Dice has it, 2 IoU / (1 + IoU), mean of labels; 1 less how far matched "
     "borders are apart by the length of an event (medians). Where each moment has one label: the "
     "least of the share of time with the same label and of time in common. What is enough depends "
     "on the use."),
    ("time/iou", "time, IoU", "Time that both mark over time that either marks; mean of labels."),
    ("event/onset_median_error", "apart",
     "Half of all matched borders are this close. MAD: half lie within this of the median."),
    ("time/cohen_kappa", "kappa, alpha, AC1",
     "Agreement of all reviewed time beyond chance. Time without a label counts as a class, so "
     "that rare events make it hard to read alone."),
    ("time/percent_agreement", "time with the same label",
     "Share of the reviewed time, also without any label, that both mark alike."),
    ("", "interval", "The middle 95% of what other tasks of this kind would give (bootstrap over "
     "tasks). A dash says that a number is undefined; the reason stands under it."),
    ("", "cost", "Disputed seconds times how divided the readers are (entropy of their "
     "votes, in bits) times the weight of the label."),
    ("", "annotator", "The mean of the pairs with each of the others. Early and late: the "
     "median of all matched borders against those of the others."),
)  # fmt: skip


def settings_line(settings: AgreementSettings) -> str:
    """How it was measured."""
    parts = [f"events match from IoU {settings.iou:g}"]
    if settings.draws:
        level = f"{100 * settings.level:g}% intervals"
        draws = number("count", settings.draws)
        parts.append(f"{level} of {draws} draws over tasks, seed {settings.seed}")
    else:
        parts.append("no intervals")
    parts.append("ends are exclusive, times are whole microseconds")
    return " \u00b7 ".join(parts)
