"""tslab push: make Label Studio equal to the project folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options, table

if TYPE_CHECKING:
    from tslab.label_studio.connection import Connection
    from tslab.label_studio.push import Report
    from tslab.project import Project

OPEN_DOORS = (
    "Every account of this Label Studio may open every project: give each rater only his own "
    "address. 'tslab pull' tells who annotated elsewhere."
)


@click.command(
    "push", help="Create or update the Label Studio project; a second run changes nothing."
)
@click.option("--dry-run", is_flag=True, help="Print what would change.")
@shared_options
def command(output: Output, dry_run: bool) -> int:
    """Pushes projects, tasks, predictions, views; the project's model version last."""
    from tslab.errors import ProjectError
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
            _keep_former(project, address, report)
            save_projects(project, address, report.projects)
        document = {
            "url": address.url,
            "dry_run": dry_run,
            "changes": report.changes,
            "projects": list(report.projects.values()),
            "warnings": report.warnings,
            "plan": report.plan,
            "raters": _raters(project, report, address.url),
            "requests": client.requests,
            "server_seconds": round(client.seconds, 3),
        }
        output.result(document, _text(project, report, address.url, dry_run))
        return 0


def _keep_former(project: Project, address: Connection, report: Report) -> None:
    """Remembers projects that this push left alone, as long as they are there: pull reads them."""
    from tslab.label_studio.remote import FORMER_FILE, load_projects, save_projects

    before = {
        **load_projects(project, address, FORMER_FILE),
        **load_projects(project, address),
    }
    current = set(report.projects.values())
    former = {
        key: number
        for key, number in before.items()
        if number in report.alive and number not in current
    }
    if former or load_projects(project, address, FORMER_FILE):
        save_projects(project, address, former, FORMER_FILE)


def _raters(project: Project, report: Report, url: str) -> list[dict[str, object]]:
    """Each rater's projects, in a blind study."""
    from tslab.label_studio.raters import rater_of
    from tslab.rater_people import load_people

    people = load_people(project.state)
    return [
        {
            "rater": rater_of(key),
            "view": key.split("|")[0],
            "people": people.get(rater_of(key), []),
            "address": f"{url}/projects/{number}/data" if number else "",
        }
        for key, number in report.projects.items()
        if rater_of(key)
    ]


def _text(project: Project, report: Report, url: str, dry_run: bool) -> str:
    from tslab.errors import counted

    shown = "".join(f"\n  {change}" for change in report.changes)
    plan = f"\nPlan: {'; '.join(report.plan)}" if report.plan else ""
    if dry_run and report.changes:
        return f"Would make {counted(len(report.changes), 'changes')} at {url}:{shown}{plan}"
    if not report.changes:
        return f"Nothing to change at {url}.{plan}"
    raters = _raters(project, report, url)
    if not raters:
        links = "".join(f"\n  {url}/projects/{i}/data" for i in report.projects.values())
    else:
        rows = [
            (r["rater"], ", ".join(map(str, r["people"])) or "-", r["view"], r["address"])  # type: ignore[call-overload]
            for r in raters
        ]
        links = f"\n{table(rows, ('rater', 'who', 'view', 'address'))}\n{OPEN_DOORS}"
    return f"{counted(len(report.changes), 'changes')}:{shown}{plan}\nAnnotate at:{links}"
