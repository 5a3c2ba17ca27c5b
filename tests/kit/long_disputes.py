"""A study of states that hold for minutes, read by three or four people, in a real Label Studio."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kit.planted import Planted
from kit.review_study import annotate, domain_of_all_kinds
from kit.studies import Study, give_database, tslab
from tslab.domain import Domain, Label, Tier, View
from tslab.spans import Span

RATE = 100
ANN, BEN, CEM, DAN = (f"{name}@example.org" for name in ("ann", "ben", "cem", "dan"))
DOMAIN = Domain(
    name="iot",
    title="States",
    tiers=(
        Tier(
            name="state",
            kind="states",
            labels=(
                Label(name="Rest", color="#4477aa", hotkey="b"),
                Label(name="Walk", color="#ee6677", hotkey="2"),
                Label(name="Run", color="#228833", hotkey="3"),
            ),
        ),
    ),
    views=(View(name="anomalies", tiers=("state",)),),
    open_channels=True,
    page_seconds=30,
    window_seconds=300,
)


def states(*parts: tuple[float, str]) -> list[Span]:
    """States from 0 on, each until its end."""
    starts = [0.0, *(end for end, _ in parts)]
    return [
        Span(start, end, label, "state") for start, (end, label) in zip(starts, parts, strict=False)
    ]


READINGS = {
    "long": (
        290.0,
        {
            ANN: states((290, "Walk")),
            BEN: states((290, "Run")),
            CEM: states((290, "Walk")),
            DAN: states((100, "Walk"), (290, "Rest")),
        },
    ),
    "short": (
        60.0,
        {
            ANN: states((60, "Walk")),
            BEN: states((60, "Run")),
            CEM: states((20, "Walk"), (60, "Rest")),
        },
    ),
}
"""Length and readings of each recording. The editor thins the window of the long one."""


@contextlib.contextmanager
def long_disputes(folder: Path, migrated: Path) -> Iterator[Study]:
    """The study with its review.

    Args:
        folder: Where it is made.
        migrated: A database whose migrations are done.
    """
    with domain_of_all_kinds(DOMAIN):
        root, native = folder / "study", folder / "native"
        native.mkdir()
        for name, (seconds, _) in READINGS.items():
            time = np.arange(0, seconds, 1 / RATE)
            rows = (f"{t:.2f},{v:.3f}" for t, v in zip(time, np.sin(time), strict=True))
            (native / f"{name}.csv").write_text("time_s,force\n" + "\n".join(rows) + "\n")
        tslab("init", str(root), "--domain", "iot")
        study = Study(root)
        study.run("add", *(str(native / f"{name}.csv") for name in READINGS))
        give_database(study.server, migrated)
        study.run("up", "--no-backend")
        try:
            study.run("users", "add", ANN, BEN, CEM, DAN)
            study.run("push")
            names = {entry.id: Path(entry.path).stem for entry in study.project.entries().values()}
            annotate(study, {key: Planted(said=READINGS[name][1]) for key, name in names.items()})
            study.run("pull")
            study.run("review")
            yield study
        finally:
            study.run("down")
