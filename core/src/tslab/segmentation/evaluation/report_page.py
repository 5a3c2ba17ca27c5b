"""The evaluation report as one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tslab.errors import counted
from tslab.pages.markup import document, element, panel, table, text
from tslab.pages.style import STYLE
from tslab.segmentation.evaluation.plots import bars_plot, confusion_plot, reliability_plot
from tslab.segmentation.evaluation.report import (
    HEADLINE,
    Calibration,
    LabelScore,
    Report,
    TierScore,
)
from tslab.segmentation.evaluation.report_text import NOTHING_TITLE, TITLES, duration, figure

if TYPE_CHECKING:
    from tslab.segmentation.evaluation.tier_counts import Hits
    from tslab.segmentation.models.card import ModelCard

LARGEST_MATRIX = 30
"""Classes that a confusion matrix is drawn for; nobody reads a larger one."""


WORDS = (
    (
        "overall",
        "For each tier the mean of its macro F1, event F1 and instants F1; then their mean.",
    ),
    (
        "balanced accuracy",
        "Share of each class's time that is found, averaged over classes. Reviewed time without a "
        "label is a class of its own if it is 1 % or more.",
    ),
    (
        "macro F1 of time",
        "F1 of each label's time, averaged over the labels that either side uses.",
    ),
    (
        "event F1",
        "Events are the same if label and place agree: common time over all time is 0.5 or more. "
        "Each counts once.",
    ),
    ("instants F1", "Instants of one label are the same within the tolerance. Each counts once."),
    (
        "calibration error",
        "How far scores are from the share of regions that are right, in the mean. 0 is perfect.",
    ),
)
"""The figures, for whoever gets the page without the documentation."""


def page(report: Report, title: str, card: ModelCard | None = None) -> bytes:
    """The whole page, UTF-8.

    Args:
        report: What was measured.
        title: Heading.
        card: Of the model, None for somebody else's.
    """
    parts = [
        element("h1", text(title)),
        element("p", text(_sentence(report.method)), class_="soft"),
    ]
    parts.append(_figures(report))
    if report.notes:
        items = "".join(element("li", text(note)) for note in report.notes)
        parts.append(element("h2", "Notes") + element("ul", items, class_="notes"))
    parts += [_tier(tier) for tier in report.tiers]
    parts.append(_recordings(report))
    if card is not None:
        parts.append(_card(card))
    words = "".join(
        element("tr", element("td", text(k)) + element("td", text(v))) for k, v in WORDS
    )
    meanings = element("table", element("tbody", words), class_="card")
    parts.append(element("h2", "What the figures mean") + panel("", meanings))
    return document(title, element("main", "\n".join(parts)), STYLE, kind="evaluate")


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _figures(report: Report) -> str:
    items = []
    for name in HEADLINE:
        why = report.missing.get(name, "")
        reason = element("div", text(why), class_="why") if why else ""
        shown = f"<b>{text(figure(report.scores[name]))}</b>"
        title = element("span", text(TITLES[name][:1].upper() + TITLES[name][1:]))
        kind = {"class_": "first"} if name == "overall" else {}
        items.append(element("li", shown + title + reason, **kind))
    return element("ul", "".join(items), class_="figures")


# --- tiers --------------------------------------------------------------------------------


def _tier(tier: TierScore) -> str:
    instants = any(x.instants.reference + x.instants.hypothesis for x in tier.labels)
    ranges = any(x.events.reference + x.events.hypothesis for x in tier.labels)
    facts = [tier.kind]
    if ranges:
        facts.append(f"balanced accuracy {figure(tier.balanced_accuracy)}")
        facts.append(f"macro F1 {figure(tier.macro_f1)}, event F1 {figure(tier.event_f1)}")
    if instants:
        facts.append(f"instants F1 {figure(tier.instant_f1)} within {tier.tolerance:.3g} s")
    parts = [
        element("h2", text(tier.tier)),
        element("p", text(" \u00b7 ".join(facts)), class_="soft"),
        panel("", _labels(tier.labels, ranges=ranges, instants=instants)),
    ]
    if not tier.labels:
        return "\n".join(parts)
    side = []
    if ranges:
        side.append(panel("Events found, F1 at IoU 0.5", _bars(tier.labels, "events")))
    if instants:
        side.append(panel("Instants found, F1", _bars(tier.labels, "instants")))
    side.append(panel("Are scores probabilities?", _calibration(tier.calibration)))
    plots = "".join(side)
    if 1 < len(tier.confusion.classes) <= LARGEST_MATRIX:
        drawn = confusion_plot(tier.confusion, NOTHING_TITLE)
        matrix = panel("Where the time of each label goes", drawn)
        plots = matrix + element("div", plots, class_="side")
    return "\n".join([*parts, element("div", plots, class_="plots")])


def _labels(labels: Sequence[LabelScore], *, ranges: bool, instants: bool) -> str:
    header = ["label"]
    header += ["labelled time", "time F1", "events", "found", "false", "event F1"] if ranges else []
    header += ["instants", "found", "false", "instants F1"] if instants else []
    rows = []
    for label in labels:
        row = [label.label]
        if ranges:
            row += [duration(label.seconds), figure(label.time_f1)]
            row += [*_hits(label.events), figure(label.event_f1)]
        if instants:
            row += [*_hits(label.instants), figure(label.instant_f1)]
        rows.append(row)
    if not rows:
        return element("p", "No label was marked or predicted.", class_="soft")
    return table(header, rows)


def _hits(hits: Hits) -> tuple[str, str, str]:
    return str(hits.reference), str(hits.matched), str(hits.hypothesis - hits.matched)


def _bars(labels: Sequence[LabelScore], what: str) -> str:
    rows = []
    for label in labels:
        hits = label.events if what == "events" else label.instants
        value = label.event_f1 if what == "events" else label.instant_f1
        if hits.reference + hits.hypothesis:
            rows.append((label.label, value, f"{hits.matched} of {hits.reference}"))
    return bars_plot(rows, f"F1 of {what} by label")


def _calibration(found: Calibration) -> str:
    if found.error is None:
        return element("p", text(_sentence(found.missing)), class_="soft")
    words = f"Calibration error {found.error:.3f} over {counted(found.regions, 'regions')}"
    return reliability_plot(found.bins) + element("p", text(words), class_="caption")


# --- recordings and card ------------------------------------------------------------------


def _recordings(report: Report) -> str:
    if not report.recordings:
        return ""
    header = ["recording", "reviewed", "spans", *(TITLES[name] for name in HEADLINE[:-1])]
    # Lowest first: that is where looking pays.
    ordered = sorted(
        report.recordings, key=lambda r: (r.scores["overall"] is None, r.scores["overall"] or 0)
    )
    rows = [
        [
            r.recording,
            duration(r.seconds),
            str(r.spans),
            *(figure(r.scores[n]) for n in HEADLINE[:-1]),
        ]
        for r in ordered
    ]
    return element("h2", "Recordings, lowest first") + panel("", table(header, rows))


def _card(card: ModelCard) -> str:
    rows = [
        ("version", card.version),
        ("created", card.created),
        ("domain", card.domain),
        ("learned from", _amount(card)),
        *((f"labels of {tier}", ", ".join(names)) for tier, names in card.labels.items()),
        ("channels", ", ".join(card.channels)),
        ("data hash", card.data_hash),
        ("took", duration(card.seconds)),
        ("made with", ", ".join(f"{name} {version}" for name, version in card.versions.items())),
        *(row for name, value in card.settings.items() for row in _setting(f"set: {name}", value)),
        *(("left out", line) for line in card.left_out),
    ]
    return element("h2", "Model card") + panel("", table(("", ""), rows, "card"))


def _amount(card: ModelCard) -> str:
    time = duration(card.reviewed_seconds)
    return (
        f"{counted(card.recordings, 'recordings')}, {time} reviewed, {counted(card.spans, 'spans')}"
    )


def _setting(name: str, value: object) -> list[tuple[str, str]]:
    """Rows of one setting: one that has parts gets a row for each of them."""
    if isinstance(value, Mapping) and value:
        return [row for key, part in value.items() for row in _setting(f"{name}, {key}", part)]
    return [(name.replace("_", " "), _plain(value))]


def _plain(value: object) -> str:
    """A setting as people write it: short numbers, lists with commas, no braces or quotes."""
    words = _words(value)
    return words if len(words) <= 400 else f"{words[:399]}\u2026"


def _words(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "-", True: "yes", False: "no"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items()) or "-"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_words(part) for part in value) or "-"
    return str(value)
