"""Coefficients of pingouin, krippendorff and nltk for the tests of answers.

Run once, in an environment of its own:
uv venv E && uv pip install --python E pingouin==0.6.1 krippendorff==0.9.0 nltk
E/bin/python tests/oracles/answers.py tests/core/agreement/golden/answers.json
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
import pingouin
from nltk.metrics import jaccard_distance, masi_distance
from numpy.typing import NDArray

SETS = [["a"], ["b"], ["a", "b"], ["b", "c"], ["a", "b", "c"], ["d"]]


def icc(pairs: NDArray[Any]) -> float:
    """ICC(A,1) of two raters, ``(items, 2)``."""
    rows = [
        {"item": i, "rater": r, "value": float(v)}
        for i, pair in enumerate(pairs)
        for r, v in enumerate(pair)
    ]
    table = pingouin.intraclass_corr(pd.DataFrame(rows), "item", "rater", "value")
    return float(table.set_index("Type")["ICC"]["ICC(A,1)"])


def alphas(values: NDArray[Any]) -> dict[str, float]:
    """Of ratings ``(raters, items)`` with NaN where there is none."""
    return {
        level: float(krippendorff.alpha(reliability_data=values, level_of_measurement=level))
        for level in ("nominal", "ordinal", "interval")
    }


def ratings(seed: int) -> dict[str, object]:
    dice = np.random.default_rng(seed)
    first = dice.integers(1, 6, 60)
    second = np.clip(first + dice.integers(-1, 3, 60), 1, 5)
    pairs = np.stack([first, second], axis=1)
    return {"pairs": pairs.tolist(), "icc": icc(pairs), "alpha": alphas(pairs.T.astype(float))}


def numbers(seed: int) -> dict[str, object]:
    dice = np.random.default_rng(100 + seed)
    first = np.round(dice.normal(1000, 3, 40), 3)
    second = np.round(first + dice.normal(0.5, 1, 40), 3)
    pairs = np.stack([first, second], axis=1)
    return {"pairs": pairs.tolist(), "icc": icc(pairs), "alpha": alphas(pairs.T)["interval"]}


def several(seed: int) -> dict[str, object]:
    """Four raters of whom some are missing."""
    dice = np.random.default_rng(200 + seed)
    truth = dice.integers(1, 5, 50)
    values = np.where(dice.random((4, 50)) < 0.7, truth, dice.integers(1, 5, (4, 50))).astype(float)
    values[dice.random((4, 50)) < 0.25] = np.nan
    told = [[None if np.isnan(v) else int(v) for v in row] for row in values]
    return {"ratings": told, "alpha": alphas(values)}


def distances() -> dict[str, list[list[float]]]:
    sets = [frozenset(members) for members in SETS]
    return {
        "jaccard": [[jaccard_distance(a, b) for b in sets] for a in sets],
        "masi": [[masi_distance(a, b) for b in sets] for a in sets],
    }


def main() -> None:
    warnings.simplefilter("ignore")
    found = {
        "versions": {name: version(name) for name in ("pingouin", "krippendorff", "nltk", "numpy")},
        "ratings": [ratings(seed) for seed in range(20)],
        "numbers": [numbers(seed) for seed in range(20)],
        "several": [several(seed) for seed in range(20)],
        "sets": SETS,
        "distances": distances(),
    }
    Path(sys.argv[1]).write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
