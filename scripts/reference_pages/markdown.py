"""Docstrings into parts, and rows into Markdown tables."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Since):\s*(.*)$")


def docstring(text: str) -> dict[str, Any]:
    """A Google docstring by section; Args, Attributes and Raises as pairs."""
    found: dict[str, list[str]] = {"text": []}
    current = "text"
    for line in inspect.cleandoc(text).splitlines():
        match = SECTION.match(line)
        if match:
            current = match[1]
            found[current] = [match[2]] if match[2] else []
        else:
            found[current].append(line)
    answer: dict[str, Any] = {"text": "\n".join(found["text"]).strip()}
    for key in ("Args", "Attributes", "Raises"):
        answer[key] = pairs(found.get(key, []))
    for key in ("Returns", "Since"):
        answer[key] = " ".join(line.strip() for line in found.get(key, [])).strip()
    return answer


def pairs(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Lines ``name: text``, continued by deeper ones."""
    found: list[list[str]] = []
    for line in lines:
        match = re.match(r" {4}(\*{0,2}\w+): (.*)$", line)
        if match:
            found.append([match[1], match[2]])
        elif line.strip() and found:
            found[-1][1] += " " + line.strip()
    return [(name, text) for name, text in found]


def first_line(text: str) -> str:
    """The first sentence of a docstring."""
    return " ".join(text.split("\n\n")[0].split())


def literal(text: str) -> str:
    """Double backticks of docstrings as Markdown's single ones."""
    return text.replace("``", "`")


CODE_SPAN = re.compile(r"(`[^`]*`)")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped, unless it stands in code."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(escaped(cell) for cell in line)} |" for line in lines)


def escaped(cell: str) -> str:
    """A cell without bars or angle brackets outside of code."""
    parts = CODE_SPAN.split(cell)
    for number in range(0, len(parts), 2):
        parts[number] = parts[number].replace("|", "&#124;").replace("<", "&lt;")
    return "".join(parts)
