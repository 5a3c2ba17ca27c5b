"""Spans to Label Studio's region JSON and back; no other module knows the format.

Times in regions are units of the task's time column. They sit on row times, because the editor
would draw nothing else; the exact time of a predicted span is kept beside the prediction under the
region's id and comes back wherever nobody moved that boundary.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tslab.contracts import Finding
from tslab.domain import Domain, RegionField, TaskField
from tslab.errors import did_you_mean
from tslab.spans import FieldValue, Span
from tslab.task import Task

if TYPE_CHECKING:
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

OBJECT = "ts"
"""Name of the TimeSeries tag in every config that tslab builds."""

LABELS_TYPE = "timeserieslabels"
Exact = dict[str, tuple[int, int, float, float]]
"""Region id -> start and end tick as sent, exact start and end in seconds."""


def field_type(item: RegionField | TaskField) -> str:
    """Label Studio's type of the control that asks for a field."""
    return {"rating": "rating", "number": "number", "text": "textarea"}.get(item.kind, "choices")


def to_regions(
    spans: Sequence[Span], task: Task, ticks: IntArray, domain: Domain
) -> tuple[list[dict[str, Any]], Exact]:
    """Region JSON of spans that lie in the task's window.

    Args:
        spans: In recording time, with ids that are unique in the task.
        task: The window.
        ticks: The task's time column, int64 ``(rows,)``; the last row is the window's end.
        domain: Knows the fields.

    Returns:
        Results as Label Studio wants them, and the exact times by region id.
    """
    results: list[dict[str, Any]] = []
    exact: Exact = {}
    for span in spans:
        first, last = _snap(span, task, ticks)
        exact[span.id] = (first, last, span.start, span.end)
        value = _time_value(first, last, span.is_instant, task)
        common = {"id": span.id, "to_name": OBJECT, "origin": "prediction"}
        label: dict[str, Any] = {
            **common,
            "from_name": span.tier,
            "type": LABELS_TYPE,
            "value": {**value, LABELS_TYPE: [span.label]},
        }
        if span.score is not None:
            label["score"] = round(span.score, 4)
        results.append(label)
        for item in domain.fields:
            if item.name in span.fields:
                kind = field_type(item)
                answer = _encode(item, span.fields[item.name])
                results.append(
                    {
                        **common,
                        "from_name": item.name,
                        "type": kind,
                        "value": {**value, kind_key(kind): answer},
                    }
                )
    return results, exact


def kind_key(kind: str) -> str:
    """Key of a control's answer in a result's value."""
    return "text" if kind == "textarea" else kind


def _snap(span: Span, task: Task, ticks: IntArray) -> tuple[int, int]:
    """Row times nearest to a span's borders; a range never becomes empty."""
    first = _nearest(ticks, span.start_us / task.tick_us + task.axis_offset)
    last = _nearest(ticks, span.end_us / task.tick_us + task.axis_offset)
    if span.is_instant:
        inside = min(first, len(ticks) - 2) if span.start_us < task.end_us else first
        return int(ticks[inside]), int(ticks[inside])
    if ticks[last] <= ticks[first]:
        middle = (span.start_us + span.end_us) / 2 / task.tick_us + task.axis_offset
        first, last = _row_around(ticks, first, middle)
    return int(ticks[first]), int(ticks[last])


def _row_around(ticks: IntArray, index: int, wanted: float) -> tuple[int, int]:
    """Neighbouring rows around a time that is nearest to the row `index`.

    Rows may share a tick where sampling is irregular; then the next row of another tick is meant.
    """
    before = int(np.searchsorted(ticks, ticks[index])) - 1
    after = int(np.searchsorted(ticks, ticks[index], side="right"))
    if before >= 0 and (wanted < ticks[index] or after == len(ticks)):
        return before, index
    return (index, after) if after < len(ticks) else (index, index)


def _nearest(ticks: IntArray, wanted: float) -> int:
    right = int(np.searchsorted(ticks, wanted))
    if right == 0:
        return 0
    if right == len(ticks):
        return len(ticks) - 1
    return right if ticks[right] - wanted <= wanted - ticks[right - 1] else right - 1


def _time_value(first: int, last: int, instant: bool, task: Task) -> dict[str, Any]:
    if axis_is_text(task.tick_us):
        return {"start": str(first), "end": str(last), "instant": instant}
    return {"start": first, "end": last, "instant": instant}


def axis_is_text(tick_us: int) -> bool:
    """Whether the axis has a timeFormat: then the editor answers with texts, else with numbers."""
    return tick_us == 1000


