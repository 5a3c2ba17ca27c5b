"""The labeling config of a review: the readings as lanes, and a verdict for each dispute."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from tslab.domain import RESERVED_HOTKEYS, Domain
from tslab.label_studio.labeling_config import (
    DOT,
    HEADER,
    PANE_MARGIN,
    SMALLEST_PANE,
    config_text,
)
from tslab.label_studio.regions import OBJECT
from tslab.label_studio.review import lanes
from tslab.label_studio.review.key import LETTERS
from tslab.label_studio.review.lanes import Line
from tslab.lint.config_hotkeys import is_reserved

if TYPE_CHECKING:
    Element = etree._Element

DISPUTE, VERDICT, REST = "Dispute", "Verdict", "Rest"
"""Names of the three controls; tiers and fields are in lower case and never clash with them."""

VERDICTS, RESTS = "verdicts", "rest"
"""Keys of the task's data with the answers to choose from, about one dispute and about the rest."""

Answers = list[dict[str, str]]

CORRECTED, NONE = "None: only what I drew, or nothing", "None"
"""The answer that upholds nobody, for one dispute and for all that have no answer."""

GREY = "#7f7f7e"
"""Colour of disputes, by which the style finds them; no usual label has it."""

KEY_ROWS = ("34567890", "qwertyop", "asdfghjkl", "zxcvbnm", "12")
"""Keys that lie side by side; the last key of a row is the one for none. With shift they answer for
all disputes that have no answer, and the editor does something else on shift with 1 and 2."""

ROOM = 520
"""Pixels of a screen of 1080 pixels that signal and lanes share."""

LEAST = 0.5
"""Share of the height that annotators had which a channel keeps: the page rather scrolls."""

STYLE = """
.tsl .tsl-said { max-height: 106px; overflow-y: auto; line-height: 19px; padding: 5px 10px; }
.tsl .tsl-said p { margin: 0 0 1px 0; }
.tsl .tsl-hidden { display: none; }
.tsl .tsl-asked { padding: 3px 10px; }
.tsl .tsl-row { display: flex; flex-wrap: wrap; align-items: center;
  gap: 0 14px; min-height: 28px; }
.tsl .tsl-asked .lsf-choices { margin: 0; }
.tsl .tsl-asked .lsf-choices > div { margin: 0; }
.tsl .tsl-rest { opacity: .8; }
.tsl .tsl-fields { border-top: none; min-height: 0; }
.tsl .brush:has(.selection[fill="rgba(127, 127, 126, 1)"]) .handle { pointer-events: none; }
"""
"""A dispute's edges cannot be dragged: a correction that is drawn from there would move them."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the windows of one review project need.

    Attributes:
        letters: Letters of the window with the most readings.
        most: Disputes of the window that has the most.
        lines: Labels that readings use.
    """

    letters: str
    most: int
    lines: Sequence[Line]

    @property
    def columns(self) -> list[str]:
        """Columns of the lanes."""
        return [line.column(letter) for letter in self.letters for line in self.lines]


def is_right(letter: str) -> str:
    """The verdict that upholds a reading."""
    return f"{letter} is right"


def dispute_label(number: int) -> str:
    """Label of a dispute's region: its number in the window, as in the lines above the signal."""
    return f"{DISPUTE} {number}"


def review_config(text: str, domain: Domain, view: str, shape: Shape) -> str:
    """The config of a review, made of the config that annotators had.

    Args:
        text: Their config.
        domain: The effective domain.
        view: Name of the view.
        shape: What its windows need.
    """
    root = _quiet(text, domain, view)
    keys = _keys(root, shape.letters)
    place = next((i for i, node in enumerate(root) if node.tag == "TimeSeriesLabels"), 0)
    said = etree.Element("Markdown", className="tsl-meta tsl-said", value="$disputes")
    for number, node in enumerate((said, _asked(shape), _hidden(shape.most))):
        root.insert(place + number, node)
    series = next(iter(root.iter("TimeSeries")))
    for labels in reversed([node for node in root if node.tag == "TimeSeriesLabels"]):
        # They are for corrections; what is decided upon comes first on a small screen.
        root.insert(root.index(series) + 1, labels)
    style, pixels = next(iter(root.iter("Style")), None), lanes.height(shape.lines)
    if style is not None:
        named = list(zip(shape.letters, (key for _, key in keys), strict=False))
        style.text = f"{style.text or ''}{STYLE}{lanes.lane_style(named, pixels)}"
    _make_room(series, len(shape.letters) * (pixels + lanes.MARGIN))
    for letter in shape.letters:
        series.append(lanes.lane(shape.lines, letter))
    series.set("overviewWidth", "100%")
    return config_text(root)


