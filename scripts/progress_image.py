"""Draws the picture of the page of progress in the docs, from a made study.

python scripts/progress_image.py     needs Chromium and playwright; writes docs/images
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from tslab.cli import run
from tslab.files import json_bytes
from tslab.progress.activity import FILE, Activity, Entry, ReviewState
from tslab.project import Project
from tslab.spans import Span
from tslab.task import Task

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
PEOPLE = {"ann@example.com": (0.9, 0.0, 55.0), "bob@example.com": (0.65, 0.02, 70.0),
          "chris@example.com": (0.45, 0.0, 50.0)}  # fmt: skip
"""Share of the tasks that each did, by how much each slows down from task to task, seconds."""
MODEL, TASKS, START = "iot-rules 1", 120, dt.datetime(2026, 11, 2, 8, 0, tzinfo=dt.UTC)


def study(root: Path) -> Project:
    """A project folder with tasks of 100 s."""
    words = ["--project", str(root), "--quiet"]
    run(["init", str(root), "--domain", "iot", "--quiet"])
    settings = root / "tslab.yaml"
    text = settings.read_text().replace("overlap: 1 ", "overlap: 2 ")
    settings.write_text(f"{text}\nwindow: {{seconds: 100}}\n")
    rows = "".join(f"{second},{second % 9}\n" for second in range(100 * TASKS))
    source = root.parent / "pump.csv"
    source.write_text("time_s,vibration\n" + rows)
    run(["add", str(source), *words])
    return Project.open(root)


def predicted(task: Task, number: int) -> list[Span]:
    """What the model saw: a shift that is often a drop, and a spike that often is none."""
    at = task.start
    shift = Span(at + 20, at + 45, "Level shift", "anomaly", id=f"{task.id}-0")
    spike = Span(at + 70, at + 72, "Spike", "anomaly", id=f"{task.id}-1")
    return [shift, spike] if number % 2 else [shift]


def said(dice: np.random.Generator, spans: list[Span], who: str) -> list[Span]:
    """What somebody makes of it."""
    found = []
    for span in spans:
        if span.label == "Spike" and dice.random() < 0.45:
            continue
        late = float(dice.normal(0.4 if who.startswith("bob") else 0.0, 0.3))
        label = "Drop" if span.label == "Level shift" and dice.random() < 0.4 else span.label
        moved = 0.0 if dice.random() < 0.35 else late
        found.append(Span(span.start + moved, span.end + moved, label, span.tier, id=span.id))
    return found


def activity(project: Project) -> Activity:
    """Six weeks of three people, and a review that has begun."""
    dice, entries, shown = np.random.default_rng(5), [], {}
    for place, (who, (share, slower, seconds)) in enumerate(PEOPLE.items()):
        for number, task in enumerate(project.tasks()[: int(share * TASKS)]):
            marks = predicted(task, number)
            shown[task.id] = {MODEL: marks}
            at = START + dt.timedelta(hours=6.5 * number, minutes=11 * place)
            taken = float(dice.gamma(9, seconds / 9) * (1 + slower * number))
            entries.append(
                Entry(
                    task.id, task.recording, task.view, task.start, task.end, who,
                    number=len(entries) + 1, created=at.isoformat(), updated=at.isoformat(),
                    lead_time=taken, spans=said(dice, marks, who), model=MODEL,
                )
            )  # fmt: skip
    review = ReviewState(31, 12, 1, {"dora@example.com": 31})
    return Activity(dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), entries, shown, review)


def main() -> None:
    """Make, write, draw."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        project = study(Path(folder) / "Pump house")
        (project.root / FILE).parent.mkdir(exist_ok=True)
        (project.root / FILE).write_bytes(json_bytes(activity(project)))
        path = Path(folder) / "page.html"
        run(["progress", "--report", str(path), "--project", str(project.root), "--quiet"])
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        tab = browser.new_page(viewport={"width": 1100, "height": 1500})
        tab.goto(path.as_uri())
        tab.screenshot(path=IMAGES / "progress-page.png")
        browser.close()


if __name__ == "__main__":
    main()
