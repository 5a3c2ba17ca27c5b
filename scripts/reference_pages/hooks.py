"""One page for each hook, made from the docstrings of tslab.hookspecs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from reference_pages.markdown import docstring, first_line, table

HOOKS = "reference/hooks"


def hook_functions() -> dict[str, Callable[..., object]]:
    """Every hook specification, in the order of the file."""
    from tslab import hookspecs

    found = vars(hookspecs).items()
    return {name: value for name, value in found if name.startswith("tslab_") and callable(value)}


def signature_of(function: Callable[..., object]) -> str:
    """The hook as a plugin writes it down."""
    text = f"def {function.__name__}{inspect.signature(function)}: ...".replace("'", "")
    if len(text) <= 88:
        return text
    head, rest = text.split("(", 1)
    inner, tail = rest.rsplit(")", 1)
    pieces = ",\n".join(f"    {piece}" for piece in re.split(r", (?=\w+: )", inner))
    return f"{head}(\n{pieces},\n){tail}"


def hook_pages() -> dict[str, str]:
    """One page for each hook, and the overview."""
    rows, pages = [], {}
    for name, function in hook_functions().items():
        sections = docstring(function.__doc__ or "")
        mode = "first" if function.tslab_spec["firstresult"] else "all"  # type: ignore[attr-defined]
        rows.append((f"[`{name}`]({name}.md)", mode, first_line(sections["text"])))
        pages[f"{HOOKS}/{name}.md"] = hook_page(name, function, sections, mode)
    pages[f"{HOOKS}/index.md"] = "\n\n".join(
        [
            "# Hooks",
            "A plugin is a module with functions of these names, each marked with "
            "`@tslab.hookimpl`. An implementation may leave out arguments that it does not need. "
            "[Write a plugin](../../how-to/write-a-plugin.md) shows when each one is asked.",
            table(("hook", "mode", "what for"), rows),
            "**first**: plugins are asked in turn - the domain, then extensions, then core - and "
            "the first answer that is not None wins. **all**: every answer counts.",
            "An exception stops what was being done and is reported on one line with the plugin, "
            "its distribution and version, the hook and the file.",
        ]
    )
    return pages


def hook_page(
    name: str, function: Callable[..., object], sections: Mapping[str, Any], mode: str
) -> str:
    """The six questions about one hook."""
    from tslab import builtin_plugin

    own = getattr(builtin_plugin, name, None)
    core = f"Core's own: {inspect.cleandoc(own.__doc__ or '')}" if own else "Core has none."
    won = {"first": "The first answer that is not None wins.", "all": "Every answer counts."}[mode]
    parts = [
        f"# {name}",
        sections["text"],
        f"```text\n@hookimpl\n{signature_of(function)}\n```",
        f"{won} {core}",
    ]
    if sections["Args"]:
        rows = [(f"`{key}`", text) for key, text in sections["Args"]]
        parts += ["## Arguments", table(("argument", "what it is"), rows)]
    parts += ["## Returns", str(sections["Returns"]), "## Exceptions"]
    raised = [f"`{key}`: {text}" for key, text in sections["Raises"]]
    if [key for key, _ in sections["Raises"]] == ["Exception"]:
        raised = [text for _, text in sections["Raises"]]
    parts += ["\n".join(raised), f"Since {sections['Since']}"]
    return "\n\n".join(parts)
