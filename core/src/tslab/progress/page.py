"""The page of `tslab progress`: one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from tslab.errors import counted
from tslab.pages.markup import document, element, panel, table, text
from tslab.pages.style import STYLE
from tslab.progress import charts
from tslab.progress.over_time import BLOCK, Period
from tslab.progress.report import Progress
from tslab.progress.sentences import stands_out
from tslab.progress.text import RATERS, rater_rows, review_line, shown, unchanged
from tslab.progress.trends import FEWEST, PAUSE, SURE, TOO_FEW, Trend
from tslab.progress.use import LabelUse
from tslab.progress.words import (
    TITLES,
    ago,
    day,
    figure,
    share,
    shift,
    span,
    trend_name,
    trend_value,
)

MOST = 30
"""Bars of one plot; the table below has all of them."""

MEANING = (
    ("lead time", "How long a task was open until it was submitted, as Label Studio counts it."),
    ("too few", "Tasks with an annotation, but fewer than review: overlap in tslab.yaml asks for."),
    ("needs", "The missing annotations times the median lead time of the view."),
    ("as predicted", "Submitted without any change, of those that began from a prediction."),
    (
        "accepted, moved, relabelled, deleted, added",
        "What became of a predicted region, known by its id. A region that was deleted and drawn "
        "anew is one deleted and one added.",
    ),
    ("onset, offset", "How borders were moved where they were: median, above 0 is later."),
    (
        "agreement",
        "Of people with each other, as tslab agreement has it: IoU is the mean over labels, alpha "
        "is freed of chance, "
        "events are the same from an IoU of 0.5. A task counts when the second person submits it.",
    ),
    (
        "drift",
        "Rank correlation with the order of an annotator's tasks. Bias of a border is the "
        "annotator's time less that of the others. Ground truth counts as one of the others.",
    ),
    (
        "fatigue",
        f"Rank correlation with the place within a sitting, which ends after {PAUSE / 60:.0f} "
        "minutes without work.",
    ),
    (
        "rises, falls",
        f"From {FEWEST} tasks on, where the correlation is {SURE:g} standard errors from 0.",
    ),
)


def page(found: Progress, title: str, seconds: float | None) -> bytes:
    """The whole page, UTF-8.

    Args:
        found: What there is to say.
        title: Name of the study.
        seconds: How old the data is; None unknown.
    """
    parts = [
        element("h1", text(f"{title}: progress")),
        element("p", text(f"Pulled {day(found.pulled)} UTC, {ago(seconds)}."), class_="soft"),
        _figures(found),
    ]
    said = "".join(element("li", text(sentence)) for sentence in stands_out(found))
    if said:
        parts.append(element("h2", "What stands out") + element("ul", said, class_="said"))
    if found.findings:
        notes = "".join(element("li", text(str(finding))) for finding in found.findings)
        parts.append(element("h2", "Left out") + element("ul", notes, class_="notes"))
    parts += [_left(found), _people(found), _use(found), _agreement(found), _trends(found)]
    parts.append(element("h2", "What the words mean") + panel("", table(("", ""), MEANING, "card")))
    body = element("main", "\n".join(part for part in parts if part))
    return document(f"{title}: progress", body, STYLE + charts.STYLE, kind="progress")


def _figures(found: Progress) -> str:
    tasks, done = sum(v.tasks for v in found.left), sum(v.done for v in found.left)
    missing = sum(view.annotations for view in found.left)
    hours = [view.hours for view in found.left if view.annotations]
    known = [h for h in hours if h is not None]
    needs = span(sum(known) * 3600) if len(known) == len(hours) else "-"
    items = [
        (share(done, tasks), f"Done: {done} of {counted(tasks, 'tasks')}"),
        (str(missing), "Annotations to go"),
        (needs, "Needed at the median lead time"),
        (span(found.lead.median), "Median lead time of a task"),
        (span(found.lead.per_hour), "Lead time for an hour of signal"),
    ]
    shown_items = []
    for number, (value, words) in enumerate(items):
        kind = {"class_": "first"} if number == 0 else {}
        inside = f"<b>{text(value)}</b>" + element("span", text(words[:1].upper() + words[1:]))
        shown_items.append(element("li", inside, **kind))
    return element("ul", "".join(shown_items), class_="figures")


def _hours(hours: float | None) -> str:
    return span(None if hours is None else hours * 3600)


def _left(found: Progress) -> str:
    header = ("view", "tasks", "done", "none", "too few", "skipped", "missing", "needs")
    rows = [
        (
            v.view, str(v.tasks), str(v.done), str(v.none), str(v.too_few), str(v.skipped),
            str(v.annotations), _hours(v.hours),
        )
        for v in found.left
    ]  # fmt: skip
    if not rows:
        return ""
    parts = element("h2", "What is left") + panel("", table(header, rows))
    if found.raters:
        parts += panel("By rater", table(RATERS, rater_rows(found.raters), texts=(1,)))
    line = review_line(found.review)
    return parts + (element("p", text(line[:1].upper() + line[1:] + ".")) if line else "")


def _people(found: Progress) -> str:
    header = (
        "annotator", "tasks", "skipped", "drafts", "spans", "signal", "time", "median",
        "per hour of signal", "as predicted", "last active",
    )  # fmt: skip
    rows = [
        (
            p.annotator, str(p.submitted), str(p.skipped), str(p.drafts), str(p.spans),
            _hours(p.signal_hours), span(p.lead.seconds), span(p.lead.median),
            span(p.lead.per_hour), unchanged(p), day(p.last_active),
        )
        for p in found.people
    ]  # fmt: skip
    if not rows:
        return element("p", "Nobody has annotated anything yet.", class_="soft")
    parts = element("h2", "Who did what") + panel("", table(header, rows))
    weeks = [(week.week, sum(week.tasks.values()), week.median) for week in found.weeks]
    if weeks:
        names = sorted({name for week in found.weeks for name in week.tasks})
        counts = [
            (week.week, *(str(week.tasks.get(name, 0)) for name in names), span(week.median))
            for week in found.weeks
        ]
        drawn = panel("Submitted by week", charts.amount_plot(weeks))
        listed = panel("", table(("week", *names, "median"), counts))
        parts += element("div", drawn + listed, class_="plots")
    return parts


# --- predictions ----------------------------------------------------------------------------


def _use(found: Progress) -> str:
    use = found.use
    begun = f"{counted(use.annotations, 'annotations')} began from a prediction, "
    begun += f"{use.by_hand} began empty."
    parts = [element("h2", "How predictions were used"), element("p", text(begun), class_="soft")]
    models = dict.fromkeys(label.model for label in use.labels)
    parts += [_model(m, [label for label in use.labels if label.model == m]) for m in models]
    if use.relabelled:
        rows = [(r.model, r.tier, r.before, r.after, str(r.regions)) for r in use.relabelled]
        header = ("model", "tier", "was", "became", "regions")
        parts.append(panel("Relabelled", table(header, rows, texts=(1, 2, 3))))
    return "\n".join(parts)


def _model(model: str, labels: Sequence[LabelUse]) -> str:
    header = (
        "label", "tier", "predicted", "accepted", "", "moved", "relabelled", "deleted", "added",
        "onset by", "onsets", "offset by", "offsets",
    )  # fmt: skip
    rows = [
        (
            u.label, u.tier, str(u.predicted), str(u.accepted), share(u.accepted, u.predicted),
            str(u.moved), str(u.relabelled), str(u.deleted), str(u.added),
            shift(u.onset.median), str(u.onset.moved), shift(u.offset.median),
            str(u.offset.moved),
        )
        for u in labels
    ]  # fmt: skip
    drawn = charts.use_plot([u for u in labels if u.predicted][:MOST]) + charts.legend()
    return panel(model, drawn) + panel("", table(header, rows, texts=(1,)))


# --- agreement, drift, fatigue --------------------------------------------------------------


def _agreement(found: Progress) -> str:
    parts = [element("h2", "Agreement over time")]
    if not found.agreement:
        why = "There is no task that two people submitted."
        return parts[0] + element("p", why, class_="soft")
    for tier in dict.fromkeys(period.tier for period in found.agreement):
        weeks = [period for period in found.agreement if period.tier == tier]
        blocks = [period for period in found.blocks if period.tier == tier]
        plots = [_line(weeks, f"{tier} by calendar week")]
        plots.append(_line(blocks, f"{tier} by blocks of {BLOCK} tasks"))
        parts.append(element("div", "".join(plots), class_="plots"))
        names = shown([*weeks, *blocks])
        rows = [
            (p.period, str(p.tasks), *(figure(p.figures[name]) for name in names))
            for p in [*weeks, *blocks]
        ]
        header = (tier, "tasks", *(TITLES[name] for name in names))
        parts.append(panel("", table(header, rows)))
    return "\n".join(parts)


def _line(periods: Sequence[Period], title: str) -> str:
    """The measure that says most of the tier: time where there is any, else instants."""
    names = shown(periods)
    main = next((n for n in ("time/iou", "instant/f1") if n in names), "")
    if not main:
        return ""
    points = [(p.period.removeprefix("tasks "), p.figures[main]) for p in periods]
    return panel(f"{TITLES[main]}, {title}", charts.line_plot(points, f"{TITLES[main]}, {title}"))


def _trends(found: Progress) -> str:
    parts = []
    for title, trends in (("Drift", found.drift), ("Fatigue", found.fatigue)):
        if trends:
            parts.append(element("h2", title) + panel("", _trend_table(trends)))
    return "\n".join(parts)


def _trend_table(trends: Sequence[Trend]) -> str:
    """Trends first, then the others; those that nobody can know are counted."""
    header = ("annotator", "what", "tasks", "first third", "last third", "rank corr.", "says")
    known = [t for t in trends if t.verdict != TOO_FEW]
    ordered = sorted(known, key=lambda t: not t.says_something)
    rows = [
        (
            t.annotator, trend_name(t), str(t.tasks), trend_value(t, t.early),
            trend_value(t, t.late), figure(t.correlation), t.verdict,
        )
        for t in ordered
    ]  # fmt: skip
    few = len(trends) - len(known)
    more = counted(few, f"further values rest on fewer than {FEWEST} tasks and say nothing")
    note = element("p", text(more), class_="caption") if few else ""
    return (table(header, rows, texts=(1, 6)) if rows else "") + note
