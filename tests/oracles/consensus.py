"""Dawid-Skene of crowd-kit and STAPLE of SimpleITK for the tests; run once, on their own.

uv venv E && uv pip install --python E/bin/python crowd-kit==1.4.2 SimpleITK==2.5.7
E/bin/python tests/oracles/consensus.py tests/core/agreement/golden/consensus.json

The annotators' labels are drawn anew from the seed by the test: `said` is the same in both.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import SimpleITK
from crowdkit.aggregation import DawidSkene

ITEMS, READERS, CLASSES = 400, 5, 4
ROUNDS = (1, 2, 5, 100)


def said(seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Labels of five annotators of different skill, int64 ``(items, readers)``; -1 is absent."""
    dice = np.random.default_rng(seed)
    truth = dice.choice(CLASSES, ITEMS, p=[0.5, 0.25, 0.15, 0.1])
    out = np.empty((ITEMS, READERS), np.int64)
    for reader, skill in enumerate([0.95, 0.9, 0.8, 0.7, 0.55]):
        wrong = dice.random(ITEMS) > skill
        out[:, reader] = np.where(wrong, dice.integers(0, CLASSES, ITEMS), truth)
    absent = (dice.random((ITEMS, READERS)) < 0.1) & (np.arange(READERS) > 1)
    return np.where(absent, -1, out)


def dawid_skene(seed: int) -> list[dict[str, object]]:
    labels = said(seed)
    item, reader = np.nonzero(labels >= 0)
    data = pd.DataFrame({"task": item, "worker": reader, "label": labels[item, reader]})
    results = []
    for rounds in ROUNDS:
        model = DawidSkene(n_iter=rounds, tol=-1).fit(data)
        errors = model.errors_
        confusion = [
            [
                [float(errors.loc[(a, said), true]) for said in range(CLASSES)]
                for true in range(CLASSES)
            ]
            for a in range(READERS)
        ]
        priors = [float(model.priors_[c]) for c in range(CLASSES)]
        results.append({"rounds": rounds, "confusion": confusion, "priors": priors})
    return results


def staple(seed: int) -> dict[str, object]:
    """Each annotator's class 0 as a mask; those who are absent say no."""
    labels = said(seed)
    images = [
        SimpleITK.GetImageFromArray((labels[:, a] == 0).astype(np.uint8)[None])
        for a in range(READERS)
    ]
    tool = SimpleITK.STAPLEImageFilter()
    tool.SetForegroundValue(1.0)
    posterior = SimpleITK.GetArrayFromImage(tool.Execute(images))[0]
    return {
        "posterior": [float(value) for value in posterior],
        "sensitivity": list(tool.GetSensitivity()),
        "specificity": list(tool.GetSpecificity()),
        "rounds": tool.GetElapsedIterations(),
    }


if __name__ == "__main__":
    names = ("crowd-kit", "SimpleITK", "numpy", "pandas")
    document = {
        "versions": {name: version(name) for name in names},
        "studies": [
            {"seed": seed, "dawid_skene": dawid_skene(seed), "staple": staple(seed)}
            for seed in range(3)
        ],
    }
    Path(sys.argv[1]).write_text(json.dumps(document) + "\n")
