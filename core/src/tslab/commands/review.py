"""tslab review: what annotators differ about, as a Label Studio project of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options, terminal_width

if TYPE_CHECKING:
    from tslab.label_studio.push import Report
    from tslab.label_studio.review.project import ReviewPush


@click.command(
    "review", help="Let a reviewer decide, blinded, what annotators differ about; repeatable."
)
@click.option("--dry-run", is_flag=True, help="Print what would change.")
@click.option(
    "--most", type=click.IntRange(min=1), metavar="N", help="Add at most N new windows, the most "
    "costly ones.",
)  # fmt: skip
@click.option(
    "--now", is_flag=True, help="Take tasks that wait for another annotator, too: they have too "
    "little agreement, or fewer people have read them than shall.",
)  # fmt: skip
@shared_options
def command(output: Output, dry_run: bool, most: int | None, now: bool) -> int:
    """Makes or updates the review's projects; annotations must have been pulled."""
    from tslab.label_studio.client import Client
    from tslab.label_studio.connection import connection
    from tslab.label_studio.remote import REVIEW_FILE, load_projects, save_projects
    from tslab.label_studio.review.project import ReviewPush

    with output.changing() as project:
        address = connection(project)
        with Client(address.url, address.api_key) as client:
            push = ReviewPush(project, client, address.data_mode, dry_run, output.progress)
            known = load_projects(project, address, REVIEW_FILE)
            report = push.run_review(most, load_projects(project, address), known, now=now)
            if not dry_run:
                there = {int(item["id"]) for item in client.projects()}
                kept = {key: number for key, number in known.items() if number in there}
                save_projects(project, address, {**kept, **report.projects}, REVIEW_FILE)
        for warning in report.warnings:
            output.warn(warning)
        _show(output, push, report, address.url)
        return 0


def _show(output: Output, push: ReviewPush, report: Report, url: str) -> None:
    from tslab.agreement.report.fitting import wrapped
    from tslab.label_studio.review.overlap import short_text
    from tslab.label_studio.review.queue import queue_json, queue_text, summary

    queue, dry_run = push.queue, push.dry_run
    wide = terminal_width()
    lines = [wrapped(summary(queue), wide)]
    if push.short:
        low = push.project.settings.review.low_agreement
        lines += [wrapped(line, wide) for line in short_text(push.short, low).splitlines()]
    lines += queue_text(queue, wide, names=not dry_run)
    lines += [f"  {'would ' if dry_run else ''}{change}" for change in report.changes]
    if not report.changes:
        lines.append(f"Nothing to change at {url}.")
    elif not dry_run and report.projects:
        lines.append("Review at:")
        lines += [f"  {url}/projects/{number}/data" for number in report.projects.values()]
    document = {
        "url": url,
        "dry_run": dry_run,
        "windows": len(queue.windows),
        "added": queue.added,
        "disputes": sum(len(window.cases) for window in queue.windows),
        "open": sum(len(window.cases) for window in queue.open.values()),
        "later": queue.later,
        "unread": len(push.unread),
        "low_agreement": {
            name: {"agreement": found.agreement, "annotators": found.annotators}
            for name, found in push.short.items()
        },
        "queue": queue_json(queue),
        "changes": report.changes,
        "projects": list(report.projects.values()),
        "warnings": report.warnings,
    }
    output.result(document, "\n".join(lines))
