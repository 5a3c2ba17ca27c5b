"""Checks of what a prediction answers: labels, choices, ratings, numbers, texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tslab.lint.controls import Control
from tslab.lint.prediction_report import Report, hint, is_number, key_of

Result = Mapping[str, Any]


def check_answer(result: Result, value: Result, control: Control, report: Report) -> None:
    """Adds findings about the answer in a result's value."""
    answer = value.get(control.key)
    match control.type:
        case "rating":
            _check_rating(answer, result, control, report)
        case "number":
            _check_number(answer, result, control, report)
        case "textarea":
            _check_text(answer, result, report)
        case "taxonomy":
            _check_taxonomy(answer, result, control, report)
        case kind if kind == "choices" or kind.endswith("labels"):
            _check_words(answer, result, control, report)


def _check_words(answer: object, result: Result, control: Control, report: Report) -> None:
    known = control.values
    if not isinstance(answer, list):
        text = f"value has no list '{control.key}' but {answer!r:.60}"
        report.add("TSL062", text, result, f'Write {{"{control.key}": ["..."]}}.')
    elif known is None:
        return
    elif not answer:
        report.add("TSL062", f"'{control.key}' is empty", result, "Name a value of the config.")
    elif known.issuperset(_hashable(answer)):
        if control.single and len(answer) > 1:
            text = f"{len(answer)} choices where one is allowed"
            report.add("TSL095", text, result, 'Name one, or allow choice="multiple".')
    else:
        for word in answer:
            if not isinstance(word, str) or word not in known:
                text = f"{word!r:.60} is not in the config's '{control.name}'"
                report.add("TSL062", text, result, hint(word, known))


def _hashable(answer: list[Any]) -> list[Any]:
    """The list itself, or one of something unknown where an item is no text."""
    return answer if all(isinstance(word, str) for word in answer) else [object()]


def _check_rating(answer: object, result: Result, control: Control, report: Report) -> None:
    highest = control.maximum or 5
    if not is_number(answer) or answer % 1 or not 1 <= answer <= highest:
        text = f"rating {answer!r:.40} is no whole number from 1 to {highest:g}"
        report.add("TSL095", text, result)


def _check_number(answer: object, result: Result, control: Control, report: Report) -> None:
    if not is_number(answer):
        report.add("TSL095", f"{answer!r:.40} is no number", result)
    elif control.minimum is not None and answer < control.minimum:
        report.add("TSL095", f"{answer:g} is below the least, {control.minimum:g}", result)
    elif control.maximum is not None and answer > control.maximum:
        report.add("TSL095", f"{answer:g} is above the most, {control.maximum:g}", result)


def _check_text(answer: object, result: Result, report: Report) -> None:
    if not isinstance(answer, list) or not all(isinstance(text, str) for text in answer):
        text = f"text is {answer!r:.60}, not a list of texts"
        report.add("TSL095", text, result, 'Write {"text": ["..."]}.')


def _check_taxonomy(answer: object, result: Result, control: Control, report: Report) -> None:
    is_paths = isinstance(answer, list) and all(isinstance(path, list) for path in answer)
    if not isinstance(answer, list) or not is_paths:
        text = f"taxonomy is {answer!r:.60}, not a list of paths"
        report.add("TSL095", text, result, 'Write {"taxonomy": [["branch", "leaf"]]}.')
        return
    for word in (word for path in answer for word in path):
        if control.values is not None and key_of(word) not in control.values:
            text = f"{word!r:.60} is not in the config's '{control.name}'"
            report.add("TSL062", text, result, hint(word, control.values))
