"""The labeling config: XML of tiers, fields and channels, laid out for one 1920x1080 screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lxml import etree

from tslab.domain import (
    RESERVED_HOTKEYS,
    Channel,
    Choice,
    Domain,
    RegionField,
    TaskField,
    View,
    column_name,
)
from tslab.label_studio.regions import OBJECT, axis_is_text
from tslab.task import TIME_COLUMN

if TYPE_CHECKING:
    Element = etree._Element

PLOT_HEIGHT = 600
"""Pixels of a 1080-pixel screen that are left for panes beside labels, overview and fields."""

ROW_HEIGHT, ROW_WIDTH, FIELD_WIDTH = 95, 1320, 260
"""Pixels of a row of fields, and of one field that is no row of choices."""

PANE_MARGIN = 22
SMALLEST_PANE, LARGEST_PANE = 34, 190
DERIVED_SHARE = 0.6
LONG_LIST = 9
FEW_CHANNELS = 3
DAY = 86_400

STYLE = """
.tsl .tsl-meta { font-size: 13px; line-height: 1.4; padding: 3px 10px; margin-bottom: 4px;
  background: rgba(128,128,128,.09); border-radius: 4px; }
.tsl .tsl-meta p { margin: 0; }
.tsl .lsf-labels { margin: 0 0 2px 0; padding: 0; }
.tsl .htx-timeseries-channel { margin-bottom: -30px; }
.tsl .htx-timeseries-channel:nth-last-child(2),
.tsl .htx-timeseries-multichannel:nth-last-child(2) .htx-timeseries-channel { margin-bottom: 0; }
.tsl .htx-timeseries-channel text[opacity] { opacity: .8; font-size: 13px; fill: currentColor;
  transform: translate(76px, 0); }
.tsl .htx-timeseries-channel .xaxis text { display: none; }
.tsl .htx-timeseries-channel:nth-last-child(2) .xaxis text,
.tsl .htx-timeseries-multichannel:nth-last-child(2) .xaxis text { display: inline; }
.tsl .xaxis .tick:first-of-type text,
.tsl .htx-timeseries-overview .tick:first-of-type text { visibility: hidden; }
.tsl .yaxis .tick:not(:nth-of-type(TICKn+1)) text,
.tsl .yaxis2 .tick:not(:nth-of-type(TICKn+1)) text { display: none; }
.tsl .htx-timeseries-channel, .tsl .htx-timeseries-overview { margin-right: 30px; }
.tsl .htx-timeseries-multichannel .htx-timeseries-channel { margin-right: 0; }
.tsl .htx-timeseries-channel-legend-container { position: relative; height: 0; z-index: 1; }
.tsl .tsl-fields { display: flex; flex-wrap: wrap; gap: 2px 28px; align-items: flex-start;
  min-height: 66px; padding: 4px 10px; border-top: 1px solid rgba(128,128,128,.3); }
