"""Machines of a project folder, and their tasks as Label Studio sends them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tslab.project import Project


def write_machine(path: Path, seed: int) -> None:
    """A machine's table: 400 s, one sample a second, a step in each channel."""
    rng = np.random.default_rng(seed)
    times = np.arange(400)
    values = 20 + rng.normal(0, 0.1, (400, 3)) + 8 * ((times > 150) & (times < 230))[:, None]
    rows = [
        f"{t},{','.join(f'{v:.4f}' for v in row)}" for t, row in zip(times, values, strict=True)
    ]
    header = "time_s,Temperature,Pressure,Voltage"
    path.write_text("\n".join([header, *rows]) + "\n")


def pushed(project: Project, number: int = 24) -> list[dict[str, Any]]:
    """The tasks as Label Studio sends them back."""
    return [
        {"id": 100 + i, "project": number, **task.to_json()}
        for i, task in enumerate(project.tasks())
    ]
