"""Remembers requests that may still be running on the server after a crash of ours."""

from __future__ import annotations

import time
from pathlib import Path

SECONDS = 4.0
"""A request that was cut off is done on the server, or was never begun, after this time."""


class Journal:
    """A file that exists while requests change the server.

    A push that dies in the middle of a request leaves the server working on it. The next push
    waits until that must be over, because a list made too early lacks what is just arriving.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def wait(self) -> None:
        """Returns as soon as no request of an earlier process can be running any more."""
        try:
            age = time.time() - self._path.stat().st_mtime
        except FileNotFoundError:
            return
        if 0 <= age < SECONDS:
            time.sleep(SECONDS - age)

    def note(self) -> None:
        """Called before each request that changes something."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.touch(mode=0o600)

    def done(self) -> None:
        """Called when everything is over."""
        self._path.unlink(missing_ok=True)
