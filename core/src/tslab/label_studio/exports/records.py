"""Label Studio's JSON export as typed records, decoded without a dictionary for each region.

What the export carries beside them is skipped unread. A record that has another shape than Label
Studio writes costs speed, not the rest of the file: it is left out and counted.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tslab.agreement.tier_tables import Problems
from tslab.errors import DataError, counted

HALF_LETTER = re.compile(rb"\\u[dD][89a-fA-F]")
LONGEST_WINDOW = 10**15
"""Microseconds: no recording lasts for 30 years."""
LABELS_TYPE = "timeserieslabels"
SHAPE = "annotations of a shape that Label Studio does not write [is|are] left out"
ODD_PREDICTIONS = SHAPE.replace("annotations", "predictions")


class Value(msgspec.Struct, gc=False):
    """What a region says."""

    start: float | str | None = None
    end: float | str | None = None
    instant: Any = None
    timeserieslabels: list[str] | None = None
    choices: Any = None
    rating: Any = None
    number: Any = None
    text: Any = None
    taxonomy: Any = None


class Result(msgspec.Struct, gc=False):
    """One region, or one answer about a region or a task."""

    type: str = ""
    from_name: str = ""
    id: str | int | None = None
    value: Value | None = None


class User(msgspec.Struct, gc=False):
    """Who made an annotation, where the export spells it out."""

    id: int | str | None = None
    email: str | None = None


class Annotation(msgspec.Struct, gc=False):
    """What somebody submitted or skipped."""

    id: int | str | None = None
    completed_by: int | User | str | None = None
    result: list[Result] | None = None
    was_cancelled: bool | None = None
    ground_truth: bool | None = None


class Prediction(msgspec.Struct, gc=False):
    """What a model found."""

    id: int | str | None = None
    model_version: str | None = None
    result: list[Result] | None = None


class Window(msgspec.Struct, gc=False):
    """What tslab writes beside its own tasks."""

    tslab: int = 0
    start_us: int = 0
    end_us: int = 0
    tick_us: int = 0


class Task(msgspec.Struct, gc=False):
    """One task."""

    id: int | str | None = None
    annotations: list[Annotation] | None = None
    predictions: list[Prediction | int] | None = None
    drafts: list[msgspec.Raw] | None = None
    meta: msgspec.Raw = msgspec.Raw(b"null")
    data: msgspec.Raw = msgspec.Raw(b"null")

    def window(self) -> Window | None:
        """The window of a task that tslab made; None for all others."""
        try:
            found = msgspec.json.decode(self.meta, type=Window)
        except msgspec.MsgspecError:
            return None
        sound = found.tick_us and 0 <= found.start_us < found.end_us <= LONGEST_WINDOW
        return found if found.tslab and sound else None


def read_export(payload: bytes, name: str, problems: Problems) -> list[Task]:
    """The tasks of an export.

    Args:
        payload: The file's bytes.
        name: Its name, for messages.
        problems: Told about annotations that have no usable shape.

    Raises:
        DataError: The file is no JSON export of Label Studio.
    """
    try:
        tasks = msgspec.json.decode(payload, type=list[Task])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # A record of another shape; or NaN for a missing time, as Python's own writer has it.
        tasks = _one_by_one(_decoded(payload, name), problems)
    if not tasks:
        raise DataError(f"'{name}' holds no task", "Export the project again, with its tasks.")
    if not any(task.annotations or task.predictions for task in tasks):
        raise DataError(
            f"'{name}' holds {counted(len(tasks), 'tasks')} and no annotation",
            "Export as JSON; JSON-MIN, CSV and TSV leave out who marked what.",
        )
    return tasks


def _decoded(payload: bytes, name: str) -> list[Any]:
    import json

    try:
        document = json.loads(payload)
        if HALF_LETTER.search(payload):
            # Half a letter has no place in any other file.
            whole = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
            document = json.loads(whole)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"'{name}' is not valid JSON: {error}", "Export it again, as JSON."
        ) from error
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise DataError(f"'{name}' is no list of tasks", "Export the project as JSON.")
    return document


def _one_by_one(document: list[Any], problems: Problems) -> list[Task]:
    """Tasks of which only what has a usable shape is kept."""
    tasks = []
    for number, item in enumerate(document):
        place = f"task {item.get('id', number)}"
        kept: dict[str, Any] = {"id": _plain(item.get("id"))}
        for key, kind, odd in (
            ("annotations", Annotation, SHAPE),
            ("predictions", Prediction | int, ODD_PREDICTIONS),
        ):
            kept[key] = _usable(item.get(key), (kind, odd), place, problems)
        for key in ("meta", "data"):
            kept[key] = msgspec.Raw(msgspec.json.encode(item.get(key)))
        drafts = item.get("drafts")
        count = len(drafts) if isinstance(drafts, list) else 0
        tasks.append(Task(**kept, drafts=[msgspec.Raw(b"0")] * count))
    return tasks


def _usable(found: object, wanted: tuple[Any, str], place: str, problems: Problems) -> list[Any]:
    """Records of a list that can be read; regions that cannot are left out one by one."""
    kind, odd = wanted
    if found is not None and not isinstance(found, list):
        problems.add("TSL081", odd, place)
        return []
    usable = []
    for item in found or ():
        results = item.get("result") if isinstance(item, dict) else None
        listed = isinstance(results, list)
        try:
            record = msgspec.convert({**item, "result": []} if listed else item, kind)
        except msgspec.ValidationError:
            problems.add("TSL081", odd, place)
            continue
        if isinstance(results, list) and not isinstance(record, int):
            record.result = _results(results, place, problems)
        usable.append(record)
    return usable


def _results(found: list[Any], place: str, problems: Problems) -> list[Result]:
    results = []
    for item in found:
        try:
            results.append(msgspec.convert(item, Result))
        except msgspec.ValidationError:
            if isinstance(item, dict) and item.get("type") == LABELS_TYPE:
                # It stays without its value: whoever drew it did not find nothing.
                results.append(Result(LABELS_TYPE, str(item.get("from_name") or "")))
                continue
            problems.add("TSL081", "results of an unknown shape [is|are] left out", place)
    return results


def _plain(value: object) -> int | str | None:
    return value if isinstance(value, (int, str)) else None
