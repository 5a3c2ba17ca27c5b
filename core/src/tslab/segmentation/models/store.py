"""Trained models on disk: whole or not there, checked before they are read, promoted by name.

Below the root each project has a folder ``project_<id>`` with one folder for each version, a file
CURRENT that names the promoted one, and a file HISTORY with all that were promoted. Project 0 is
the study's own, and serves every project that has no model.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tslab import files
from tslab.errors import DataError, ProjectError, did_you_mean
from tslab.segmentation.models.card import DAMAGED, FILE, VERSION, ModelCard

if TYPE_CHECKING:
    from tslab.contracts import TrainableSegmenter

CARD = "card.json"
CURRENT = "CURRENT"
HISTORY = "HISTORY"
LARGEST_CARD = 16 * 2**20
LARGEST_FILE = 2**30
"""Bytes of one file of a model; nothing larger is read."""

PART = ".part-"
"""How folders of unfinished models begin."""


class ModelStore:
    """The models below one folder.

    Attributes:
        root: The folder; it need not exist before the first `save`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    # --- looking --------------------------------------------------------------------------

    def projects(self) -> list[int]:
        """Projects that have a folder, sorted."""
        matches = [re.fullmatch(r"project_(\d{1,18})", path.name) for path in _entries(self.root)]
        return sorted(int(match[1]) for match in matches if match)

    def cards(self, project: int) -> list[ModelCard]:
        """Cards of all complete models of a project, oldest first, without damaged cards."""
        found = []
        for path in _entries(self.place(project)):
            if path.name.startswith(".") or path.is_symlink() or not (path / CARD).is_file():
                continue
            try:
                card = read_card(path)
            except DataError:
                continue  # `damaged_models` says what is wrong with it
            if folder_name(card.version) == path.name:
                found.append(card)
        return sorted(found, key=lambda card: (card.created, card.version))

    def card(self, project: int, version: str) -> ModelCard:
        """The card of one version.

        Raises:
            DataError: There is no such version, or its card is damaged.
        """
        folder = self._folder(project, version)
        if not (folder / CARD).is_file():
            known = [card.version for card in self.cards(project)]
            hint = did_you_mean(version, known) or "'tslab models list' lists them."
            raise DataError(f"project {project} has no model '{version}'", hint)
        card = read_card(folder)
        if card.version != version:
            raise DataError(f"the card of model '{version}' is that of '{card.version}'", DAMAGED)
        return card

    def find(self, project: int, text: str) -> str:
        """The version that somebody means: whole, as its folder's name, or its last part only.

        Raises:
            DataError: None or several versions fit.
        """
        known = [card.version for card in self.cards(project)]
        fitting = [v for v in known if text in (v, folder_name(v), v.partition(" ")[2])]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise DataError(f"'{text}' fits {', '.join(fitting)}", "Write the whole version.")
        hint = did_you_mean(text, known) or "'tslab models list' lists them."
        raise DataError(f"project {project} has no model '{text}'", hint)

    def current(self, project: int) -> str:
        """The promoted version, "" without one."""
        text = read_text(self.place(project) / CURRENT).strip()
        known = VERSION.fullmatch(text) and (self._folder(project, text) / CARD).is_file()
        return text if known else ""

    def history(self, project: int) -> list[str]:
        """Versions that were promoted, the latest last."""
        lines = read_text(self.place(project) / HISTORY).splitlines()
        return [line for line in lines if VERSION.fullmatch(line)]

    def serving(self, project: int) -> tuple[int, str] | None:
        """Project and version of the model that serves a project: its own, else project 0's."""
        for candidate in (project, 0):
            version = self.current(candidate)
            if version:
                return candidate, version
        return None

    # --- changing -------------------------------------------------------------------------

    def save(
        self,
        project: int,
        segmenter: TrainableSegmenter,
        card: ModelCard,
        report: Mapping[str, bytes] | None = None,
        anew: bool = False,
    ) -> ModelCard:
        """Stores a trained model beside the others; does not promote it.

        A complete model of that version is left as it is unless `anew` asks for another report.
        What a crash left behind is removed.

        Args:
            project: Label Studio's id, 0 for the study's own.
            segmenter: Trained.
            card: Without files; see `describe`.
            report: More files by name, such as report.json.
            anew: Replaces a complete model of that version.

        Returns:
            The card as it is stored.

        Raises:
            ProjectError: The files cannot be written.
            DataError: The segmenter or the caller gave a file an impossible name.
        """
        target = self._folder(project, card.version)
        with self._locked(project):
            self._remove_leftovers(project)
            if not anew and self._is_whole(project, card.version):
                return self.card(project, card.version)
            part = target.with_name(f"{PART}{secrets.token_hex(6)}")
            old = target.with_name(f"{PART}{secrets.token_hex(6)}")
            try:
                stored = _write_model(part, segmenter, card, report or {})
                if target.exists():
                    # Renamed, not deleted: what reads it now finds all of it or the new one.
                    target.rename(old)
                part.rename(target)
                _sync(target.parent)
                shutil.rmtree(old, ignore_errors=True)
            except OSError as error:
                reason = error.strerror or error
                raise ProjectError(
                    f"cannot write the model '{card.version}' below '{self.root}': {reason}",
                    "Check free space and your rights, then train again.",
                ) from error
            finally:
                shutil.rmtree(part, ignore_errors=True)
        return stored

    def promote(self, project: int, version: str) -> None:
        """Makes a version the one that serves the project.

        Raises:
            DataError: There is no such version, or its files are damaged.
        """
        with self._known(project):
            self.check(project, version)
            lines = self._up_to_current(project)
            if version == self.current(project) and lines[-1:] == [version]:
                return
            # History first: a crash between the two leaves a current version that it contains.
            self._write(project, HISTORY, [*lines, version])
            self._write(project, CURRENT, [version])

    def roll_back(self, project: int) -> str:
        """Promotes what served before the current version, and returns it.

        Raises:
            DataError: Nothing did, or it is gone or damaged.
        """
        with self._known(project):
            lines = self._up_to_current(project)
            while lines[:-1] and not (
                lines[-2] != lines[-1] and self._is_whole(project, lines[-2])
            ):
                del lines[-2]
            if len(lines) < 2:
                raise DataError(
                    f"project {project} has no earlier model to go back to",
                    "'tslab models promote VERSION' takes any that 'tslab models list' shows.",
                )
            self._write(project, CURRENT, lines[-2:-1])
            self._write(project, HISTORY, lines[:-1])
        return lines[-2]

    def prune(self, project: int, keep: int) -> list[str]:
        """Deletes the oldest models beyond `keep`, never the current one or the one before it.

        Returns:
            Versions that were deleted.
        """
        with self._locked(project):
            safe = {self.current(project), *self.history(project)[-2:]}
            cards = self.cards(project)
            extra = [card.version for card in cards[: max(0, len(cards) - keep)]]
            gone = [version for version in extra if version not in safe]
            for version in gone:
                # Renamed first: a crash leaves a leftover, not a model with half of its files.
                part = self.place(project) / f"{PART}{secrets.token_hex(6)}"
                self._folder(project, version).rename(part)
                shutil.rmtree(part, ignore_errors=True)
        return gone

    def clean(self) -> None:
        """Removes what crashes left behind, in all projects."""
        for project in self.projects():
            with self._locked(project):
                self._remove_leftovers(project)

    def open(
        self, project: int, version: str, create: Callable[[], TrainableSegmenter]
    ) -> TrainableSegmenter:
        """A stored model, loaded; every file is checked before one is read.

        Args:
            project: Whose model.
            version: Of the model.
            create: Makes an untrained segmenter of the card's kind.

        Raises:
            DataError: It is not there, damaged, was tampered with, or is another model.
        """
        card = self.check(project, version)
        segmenter = create()
        segmenter.load(self._folder(project, version))
        if f"{card.segmenter} {segmenter.version}" != version:
            raise DataError(
                f"model '{version}' calls itself '{segmenter.version}' after loading", DAMAGED
            )
        return segmenter

    def check(self, project: int, version: str) -> ModelCard:
        """The card of a version whose files are all there, unchanged, and no others.

        Raises:
            DataError: They are not.
        """
        card = self.card(project, version)
        folder = self._folder(project, version)
        names = {path.name for path in folder.iterdir()} - {CARD}
        for name in sorted(names ^ card.files.keys()):
            what = "a file that its card does not know" if name in names else "no file"
            raise DataError(f"model '{version}' has {what} '{name}'", DAMAGED)
        for name, digest in sorted(card.files.items()):
            path = folder / name
            if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_FILE:
                raise DataError(f"model '{version}': '{name}' is no ordinary file", DAMAGED)
            if files.content_hash(path) != digest:
                raise DataError(f"model '{version}': '{name}' was changed after it", DAMAGED)
        return card

    # --- paths ----------------------------------------------------------------------------

    def place(self, project: int) -> Path:
        """The folder of a project, which may not exist.

        Raises:
            DataError: This is no number of a project.
        """
        if not 0 <= project < 10**18:
            raise DataError(f"{project} is no project number", "Label Studio's ids start at 1.")
        return self.root / f"project_{project}"

    def _folder(self, project: int, version: str) -> Path:
        if not VERSION.fullmatch(version):
            raise DataError(f"'{version}' is no model version", "'tslab models list' lists them.")
        return self.place(project) / folder_name(version)

    def folder(self, project: int, version: str) -> Path:
        """The folder of a version, which may not exist.

        Raises:
            DataError: This is no version.
        """
        return self._folder(project, version)

    def _up_to_current(self, project: int) -> list[str]:
        """The history without what a crash wrote into it after the current version."""
        lines, current = self.history(project), self.current(project)
        while lines and lines[-1] != current:
            lines.pop()
        return lines

    def _is_whole(self, project: int, version: str) -> bool:
        try:
            self.check(project, version)
        except DataError:
            return False
        return True

    def _known(self, project: int) -> contextlib.AbstractContextManager[None]:
        """The lock of a project that has models; a mistyped number leaves no folder behind."""
        if not self.place(project).is_dir():
            raise DataError(f"project {project} has no model", "'tslab models list' lists them.")
        return self._locked(project)

    def _locked(self, project: int) -> contextlib.AbstractContextManager[None]:
        folder = self.place(project)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or error
            raise ProjectError(f"cannot make '{folder}': {reason}", "Check your rights.") from error
        return files.locked(folder / ".lock")

    def _remove_leftovers(self, project: int) -> None:
        # Under the lock: whoever made them is not writing any more.
        for path in self.place(project).glob(f"{PART}*"):
            shutil.rmtree(path, ignore_errors=True)

    def _write(self, project: int, name: str, lines: Sequence[str]) -> None:
        files.write_bytes(self.place(project) / name, "".join(f"{x}\n" for x in lines).encode())


