"""Alpha_U by DKPro Statistics (Java) and u-alpha by a Python package, for the tests of unitizing.

Neither is on PyPI. Run once, in an environment of its own, with Java 17 or newer::

    uv venv E && uv pip install --python E numpy
    javac -cp JAR -d classes tests/oracles/AlphaU.java
    PYTHONPATH=U_ALPHA E/bin/python tests/oracles/alpha_u.py JAR:classes \
        tests/core/agreement/golden/unitizing.json

JAR is dkpro-statistics-agreement from Maven Central, or the classes of that repository; U_ALPHA is
a clone of the repository KrippendorffUnitizedAlpha. The committed numbers come from the sources of
both: DKPro's KrippendorffAlphaUnitizingAgreement at 1c3ef18, u-alpha's module at ec7f7ec.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from krippendorff_unitized_alpha.krippendorffs_unitized_alpha import (
    EMPTY_TAG,
    KrippendorffUnitizedAlpha,
    Segment,
)

LENGTH, LABELS = 100, 3
Unit = tuple[int, int, int, int]
"""Rater, label, start and end."""
BOOK = [(0, 0, 225, 295), (0, 0, 370, 400), (1, 0, 220, 300), (1, 0, 355, 375), (1, 0, 400, 420),
        (0, 1, 180, 240), (0, 1, 300, 350), (1, 1, 180, 240), (1, 1, 300, 350)]  # fmt: skip


def apart(dice: np.random.Generator, many: int) -> list[tuple[int, int]]:
    """Spans that do not overlap; about a third of the neighbours touch."""
    edges = np.sort(dice.choice(np.arange(LENGTH + 1), 2 * many, replace=False)).tolist()
    spans = [(edges[2 * n], edges[2 * n + 1]) for n in range(many)]
    for n in range(many - 1):
        if dice.random() < 0.3:
            spans[n] = (spans[n][0], spans[n + 1][0])
    return spans


def labels_apart(seed: int) -> tuple[int, list[Unit]]:
    """Raters and units: those of one label do not overlap, as alpha_U asks."""
    dice = np.random.default_rng(seed)
    raters = 2 + seed % 4
    units = [
        (rater, label, start, end)
        for rater in range(raters)
        for label in range(LABELS)
        for start, end in apart(dice, int(dice.integers(0, 7)))
    ]
    return raters, units


def all_apart(seed: int) -> tuple[int, list[Unit]]:
    """Raters and units: those of one rater do not overlap, as u-alpha asks."""
    dice = np.random.default_rng(1000 + seed)
    raters = 2 + seed % 4
    units = [
        (rater, int(dice.integers(LABELS)), start, end)
        for rater in range(raters)
        for start, end in apart(dice, int(dice.integers(1, 9)))
    ]
    return raters, units


def asked(raters: int, begin: int, length: int, units: list[Unit]) -> str:
    rows = [f"{raters} {begin} {length} {len(units)}"]
    rows += [f"{rater} {label} {start} {end - start}" for rater, label, start, end in units]
    return "\n".join(rows)


def dkpro(path: str) -> list[dict[str, object]]:
    """The book's example and 200 studies; those without a unit have no alpha and are left out."""
    studies = [(2, 150, 300, BOOK)]
    studies += [(raters, 0, LENGTH, units) for raters, units in map(labels_apart, range(200))]
    text = "\n".join(asked(*study) for study in studies if study[3])
    done = subprocess.run(
        ["java", "-cp", path, "AlphaU"], input=text, capture_output=True, text=True, check=True
    )
    out = []
    for (raters, begin, length, units), line in zip(
        [study for study in studies if study[3]], done.stdout.splitlines(), strict=True
    ):
        alpha, *rest = line.split()
        labels = {name: float(value) for name, value in zip(rest[::2], rest[1::2], strict=True)}
        out.append({"raters": raters, "begin": begin, "length": length, "units": units,
                    "alpha": float(alpha), "labels": labels})  # fmt: skip
    return out


def filled(own: list[Unit]) -> list[Segment]:
    """One rater's units and the gaps between them."""
    out, at = [], 0
    for _, label, start, end in sorted(own, key=lambda unit: unit[2]):
        out += [Segment(EMPTY_TAG, at, start)] if start > at else []
        out.append(Segment(str(label), start, end))
        at = end
    return out + ([Segment(EMPTY_TAG, at, LENGTH)] if at < LENGTH else [])


def u_alpha(seed: int) -> dict[str, object]:
    raters, units = all_apart(seed)
    data = {str(r): filled([unit for unit in units if unit[0] == r]) for r in range(raters)}
    value = float(KrippendorffUnitizedAlpha(data).result)
    return {"raters": raters, "length": LENGTH, "units": units, "u_alpha": value}


def main() -> None:
    found = {
        "sources": {"dkpro-statistics": "1c3ef18", "KrippendorffUnitizedAlpha": "ec7f7ec"},
        "alpha_u": dkpro(sys.argv[1]),
        "u_alpha": [u_alpha(seed) for seed in range(100)],
    }
    Path(sys.argv[2]).write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