def _encode(item: RegionField | TaskField, answer: FieldValue) -> object:
    if item.kind == "rating":
        return int(float(answer))  # type: ignore[arg-type]
    if item.kind == "number":
        return float(answer)  # type: ignore[arg-type]
    return [str(part) for part in answer] if isinstance(answer, tuple) else [str(answer)]


class Lost(NamedTuple):
    """A region that somebody drew and nobody can use.

    Attributes:
        region: Its id.
        tier: Its control, "" where nothing says so.
        code: Of the finding that says why.
        between: Where it lies in microseconds, None if it has no times.
    """

    region: str
    tier: str
    code: str
    between: tuple[float, float] | None = None


@dataclass(slots=True)
class Reading:
    """What came back from one annotation of one task.

    Attributes:
        spans: In recording time, sorted by the order of the regions.
        task_fields: Answers about the whole task.
        findings: What could not be used, and what was mended.
        lost: Regions among what could not be used.
    """

    spans: list[Span] = field(default_factory=list)
    task_fields: dict[str, FieldValue] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)


def from_regions(
    results: Sequence[Mapping[str, Any]], task: Task, domain: Domain, exact: Exact | None = None
) -> Reading:
    """Spans of region JSON; a region with labels of two controls becomes two spans.

    Nothing raises: what cannot be used is left out and reported.

    Args:
        results: ``result`` of one annotation or prediction.
        task: The window.
        domain: Knows tiers, labels and fields.
        exact: Exact times of predicted spans by region id.
    """
    reading = Reading()
    labelled: list[Mapping[str, Any]] = []
    place = _Place(task, domain, exact, reading)
    answers: dict[str, dict[str, FieldValue]] = {}
    for result in results:
        value = result.get("value") if isinstance(result, Mapping) else None
        if not isinstance(result, Mapping):
            reading.findings.append(_finding("TSL081", task, "a result is no object"))
            reading.lost.append(Lost("", "", "TSL081"))
            continue
        if not isinstance(value, Mapping):
            if result.get("type") != "relation":
                reading.findings.append(_finding("TSL081", task, "a result has no value"))
            if result.get("type") == LABELS_TYPE:
                reading.lost.append(_lost(result, task, "TSL081"))
            continue
        if result.get("type") == LABELS_TYPE:
            labelled.append(result)
        else:
            _read_answer(result, place, answers)
    for result in labelled:
        fields = answers.get(str(result.get("id", "")), {})
        for label in _labels(result["value"]):
            span = _read_span(label, result, fields, place)
            if span is not None:
                reading.spans.append(span)
            else:
                reading.lost.append(_lost(result, task, reading.findings[-1].code))
    return reading


def _lost(result: Mapping[str, Any], task: Task, code: str) -> Lost:
    times = _ticks(result.get("value") or {})
    between = None
    if all(map(math.isfinite, times)):
        start, end = sorted((tick - task.axis_offset) * task.tick_us for tick in times)
        between = start, end
    return Lost(str(result.get("id", "")), str(result.get("from_name", "")), code, between)


def _labels(value: Mapping[str, Any]) -> list[str]:
    raw = value.get(LABELS_TYPE) or [""]
    return [str(label) for label in raw] if isinstance(raw, (list, tuple)) else [str(raw)]


def _read_answer(
    result: Mapping[str, Any], place: _Place, answers: dict[str, dict[str, FieldValue]]
) -> None:
    task, domain, reading = place.task, place.domain, place.reading
    name = str(result.get("from_name", ""))
    per_region = next((f for f in domain.fields if f.name == name), None)
    per_task = next((f for f in domain.task_fields if f.name == name), None)
    item = per_region or per_task
    if item is None:
        hint = did_you_mean(name, [f.name for f in (*domain.fields, *domain.task_fields)])
        reading.findings.append(_finding("TSL082", task, f"control '{name}' is no field", hint))
        return
    try:
        answer = _decode(item, result["value"])
    except (TypeError, ValueError):
        text = f"region '{result.get('id', '')}': the answer to '{name}' is not usable"
        reading.findings.append(_finding("TSL081", task, text, "Answer it again."))
        return
    if answer is None:
        return
    if per_region is not None:
        answers.setdefault(str(result.get("id", "")), {})[name] = answer
    else:
        reading.task_fields[name] = answer


