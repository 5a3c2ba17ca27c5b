"""What a labeling config that tslab did not write asks about regions and about whole tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from tslab.domain import Choice, FieldKind, RegionField, TaskField
from tslab.lint.config_tree import Node, parse_config

KINDS: dict[str, FieldKind] = {
    "choices": "choice",
    "taxonomy": "choice",
    "rating": "rating",
    "number": "number",
    "textarea": "text",
}
"""Kind of field by tag in lower case."""
STARS = 5
"""Of a rating that does not say how many it has."""

Asked = TypeVar("Asked", RegionField, TaskField)


@dataclass(frozen=True, slots=True)
class ExportFields:
    """Fields of a config; names are those of its controls, whatever characters they have.

    Attributes:
        regions: Asked about each region.
        tasks: Asked about each task.
    """

    regions: tuple[RegionField, ...] = ()
    tasks: tuple[TaskField, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is asked."""
        return bool(self.regions or self.tasks)


def read_fields(xml: str) -> ExportFields:
    """The fields of a config; none where it cannot be read, which others say."""
    root, _ = parse_config(xml)
    nodes = [] if root is None else [node for node in root.walk() if _asks(node)]
    return ExportFields(
        tuple(_field(RegionField, node) for node in nodes if _per_region(node)),
        tuple(_field(TaskField, node) for node in nodes if not _per_region(node)),
    )


def _asks(node: Node) -> bool:
    return node.tag.lower() in KINDS and bool(node.get("name")) and bool(node.targets)


def _per_region(node: Node) -> bool:
    return node.get("perRegion").lower() == "true"


def _field(kind: type[Asked], node: Node) -> Asked:
    tag = node.tag.lower()
    # Not validated: names and choices of strangers are whatever they wrote.
    return kind.model_construct(
        name=node.get("name"),
        kind=KINDS[tag],
        choices=tuple(_choices(node)),
        multiple=_several(node),
        minimum=1.0 if tag == "rating" else None,
        maximum=_stars(node.get("maxRating")) if tag == "rating" else None,
    )


def _choices(node: Node) -> Sequence[Choice]:
    own = [child for child in node.walk() if child.tag.lower() == "choice"]
    return [Choice.model_construct(value=child.get("alias") or child.get("value")) for child in own]


def _several(node: Node) -> bool:
    if node.tag.lower() == "taxonomy":
        return node.get("maxUsages") != "1"
    return node.get("choice").lower() == "multiple"


def _stars(text: str) -> float:
    return float(text) if text.isdecimal() and int(text) > 0 else float(STARS)
