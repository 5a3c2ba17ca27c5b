"""Scores of label-studio-evalme for the tests of its twin; run once, in an environment of its own.

uv venv E && uv pip install --python E --no-deps label-studio-evalme==0.0.18
uv pip install --python E numpy scipy attrs lxml xmljson textdistance
E/bin/python tests/oracles/evalme_spans.py tests/core/agreement/golden/evalme.json

Its own dependencies are pinned to what Python 3.11 cannot build, and are not needed for spans. Each
study has one control: this version's `Metrics.apply` scores the last control alone.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from evalme.metrics import Metrics
from evalme.text.text import intersection_text_tagging

KEY = "timeserieslabels"
Result = dict[str, Any]


def spans(one: list[Result], other: list[Result], label_weights: Any = None, **how: Any) -> Any:
    """The public metric of time series, with the names that `Metrics.apply` hands over."""
    return intersection_text_tagging(one, other, label_weights, shape_key=KEY, **how)


def some_labels(dice: np.random.Generator) -> list[str]:
    """One label or two."""
    return sorted({str(x) for x in dice.choice(list("abc"), int(dice.integers(1, 3)))})


def results(dice: np.random.Generator, base: list[tuple[float, float, list[str]]]) -> list[Result]:
    """Regions of one annotator: the base moved, some left out, copied or turned to instants."""
    out: list[Result] = []
    for start, end, said in base:
        if dice.random() < 0.15:
            continue
        moved = sorted(round(t + float(dice.normal(0, 1)), 3) for t in (start, end))
        if dice.random() < 0.1:
            moved[1] = moved[0]
        labels = some_labels(dice) if dice.random() < 0.2 else said
        value = {"start": moved[0], "end": moved[1], KEY: labels}
        region = {"from_name": "label", "to_name": "ts", "type": KEY, "value": value}
        out += [region] * (2 if dice.random() < 0.1 else 1)
    return out


def study(seed: int) -> dict[str, Any]:
    dice = np.random.default_rng(seed)
    starts = np.sort(dice.uniform(0, 300, int(dice.integers(0, 13)))).tolist()
    base = [(at, at + float(dice.uniform(1, 20)), some_labels(dice)) for at in starts]
    one, other = results(dice, base), [] if seed % 9 == 8 else results(dice, base)
    scores = {
        str(threshold): Metrics.apply({}, one, other, iou_threshold=threshold)
        for threshold in (None, 0.3, 0.5)
    }
    there = {str(t): spans(one, other, iou_threshold=t) for t in (None, 0.5)}
    labels = Metrics.apply({}, one, other, per_label=True)
    return {
        "one": one, "other": other, "scores": scores, "there": there, "labels": dict(labels),
    }  # fmt: skip


def main() -> None:
    Metrics.register(name="spans", form=None, tag=KEY, func=spans, desc="Overlap of spans")
    versions = {name: version(name) for name in ("label-studio-evalme", "numpy")}
    studies = [study(seed) for seed in range(45)]
    text = json.dumps({"versions": versions, "studies": studies})
    Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
