"""Exact times of regions that the ML backend served, so that a pull can restore them.

Predictions of `tslab predict` keep theirs in predictions/. What the backend serves changes with
every training and would fill that folder with files that nobody asked for; only the times are kept,
in one small database of the project's state.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from tslab.errors import DataError, ProjectError
from tslab.label_studio.regions import Exact

FILE = "served-times.sqlite"
WAIT_SECONDS = 10.0
SCHEMA = """
create table if not exists served (
    task text, region text, first integer, last integer, start real, "end" real,
    primary key (task, region)
) without rowid
"""


def remember(state: Path, served: Mapping[str, Exact]) -> None:
    """Keeps the times of regions that were served.

    Args:
        state: The project's state folder.
        served: Exact times by region id, by task id. Ids name model, recording and span, so a
            region that is served again has the same times.

    Raises:
        ProjectError: They cannot be written.
    """
    rows = [
        (task, region, *times) for task, exact in served.items() for region, times in exact.items()
    ]
    if not rows:
        return
    path = state / FILE
    try:
        if not path.exists():
            path.touch(mode=0o600)
        with contextlib.closing(sqlite3.connect(path, timeout=WAIT_SECONDS)) as database, database:
            database.execute(SCHEMA)
            database.executemany("insert or replace into served values (?, ?, ?, ?, ?, ?)", rows)
    except (sqlite3.Error, OSError) as error:
        raise ProjectError(
            f"cannot write '{path}': {error}", "Check free space and rights."
        ) from error


def served_times(state: Path, task: str) -> Exact:
    """Exact times of all regions that were served for a task, by region id.

    Raises:
        DataError: The database is damaged.
    """
    path = state / FILE
    if not path.exists():
        return {}
    wanted = 'select region, first, last, start, "end" from served where task = ?'
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=WAIT_SECONDS)) as database:
            rows = database.execute(wanted, (task,)).fetchall()
    except sqlite3.Error as error:
        raise DataError(
            f"'.tslab/{FILE}' is damaged: {error}", "Delete it; exact times are lost with it."
        ) from error
    return {str(row[0]): (int(row[1]), int(row[2]), float(row[3]), float(row[4])) for row in rows}