.tsl .tsl-select { min-width: 250px; }
.tsl .tsl-select button { width: 100%; }
.tsl .tsl-wide { flex: 1 1 240px; }
.tsl .tsl-task { margin-left: auto; }
"""
"""Names of channels readable, panes close together over one time axis, the year 1970 hidden."""

DOT = "\u00a0·\u00a0"
HEADER = "margin: 0 0 2px 0; font-size: 13px"
FREE_KEYS = "1234567890qwetyopasdfghjklzxcvbnmri"


def labeling_config(domain: Domain, view: str, channels: Sequence[str]) -> etree._Element:
    """The `<View>` of one view and one set of channels.

    The time axis is set by `fit_time_axis`, which knows the tasks.

    Args:
        domain: The effective domain.
        view: Name of one of its views.
        channels: Names of the channels that the tasks have, in order.
    """
    shown = domain.view(view)
    keys = _hotkeys(domain, shown, channels)
    root = etree.Element("View", className="tsl")
    style = etree.SubElement(root, "Style")
    hint = f" {DOT} {shown.hint}" if shown.hint else ""
    above = f"**$recording** {DOT} $window ($part)$info{hint}"
    etree.SubElement(root, "Markdown", className="tsl-meta", value=above)
    for tier in domain.view_tiers(view):
        control = etree.SubElement(root, "TimeSeriesLabels", name=tier.name, toName=OBJECT)
        for label in tier.labels:
            given = {"value": label.name, "background": label.color}
            key = keys.get((tier.name, label.name), "")
            _put(given, hotkey=key, hint=_hint(label.description, label.code))
            etree.SubElement(control, "Label", given)
    panes = list(_panes([_role(domain, name) for name in channels]))
    fields = _fields(domain, shown, channels, keys)
    room = PLOT_HEIGHT - ROW_HEIGHT * (_rows_of_fields(domain, channels) - 1)
    heights = _heights([pane[0] for pane in panes], room)
    style.text = STYLE.replace("TICK", str(_every_tick(heights)))
    root.append(_time_series(shown, channels, panes, heights))
    root.append(fields)
    return root


def fit_time_axis(root: etree._Element, tick_us: int, percent: int, until: float) -> None:
    """Sets what depends on the tasks: the unit of time, and the share that is shown first.

    Args:
        root: The config; its TimeSeries tags are changed in place.
        tick_us: Microseconds of one unit of the tasks' time column.
        percent: Share of a task that the first screen shows; the editor takes whole percents.
        until: Seconds of the recordings' longest time, which decides whether days are shown.
    """
    for series in root.iter("TimeSeries"):
        series.set("overviewWidth", f"{percent}%")
        if axis_is_text(tick_us):
            series.set("timeFormat", "%Q")
            series.set("durationDisplayFormat", "%H:%M:%S.%L")
            series.set("timeDisplayFormat", "%H:%M:%S.%L" if until <= DAY else "%d. %H:%M:%S")
            continue
        for name in ("timeFormat", "durationDisplayFormat"):
            if name in series.attrib:
                del series.attrib[name]
        series.set("timeDisplayFormat", ",.0f")
        for text in root.iter("Markdown"):
            text.set("value", f"{text.get('value', '')} {DOT} time axis in {tick_us} µs")


def config_text(root: etree._Element) -> str:
    """The config as text, the same bytes for the same tree."""
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode"))


def _hint(description: str, code: str) -> str:
    return f"{description} [{code}]" if description and code else description or code


def _put(attributes: dict[str, str], **optional: str) -> None:
    attributes.update({key: value for key, value in optional.items() if value})


def _time_series(
    view: View, channels: Sequence[str], panes: Sequence[Sequence[Channel]], heights: Sequence[int]
) -> Element:
    overview = [name for name in view.overview if name in channels] or list(channels[:2])
    attributes = {
        "name": OBJECT,
        "value": "$csv",
        "valueType": "url",
        "timeColumn": TIME_COLUMN,
        "overviewChannels": ",".join(column_name(name) for name in overview),
    }
    series = etree.Element("TimeSeries", attributes)
    for pane, height in zip(panes, heights, strict=True):
        parent = series
        if len(pane) > 1:
            parent = etree.SubElement(series, "MultiChannel", height=str(height))
        for role in pane:
            etree.SubElement(parent, "Channel", _channel(role, height, len(pane) > 1))
    return series


def _role(domain: Domain, name: str) -> Channel:
    role = domain.channel(name)
    return role if role is not None and role.name == name else Channel(name=name)


def _panes(roles: Sequence[Channel]) -> Iterator[list[Channel]]:
    """Channels of one group share a pane, at the place of the group's first channel."""
    groups: dict[str, list[Channel]] = {}
    for role in roles:
        groups.setdefault(role.group or f"\0{role.name}", []).append(role)
    yield from groups.values()


def _rows_of_fields(domain: Domain, channels: Sequence[str]) -> int:
    """Rows that the fields below the signal need on a screen of 1920 pixels."""
    width = 0
    for item in (*domain.fields, *domain.task_fields):
        names = [choice.value for choice in item.choices] or list(channels)
        few = LONG_LIST if item.choices else FEW_CHANNELS
        if item.kind in {"choice", "channel"} and len(names) <= few:
            width += sum(60 + 7 * len(name) for name in names)
        else:
            width += FIELD_WIDTH
    return 1 + width // ROW_WIDTH


def _every_tick(heights: Sequence[int]) -> int:
    """Which value ticks get a text: the editor draws ten, whatever the height."""
    smallest = min(heights, default=LARGEST_PANE)
    return 2 if smallest >= 110 else 3 if smallest >= 60 else 5


def _heights(first_of_pane: Sequence[Channel], room: int) -> list[int]:
    shares = [DERIVED_SHARE if role.derived else 1.0 for role in first_of_pane]
    room -= PANE_MARGIN * len(shares)
    unit = room / sum(shares) if shares else 0
    return [
        role.height or round(min(max(unit * share, SMALLEST_PANE), LARGEST_PANE))
        for role, share in zip(first_of_pane, shares, strict=True)
    ]


def _channel(role: Channel, height: int, grouped: bool) -> dict[str, str]:
    attributes = {
        "column": role.column,
        "legend": role.title or role.name,
        "displayFormat": role.display_format or ",.3~f",
        "strokeColor": role.color,
    }
    if not grouped:
        attributes["height"] = str(height)
    _put(attributes, units=f"{role.unit} {role.scale}".strip())
    if role.value_range is not None:
        low, high = role.value_range
        attributes["dataRange"] = f"{_number(low)},{_number(high)}"
    return attributes


