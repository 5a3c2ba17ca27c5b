"""The labeling config of a review: the readings as lanes, and a verdict for each dispute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lxml import etree

from tslab.domain import RESERVED_HOTKEYS, Domain, Label, Tier
from tslab.label_studio.labeling_config import FREE_KEYS, HEADER, SMALLEST_PANE, config_text
from tslab.label_studio.regions import OBJECT
from tslab.label_studio.review.key import LETTERS

if TYPE_CHECKING:
    Element = etree._Element

DISPUTE, VERDICT = "Dispute", "Verdict"
"""Names of the two controls; tiers and fields are in lower case and never clash with them."""

CORRECTED = "None: I drew what is right"
GREY = "#7f7f7e"
"""Colour of disputes, by which the style finds them; no usual label has it."""

LANE, LANE_MARGIN = 64, 30
ROOM = 560
"""Pixels of a 1080-pixel screen that signal and lanes share."""

STYLE = """
.tsl .tsl-said { max-height: 112px; overflow-y: auto; }
.tsl .tsl-said p { margin: 0 0 1px 0; }
.tsl .tsl-hidden { display: none; }
.tsl .brush:has(.selection[fill="rgba(127, 127, 126, 1)"]) .handle { pointer-events: none; }
"""
"""A dispute's edges cannot be dragged: a correction that is drawn from there would move them."""

LANE_STYLE = """
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) { position: relative; }
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE)::before { content: "LETTER";
  position: absolute; left: 26px; top: 18px; font-size: 24px; font-weight: 700; z-index: 2; }
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) .htx-timeseries-channel-legend-container,
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) .yaxis,
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) .yaxis2 { display: none; }
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) .htx-timeseries-channel {
  margin-right: 30px; }
"""
"""A lane is named by its letter; the colours of its lines are those of the label buttons."""


def is_right(letter: str) -> str:
    """The verdict that upholds a reading."""
    return f"{letter} is right"


def dispute_label(domain: Domain, view: str, tier: str) -> str:
    """Label of a dispute's region: the tier stands in it where there are several."""
    tiers = domain.view_tiers(view)
    if len(tiers) == 1:
        return DISPUTE
    found = next(t for t in tiers if t.name == tier)
    return f"{DISPUTE}: {found.title or found.name}"


def lane_columns(domain: Domain, view: str, letters: Sequence[str]) -> list[tuple[str, str, Label]]:
    """Columns of the readings: column name, tier and label; the same for all tasks of a view."""
    return [
        (lane_column(letter, tier, number), tier.name, label)
        for letter in letters
        for tier in domain.view_tiers(view)
        for number, label in enumerate(tier.labels)
    ]


def lane_column(letter: str, tier: Tier, number: int) -> str:
    """Column of what one reading says about one label."""
    return f"reading_{letter.lower()}_{tier.name}_{number + 1}"


def lane_level(domain: Domain, view: str, tier: str, label: str) -> float:
    """Height of a label's line in its lane, between 0 and 1, the first label on top.

    Instants have full height, because they are nothing but a line upwards.
    """
    order = [
        (t.name, item.name)
        for t in domain.view_tiers(view)
        if t.kind != "instants"
        for item in t.labels
    ]
    if (tier, label) not in order:
        return 0.95
    return round(1 - (order.index((tier, label)) + 0.5) / len(order), 4)


