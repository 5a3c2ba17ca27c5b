"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")
SECONDS = 120.0


def until(found: Callable[[], Answer | None], what: str, seconds: float = SECONDS) -> Answer:
    """Asks until there is an answer; what nobody waits for longer than needed is no sleep."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        answer = found()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")
