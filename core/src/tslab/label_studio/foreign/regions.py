"""Results of foreign projects become spans, and spans become results.

Nothing here raises: what people or other tools left in a project may be anything. What cannot be
used is counted by kind, and each kind is one line.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tslab.label_studio.foreign.axis import to_number
from tslab.label_studio.foreign.text import shown
from tslab.label_studio.regions import LABELS_TYPE
from tslab.spans import Span, sort_key

if TYPE_CHECKING:
    from tslab.label_studio.foreign.axis import TimeAxis
    from tslab.label_studio.foreign.config import ForeignConfig

_LONGEST = 100
_KINDS = {
    "broken": "{} with a form that no editor writes were left out",
    "relation": "{} that are relations between regions were left out",
    "control": "{} of controls that the labeling config does not have were left out",
    "unlabelled": "{} without a label were left out",
    "label": "{} with labels that the labeling config does not have were left out",
    "time": "{} with times that cannot be read were left out",
    "reversed": "{} that end before they start were left out",
    "outside": "{} beyond the series were left out",
    "cut": "{} that left the series were cut to it",
}
"""What can be wrong with a result, in the order of the report."""


@dataclass(slots=True)
class _Problems:
    """How many results have which problem, and the first example of each."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, *values: object) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind not in self.examples:
            self.examples[kind] = " to ".join(map(_brief, values))

    def lines(self) -> list[str]:
        return [
            text.format(f"{count} result{'s' if count > 1 else ''}") + f" ({self.examples[kind]})"
            for kind, text in _KINDS.items()
            if (count := self.counts.get(kind))
        ]


@dataclass(frozen=True, slots=True)
class _Region:
    """One label of one result, its times on the editor's axis and in seconds."""

    tier: str
    label: str
    keys: tuple[float, float]
    start: float
    end: float
    result: Mapping[str, Any]


def read_regions(
    result: object, axis: TimeAxis, config: ForeignConfig
) -> tuple[list[Span], list[str]]:
    """Spans of one annotation, prediction or context.

    A region with several labels becomes several spans. Answers of the project's other controls
    (choices, ratings, texts) are none of a segmenter's business and are passed over in silence.
    Where one range of a control ends on the row on which another begins, as they do when somebody
    draws one beside the other, both share no row: the first ends where the second begins.

    Args:
        result: ``result`` as Label Studio sends it; anything else counts as a problem.
        axis: The series that was labelled.
        config: Knows controls and labels.

    Returns:
        Spans in order of time, and one line for each kind of problem.
    """
    problems = _Problems()
    items = result if isinstance(result, (list, tuple)) else []
    if result is not None and items is not result:
        problems.add("broken", f"a {type(result).__name__} instead of a list")
    regions = [region for item in items for region in _read_result(item, axis, config, problems)]
    begins = {(region.tier, region.keys[0]) for region in regions if region.end > region.start}
    spans = [_span(region, begins, axis) for region in regions]
    return sorted(spans, key=sort_key), problems.lines()


def _read_result(
    item: object, axis: TimeAxis, config: ForeignConfig, problems: _Problems
) -> list[_Region]:
    if not isinstance(item, Mapping):
        problems.add("broken", f"a {type(item).__name__} in the list")
        return []
    value, name = item.get("value"), item.get("from_name")
    if item.get("type") == "relation":
        problems.add("relation", "relation")
        return []
    if not isinstance(value, Mapping) or not isinstance(name, str):
        problems.add("broken", "region", item.get("id"))
        return []
    tier = config.tier_of(name)
    if not tier:
        if name.strip().lower() not in config.other_controls:
            problems.add("control", name)
        return []
    if LABELS_TYPE not in value and item.get("type") != LABELS_TYPE:
        problems.add("broken", "region", item.get("id"))
        return []
    labels = _read_labels(value.get(LABELS_TYPE), tier, config, problems)
    times = _read_times(value, axis, problems) if labels else None
    if times is None:
        return []
    keys, start, end = times
    return [_Region(tier, label, keys, start, end, item) for label in labels]


def _read_labels(raw: object, tier: str, config: ForeignConfig, problems: _Problems) -> list[str]:
    texts = raw if isinstance(raw, (list, tuple)) else [raw]
    found: dict[str, None] = {}
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            problems.add("unlabelled", "no label")
        elif label := config.label_of(tier, text):
            found[label] = None
        else:
            problems.add("label", text)
    if not texts:
        problems.add("unlabelled", "no label")
    return list(found)


