"""tslab agreement: how well annotators agree with each other, the ground truth and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tslab.commands.bounds import below, bound_options, checked_draws, read_bounds
from tslab.commands.finite import FiniteRange
from tslab.commands.named_numbers import (
    read_tolerances,
    read_weights,
    tolerance_option,
)
from tslab.commands.output import Output, shared_options, terminal_width

if TYPE_CHECKING:
    from tslab.agreement.domain_metrics import DomainMetrics
    from tslab.agreement.events.criteria import Criterion
    from tslab.agreement.measure import Agreement
    from tslab.agreement.page.review import Review
    from tslab.agreement.tier_tables import Intake
    from tslab.agreement.values import Row
    from tslab.project import Project

LEVELS = (
    *("overall", "label", "task", "window", "pair", "pair-label", "annotator", "without"),
    *("reference", "reference-label", "model", "model-label"),
)
MOST_DRAWS = 20_000
"""More move no digit that is shown, and take a gigabyte."""
SHOWN = 10
"""Disputes below the numbers."""
USUAL = ("overall", "label", "pair", "annotator", "reference", "model")
"""Levels that are shown where --metric stands without --by."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options ask for."""

    tiers: tuple[str, ...]
    metrics: tuple[str, ...]
    levels: tuple[str, ...]
    least: tuple[str, ...]
    most: tuple[str, ...]
    tolerances: tuple[str, ...]
    file: str | None
    config_file: str | None
    folder: str | None
    page_file: str | None
    iou: float
    draws: int
    seed: int
    private: bool
    weights: tuple[str, ...]

    @property
    def own(self) -> tuple[str, ...]:
        """Measures of the user's own: files that are named on the command line."""
        return tuple(name for name in self.metrics if ".py:" in name)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of what to show."""
        return tuple(
            f"custom/{name.rpartition(':')[2]}" if ".py:" in name else name for name in self.metrics
        )


@click.command("agreement", help="Measure how well annotators agree.")
@click.option("--tier", "tiers", multiple=True, metavar="TIER", help="Only this tier; repeatable.")
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME",
    help="Only this measure, such as time/iou, event, event@any, event@0.2s, szcore, cohen_kappa, "
    "gamma, attribute, enterprise, or your own: FILE.py:FUNCTION; repeatable.",
)  # fmt: skip
@click.option(
    "--by", "levels", multiple=True, type=click.Choice(LEVELS), help="Only this level; repeatable."
)
@click.option(
    "--from", "file", metavar="FILE", help="Label Studio's JSON export; needs no project."
)
@click.option("--config", "config_file", metavar="FILE", help="Labeling config of that export.")
@click.option("--csv", "folder", metavar="FOLDER", help="Write all numbers and matched events.")
@click.option("--report", "page_file", metavar="FILE", help="Write a page with plots (.html).")
@click.option(
    "--iou", default=0.5, type=FiniteRange(0, 1, min_open=True), metavar="X",
    help="Least intersection over union of events that are the same [0.5].",
)  # fmt: skip
@tolerance_option(fields=True)
@bound_options()
@click.option("--draws", default=2000, type=click.IntRange(0, MOST_DRAWS), metavar="N",
              callback=checked_draws,
              help="Draws of the intervals, at most 20000; 0 leaves them out [2000].")  # fmt: skip
@click.option("--seed", default=0, metavar="N", type=click.IntRange(0), help="Seed of the draws.")
@click.option(
    "--weight", "weights", multiple=True, metavar="CONTROL=X",
    help="Weight of a tier or field in the scores of Label Studio Enterprise [1].",
)  # fmt: skip
@click.option(
    "--private",
    is_flag=True,
    help="Name no person, model and task: hashes instead; pages have no signal and no link.",
)
@shared_options
def command(output: Output, **options: Any) -> int:
    """Compares what was pulled, or a Label Studio export.

    Exits with 1 if nothing can be compared, or if agreement is below --min or above --max.
    """
    from tslab.agreement.enterprise.custom_metric import load_metric
    from tslab.agreement.measure import measure
    from tslab.agreement.report.result_files import folder_target
    from tslab.agreement.settings import AgreementSettings
    from tslab.commands.page_target import page_target

    wanted = Asked(**options)
    bounds = read_bounds(wanted.least, wanted.most)  # before anything is measured
    asked = (*wanted.metrics, *(bound.metric for bound in bounds))
    if wanted.page_file is not None:
        page_target(wanted.page_file, "agreement")
    if wanted.folder is not None:
        folder_target(wanted.folder)
    own = [load_metric(place) for place in wanted.own]
    rules = _rules(asked)
    intake, offered, key = _given(output, wanted)
    weights = read_weights(_controls(intake), wanted.weights)
    intake = _chosen_tiers(intake, wanted.tiers)
    limits = read_tolerances(
        [tier.name for tier in intake.tiers], wanted.tolerances, _number_fields(intake)
    )
    gamma, alpha, szcore = (_asks(asked, name) for name in ("gamma", "unitizing", "szcore"))
    settings = AgreementSettings(
        iou=wanted.iou,
        tolerances=limits,
        draws=wanted.draws,
        seed=wanted.seed,
        gamma=gamma,
        unitizing=alpha,
        rules=rules,
        szcore=szcore,
        enterprise=_asks(asked, "enterprise"),
        weights=weights,
        custom=wanted.own,
    )
    if key is not None:
        from tslab.agreement.report.privacy import private

        intake = private(intake, key)
    found = measure(intake, settings, offered, own)
    return _show(output, found, wanted)


def _controls(intake: Intake) -> list[str]:
    """Names of all tiers and of the fields about their regions and tasks."""
    from tslab.agreement.answer_rows import asked_fields

    names = {tier.name for tier in intake.tiers}
    for tier in intake.tiers:
        names.update(item.name for item in (*asked_fields(tier), *tier.task_fields))
    return sorted(names)


def _number_fields(intake: Intake) -> list[str]:
    """Names of the fields of all tiers whose answers are numbers."""
    from tslab.agreement.answer_rows import asked_fields

    fields = (item for tier in intake.tiers for item in (*asked_fields(tier), *tier.task_fields))
    return list(dict.fromkeys(item.name for item in fields if item.kind == "number"))


def _rules(metrics: Sequence[str]) -> tuple[Criterion, ...]:
    """Rules of events that measures are asked by, such as ``event@any`` or ``event/f1@0.2s``.

    Raises:
        UsageError: There is no such rule.
    """
    from tslab.agreement.events.criteria import criterion
    from tslab.errors import UsageError

    found = []
    for metric in metrics:
        name, at, rule = metric.partition("@")
        if not at or name.partition("/")[0] != "event":
            continue
        try:
            found.append(criterion(rule))
        except ValueError as error:
            raise UsageError(
                f"no rule '{rule}' in '{metric}'",
                "Write event@0.6 for an IoU, event@any, or a collar: event@0.2s, event@0.2s+50%.",
            ) from error
    return tuple(found)


def _asks(metrics: Sequence[str], name: str) -> bool:
    return any(metric.partition("/")[0] == name for metric in metrics)


def _given(output: Output, wanted: Asked) -> tuple[Intake, DomainMetrics | None, bytes | None]:
    """What is compared, the domain's metrics, and the key of private names.

    Raises:
        UsageError: Options do not go together.
        ProjectError: There is no project, or nothing in it to compare.
        DataError: A file is damaged.
    """
    from tslab.errors import ProjectError, UsageError

    if wanted.file is not None:
        if output.named:
            output.project()  # its key makes the private names; a wrong one would go unseen
        intake = _from_file(Path(wanted.file), wanted.config_file)
        return intake, None, _key(output, wanted.private)
    if wanted.config_file is not None:
        raise UsageError("--config is for an export", "Name it: --from FILE --config FILE")
    from tslab.agreement.intake import project_intake

    project = output.project()
    intake = project_intake(project)
    if not intake.tiers:
        raise ProjectError(
            "there are no annotations to compare", "Annotate some tasks, then run: tslab pull"
        )
    return intake, _offered(project, wanted.private), _key(output, wanted.private)


def _from_file(path: Path, config_file: str | None) -> Intake:
    from tslab.label_studio.exports.intake import export_intake

    config = None if config_file is None else _decoded(Path(config_file))
    return export_intake(_read(path), path.name, config)


def _decoded(path: Path) -> str:
    from tslab.errors import DataError

    try:
        return _read(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is no UTF-8: {error}", "Save it as UTF-8.") from error


def _read(path: Path) -> bytes:
    from tslab.errors import DataError

    if path == Path():
        raise DataError("--from and --config need the name of a file", "Write --from FILE.")
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot read '{path}': {reason}", "Check the path.") from error


def _key(output: Output, private: bool) -> bytes | None:
    """The project's key; without a project a new one each time."""
    import secrets

    from tslab.agreement.report.privacy import project_key
    from tslab.errors import ProjectError

    if not private:
        return None
    try:
        return project_key(output.project().state)
    except ProjectError:
        output.say("No project here: names become other hashes each time.")
        return secrets.token_bytes(32)


