"""Tasks of which more annotations were asked for than review: overlap says."""

from __future__ import annotations

from collections.abc import Mapping

from tslab import files
from tslab.errors import DataError
from tslab.project import STATE, Project

FILE = "asked.json"
"""Annotators by task id; in the folder of local state, beside the numbers of the server's tasks."""


def load_asked(project: Project) -> dict[str, int]:
    """How many annotators each of these tasks needs, by its id; never more than settings allow.

    Raises:
        DataError: The file is damaged.
    """
    review = project.settings.review
    most = review.readers + (review.additional if review.low_agreement else 0)
    return {task: min(count, most) for task, count in _stored(project).items()}


def _stored(project: Project) -> dict[str, int]:
    path = project.root / STATE / FILE
    if not path.exists():
        return {}
    found = files.read_json(path)
    if not isinstance(found, dict) or not all(isinstance(n, int) for n in found.values()):
        raise DataError(f"'{STATE}/{FILE}' is damaged", "Delete it, and run 'tslab review' again.")
    return {str(task): int(count) for task, count in found.items()}


def save_asked(project: Project, wanted: Mapping[str, int]) -> None:
    """Adds what was asked for now."""
    whole = _stored(project)
    for task, count in wanted.items():
        whole[task] = max(count, whole.get(task, 0))
    content = files.json_bytes(dict(sorted(whole.items())))
    files.write_bytes(project.state / FILE, content, mode=0o600)
