"""Names and cells of foreign projects as they may stand in a message."""

from __future__ import annotations

from collections.abc import Sequence


def shown(text: str, longest: int = 40) -> str:
    """A text on one line, cut to a length, of characters that a terminal only prints.

    Names and cells come from strangers: an escape sequence in a log would be obeyed.
    """
    short = text if len(text) <= longest else text[: longest - 3] + "..."
    return " ".join("".join(c if c.isprintable() else " " for c in short).split())


def quoted(names: Sequence[str], count: int = 12) -> str:
    """Names in quotation marks, the first of them if they are many."""
    listed = ", ".join(f"'{shown(name)}'" for name in names[:count]) or "none"
    return listed + (f" and {len(names) - count} more" if len(names) > count else "")
