"""tslab models: what was trained, and which of it serves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options, table

if TYPE_CHECKING:
    from tslab.segmentation.models.card import ModelCard
    from tslab.segmentation.models.store import ModelStore

OF = click.option(
    "--of",
    "number",
    default=0,
    metavar="N",
    type=click.IntRange(0, 10**18 - 1),
    help="Label Studio's project; 0, the default, is the study's own.",
)
DIR = click.option(
    "--model-dir", "folder", default="", metavar="DIR", help="Another folder of models."
)


class ListByDefault(click.Group):
    """A group that lists where no verb is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the verb in front of options."""
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(
    "models",
    cls=ListByDefault,
    help="List trained models, promote one, go back to the one before.",
)
def command() -> None:
    """The verbs about models."""


@command.command("list", help="List trained models.")
@DIR
@shared_options
def list_command(output: Output, folder: str) -> int:
    """A star marks what serves, an exclamation mark what is damaged; that exits with 1."""
    store = _store(output, folder)
    lists = [_Listed.of(store, number) for number in store.projects()]
    rows = [row for listed in lists for row in listed.rows]
    header = ("", "project", "version", "created (UTC)", "recordings", "spans", "overall", "events")
    text = table(rows, (*header, "instants")) if rows else "no models yet; make one: tslab train"
    output.result([entry for listed in lists for entry in listed.entries], text)
    problems = [problem for listed in lists for problem in listed.problems]
    for problem in problems:
        output.warn(problem)
    return int(bool(problems))


@dataclass
class _Listed:
    """The models of one project as rows, as entries of the document, and what is wrong."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    entries: list[dict[str, object]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, store: ModelStore, number: int) -> _Listed:
        """What there is of a project."""
        from tslab.errors import DataError
        from tslab.segmentation.models.damage import damaged_models, promoted

        listed, current = cls(), ""
        damaged = {item.version: item.reason for item in damaged_models(store, number)}
        try:
            current = promoted(store, number)
        except DataError as error:
            listed.problems.append(str(error))
        for card in store.cards(number):
            if card.version not in damaged:
                listed._add(number, card, card.version == current)
        for version, reason in damaged.items():
            listed.rows.append(("!", str(number), version, "damaged", *5 * ("-",)))
            entry = {"project": number, "version": version, "serving": False, "damage": reason}
            listed.entries.append(entry)
            serves = ", and it is the promoted one" if version == current else ""
            listed.problems.append(f"project {number}{serves}: {reason}")
        return listed

    def _add(self, number: int, card: ModelCard, serves: bool) -> None:
        self.rows.append(_row(number, card, serves))
        self.entries.append(_entry(number, card, serves))


@command.command("promote", help="Let a model serve from now on.")
@click.argument("version", metavar="VERSION")
@OF
@DIR
@shared_options
def promote(output: Output, version: str, number: int, folder: str) -> int:
    """Takes the whole version, or what stands behind the segmenter's name."""
    store = _store(output, folder)
    found = store.find(number, version)
    store.promote(number, found)
    return _serves(output, folder, number, found)


@command.command("rollback", help="Go back to the model that served before.")
@OF
@DIR
@shared_options
def rollback(output: Output, number: int, folder: str) -> int:
    """May be repeated; a damaged model is passed over."""
    from tslab.segmentation.models.damage import promoted

    store = _store(output, folder)
    promoted(store, number)  # says what is wrong with CURRENT
    return _serves(output, folder, number, store.roll_back(number), " again")


def _serves(output: Output, folder: str, number: int, version: str, again: str = "") -> int:
    """Says whom a model serves now."""
    from tslab.segmentation.models.choosing import blind_note

    whom = f"project {number}" if number else "the study"
    blind = "" if folder else blind_note(output.project())
    text = (
        f"'{version}' is promoted{again}; {blind}" if blind else f"'{version}' serves {whom}{again}"
    )
    output.result({"project": number, "current": version}, text)
    return 0


def _store(output: Output, folder: str) -> ModelStore:
    """The models of the project folder, or of a folder of their own.

    Raises:
        ProjectError: There is no such folder.
    """
    from pathlib import Path

    from tslab.errors import ProjectError
    from tslab.segmentation.models.choosing import model_store
    from tslab.segmentation.models.store import ModelStore

    if not folder:
        return model_store(output.project())
    if not Path(folder).is_dir():
        raise ProjectError(f"there is no folder '{folder}'", "Mend --model-dir.")
    return ModelStore(Path(folder))


def _row(number: int, card: ModelCard, serves: bool) -> tuple[str, ...]:
    from tslab.segmentation.evaluation.report_text import figure

    scores = [figure(card.scores.get(name)) for name in ("overall", "event_f1", "instant_f1")]
    counts = (str(card.recordings), str(card.spans))
    return ("*" if serves else "", str(number), card.version, card.created[:19], *counts, *scores)


def _entry(number: int, card: ModelCard, serves: bool) -> dict[str, object]:
    import msgspec

    return {"project": number, "serving": serves, "damage": "", **msgspec.to_builtins(card)}
