"""tslab config: print the labeling config, or check any config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options
from tslab.errors import counted

if TYPE_CHECKING:
    from tslab.label_studio.task_groups import TaskGroup
    from tslab.project import Project


@click.command("config", help="Print the labeling config of each Label Studio project to be.")
@click.option("--check", "file", metavar="FILE", help="Check the config in FILE ('-': stdin).")
@click.option("--view", default="", help="Only this view.")
@click.option("--out", metavar="DIR", help="Write one file for each Label Studio project.")
@shared_options
def command(output: Output, file: str | None, view: str, out: str | None) -> int:
    """Prints configs; with --check looks for mistakes and needs no project."""
    from tslab import files
    from tslab.errors import UsageError, did_you_mean
    from tslab.label_studio.task_groups import group_config

    if file is not None:
        return _check(output, file)
    project = output.project()
    if view and view not in project.views:
        hint = did_you_mean(view, project.views) or f"It has {', '.join(project.views)}."
        raise UsageError(f"this project has no view '{view}'", hint)
    groups = [g for g in groups_or_defaults(project) if view in ("", g.view)]
    configs = [
        {"view": g.view, "channels": list(g.channels), "config": group_config(project, g)}
        for g in groups
    ]
    if out is not None:
        names = [f"{config['view']}-{number}.xml" for number, config in enumerate(configs, 1)]
        for name, config in zip(names, configs, strict=True):
            files.write_bytes(Path(out) / name, f"{config['config']}\n".encode())
        output.result(
            {"files": names}, f"{counted(len(names), 'files')} in {out}: {', '.join(names)}"
        )
        return 0
    output.result(configs, "\n".join(str(config["config"]) for config in configs).rstrip())
    return 0


def groups_or_defaults(project: Project) -> list[TaskGroup]:
    """The groups of the project's tasks; before any task, one for each view with all channels."""
    from tslab.label_studio.task_groups import TaskGroup, task_groups

    groups = task_groups(project.tasks())
    if groups:
        return groups
    found = []
    for view in project.domain.views:
        names = view.channels or tuple(c.name for c in project.domain.channels)
        found.append(TaskGroup(view.name, names or ("signal",), 1000, ()))
    return found


def _check(output: Output, file: str) -> int:
    import sys

    from tslab.errors import DataError
    from tslab.lint.config_check import check_config

    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot read '{file}': {reason}", "Check the path.") from error
    findings = check_config(text)
    if not findings and not output.as_json:
        output.say(f"{file}: no finding.")
    return output.findings(findings)
