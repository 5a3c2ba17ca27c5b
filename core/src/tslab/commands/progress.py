"""tslab progress: who did what, how long it takes, what models get wrong, what is left."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options, terminal_width

if TYPE_CHECKING:
    from tslab.progress.activity import Activity
    from tslab.project import Project


@click.command("progress", help="Show who did what, how long it takes, and what is left.")
@click.option("--report", "page_file", metavar="FILE", help="Write a page with plots (.html).")
@click.option("--private", is_flag=True, help="Name no person and no model: hashes instead.")
@shared_options
def command(output: Output, page_file: str | None, private: bool) -> int:
    """Reads what the last pull brought; asks no server."""
    from tslab import files
    from tslab.agreement.report.privacy import project_key
    from tslab.commands.page_target import page_target
    from tslab.progress.page import page
    from tslab.progress.report import age, progress
    from tslab.progress.sentences import stands_out
    from tslab.progress.text import progress_text

    project = output.project()
    target = page_target(page_file, "progress") if page_file is not None else None
    activity = _activity(output, project)
    found = progress(project, activity, project_key(project.state) if private else None)
    for finding in found.findings:
        output.warn(str(finding))
    seconds = age(found.pulled)
    if target is not None:
        title = project.domain.title if private else project.title
        files.write_bytes(target, page(found, title, seconds))
    document = {"age_seconds": seconds, "stands_out": stands_out(found), **found.document()}
    text = progress_text(found, seconds, terminal_width())
    output.result(document, text + (f"\n\nreport: {page_file}" if page_file else ""))
    return 0


def _activity(output: Output, project: Project) -> Activity:
    """What the last pull wrote; of a pull by an older tslab, what its --raw kept.

    Raises:
        ProjectError: Nothing was pulled yet.
        DataError: A file is damaged.
    """
    from tslab.errors import ProjectError
    from tslab.progress.activity import FILE, load_activity

    found = load_activity(project.root)
    if found is not None:
        return found
    raw = sorted((project.root / "annotations").glob("raw-*.json"))
    if not raw:
        remedy = "Annotate some tasks, then run: tslab pull"
        raise ProjectError(f"there is no '{FILE}': nothing was pulled yet", remedy)
    output.warn(f"no '{FILE}': this is what annotations/raw-*.json say. Newer: tslab pull")
    return _from_raw(project, [path.name for path in raw])


def _from_raw(project: Project, names: list[str]) -> Activity:
    """The activity that Label Studio's own JSON tells; as old as the oldest of the files."""
    from dataclasses import replace

    from tslab import files
    from tslab.errors import DataError
    from tslab.label_studio.collecting import collect
    from tslab.label_studio.people import People
    from tslab.label_studio.pull import rater_of_raw

    paths = [project.root / "annotations" / name for name in names]
    exports = []
    for path in paths:
        document = files.read_json(path)
        if not isinstance(document, list):
            remedy = "Run 'tslab pull --raw' again."
            raise DataError(f"'annotations/{path.name}' is no list of tasks", remedy)
        exports.append([item for item in document if isinstance(item, dict)])
    oldest = min(path.stat().st_mtime for path in paths)
    moment = dt.datetime.fromtimestamp(oldest, dt.UTC).isoformat(timespec="seconds")
    return replace(
        collect(project, exports, People({}), [rater_of_raw(name) for name in names]).activity,
        pulled=moment,
    )
