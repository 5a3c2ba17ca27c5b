"""Checks of hotkeys over a whole config: labels, choices and ratings share one keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tslab.contracts import Finding
from tslab.domain import RESERVED_HOTKEYS
from tslab.lint.codes import finding
from tslab.lint.config_tree import Node

_KEYED = frozenset({"Label", "Choice", "Rating", "Number", "Shortcut", "Audio", "Filter"})
_PLAIN = frozenset({"Label", "Choice", "Rating", "Number"})
_ONE_KEY = re.compile(r"[a-z0-9]")
_AUTOMATIC = "1234567890qwetasdfgzxcvbyiopjklnm"
"""Keys that the editor hands out by itself, in this order."""

_MOST = 9
_COMBINATIONS = """
    ctrl+enter ctrl+space ctrl+z ctrl+shift+z ctrl+backspace ctrl+d ctrl+b ctrl+h ctrl+p
    ctrl+left ctrl+right ctrl+up ctrl+down ctrl+shift+a ctrl+plus ctrl+minus
    alt+enter alt+left alt+right alt+space alt+. alt+r alt+h alt+l alt+m alt+a alt+d
    shift+left shift+right shift+up shift+down shift+. shift+1 shift+2 shift+r
    alt+shift+left alt+shift+right alt+ctrl+space alt+ctrl+left alt+ctrl+right
    ctrl+w ctrl+t ctrl+n ctrl+l ctrl+f
    """


def check_hotkeys(root: Node) -> Iterator[Finding]:
    """Findings about keys that clash, that are taken, that cannot be pressed, that are missing."""
    taken: dict[str, Node] = {}
    for node in root.walk():
        key = node.get("hotkey")
        if node.tag not in _KEYED or not key:
            continue
        place = node.place("hotkey")
        if is_reserved(key):
            yield finding("TSL041", f"'{key}' belongs to the editor", place)
        elif node.tag in _PLAIN and not _ONE_KEY.fullmatch(key):
            yield finding("TSL044", f"'{key}' is not one lower-case letter or digit", place)
        if key.lower() in taken:
            other = taken[key.lower()]
            text = f"'{key}' is taken by {other.place()}; the editor only warns in its console"
            yield finding("TSL040", text, place)
        taken.setdefault(key.lower(), node)
    yield from _check_missing(root, taken)
    yield from _check_many(root)


def is_reserved(key: str) -> bool:
    """Whether the editor does something else on that key of a time series."""
    lowered = key.lower().replace("command", "ctrl").replace("meta", "ctrl")
    if lowered in RESERVED_HOTKEYS:
        return True
    return _keys(lowered) in {_keys(combination) for combination in _COMBINATIONS.split()}


def _keys(combination: str) -> frozenset[str]:
    """Keys that are pressed together, in whatever order they are written."""
    return frozenset(combination.split("+"))


def _check_missing(root: Node, taken: dict[str, Node]) -> Iterator[Finding]:
    labels = [n for n in root.walk() if n.tag == "Label" and n.get("value")]
    if not any(label.get("hotkey") for label in labels):
        return
    free = iter([key for key in _AUTOMATIC if key not in taken])
    for label in labels:
        if not label.get("hotkey"):
            key = next(free, "")
            how = f"answers to '{key}' as long as nobody changes the config" if key else "gets none"
            text = f"label '{label.get('value')}' has no hotkey and {how}"
            yield finding("TSL042", text, label.place("hotkey"), severity="warning")


def _check_many(root: Node) -> Iterator[Finding]:
    for node in root.walk():
        is_list = node.tag == "Choices" and node.get("layout") != "select"
        wanted = "Choice" if is_list else "Label" if node.kind == "region" else ""
        items = [item for item in node.walk() if wanted and item.tag == wanted]
        if len(items) > _MOST and not any(item.get("hotkey") for item in items):
            text = f"{len(items)} {wanted.lower()}s without hotkeys"
            yield finding("TSL045", text, node.place(), severity="warning")
