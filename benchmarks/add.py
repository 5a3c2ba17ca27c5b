"""CPU seconds and memory of `tslab add` on a half-hour ECG.

Run as `python benchmarks/add.py`. Makes a 30-minute record of two leads at 360 Hz (WFDB, format
212), adds it three times, each in a new project and a new process, and prints wall seconds, CPU
seconds (user and system) and the largest resident memory. The first three runs have no compiled
bytecode to read, as PYTHONDONTWRITEBYTECODE in a fresh environment has it; the others do. Goal:
under 2 s of CPU and 300 MB with bytecode. Nothing outside a temporary folder is written.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins/ecg_eeg/src"))

RATE = 360.0
RUNS = 3
CPU_GOAL = 2.0
MEMORY_GOAL = 300.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took: seconds, seconds, MB."""

    wall: float
    cpu: float
    memory: float


def write_record(folder: Path) -> Path:
    """Half an hour in sinus rhythm with a paroxysm of AF and some ectopy."""
    import wfdb

    from tslab_ecg_eeg.synthetic import Segment, synthesize_ecg

    plan = [
        Segment("(N", 700, premature=0.02),
        Segment("(AFIB", 300),
        Segment("(SBR", 200),
        Segment("(N", 600),
    ]
    made = synthesize_ecg(plan, sampling_rate=RATE, seed=1)
    wfdb.wrsamp(
        "half-hour",
        fs=RATE,
        units=["mV", "mV"],
        sig_name=["MLII", "V5"],
        p_signal=np.column_stack(made.leads),
        fmt=["212", "212"],
        write_dir=str(folder),
    )
    return folder / "half-hour.hea"


def measure(command: list[str], environment: dict[str, str]) -> Cost:
    """Runs a command in a process of its own and asks the system what it took.

    The command is started by a small process whose only child it is: the peak memory of children
    is a maximum over all that there were.
    """
    script = (
        "import resource, subprocess, sys, time\n"
        "began = time.perf_counter()\n"
        "done = subprocess.run(sys.argv[1:], capture_output=True, text=True)\n"
        "wall = time.perf_counter() - began\n"
        "if done.returncode: sys.exit(done.stderr or done.stdout)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, *command],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed: {done.stderr}")
    return Cost(*map(float, done.stdout.split()))


def adds(record: Path, folder: Path, environment: dict[str, str]) -> list[Cost]:
    """`tslab add` of one record into three new projects."""
    costs = []
    for _ in range(RUNS):
        project = Path(tempfile.mkdtemp(dir=folder))
        tslab = [sys.executable, "-c", "import sys; from tslab.cli import main; sys.exit(main())"]
        subprocess.run(
            [*tslab, "init", str(project), "--domain", "ecg"],
            capture_output=True,
            check=True,
            env=environment,
        )
        costs.append(measure([*tslab, "add", str(record), "--project", str(project)], environment))
    return costs


def report(title: str, costs: list[Cost]) -> None:
    """One line for each run, and the median of CPU."""
    for number, cost in enumerate(costs, 1):
        print(
            f"{title:22} {number:3} {cost.wall:8.2f} {cost.cpu:8.2f} {cost.memory:8.0f}"
            f"  load {os.getloadavg()[0]:.1f}"
        )


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record = write_record(folder)
        size = record.with_suffix(".dat").stat().st_size / 1e6
        print(f"{record.name}: 30 min, 2 leads, {RATE:g} Hz, {size:.1f} MB")
        print(f"{'':22} {'run':>3} {'wall s':>8} {'CPU s':>8} {'MB':>8}")
        cache = folder / "bytecode"
        bare = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        # An empty cache elsewhere hides what is compiled already.
        empty = {**bare, "PYTHONPYCACHEPREFIX": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
        report("without bytecode", adds(record, folder, empty))
        compiled = {**bare, "PYTHONPYCACHEPREFIX": str(cache)}
        adds(record, folder, compiled)
        costs = adds(record, folder, compiled)
        report("with bytecode", costs)
    cpu = sorted(cost.cpu for cost in costs)[RUNS // 2]
    memory = max(cost.memory for cost in costs)
    fits = cpu < CPU_GOAL and memory < MEMORY_GOAL
    print(f"goal {CPU_GOAL:g} s CPU and {MEMORY_GOAL:g} MB: {'reached' if fits else 'missed'}"
          f" ({cpu:.2f} s, {memory:.0f} MB)")  # fmt: skip
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main())
