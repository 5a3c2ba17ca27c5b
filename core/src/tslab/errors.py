"""Errors that a user can act on: what happened, where, and what to do, on one line."""

from __future__ import annotations

import re

CHOICE = re.compile(r"\[([^][|]*)\|([^][|]*)\]")
"""What stands for one and for many: ``[is|are]``."""


class TslabError(Exception):
    """Base of all errors that tslab raises on purpose.

    Args:
        message: What is wrong, naming the thing (file, column, label, address).
        remedy: What the reader can do about it.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        self.remedy = " ".join(remedy.split())

    def __str__(self) -> str:
        """The whole error on one line."""
        if not self.remedy:
            return self.message
        ended = self.message.endswith((".", "?", "!"))
        return f"{self.message}{' ' if ended else '. '}{self.remedy}"


class UsageError(TslabError):
    """The command line asks for something that does not exist (exit code 2)."""

    exit_code = 2


class PluginError(TslabError):
    """A plugin is missing, broken or answered wrongly (exit code 3)."""

    exit_code = 3


class ProjectError(TslabError):
    """The project folder or its tslab.yaml is not usable (exit code 4)."""

    exit_code = 4


class DataError(TslabError):
    """A recording, table, prediction or annotation is not usable (exit code 4)."""

    exit_code = 4


class ServerError(TslabError):
    """Label Studio cannot be reached or refused (exit code 5)."""

    exit_code = 5


def did_you_mean(word: str, known: object) -> str:
    """A hint such as ``did you mean 'ecg'?``, or an empty string when nothing is close.

    Args:
        word: What was written.
        known: Iterable of the words that exist.
    """
    import difflib

    words = [str(item) for item in known]  # type: ignore[attr-defined]
    lowered = {item.lower(): item for item in words}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f"did you mean '{lowered[close[0]]}'?" if close else ""


def counted(number: int, things: str) -> str:
    """A number of things: ``2 tasks are left out``, ``1 task is left out``.

    Args:
        number: How many.
        things: Begins with a plural that ends in s; ``[is|are]`` is what stands for one and for
            many, as in ``tasks [is|are] left out``. Names of strangers do not belong in it.
    """
    word, space, rest = things.partition(" ")
    chosen = CHOICE.sub(lambda found: found[1 if number == 1 else 2], rest)
    return f"{number} {word.removesuffix('s') if number == 1 else word}{space}{chosen}"
