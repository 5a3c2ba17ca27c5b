"""Everything that `tslab progress` says, put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from tslab.contracts import Finding
from tslab.progress.activity import Activity, ReviewState
from tslab.progress.asked import load_asked
from tslab.progress.left import Left, RaterLeft, left_for_raters, what_is_left
from tslab.progress.names import Hashes
from tslab.progress.over_time import Period, calendar_week, periods, shared_since
from tslab.progress.people import LeadTimes, Person, lead_times, people
from tslab.progress.reading_table import readings
from tslab.progress.shared_tasks import shared_tasks
from tslab.progress.trends import (
    Trend,
    drift,
    lead_trend,
    order_of,
    sittings,
    tired_agreement,
)
from tslab.progress.use import Use, prediction_use
from tslab.progress.work import Tally, Work, counting, read_work
from tslab.project import Project
from tslab.rater_people import people_of
from tslab.reading_plan import load_plan


@dataclass(frozen=True, slots=True)
class Week:
    """What was submitted in a calendar week.

    Attributes:
        week: ``2026-W48``.
        tasks: Submitted annotations of tasks, by annotator.
        median: Median lead time, seconds; None unknown.
    """

    week: str
    tasks: dict[str, int]
    median: float | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How a study goes.

    Attributes:
        pulled: When Label Studio was read, ISO 8601.
        left: What is left, by view.
        lead: How long tasks took, all annotators together.
        people: Who did what.
        use: How predictions were used.
        weeks: What was submitted when.
        agreement: Among people by calendar week.
        blocks: The same by block of tasks.
        drift: Of each annotator along his tasks.
        fatigue: Of each annotator along his sittings.
        findings: What was left out.
        raters: What is left for each rater of a blind study.
        review: How far the review of disputes is; None without one.
    """

    pulled: str
    left: list[Left]
    lead: LeadTimes
    people: list[Person]
    use: Use
    weeks: list[Week]
    agreement: list[Period]
    blocks: list[Period]
    drift: list[Trend]
    fatigue: list[Trend]
    findings: list[Finding]
    raters: list[RaterLeft] = field(default_factory=list)
    review: ReviewState | None = None

    def document(self) -> dict[str, object]:
        """The same as plain values for JSON."""
        out = asdict(self)
        # Numbers of annotations in Label Studio say nothing to anybody else.
        out["use"]["untouched"] = len(self.use.untouched)
        out["findings"] = [str(finding) for finding in self.findings]
        return out


def progress(project: Project, activity: Activity, key: bytes | None = None) -> Progress:
    """How a project's study goes.

    Args:
        project: The project; only its files are read.
        activity: What the last pull brought.
        key: For a report without names of people and models: what makes hashes of them. They are
            hidden last, for names say who is which rater.
    """
    tasks, tally = project.tasks(), Tally()
    plan = load_plan(project.root) if project.settings.review.blind else None
    work = read_work(activity, (task.id for task in tasks), tally, people_of(project))
    models_shown, review = activity.shown, activity.review
    if key is not None:
        names = Hashes.of(activity, key)
        work = [names.work(item) for item in work]
        models_shown, review = names.shown(activity), names.review(review)
    use = prediction_use(work, models_shown)
    weeks, blocks, drifts, tired = _trends(project, work)
    return Progress(
        pulled=activity.pulled,
        left=what_is_left(tasks, work, project.settings.review, plan, load_asked(project)),
        raters=left_for_raters(tasks, work, plan),
        review=review,
        lead=lead_times(work),
        people=people(work, use.untouched),
        use=use,
        weeks=_weeks(work),
        agreement=weeks,
        blocks=blocks,
        drift=drifts,
        fatigue=tired,
        findings=tally.findings(),
    )


def _trends(
    project: Project, work: Sequence[Work]
) -> tuple[list[Period], list[Period], list[Trend], list[Trend]]:
    """Agreement by week and by block, drift, and fatigue."""
    views = {view.name: view.tiers for view in project.domain.views}
    found, since = readings(work), shared_since(work)
    tiers = [shared_tasks(found, tier, views) for tier in project.domain.tiers]
    tiers = [tier for tier in tiers if len(tier)]
    over_time = [periods(tier, since) for tier in tiers]
    drifts, tired = [], []
    for name in sorted({item.entry.annotator for item in work}):
        own = [item for item in work if item.entry.annotator == name]
        read = [item for item in counting(own) if not item.entry.ground_truth]
        places = sittings(own)
        drifts += _lead_trends(name, read, order_of(read), "order")
        tired += _lead_trends(name, read, places, "sitting")
        for tier in tiers:
            if name in tier.first or name in tier.second:
                drifts += drift(name, read, tier)
                tired.append(tired_agreement(name, tier, places))
    weeks, blocks = ([p for pair in over_time for p in pair[at]] for at in (0, 1))
    return weeks, blocks, drifts, tired


def _lead_trends(
    name: str, read: Sequence[Work], places: Mapping[str, int], along: str
) -> list[Trend]:
    """Of each view: who did the slow view first did not become faster."""
    done = sorted({item.entry.view for item in read})
    if len(done) < 2:
        return [lead_trend(name, read, places, along)]
    return [
        lead_trend(name, [item for item in read if item.entry.view == view], places, along, view)
        for view in done
    ]


def _weeks(work: Sequence[Work]) -> list[Week]:
    groups: dict[str, list[Work]] = {}
    for item in counting(work):
        if item.created:
            groups.setdefault(calendar_week(item.created), []).append(item)
    found = []
    for week, own in sorted(groups.items()):
        tasks: dict[str, int] = {}
        for item in own:
            tasks[item.entry.annotator] = tasks.get(item.entry.annotator, 0) + 1
        found.append(Week(week, dict(sorted(tasks.items())), lead_times(own).median))
    return found


def age(pulled: str, now: dt.datetime | None = None) -> float | None:
    """Seconds since a pull; None where it does not say when it was."""
    try:
        then = dt.datetime.fromisoformat(pulled)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=dt.UTC)
    return max(0.0, ((now or dt.datetime.now(dt.UTC)) - then).total_seconds())
