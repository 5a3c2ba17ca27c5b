"""A labeling config as plain nodes that know their line; the only place here that parses XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tslab.lint.codes import finding
from tslab.lint.editor_tags import Tag, tags

if TYPE_CHECKING:
    from lxml import etree

    from tslab.contracts import Finding

_BEFORE_ROOT = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DECLARATION = re.compile(r"\A\s*<\?xml\b.*?\?>", re.DOTALL)
_OPAQUE = "HyperText"
"""What stands inside this tag is HTML for people, not tags of the editor."""


@dataclass(eq=False, slots=True)
class Node:
    """One tag of a config.

    Attributes:
        tag: Name as written.
        line: Line in the file, from 1.
        attributes: As written.
        text: What stands between the tags; for HyperText the whole inner HTML.
        children: Tags inside, in order.
        parent: The tag around it, None for the root.
    """

    tag: str
    line: int
    attributes: dict[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)
    parent: Node | None = field(default=None, repr=False)

    def get(self, name: str) -> str:
        """Value of an attribute whatever the case of its name, stripped; "" where absent."""
        if name in self.attributes:
            return self.attributes[name].strip()
        lowered = name.lower()
        found = (value for key, value in self.attributes.items() if key.lower() == lowered)
        return next(found, "").strip()

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.walk()

    def ancestors(self) -> Iterator[Node]:
        """The tags around it, from the inside."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    @property
    def rule(self) -> Tag | None:
        """What the editor knows about the tag, None for a tag it does not know."""
        return tags().get(self.tag)

    @property
    def kind(self) -> str:
        """Kind of the tag, "" for a tag that the editor does not know."""
        return self.rule.kind if self.rule else ""

    @property
    def targets(self) -> list[str]:
        """Names in ``toName``, which may list several."""
        return [name.strip() for name in self.get("toName").split(",") if name.strip()]

    @property
    def is_per_region(self) -> bool:
        """Whether the control asks about one region."""
        return self.kind == "answer" and self.get("perRegion") == "true"

    def place(self, attribute: str = "") -> str:
        """Where it is, for a finding: line, tag, name and attribute."""
        name = self.get("name") or self.get("column") or self.get("value")
        shown = f" '{name}'" if name and len(name) <= 60 else ""
        return f"line {self.line}, <{self.tag}>{shown}" + (f", {attribute}" if attribute else "")


def parse_config(xml: str | bytes) -> tuple[Node | None, list[Finding]]:
    """The config's root, or None and why it cannot be read.

    No entity is resolved, no DTD is accepted, nothing is fetched.
    """
    text = _decode(xml)
    if text is None:
        return None, [finding("TSL015", "the config is not UTF-8 text", "line 1")]
    start = _BEFORE_ROOT.match(text)
    if start and text[start.end() : start.end() + 9].upper() == "<!DOCTYPE":
        line = text.count("\n", 0, start.end()) + 1
        return None, [finding("TSL016", "the config declares a DOCTYPE", f"line {line}")]
    return _parse(text)


def _decode(xml: str | bytes) -> str | None:
    if isinstance(xml, str):
        return xml.removeprefix("\ufeff")
    try:
        return xml.decode("utf-16" if xml[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return None


def _parse(text: str) -> tuple[Node | None, list[Finding]]:
    from lxml import etree

    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    # The declaration may name an encoding that the text has no more; blanks keep the positions.
    body = _DECLARATION.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text, count=1)
    try:
        root = etree.fromstring(body.encode("utf-8", "surrogatepass"), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = re.sub(r",? *line \d+, column \d+.*", "", error.msg or "no XML")
        return None, [finding("TSL015", reason, f"line {line}, column {column}")]
    return _node(root, None), []


def _node(element: etree._Element, parent: Node | None) -> Node:
    node = Node(
        tag=str(element.tag),
        line=int(str(element.sourceline or 0)),
        attributes={str(key): str(value) for key, value in element.attrib.items()},
        text=element.text or "",
        parent=parent,
    )
    if node.tag == _OPAQUE:
        from lxml import etree

        inner = (etree.tostring(child, encoding="unicode") for child in element)
        node.text += "".join(inner)
    else:
        for child in element:
            if isinstance(child.tag, str):
                node.children.append(_node(child, node))
                node.text += child.tail or ""
    return node
