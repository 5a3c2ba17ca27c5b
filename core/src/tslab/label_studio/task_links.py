"""Where Label Studio shows a moment of a recording: what the last pull saw, kept in ``.tslab/``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tslab import files
from tslab.label_studio.connection import Connection
from tslab.label_studio.server_record import load_record
from tslab.project import Project
from tslab.spans import to_microseconds
from tslab.task import Task

FILE = "label-studio-tasks.json"

Numbers = Mapping[str, Sequence[tuple[int, int]]]
"""Label Studio's project and task by id of our task; in a blind study those of each rater."""


def save_links(project: Project, server: Connection, numbers: Numbers) -> None:
    """Remembers which task of which project of a server each of our tasks is."""
    document = {
        "server": "" if server.embedded else server.url,
        "tasks": {task: [list(pair) for pair in own] for task, own in sorted(numbers.items())},
    }
    files.write_bytes(project.state / FILE, files.json_bytes(document), mode=0o600)


def task_links(project: Project) -> Callable[[str, str, float, float], str]:
    """Address of a tier, a recording (with its view, as agreement names it) and seconds of it.

    The address is "" where the last pull saw no task there; in a blind study it is several, with
    spaces between, one for each rater's copy of the task.

    Raises:
        DataError: A file of the project folder is damaged.
        ServerError: The record of the embedded server is damaged.
    """
    server, numbers = _saved(project)
    shown: dict[str, list[Task]] = {}
    for task in project.tasks() if server else ():
        if task.id in numbers:
            shown.setdefault(task.recording, []).append(task)
    views = {
        tier.name: {view.name for view in project.domain.views if tier.name in view.tiers}
        for tier in project.domain.tiers
    }

    def link(tier: str, unit: str, start: float, end: float) -> str:
        recording, _, view = unit.rpartition(" (")
        wanted = {view.removesuffix(")")} if recording in shown else views.get(tier, set())
        own = [t for t in shown.get(recording, shown.get(unit, [])) if t.view in wanted]
        task = _showing(own, to_microseconds(start), to_microseconds(end))
        copies = numbers[task.id] if task is not None else ()
        return " ".join(f"{server}/projects/{place}/data?task={n}" for place, n in copies)

    return link


def _showing(tasks: Sequence[Task], start: int, end: int) -> Task | None:
    """The task that shows most of a stretch in microseconds; ends are exclusive.

    A moment at a border belongs to the task that begins there, the last one of a recording to the
    task that ends there.
    """

    def shows(task: Task) -> tuple[int, int]:
        return min(end, task.end_us) - max(start, task.start_us), task.start_us

    found = max(tasks, key=shows, default=None)
    return found if found is not None and shows(found)[0] >= min(1, end - start) else None


def projects_with_work(project: Project) -> set[int]:
    """Label Studio's ids of the projects in which the last pull saw annotations or drafts.

    Raises:
        DataError: The file is damaged.
        ServerError: The record of the embedded server is damaged.
    """
    _, numbers = _saved(project)
    return {place for own in numbers.values() for place, _ in own}


def _saved(project: Project) -> tuple[str, dict[str, list[tuple[int, int]]]]:
    """Address of the server that was pulled from, and the numbers there."""
    path = project.state / FILE
    document = files.read_json(path) if path.exists() else {}
    if not isinstance(document, dict):
        return "", {}
    record = load_record(project.state)
    own = record.url if record is not None and record.port else ""
    tasks = document.get("tasks")
    numbers = {
        str(task): [(int(place), int(number)) for place, number in own]
        for task, own in (tasks.items() if isinstance(tasks, dict) else ())
        # A pull of an older tslab wrote one pair of numbers.
        if all(isinstance(pair, list) and len(pair) == 2 for pair in own)
    }
    return str(document.get("server") or own), numbers
