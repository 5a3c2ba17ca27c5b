"""Draws the picture of a review's window in the docs: a made ECG that three people read.

python scripts/review_image.py     needs Label Studio, Chromium and playwright; writes docs/images
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tslab.cli import run
from tslab.label_studio.client import Client
from tslab.label_studio.regions import to_regions
from tslab.label_studio.server import EmbeddedServer
from tslab.plugin_manager import load_domain
from tslab.preparation.stitching import cut, with_ids
from tslab.preparation.task_table import row_ticks
from tslab.project import Project
from tslab.spans import Span

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
RECORDING, LENGTH = "holter-2", 240.0
PEOPLE = {
    "ann@example.com": (180.0, 188.0, "VT"),
    "bob@example.com": (181.2, 187.1, "VT"),
    "chris@example.com": (180.0, 188.4, "SVTA"),
}
"""What each says of a run of fast beats."""


def said(start: float, end: float, label: str) -> list[Span]:
    """A run within a normal rhythm."""
    parts = ((0.0, start, "Normal"), (start, end, label), (end, LENGTH, "Normal"))
    return [Span(*part, "rhythm") for part in parts]


def tslab(root: Path, verb: str, *words: str) -> None:
    """Runs a command that must succeed."""
    if run([verb, *words, "--project", str(root), "--quiet"]):
        raise SystemExit(f"tslab {verb} failed")


def annotate(project: Project, client: Client) -> None:
    """Everybody submits all tasks."""
    numbers = {name: number for number, name in client.users().items()}
    (place,) = (item["id"] for item in client.projects())
    there = {item["data"]["task"]: int(item["id"]) for item in client.tasks(place)}
    (entry,) = project.entries()
    recording, tasks = project.recording(entry), project.tasks()
    for name, what in PEOPLE.items():
        parts = cut(with_ids(said(*what), name), tasks)
        for task in tasks:
            ticks = row_ticks(task, recording)
            result, _ = to_regions(parts[task.id], task, ticks, project.domain)
            body = {"result": result, "completed_by": numbers[name]}
            client.create_annotation(there[task.id], body)


def draw(page: Page, server: EmbeddedServer, address: str) -> None:
    """Opens the window as its reviewer does, who has selected the dispute."""
    page.goto(f"{server.address}/user/login/")
    page.fill("input[name=email]", server.record.email)
    page.fill("input[name=password]", server.record.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/user/login" not in url)
    page.goto(f"{server.address}{address}")
    page.locator(".htx-timeseries-overview .tick").first.wait_for()
    page.locator(".brushes .brush").first.wait_for(state="attached")
    page.keyboard.press("Alt+.")
    page.get_by_text("who is right?").locator("visible=true").wait_for()
    page.mouse.move(0, 0)
    page.screenshot(path=IMAGES / "review-task.png")


def main() -> None:
    """Make, read, review, draw."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "Heart study"
        run(["init", str(root), "--domain", "ecg", "--view", "rhythm", "--quiet"])
        plugins, domain = load_domain("ecg")
        samples = (s for s in plugins.sample_recordings(domain) if s.name == RECORDING)
        (path,) = (sample.write(Path(folder)) for sample in samples if sample.write)
        tslab(root, "add", str(path))
        tslab(root, "up", "--no-backend")
        try:
            tslab(root, "users", "add", *PEOPLE)
            tslab(root, "push")
            project = Project.open(root)
            server = EmbeddedServer.of(project)
            with Client(server.address, server.api_key) as client:
                annotate(project, client)
                tslab(root, "pull")
                tslab(root, "review")
                number = max(item["id"] for item in client.projects())
                task = min(item["id"] for item in client.tasks(number))
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 1030})
            draw(page, server, f"/projects/{number}/data?task={task}")
            browser.close()
        finally:
            tslab(root, "down")


if __name__ == "__main__":
    main()
