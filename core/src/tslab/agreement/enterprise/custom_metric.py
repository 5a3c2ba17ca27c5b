"""A user's own measure: a function with the signature of Label Studio's custom metrics.

``--metric FILE.py:FUNCTION`` runs the file that the user names, and nothing else. The function gets
two annotations shaped as Label Studio exports them: `def agreement(annotation_1, annotation_2,
per_label=False) -> float | dict`.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tslab.agreement.attributes.metrics import Regions
from tslab.agreement.enterprise.controls import Control
from tslab.agreement.enterprise.scores import mean_rows
from tslab.agreement.kernels.common_time import common_ticks
from tslab.agreement.kernels.contingency import all_kinds
from tslab.agreement.panel import TimeSettings
from tslab.agreement.values import NO_SCORE, Row, Value
from tslab.domain import RegionField
from tslab.errors import DataError, TslabError
from tslab.spans import FieldValue

Function = Callable[..., Any]
LABELS = "timeserieslabels"
TYPES = {"rating": "rating", "number": "number", "text": "textarea"}
KEYS = {"textarea": "text"}


@dataclass(frozen=True, slots=True)
class CustomMetric:
    """A function and where it comes from.

    Attributes:
        name: Name of the function.
        path: The file.
        function: What is called.
    """

    name: str
    path: Path
    function: Function

    def score(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> float | None:
        """The score of two annotations; None for NaN.

        Raises:
            DataError: The function failed, or answered no number.
        """
        return self._number(self._call(one, other, per_label=False))

    def per_label(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, float]:
        """Scores of labels; empty where the function has none.

        Raises:
            DataError: The function failed, or answered something else.
        """
        found = self._call(one, other, per_label=True)
        if not isinstance(found, Mapping):
            return {}
        scores = {str(label): self._number(score) for label, score in found.items()}
        return {label: score for label, score in scores.items() if score is not None}

    def _call(self, one: Mapping[str, Any], other: Mapping[str, Any], *, per_label: bool) -> object:
        try:
            with redirect_stdout(sys.stderr):  # stdout is for the result
                return self.function(one, other, per_label=per_label)
        except (Exception, SystemExit) as error:  # the user's code may raise anything
            raise _failed(self.path, f"'{self.name}' failed", error) from error

    def _number(self, found: object) -> float | None:
        if isinstance(found, bool | int | float | np.number) and not isinstance(found, complex):
            value = float(found)
            if math.isnan(value):
                return None
            if 0 <= value <= 1:
                return value
            said = f"{value:g}, which is not from 0 to 1"
        else:
            said = f"{type(found).__name__}, not a number"
        raise DataError(
            f"'{self.path.name}:{self.name}' answered {said}",
            "Return a number from 0 to 1; with per_label, a dictionary of them.",
        )


def load_metric(place: str) -> CustomMetric:
    """The function that ``FILE.py:FUNCTION`` names; runs the file.

    Raises:
        DataError: There is no such file or function, or running the file failed.
    """
    name, _, function = place.rpartition(":")
    path = Path(name)
    if not name or not function.isidentifier():
        raise DataError(f"'{place}' names no function", "Write it as FILE.py:FUNCTION.")
    if not path.is_file():
        raise DataError(f"there is no file '{name}'", "Give the path of the Python file.")
    spec = importlib.util.spec_from_file_location(f"tslab_custom_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise DataError(f"'{name}' is no Python file", "Give a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        raise _failed(path, "cannot be run", error) from error
    found = getattr(module, function, None)
    if not callable(found):
        raise DataError(
            f"'{path.name}' has no function '{function}'",
            "Define it: def agreement(annotation_1, annotation_2, per_label=False).",
        )
    return CustomMetric(function, path, found)


def _failed(path: Path, what: str, error: BaseException) -> TslabError:
    """What went wrong, and in which line of the user's file."""
    if isinstance(error, SyntaxError) and error.lineno:
        line: int | None = error.lineno
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f.lineno for f in frames if Path(f.filename).resolve() == path.resolve()]
        line = own[-1] if own else None
    place = f"'{path}'" + (f", line {line}" if line else "")
    told = str(error).splitlines()[0] if str(error) else "no message"
    return DataError(f"{place}: {what}: {type(error).__name__}: {told}", "Mend the function.")


