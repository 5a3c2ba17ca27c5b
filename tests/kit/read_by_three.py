"""Two recordings, one read by three people."""

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
WHO = ("ada@example.org", "bob@example.org", "cyd@example.org")


def drift(start: float, end: float, label: str = "Drift") -> Span:
    return Span(start, end, label, "anomaly", id=f"{label[:1]}{start:g}")


SAID: tuple[Sequence[Span], ...] = (
    (drift(40, 80), drift(180, 230)),
    (drift(42, 81), drift(180, 230), drift(260, 270, "Spike")),
    (drift(44, 82), drift(185, 230), drift(100, 130)),
)


class Study:
    """Two recordings, one read by three people."""

    def __init__(self, shell: Any, folder: Path) -> None:
        self.shell, self.folder = shell, folder
        shell("init", shell.folder, "--domain", "iot", project=False)
        for number in (1, 2):
            values = np.random.default_rng(number).normal(0, 1, SECONDS)
            rows = "\n".join(f"{i},{value:.4f}" for i, value in enumerate(values))
            (folder / f"pump{number}.csv").write_text(f"time_s,vibration\n{rows}\n")
            shell("add", folder / f"pump{number}.csv")
        found = Project.open(shell.folder)
        self.keys = [str(found.find_recording(f"pump{number}")) for number in (1, 2)]
        self.view = Project.open(shell.folder).views[0]
        self.say([(who, spans) for who, spans in zip(WHO, SAID, strict=True)])

    def say(self, readings: Sequence[tuple[str, Sequence[Span]]], **more: Any) -> None:
        said = [
            Annotation(self.keys[0], who, list(spans), self.view, ((0.0, float(SECONDS)),), **more)
            for who, spans in readings
        ]
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_bytes(json_bytes(said))

    @property
    def path(self) -> Path:
        return Path(self.shell.folder) / "annotations" / "annotations.json"

    @property
    def project(self) -> Project:
        return Project.open(self.shell.folder)


def times(spans: Sequence[Span]) -> list[tuple[float, float, str]]:
    return [(s.start, s.end, s.label) for s in spans]