def _quiet(text: str, domain: Domain, view: str) -> Element:
    """The annotators' config: it asks about labels' regions only, and nothing about the task."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
    root = etree.fromstring(text.encode(), parser)
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
    above = next(iter(root.iter("Markdown")), None)
    if above is not None:
        above.set("value", f"**$recording** {DOT} $window$info")
    return root


def _make_room(series: Element, taken: int) -> None:
    """Makes the channels lower where they and all lanes would not fit on the screen."""
    heights = [node for node in series.iter("Channel", "MultiChannel") if node.get("height")]
    total = sum(int(node.get("height", "0")) for node in heights)
    room = ROOM - taken - PANE_MARGIN * len(heights)
    if total > room:
        share = max(LEAST, room / total)
        for node in heights:
            height = round(int(node.get("height", "0")) * share)
            node.set("height", str(max(SMALLEST_PANE, height)))


def _hidden(most: int) -> Element:
    """The control of the disputes' regions: reviewers draw none."""
    hidden = etree.Element("View", className="tsl-hidden")
    control = etree.SubElement(hidden, "TimeSeriesLabels", name=DISPUTE, toName=OBJECT)
    for number in range(1, most + 1):
        # Without a key the editor would hand out one that a hand may press.
        given = {"value": dispute_label(number), "hotkey": f"alt+shift+f{number}"}
        etree.SubElement(control, "Label", {**given, "background": GREY})
    return hidden


def _asked(shape: Shape) -> Element:
    """The questions, above the signal: about the dispute that is selected, and about the rest."""
    block = etree.Element("View", className="tsl-asked")
    row = etree.SubElement(block, "View", className="tsl-row")
    hint = etree.SubElement(row, "View", visibleWhen="no-region-selected")
    asked = "Click a grey dispute, or press Alt+. for the next one, then say who is right there."
    etree.SubElement(hint, "Header", value=asked, size="5", style=f"{HEADER}; color: #888")
    names = [dispute_label(number) for number in range(1, shape.most + 1)]
    for name in names:
        own = etree.SubElement(row, "View", visibleWhen="region-selected", whenLabelValue=name)
        etree.SubElement(own, "Header", value=f"{name}: who is right?", size="5", style=HEADER)
    place = etree.SubElement(row, "View", visibleWhen="region-selected")
    place.set("whenLabelValue", ",".join(names))
    given = {"toName": OBJECT, "choice": "single-radio", "layout": "inline"}
    about_one = {"name": VERDICT, "perRegion": "true", "value": f"${VERDICTS}"}
    etree.SubElement(place, "Choices", given | about_one)
    whole = etree.SubElement(block, "View", className="tsl-row tsl-rest")
    etree.SubElement(whole, "Header", value="All without an answer:", size="5", style=HEADER)
    etree.SubElement(whole, "Choices", given | {"name": REST, "value": f"${RESTS}"})
    return block


def answers(keys: Sequence[tuple[str, str]], letters: Collection[str]) -> dict[str, Answers]:
    """The answers that a window offers, with their keys, by the key of the task's data.

    The config does not name them: a window may have fewer readings than the one with the most.

    Args:
        keys: All verdicts of the project, see `verdict_keys`.
        letters: Letters of the window's readings.
    """
    found: dict[str, Answers] = {VERDICTS: [], RESTS: []}
    for verdict, key in keys:
        letter = verdict_of(verdict)
        if letter and letter not in letters:
            continue
        short = letter or NONE
        found[VERDICTS].append({"value": verdict} | ({"hotkey": key} if key else {}))
        found[RESTS].append({"value": short, "hotkey": _chord(key, short)})
    return found


def _chord(key: str, value: str) -> str:
    """Shift and a verdict's key; without one the editor would hand out a key of its own."""
    chord = f"shift+{key}"
    return chord if key and not is_reserved(chord) else f"alt+shift+{value[0].lower()}"


def verdict_keys(
    text: str, domain: Domain, view: str, letters: Sequence[str]
) -> list[tuple[str, str]]:
    """Verdicts with their keys: all readings' own letters and x, or all from one row of keys.

    Args:
        text: The config that annotators had.
        domain: The effective domain.
        view: Name of the view.
        letters: Letters of the window with the most readings.
    """
    return _keys(_quiet(text, domain, view), letters)


def _keys(root: Element, letters: Sequence[str]) -> list[tuple[str, str]]:
    taken = {node.get("hotkey") for node in root.iter("Label", "Choice")} | RESERVED_HOTKEYS
    values = [*(is_right(letter) for letter in letters), CORRECTED]
    own = [*(letter.lower() for letter in letters), "x"]
    if not taken & set(own):
        return list(zip(values, own, strict=True))
    free = [[key for key in row if key not in taken] for row in KEY_ROWS]
    row = next((keys for keys in free if len(keys) >= len(own)), [k for keys in free for k in keys])
    keys = [*row[: len(letters)], *row[-1:]] if len(row) > len(letters) else row
    return list(zip(values, [*keys, *[""] * len(own)], strict=False))


def letters_of(counts: Sequence[int]) -> str:
    """Letters for the window with the most readings."""
    return LETTERS[: max(counts, default=2)]


def verdict_of(text: object) -> str | None:
    """Letter of a verdict, "" for a correction, None for anything else."""
    for letter in LETTERS:
        if text in (letter, is_right(letter)):
            return letter
    return "" if text in (CORRECTED, NONE) else None
