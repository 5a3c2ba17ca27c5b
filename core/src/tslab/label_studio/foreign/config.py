"""Labeling configs that tslab did not write, as far as a segmenter needs to know them.

The editor looks up tags, attributes and columns whatever their case, and so does this module. A
config is hostile until proven otherwise: it is parsed without entities, DTD and network, and its
size is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tslab.domain import Domain, Label, Tier
from tslab.errors import DataError
from tslab.label_studio.foreign.text import quoted, shown
from tslab.lint.config_tree import Node, parse_config

DOMAIN = "label-studio"
"""Name of the domain that stands for a foreign config."""
MAX_CHARACTERS = 1_000_000
MAX_LABELS = 1_000
_DATE_DISPLAY = re.compile(r"date\Z|%", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class ForeignConfig:
    """What a segmenter needs to know about a labeling config.

    Attributes:
        domain: One tier of kind ``intervals`` for each ``TimeSeriesLabels``; channels stay open.
        object_name: Name of the ``TimeSeries`` tag, which results call ``to_name``.
        value_key: Key of the series in a task's data; dots lead into nested objects.
        value_type: "url" or "json".
        time_column: As written; "" where rows are counted.
        time_format: d3's format of the times; "" for numbers.
        separator: What ``sep`` says, as written.
        channels: Columns of the channels as written, each once; empty means all columns.
        counts_milliseconds: Whether plain numbers on the axis are shown as dates, so that the
            editor takes them for milliseconds.
        control_of: Name of the control by tier.
        values: What results carry for a label, by tier and label: its alias where it has one.
        labels_of: Label by tier and by each text that a result may carry for it.
        other_controls: Names of the controls that ask for something else, in lower case.
    """

    domain: Domain
    object_name: str
    value_key: str
    value_type: str = "url"
    time_column: str = ""
    time_format: str = ""
    separator: str = ","
    channels: tuple[str, ...] = ()
    counts_milliseconds: bool = False
    control_of: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    labels_of: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    other_controls: frozenset[str] = frozenset()

    def tier_of(self, control: str) -> str:
        """Tier of a control's name, whatever the case; "" where the config has no such control."""
        lowered = control.strip().lower()
        names = self.control_of.items()
        exact = (tier for tier, name in names if name == control)
        return next(exact, "") or next((t for t, n in names if n.strip().lower() == lowered), "")

    def label_of(self, tier: str, value: str) -> str:
        """Label that a result's text stands for, whatever the case; "" where there is none."""
        known = self.labels_of.get(tier, {})
        plain = _plain(value)
        return known.get(value) or known.get(plain) or known.get(plain.lower(), "")


def read_config(xml: str) -> ForeignConfig:
    """The first time series of a config that has labels, and its labels.

    Args:
        xml: The labeling config as Label Studio sends it.

    Raises:
        DataError: It is no XML, or has no time series, no labels, or no data key.
    """
    root = _parsed(xml)
    series = _tags(root, "timeseries")
    if not series:
        raise DataError(
            "the labeling config has no TimeSeries tag",
            "Add one, or do not connect this backend to the project.",
        )
    controls = _tags(root, "timeserieslabels")
    for chosen in series:
        own = [control for control in controls if _is_aimed_at(control, chosen)]
        if own:
            return _read(root, chosen, own)
    raise _no_labels(series, controls)


def _parsed(xml: str) -> Node:
    if not isinstance(xml, str):
        raise DataError("the labeling config is no text", "Send the project's label_config.")
    if len(xml) > MAX_CHARACTERS:
        raise DataError(
            f"the labeling config has {len(xml)} characters, more than {MAX_CHARACTERS}",
            "Take out what annotators do not need.",
        )
    root, findings = parse_config(xml)
    if root is None:
        why = "; ".join(shown(f"{item.message} ({item.place})", 120) for item in findings[:1])
        raise DataError(f"the labeling config cannot be read: {why}", "Correct its XML.")
    return root


def _tags(root: Node, name: str) -> list[Node]:
    return [node for node in root.walk() if node.tag.lower() == name]


def _is_aimed_at(control: Node, series: Node) -> bool:
    name = series.get("name").lower()
    return bool(name) and name in {target.lower() for target in control.targets}


def _no_labels(series: Sequence[Node], controls: Sequence[Node]) -> DataError:
    names = quoted([node.get("name") for node in series], 3)
    if controls:
        aimed = quoted([node.get("toName") for node in controls], 3)
        return DataError(
            f"no TimeSeriesLabels of the labeling config labels the TimeSeries {names}: "
            f"toName is {aimed}",
            "Let toName name the TimeSeries.",
        )
    return DataError(
        f"the labeling config has no TimeSeriesLabels for the TimeSeries {names}",
        'Add <TimeSeriesLabels name="label" toName="..."> with a <Label> for each class.',
    )


