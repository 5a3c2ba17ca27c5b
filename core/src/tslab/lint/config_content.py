"""Checks of what a config brings along: scripts and addresses of other hosts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from tslab.contracts import Finding
from tslab.lint.codes import finding
from tslab.lint.config_tree import Node

_SCRIPT = re.compile(
    r"<\s*script|javascript\s*:|vbscript\s*:|<[^>]*\son\w+\s*=|<\s*(?:iframe|object|embed)\b"
    r"|data:text/html|expression\s*\(|-moz-binding",
    re.IGNORECASE,
)
_REMOTE = re.compile(
    r"(?:https?|ftp|wss?)://(?P<host>[^\s/'\"<>)]+)|(?:[\"'(=]\s*|@import\s+)//(?P<bare>[\w.-]+)",
    re.IGNORECASE,
)
_FETCHES = re.compile(r"!\[[^\]]*\]\(\s*(?P<url>[^)\s]+)|<\s*img\b[^>]*", re.IGNORECASE)
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")
_HERE = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?|www\.w3\.org")
_FETCHING_ATTRIBUTES = ("style", "html", "aliasstyle", "apiurl", "audiourl")


def check_content(root: Node) -> Iterator[Finding]:
    """Findings about texts that a browser would run, or fetch something for."""
    for node in root.walk():
        text_place = node.place()
        if node.tag in ("Style", "HyperText"):
            yield from _check_text(node.text, text_place)
        for name, value in node.attributes.items():
            lowered, place = name.lower(), node.place(name)
            if lowered in _FETCHING_ATTRIBUTES or node.tag in ("Style", "HyperText"):
                yield from _check_text(value, place)
            elif _SCRIPT.search(_plain(value)):
                yield finding("TSL073", f"{name} holds a script", place)
            elif node.tag == "Markdown":
                shown = " ".join(found.group() for found in _FETCHES.finditer(value))
                yield from _check_text(shown, place)


def _check_text(raw: str, place: str) -> Iterator[Finding]:
    text = _plain(raw)
    found = _SCRIPT.search(text)
    if found:
        yield finding("TSL073", f"'{found.group().strip()[:40]}' would run in the browser", place)
    for address in _REMOTE.finditer(text):
        host = address.group("host") or address.group("bare")
        if not _HERE.fullmatch(host.lower()):
            yield finding("TSL072", f"the browser would fetch from '{host}'", place)


def _plain(text: str) -> str:
    """The text as a browser reads it: entities and CSS escapes resolved, control characters out."""
    decoded = _CSS_ESCAPE.sub(lambda found: _character(found.group(1)), html.unescape(text))
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]|/\*.*?\*/", "", decoded, flags=re.DOTALL)


def _character(digits: str) -> str:
    number = int(digits, 16)
    return chr(number) if number < 0x110000 else ""
