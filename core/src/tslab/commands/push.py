"""tslab push: make Label Studio equal to the project folder."""

from __future__ import annotations

import click

from tslab.commands.output import Output, shared_options


@click.command(
    "push", help="Create or update the Label Studio project; a second run changes nothing."
)
@click.option("--dry-run", is_flag=True, help="Print what would change.")
@shared_options
def command(output: Output, dry_run: bool) -> int:
    """Pushes projects, tasks, predictions, views; the project's model version last."""
    from tslab.errors import ProjectError, counted
    from tslab.label_studio.client import Client
    from tslab.label_studio.connection import connection
    from tslab.label_studio.push import Push
    from tslab.label_studio.remote import save_projects

    with output.changing() as project:
        address = connection(project)
        if address.data_mode == "url" and not project.settings.label_studio.data_url:
            raise ProjectError(
                "data: url needs the address under which the project folder's tasks/ is served",
                "Set label_studio: data_url in tslab.yaml, for example https://files.example.org/study.",
            )
        with Client(address.url, address.api_key) as client:
            report = Push(project, client, address.data_mode, dry_run, output.progress).run()
        for warning in report.warnings:
            output.warn(warning)
        if not dry_run:
            save_projects(project, address, report.projects)
        shown = "".join(f"\n  {change}" for change in report.changes)
        if dry_run:
            text = f"Would make {counted(len(report.changes), 'changes')} at {address.url}:{shown}"
        elif report.changes:
            links = "".join(
                f"\n  {address.url}/projects/{i}/data" for i in report.projects.values()
            )
            text = f"{counted(len(report.changes), 'changes')}:{shown}\nAnnotate at:{links}"
        else:
            text = f"Nothing to change at {address.url}."
        document = {
            "url": address.url,
            "dry_run": dry_run,
            "changes": report.changes,
            "projects": list(report.projects.values()),
            "warnings": report.warnings,
            "requests": client.requests,
            "server_seconds": round(client.seconds, 3),
        }
        output.result(document, text)
        return 0
