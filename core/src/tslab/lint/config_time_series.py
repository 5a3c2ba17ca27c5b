"""Checks of a TimeSeries: its channels, its columns against the data, its time axis."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tslab.contracts import Finding
from tslab.errors import did_you_mean
from tslab.lint import time_formats
from tslab.lint.codes import finding
from tslab.lint.config_tree import Node

_SEPARATORS = ("tab", "\\t", "space", "auto", "comma", "dot")
_WIDTH = re.compile(r"(\d+)%")
_FINE = frozenset("LfQs")


def check_time_series(root: Node, columns: Sequence[str] | None) -> Iterator[Finding]:
    """Findings about every TimeSeries of a config.

    Args:
        root: The config.
        columns: Header of the tables that it will show, None where unknown.
    """
    for node in root.walk():
        if node.tag == "TimeSeries":
            channels = [item for item in node.walk() if item.tag == "Channel"]
            yield from _check_channels(node, channels)
            yield from _check_numbered(node, channels, columns)
            if columns is not None:
                yield from _check_columns(node, channels, columns)
            yield from check_time_axis(node)
            yield from _check_overview(node, channels)
            yield from _check_formats(node, channels)


def _check_channels(node: Node, channels: Sequence[Node]) -> Iterator[Finding]:
    if not channels:
        yield finding("TSL007", "the TimeSeries has no Channel", node.place())
    first: dict[str, Node] = {}
    for channel in channels:
        column = channel.get("column")
        other = first.setdefault(column.lower(), channel)
        if column and other is not channel:
            same = other.get("column")
            how = "is drawn already" if same == column else f"and '{same}' are one to the editor"
            text = f"column '{column}' {how} (line {other.line})"
            yield finding("TSL009", text, channel.place("column"))
    for group in (item for item in node.walk() if item.tag == "MultiChannel"):
        inside = [item for item in group.children if item.tag == "Channel"]
        units = list(dict.fromkeys(item.get("units") for item in inside if item.get("units")))
        if not inside:
            yield finding("TSL047", "the MultiChannel holds no Channel", group.place())
        if len(units) > 2:
            text = f"two axes cannot show {len(units)} units: {', '.join(units)}"
            yield finding("TSL051", text, group.place(), severity="warning")


def _check_numbered(
    node: Node, channels: Sequence[Node], columns: Sequence[str] | None
) -> Iterator[Finding]:
    """A number works for a channel, and for the time only where the table has no header."""
    known = {name.lower() for name in columns or ()}
    names = [item.get("column") for item in channels if item.get("column")]
    has_header = bool(known) or any(not name.isdecimal() for name in names)
    time = node.get("timeColumn")
    if time.isdecimal() and has_header and time not in known:
        text = f'timeColumn="{time}" is a number, but the table has a header'
        yield finding("TSL029", text, node.place("timeColumn"))
    for channel in channels:
        column = channel.get("column")
        if column.isdecimal() and has_header and column not in known:
            text = f'column="{column}" counts columns of a table that has names'
            yield finding("TSL029", text, channel.place("column"), severity="warning")


def _check_columns(
    node: Node, channels: Sequence[Node], columns: Sequence[str]
) -> Iterator[Finding]:
    known: dict[str, str] = {}
    for name in columns:
        if name.lower() in known:
            text = f"columns '{known[name.lower()]}' and '{name}' of the data are one to the editor"
            yield finding("TSL009", text, node.place())
        known.setdefault(name.lower(), name)
    wanted = [(node, "timeColumn", node.get("timeColumn"))]
    wanted += [(channel, "column", channel.get("column")) for channel in channels]
    for item, attribute, name in wanted:
        if not name or name.lower() in known or (name.isdecimal() and int(name) < len(columns)):
            continue
        hint = did_you_mean(name, columns)
        text = f"column '{name}' is not in the data, which has {_listed(columns)}"
        yield finding("TSL008", text, item.place(attribute), hint[:1].upper() + hint[1:])


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:12])
    return f"{shown} and {len(names) - 12} more" if len(names) > 12 else shown


def check_time_axis(node: Node) -> Iterator[Finding]:
    """Findings about timeFormat and timeDisplayFormat of a TimeSeries."""
    pattern, place = node.get("timeFormat"), node.place("timeFormat")
    if pattern:
        yield from _check_time_format(pattern, place)
    shown = node.get("timeDisplayFormat")
    if not shown or shown == "date":
        return
    place = node.place("timeDisplayFormat")
    if pattern and not time_formats.is_date_format(shown):
        text = f"'{shown}' is no date format, but timeFormat makes the axis dates"
        yield finding("TSL028", text, place, 'Write one such as "%H:%M:%S.%L".')
    elif not pattern and not time_formats.is_number_format(shown):
        text = f"'{shown}' formats dates, but without timeFormat the axis is numbers"
        yield finding("TSL028", text, place)


def _check_time_format(pattern: str, place: str) -> Iterator[Finding]:
    unknown = time_formats.unknown_directives(pattern)
    used = time_formats.directives(pattern)
    if "%" not in pattern:
        text = f"'{pattern}' holds no directive"
        remedy = 'Write one such as "%Y-%m-%d %H:%M:%S.%L" or "%Q".'
        yield finding("TSL022", text, place, remedy)
    elif unknown:
        yield finding("TSL022", f"'{pattern}' holds {', '.join(unknown)}", place)
    elif used & {"s", "Q"} and pattern not in ("%s", "%Q"):
        text = f"'{pattern}' mixes a count of time with other text"
        yield finding("TSL022", text, place, 'Use "%Q" and whole milliseconds.')
    elif time_formats.letter_after_fraction(pattern):
        yield finding("TSL025", f"'{pattern}' has a letter after the fraction", place)
    if "f" in used:
        text = f"'{pattern}': the editor reads %f as %L and cuts microseconds off"
        yield finding("TSL023", text, place, severity="warning")
    if pattern == "%s":
        text = "%s takes whole seconds, a fraction makes the axis unreadable"
        yield finding("TSL024", text, place, "Use %Q and milliseconds.", "warning")
    elif used & {"S", "T", "X", "c"} and not used & _FINE:
        text = f"'{pattern}' has no %L: regions come back in whole seconds"
        yield finding("TSL024", text, place, severity="warning")


def _check_overview(node: Node, channels: Sequence[Node]) -> Iterator[Finding]:
    names = [channel.get("column").lower() for channel in channels]
    for name in filter(None, (part.strip() for part in node.get("overviewChannels").split(","))):
        if name.lower() in names:
            continue
        place = node.place("overviewChannels")
        if name.isdecimal():
            text = f"overview channel {name} is a number, which counts all columns or nothing"
            yield finding("TSL058", text, place, "Write the names of channels.")
        else:
            hint = did_you_mean(name, names)
            text = f"overview channel '{name}' is no channel of this TimeSeries"
            yield finding("TSL058", text, place, hint[:1].upper() + hint[1:])
    width = node.get("overviewWidth")
    found = _WIDTH.fullmatch(width)
    if width and not (found and 1 <= int(found.group(1)) <= 100):
        text = f'overviewWidth="{width}" is not between 1% and 100%'
        yield finding("TSL058", text, node.place("overviewWidth"))


def _check_formats(node: Node, channels: Sequence[Node]) -> Iterator[Finding]:
    """Number formats and the separator."""
    formats = [(channel, "displayFormat") for channel in channels]
    if not node.get("timeFormat"):
        formats.append((node, "durationDisplayFormat"))
    for item, attribute in formats:
        value = item.get(attribute)
        if value and not time_formats.is_number_format(value):
            text = f'{attribute}="{value}" is not a number format'
            yield finding("TSL017", text, item.place(attribute), 'Write one such as ".2f".')
    separator = node.attributes.get("sep", ",")
    if len(separator) != 1 and separator not in _SEPARATORS:
        text = f'sep="{separator}" is no single character'
        yield finding("TSL014", text, node.place("sep"), 'Write one, or "tab", "space" or "auto".')
