"""Where a page that somebody asked for goes."""

from __future__ import annotations

from pathlib import Path

HEAD = 4096
"""Bytes at the beginning of a page that say who wrote it."""


def page_target(name: str) -> Path:
    """Where the page goes; only a page of tslab may be replaced by it.

    Raises:
        UsageError: That is no name of a page, there is no such folder, or a file of somebody else.
    """
    from tslab.errors import UsageError
    from tslab.pages.markup import GENERATOR

    path = Path(name)
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--report '{name}' is no name of a page", "Let it end in .html.")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder '{path.parent}'", "Make it, or mend --report.")
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as file:
            if GENERATOR.encode() not in file.read(HEAD):
                raise UsageError(f"'{name}' is no page of tslab", "Move it away, or mend --report.")
    return path


def folder_target(name: str) -> Path:
    """Where tables go.

    Raises:
        UsageError: That is a file.
    """
    from tslab.errors import UsageError

    path = Path(name)
    if path.exists() and not path.is_dir():
        raise UsageError(f"--csv '{name}' is a file", "Name a folder.")
    return path
