"""The regions of an export in columns, one after the other as they stand in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tslab.agreement.tier_tables import Problems
from tslab.label_studio.exports.records import (
    LABELS_TYPE,
    ODD_PREDICTIONS,
    SHAPE,
    Annotation,
    Prediction,
    Result,
    Task,
    Value,
)
from tslab.label_studio.exports.same import emails_of, reader_name
from tslab.spans import FieldValue

NOTHING = Value()
ODD_ANSWERS = "answers that should be [a number|numbers] [is|are] left out"
MOST = 1e300
"""Numbers from here on, and NaN, are no answers."""


@dataclass(slots=True)
class Columns:
    """Readings and their regions.

    Attributes:
        task: Position of the task of each reading.
        reader: Role ("person", "truth", "model") and name of the reader of each reading.
        count: How many regions each reading has.
        control: Name of the control of each region.
        start: As written.
        end: As written.
        instant: What the export says of it.
        labels: Labels of each region.
        fields: Answers about regions, by position of the region.
        answers: Answers about whole tasks, by position of the reading.
        blank: Positions of regions without a value that can be read.
        unread: How many answers should be numbers and are none.
    """

    task: list[int] = field(default_factory=list)
    reader: list[tuple[str, str]] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    control: list[str] = field(default_factory=list)
    start: list[float | str | None] = field(default_factory=list)
    end: list[float | str | None] = field(default_factory=list)
    instant: list[object] = field(default_factory=list)
    labels: list[list[str]] = field(default_factory=list)
    fields: dict[int, dict[str, FieldValue]] = field(default_factory=dict)
    answers: dict[int, dict[str, FieldValue]] = field(default_factory=dict)
    blank: list[int] = field(default_factory=list)
    unread: int = 0

    def add(self, task: int, reader: tuple[str, str], results: Sequence[Result]) -> int:
        """Take in a reading; how many of its regions say nothing."""
        own = [r for r in results if r.type == LABELS_TYPE]
        values = [r.value or NOTHING for r in own]
        lost = [len(self.start) + at for at, value in enumerate(values) if value is NOTHING]
        self.blank += lost
        if len(own) < len(results):
            self._add_answers(own, results)
        self.task.append(task)
        self.reader.append(reader)
        self.count.append(len(own))
        self.control += [r.from_name for r in own]
        self.start += [v.start for v in values]
        self.end += [v.end for v in values]
        self.instant += [v.instant for v in values]
        self.labels += [v.timeserieslabels or [] for v in values]
        return len(lost)

    def _add_answers(self, own: Sequence[Result], results: Sequence[Result]) -> None:
        """Answers about regions carry the id of one; those about the task have no time either."""
        at = {r.id: len(self.start) + number for number, r in enumerate(own) if r.id is not None}
        for result in results:
            value = result.value
            answer = None if value is None else _answer(result.type, value)
            if answer is None or value is None or result.type == LABELS_TYPE:
                self.unread += value is not None and result.type in ("rating", "number")
                continue
            if result.id in at:
                self.fields.setdefault(at[result.id], {})[result.from_name] = answer
            elif value.start is None and value.end is None:
                self.answers.setdefault(len(self.task), {})[result.from_name] = answer


def columns_of(tasks: Sequence[Task], problems: Problems) -> Columns:
    """The readings of all tasks: for each reader of a task the last that was submitted."""
    found = Columns()
    emails = emails_of(tasks)
    for number, task in enumerate(tasks):
        place = f"task {task.id if task.id is not None else number + 1}"
        if task.drafts:
            problems.add("TSL092", "drafts [is|are] left out", place, len(task.drafts))
        for reader, results in _readings(task, place, emails, problems):
            before = found.unread
            lost = found.add(number, reader, results)
            problems.add("TSL081", ODD_ANSWERS, place, found.unread - before)
            problems.add(
                "TSL081", "regions without a value that can be read [is|are] left out", place, lost
            )
    return found


def _readings(
    task: Task, place: str, emails: dict[str, str], problems: Problems
) -> Iterator[tuple[tuple[str, str], Sequence[Result]]]:
    chosen: dict[tuple[str, str], Annotation | Prediction] = {}
    for annotation in sorted(task.annotations or (), key=_order):
        if annotation.was_cancelled or annotation.result is None:
            skipped = "TSL092", "skipped annotation[|s] [is|are] left out"
            problems.add(*(skipped if annotation.was_cancelled else ("TSL081", SHAPE)), place)
            continue
        truth = bool(annotation.ground_truth)
        key = ("truth", "") if truth else ("person", reader_name(annotation.completed_by, emails))
        if key in chosen:
            text = "annotations that [its|their] annotator made again [is|are] left out"
            if truth:
                problems.add(
                    "TSL090", "ground truth[|s] that a later one replaces [is|are] left out", place
                )
            else:
                problems.add("TSL089", text, place)
        chosen[key] = annotation
    for prediction in task.predictions or ():
        if isinstance(prediction, int) or prediction.result is None:
            number = "TSL131", "predictions that [is|are] exported as a number [is|are] left out"
            odd = "TSL081", ODD_PREDICTIONS
            problems.add(*(number if isinstance(prediction, int) else odd), place)
            continue
        key = ("model", prediction.model_version or "unnamed model")
        if key in chosen:
            problems.add(
                "TSL064", "predictions that [its|their] model made again [is|are] left out", place
            )
            if _order(chosen[key]) > _order(prediction):
                continue
        chosen[key] = prediction
    for key, record in chosen.items():
        yield key, record.result or ()


def _order(record: Annotation | Prediction) -> int:
    """Ids grow with time; the one that was created last is what its maker means."""
    try:
        return int(record.id or 0)
    except ValueError:
        return 0


def _answer(kind: str, value: Value) -> FieldValue | None:
    """What a control other than labels says about a region."""
    if kind in ("rating", "number"):
        found = value.rating if kind == "rating" else value.number
        if isinstance(found, (int, float)) and abs(found) < MOST:
            return float(found)
        return None
    raw = {"choices": value.choices, "textarea": value.text, "taxonomy": value.taxonomy}.get(kind)
    if isinstance(raw, str):
        return raw
    if not isinstance(raw, list) or not raw:
        return None
    parts = tuple(" / ".join(map(str, p)) if isinstance(p, list) else str(p) for p in raw)
    if kind == "textarea":
        return "\n".join(parts)
    return parts if len(parts) > 1 else parts[0]
