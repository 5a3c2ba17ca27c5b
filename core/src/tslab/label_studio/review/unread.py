"""Tasks that fewer people have read than are to read them: no reviewer decides them before.

A verdict counts for what everybody says at that time; whoever reads later makes it void.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tslab.errors import counted
from tslab.progress.activity import Activity, load_activity
from tslab.progress.work import homes_of
from tslab.project import Project
from tslab.rater_people import load_people
from tslab.reading_plan import load_plan

Unread = Mapping[str, Sequence[int]]
"""Numbers of the raters who are still to read a task, by its id; none in a study of one project,
where nobody knows who is next."""


def unread_tasks(project: Project) -> Unread:
    """Tasks that two people have read and another one will.

    Who skipped a task has seen it: nobody waits for that reading.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    review = project.settings.review
    activity = load_activity(project.root)
    if activity is None:
        return {}
    if not review.blind:
        return _too_few(activity, review.overlap)
    plan = load_plan(project.root)
    if plan is None:
        return {}
    homes = homes_of(activity.entries, load_people(project.state))
    read: dict[str, set[int]] = {}
    skipped: dict[str, set[int]] = {}
    for entry in activity.entries:
        if entry.state != "draft" and homes.reads_for(entry.annotator, entry.rater):
            seen = read if entry.state == "submitted" else skipped
            seen.setdefault(entry.task, set()).add(entry.rater)
    found = {}
    for task, raters in plan.readers.items():
        done = read.get(task, set())
        left = {r for r in raters if r <= review.raters} - done - skipped.get(task, set())
        if left and len(done) > 1:
            found[task] = sorted(left)
    return found


def _too_few(activity: Activity, overlap: int) -> Unread:
    """Tasks of which nobody knows who will read them; those that one person reads are not asked."""
    read: dict[str, set[str]] = {}
    seen: dict[str, set[str]] = {}
    for entry in activity.entries:
        if entry.state != "draft":
            seen.setdefault(entry.task, set()).add(entry.annotator)
        if entry.state == "submitted":
            read.setdefault(entry.task, set()).add(entry.annotator)
    return {
        task: () for task, people in read.items() if len(people) > 1 and len(seen[task]) < overlap
    }


def who_is_missing(project: Project, unread: Unread) -> str:
    """For whom tasks wait, such as ``rater 3 cem@example.org (4 tasks)``.

    Raises:
        DataError: The list of raters is damaged.
    """
    people = load_people(project.state)
    counts = Counter(rater for raters in unread.values() for rater in raters)
    return ", ".join(
        f"{' '.join([f'rater {rater}', *people.get(rater, ())[-1:]])} ({counted(count, 'tasks')})"
        for rater, count in sorted(counts.items())
    )


def waiting_text(project: Project, unread: Unread, *, now: bool) -> str:
    """What a person is told of it.

    Args:
        project: The project folder.
        unread: Not empty.
        now: Whether they are reviewed all the same.

    Raises:
        DataError: The list of raters is damaged.
    """
    tasks, review = counted(len(unread), "tasks"), project.settings.review
    readers = "all planned raters" if review.blind else f"{review.overlap} people (review: overlap)"
    who = who_is_missing(project, unread) if review.blind else ""
    if now:
        missing = f": still to read are {who}" if who else ""
        return (
            f"{tasks} not read by {readers} may be reviewed{missing}. "
            "What else is submitted makes verdicts on their disputes void"
        )
    text = f"new disputes of {tasks} wait until {readers} have read"
    text += f": {who}" if who else ""
    return f"{text}. To review now: tslab review --now"
