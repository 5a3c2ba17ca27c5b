"""Names of strangers in texts for people: they cannot break out of a line, a table or a cell.

Labels, task names and annotators come from whoever wrote the file. A terminal obeys escapes, a
right-to-left mark turns a line around, and a spreadsheet runs a cell that begins like a formula.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence

MOST = 40
"""Columns of a name in a table; files and --json have all of it."""
GAP = "..."
ODD = re.compile(r"[^ -~\n]")
"""What is not plain for sure."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def plain(text: str) -> str:
    """A text that a terminal only prints: what steers it becomes a space, line ends stay."""
    if text.isprintable():
        return text
    return ODD.sub(lambda found: found[0] if _is_plain(found[0]) else " ", text)


def _is_plain(letter: str) -> bool:
    """Whether a letter has a shape of its own; spaces of any width are no harm."""
    return letter.isprintable() or unicodedata.category(letter) == "Zs"


def escaped(document: str) -> str:
    """The same JSON document; what would steer a terminal stands in it as an escape."""
    import json

    return ODD.sub(
        lambda found: found[0] if _is_plain(found[0]) else json.dumps(found[0])[1:-1], document
    )


def on_one_line(text: str) -> str:
    """A plain text without line ends and double spaces."""
    return " ".join(plain(text).split())


def width(text: str) -> int:
    """Columns that a terminal needs: wide letters take two, accents none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) != 0 for letter in text)


def short(text: str, most: int = MOST) -> str:
    """A plain text on one line; the middle of a long one gives way to an ellipsis.

    Names are told apart by their ends: the number of a task, the domain of an address.
    """
    text = on_one_line(text[: 4 * most] + text[-4 * most :] if len(text) > 8 * most else text)
    if width(text) <= most:
        return text
    room = most - len(GAP)
    return _fitting(text, room - room // 2) + GAP + _fitting(text[::-1], room // 2)[::-1]


def _fitting(text: str, room: int) -> str:
    """As much of the beginning as there is room for."""
    taken = 0
    for at, letter in enumerate(text):
        taken += width(letter)
        if taken > room:
            return text[:at]
    return text


def without_shared_address(names: Sequence[str]) -> list[str]:
    """Names without what stands behind the @, where that is the same in all addresses.

    All of it stays where names would no longer differ.
    """
    tails = {tail for _, at, tail in (name.partition("@") for name in names) if at}
    plain = [name.partition("@")[0] for name in names] if len(tails) == 1 else [*names]
    return plain if len({*plain}) == len({*names}) else [*names]


def told_apart(
    names: Sequence[str], most: int = MOST, cut: Callable[[str, int], str] = short, gap: str = GAP
) -> list[str]:
    """Names that are cut where they are longer than that; where it is possible they still differ.

    An address that all share gives way first, then the beginning that names share which would
    look the same.

    Args:
        names: Whole names, each of them once or more often.
        most: What there is room for.
        cut: Cuts a name.
        gap: Stands for what is left out.
    """
    if all(cut(name, most) == name for name in names):
        return [*names]
    whole = without_shared_address(names)
    shown = [cut(name, most) for name in whole]
    looks: dict[str, list[int]] = {}
    for n, look in enumerate(shown):
        looks.setdefault(look, []).append(n)
    for alike in looks.values():
        differing = {whole[n] for n in alike}
        if len(differing) < 2:
            continue
        letters = zip(*differing, strict=False)
        same = sum(1 for _ in itertools.takewhile(lambda own: len({*own}) == 1, letters))
        for n in alike:
            shown[n] = cut(f"{gap}{whole[n][same:]}", most)
    return shown


def numbered(names: Sequence[str], shown: Sequence[str]) -> list[str]:
    """What is shown of names, with a number behind what still looks the same."""
    taken: dict[str, str] = {}
    found = []
    for name, cut in zip(names, shown, strict=True):
        look, number = cut, 1
        while taken.setdefault(look, name) != name:
            number += 1
            look = f"{cut} ({number})"
        found.append(look)
    return found


def natural(name: str) -> tuple[list[tuple[str, tuple[int, str]]], str]:
    """Sorts names as people do: "rater 2" stands before "rater 10"."""
    parts = re.split(r"([0-9]+)", name)
    # Longer numbers are larger; as integers Python refuses to read very long ones.
    numbers = [(len(digits), digits) for digits in (part.lstrip("0") for part in parts[1::2])]
    return list(zip(parts[::2], [*numbers, (-1, "")], strict=True)), name


def aligned(lines: Sequence[Sequence[str]], most: int = 0) -> str:
    """Columns of text; the first line is the header.

    Args:
        lines: Cells of each line, as many in each.
        most: Columns of a cell above which its middle is left out; 0 leaves all.
    """
    cells = [[short(cell, most) if most else on_one_line(cell) for cell in line] for line in lines]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (wide - width(cell)) for cell, wide in zip(line, widths, strict=True)
        ).rstrip()
        for line in cells
    )


def csv_cell(text: str) -> str:
    """A text that a spreadsheet shows and does not run."""
    return f"'{text}" if text.startswith(FORMULA) else text
