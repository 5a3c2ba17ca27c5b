"""Collects findings about one prediction, building their texts only when there are any."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeGuard

from tslab.contracts import Finding
from tslab.errors import did_you_mean
from tslab.lint.codes import finding


@dataclass(slots=True)
class Report:
    """Findings about one prediction.

    Attributes:
        task: The task it is for.
        model: Its model_version.
        findings: What was found so far, of this and of earlier predictions.
    """

    task: object
    model: object
    findings: list[Finding] = field(default_factory=list)

    def add(
        self,
        code: str,
        message: str,
        result: Mapping[str, Any] | None = None,
        remedy: str = "",
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """One more finding, about the whole prediction or about one of its results."""
        place = f"task {self.task}, prediction '{self.model}'"
        if result is not None:
            place += f", region '{result.get('id')}', control '{result.get('from_name')}'"
        self.findings.append(finding(code, message, place, remedy, severity))


def hint(word: object, known: Iterable[str]) -> str:
    """A sentence that names the nearest known word, or "" when none is near."""
    return _hint(str(word), frozenset(known))


@cache
def _hint(word: str, known: frozenset[str]) -> str:
    text = did_you_mean(word, sorted(known))
    return text[:1].upper() + text[1:]


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a JSON value is a finite number; true and false are none."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def key_of(value: object) -> str:
    """A JSON value as a key; 7 and "7" are two."""
    return value if isinstance(value, str) else repr(value)
