"""Checks of tasks against the config that will show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tslab.contracts import Finding
from tslab.errors import did_you_mean
from tslab.lint.codes import finding
from tslab.lint.config_tree import Node, parse_config
from tslab.lint.identity import check_identity
from tslab.lint.prediction_report import is_number
from tslab.lint.task_csv import check_task_csv

__all__ = ["check_task_csv", "check_tasks"]

_VARIABLE = re.compile(r"\$(\w+)")
_INLINE = (dict, list)


def check_tasks(
    tasks: Sequence[Mapping[str, Any]],
    config_xml: str | bytes,
    *,
    source_names: Sequence[str] = (),
    identity: bool = True,
) -> list[Finding]:
    """All findings about tasks as Label Studio imports them.

    Args:
        tasks: Task JSON: ``data``, perhaps ``id`` and ``meta``.
        config_xml: The labeling config.
        source_names: Names of the files that the recordings came from; none may show.
        identity: Whether to look for texts that give a person away.
    """
    root, findings = parse_config(config_xml)
    if root is None:
        return findings
    needed = _variables(root)
    seen: dict[str, int] = {}
    for number, task in enumerate(tasks, 1):
        data = task.get("data")
        place = f"task {_task_id(task) or number}"
        if not isinstance(data, Mapping):
            findings.append(finding("TSL011", "the task has no data", place))
            continue
        findings += _check_id(task, number, seen, place)
        findings += _check_keys(data, needed, place)
        if identity:
            findings += check_identity(data, f"{place}.data", source_names)
            findings += check_identity(task.get("meta") or {}, f"{place}.meta", source_names)
    return findings


def _task_id(task: Mapping[str, Any]) -> str:
    data = task.get("data")
    own = data.get("task") if isinstance(data, Mapping) else None
    given = task.get("id", own)
    return "" if given is None else str(given)


def _check_id(
    task: Mapping[str, Any], number: int, seen: dict[str, int], place: str
) -> Iterator[Finding]:
    name = _task_id(task)
    if name and name in seen:
        text = f"the id '{name}' is that of task number {seen[name]} too"
        yield finding("TSL074", text, place)
    seen.setdefault(name, number)


def _variables(root: Node) -> dict[str, tuple[Node, bool]]:
    """Keys of task data that the config names, with the tag and whether the tag lives by it."""
    found: dict[str, tuple[Node, bool]] = {}
    for node in root.walk():
        if node.tag == "Style":
            continue
        for name, value in node.attributes.items():
            is_source = node.kind == "object" and name == "value"
            for key in _VARIABLE.findall(value):
                if is_source or key not in found:
                    found[key] = (node, is_source)
    return found


def _check_keys(
    data: Mapping[str, Any], needed: Mapping[str, tuple[Node, bool]], place: str
) -> Iterator[Finding]:
    for key, (node, is_source) in needed.items():
        if key not in data:
            hint = did_you_mean(key, data)
            text = f"data has no '{key}', which <{node.tag}> in line {node.line} shows"
            remedy = hint[:1].upper() + hint[1:]
            yield finding("TSL011", text, place, remedy, "error" if is_source else "warning")
        elif node.tag == "TimeSeries" and is_source:
            yield from _check_series(data[key], node, f"{place}.data.{key}")
        elif data[key] is None:
            yield finding("TSL012", "null is shown as nothing", f"{place}.data.{key}")


def _check_series(value: object, node: Node, place: str) -> Iterator[Finding]:
    if not isinstance(value, (str, *_INLINE)) or not value:
        text = f"{type(value).__name__} {str(value)[:30]!r} is no time series"
        yield finding("TSL012", text, place, "Write the address of a CSV.")
        return
    wants_url = node.get("valueType") != "json"
    if wants_url and not isinstance(value, str):
        text = 'inline data, but valueType is "url"'
        yield finding("TSL012", text, place, 'Write an address, or set valueType="json".')
    elif not wants_url and isinstance(value, str) and not value.lstrip().startswith("{"):
        text = 'an address, but valueType is "json"'
        yield finding("TSL012", text, place, 'Set valueType="url".')
    if isinstance(value, Mapping):
        yield from _check_inline(value, node, place)


def _check_inline(value: Mapping[str, Any], node: Node, place: str) -> Iterator[Finding]:
    for key in value:
        if key != key.lower():
            yield finding("TSL010", f"the editor looks for '{key.lower()}', not '{key}'", place)
    channels = [item.get("column") for item in node.walk() if item.tag == "Channel"]
    for column in filter(None, (node.get("timeColumn"), *channels)):
        if column.lower() not in {key.lower() for key in value}:
            hint = did_you_mean(column, value)
            text = f"inline data has no column '{column}'"
            yield finding("TSL008", text, place, hint[:1].upper() + hint[1:])
    lengths = {len(item) for item in value.values() if isinstance(item, list)}
    if len(lengths) > 1:
        text = f"columns have different lengths: {', '.join(map(str, sorted(lengths)))}"
        yield finding("TSL039", text, place)
    for column, cells in value.items():
        if isinstance(cells, list):
            is_time = column.lower() == node.get("timeColumn").lower()
            yield from _check_cells(cells, is_time, f"{place}, column '{column}'")


def _check_cells(cells: list[Any], is_time: bool, place: str) -> Iterator[Finding]:
    numbers = [cell for cell in cells if is_number(cell)]
    if is_time and len(numbers) == len(cells):
        back = next((i for i in range(1, len(cells)) if cells[i] < cells[i - 1]), 0)
        if back:
            yield finding("TSL020", f"row {back + 1} is before the row above", place)
    elif not is_time and len(numbers) < len(cells):
        row = next(i for i, cell in enumerate(cells) if not is_number(cell))
        if cells[row] is None:
            text = f"row {row + 1} is null, the line is drawn across the gap"
            yield finding("TSL035", text, place, "Split the task at the gap.", "warning")
        else:
            yield finding("TSL035", f"row {row + 1} is {cells[row]!r:.30}, no number", place)
