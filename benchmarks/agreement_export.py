"""What it costs to go from a JSON export of Label Studio to the finished page.

Run: `python benchmarks/agreement_export.py`. An export of a million regions (five annotators, 1 055
tasks) is decoded by `msgspec.json.decode` alone, and then given to
`tslab agreement --from --report --json` in a process of its own, whose memory is that of all of it.
`--text` writes times as dates.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402
import numpy as np  # noqa: E402

from tslab.span_table import SpanTable  # noqa: E402

RATIO, GIGABYTES = 3.0, 2.0


def export(table: SpanTable, write: Callable[[float], object]) -> bytes:
    """The table as Label Studio would export it."""
    many = len(table.annotators)
    key = table.task.astype(np.int64) * many + table.annotator
    bounds = np.searchsorted(key, np.arange(len(table.tasks) * many + 1)).tolist()
    start, end = (table.start / 1e6).tolist(), (table.end / 1e6).tolist()
    label = [table.labels[number] for number in table.label.tolist()]

    def region(row: int) -> dict[str, Any]:
        value = {"start": write(start[row]), "end": write(end[row]), "instant": False,
                 "timeserieslabels": [label[row]]}  # fmt: skip
        return {"id": f"r{row}", "from_name": "label", "to_name": "ts", "type": "timeserieslabels",
                "origin": "manual", "value": value}  # fmt: skip

    tasks = []
    for task in range(len(table.tasks)):
        own = [task * many + who for who in range(many)]
        annotations = [
            {"id": at, "completed_by": at % many + 1, "was_cancelled": False, "lead_time": 12.5,
             "ground_truth": False, "created_at": "2026-01-01T00:00:00Z",
             "result": [region(row) for row in range(bounds[at], bounds[at + 1])]}
            for at in own
        ]  # fmt: skip
        tasks.append({"id": task + 1, "data": {"csv": "x.csv"}, "annotations": annotations,
                      "predictions": [], "drafts": [], "meta": {}})  # fmt: skip
    return msgspec.json.encode(tasks)


def as_date(seconds: float) -> str:
    """A time as the editor writes it on an axis of dates."""
    time_ = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    return time_.strftime("%Y-%m-%d %H:%M:%S.%f")


def whole_way(path: Path) -> dict[str, float]:
    """Seconds of the processor of the whole command, and gigabytes of memory at most."""
    from tslab.cli import run

    page = path.with_suffix(".html")
    began = time.process_time()
    code = run(["agreement", "--from", str(path), "--report", str(page), "--quiet", "--json"])
    spent = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"code": code, "whole": spent, "page": page.stat().st_size / 1e6, "memory": memory}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=1055)
    parser.add_argument("--text", action="store_true", help="times as dates")
    parser.add_argument("--way", metavar="FILE", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.way:
        print(json.dumps(whole_way(Path(chosen.way))))
        return 0
    from benchmarks.agreement import study

    table = study(tasks=chosen.tasks)
    payload = export(table, as_date if chosen.text else float)
    spent = []
    for _ in range(3):
        began = time.process_time()
        msgspec.json.decode(payload)
        spent.append(time.process_time() - began)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.json"
        path.write_bytes(payload)
        command = [sys.executable, __file__, "--way", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    ratio = found["whole"] / min(spent)
    print(
        f"{len(table):,} regions, {len(payload) / 1e6:.0f} MB; "
        f"msgspec.json.decode {min(spent):.2f} s"
    )
    print(f"to a page of {found['page']:.1f} MB: {found['whole']:.2f} s = {ratio:.2f} decodes "
          f"(bar {RATIO}), {found['memory']:.2f} GB (bar {GIGABYTES})")  # fmt: skip
    return int(found["code"] != 0 or ratio > RATIO or found["memory"] > GIGABYTES)


if __name__ == "__main__":
    raise SystemExit(main())
