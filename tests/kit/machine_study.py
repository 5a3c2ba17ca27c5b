"""A study of machines: people who err, ground truth, a model, and the same as an export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tslab.annotation import Annotation
from tslab.files import json_bytes
from tslab.plugin_manager import load_domain
from tslab.project import Project
from tslab.spans import Span
from tslab.testing import noisy_annotator, synthetic_recording

PEOPLE = ("ann@example.com", "ben@example.com", "cid@example.com")


class Study:
    """A project with recordings, people who err, ground truth and a model."""

    def __init__(self, shell: Any, folder: Path) -> None:
        self.shell = shell
        shell("init", shell.folder, "--domain", "iot", project=False)
        _, self.domain = load_domain("iot")
        self.samples = [synthetic_recording(self.domain, seconds=600, seed=n) for n in range(3)]
        self.said: list[Annotation] = []
        self.predicted: dict[str, list[Span]] = {}
        for number, sample in enumerate(self.samples):
            times, _ = sample.recording.signals[0].read()
            values = [signal.read()[1] for signal in sample.recording.signals]
            names = [signal.name for signal in sample.recording.signals]
            lines = [",".join(["time_s", *names])]
            lines += [f"{t:.3f}," + ",".join(f"{v[i]:.4f}" for v in values)
                      for i, t in enumerate(times.tolist())]  # fmt: skip
            path = folder / f"m{number}.csv"
            path.write_text("\n".join(lines) + "\n")
            shell("add", path)
            key = Project.open(shell.folder).find_recording(path.stem)
            assert key is not None
            for seed, who in enumerate(PEOPLE):
                spans = noisy_annotator(sample.truth, sample.recording, self.domain, seed + 1)
                self.annotate(key, who, spans)
            self.predicted[key] = list(sample.truth)
        self.save()

    def annotate(self, key: str, who: str, spans: Sequence[Span], **more: Any) -> None:
        for view in self.domain.views:
            own = [span for span in spans if span.tier in view.tiers]
            given = {"view": view.name, "extents": ((0.0, 600.0),), **more}
            self.said.append(Annotation(key, who, own, **given))

    def save(self) -> None:
        folder = self.shell.folder / "annotations"
        folder.mkdir(exist_ok=True)
        (folder / "annotations.json").write_bytes(json_bytes(self.said))

    def predict(self, version: str) -> None:
        folder = self.shell.folder / "predictions"
        folder.mkdir(exist_ok=True)
        document = {"model_version": version, "recordings": self.predicted}
        (folder / "m.json").write_bytes(json_bytes(document))


def first_tier(body: dict[str, Any]) -> dict[str, Any]:
    return next(tier for tier in body["tiers"] if tier["headline"].get("event/f1@0.5") is not None)


def value(tier: dict[str, Any], metric: str, by: str = "overall", *of: str) -> float | None:
    (row,) = [r for r in tier["rows"] if (r["metric"], r["by"], tuple(r["of"])) == (metric, by, of)]
    number: float | None = row["value"]
    return number


def export(study: Study) -> list[dict[str, Any]]:
    """The annotations of one tier as Label Studio would export them."""
    tier = next(t.name for t in study.domain.tiers if t.kind != "instants")
    tasks = []
    for number, key in enumerate(study.predicted, start=1):
        annotations = [
            {
                "id": 10 * number + seed,
                "completed_by": {"id": seed, "email": who},
                "result": [
                    {"id": f"r{n}", "from_name": tier, "to_name": "ts", "type": "timeserieslabels",
                     "value": {"start": s.start, "end": s.end, "instant": s.is_instant,
                               "timeserieslabels": [s.label]}}
                    for a in study.said if (a.recording, a.annotator) == (key, who)
                    for n, s in enumerate(a.spans) if s.tier == tier
                ],
            }
            for seed, who in enumerate(PEOPLE)
        ]  # fmt: skip
        tasks.append({"id": number, "data": {}, "annotations": annotations})
    return tasks
