"""Tasks of a review: the signal with a lane for each reading, and a line for each dispute."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tslab.agreement.disputes.kinds import (
    BORDER,
    CONFLICT,
    INSTANT,
    MISSED,
    MOVED,
    OFFSET,
    ONSET,
    SHIFTS,
    SPLIT,
)
from tslab.errors import counted
from tslab.label_studio.labeling_config import DOT
from tslab.label_studio.predictions import TaskPrediction
from tslab.label_studio.regions import to_regions
from tslab.label_studio.review.config import DISPUTE, Shape, answers, dispute_label
from tslab.label_studio.review.context import SEEN
from tslab.label_studio.review.key import Case, Window
from tslab.label_studio.review.lanes import lane_values
from tslab.preparation.task_table import column_names, row_ticks, row_times, write_task_csv
from tslab.project import Project
from tslab.recording import Recording
from tslab.spans import Span, sort_key

Said = Mapping[str, Sequence[Span]]
"""What each annotator says about a recording in a view, by name."""

QUESTIONS = {
    CONFLICT: "which label?",
    MISSED: "is it there?",
    ONSET: "where does it begin?",
    OFFSET: "where does it end?",
    BORDER: "where does it begin or end?",
    SPLIT: "one or several?",
    INSTANT: "is it there?",
    MOVED: "when?",
}
"""What a dispute is about, by kind, as a reviewer is asked."""

GONE = "is disputed no more: a reading has changed. Nothing is to be said here."

MOST_WORDS = 6
"""Spans of a reading that a line names."""


def write_window(
    project: Project, window: Window, recording: Recording, said: Said, shape: Shape
) -> None:
    """Writes the CSV of a window below ``tasks/``.

    Raises:
        DataError: The recording cannot be read.
        ProjectError: The file cannot be written.
    """
    task = window.task
    times = row_times(task, recording)
    columns = {
        line.column(letter): lane_values(line, said.get(window.letters.get(letter, ""), ()), times)
        for letter in shape.letters
        for line in shape.lines
    }
    write_task_csv(task, recording, project.root / task.csv, columns)


def is_written(project: Project, window: Window, shape: Shape) -> bool:
    """Whether the CSV of a window is there, with all columns that the config wants."""
    path = project.root / window.task.csv
    if not path.is_file():
        return False
    with path.open(encoding="utf-8") as file:
        header = file.readline().strip().split(",")
    return header == [*column_names(window.task), *shape.columns]


def what_lanes_show(window: Window, said: Said) -> str:
    """Hash of the readings as a window's lanes show them: it changes when a reading does."""
    task = window.task
    shown = [
        (letter, span.tier, span.label, span.start_us, span.end_us)
        for letter, name in sorted(window.letters.items())
        for span in sorted(said.get(name, ()), key=sort_key)
        if span.start <= task.end and span.end >= task.start
    ]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def disputes_as_regions(project: Project, window: Window, recording: Recording) -> TaskPrediction:
    """The disputes as regions that the reviewer finds in the task."""
    domain, task = project.domain, window.task
    least = SEEN * (task.end - task.start)
    spans = [
        Span(
            *_wide_enough(case, least, (task.start, task.end)),
            label=dispute_label(number),
            tier=DISPUTE,
            id=case.id,
        )
        for number, case in enumerate(window.cases, start=1)
    ]
    result, exact = to_regions(spans, task, row_ticks(task, recording), domain)
    times = {
        case.id: (*exact[case.id][:2], case.start / 1e6, case.end / 1e6) for case in window.cases
    }
    return TaskPrediction(task.id, None, result, times)


def _wide_enough(case: Case, least: float, within: tuple[float, float]) -> tuple[float, float]:
    start, end = case.start / 1e6, case.end / 1e6
    missing = max(least - (end - start), 0) / 2
    return max(start - missing, within[0]), min(end + missing, within[1])