def _offered(project: Project, private: bool) -> DomainMetrics:
    """Metrics of the domain; recordings cannot be found under hashed names."""
    from tslab.agreement.domain_metrics import DomainMetrics
    from tslab.commands.agreement_page import recordings_of

    metrics = project.plugins.agreement_metrics(project.domain)
    offered = DomainMetrics(project.domain, metrics, project.plugins.calling)
    return offered if private else replace(offered, recording=recordings_of(project))


def _chosen_tiers(intake: Intake, names: Sequence[str]) -> Intake:
    from tslab.errors import UsageError, did_you_mean

    known = [tier.name for tier in intake.tiers]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"There are {', '.join(known) or 'none'}."
            raise UsageError(f"nobody reviewed a tier '{name}'", hint)
    kept = tuple(tier for tier in intake.tiers if not names or tier.name in names)
    return replace(intake, tiers=kept)


def _show(output: Output, found: Agreement, wanted: Asked) -> int:
    from tslab.agreement.page.review import review_items, review_json
    from tslab.agreement.report.result_document import document
    from tslab.agreement.report.result_files import write_files
    from tslab.agreement.report.result_text import agreement_text, rows_text
    from tslab.agreement.report.words import chosen

    for finding in found.findings:
        output.warn(str(finding))
    rows: Mapping[str, Sequence[Row]] | None = None
    text = ""
    wide = terminal_width()
    if wanted.metrics or wanted.levels:
        picked = chosen(found.rows, wanted.measures, wanted.levels or USUAL)
        rows = {tier.tier.name: [r for r in picked if r.tier == tier.tier.name]
                for tier in found.tiers}  # fmt: skip
        text = rows_text(picked, wide) if wanted.metrics else ""
    if not wanted.metrics and not output.as_json:
        text = agreement_text(found, wide, wanted.levels)
    failed = below(found, read_bounds(wanted.least, wanted.most))
    written = write_files(found, Path(wanted.folder)) if wanted.folder else []
    if written:
        text += f"\n\n{len(written)} files in {wanted.folder}"
    plain = not (output.as_json or wanted.metrics or wanted.levels)
    review = review_items(found.tiers if plain or output.as_json or wanted.page_file else (),
                          found.settings)  # fmt: skip
    if plain:
        text += _disputes(review, wide)
    if wanted.page_file:
        _page(output, found, review, wanted)
        text += f"\n\nreport: {wanted.page_file}"
    body = (
        {**document(found, rows), "review": review_json(review), "below_minimum": failed}
        if output.as_json
        else {}
    )
    output.result(body, text)
    for line in failed:
        output.warn(line)
    if not any(tier.rows for tier in found.tiers):
        output.warn(f"nobody can be compared: {_why_nobody(found, wanted)}")
        return 1
    return int(bool(failed))


