"""Tasks: one window of one recording, as Label Studio sees it."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tslab.spans import to_microseconds

TIME_COLUMN = "time"
DAY_ONE_MS = 978_307_200_000
"""2001-01-01, a Monday: where axes in milliseconds begin.

The editor draws ticks of dates only, and from 1970 on; day numbers count from 01, the first day.
"""
RESERVED_KEYS = frozenset({"csv", "task", "recording", "part", "window", "info"})
"""Keys of a task's data that metadata cannot take."""


@dataclass(frozen=True, slots=True)
class Task:
    """One window of one recording in one view.

    Attributes:
        id: Unique in the project, the same on every run.
        recording: Id of the recording.
        view: Name of the domain's view.
        start: Start of the window in seconds of the recording.
        end: End of the window in seconds of the recording, exclusive.
        channels: Names of the shown channels, in order.
        tick_us: Length of one unit of the time column in microseconds: 1000, 10 or 1.
        part: Which window of the recording it is, and of how many: (1, 7) is the first of seven.
        metadata: What stands beside the signal.
    """

    id: str
    recording: str
    view: str
    start: float
    end: float
    channels: tuple[str, ...]
    tick_us: int
    part: tuple[int, int] = (1, 1)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def start_us(self) -> int:
        """Start of the window in whole microseconds."""
        return to_microseconds(self.start)

    @property
    def end_us(self) -> int:
        """End of the window in whole microseconds."""
        return to_microseconds(self.end)

    @property
    def axis_offset(self) -> int:
        """Tick of the recording's start: a date in milliseconds, 0 on other axes."""
        return DAY_ONE_MS if self.tick_us == 1000 else 0

    @property
    def csv(self) -> str:
        """Path of the task's CSV below the project folder."""
        return f"tasks/{self.view}/{self.id}.csv"

    def to_json(self) -> dict[str, Any]:
        """The task as Label Studio imports it, its data address still a path in the project."""
        window = f"{clock(self.start)} - {clock(self.end)}"
        data: dict[str, Any] = {
            "csv": self.csv,
            "task": self.id,
            "recording": self.recording,
            "part": f"{self.part[0]} of {self.part[1]}",
            "window": window,
            "info": _as_markdown(self.metadata),
        }
        data |= {key: value for key, value in self.metadata.items() if key not in RESERVED_KEYS}
        meta = {
            "tslab": 1,
            "view": self.view,
            "start_us": self.start_us,
            "end_us": self.end_us,
            "start": self.start,
            "end": self.end,
            "tick_us": self.tick_us,
            "part": list(self.part),
            "channels": list(self.channels),
            "metadata": dict(self.metadata),
        }
        return {"data": data, "meta": meta}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Task:
        """The task that `to_json` wrote.

        Raises:
            KeyError: The document is not one of tslab's tasks; also TypeError, ValueError and
                IndexError, where its values are not.
        """
        data, meta = document["data"], document["meta"]
        return cls(
            id=data["task"],
            recording=data["recording"],
            view=meta["view"],
            start=float(meta["start"]),
            end=float(meta["end"]),
            channels=tuple(meta["channels"]),
            tick_us=int(meta["tick_us"]),
            part=(meta["part"][0], meta["part"][1]),
            metadata=dict(meta["metadata"]),
        )


def _as_markdown(metadata: Mapping[str, str]) -> str:
    """Metadata as one line of Markdown in which nothing is markup but ours.

    The editor renders HTML in it, and an image's address would be fetched.
    """
    shown = []
    for key, value in metadata.items():
        text = html.escape(str(value)).replace("\n", " ")
        text = re.sub(r"([\\`*_\[\]()#!|~])", r"\\\1", text)
        shown.append(f"**{re.sub('[^A-Za-z0-9 ]+', ' ', key).capitalize()}** {text}")
    return "".join(f" \u00a0·\u00a0 {part}" for part in shown)


def clock(seconds: float) -> str:
    """Time since the start for people: ``00:05:00``, ``2d 03:00:00``, ``0.250 s``."""
    if seconds < 60 and seconds != int(seconds):
        return f"{seconds:.3f} s"
    whole = dt.timedelta(seconds=round(seconds))
    hours, rest = divmod(whole.seconds, 3600)
    text = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{whole.days}d {text}" if whole.days else text
