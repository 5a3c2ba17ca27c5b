"""Checks of predictions as Label Studio imports them; its server takes anything with a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tslab.contracts import Finding
from tslab.lint import time_formats
from tslab.lint.config_tree import Node, parse_config
from tslab.lint.controls import Control, controls_of
from tslab.lint.prediction_report import Report, hint, is_number, key_of
from tslab.lint.prediction_values import check_answer

Result = Mapping[str, Any]
Window = tuple[float, float]
Spans = dict[str, tuple[object, object]]
"""Region id -> start and end as written."""

_TIME_SERIES = "timeserieslabels"


@dataclass(frozen=True, slots=True)
class _Config:
    """What predictions are held against: controls, and timeFormat by object."""

    controls: Mapping[str, Control]
    formats: Mapping[str, str]

    @classmethod
    def of(cls, root: Node) -> _Config:
        series = [node for node in root.walk() if node.tag == "TimeSeries"]
        formats = {node.get("name"): node.get("timeFormat") for node in series}
        return cls(controls_of(root), formats)


def check_predictions(
    predictions: Sequence[Mapping[str, Any]],
    config_xml: str | bytes,
    windows: Mapping[Any, tuple[float, float]] | None = None,
) -> list[Finding]:
    """All findings about predictions.

    Args:
        predictions: Prediction JSON: ``task``, ``model_version``, ``score``, ``result``.
        config_xml: The labeling config.
        windows: First and last tick of each task's time axis by task id (milliseconds where the
            axis has dates); None checks no bounds.
    """
    root, findings = parse_config(config_xml)
    if root is None:
        return findings
    config = _Config.of(root)
    seen: set[tuple[str, str]] = set()
    for prediction in predictions:
        task, model = prediction.get("task"), prediction.get("model_version")
        report = Report(task, model, findings)
        _check_head(prediction, report, windows)
        key = (key_of(task), key_of(model))
        if task is not None and key in seen:
            report.add("TSL064", "an earlier prediction has the same task and model")
        seen.add(key)
        results = prediction.get("result")
        if isinstance(results, list):
            window = windows.get(task) if windows and isinstance(task, (str, int)) else None
            _check_results(results, config, report, window)
    return findings


def _check_head(
    prediction: Result, report: Report, windows: Mapping[Any, tuple[float, float]] | None
) -> None:
    if not isinstance(prediction.get("result"), list):
        report.add("TSL096", f"result is {prediction.get('result')!r:.40}, not a list")
    if not isinstance(report.model, str) or not report.model:
        report.add("TSL097", f"model_version is {report.model!r:.40}")
    if windows is not None and not (isinstance(report.task, (str, int)) and report.task in windows):
        known = [str(task) for task in windows] if len(windows) < 1000 else []
        report.add(
            "TSL098", f"there is no task {report.task!r:.60}", None, hint(report.task, known)
        )
    _check_score(prediction, report)


def _check_score(holder: Result, report: Report, result: Result | None = None) -> None:
    score = holder.get("score")
    if score is not None and not (is_number(score) and 0 <= score <= 1):
        report.add("TSL067", f"score {score!r:.40} is not a number from 0 to 1", result)


def _check_results(
    results: Sequence[Any], config: _Config, report: Report, window: Window | None
) -> None:
    seen: set[tuple[str, str]] = set()
    spans: Spans = {}
    answers: list[tuple[Result, Result, Control]] = []
    for result, value, control in _known_results(results, config, report):
        key = (key_of(result.get("id")), control.name)
        if result.get("id") and key in seen:
            text = f"region '{key[0]}' has two results of '{control.name}'"
            report.add("TSL063", text, result)
        seen.add(key)
        _check_score(result, report, result)
        check_answer(result, value, control, report)
        if control.draws:
            _check_region(result, value, (config, control), report, window)
            _remember(result, value, spans, report)
        elif control.per_region:
            answers.append((result, value, control))
    for result, value, _ in answers:
        _check_belongs(result, value, spans, report)


def _known_results(
    results: Sequence[Any], config: _Config, report: Report
) -> Iterator[tuple[Result, Result, Control]]:
    """Results of controls that exist, with their values; others become findings."""
    for result in results:
        if not isinstance(result, Mapping):
            report.add("TSL096", f"a result is {result!r:.40}, not an object")
            continue
        if result.get("type") == "relation":
            continue
        value, control = result.get("value"), config.controls.get(str(result.get("from_name")))
        if control is None:
            text = f"from_name {result.get('from_name')!r:.60} is no control of the config"
            report.add("TSL068", text, result, hint(result.get("from_name"), config.controls))
        elif not isinstance(value, Mapping):
            report.add("TSL081", f"value is {value!r:.40}, not an object", result)
        else:
            _check_names(result, control, report)
            yield result, value, control


def _check_names(result: Result, control: Control, report: Report) -> None:
    if result.get("type") != control.type:
        text = f"type is {result.get('type')!r:.60}, but '{control.name}' is '{control.type}'"
        report.add("TSL068", text, result, f'Write "{control.type}".')
    if key_of(result.get("to_name")) not in control.targets:
        wanted = ", ".join(sorted(control.targets))
        text = f"to_name is {result.get('to_name')!r:.60}, but '{control.name}' is for '{wanted}'"
        report.add("TSL068", text, result, f'Write "{wanted}".')


def _check_region(
    result: Result,
    value: Result,
    about: tuple[_Config, Control],
    report: Report,
    window: Window | None,
) -> None:
    """Times and instant of a region on a time series."""
    config, control = about
    if control.type != _TIME_SERIES:
        return
    target = next(iter(control.targets), "")
    start, end = (_time(value.get(key), config.formats.get(target, "")) for key in ("start", "end"))
    if start is None or end is None:
        key = "start" if start is None else "end"
        report.add("TSL061", f"{key} is {value.get(key)!r:.60}, no time of this axis", result)
        return
    if end < start:
        report.add("TSL061", f"the region ends at {end:g}, before its start at {start:g}", result)
    elif window is not None and not window[0] <= start <= end <= window[1]:
        text = f"the region {start:g} to {end:g} leaves the window {window[0]:g} to {window[1]:g}"
        report.add("TSL061", text, result)
    instant = value.get("instant")
    if not isinstance(instant, bool):
        text = "instant is missing" if instant is None else f"instant is {instant!r:.40}"
        report.add("TSL060", text, result)
    elif instant != (start == end):
        text = f"instant is {str(instant).lower()}, but start is {start:g} and end {end:g}"
        report.add("TSL060", text, result)


def _time(value: object, pattern: str) -> float | None:
    if isinstance(value, str):
        return time_formats.read_time(value, pattern) if pattern else None
    return value if is_number(value) else None


def _remember(result: Result, value: Result, spans: Spans, report: Report) -> None:
    name = result.get("id")
    if not isinstance(name, str) or not name:
        report.add("TSL063", f"the region's id is {name!r:.40}", result)
        return
    span = (value.get("start"), value.get("end"))
    if spans.setdefault(name, span) != span:
        text = f"the region has the times {span} here and {spans[name]} there"
        report.add("TSL063", text, result)


def _check_belongs(result: Result, value: Result, spans: Spans, report: Report) -> None:
    span = spans.get(key_of(result.get("id")))
    if span is None:
        text = f"no region has the id {result.get('id')!r:.40}"
        report.add("TSL069", text, result)
    elif (value.get("start"), value.get("end")) != span:
        text = f"the answer does not repeat its region's times, {span[0]} to {span[1]}"
        report.add("TSL069", text, result)
