"""Who is A, B and C in each window of the review; kept in ``.tslab/``, never on the server."""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tslab import files
from tslab.errors import DataError
from tslab.label_studio.regions import Exact
from tslab.task import Task

FILE = "review-key.json"
LETTERS = "ABCDEFGH"
ID_LETTERS = "bcdfghjkmnpqrstvwxz"
"""Letters only: digits in a row look like a patient's number, to people and our checks."""


@dataclass(frozen=True, slots=True)
class Case:
    """One dispute that a reviewer decides.

    Attributes:
        id: Id of its region in Label Studio.
        tier: Name of the tier.
        start: Whole microseconds.
        end: Inclusive.
        kind: What it is about.
        cost: Seconds times bits of entropy.
        mark: Hash of what everybody says there: the same dispute has the same mark.
    """

    id: str
    tier: str
    start: int
    end: int
    kind: str
    cost: float
    mark: str

    def distance(self, start: float, end: float) -> tuple[float, float]:
        """How far a stretch is from it, and from its middle where it is in it; microseconds."""
        apart = max(self.start - end, start - self.end, 0)
        return apart, abs(self.start + self.end - start - end)


@dataclass(frozen=True, slots=True)
class Window:
    """One task of the review.

    Attributes:
        task: The window.
        letters: Names of the annotators by letter, in this window only.
        cases: Its disputes, sorted by time.
        exact: Exact times of the disputes' regions.
        shown: Hash of what its lanes show.
    """

    task: Task
    letters: Mapping[str, str]
    cases: Sequence[Case]
    exact: Exact = field(default_factory=dict)
    shown: str = ""

    @property
    def cost(self) -> float:
        """What its disputes cost together."""
        return sum(case.cost for case in self.cases)


@dataclass(slots=True)
class Key:
    """All windows, and what makes their names and orders.

    Attributes:
        salt: Nobody who knows the annotators' names can work out an order without it.
        windows: Those that were made, in order.
        used: Tiers and labels that lanes show, by view; it only grows.
    """

    salt: str
    windows: list[Window] = field(default_factory=list)
    used: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def name(self, *parts: object, length: int = 10) -> str:
        """A name made of letters that tells nothing about its parts."""
        digest = hashlib.sha256("|".join(map(str, (self.salt, *parts))).encode()).digest()
        return "".join(ID_LETTERS[byte % len(ID_LETTERS)] for byte in digest[:length])

    def shuffled(self, names: Iterable[str], window: str) -> dict[str, str]:
        """Annotators by letter, in an order of the window's own."""
        order = sorted(names)
        random.Random(f"{self.salt}|{window}").shuffle(order)
        return dict(zip(LETTERS, order, strict=False))


def nearest(cases: Iterable[Case], start: float, end: float) -> Case:
    """The dispute that something is drawn for; times in microseconds."""
    return min(cases, key=lambda case: case.distance(start, end))


def load_key(state: Path) -> Key | None:
    """The key of a project folder, None before the first review.

    Raises:
        DataError: The file is damaged.
    """
    import msgspec

    path = state / FILE
    if not path.exists():
        return None
    document = files.read_json(path)
    try:
        salt = str(document["salt"])  # type: ignore[index]
        windows = [_window(item) for item in document["windows"]]  # type: ignore[index]
        used = msgspec.convert(document["used"], dict[str, set[tuple[str, str]]])  # type: ignore[index]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"'.tslab/{FILE}' is damaged: {error!r}",
            "Bring back an older copy: without it nobody knows whom the verdicts uphold.",
        ) from error
    return Key(salt, windows, used)


def new_key() -> Key:
    """A key without windows."""
    return Key(secrets.token_hex(16))


def save_key(state: Path, key: Key) -> None:
    """Writes the key so that only its owner reads it."""
    windows = [
        {
            "task": window.task.to_json(),
            "letters": dict(window.letters),
            "cases": list(window.cases),
            "exact": window.exact,
            "shown": window.shown,
        }
        for window in key.windows
    ]
    used = {view: sorted(labels) for view, labels in sorted(key.used.items())}
    document = {"salt": key.salt, "windows": windows, "used": used}
    files.write_bytes(state / FILE, files.json_bytes(document), mode=0o600)


def _window(document: Mapping[str, object]) -> Window:
    import msgspec

    return Window(
        task=Task.from_json(document["task"]),  # type: ignore[arg-type]
        letters=msgspec.convert(document["letters"], dict[str, str]),
        cases=msgspec.convert(document["cases"], list[Case]),
        exact=msgspec.convert(document["exact"], dict[str, tuple[int, int, float, float]]),
        shown=str(document.get("shown", "")),
    )
