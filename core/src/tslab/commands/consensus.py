"""tslab consensus: one reading of what several annotators said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from tslab.commands.finite import FiniteRange
from tslab.commands.named_numbers import read_tolerances, tolerance_option
from tslab.commands.output import Output, shared_options, terminal_width

if TYPE_CHECKING:
    from tslab.agreement.consensus.methods import ConsensusSettings
    from tslab.agreement.consensus.project import TierConsensus
    from tslab.agreement.tier_tables import Intake
    from tslab.annotation import Annotation
    from tslab.commands.consensus_writing import Written
    from tslab.project import Project

METHODS = ("majority", "weighted", "dawid-skene", "staple", "median", "intersection", "union")
WEIGHTED = ("weighted", "median")
"""Methods that weigh annotators."""
IOU = 0.5
"""Of spans of one event, where nobody says otherwise."""
MEANT_FOR = {"least": ("majority", "weighted", "median", "union"), "iou": ("median",)}
"""Methods that an option says something to."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options ask for."""

    method: str
    target: str | None
    tiers: tuple[str, ...]
    people: tuple[str, ...]
    weights: tuple[str, ...]
    least: int | None
    iou: float | None
    tolerances: tuple[str, ...]
    gap: float
    shortest: float
    private: bool


@click.command("consensus", help="Combine annotators into one reading.")
@click.option("--method", default="majority", type=click.Choice(METHODS), help="How [majority].")
@click.option(
    "--as", "target", type=click.Choice(["predictions", "ground-truth"]),
    help="What to write; nothing without it.",
)  # fmt: skip
@click.option("--tier", "tiers", multiple=True, metavar="TIER", help="Only this tier; repeatable.")
@click.option(
    "--annotator", "people", multiple=True, metavar="NAME", help="Who votes [all]; repeatable."
)
@click.option(
    "--weight", "weights", multiple=True, metavar="NAME=X",
    help="What a vote counts in weighted and median; repeatable.",
)  # fmt: skip
@click.option("--least", default=None, type=click.IntRange(1), metavar="K",
              help="Annotators that a label needs [more than half].")  # fmt: skip
@click.option(
    "--iou", default=None, type=FiniteRange(0, 1, min_open=True), metavar="X",
    help="Least intersection over union of spans of one event, for median [0.5].",
)  # fmt: skip
@tolerance_option()
@click.option("--gap", default=0.0, type=FiniteRange(0, 86_400), metavar="SECONDS",
              help="Close gaps shorter than this [0].")  # fmt: skip
@click.option("--shortest", default=0.0, type=FiniteRange(0, 86_400), metavar="SECONDS",
              help="Leave out regions shorter than this [0].")  # fmt: skip
@click.option("--private", is_flag=True, help="Name no person: hashes instead.")
@shared_options
def command(output: Output, **options: Any) -> int:
    """Combines what was pulled; models and ground truth never vote.

    Exits with 1 if nothing could be written of what --as asks for, because one annotator alone
    makes no consensus or all is disputed, or if a recording's predictions could not be written.
    """
    from tslab.agreement.consensus.project import consensus_tiers
    from tslab.agreement.consensus.result import tier_rows
    from tslab.agreement.intake import project_intake
    from tslab.commands.consensus_writing import MAKER, Writing, version_of, write

    wanted = Asked(**options)
    _refuse_idle(wanted)
    with output.changing() as project:
        annotations = _said(project, MAKER)
        intake = _chosen(project, project_intake(project, annotations), wanted)
        for finding in intake.findings:
            output.warn(str(replace(finding, place="") if wanted.private else finding))
        tiers = consensus_tiers(intake, project.domain, _settings(intake, wanted), wanted.people)
        names = _names(project, intake, wanted.private)
        version = version_of(tiers, wanted.method)
        given = Writing(
            output, project, tiers, annotations, names, version, chosen=bool(wanted.people)
        )
        written = write(given, wanted.target)
        about = {
            "method": wanted.method,
            "written_as": written.target,
            "not_written": written.missing,
            "model_version": version,
            "failed": [] if wanted.private else written.failed,
        }
        text = _text(tiers, names, wanted.method, written)
        output.result({**about, "tiers": tier_rows(tiers, names)}, text)
        if written.missing:
            output.warn(written.missing)
        return int(bool(written.failed) or written.nothing)


def _refuse_idle(wanted: Asked) -> None:
    """Refuses what means nothing to the method: somebody expects something of it.

    Raises:
        UsageError: There is such an option.
    """
    from tslab.errors import UsageError

    given = {"least": wanted.least, "iou": wanted.iou}
    for name, methods in MEANT_FOR.items():
        if given[name] is not None and wanted.method not in methods:
            hint = f"Add: --method {' or '.join(methods)}"
            raise UsageError(f"--{name} means nothing to --method {wanted.method}", hint)


def _said(project: Project, own_maker: str) -> list[Annotation]:
    """What people said, and ground truth that is not our own from an earlier run."""
    from tslab.ground_truth import made_truth

    made = made_truth(project.root)
    others = [a for maker, own in made.items() if maker != own_maker for a in own]
    return [*project.pulled_annotations(), *others]