def _read_times(
    value: Mapping[str, Any], axis: TimeAxis, problems: _Problems
) -> tuple[tuple[float, float], float, float] | None:
    """Times on the editor's axis, start and end in seconds; None where there are none."""
    said = value.get("start"), value.get("end")
    first, last = map(axis.to_key, said)
    if math.isnan(first) or math.isnan(last):
        problems.add("time", *said)
        return None
    if last < first:
        problems.add("reversed", *said)
        return None
    # Zero length without "instant": false is an instant, as it is for the reference.
    if first == last and value.get("instant") is not False:
        start = end = axis.seconds_of(first)
    else:
        start, end = axis.range_of(first, last)
    inside = (max(start, 0.0), min(end, axis.duration))
    if inside[0] > inside[1] or (inside[0] == inside[1] and start < end):
        problems.add("outside", *said)
        return None
    if inside != (start, end):
        problems.add("cut", *said)
    return (first, last), *inside


def _span(region: _Region, begins: set[tuple[str, float]], axis: TimeAxis) -> Span:
    start, end = region.start, region.end
    first, last = region.keys
    if first < last and (region.tier, last) in begins:
        border = axis.seconds_of(last)
        end = border if start < border < end else end
    score = to_number(region.result.get("score"))
    return Span(
        start=start,
        end=end,
        label=region.label,
        tier=region.tier,
        score=score if 0 <= score <= 1 else None,
        id=_text(region.result.get("id")),
        origin=_text(region.result.get("origin")),
    )


def _brief(value: object) -> str:
    """A value in a report; what may be deep or long only by its type."""
    if isinstance(value, (str, float)) or (isinstance(value, int) and abs(value) < 1 << 64):
        return shown(str(value))
    return "nothing" if value is None else f"a {type(value).__name__}"


def _text(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def write_regions(
    spans: Sequence[Span], axis: TimeAxis, config: ForeignConfig
) -> list[dict[str, Any]]:
    """Results as Label Studio takes them: what the editor itself would have written.

    A range that holds one row only is drawn to the next one, because the editor cannot show it
    otherwise. Spans that touch are drawn touching. Labels that the config does not have are left
    out. Ids depend on the content alone, so the same spans always get the same ids.
    """
    known = [span for span in spans if span.label in config.values.get(span.tier, {})]
    rows = [(span, *_rows(span, axis)) for span in sorted(known, key=sort_key)]
    begins = {(span.tier, first) for span, first, _ in rows if not span.is_instant}
    results: list[dict[str, Any]] = []
    taken: dict[str, int] = {}
    for span, first, last in rows:
        result = _write(span, (first, _drawn_end(span, first, last, begins, axis)), axis, config)
        seed = repr((result["from_name"], result["value"]))
        taken[seed] = taken.get(seed, 0) + 1
        digest = hashlib.sha256(f"{seed}{taken[seed]}".encode(errors="replace"))
        results.append({"id": digest.hexdigest()[:12], **result})
    return results


def _rows(span: Span, axis: TimeAxis) -> tuple[int, int]:
    if span.is_instant:
        row = axis.nearest_row(span.start)
        return row, row
    return axis.rows_of(span.start, span.end)


def _drawn_end(
    span: Span, first: int, last: int, begins: set[tuple[str, int]], axis: TimeAxis
) -> int:
    """The row at which a range ends on the screen."""
    if span.is_instant or last + 1 == len(axis.keys):
        return last
    touches = (span.tier, last + 1) in begins and span.end >= axis.row_start(last + 1)
    if touches:
        return last + 1
    return axis.next_row(last) if axis.keys[last] == axis.keys[first] else last


def _write(
    span: Span, rows: tuple[int, int], axis: TimeAxis, config: ForeignConfig
) -> dict[str, Any]:
    first, last = rows
    if not span.is_instant and axis.keys[first] == axis.keys[last]:
        first = axis.previous_row(first)
    start, end = axis.written(first), axis.written(last)
    result: dict[str, Any] = {
        "from_name": config.control_of[span.tier],
        "to_name": config.object_name,
        "type": LABELS_TYPE,
        "value": {
            "start": start,
            "end": end,
            "instant": start == end,
            LABELS_TYPE: [config.values[span.tier][span.label]],
        },
    }
    if span.score is not None:
        result["score"] = round(span.score, 4)
    return result
