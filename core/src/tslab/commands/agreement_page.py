"""The page that tslab agreement --report writes: what it shows beside the numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tslab.agreement.measure import Agreement
    from tslab.agreement.page.review import Review
    from tslab.project import Project
    from tslab.recording import Recording


def write_page(
    path: Path,
    found: Agreement,
    review: Review,
    project: Project | None,
    title: str,
    *,
    private: bool,
) -> None:
    """Write the page with what people should look at, the signals and links into Label Studio.

    Args:
        path: Where to.
        found: The numbers.
        review: What to look at.
        project: Where signals and links come from; None for an export.
        title: Heading.
        private: Without signals, links, title and notes; names are hashes already.

    Raises:
        ProjectError: It cannot be written.
    """
    from tslab import files
    from tslab.agreement.page.document import page
    from tslab.agreement.page.input import PageInput

    created = dt.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    given = PageInput(title, created, private, *review)
    if project is not None and not private:
        from dataclasses import replace

        from tslab.label_studio.task_links import task_links

        given = replace(given, recording=recordings_of(project), link=task_links(project))
    files.write_bytes(path, page(found, given))


def recordings_of(project: Project) -> Callable[[str], Recording | None]:
    """Opens recordings by the names that agreement gives them; None where that cannot be.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    from tslab.agreement.consensus.project import unit_of
    from tslab.errors import DataError

    views = [view.name for view in project.domain.views]
    known = project.entries()

    def opened(task: str) -> Recording | None:
        name = task if task in known else unit_of(task, views)[0]
        try:
            return project.recording(name, derived=False) if name in known else None
        except DataError:  # the source was moved away: pages and metrics do without the signal
            return None

    return opened
