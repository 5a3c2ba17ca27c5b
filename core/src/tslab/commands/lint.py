"""tslab lint: config, data, predictions and hotkeys, before anybody opens a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options
from tslab.errors import counted

if TYPE_CHECKING:
    from tslab.contracts import Finding
    from tslab.label_studio.task_groups import TaskGroup
    from tslab.project import Project


@click.command("lint", help="Check config, data, predictions, annotations and hotkeys.")
@shared_options
def command(output: Output) -> int:
    """Prints findings; exits with 1 if one of them is an error."""
    from tslab.commands.config import groups_or_defaults
    from tslab.commands.pull import check

    project = output.project()
    findings = _check_settings(project)
    for group in groups_or_defaults(project):
        findings += _check_group(output, project, group)
    findings += _check_predictions(project)
    findings += check(output, project, project.annotations_list())
    findings += _check_raters(project)
    if not findings:
        output.say(f"{project.title}: no finding in {counted(len(project.tasks()), 'tasks')}.")
    return output.findings(findings)


def _check_settings(project: Project) -> list[Finding]:
    """What only the installed plugins know about tslab.yaml."""
    from tslab.errors import did_you_mean
    from tslab.lint.codes import finding

    name = project.settings.segmenter
    names = [spec.name for spec in project.plugins.segmenters(project.domain)]
    if not name or name in names:
        return []
    remedy = did_you_mean(name, names) or f"There are {', '.join(names)}."
    return [finding("TSL100", f"there is no segmenter '{name}'", "tslab.yaml", remedy)]


def _check_group(output: Output, project: Project, group: TaskGroup) -> list[Finding]:
    from tslab.label_studio.task_groups import group_config
    from tslab.lint.config_check import check_config
    from tslab.lint.task_check import check_task_csv, check_tasks
    from tslab.preparation.task_table import column_names

    config = group_config(project, group)
    columns = column_names(group.tasks[0]) if group.tasks else None
    findings = check_config(config, columns)
    findings += check_tasks(
        [task.to_json() for task in group.tasks],
        config,
        source_names=sorted({Path(e.path).name for e in project.entries().values() if e.path}),
        identity=project.domain.health,
    )
    for task in output.progress(group.tasks, f"checking {group.view}"):
        findings += check_task_csv(project.root / task.csv, column_names(task))
    return findings


def _check_raters(project: Project) -> list[Finding]:
    """Who annotated where in a blind study, as of the last pull; a damaged plan is an error."""
    from tslab.progress.activity import load_activity
    from tslab.progress.rater_findings import study_findings

    return study_findings(project, load_activity(project.root))


def _check_predictions(project: Project) -> list[Finding]:
    from tslab.label_studio.predictions import load_predictions
    from tslab.label_studio.task_groups import group_config, task_groups
    from tslab.lint.prediction_check import check_predictions

    findings: list[Finding] = []
    predictions = load_predictions(project)
    for group in task_groups(project.tasks()):
        config = group_config(project, group)
        windows = {
            task.id: (
                task.start_us // task.tick_us + task.axis_offset,
                -(-task.end_us // task.tick_us) + task.axis_offset,
            )
            for task in group.tasks
        }
        for version, tasks in predictions.items():
            documents = [
                {
                    "task": task.id,
                    "model_version": version,
                    "score": tasks[task.id].score,
                    "result": tasks[task.id].result,
                }
                for task in group.tasks
                if task.id in tasks
            ]
            findings += check_predictions(documents, config, windows)
    return findings
