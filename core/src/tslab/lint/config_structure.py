"""Checks of single tags: known, in their place, complete, every attribute of its type."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from tslab.contracts import Finding
from tslab.errors import did_you_mean
from tslab.lint.codes import finding
from tslab.lint.colors import is_color
from tslab.lint.config_tree import Node
from tslab.lint.editor_tags import CURVES, EFFECTLESS, EXACT_NAMES, PLACES, Attribute, Tag, tags

_STATIC = ("Text", "HyperText")
"""Objects that may show a text of the config itself."""


def check_structure(root: Node) -> Iterator[Finding]:
    """Findings about every tag by itself."""
    yield from _check_root(root)
    for node in root.walk():
        if node.rule is None:
            hint = _sentence(did_you_mean(node.tag, tags()))
            yield finding("TSL001", f"unknown tag <{node.tag}>", node.place(), hint)
            continue
        yield from _check_place(node)
        yield from _check_attributes(node, node.rule)
        yield from _check_required(node, node.rule)
        yield from _check_items(node)


def _check_root(root: Node) -> Iterator[Finding]:
    if root.tag != "View":
        text = f"the outermost tag is <{root.tag}>, not <View>"
        yield finding("TSL050", text, root.place(), "Put everything into one <View>.")
    kinds = {node.kind for node in root.walk()}
    if not root.children:
        yield finding("TSL050", "the config is empty", root.place())
    elif "object" not in kinds:
        yield finding("TSL050", "no tag shows data", root.place(), "Add a TimeSeries.")
    elif not kinds & {"region", "answer"}:
        text = "nothing can be labelled or answered"
        yield finding("TSL050", text, root.place(), "Add TimeSeriesLabels with labels.")
    for node in root.walk():
        if node.tag == "View" and not (node.children or node.attributes or node is root):
            yield finding("TSL050", "an empty View", node.place(), "Remove it.", "warning")


def _check_place(node: Node) -> Iterator[Finding]:
    wanted = PLACES.get(node.tag, ())
    if wanted and not any(above.tag in wanted for above in node.ancestors()):
        shown = " or ".join(f"<{name}>" for name in wanted[:3])
        text = f"<{node.tag}> outside of {shown} is ignored"
        yield finding("TSL048", text, node.place(), f"Move it into {shown}.")
    inside = node.parent
    if inside is not None and inside.kind in ("object", "part") and node.kind != "part":
        text = f"<{node.tag}> inside <{inside.tag}> is ignored"
        yield finding("TSL048", text, node.place(), f"Move it out of <{inside.tag}>.")


def _check_attributes(node: Node, rule: Tag) -> Iterator[Finding]:
    for name, value in node.attributes.items():
        lowered = name.lower()
        place = node.place(name)
        effectless = EFFECTLESS.get((node.tag, lowered))
        attribute = rule.attributes.get(lowered)
        exact = EXACT_NAMES.get(lowered, name)
        if effectless:
            text = f"{name} has no effect: {effectless}"
            yield finding("TSL019", text, place, severity="warning")
            if lowered == "interpolation" and value.lower() not in CURVES:
                # It does nothing, but the editor still refuses words that it does not know.
                text = f'interpolation="{value}" is no curve'
                yield finding("TSL017", text, place, "Remove it.")
        elif attribute is None:
            known = [item.name for item in rule.attributes.values()]
            hint = _sentence(did_you_mean(name, known))
            yield finding("TSL002", f"<{node.tag}> has no attribute '{name}'", place, hint)
        elif name != exact:
            text = f"'{name}' is unknown to the server, which reads '{exact}'"
            yield finding("TSL002", text, place, f"Did you mean '{exact}'?")
        else:
            yield from _check_type(attribute, value, place)


def _check_type(attribute: Attribute, value: str, place: str) -> Iterator[Finding]:
    wrong = _wrong_type(attribute, value)
    if wrong:
        text = f'{attribute.name}="{value}" is not {wrong}'
        hint = _sentence(did_you_mean(value, attribute.choices)) if attribute.choices else ""
        yield finding("TSL017", text, place, hint or f"Write {wrong}.")


def _wrong_type(attribute: Attribute, value: str) -> str:
    """What the value should have been, "" if it is that."""
    match attribute.type:
        case "choice" if value not in attribute.choices:
            return "one of " + ", ".join(attribute.choices)
        case "bool" if value not in ("true", "false"):
            return "true or false"
        case "color" if not is_color(value):
            return "a CSS colour such as #1f4e79"
        case "number" if _number(value) is None:
            return "a number without a unit"
        case "int" if not value.strip().isdecimal():
            return "a whole number"
        case "pair" if not _is_pair(value):
            return 'two rising numbers such as "-1,1"'
    return ""


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def _is_pair(text: str) -> bool:
    numbers = [_number(part) for part in text.split(",")]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        return False
    return numbers[0] < numbers[1]


def _check_required(node: Node, rule: Tag) -> Iterator[Finding]:
    for attribute in rule.attributes.values():
        is_item_value = rule.kind == "item" and attribute.name == "value"
        if attribute.required and not is_item_value and not node.get(attribute.name):
            # The text between tags is a value, and an Image takes a list instead.
            if attribute.name == "value" and (node.text.strip() or node.get("valueList")):
                continue
            text = f"<{node.tag}> has no {attribute.name}"
            remedy = f'Add {attribute.name}="...".'
            yield finding("TSL018", text, node.place(attribute.name), remedy)
    value = node.get("value")
    if rule.kind == "object" and value and "$" not in value and node.tag not in _STATIC:
        text = f'value="{value}" names no data of the task'
        yield finding("TSL049", text, node.place("value"), f'Write value="${value.lstrip("$")}".')


def _check_items(node: Node) -> Iterator[Finding]:
    """Labels and choices of one control."""
    kinds = {"Choices": "Choice", "Taxonomy": "Choice", "TimeSeriesLabels": "Label"}
    wanted = kinds.get(node.tag) or ("Label" if node.tag.endswith("Labels") else "")
    if not wanted:
        return
    items = [item for item in node.walk() if item.tag == wanted and item is not node]
    if not items and not node.get("value").startswith("$") and not node.get("apiUrl"):
        text = f"<{node.tag}> holds no <{wanted}>"
        yield finding("TSL046", text, node.place())
    # A taxonomy may repeat a word on another branch.
    groups = Counter((item.get("value"), item.parent) for item in items)
    if node.tag != "Taxonomy":
        groups = Counter((item.get("value"), node) for item in items)
    for (value, _), count in groups.items():
        if not value:
            text = f"a <{wanted}> without a value"
            yield finding("TSL006", text, node.place("value"))
        elif count > 1:
            text = f"{wanted.lower()} '{value}' is there {count} times"
            yield finding("TSL006", text, node.place("value"))


def _sentence(hint: str) -> str:
    return hint[:1].upper() + hint[1:]