def folder_name(version: str) -> str:
    """A version as the name of a folder: no spaces."""
    return version.replace(" ", "-", 1)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def read_text(path: Path) -> str:
    """The text of a small file, "" where there is none."""
    if not path.is_file() or path.stat().st_size > LARGEST_CARD:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def read_card(folder: Path) -> ModelCard:
    """The card in a model's folder.

    Raises:
        DataError: It is damaged.
    """
    path = folder / CARD
    place = f"{folder.name}/{CARD}"
    if path.is_symlink() or path.stat().st_size > LARGEST_CARD:
        raise DataError(f"'{place}' is no ordinary file of a card's size", DAMAGED)
    return ModelCard.from_bytes(path.read_bytes(), place)


def _write_model(
    folder: Path, segmenter: TrainableSegmenter, card: ModelCard, report: Mapping[str, bytes]
) -> ModelCard:
    folder.mkdir()
    segmenter.save(folder)
    for name, content in report.items():
        if (folder / name).exists():
            raise DataError(
                f"the segmenter of '{card.version}' wrote a file '{name}'", "Report it."
            )
        (folder / name).write_bytes(content)
    hashes = {}
    for path in sorted(folder.iterdir()):
        if not FILE.fullmatch(path.name) or path.name == CARD or not path.is_file():
            raise DataError(f"a model's file cannot be called '{path.name}'", "Report it.")
        _sync(path)
        hashes[path.name] = files.content_hash(path)
    stored = dataclasses.replace(card, files=hashes)
    files.write_bytes(folder / CARD, files.json_bytes(stored))
    _sync(folder)
    return stored


def _sync(path: Path) -> None:
    """Makes sure that a file or a folder's entries survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