def _read(root: Node, series: Node, controls: Sequence[Node]) -> ForeignConfig:
    value = series.get("value")
    if not value.startswith("$") or len(value) < 2:
        raise DataError(
            f"the value '{shown(value)}' of TimeSeries '{shown(series.get('name'))}' names no key "
            "of a task's data",
            'Write value="$" and the key.',
        )
    tiers = _read_tiers(controls)
    return ForeignConfig(
        domain=_domain(tiers),
        object_name=series.get("name"),
        value_key=value[1:].strip("{}"),
        value_type="json" if series.get("valueType").lower() == "json" else "url",
        time_column=series.get("timeColumn"),
        time_format=series.get("timeFormat"),
        separator=_raw(series, "sep") or ",",
        channels=_channels(series),
        counts_milliseconds=bool(_DATE_DISPLAY.match(series.get("timeDisplayFormat"))),
        control_of={tier: found.control for tier, found in tiers.items()},
        values={tier: found.values for tier, found in tiers.items()},
        labels_of={tier: found.labels_of for tier, found in tiers.items()},
        other_controls=frozenset(
            node.get("name").lower()
            for node in root.walk()
            if node.targets and node not in controls
        ),
    )


def _raw(node: Node, name: str) -> str:
    """An attribute with the white space around it, which may be the separator itself."""
    return next((value for key, value in node.attributes.items() if key.lower() == name), "")


def _channels(series: Node) -> tuple[str, ...]:
    columns: dict[str, str] = {}
    for node in series.walk():
        column = node.get("column")
        if node.tag.lower() == "channel" and column:
            columns.setdefault(column.lower(), column)
    return tuple(columns.values())


@dataclass(slots=True)
class _Labels:
    """Labels of one control: what results carry, and what each text in a result stands for."""

    control: str
    values: dict[str, str] = field(default_factory=dict)
    labels_of: dict[str, str] = field(default_factory=dict)


def _read_tiers(controls: Sequence[Node]) -> dict[str, _Labels]:
    by_control: dict[str, list[Node]] = {}
    for control in controls:
        labels = [node for node in _tags(control, "label") if _plain(_raw(node, "value"))]
        if labels:
            by_control.setdefault(control.get("name") or "label", []).extend(labels)
    if not by_control:
        names = quoted([control.get("name") for control in controls], 3)
        raise DataError(
            f"TimeSeriesLabels {names} of the labeling config has no Label",
            "Add a <Label> for each class; labels that come with each task cannot be learned.",
        )
    tiers = _distinct({name: _tier_name(name) for name in by_control}, "{}_{}")
    return {tiers[name]: _read_labels(name, nodes) for name, nodes in by_control.items()}


def _tier_name(control: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", control.lower()).strip("_")
    # "ts" is what tslab calls the time series itself.
    return name if name[:1].isalpha() and name != "ts" else f"tier_{name}".rstrip("_")


def _read_labels(control: str, nodes: Sequence[Node]) -> _Labels:
    written: dict[str, str] = {}
    for node in nodes:
        written.setdefault(_raw(node, "value"), _raw(node, "alias") or _raw(node, "value"))
    if len(written) > MAX_LABELS:
        raise DataError(
            f"TimeSeriesLabels '{shown(control)}' has {len(written)} labels, "
            f"more than {MAX_LABELS}",
            "Use fewer, or several projects.",
        )
    found = _Labels(control)
    names = _distinct({_plain(value): _plain(value) for value in written}, "{} ({})")
    for value, carried in written.items():
        label = names[_plain(value)]
        found.values.setdefault(label, carried)
        for text in (value, carried):
            found.labels_of.setdefault(text, label)
    for text, label in list(found.labels_of.items()):
        found.labels_of.setdefault(_plain(text).lower(), label)
    return found


def _plain(text: str) -> str:
    """A label's text as one line without white space around it."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def _distinct(wanted: Mapping[str, str], numbered: str) -> dict[str, str]:
    """Names that differ whatever the case, where the editor tells "A" from "a".

    The order of the texts does not matter: a label must not change its name because somebody moved
    it in the config.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name, text in sorted((name, text) for text, name in wanted.items()):
        candidate, number = name, 2
        while candidate.lower() in taken:
            candidate, number = numbered.format(name, number), number + 1
        taken.add(candidate.lower())
        names[text] = candidate
    return names


def _domain(tiers: Mapping[str, _Labels]) -> Domain:
    return Domain(
        name=DOMAIN,
        title="Label Studio project",
        tiers=tuple(
            Tier(
                name=name,
                kind="intervals",
                labels=tuple(Label(name=label) for label in found.values),
            )
            for name, found in tiers.items()
        ),
        open_channels=True,
    )