def review_config(text: str, domain: Domain, view: str, letters: Sequence[str]) -> str:
    """The config of a review, made of the config that annotators had.

    Args:
        text: Their config.
        domain: The effective domain.
        view: Name of the view.
        letters: Letters that its windows need.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
    root = etree.fromstring(text.encode(), parser)
    _quieten(root, domain, view)
    said = etree.Element("Markdown", className="tsl-meta tsl-said", value="$disputes")
    place = next((i for i, node in enumerate(root) if node.tag == "TimeSeriesLabels"), 0)
    root.insert(place, said)
    hidden = etree.Element("View", className="tsl-hidden")
    control = etree.SubElement(hidden, "TimeSeriesLabels", name=DISPUTE, toName=OBJECT)
    for tier in domain.view_tiers(view):
        name = dispute_label(domain, view, tier.name)
        etree.SubElement(control, "Label", value=name, background=GREY)
    series = next(iter(root.iter("TimeSeries")))
    root.insert(root.index(series), hidden)
    style = next(iter(root.iter("Style")), None)
    if style is not None:
        style.text = f"{style.text or ''}{_style(letters)}"
    _make_room(series, len(letters))
    for letter in letters:
        series.append(_lane(domain, view, letter))
    series.set("overviewWidth", "100%")
    _add_verdicts(root, domain, view, letters)
    return config_text(root)


def _quieten(root: Element, domain: Domain, view: str) -> None:
    """Questions about regions are asked about labels only, and nothing about the whole task."""
    labels = [label.name for tier in domain.view_tiers(view) for label in tier.labels]
    for place in list(root.iter("View")):
        parent, shown = place.getparent(), place.get("visibleWhen")
        of_task = "tsl-task" in (place.get("className") or "")
        if parent is not None and (of_task or shown == "no-region-selected"):
            parent.remove(place)
        elif shown == "region-selected" and not place.get("whenLabelValue"):
            place.set("whenLabelValue", ",".join(labels))
    for control in root.iter("Choices", "Rating", "Number", "TextArea"):
        if "required" in control.attrib:
            del control.attrib["required"]


def _style(letters: Sequence[str]) -> str:
    lanes = (
        LANE_STYLE.replace("PLACE", str(len(letters) + 1 - n)).replace("LETTER", letter)
        for n, letter in enumerate(letters)
    )
    return STYLE + "".join(lanes)


def _make_room(series: Element, lanes: int) -> None:
    """Makes the channels lower where they and all lanes would not fit on the screen."""
    heights = [node for node in series.iter("Channel", "MultiChannel") if node.get("height")]
    total = sum(int(node.get("height", "0")) for node in heights)
    room = max(ROOM - lanes * (LANE + LANE_MARGIN), SMALLEST_PANE * len(heights))
    if total > room:
        for node in heights:
            height = int(node.get("height", "0")) * room // total
            node.set("height", str(max(SMALLEST_PANE, height)))


def _lane(domain: Domain, view: str, letter: str) -> Element:
    """One pane with a line for each label, in the colour of its label."""
    lane = etree.Element("MultiChannel", height=str(LANE), showYAxis="false")
    for column, _, label in lane_columns(domain, view, [letter]):
        given = {"column": column, "legend": f"{letter} {label.name}", "strokeColor": label.color}
        etree.SubElement(lane, "Channel", given | {"strokeWidth": "3", "displayFormat": ".0f"})
    return lane


def _add_verdicts(root: Element, domain: Domain, view: str, letters: Sequence[str]) -> None:
    names = {dispute_label(domain, view, tier.name) for tier in domain.view_tiers(view)}
    fields = next((v for v in root.iter("View") if v.get("className") == "tsl-fields"), None)
    row = fields if fields is not None else etree.SubElement(root, "View", className="tsl-fields")
    hint = etree.Element("View", visibleWhen="no-region-selected")
    asked = "Click a grey dispute, or press Alt+. for the next one, then say who is right there."
    etree.SubElement(hint, "Header", value=asked, size="5", style=f"{HEADER}; color: #888")
    place = etree.Element("View", className="tsl-field", visibleWhen="region-selected")
    place.set("whenLabelValue", ",".join(sorted(names)))
    etree.SubElement(place, "Header", value="Who is right in this dispute?", size="5", style=HEADER)
    given = {"name": VERDICT, "toName": OBJECT, "perRegion": "true", "choice": "single-radio"}
    control = etree.SubElement(place, "Choices", {**given, "layout": "inline"})
    for value, key in verdict_keys(root, letters):
        etree.SubElement(control, "Choice", {"value": value} | ({"hotkey": key} if key else {}))
    row.insert(0, hint)
    row.insert(1, place)


def verdict_keys(root: Element, letters: Sequence[str]) -> list[tuple[str, str]]:
    """Verdicts with their keys: the reading's own letter where no label has it."""
    taken = {node.get("hotkey") for node in root.iter("Label", "Choice")} | RESERVED_HOTKEYS
    found = []
    for value, wished in [*((is_right(x), x.lower()) for x in letters), (CORRECTED, "x")]:
        key = next((k for k in (wished, *FREE_KEYS) if k not in taken), "")
        taken.add(key)
        found.append((value, key))
    return found


def letters_of(counts: Sequence[int]) -> str:
    """Letters for the window with the most readings."""
    return LETTERS[: max(counts, default=2)]


def verdict_of(text: object) -> str | None:
    """Letter of a verdict, "" for a correction, None for anything else."""
    for letter in LETTERS:
        if text == is_right(letter):
            return letter
    return "" if text == CORRECTED else None
