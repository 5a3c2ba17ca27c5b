"""Where a page that somebody asked for goes."""

from __future__ import annotations

import re
from pathlib import Path

HEAD = 4096
"""Bytes at the beginning of a page that say who wrote it."""


def page_target(name: str, kind: str) -> Path:
    """Where the page goes; only a page that the same command wrote may be replaced by it.

    Args:
        name: What the user wrote.
        kind: The command.

    Raises:
        UsageError: That is no name of a page, there is no such folder, or something else is there.
    """
    from tslab.errors import UsageError

    path = Path(name)
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--report '{name}' is no name of a page", "Let it end in .html.")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder '{path.parent}'", "Make it, or mend --report.")
    if path.is_file() and path.stat().st_size:
        writer = _writer(path)
        if writer not in (kind, ""):
            said = "no page of tslab" if writer is None else f"a page of 'tslab {writer}'"
            raise UsageError(f"'{name}' is {said}", "Move it away, or mend --report.")
    return path


def _writer(path: Path) -> str | None:
    """The command that wrote a page, "" if it does not say which; None for what is not tslab's."""
    from tslab.pages.markup import GENERATOR

    with path.open("rb") as file:
        found = re.search(re.escape(GENERATOR) + ' ?([a-z]*)"', file.read(HEAD).decode("latin-1"))
    return found[1] if found else None