def custom_rows(
    metric: CustomMetric,
    regions: Regions,
    fields: Sequence[RegionField],
    intervals: TimeSettings | None = None,
) -> list[Row]:
    """Rows ``custom/FUNCTION`` at all levels; labels have what the function says of them.

    Raises:
        DataError: The function failed, or answered no number.
    """
    intervals = intervals or TimeSettings()
    name = f"custom/{metric.name}"
    whole, labels = custom_controls(metric, regions, fields)
    rows = list(mean_rows(whole, regions.readers, name, intervals))
    pairs, _ = all_kinds(regions.table, regions.readers)
    if not whole.scores and common_ticks(regions.table, pairs).any():
        rows = [replace(row, value=Value(None, NO_SCORE)) for row in rows]
    for label, control in labels.items():
        rows += [
            replace(row, tier=regions.tier, by="label", of=(label,))
            for row in mean_rows(control, regions.readers, name, intervals)
            if row.by == "overall" and row.value.value is not None
        ]
    return rows


def custom_controls(
    metric: CustomMetric, regions: Regions, fields: Sequence[RegionField]
) -> tuple[Control, dict[str, Control]]:
    """Scores of a user's function, of all labels together and of each one that it answers for.

    Args:
        metric: The function.
        regions: What was marked.
        fields: Fields about regions, whose answers are in the annotations.
    """
    table = regions.table
    pairs, _ = all_kinds(table, regions.readers)
    said = as_annotations(regions, fields)
    counts = {place: _labelled(one) for place, one in said.items()}
    whole, labels = Control(regions.tier, {}), dict[str, Control]()
    ticks = common_ticks(table, pairs)
    for pair, task in zip(*(part.tolist() for part in np.nonzero(ticks > 0)), strict=True):
        a, b = pairs[pair].tolist()
        one, other = said[task, a], said[task, b]
        key = table.annotators[a], table.annotators[b], table.tasks[task]
        marks = counts[task, a] + counts[task, b]
        score = metric.score(one, other)
        if score is not None:
            whole.scores[key] = score, marks
        for label, own in metric.per_label(one, other).items():
            labels.setdefault(label, Control(label, {})).scores[key] = own, marks
    return whole, labels


def as_annotations(
    regions: Regions, fields: Sequence[RegionField]
) -> dict[tuple[int, int], dict[str, Any]]:
    """Annotations as Label Studio exports them, by positions of task and reader; seconds."""
    table = regions.table
    seen = zip(table.reviewed.task.tolist(), table.reviewed.annotator.tolist(), strict=True)
    said: dict[tuple[int, int], dict[str, Any]] = {
        (task, who): {
            "id": task * len(table.annotators) + who + 1,
            "task": table.tasks[task],
            "completed_by": table.annotators[who],
            "ground_truth": table.annotators[who] == regions.readers.reference,
            "result": [],
        }
        for task, who in seen
    }
    for place, results in _results(regions, fields):
        said[place]["result"] += results
    return said


def _results(
    regions: Regions, fields: Sequence[RegionField]
) -> Iterator[tuple[tuple[int, int], list[dict[str, Any]]]]:
    """Results of each region: its labels, and what was answered about it."""
    table = regions.table
    rows: dict[tuple[int, ...], list[str]] = {}
    columns = (table.task, table.annotator, table.region, table.start, table.end)
    for row, key in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        rows.setdefault(key, []).append(table.labels[table.label[row]])
    for (task, who, region, start, end), labels in rows.items():
        time = {"start": start / 1e6, "end": end / 1e6, "instant": start == end}
        common = {"id": f"r{region}", "to_name": "ts"}
        value = {**time, LABELS: labels}
        results = [{**common, "from_name": regions.tier, "type": LABELS, "value": value}]
        answers = regions.answers.get(region, {})
        for item in fields:
            if item.name in answers:
                kind = TYPES.get(item.kind, "choices")
                own = {**time, KEYS.get(kind, kind): _encoded(kind, answers[item.name])}
                results.append({**common, "from_name": item.name, "type": kind, "value": own})
        yield (task, who), results


def _encoded(kind: str, answer: FieldValue) -> object:
    if kind in ("rating", "number"):
        return answer
    return list(answer) if isinstance(answer, tuple) else [answer]


def _labelled(annotation: Mapping[str, Any]) -> int:
    return sum(result["type"] == LABELS for result in annotation["result"])
