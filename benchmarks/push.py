"""Pushes 1 000 tasks with predictions to a real Label Studio; own CPU beside the server's time."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from tslab.cli import run

TASKS = 1000
SECONDS = 20


def make_study(folder: Path) -> Path:
    """A project of 1 000 windows of one machine's telemetry."""
    root = folder / "study"
    assert run(["init", str(root), "--domain", "iot", "--quiet"]) == 0
    settings = root / "tslab.yaml"
    window = f"window: {{seconds: {SECONDS}, page_seconds: {SECONDS}}}\nreview:"
    settings.write_text(settings.read_text().replace("review:", window))
    rng = np.random.default_rng(0)
    count = TASKS * SECONDS
    rows = [f"{i},{a:.3f},{b:.3f}" for i, (a, b) in enumerate(rng.normal(size=(count, 2)).tolist())]
    (folder / "machine.csv").write_text("time,flow,pressure\n" + "\n".join(rows) + "\n")
    assert run(["add", str(folder / "machine.csv"), "--project", str(root), "--quiet"]) == 0
    spans = [
        f"machine.csv,{s},{s + 4},Drop,anomaly,0.7" for s in range(2, count - 20, SECONDS // 4)
    ]
    (folder / "model.csv").write_text("recording,start,end,label,tier,score\n" + "\n".join(spans))
    model = ["predict", "--from", str(folder / "model.csv"), "--project", str(root), "--quiet"]
    assert run(model) == 0
    return root


def push(root: Path) -> tuple[float, float, dict[str, object]]:
    """CPU and wall seconds of one push in this process, and what it says."""
    captured = io.StringIO()
    cpu, wall = time.process_time(), time.perf_counter()
    with contextlib.redirect_stdout(captured):
        assert run(["push", "--json", "--quiet", "--project", str(root)]) == 0
    spent = (time.process_time() - cpu, time.perf_counter() - wall)
    return *spent, json.loads(captured.getvalue())


def main() -> None:
    """Prints one line for each push."""
    with tempfile.TemporaryDirectory() as folder:
        root = make_study(Path(folder))
        assert run(["up", "--project", str(root), "--quiet"]) == 0
        try:
            for name in ("first push (loads the SDK)", "second push, nothing to do", "third push"):
                cpu, wall, said = push(root)
                print(
                    f"{name:28}  own CPU {cpu:5.2f} s"
                    f"   in the server {said['server_seconds']:6.2f} s   wall {wall:6.2f} s"
                    f"   requests {said['requests']}   changes {len(said['changes'])}"
                )
        finally:
            run(["down", "--project", str(root), "--quiet"])


if __name__ == "__main__":
    main()