def _fields(
    domain: Domain, view: View, channels: Sequence[str], keys: dict[tuple[str, str], str]
) -> Element:
    row = etree.Element("View", className="tsl-fields")
    labels = {label.name for tier in domain.view_tiers(view.name) for label in tier.labels}
    asked = [f for f in domain.fields if not f.per_label or labels & set(f.per_label)]
    if asked:
        hint = etree.SubElement(row, "View", visibleWhen="no-region-selected")
        text = "Press a label's key, drag over the signal (double-click: an instant), "
        text += "then click the region to describe it."
        etree.SubElement(hint, "Header", value=text, size="5", style=f"{HEADER}; color: #888")
    for item in asked:
        place = etree.SubElement(row, "View", className=_width(item, channels))
        place.set("visibleWhen", "region-selected")
        if item.per_label:
            place.set("whenLabelValue", ",".join(n for n in item.per_label if n in labels))
        _control(place, item, channels, keys, per_region=True)
    for task_item in domain.task_fields:
        place = etree.SubElement(row, "View", className=f"{_width(task_item, channels)} tsl-task")
        _control(place, task_item, channels, keys, per_region=False)
    return row


def _width(item: RegionField | TaskField, channels: Sequence[str]) -> str:
    if item.kind == "text":
        return "tsl-wide"
    many = item.kind == "channel" and len(channels) > FEW_CHANNELS
    return "tsl-select" if many or len(item.choices) > LONG_LIST else "tsl-field"


def _control(
    place: Element,
    item: RegionField | TaskField,
    channels: Sequence[str],
    keys: dict[tuple[str, str], str],
    *,
    per_region: bool,
) -> None:
    title = item.title or item.name.replace("_", " ").capitalize()
    etree.SubElement(place, "Header", value=title, size="5", style=HEADER)
    common = {"name": item.name, "toName": OBJECT}
    if per_region:
        common["perRegion"] = "true"
    if item.required:
        common["required"] = "true"
    if item.kind == "rating":
        etree.SubElement(place, "Rating", common | {"maxRating": f"{item.maximum or 5:.0f}"})
    elif item.kind == "number":
        limits: dict[str, str] = {}
        _put(limits, min=_number(item.minimum), max=_number(item.maximum))
        etree.SubElement(place, "Number", common | limits | {"step": "any"})
    elif item.kind == "text":
        lines = {"rows": "1", "maxSubmissions": "1", "editable": "true"}
        lines["placeholder"] = "Text, then Enter"
        etree.SubElement(place, "TextArea", common | lines)
    else:
        choices = item.choices or tuple(Choice(value=name) for name in channels)
        _choices(place, item, choices, common, keys)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.15g}"


def _choices(
    place: Element,
    item: RegionField | TaskField,
    choices: Sequence[Choice],
    common: dict[str, str],
    keys: dict[tuple[str, str], str],
) -> None:
    common = common | {"choice": "multiple" if item.multiple else "single-radio"}
    if len(choices) > (LONG_LIST if item.choices else FEW_CHANNELS):
        common |= {"choice": "multiple" if item.multiple else "single", "layout": "select"}
    else:
        common["layout"] = "inline"
    control = etree.SubElement(place, "Choices", common)
    for choice in choices:
        given = {"value": choice.value}
        _put(given, hotkey=keys.get((item.name, choice.value), ""))
        _put(given, hint=_hint(choice.description, choice.code))
        etree.SubElement(control, "Choice", given)


def _hotkeys(domain: Domain, view: View, channels: Sequence[str]) -> dict[tuple[str, str], str]:
    """Keys by control and value; labels and short lists without one get a free one.

    Otherwise the editor would give them out itself, and its pick takes keys of later labels.
    """
    wanted: list[tuple[str, str, str]] = [
        (tier.name, label.name, label.hotkey)
        for tier in domain.view_tiers(view.name)
        for label in tier.labels
    ]
    for item in (*domain.fields, *domain.task_fields):
        if len(item.choices) <= LONG_LIST:
            wanted += [(item.name, choice.value, choice.hotkey) for choice in item.choices]
        if item.kind == "channel" and len(channels) <= FEW_CHANNELS:
            wanted += [(item.name, name, "") for name in channels]
    taken = {key for _, _, key in wanted if key} | RESERVED_HOTKEYS
    free = (key for key in FREE_KEYS if key not in taken)
    named = ((control, value, key or next(free, "")) for control, value, key in wanted)
    return {(control, value): key for control, value, key in named if key}
