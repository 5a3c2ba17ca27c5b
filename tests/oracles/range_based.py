"""Range-based precision and recall of prts; run once, in an environment of its own.

uv venv E && uv pip install --python E prts==1.0.0.3
E/bin/python tests/oracles/range_based.py tests/iot_maintenance/golden/prts.json
"""

from __future__ import annotations

import itertools
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prts import ts_precision, ts_recall

SAMPLES = 200
EXAMPLE = [[[20, 30], [80, 100], [150, 151]],
           [[25, 35], [78, 84], [90, 95], [120, 123], [150, 151]]]  # fmt: skip
BIASES = ("flat", "front", "middle", "back")


def mask(ranges: list[list[int]]) -> NDArray[Any]:
    out = np.zeros(SAMPLES, int)
    for start, end in ranges:
        out[start:end] = 1
    return out


def some_ranges(dice: np.random.Generator) -> list[list[int]]:
    """Ranges that neither touch nor overlap."""
    edges = np.sort(dice.choice(np.arange(SAMPLES), 2 * int(dice.integers(1, 9)), replace=False))
    return [[int(a), int(b)] for a, b in edges.reshape(-1, 2)]


def study(ranges: list[list[list[int]]]) -> dict[str, object]:
    real, found = (mask(side) for side in ranges)
    values = [
        {
            "existence": alpha,
            "cardinality": cardinality,
            "bias": bias,
            "precision": float(ts_precision(real, found, 0.0, cardinality, bias)),
            "recall": float(ts_recall(real, found, alpha, cardinality, bias)),
        }
        for alpha, cardinality, bias in itertools.product(
            (0.0, 0.3, 1.0), ("one", "reciprocal"), BIASES
        )
    ]
    return {"ranges": ranges, "values": values}


def main() -> None:
    dice = np.random.default_rng(0)
    cases = [EXAMPLE, *([some_ranges(dice), some_ranges(dice)] for _ in range(20))]
    found = {
        "versions": {name: version(name) for name in ("prts", "numpy")},
        "cases": [study(case) for case in cases],
    }
    Path(sys.argv[1]).write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
