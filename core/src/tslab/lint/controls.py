"""What a config asks for, as results of annotations and predictions name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tslab.lint.config_tree import Node

_VALUE_KEYS = {"textarea": "text"}


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a config.

    Attributes:
        name: What results call ``from_name``.
        type: What results call ``type``.
        key: Key of the answer in a result's value.
        targets: What results may call ``to_name``.
        draws: Whether it draws regions.
        per_region: Whether it asks about one region.
        values: Labels or choices; None where the config takes them from the task.
        single: Whether one answer at most is taken.
        minimum: Lowest number or rating.
        maximum: Highest number or rating.
    """

    name: str
    type: str
    key: str
    targets: frozenset[str]
    draws: bool
    per_region: bool
    values: frozenset[str] | None
    single: bool
    minimum: float | None = None
    maximum: float | None = None


def controls_of(root: Node) -> Mapping[str, Control]:
    """Controls of a config by name."""
    nodes = [node for node in root.walk() if node.kind in ("region", "answer")]
    return {node.get("name"): _control(node) for node in nodes if node.get("name")}


def _control(node: Node) -> Control:
    kind = node.tag.lower()
    is_rating = kind == "rating"
    return Control(
        name=node.get("name"),
        type=kind,
        key=_VALUE_KEYS.get(kind, kind),
        targets=frozenset(node.targets),
        draws=node.kind == "region",
        per_region=node.is_per_region,
        values=_values(node),
        single=kind == "choices" and node.get("choice") in ("", "single", "single-radio"),
        minimum=1 if is_rating else _number(node.get("min")),
        maximum=_number(node.get("maxRating") or "5") if is_rating else _number(node.get("max")),
    )


def _values(node: Node) -> frozenset[str] | None:
    if node.get("value").startswith("$") or node.get("apiUrl"):
        return None
    items = [item for item in node.walk() if item.tag in ("Label", "Choice")]
    return frozenset(item.get("alias") or item.get("value") for item in items)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
