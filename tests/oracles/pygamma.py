"""Disorders of pygamma-agreement for the tests of gamma; run once, in an environment of its own.

uv venv E && uv pip install --python E pygamma-agreement==0.5.9
E/bin/python tests/oracles/pygamma.py tests/core/agreement/golden/pygamma.json
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pyannote.core import Segment
from pygamma_agreement import CombinedCategoricalDissimilarity, Continuum

LENGTH = 1000


def study(seed: int) -> dict[str, object]:
    dice = np.random.default_rng(seed)
    spans = set()
    for annotator in range(2):
        for _ in range(int(dice.integers(1, 15))):
            start = int(dice.integers(0, LENGTH - 60))
            end = start + int(dice.integers(1, 60))
            spans.add((0, annotator, int(dice.integers(3)), start, end))
    continuum = Continuum()
    for _, annotator, label, start, end in sorted(spans):
        continuum.add(str(annotator), Segment(start, end), str(label))
    rule = CombinedCategoricalDissimilarity(alpha=1, beta=1, delta_empty=1)
    disorder = float(continuum.get_best_alignment(rule).disorder)
    return {"spans": sorted(spans), "length": LENGTH, "disorder": disorder}


def main() -> None:
    versions = {name: version(name) for name in ("pygamma-agreement", "numpy", "cvxpy")}
    studies = [study(seed) for seed in range(25)]
    text = json.dumps({"versions": versions, "studies": studies})
    Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
