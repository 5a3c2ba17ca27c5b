"""The page about tslab.yaml, made from the pydantic models."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, get_type_hints

from reference_pages.markdown import docstring, first_line, literal, table

if TYPE_CHECKING:
    from pydantic import BaseModel

SETTINGS_INTRO = """
# tslab.yaml

A person writes it, `tslab init` starts it. Only `domain` is required; everything else has a value
that suits the domain. A name that does not exist is refused with a hint.

```yaml
domain: ecg
title: Atrial fibrillation 2026
views: [rhythm]
window:
  seconds: 600
channels:
  'ECG lead 1': II
hotkeys:
  AFIB: 0
labels:
  rhythm:
    remove: [VFL]
    add:
      - {name: Wenckebach, code: (BII1, hotkey: k, color: '#0277BD'}
reading:
  time_zone: Europe/Berlin
guidelines: GUIDE.md
review:
  overlap: 2
  percentage: 20
label_studio:
  url: https://label-studio.example.org
  data: upload
privacy: restricted
allow_hosts: [label-studio.example.org]
```

A change takes effect with the next command. Changed windows or channels: run `tslab add FILES`
again, with the same files (recordings keep their ids). Then `tslab push`.
"""


def settings_page() -> str:
    """Every setting with type, default and meaning, section by section."""
    from pydantic import BaseModel

    from tslab.settings import LabelChanges, Settings

    parts = [SETTINGS_INTRO.strip(), "## Top level", settings_table(Settings)]
    hints = get_type_hints(Settings)
    for name, kind in hints.items():
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            parts += [f"## {name}", first_line(kind.__doc__ or ""), settings_table(kind)]
    parts += ["## labels", "Tier -> changes.", settings_table(LabelChanges), LABEL_KEYS]
    return "\n\n".join(parts)


LABEL_KEYS = (
    "A label has `name`, `hotkey`, `color` (`'#rrggbb'`), `code`, `description`, `min_seconds` and "
    "`max_seconds`. A hotkey is one lower-case letter or digit that nothing else in the view has; "
    "`u` belongs to the editor. The tables of [ecg](domains/ecg.md) and [iot](domains/iot.md) show "
    "which are taken."
)


def settings_table(model: type[BaseModel]) -> str:
    """Rows of a section; meanings come from the docstring."""
    from pydantic import BaseModel as Base

    from tslab import ReadOptions

    said = dict(docstring(model.__doc__ or "")["Attributes"])
    if model.__name__ == "Reading":
        said = dict(docstring(ReadOptions.__doc__ or "")["Attributes"])
    rows = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if inspect.isclass(kind) and issubclass(kind, Base):
            rows.append((f"`{name}`", f"[section](#{name})", "", literal(said.get(name, ""))))
            continue
        default = (
            "required"
            if field.is_required()
            else default_text(field.get_default(call_default_factory=True))
        )
        rows.append((f"`{name}`", type_text(field), default, literal(said.get(name, ""))))
    return table(("setting", "type", "default", "meaning"), rows)


def default_text(value: object) -> str:
    """A default as YAML shows it."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value is None or value in ("", (), {}):
        return "none"
    return f"`{value}`"


def type_text(field: Any) -> str:
    """A field's type in words, with its bounds."""
    text = str(field.annotation)
    if "Literal" in text:
        choices = [item for item in re.findall(r"'([^']*)'", text) if item]
        return " or ".join(f"`{item}`" for item in choices)
    if field.annotation is bool:
        return "`true` or `false`"
    words = "text"
    for mark, word in (
        *(("tuple[dict", "list of labels"), ("tuple[", "list"), ("Mapping", "mapping")),
        *(("float", "number"), ("'int'", "whole number"), ("str", "text")),
    ):
        if mark in text:
            words = word
            break
    bounds = {type(item).__name__: item for item in field.metadata}
    if "Ge" in bounds and "Le" in bounds:
        words += f", {bounds['Ge'].ge} to {bounds['Le'].le}"
    elif "Gt" in bounds:
        words += f" above {bounds['Gt'].gt}"
    elif "MaxLen" in bounds:
        words += f", at most {bounds['MaxLen'].max_length} characters"
    return words
