"""What stands in an export more than once: tasks, annotations, and people under two names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from tslab.agreement.tier_tables import Problems
from tslab.label_studio.exports.records import Annotation, Prediction, Task, User

UNKNOWN = "unknown"
Record = TypeVar("Record", bound=Annotation | Prediction | int)


def each_once(tasks: Sequence[Task], problems: Problems) -> list[Task]:
    """Tasks, annotations and predictions that a file holds twice, once; the last copy counts.

    Files that were put together from several servers use an id for two different tasks. These
    differ in their data and stay apart.
    """
    kept: dict[tuple[int | str, bytes], Task] = {}
    found = []
    often = _often(tasks)
    for task in tasks:
        key = (task.id, bytes(task.data)) if task.id is not None and task.id in often else None
        if key is not None and key in kept:
            problems.add("TSL089", "tasks that the file holds again [is|are] joined", _place(task))
            _join(kept[key], task)
            continue
        if key is not None:
            kept[key] = task
        found.append(task)
    for task in found:
        _drop_copies(task, problems)
    return found


def _often(tasks: Sequence[Task]) -> set[int | str]:
    seen: set[int | str] = set()
    again: set[int | str] = set()
    for task in tasks:
        if task.id is not None:
            (again if task.id in seen else seen).add(task.id)
    return again


def _join(first: Task, copy: Task) -> None:
    first.annotations = [*(first.annotations or ()), *(copy.annotations or ())]
    first.predictions = [*(first.predictions or ()), *(copy.predictions or ())]
    first.drafts = copy.drafts or first.drafts


def _drop_copies(task: Task, problems: Problems) -> None:
    place = _place(task)
    annotations = _last_by_id(task.annotations or ())
    lost = len(task.annotations or ()) - len(annotations)
    problems.add("TSL089", "annotations that the file holds again [is|are] left out", place, lost)
    predictions = _last_by_id(task.predictions or ())
    lost = len(task.predictions or ()) - len(predictions)
    problems.add("TSL064", "predictions that the file holds again [is|are] left out", place, lost)
    task.annotations, task.predictions = annotations, predictions


def _last_by_id(records: Sequence[Record]) -> list[Record]:
    """The last record of each id; what has no id stays."""
    if len(records) < 2:
        return list(records)
    last: dict[object, Record] = {}
    for number, record in enumerate(records):
        own = None if isinstance(record, int) else record.id
        last[("none", number) if own is None else own] = record
    return list(last.values())


def _place(task: Task) -> str:
    return f"task {task.id}"


def emails_of(tasks: Sequence[Task]) -> dict[str, str]:
    """Email by user id, where the file spells a user out and does not contradict itself."""
    found: dict[str, set[str]] = {}
    for task in tasks:
        for annotation in task.annotations or ():
            user = annotation.completed_by
            if isinstance(user, User) and user.email and user.id is not None:
                found.setdefault(str(user.id), set()).add(user.email)
    return {number: next(iter(emails)) for number, emails in found.items() if len(emails) == 1}


def reader_name(completed_by: int | User | str | None, emails: dict[str, str]) -> str:
    """Name of whoever made an annotation: the email, also where only the id is given."""
    if isinstance(completed_by, User):
        if completed_by.email:
            return completed_by.email
        completed_by = completed_by.id or None
        if completed_by is None:
            return UNKNOWN
        return emails.get(str(completed_by), f"user {completed_by}")
    if isinstance(completed_by, int):
        return emails.get(str(completed_by), f"user {completed_by}")
    return emails.get(completed_by or "", completed_by or UNKNOWN)
