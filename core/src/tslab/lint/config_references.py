"""Checks of what tags say about each other: names, targets, conditions, groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from tslab.contracts import Finding
from tslab.errors import did_you_mean
from tslab.lint.codes import finding
from tslab.lint.config_tree import Node
from tslab.lint.editor_tags import objects_of

_CONTROLS = ("region", "answer")


def check_references(root: Node) -> Iterator[Finding]:
    """Findings about names, targets, conditions and groups."""
    named: dict[str, Node] = {}
    for node in root.walk():
        name = node.get("name")
        if not name or node.kind not in ("object", *_CONTROLS):
            continue
        if name in named:
            text = f"the name '{name}' is taken by <{named[name].tag}> in line {named[name].line}"
            yield finding("TSL005", text, node.place("name"))
        named.setdefault(name, node)
    controls = [node for node in root.walk() if node.kind in _CONTROLS]
    for node in controls:
        yield from _check_targets(node, named)
    yield from _check_per_region(controls, named)
    yield from _check_pairs(root, controls)
    yield from _check_sync(root, named)
    for node in root.walk():
        yield from _check_condition(node, named, controls)


def _check_targets(node: Node, named: Mapping[str, Node]) -> Iterator[Finding]:
    objects = [name for name, other in named.items() if other.kind == "object"]
    for name in node.targets:
        target, place = named.get(name), node.place("toName")
        text = remedy = ""
        if name == node.get("name"):
            text = f"toName='{name}' is the control itself"
        elif target is None:
            text, hint = f"toName='{name}' names no tag", did_you_mean(name, objects)
            remedy = hint[:1].upper() + hint[1:]
        elif target.kind != "object":
            text = f"toName='{name}' is the control <{target.tag}>, not data"
        if text:
            if not remedy and objects:
                remedy = f'Write toName="{objects[0]}".'
            yield finding("TSL004", text, place, remedy)
        elif target is not None:
            yield from _check_match(node, target)


def _check_match(node: Node, target: Node) -> Iterator[Finding]:
    allowed = objects_of(node.rule) if node.rule else ()
    if allowed and target.tag not in allowed:
        text = f"<{node.tag}> cannot label a <{target.tag}>, only {', '.join(allowed)}"
        remedy = "Use <TimeSeriesLabels>." if target.tag == "TimeSeries" else ""
        yield finding("TSL003", text, node.place("toName"), remedy)


def _check_per_region(controls: list[Node], named: Mapping[str, Node]) -> Iterator[Finding]:
    drawn_on = {name for node in controls if node.kind == "region" for name in node.targets}
    # Messages of a chat are regions that nobody needs to draw.
    drawn_on |= {name for name, node in named.items() if node.tag == "Chat"}
    for node in controls:
        if not node.is_per_region:
            continue
        if not drawn_on.intersection(node.targets):
            text = f"nothing draws regions on '{node.get('toName')}' to ask about"
            yield finding("TSL053", text, node.place("perRegion"))
        around = (node, *node.ancestors())
        if not any(item.get("visibleWhen") == "region-selected" for item in around):
            text = "no View around it hides its heading while no region is selected"
            yield finding("TSL054", text, node.place("perRegion"), severity="warning")


def _check_pairs(root: Node, controls: list[Node]) -> Iterator[Finding]:
    series = [node for node in root.walk() if node.tag == "TimeSeries"]
    for node in series[1:]:
        text = f"a second TimeSeries beside '{series[0].get('name')}' zooms by itself"
        yield finding("TSL056", text, node.place(), severity="warning")
    first: dict[str, str] = {}
    for node in controls:
        if node.tag != "TimeSeriesLabels":
            continue
        for target in node.targets:
            if target in first:
                text = f"labels of '{first[target]}' and of this control land in one region"
                yield finding("TSL057", text, node.place("toName"), severity="warning")
            first.setdefault(target, node.get("name"))


def _check_sync(root: Node, named: Mapping[str, Node]) -> Iterator[Finding]:
    groups: defaultdict[str, list[Node]] = defaultdict(list)
    for node in root.walk():
        if node.kind == "object" and node.get("sync"):
            groups[_group(node, named)].append(node)
    for name, members in groups.items():
        if len(members) == 1:
            text = f"sync group '{name}' has no other member"
            yield finding("TSL052", text, members[0].place("sync"), severity="warning")
        for node in members:
            if node.tag == "TimeSeries" and not node.get("timeFormat"):
                text = f"sync group '{name}' takes this numeric time axis for seconds"
                yield finding("TSL027", text, node.place("sync"), severity="warning")


def _group(node: Node, named: Mapping[str, Node]) -> str:
    """Name of a sync group; two tags may also name each other."""
    name, partner = node.get("name"), named.get(node.get("sync"))
    if partner is not None and partner.get("sync") == name:
        return " and ".join(sorted({name, partner.get("name")}))
    return node.get("sync")


def _check_condition(
    node: Node, named: Mapping[str, Node], controls: list[Node]
) -> Iterator[Finding]:
    """Conditions look at labels of the selected region, or at choices."""
    of_region = node.get("visibleWhen") == "region-selected" or node.is_per_region
    kind = "region" if of_region else "answer"
    sources = [control for control in controls if control.kind == kind]
    wanted = node.get("whenTagName")
    if wanted and wanted not in [source.get("name") for source in sources]:
        yield _no_source(node, wanted, named, sources)
        return
    if wanted:
        sources = [source for source in sources if source.get("name") == wanted]
    if node.get("whenLabelValue") and not of_region:
        text = 'whenLabelValue has no effect without visibleWhen="region-selected"'
        yield finding("TSL055", text, node.place("whenLabelValue"))
    elif node.get("whenLabelValue"):
        yield from _check_values(node, "whenLabelValue", "Label", sources)
    if node.get("whenChoiceValue") and not of_region:
        yield from _check_values(node, "whenChoiceValue", "Choice", sources)


def _no_source(node: Node, wanted: str, named: Mapping[str, Node], sources: list[Node]) -> Finding:
    hint = did_you_mean(wanted, [source.get("name") for source in sources])
    what = f"a <{named[wanted].tag}>, on which it cannot depend" if wanted in named else "no tag"
    text = f"whenTagName='{wanted}' is {what}"
    return finding("TSL055", text, node.place("whenTagName"), hint[:1].upper() + hint[1:])


def _check_values(node: Node, attribute: str, item: str, sources: list[Node]) -> Iterator[Finding]:
    if any(source.get("value").startswith("$") for source in sources):
        return
    items = [one for source in sources for one in source.walk() if one.tag == item]
    known = {one.get(key) for one in items for key in ("value", "alias")} - {""}
    if node.get(attribute) in known:  # A value may hold a comma itself.
        return
    for value in node.get(attribute).split(","):
        if value not in known:
            hint = did_you_mean(value.strip(), known)
            text = f"{attribute}='{value}' is no {item.lower()} of the config"
            yield finding("TSL055", text, node.place(attribute), hint[:1].upper() + hint[1:])