def dispute_lines(
    project: Project, window: Window, said: Said, live: Collection[str] | None = None
) -> str:
    """One line of Markdown for each dispute: what it is about, and who says what there.

    Args:
        project: The project folder.
        window: What is asked.
        said: What everybody says.
        live: Marks of the disputes that there are; None is all.
    """
    tiers = project.domain.view_tiers(window.task.view)
    titles = {tier.name: f" {tier.title or tier.name}:" if len(tiers) > 1 else "" for tier in tiers}
    lines = [
        f"**{number}.** {_when(case, window)}{titles[case.tier]} {_question(case)} {DOT} "
        + f" {DOT} ".join(
            f"**{letter}** {_in_words(case, said.get(name, ()))}"
            for letter, name in sorted(window.letters.items())
        )
        if live is None or case.mark in live
        else f"**{number}.** {_when(case, window)} {GONE}"
        for number, case in enumerate(window.cases, start=1)
    ]
    return "\n\n".join([*_silent(window, said), *lines])


def _silent(window: Window, said: Said) -> Iterator[str]:
    """Readings that mark nothing where several things are disputed: that is one question."""
    task, tiers = window.task, {case.tier for case in window.cases}
    for letter, name in sorted(window.letters.items()):
        shown = (s for s in said.get(name, ()) if s.start <= task.end and s.end >= task.start)
        if len(window.cases) > 1 and not any(span.tier in tiers for span in shown):
            yield f"**{letter} marks nothing in this window.** One answer may hold for all of it."


def _when(case: Case, window: Window) -> str:
    """When a dispute begins, and its end where that is not shown."""
    if case.end <= window.task.end_us:
        return _at(case.start)
    return f"{between(case.start, case.end)}, longer than this window,"


def about(cases: Sequence[Case]) -> str:
    """What disputes are about, each kind once."""
    return ", ".join(sorted({case.kind for case in cases}))


def _question(case: Case) -> str:
    return QUESTIONS.get(case.kind, "what is right?")


def _at(microseconds: int) -> str:
    """A time as the time axis writes it, without zeros that say nothing: ``00:01:21.5``."""
    milliseconds = round(microseconds / 1000)
    seconds, rest = divmod(milliseconds, 1000)
    days, seconds = divmod(seconds, 86_400)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    text += f".{rest:03d}".rstrip("0") if rest else ""
    return f"{days}d {text}" if days else text


def _in_words(case: Case, spans: Sequence[Span]) -> str:
    """What a reading says in a dispute."""
    found = [
        span
        for span in sorted(spans, key=sort_key)
        if span.tier == case.tier and span.start_us <= case.end and span.end_us >= case.start
    ]
    if case.kind not in SHIFTS:
        found = [
            s for s in found if s.is_instant or (s.start_us < case.end and s.end_us > case.start)
        ]
    words = [_span_in_words(span) for span in found[:MOST_WORDS]]
    if len(found) > MOST_WORDS:
        words.append(f"and {len(found) - MOST_WORDS} more")
    return ", ".join(words) or "nothing"


def _span_in_words(span: Span) -> str:
    name = re.sub(r"([\\`*_\[\]()#!|~])", r"\\\1", html.escape(span.label))
    if span.is_instant:
        return f"{name} {_at(span.start_us)}"
    return f"{name} {between(span.start_us, span.end_us)}"


def between(start: int, end: int) -> str:
    """A stretch as the time axis writes times; microseconds."""
    return f"{_at(start)}\u2013{_at(end)}"


def task_document(
    project: Project,
    window: Window,
    said: Said,
    keys: Sequence[tuple[str, str]],
    live: Collection[str] | None = None,
) -> dict[str, Any]:
    """The window as Label Studio gets it.

    Args:
        project: The project folder.
        window: What is asked.
        said: Annotators' spans.
        keys: All verdicts of the review's project and their keys.
        live: Marks of the disputes that there are now; None is all.
    """
    cases = [case for case in window.cases if live is None or case.mark in live]
    document, count = window.task.to_json(), counted(len(cases), "disputes")
    document["data"] |= answers(keys, window.letters)
    document["data"] |= {
        "disputes": dispute_lines(project, window, said, live),
        "window": f"{between(window.task.start_us, window.task.end_us)}, {count}",
        "about": about(cases),
        "count": len(cases),
        "cost": round(sum(case.cost for case in cases), 2),
    }
    return document


def with_exact(window: Window, prediction: TaskPrediction) -> Window:
    """The window with the exact times of its regions."""
    return replace(window, exact={**window.exact, **prediction.exact})