def _decode(item: RegionField | TaskField, value: Mapping[str, Any]) -> FieldValue | None:
    raw = value.get(kind_key(field_type(item)))
    if raw is None or raw == []:
        return None
    if item.kind in ("rating", "number"):
        number = float(raw)
        if not math.isfinite(number):
            raise ValueError(raw)
        return number
    parts = raw if isinstance(raw, list) else [raw]
    texts = tuple(str(part) for part in parts)
    if item.kind == "text":
        return "\n".join(texts)
    return texts if item.multiple else texts[0]


@dataclass(frozen=True, slots=True)
class _Place:
    """What the reading of one annotation needs everywhere."""

    task: Task
    domain: Domain
    exact: Exact | None
    reading: Reading


def _read_span(
    label: str, result: Mapping[str, Any], fields: dict[str, FieldValue], place: _Place
) -> Span | None:
    task, domain, reading = place.task, place.domain, place.reading
    region, value = str(result.get("id", "")), result["value"]
    name = str(result.get("from_name", ""))
    tier = next((tier for tier in domain.tiers if tier.name == name), None)
    if tier is None:
        hint = did_you_mean(name, [tier.name for tier in domain.tiers])
        hint = hint or "Pull with the config that it was made with."
        reading.findings.append(_finding("TSL082", task, f"control '{name}' is no tier", hint))
        return None
    if tier.label(label) is None:
        hint = did_you_mean(label, [known.name for known in tier.labels])
        hint = hint or "Relabel the region, or bring the label back in tslab.yaml."
        text = f"label '{label}' is not in tier '{name}'"
        reading.findings.append(_finding("TSL083", task, text, hint))
        return None
    times = _read_times(region, value, task, place.exact, reading)
    if times is None:
        return None
    score = result.get("score")
    usable = isinstance(score, (int, float)) and 0 <= score <= 1
    return Span(
        start=times[0],
        end=times[1],
        label=label,
        tier=name,
        score=float(score) if usable and score is not None else None,
        fields=fields,
        id=region,
        origin=_origin(result, place.exact),
    )


def _origin(result: Mapping[str, Any], exact: Exact | None) -> str:
    """Where a region comes from; the editor's own word is wrong after an arrow key or Ctrl+D."""
    origin = str(result.get("origin", ""))
    if origin != "prediction" or exact is None:
        return origin
    sent = exact.get(str(result.get("id", "")))
    if sent is None:
        return "manual"
    value = result["value"]
    same = (float(value["start"]), float(value["end"])) == (sent[0], sent[1])
    return "prediction" if same else "prediction-changed"


def _ticks(value: Mapping[str, Any]) -> tuple[float, float]:
    """Start and end in units of the task's time column, not a number where there are none."""
    try:
        return float(value["start"]), float(value["end"])
    except (KeyError, OverflowError, TypeError, ValueError):
        return math.nan, math.nan


def _read_times(
    region: str, value: Mapping[str, Any], task: Task, exact: Exact | None, reading: Reading
) -> tuple[float, float] | None:
    first, last = _ticks(value)
    if not (math.isfinite(first) and math.isfinite(last)) or last < first:
        text = f"region '{region}' runs from {value.get('start')!r} to {value.get('end')!r}"
        reading.findings.append(_finding("TSL061", task, text, "Delete or redraw it."))
        return None
    sent = (exact or {}).get(region)
    borders: list[float] = []
    left = 0
    for side, tick in enumerate((first, last)):
        if sent is not None and tick == sent[side]:
            borders.append(sent[2 + side])
            continue
        at = (tick - task.axis_offset) * task.tick_us
        inside = min(max(at, task.start_us), task.end_us)
        if abs(at - inside) > task.tick_us:
            # An arrow key moves a border by 1000 units, wherever that leads.
            left += 1
        borders.append(_at_border(inside, task))
    if last > first and borders[0] in (task.start, task.end) and borders[1] <= borders[0]:
        text = f"region '{region}' lies outside its window and is left out"
        reading.findings.append(_finding("TSL084", task, text, "Delete or redraw it."))
        return None
    if left:
        text = f"region '{region}' left its window and was cut to it"
        reading.findings.append(_finding("TSL084", task, text, "Look at it in Label Studio."))
    return borders[0], max(borders)


def _at_border(microseconds: float, task: Task) -> float:
    """Seconds; a boundary on the window's border gets exactly the border's time."""
    if abs(microseconds - task.start_us) <= task.tick_us / 2:
        return task.start
    if abs(microseconds - task.end_us) <= task.tick_us / 2:
        return task.end
    return microseconds / 1e6


def _finding(code: str, task: Task, message: str, remedy: str = "") -> Finding:
    return Finding(code, "warning", message, f"task {task.id}", remedy)
