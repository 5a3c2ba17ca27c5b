"""Progress for the terminal: short, what matters most first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tslab.agreement.report.fitting import fitted, wrapped
from tslab.errors import counted
from tslab.progress.activity import ReviewState
from tslab.progress.left import RaterLeft
from tslab.progress.over_time import Period
from tslab.progress.people import Person
from tslab.progress.report import Progress
from tslab.progress.sentences import stands_out
from tslab.progress.trends import Trend
from tslab.progress.words import TITLES, ago, day, figure, shift, span
from tslab.wording import short

RATERS = ("rater", "who", "tasks", "done", "left", "skipped", "needs")
MOST = 8
"""Rows of a table on the terminal; --json and --report have all."""


def progress_text(found: Progress, seconds: float | None, wide: int = 0) -> str:
    """All of it.

    Args:
        found: What there is to say.
        seconds: How old the data is; None unknown.
        wide: Columns of the terminal; 0 is no limit.
    """
    parts = [f"pulled {day(found.pulled)} UTC, {ago(seconds)}", _left(found, wide)]
    parts += _raters(found, wide)
    parts.append(wrapped(review_line(found.review), wide))
    parts.append(_sentences(found, wide))
    parts.append(_people(found, wide))
    parts += _use(found, wide)
    parts += _over_time(found.agreement, "agreement by week", wide)
    lines = [*_trends("drift", found.drift), *_trends("fatigue", found.fatigue)]
    parts.append("\n".join(wrapped(line, wide) for line in lines))
    return "\n\n".join(part for part in parts if part)


def _table(
    rows: Sequence[Sequence[object]],
    header: Sequence[str],
    wide: int,
    names: int = 1,
    bundle: int = 1,
) -> str:
    """Rows under a header, in columns that `fitted` brings into the terminal."""
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    return fitted(lines, wide, names, bundle=bundle)


def _cut(
    rows: Sequence[Sequence[object]],
    header: Sequence[str],
    wide: int,
    names: int = 1,
    bundle: int = 1,
) -> str:
    """A table of the first rows, and how many there are more."""
    text = _table(rows[:MOST], header, wide, names, bundle)
    more = len(rows) - MOST
    return f"{text}\n{more} more: --json, --report" if more > 0 else text


def headline(found: Progress) -> str:
    """How far the study is, in one sentence."""
    tasks, done = sum(v.tasks for v in found.left), sum(v.done for v in found.left)
    missing = sum(view.annotations for view in found.left)
    if not tasks:
        return "there are no tasks"
    if not missing:
        return "the one task is done" if tasks == 1 else f"all {tasks} tasks are done"
    hours = [view.hours for view in found.left if view.annotations]
    known = [h for h in hours if h is not None]
    sure = len(known) == len(hours)
    needs = f", {span(sum(known) * 3600)} at the median lead time" if sure else ""
    return (
        f"{done} of {counted(tasks, 'tasks')} done, {counted(missing, 'annotations')} to go{needs}"
    )


def _left(found: Progress, wide: int) -> str:
    if not found.left:
        return wrapped(headline(found), wide)
    rows = [
        (v.view, v.tasks, v.done, v.none, v.too_few, v.skipped, v.annotations, _hours(v.hours))
        for v in found.left
    ]
    header = ("view", "tasks", "done", "none", "too few", "skipped", "missing", "needs")
    return f"{wrapped(headline(found), wide)}\n{_table(rows, header, wide)}"


def review_line(review: ReviewState | None) -> str:
    """How far the review is, on one line; "" without one."""
    if review is None:
        return ""
    all_of_them = review.decided + review.open
    parts = [f"review: {review.decided} of {counted(all_of_them, 'disputes')} decided"]
    by = [f"{short(who)} {many}" for who, many in sorted(review.reviewers.items())]
    parts += [f"by {', '.join(by)}"] if by else []
    parts += [f"reviewers differ about {review.split}"] if review.split else []
    return "; ".join(parts)


def _raters(found: Progress, wide: int) -> Iterator[str]:
    """Each rater of a blind study, with nobody left out: it is their lead who reads this."""
    rows: list[Sequence[str]] = []
    for rater, row in zip(found.raters, rater_rows(found.raters), strict=True):
        first, *others = rater.people or ("-",)
        rows.append((row[0], first, *row[2:]))
        rows += [("", other, *[""] * len(row[2:])) for other in others]
    if rows:
        yield _table(rows, RATERS, wide, names=2)


def rater_rows(raters: Sequence[RaterLeft]) -> list[tuple[str, ...]]:
    """Raters as rows of a table."""
    return [
        (
            str(r.rater), ", ".join(r.people) or "-", str(r.tasks), str(r.done),
            str(r.tasks - r.done), str(r.skipped), _hours(r.hours),
        )
        for r in raters
    ]  # fmt: skip


def _hours(hours: float | None) -> str:
    return span(None if hours is None else hours * 3600)


def _people(found: Progress, wide: int) -> str:
    if not found.people:
        return "nobody has annotated anything yet"
    rows = [
        (
            p.annotator, p.submitted, p.skipped, p.drafts, p.spans, _hours(p.signal_hours),
            _hours(p.lead.seconds / 3600), span(p.lead.median), span(p.lead.per_hour),
            unchanged(p), day(p.last_active),
        )
        for p in found.people
    ]  # fmt: skip
    header = (
        "annotator", "tasks", "skipped", "drafts", "spans", "signal", "time", "median",
        "per hour", "as predicted", "last active",
    )  # fmt: skip
    return _cut(rows, header, wide)


def unchanged(person: Person) -> str:
    """Tasks submitted as predicted, of those that began from a prediction."""
    many = person.from_prediction
    return f"{person.untouched} of {many}" if many else "-"


def _use(found: Progress, wide: int) -> Iterator[str]:
    if not found.use.labels:
        if found.use.by_hand:
            yield "no annotation began from a prediction"
        return
    rows = [
        (
            u.model, u.label, u.predicted, u.accepted, u.moved, u.relabelled, u.deleted, u.added,
            shift(u.onset.median), shift(u.offset.median),
        )
        for u in found.use.labels
    ]  # fmt: skip
    header = (
        "model", "label", "predicted", "accepted", "moved", "relabelled", "deleted", "added",
        "onset", "offset",
    )  # fmt: skip
    yield _cut(rows, header, wide, names=2, bundle=2)
    if found.use.relabelled:
        pairs = [
            f"{short(r.before)} -> {short(r.after)} ({r.regions})" for r in found.use.relabelled[:5]
        ]
        yield wrapped(f"relabelled most: {', '.join(pairs)}", wide)


def _over_time(periods: Sequence[Period], title: str, wide: int) -> Iterator[str]:
    if not periods:
        yield "agreement: no task that two people submitted"
        return
    names = shown(periods)
    # The latest are what somebody can still do something about; time runs down, as on the page.
    ordered = sorted(periods, key=lambda period: period.period)
    rows = [
        (p.period, p.tier, p.tasks, *(figure(p.figures[name]) for name in names))
        for p in ordered[-MOST:]
    ]
    header = (title, "tier", "tasks", *(TITLES[name] for name in names))
    earlier = len(ordered) - len(rows)
    more = f"\n{earlier} earlier: --json, --report" if earlier else ""
    yield f"{_table(rows, header, wide, names=2)}{more}"


def shown(periods: Sequence[Period]) -> list[str]:
    """Measures that are defined anywhere."""
    return [name for name in TITLES if any(p.figures[name] is not None for p in periods)]


def _sentences(found: Progress, wide: int) -> str:
    said = stands_out(found)
    more = [f"- {len(said) - MOST} more: --json, --report"] if len(said) > MOST else []
    lines = [*(f"- {sentence}" for sentence in said[:MOST]), *more]
    return "\n".join(wrapped(line, wide) for line in lines)


def _trends(title: str, trends: Sequence[Trend]) -> Iterator[str]:
    """How many rise or fall, which stands above, how many do not, and of how many nobody knows."""
    clear = sum(trend.says_something for trend in trends)
    flat = sum(trend.verdict == "no trend" for trend in trends)
    few = len(trends) - clear - flat
    parts = [f"{clear} that rise or fall"] if clear else []
    parts += [f"{flat} without a trend"] if flat else []
    parts += [f"{few} with too few tasks to say"] if few else []
    if parts:
        yield f"{title}: {', '.join(parts)}"
