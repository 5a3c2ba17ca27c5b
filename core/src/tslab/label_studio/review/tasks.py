"""Tasks of a review: the signal with a lane for each reading, and a line for each dispute."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tslab.label_studio.predictions import TaskPrediction
from tslab.label_studio.regions import to_regions
from tslab.label_studio.review.config import (
    DISPUTE,
    dispute_label,
    lane_column,
    lane_columns,
    lane_level,
)
from tslab.label_studio.review.key import Case, Window
from tslab.preparation.task_table import column_names, row_ticks, row_times, write_task_csv
from tslab.project import Project
from tslab.recording import Recording
from tslab.spans import Span, sort_key
from tslab.task import clock

if TYPE_CHECKING:
    from tslab.recording import FloatArray

Said = Mapping[str, Sequence[Span]]
"""What each annotator says about a recording in a view, by name."""

SEEN = 1 / 150
"""Least share of a window that a dispute's region takes, so that it can be seen and clicked."""


def write_window(
    project: Project, window: Window, recording: Recording, said: Said, letters: Sequence[str]
) -> None:
    """Writes the CSV of a window below ``tasks/``.

    Raises:
        DataError: The recording cannot be read.
        ProjectError: The file cannot be written.
    """
    task = window.task
    times = row_times(task, recording)
    lanes: dict[str, FloatArray] = {}
    for letter in letters:
        spans = said.get(window.letters.get(letter, ""), ())
        lanes |= _lane(project, window, letter, spans, times)
    write_task_csv(task, recording, project.root / task.csv, lanes)


def is_written(project: Project, window: Window, letters: Sequence[str]) -> bool:
    """Whether the CSV of a window is there, with a lane for each letter."""
    path = project.root / window.task.csv
    if not path.is_file():
        return False
    with path.open(encoding="utf-8") as file:
        header = file.readline().strip().split(",")
    lanes = [column for column, _, _ in lane_columns(project.domain, window.task.view, letters)]
    return header == [*column_names(window.task), *lanes]


def _lane(
    project: Project, window: Window, letter: str, spans: Sequence[Span], times: FloatArray
) -> dict[str, FloatArray]:
    """What one reading says at each row, a column for each label."""
    domain, view = project.domain, window.task.view
    columns: dict[str, FloatArray] = {}
    for tier in domain.view_tiers(view):
        for number, label in enumerate(tier.labels):
            values = np.zeros(len(times))
            level = lane_level(domain, view, tier.name, label.name)
            for span in spans:
                if (span.tier, span.label) == (tier.name, label.name):
                    values[_rows(span, times)] = level
            # The editor scales each line to its own values: all get the same ends.
            values[0], values[-1] = 0.0, 1.0
            columns[lane_column(letter, tier, number)] = values
    return columns


def _rows(span: Span, times: FloatArray) -> slice:
    """Rows at which a span holds; one at least, if it meets the window at all."""
    if span.end < times[0] or span.start > times[-1]:
        return slice(0, 0)
    first, last = np.searchsorted(times, (span.start - 1e-7, span.end - 1e-7)).tolist()
    if last <= first:
        first = min(first, len(times) - 1)
        return slice(first, first + 1)
    return slice(first, last)


def disputes_as_regions(project: Project, window: Window, recording: Recording) -> TaskPrediction:
    """The disputes as regions that the reviewer finds in the task."""
    domain, task = project.domain, window.task
    least = SEEN * (task.end - task.start)
    spans = [
        Span(
            *_wide_enough(case, least, (task.start, task.end)),
            label=dispute_label(domain, task.view, case.tier),
            tier=DISPUTE,
            id=case.id,
        )
        for case in window.cases
    ]
    result, exact = to_regions(spans, task, row_ticks(task, recording), domain)
    times = {
        case.id: (*exact[case.id][:2], case.start / 1e6, case.end / 1e6) for case in window.cases
    }
    score = round(1 / (1 + window.cost), 6)
    return TaskPrediction(task.id, score, result, times)


def _wide_enough(case: Case, least: float, within: tuple[float, float]) -> tuple[float, float]:
    start, end = case.start / 1e6, case.end / 1e6
    missing = max(least - (end - start), 0) / 2
    return max(start - missing, within[0]), min(end + missing, within[1])


def dispute_lines(window: Window, said: Said) -> str:
    """One line of Markdown for each dispute: who says what there."""
    lines = []
    for number, case in enumerate(window.cases, start=1):
        where = clock(case.start / 1e6)
        readings = " \u00a0·\u00a0 ".join(
            f"**{letter}** {_in_words(case, said.get(name, ()))}"
            for letter, name in sorted(window.letters.items())
        )
        lines.append(f"**{number}.** {where}, {case.kind}: {readings}")
    return "\n\n".join(lines)


def _in_words(case: Case, spans: Sequence[Span]) -> str:
    """What a reading says in a dispute; times in seconds from the start of the recording."""
    found = [
        span
        for span in sorted(spans, key=sort_key)
        if span.tier == case.tier and span.start_us <= case.end and span.end_us >= case.start
    ]
    if case.kind != "border":
        found = [
            s for s in found if s.is_instant or (s.start_us < case.end and s.end_us > case.start)
        ]
    return ", ".join(_span_in_words(span) for span in found) or "nothing"


def _span_in_words(span: Span) -> str:
    name = re.sub(r"([\\`*_\[\]()#!|~])", r"\\\1", html.escape(span.label))
    if span.is_instant:
        return f"{name} {span.start:.3f}"
    return f"{name} {span.start:.3f}–{span.end:.3f}"  # noqa: RUF001 - a range


def task_document(window: Window, said: Said) -> dict[str, Any]:
    """The window as Label Studio gets it."""
    document = window.task.to_json()
    document["data"]["disputes"] = dispute_lines(window, said)
    return document


def with_exact(window: Window, prediction: TaskPrediction) -> Window:
    """The window with the exact times of its regions."""
    return replace(window, exact=prediction.exact)
