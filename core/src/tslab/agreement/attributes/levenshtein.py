"""How alike two texts are: edit distance, by bits of whole numbers."""

from __future__ import annotations


def distance(one: str, other: str) -> int:
    """Levenshtein's distance: characters to insert, delete or replace.

    A column of the table of distances is two whole numbers, whose bits say where it rises and where
    it falls (Myers 1999, in the form of Hyyro 2001).
    """
    if len(one) > len(other):
        one, other = other, one
    if not one:
        return len(other)
    places: dict[str, int] = {}
    for at, sign in enumerate(one):
        places[sign] = places.get(sign, 0) | 1 << at
    everything, last = (1 << len(one)) - 1, 1 << len(one) - 1
    rises, falls, found = everything, 0, len(one)
    for sign in other:
        equal = places.get(sign, 0)
        diagonal = (((equal & rises) + rises) ^ rises) | equal | falls
        up = (falls | ~(diagonal | rises)) & everything
        down = rises & diagonal
        found += bool(up & last) - bool(down & last)
        up = (up << 1 | 1) & everything
        rises = (down << 1 | ~(diagonal | up)) & everything
        falls = up & diagonal
    return found


def similarity(one: str, other: str) -> float:
    """1 less the distance by the length of the longer text; 1 for two empty ones."""
    longest = max(len(one), len(other))
    return 1 - distance(one, other) / longest if longest else 1.0
