"""Draws the pictures of the page of agreement in the docs, from made data.

python scripts/agreement_images.py     needs Chromium and playwright; writes docs/images
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from tslab.agreement.measure import measure
from tslab.agreement.page.document import page
from tslab.agreement.page.input import PageInput
from tslab.agreement.page.review import review_items
from tslab.agreement.tier_tables import GROUND_TRUTH, Intake, TierTable
from tslab.agreement.values import Readers
from tslab.recording import Recording, Signal
from tslab.span_table import Extents, SpanTable

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
TASKS, LONG, RATE = 24, 300.0, 50
LABELS = ("rest", "walk", "run", "stairs")
COLORS = {"rest": "#6b7280", "walk": "#2e7d32", "run": "#e69f00", "stairs": "#1565c0"}
READERS = ("anna", "ben", "chloe", "net 3", GROUND_TRUTH)
HABITS = ((0.0, 0.4, 0.02, 0.02), (0.7, 0.8, 0.05, 0.06), (-0.2, 2.5, 0.15, 0.15),
          (0.2, 1.0, 0.06, 0.05), (0.0, 0.0, 0.0, 0.0))  # fmt: skip
"""Late by, spread of borders (s), share that is missed, share that gets another label."""

Mark = tuple[float, float, int]


def truth(dice: np.random.Generator) -> list[Mark]:
    """Activities of one task."""
    at, found = float(dice.uniform(0, 10)), []
    while (end := at + float(dice.gamma(3, 6))) < LONG:
        found.append((at, end, int(dice.integers(len(LABELS)))))
        at = end + float(dice.exponential(6))
    return found


def said(dice: np.random.Generator, marks: list[Mark], habit: tuple[float, ...]) -> list[Mark]:
    """What somebody with such habits marks."""
    late, spread, missed, other = habit
    found = []
    for start, end, label in marks:
        if dice.random() < missed:
            continue
        own = int(dice.integers(len(LABELS))) if dice.random() < other else label
        low, high = (t + late + float(dice.normal(0, spread)) for t in (start, end))
        if high > low + 0.5:
            found.append((max(low, 0.0), min(high, LONG), own))
    return found


def tier() -> TierTable:
    """Five readings of all tasks."""
    dice = np.random.default_rng(7)
    rows, seen = [], []
    for task in range(TASKS):
        marks = truth(dice)
        for reader, habit in enumerate(HABITS):
            seen.append((task, reader, 0, int(LONG * 1e6)))
            for start, end, label in said(dice, marks, habit):
                rows.append((task, reader, label, int(start * 1e6), int(end * 1e6)))
    names = [f"walk-{n + 1:02d}" for n in range(TASKS)], READERS, LABELS
    keys = ("task", "annotator", "label", "start", "end")
    columns = dict(zip(keys, np.array(rows).T, strict=True))
    table = SpanTable.of(names, columns, Extents.of(*np.array(seen).T))
    readers = Readers(READERS[:3], GROUND_TRUTH, READERS[3:4])
    return TierTable("activity", "intervals", table, readers, 0.5, colors=COLORS, sample=1 / RATE)


def recording(task: str) -> Recording:
    """A wave whose strength comes and goes."""
    times = np.arange(int(LONG * RATE)) / RATE
    noise = np.random.default_rng(int(task[-2:])).normal(0, 0.1, len(times))
    wave = (0.3 + np.abs(np.sin(times / 19))) * np.sin(11 * times) + noise
    signal = Signal.from_array("acceleration", wave, float(RATE), "g")
    return Recording(id=task, duration=LONG, signals=(signal,))


def shoot(browser: Any, address: str) -> None:
    """The top of the page in light, and the timelines in dark."""
    size = {"width": 1440, "height": 1180}
    tab = browser.new_context(viewport=size, color_scheme="light").new_page()
    tab.goto(address)
    tab.screenshot(path=IMAGES / "agreement-page.png")
    tab = browser.new_context(viewport=size, color_scheme="dark").new_page()
    tab.goto(address)
    tab.locator("[data-do=signal]").click()
    tab.locator(".viewer").screenshot(path=IMAGES / "agreement-timelines.png")


def main() -> None:
    """Measure, write, draw."""
    found = measure(Intake((tier(),)))
    items, note = review_items(found.tiers, found.settings)
    given = PageInput("Agreement: 24 walks", "", review=items, review_note=note,
                      recording=recording)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "page.html"
        path.write_bytes(page(found, given))
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        shoot(browser, path.as_uri())
        browser.close()


if __name__ == "__main__":
    main()