def _why_nobody(found: Agreement, wanted: Asked) -> str:
    """Why there is no number, and what helps."""
    if wanted.file is None:
        return "no task has two readings. Annotate more, then: tslab pull"
    if found.tiers:
        return "no task has two readings. Annotate more, then export again."
    if found.counts.get("TSL117"):
        return "none of the regions can be read. The findings above say why."
    if wanted.config_file is None:
        return "the export has no region that says what its tier is called. Add: --config FILE"
    return "the export has no annotations of a tier of the config. Check both files."


def _disputes(review: Review, wide: int) -> str:
    """The costliest disputes, below the numbers."""
    from tslab.agreement.page.review import review_rows
    from tslab.agreement.report.fitting import fitted, wrapped
    from tslab.errors import counted

    if not review.items:
        return ""
    rows = review_rows(review)[:SHOWN]
    header = ("to review", "tier", "time", "about", "cost (s\u00b7bit)")
    left = len(review.items) - len(rows)
    more = f"\n... and {counted(left, 'disputes')} more: --json or --report" if left else ""
    note = f"\n{wrapped(review.note, wide)}" if review.note else ""
    # Task, tier and time say together what a dispute is.
    table = fitted([header, *rows], wide, names=2, keys=3, late=[3])
    return f"\n\n{table}{more}{note}"


def _page(output: Output, found: Agreement, review: Review, wanted: Asked) -> None:
    from tslab.commands.agreement_page import write_page
    from tslab.commands.page_target import page_target

    project = output.project() if wanted.file is None else None
    name = project.title if project is not None else Path(wanted.file or "").name
    path = page_target(wanted.page_file or "", "agreement")
    write_page(path, found, review, project, f"Agreement: {name}", private=wanted.private)
