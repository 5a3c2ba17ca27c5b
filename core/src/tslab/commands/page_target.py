"""Where a page that somebody asked for goes."""

from __future__ import annotations

from pathlib import Path


def page_target(name: str) -> Path:
    """Where the page goes; only a page may be replaced by it.

    Raises:
        UsageError: That is no name of a page, or there is no such folder.
    """
    from tslab.errors import UsageError

    path = Path(name)
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--report '{name}' is no name of a page", "Let it end in .html.")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder '{path.parent}'", "Make it, or mend --report.")
    return path