def _chosen(project: Project, intake: Intake, wanted: Asked) -> Intake:
    """The tiers that are asked for.

    Raises:
        ProjectError: Nobody marked anything.
        UsageError: A tier or an annotator does not exist, or options do not go together.
    """
    from tslab.errors import ProjectError, UsageError, counted, did_you_mean

    people = sorted({name for tier in intake.tiers for name in tier.readers.annotators})
    if not people:
        raise ProjectError(
            "there are no annotations to combine", "Annotate some tasks, then run: tslab pull"
        )
    known = [tier.name for tier in intake.tiers]
    for given, offered, what in (
        (wanted.tiers, known, "tier"),
        (wanted.people, people, "annotator"),
    ):
        for name in given:
            if name not in offered:
                more = "" if wanted.private and what == "annotator" else ", ".join(offered)
                hint = did_you_mean(name, offered) or (f"There are {more}." if more else "")
                raise UsageError(f"nothing of {what} '{name}'", hint)
    for view in project.domain.views:
        missing = [n for n in view.tiers if wanted.tiers and n not in wanted.tiers]
        if wanted.target == "ground-truth" and missing and len(missing) < len(view.tiers):
            raise UsageError(
                f"view '{view.name}' also shows tier '{missing[0]}': its ground truth would be "
                "that nothing is there",
                f"Add: --tier {missing[0]}",
            )
    voting = len(wanted.people or people)
    if (wanted.least or 0) > voting:
        raise UsageError(
            f"--least {wanted.least} is more than the {counted(voting, 'annotators')} who vote",
            f"Give 1 to {voting}.",
        )
    kept = tuple(tier for tier in intake.tiers if not wanted.tiers or tier.name in wanted.tiers)
    return replace(intake, tiers=kept)


def _settings(intake: Intake, wanted: Asked) -> dict[str, ConsensusSettings]:
    """Settings of each tier."""
    from tslab.agreement.consensus.methods import ConsensusSettings
    from tslab.spans import to_microseconds

    timed = [t.name for t in intake.tiers if t.kind == "instants" or t.table.instants.any()]
    given = read_tolerances(timed, wanted.tolerances)
    weights = _weights(intake, wanted)
    plain = ConsensusSettings(
        method=wanted.method,  # type: ignore[arg-type]
        least=wanted.least or 0,
        weights=weights,
        iou=IOU if wanted.iou is None else wanted.iou,
        gap=to_microseconds(wanted.gap),
        shortest=to_microseconds(wanted.shortest),
    )
    settings = {}
    for tier in intake.tiers:
        limit = given.get(tier.name, tier.tolerance)
        settings[tier.name] = replace(plain, tolerance=to_microseconds(limit))
    return settings


def _weights(intake: Intake, wanted: Asked) -> dict[str, float] | None:
    """``NAME=X`` as numbers by name.

    Raises:
        UsageError: There is no such annotator or number, or the method counts heads.
    """
    from tslab.errors import UsageError, did_you_mean

    people = {name for tier in intake.tiers for name in tier.readers.annotators}
    weights: dict[str, float] = {}
    for item in wanted.weights:
        name, _, text = item.rpartition("=")
        if name not in people:
            there = "" if wanted.private else f"There are {', '.join(sorted(people))}."
            hint = did_you_mean(name, people) or there
            raise UsageError(f"--weight names no annotator: '{item}'", hint)
        try:
            weights[name] = float(text)
        except ValueError:
            weights[name] = 0.0
        if not 0 < weights[name] < float("inf"):
            raise UsageError(f"--weight has no number above 0: '{item}'", f"Write {name}=2.")
    if weights and wanted.method not in WEIGHTED:
        hint = f"Add: --method {' or '.join(WEIGHTED)}"
        raise UsageError(f"--weight means nothing to --method {wanted.method}", hint)
    return weights or None


def _names(project: Project, intake: Intake, private: bool) -> dict[str, str]:
    """How annotators are called."""
    from tslab.agreement.report.privacy import hashes, project_key

    people = sorted({name for tier in intake.tiers for name in tier.table.annotators})
    return (
        hashes(people, "person", project_key(project.state))
        if private
        else dict(zip(people, people, strict=True))
    )


def _text(
    tiers: Sequence[TierConsensus], names: Mapping[str, str], method: str, written: Written
) -> str:
    from tslab.agreement.consensus.result import resting_on_one, seconds_of
    from tslab.agreement.report.consensus_cells import LABEL_HEADER, label_cells
    from tslab.agreement.report.fitting import fitted, wrapped
    from tslab.agreement.report.words import hours
    from tslab.errors import counted
    from tslab.spans import to_seconds
    from tslab.wording import short

    wide = terminal_width()
    parts = []
    for tier in tiers:
        seconds = seconds_of(tier.found.disputed)
        within = f", instants within {to_seconds(tier.settings.tolerance):g} s"
        about = (
            f"{short(tier.tier.name)}: {method} of {counted(len(tier.voters), 'annotators')}, "
            f"{counted(len(tier.found.regions), 'regions')}, "
            f"{len(tier.found.disputed) or 'nothing'} disputed"
            + f" ({hours(seconds / 3600)} together)" * bool(seconds)
            + within * bool(tier.tier.table.instants.any())
        )
        rows = label_cells(tier)
        table = fitted([LABEL_HEADER, *rows], wide) if rows else "nothing is agreed on"
        parts += [wrapped(about, wide), table]
        alone = resting_on_one(tier)
        if alone:
            said = "one annotator marked it, others reviewed it and did not. Look at them."
            parts.append(wrapped(f"{counted(alone, 'regions')} of these: {said}", wide))
        for key, values in tier.found.quality.items():
            told = ", ".join(f"{short(names[who])} {value:.3f}" for who, value in values.items())
            parts.append(wrapped(f"{key}: {told}", wide))
        parts.append("")
    return "\n".join([*parts, written.said])
