"""Counts of sed_eval for the tests of collars; run once, in an environment of its own.

uv venv E && uv pip install --python E sed_eval==0.2.1 "setuptools<81" "numpy<2.3"
E/bin/python tests/oracles/sed_eval_events.py tests/core/agreement/golden/sed_eval.json
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import sed_eval
from dcase_util.containers import MetaDataContainer

LABELS = ("a", "b", "c")


def reading(
    dice: np.random.Generator, base: list[tuple[int, int, int]]
) -> list[tuple[int, int, int]]:
    """The base with moved borders, other labels, and some events left out; milliseconds."""
    out = []
    for label, start, end in base:
        if dice.random() < 0.15:
            continue
        moved = start + int(dice.integers(-400, 400)), end + int(dice.integers(-600, 600))
        kind = int(dice.integers(3)) if dice.random() < 0.1 else label
        out.append((kind, max(0, moved[0]), max(moved[0] + 1, moved[1], 1)))
    return out


def study(seed: int) -> dict[str, object]:
    dice = np.random.default_rng(seed)
    starts = dice.integers(0, 55_000, 40).tolist()
    base = [(int(dice.integers(3)), s, s + int(dice.integers(50, 4000))) for s in starts]
    sides = [reading(dice, base) for _ in range(2)]
    # Between whole milliseconds: sed_eval's seconds blur what is exactly as far as allowed.
    collar, share = (
        float(dice.choice(x)) for x in ([0.1005, 0.2005, 0.3005], [0.0, 0.2003, 0.5003])
    )
    metric = sed_eval.sound_event.EventBasedMetrics(
        list(LABELS), t_collar=collar, percentage_of_length=share, event_matching_type="optimal"
    )
    metric.evaluate(
        *(
            MetaDataContainer(
                [
                    {"event_label": LABELS[k], "onset": s / 1e3, "offset": e / 1e3, "filename": "x"}
                    for k, s, e in side
                ]
            )
            for side in sides
        )
    )
    classes = {k: metric.class_wise[name] for k, name in enumerate(LABELS)}
    counts = [[int(c["Nref"]), int(c["Nsys"]), int(c["Ntp"])] for c in classes.values()]
    rows = [(0, n, *event) for n, side in enumerate(sides) for event in side]
    f1 = float(metric.results_overall_metrics()["f_measure"]["f_measure"])
    return {"spans": rows, "collar": collar, "share": share, "counts": counts, "f1": f1}


def main() -> None:
    versions = {name: version(name) for name in ("sed_eval", "numpy")}
    text = json.dumps({"versions": versions, "studies": [study(seed) for seed in range(20)]})
    Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
