"""What is wrong with stored models, for people: the backend passes over it and goes on serving."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tslab.errors import DataError
from tslab.segmentation.models.card import DAMAGED, VERSION
from tslab.segmentation.models.store import CARD, CURRENT, folder_name, read_card, read_text

if TYPE_CHECKING:
    from tslab.segmentation.models.store import ModelStore

MOST_SHOWN = 60
"""Characters of a damaged file's content that an error repeats."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """A folder in the place of a model that cannot serve.

    Attributes:
        version: Of its card, or the folder's name with a slash where that says nothing.
        reason: What is wrong, and what to do, on one line.
    """

    version: str
    reason: str


def damaged_models(store: ModelStore, project: int) -> list[Damaged]:
    """All folders of a project that are no whole models, by name."""
    place = store.place(project)
    folders = sorted(place.iterdir()) if place.is_dir() else []
    hidden = (path for path in folders if not path.name.startswith("."))
    found = [_damaged(store, project, path) for path in hidden if path.is_dir()]
    return [item for item in found if item is not None]


def _damaged(store: ModelStore, project: int, folder: Path) -> Damaged | None:
    name = f"{shown(folder.name)}/"
    try:
        if folder.is_symlink() or not (folder / CARD).is_file():
            what = "is a link" if folder.is_symlink() else f"has no {CARD}"
            raise DataError(f"model folder '{name}' {what}", DAMAGED)
        card = read_card(folder)
        if folder_name(card.version) != folder.name:
            raise DataError(f"model folder '{name}' has the card of '{card.version}'", DAMAGED)
        name = card.version
        store.check(project, card.version)
    except DataError as error:
        return Damaged(name, str(error))
    except OSError as error:
        reason = f"model '{name}' cannot be read: {error.strerror or error}. Check your rights."
        return Damaged(name, reason)
    return None


def promoted(store: ModelStore, project: int) -> str:
    """The promoted version, "" without one; `ModelStore.current` passes over what is wrong.

    Raises:
        DataError: CURRENT names what is no version, or no model that is there.
    """
    path = store.place(project) / CURRENT
    version = store.current(project)
    if version or not os.path.lexists(path):
        return version
    text = read_text(path).strip()
    known = ", ".join(f"'{card.version}'" for card in store.cards(project)[-3:])
    what = "a model that is not there" if VERSION.fullmatch(text) else "no model version"
    of = f" --of {project}" if project else ""
    raise DataError(
        f"'{path}' names {what}: '{shown(text)}'",
        f"Run 'tslab models promote VERSION{of}'; the latest: {known}."
        if known
        else "Delete the file and train again: tslab train",
    )


def shown(text: str) -> str:
    """A text that may be hostile, as it may be printed."""
    short = text[:MOST_SHOWN]
    return short if short.isprintable() else ascii(short)[1:-1]
