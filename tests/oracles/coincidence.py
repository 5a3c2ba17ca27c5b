"""Alpha, AC1 and kappa of random grids by krippendorff (GPL-3) and irrCAC, written as JSON.

Neither lives in the environment of the tests. Run once, in one of its own::

    uv venv env && uv pip install --python env/bin/python krippendorff==0.9.0 irrCAC==0.4.4
    env/bin/python tests/oracles/coincidence.py > tests/core/agreement/golden/coincidence.json
"""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import warnings

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC

LABELS, TICKS = 4, 400
ABSENT = -1


def grid(dice: np.random.Generator, raters: int, missing: bool) -> np.ndarray:
    """One class for each rater and tick, int ``(raters, ticks)``; absent raters are -1."""
    truth = np.repeat(dice.integers(0, LABELS + 1, TICKS), dice.integers(5, 40, TICKS))[:TICKS]
    rows = []
    for _ in range(raters):
        row = np.roll(truth, int(dice.integers(-3, 4)))
        at = int(dice.integers(0, TICKS - 60))
        row[at : at + int(dice.integers(5, 60))] = dice.integers(0, LABELS + 1)
        if missing:
            gone = int(dice.integers(0, TICKS - 100))
            row[gone : gone + int(dice.integers(20, 100))] = ABSENT
        rows.append(row)
    return np.array(rows)


def runs(row: np.ndarray) -> list[list[int]]:
    """Class, start and end of each run."""
    out, at = [], 0
    for value, group in itertools.groupby(row.tolist()):
        length = len(list(group))
        out.append([value, at, at + length])
        at += length
    return out


def case(seed: int) -> dict[str, object]:
    """A grid and what the packages say about it."""
    dice = np.random.default_rng(seed)
    raters, missing = 2 + seed % 4, seed % 2 == 1
    cells = grid(dice, raters, missing)
    data = np.where(cells == ABSENT, np.nan, cells)
    frame = pd.DataFrame(data.T)
    cac = CAC(frame, digits=15, categories=list(range(LABELS + 1)))
    found = {
        name: getattr(cac, name)()["est"]["coefficient_value"]
        for name in ("gwet", "conger", "fleiss", "krippendorff")
    }
    alpha = krippendorff.alpha(
        reliability_data=data,
        value_domain=list(range(LABELS + 1)),
        level_of_measurement="nominal",
    )
    return {
        "seed": seed,
        "readings": [runs(row) for row in cells],
        "krippendorff.alpha": float(alpha),
        **{f"irrCAC.{name}": float(value) for name, value in found.items()},
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    packages = ("krippendorff", "irrCAC", "numpy", "pandas")
    document = {
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "labels": LABELS,
        "ticks": TICKS,
        "cases": [case(seed) for seed in range(16)],
    }
    print(json.dumps(document, separators=(",", ":")))
