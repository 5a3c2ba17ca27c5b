"""Recordings of pumps in a project, and what annotators say of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tslab.annotation import Annotation
from tslab.files import json_bytes
from tslab.project import Project
from tslab.spans import Span

SECONDS = 300
SEEN = ((0.0, float(SECONDS)),)


def drift(start: float, end: float, label: str = "Drift") -> Span:
    return Span(start, end, label, "anomaly")


def truth(number: int) -> list[Span]:
    """Two stretches at another level; where they lie depends on the recording."""
    return [drift(40 + 7 * number, 80 + 7 * number), drift(180 + 5 * number, 230 + 5 * number)]


def write_recording(folder: Path, number: int) -> Path:
    values = np.random.default_rng(number).normal(0, 0.2, SECONDS)
    for span in truth(number):
        values[int(span.start) : int(span.end)] += 3
    path = folder / f"pump{number}.csv"
    rows = [f"{i},{value:.4f}" for i, value in enumerate(values)]
    path.write_text("time_s,vibration\n" + "\n".join(rows) + "\n")
    return path


class Study:
    """A project of the domain iot, its recordings in order, and what annotators say."""

    def __init__(self, shell: Any, folder: Path) -> None:
        self.shell = shell
        self.folder = folder
        self.keys: list[str] = []
        self.said: list[Annotation] = []

    def add(self, number: int) -> str:
        self.shell("add", write_recording(self.folder, number))
        key = Project.open(self.shell.folder).find_recording(f"pump{number}")
        assert key is not None
        self.keys.append(key)
        return key

    def annotate(self, key: str, spans: Sequence[Span], who: str = "a", **more: Any) -> None:
        given = {"view": "anomalies", "extents": SEEN, **more}
        self.said.append(Annotation(key, who, list(spans), **given))
        folder = self.shell.folder / "annotations"
        folder.mkdir(exist_ok=True)
        (folder / "annotations.json").write_bytes(json_bytes(self.said))

    def forget(self) -> None:
        self.said.clear()

    @property
    def models(self) -> dict[str, bytes]:
        return {
            name: content
            for name, content in self.shell.files().items()
            if name.startswith("models/")
        }
