"""Cuts spans of a recording into its windows, and joins the parts again.

The parts of one cut span carry ids with one stem: ``k3J9xQ2a~1``, ``k3J9xQ2a~2``. The editor makes
ids of letters, digits, ``_`` and ``-``, so ``~`` cannot come from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tslab.contracts import Finding
from tslab.domain import Domain
from tslab.spans import Span, sort_key, to_microseconds
from tslab.task import Task

PART_MARK = "~"


def span_id(seed: str, span: Span) -> str:
    """An id of ten characters that is the same on every run.

    Args:
        seed: What tells apart equal spans of different recordings or models.
        span: The span.
    """
    fields = sorted((key, repr(value)) for key, value in span.fields.items())
    text = f"{seed}|{span.tier}|{span.label}|{span.start_us}|{span.end_us}|{fields}"
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def with_ids(spans: Sequence[Span], seed: str) -> list[Span]:
    """The spans, sorted, each with an id of its own; ids that exist are kept."""
    times: dict[str, int] = {}
    taken: set[str] = set()
    named = []
    for span in sorted(spans, key=sort_key):
        first = name = span.id or span_id(seed, span)
        while name in taken:
            times[first] = times.get(first, 1) + 1
            name = f"{first}x{times[first]}"
        taken.add(name)
        named.append(replace(span, id=name))
    return named


def cut(spans: Sequence[Span], tasks: Sequence[Task]) -> dict[str, list[Span]]:
    """Spans by task id, times still those of the recording, each inside its window.

    A window is half-open: a border belongs to the window that it starts; a border that starts
    none, such as the recording's last moment, to the window that it ends.

    Args:
        spans: With ids; ids of parts are made of them.
        tasks: Windows of one recording and view, sorted, not overlapping.
    """
    parts: dict[str, list[Span]] = {task.id: [] for task in tasks}
    starts = {task.start_us for task in tasks}
    closing = {task.id for task in tasks if task.end_us not in starts}
    for span in spans:
        touched = [task for task in tasks if _inside(span, task, task.id in closing)]
        for number, task in enumerate(touched, start=1):
            name = span.id if len(touched) == 1 else f"{span.id}{PART_MARK}{number}"
            start = task.start if span.start_us < task.start_us else span.start
            end = task.end if span.end_us > task.end_us else span.end
            start, end = max(start, 0.0), max(end, start)
            parts[task.id].append(replace(span, start=start, end=end, id=name))
    return parts


def _inside(span: Span, task: Task, closes: bool) -> bool:
    if span.start_us == span.end_us:
        at_the_end = closes and span.start_us == task.end_us
        return task.start_us <= span.start_us < task.end_us or at_the_end
    return span.start_us < task.end_us and span.end_us > task.start_us


@dataclass(slots=True)
class _Part:
    span: Span
    window: int


def stitch(
    parts: Mapping[str, Sequence[Span]],
    tasks: Sequence[Task],
    domain: Domain,
    join_events: bool = False,
) -> tuple[list[Span], list[Finding]]:
    """Joins the parts of cut spans, for one annotator or one model.

    Two spans on both sides of a border become one when their ids share a stem, or when they are
    equal states that touch there. Other touching spans stay two: only who drew them knows better.

    Args:
        parts: Spans by task id, in recording time.
        tasks: Windows of one recording and view.
        domain: Knows which tiers are states.
        join_events: Whether equal intervals that touch at a border become one, too.

    Returns:
        Spans sorted by time, and a finding for each pair whose fields contradict each other, and
        for each two of which nobody can tell whether they are one event.
    """
    ordered = sorted(tasks, key=lambda task: task.start_us)
    kinds = ("states", "intervals") if join_events else ("states",)
    joining = {tier.name for tier in domain.tiers if tier.kind in kinds}
    whole: list[Span] = []
    findings: list[Finding] = []
    open_parts: list[_Part] = []
    for window, task in enumerate(ordered):
        still_open: list[_Part] = []
        previous = ordered[window - 1] if window else None
        for span in sorted(parts.get(task.id, ()), key=sort_key):
            current = span
            if previous is not None and span.start_us == task.start_us and not span.is_instant:
                touching = to_microseconds(previous.end) == task.start_us
                match = _match(open_parts, span, joining if touching else set())
                if match is not None:
                    open_parts.remove(match)
                    current, finding = _join(match.span, span, task)
                else:
                    finding = _still_two(open_parts, span, task) if touching else None
                if finding is not None:
                    findings.append(finding)
            if current.end_us == task.end_us and not current.is_instant:
                still_open.append(_Part(current, window))
            else:
                whole.append(_without_part_number(current))
        whole += [_without_part_number(part.span) for part in open_parts]
        open_parts = still_open
    whole += [_without_part_number(part.span) for part in open_parts]
    return sorted(whole, key=sort_key), findings


def _match(open_parts: Sequence[_Part], span: Span, joining: set[str]) -> _Part | None:
    alike = _alike(open_parts, span)
    stem, number = _stem(span.id)
    for part in alike:
        other, other_number = _stem(part.span.id)
        if number and other == stem and other_number == number - 1:
            return part
    if span.tier in joining:
        return next(iter(alike), None)
    return None


def _alike(open_parts: Sequence[_Part], span: Span) -> list[_Part]:
    return [p for p in open_parts if p.span.tier == span.tier and p.span.label == span.label]


def _still_two(open_parts: Sequence[_Part], span: Span, task: Task) -> Finding | None:
    """Says that an event may be one: a person drew up to the border from both of its sides."""
    by_model = ("", "prediction")
    for part in _alike(open_parts, span):
        if part.span.origin not in by_model or span.origin not in by_model:
            return Finding(
                code="TSL126",
                severity="warning",
                message=f"'{span.label}' ends at the window's border and begins again there: "
                "counts as two events",
                place=f"task {task.id} at {task.start:g} s",
                remedy="If such are one event, set window: {join_events: true} in tslab.yaml, "
                "and pull again.",
            )
    return None


def _stem(name: str) -> tuple[str, int]:
    stem, mark, number = name.rpartition(PART_MARK)
    return (stem, int(number)) if mark and number.isdigit() else (name, 0)


def give_way(spans: Sequence[Span], domain: Domain) -> list[Span]:
    """States in which an untouched prediction gives way to what the annotator drew over it.

    The editor lets them overlap: who draws AFIB into a stretch that was predicted Normal means that
    it is AFIB there. What both sides of the drawing keep of the prediction carries its id.
    """
    states = {tier.name for tier in domain.tiers if tier.kind == "states"}
    drawn = [s for s in spans if s.tier in states and s.origin not in ("", "prediction")]
    kept: list[Span] = []
    for span in spans:
        pieces = [span]
        if span.tier in states and span.origin == "prediction":
            for other in drawn:
                if other.tier == span.tier:
                    pieces = [left for piece in pieces for left in _outside(piece, other)]
        kept += pieces
    return sorted(kept, key=sort_key)


def _outside(span: Span, other: Span) -> list[Span]:
    """What is left of a span beside another one."""
    if other.end_us <= span.start_us or other.start_us >= span.end_us:
        return [span]
    sides = [(span.start, other.start), (other.end, span.end)]
    left = [(a, b) for a, b in sides if to_microseconds(b) > to_microseconds(a)]
    return [replace(span, start=a, end=b, origin="prediction-changed") for a, b in left]


def _without_part_number(span: Span) -> Span:
    return replace(span, id=_stem(span.id)[0])


def _join(left: Span, right: Span, task: Task) -> tuple[Span, Finding | None]:
    """One span of two; what only one side says is kept, contradictions keep the left side."""
    clash = sorted(
        key
        for key in left.fields.keys() & right.fields.keys()
        if left.fields[key] != right.fields[key]
    )
    scores = [score for score in (left.score, right.score) if score is not None]
    changed = "prediction" if left.origin == right.origin == "prediction" else ""
    joined = replace(
        left,
        end=right.end,
        id=right.id,
        fields={**right.fields, **left.fields},
        score=min(scores) if scores else None,
        origin=changed or _edited(left.origin, right.origin),
    )
    if not clash:
        return joined, None
    finding = Finding(
        code="TSL080",
        severity="warning",
        message=f"the parts of '{left.label}' disagree on {', '.join(clash)}",
        place=f"task {task.id} at {task.start:g} s",
        remedy="The earlier part's answer is kept; make both equal in Label Studio.",
    )
    return joined, finding


def _edited(left: str, right: str) -> str:
    return left if left == right else "prediction-changed"
