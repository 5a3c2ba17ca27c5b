"""Texts that give a person away: addresses, dates, long numbers, names of source files, paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from tslab.contracts import Finding
from tslab.lint.codes import finding

_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.](?:19|20)\d{2}"
    r"|(?:0?[1-9]|[12]\d|3[01])\.? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
    r",? (?:19|20)\d{2})(?!\d)",
    re.IGNORECASE,
)
_LONG_NUMBER = re.compile(r"(?<![\w.])\d{6,}(?![\w.]*\w)")
_PATH = re.compile(r"/(?!data/|/)[\w.~-]+/|[A-Za-z]:[\\/]|\\\\|file:|~/")
_SERVED = ("/data/", "http://", "https://", "s3://")
_SHORT_STEM = 4
"""Shorter names of source files ("100") say nothing by themselves."""


def check_identity(
    document: Mapping[str, Any], place: str, source_names: Sequence[str] = ()
) -> Iterator[Finding]:
    """Findings about texts in a task's data and meta.

    Args:
        document: ``data`` or ``meta`` of a task.
        place: Where it stands, for the finding.
        source_names: Names of the files that the recordings came from.
    """
    stems = {PurePath(name).stem for name in source_names}
    secrets = sorted(stem for stem in stems if len(stem) >= _SHORT_STEM)
    for path, text in _texts(document, place):
        yield from _check_text(text, path, secrets)


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Texts and whole numbers of a document with their paths; series of samples are no texts."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}")
    elif isinstance(value, str):
        yield path, value
    elif isinstance(value, int) and not isinstance(value, bool) and ".data." in path:
        yield path, str(value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            if isinstance(item, str):
                yield path, item


def _check_text(text: str, place: str, secrets: Sequence[str]) -> Iterator[Finding]:
    if _MAIL.search(text):
        yield finding("TSL070", "an e-mail address", place)
    for name in secrets:
        if name in text:
            yield finding("TSL070", f"the source file's name '{name}'", place)
    if text.startswith(_SERVED):
        return
    if _PATH.match(text):
        yield finding("TSL075", f"'{text[:60]}' is a path of one machine", place)
        return
    date = _DATE.search(text)
    if date:
        yield finding("TSL071", f"the date '{date.group()}'", place, severity="warning")
    number = _LONG_NUMBER.search(text)
    if number and not date:
        what = f"a number of {len(number.group())} digits, as identifiers have"
        yield finding("TSL070", what, place, severity="warning")
