"""The ML backend under load: 20 clients while a training runs, webhooks, bursts, kill -9.

    python benchmarks/backend.py [--seconds 60] [--kills 20] [--tasks 60]

A real `tslab backend` in a process of its own talks to a Label Studio of the test kit. Clients
are a third process. Whatever else the machine does disturbs idle and training alike: while the
clients ask, the training is stopped and continued in turns (SIGSTOP, SIGCONT), and each request
counts for the turn that it lay in.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kit.backend import CONFIG, add_project, annotate, series, tasks_of

from tslab.testing.fake_label_studio import FakeLabelStudio

CLIENTS = 20
TURN = 2.0
"""Seconds for which the training stands still or runs."""

PAUSE = 2.0
"""Seconds that a client thinks between two requests: an annotator opens a task, then looks."""


# --- processes ----------------------------------------------------------------------------


@contextlib.contextmanager
def backend(fake: FakeLabelStudio, folder: Path, **more: str) -> Iterator[tuple[Any, httpx.Client]]:
    """A backend process and a client of it."""
    environment = {
        **os.environ,
        "LABEL_STUDIO_HOST": fake.url,
        "LABEL_STUDIO_API_KEY": fake.api_key,
        "MODEL_DIR": str(folder),
        "LOG_LEVEL": "ERROR",
        **more,
    }
    command = [sys.executable, "-m", "tslab", "backend", "--port", "0", "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, cwd=folder.parent)
    assert process.stdout is not None
    said = b"".join(iter(process.stdout.readline, b"}\n")) + b"}"
    try:
        with httpx.Client(base_url=json.loads(said)["url"], timeout=120, trust_env=False) as http:
            yield process, http
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def metric(http: httpx.Client, name: str) -> float:
    """The sum of a number over its labels."""
    lines = http.get("/metrics").text.splitlines()
    found = [line.rsplit(" ", 1)[1] for line in lines if line.startswith(f"tslab_backend_{name}")]
    return sum(float(value) for value in found)


def wait_for(http: httpx.Client, name: str, value: float, seconds: float = 600) -> None:
    until = time.monotonic() + seconds
    while metric(http, name) < value:
        assert time.monotonic() < until, f"{name} stays {metric(http, name)}"
        time.sleep(0.1)


def send(http: httpx.Client, project: int, action: str = "ANNOTATION_CREATED") -> float:
    """Sends a webhook; the seconds that its answer took."""
    began = time.perf_counter()
    body = {"action": action, "project": {"id": project, "label_config": CONFIG}, "task": {"id": 1}}
    answer = http.post("/webhook", json=body)
    assert answer.status_code == 201, answer.text
    return time.perf_counter() - began


# --- clients (a process of their own) -----------------------------------------------------


async def ask(url: str, tasks: list[Any], project: int, seconds: float) -> dict[str, Any]:
    """Latencies of `CLIENTS` clients that ask for predictions for a while."""
    taken: list[tuple[float, float]] = []
    errors: list[str] = []
    until = time.monotonic() + seconds

    async def client(number: int) -> None:
        dice = random.Random(number)
        async with httpx.AsyncClient(base_url=url, timeout=120, trust_env=False) as http:
            await asyncio.sleep(dice.random() * PAUSE)
            while time.monotonic() < until:
                body = {
                    "tasks": [dice.choice(tasks)],
                    "project": f"{project}.1",
                    "label_config": CONFIG,
                    "params": {"context": None},
                }
                began = time.monotonic()
                answer = await http.post("/predict", json=body)
                taken.append((began, time.monotonic()))
                results = answer.json().get("results", [])
                if answer.status_code != 200 or not results or not results[0]["result"]:
                    errors.append(answer.text[:200])
                await asyncio.sleep(PAUSE * (0.5 + dice.random()))

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    return {"taken": taken, "errors": errors}


def ask_elsewhere(url: str, fake: FakeLabelStudio, project: int, seconds: float) -> dict[str, Any]:
    """The same, from another process."""
    job = json.dumps([url, tasks_of(fake, project), project, seconds])
    command = [sys.executable, __file__, "--ask"]
    done = subprocess.run(command, input=job, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] * 1000


@dataclass
class Turns:
    """When the training stood still (False) and ran (True), and what webhooks took then."""

    spans: dict[bool, list[tuple[float, float]]] = field(
        default_factory=lambda: {False: [], True: []}
    )
    webhooks: dict[bool, list[float]] = field(default_factory=lambda: {False: [], True: []})

    def latencies(self, taken: list[tuple[float, float]], which: bool) -> list[float]:
        """Seconds of the requests that began in such a turn."""
        spans = self.spans[which]
        return [b - a for a, b in taken if any(start <= a <= end for start, end in spans)]


# --- what is measured ---------------------------------------------------------------------


def stop_and_go(worker: psutil.Process, asked: Future[Any], http: httpx.Client) -> Turns:
    """Turns of idle and training while clients ask; sends webhooks meanwhile."""
    turns = Turns()
    while not asked.done():
        for training in (False, True):
            worker.send_signal(signal.SIGCONT if training else signal.SIGSTOP)
            time.sleep(0.2)
            began = time.monotonic()
            while time.monotonic() < began + TURN:
                turns.webhooks[training].append(send(http, 10_000))
                time.sleep(0.1)
            turns.spans[training].append((began, time.monotonic()))
    return turns


def load(fake: FakeLabelStudio, folder: Path, tasks: int, seconds: float) -> None:
    project = add_project(fake, tasks + 1, tasks)
    # A training that lasts: many annotated tasks, each of a minute.
    for number in range(tasks):
        content, _ = series(number, 60.0)
        fake.files[f"/data/upload/{project}/{number}.csv"] = content
    with backend(fake, folder, TSLAB_REFRESH="0", TSLAB_TRAIN_QUIET_SECONDS="0.2") as (own, http):
        send(http, project)
        wait_for(http, 'trainings_total{outcome="promoted"', 1)
        url = str(http.base_url)
        ask_elsewhere(url, fake, project, 3.0)  # warm
        annotate(fake, project, tasks_of(fake, project)[-1]["id"], series(tasks)[1])
        send(http, project, "START_TRAINING")
        wait_for(http, "training_progress", 0.3)
        [worker] = psutil.Process(own.pid).children()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask_elsewhere, url, fake, project, seconds)
            turns = stop_and_go(worker, asked, http)
            found = asked.result()
        outlasted = worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE
    idle, training = (turns.latencies(found["taken"], which) for which in (False, True))
    print(f"{CLIENTS} clients: {len(idle)} requests idle, {len(training)} during the training")
    print(f"  predict p95 {p95(idle):.1f} ms idle, {p95(training):.1f} ms training, ", end="")
    print(f"ratio {p95(training) / p95(idle):.2f} (goal 2)")
    print(f"  predict median {statistics.median(idle) * 1000:.1f} ms idle, ", end="")
    print(f"{statistics.median(training) * 1000:.1f} ms training")
    print(f"  errors {len(found['errors'])} (goal 0)")
    webhooks = [p95(turns.webhooks[which]) for which in (False, True)]
    print(f"  webhook p95 {webhooks[0]:.1f} ms idle, {webhooks[1]:.1f} ms training (goal 100)")
    print(f"  the training {'outlasted' if outlasted else 'ended before'} the clients")


def burst(fake: FakeLabelStudio, folder: Path) -> None:
    project = add_project(fake, 8, 6)
    with backend(fake, folder, TSLAB_REFRESH="0") as (_, http):
        began = time.perf_counter()
        with ThreadPoolExecutor(10) as pool:
            taken = list(pool.map(lambda _: send(http, project), range(500)))
        sent = time.perf_counter() - began
        wait_for(http, "training_seconds_count", 1)
        time.sleep(5)
        count = metric(http, "trainings_total")
    print(f"500 webhooks in {sent:.1f} s: {count:.0f} trainings (goal 3), p95 {p95(taken):.1f} ms")


def kills(fake: FakeLabelStudio, folder: Path, count: int) -> None:
    """Ends backend and worker with SIGKILL while a training runs; what serves after a restart?"""
    project = add_project(fake, count + 8, 6)
    tasks = tasks_of(fake, project)
    dice = random.Random(7)
    quiet = {"TSLAB_TRAIN_QUIET_SECONDS": "0", "TSLAB_REFRESH": "0"}
    good, kept, moved = "", 0, 0
    with backend(fake, folder, **quiet) as (_, http):
        send(http, project)
        wait_for(http, "training_seconds_count", 1)
    for number in range(count):
        with backend(fake, folder, **quiet) as (process, http):
            body = {"project": f"{project}.1", "schema": CONFIG}
            version = http.post("/setup", json=body).json()["model_version"]
            answer = http.post(
                "/predict",
                json={"tasks": tasks[-1:], "project": project, "label_config": CONFIG},
            ).json()["results"][0]
            assert version != "untrained", f"after kill {number} nothing serves"
            assert answer["model_version"] == version, answer
            assert answer["result"], answer
            kept, moved = kept + (version == good), moved + (version != good)
            good = version
            annotate(fake, project, tasks[6 + number]["id"], series(6 + number)[1])
            send(http, project, "START_TRAINING")
            wait_for(http, "trainings_running", 1)
            time.sleep(dice.uniform(0.0, 6.0))
            family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children())]
            for pid in reversed(family):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    print(f"kill -9 at {count} moments of a training: a model served after every restart;")
    print(f"  {kept} times the one before, {moved} times a newer whole one")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=60)
    parser.add_argument("--ask", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        print(json.dumps(asyncio.run(ask(*json.load(sys.stdin)))))
        return
    folder = Path(tempfile.mkdtemp(prefix="tslab-backend-"))
    try:
        with FakeLabelStudio() as fake:
            load(fake, folder / "load", given.tasks, given.seconds)
            burst(fake, folder / "burst")
            if given.kills:
                kills(fake, folder / "kills", given.kills)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
