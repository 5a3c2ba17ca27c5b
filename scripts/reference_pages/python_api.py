"""The public Python interface, made from its docstrings."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reference_pages.markdown import docstring, first_line, literal, table

API: Sequence[tuple[str, Sequence[str]]] = (
    ("tslab.project:open_project", ()),
    (
        "tslab.project:Project",
        (
            *("recordings", "annotations", "predictions", "domain", "settings", "title", "views"),
            *("recording", "tasks", "annotations_list", "predicted_spans", "prediction_files"),
            *("entries", "find_recording", "read_source"),
        ),
    ),
    ("tslab.recording:Recording", ("channel_names", "signal", "with_signals")),
    ("tslab.recording:Signal", ("read", "values", "duration", "from_array")),
    ("tslab.spans:Span", ("is_instant", "duration", "moved")),
    ("tslab.annotation:Annotation", ()),
    ("tslab.task:Task", ()),
)
"""What reference/python.md documents: class or function, and members."""
MODULES = ("tslab.stretches",)
"""Modules whose functions are all public."""


def api_part() -> str:
    """Signatures and docstrings of the public Python interface."""
    parts = []
    for place, members in API:
        module, name = place.split(":")
        item = getattr(importlib.import_module(module), name)
        parts.append(f"### {name}")
        if inspect.isfunction(item):
            parts.append(f"```text\ntslab.{name}{plain_signature(item)}\n```")
        said = docstring(item.__doc__ or "")
        parts.append(literal(said["text"]))
        if said["Attributes"]:
            rows = [(f"`{key}`", literal(text)) for key, text in said["Attributes"]]
            parts.append(table(("attribute", "meaning"), rows))
        rows = [row for member in members if (row := member_row(item, member, said))]
        if rows:
            parts.append(table(("member", "what it gives"), rows))
        raised = [f"`{key}`: {literal(text)}" for key, text in said["Raises"]]
        parts += ["Raises " + " ".join(raised)] if raised else []
    parts += [module_part(name) for name in MODULES]
    return "\n\n".join(parts)


def module_part(name: str) -> str:
    """A module and its own functions."""
    module = importlib.import_module(name)
    rows = [
        (f"`{key}{plain_signature(item)}`", literal(first_line(item.__doc__ or "")))
        for key, item in vars(module).items()
        if inspect.isfunction(item) and item.__module__ == name
    ]
    text = literal(first_line(module.__doc__ or ""))
    return f"### {name}\n\n{text}\n\n{table(('function', 'what it gives'), rows)}"


def member_row(owner: type, member: str, said: Mapping[str, Any]) -> tuple[str, str] | None:
    """A method or property; attributes of the class docstring are shown there already."""
    if member in dict(said["Attributes"]):
        return None
    value = inspect.getattr_static(owner, member)
    if isinstance(value, property):
        return f"`{member}`", literal(first_line(value.fget.__doc__ or ""))
    function = value.__func__ if isinstance(value, classmethod) else value
    text = literal(first_line(function.__doc__ or ""))
    return f"`{member}{plain_signature(function)}`", text


def plain_signature(function: Callable[..., object]) -> str:
    """Names and defaults, without types and without self."""
    shown = inspect.signature(function)
    names = [
        item.replace(annotation=inspect.Parameter.empty)
        for name, item in shown.parameters.items()
        if name not in ("self", "cls")
    ]
    return str(shown.replace(parameters=names, return_annotation=inspect.Signature.empty))
