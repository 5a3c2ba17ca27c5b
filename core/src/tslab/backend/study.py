"""The project folder as the backend sees it: read again when somebody changed it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tslab import settings
from tslab.backend.models import Subject
from tslab.project import Project
from tslab.recording_table import TABLE
from tslab.task import Task

if TYPE_CHECKING:
    from tslab.contracts import Segmenter, SegmenterSpec
    from tslab.domain import Domain


class Study:
    """A project folder.

    Args:
        folder: Where its tslab.yaml lies.

    Raises:
        ProjectError: There is none, or it is not usable.
        PluginError: Its domain's plugin is missing or broken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._project = Project.open(folder)
        self._seen = self._stamp(settings.FILE_NAME)
        self._tasks: dict[str, Task] = {}
        self._tasks_seen: object = None
        self._entries: frozenset[str] = frozenset()
        self._entries_seen: object = None
        self._subject = self._read_subject()

    def _stamp(self, name: str) -> object:
        path = self._folder / name
        if not path.exists():
            return None
        found = path.stat()
        return found.st_mtime_ns, found.st_size

    @property
    def project(self) -> Project:
        """The project as its tslab.yaml is now.

        Raises:
            ProjectError: It is not usable any more.
        """
        with self._lock:
            stamp = self._stamp(settings.FILE_NAME)
            if stamp != self._seen:
                self._project = Project.open(self._folder)
                self._seen = stamp
                self._subject = self._read_subject()
            return self._project

    @property
    def subject(self) -> Subject:
        """The domain and its segmenters.

        Raises:
            ProjectError: The project is not usable any more.
        """
        _ = self.project  # reads it again where it changed
        return self._subject

    def _read_subject(self) -> Subject:
        project = self._project
        specs = project.plugins.segmenters(project.domain)
        named = [spec for spec in specs if spec.name == project.settings.segmenter]
        ready = [spec for spec in (*named, *specs) if not spec.trainable]
        own = ready[0] if ready else None

        def guarded(spec: SegmenterSpec) -> SegmenterSpec:
            def create(domain: Domain) -> Segmenter:
                with project.plugins.calling(spec, f"segmenter '{spec.name}', making"):
                    return spec.create(domain)

            return replace(spec, create=create)

        return Subject(
            key=f"{project.domain.name} {self._seen}",
            domain=project.domain,
            specs={spec.name: guarded(spec) for spec in specs},
            own=guarded(own) if own is not None else None,
            learns=not project.settings.review.blind,
        )

    def is_blind(self) -> bool:
        """Whether nobody may see what others said.

        Nothing is learned then, and nothing that learned serves, whatever the project: a push may
        have made one that is not noted yet, and a rater's may hold tasks that the folder has lost.

        Raises:
            ProjectError: The project is not usable any more.
        """
        return self.project.settings.review.blind

    def task(self, document: Mapping[str, Any]) -> Task | None:
        """The window of one of our recordings that a task of Label Studio shows, else None.

        The task as it was pushed counts, whatever was cut since. Tasks of other project folders are
        read like those of foreign projects.

        Raises:
            DataError: The project folder's table of recordings is damaged.
        """
        meta = document.get("meta")
        if not isinstance(meta, Mapping) or meta.get("tslab") != 1:
            return None
        try:
            task = Task.from_json(document)
            ours = task.recording in self._recordings() and task.view in self.project.views
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            return None
        return task if ours else None

    def task_at(self, address: object) -> Task | None:
        """The task whose file an address leads to, for requests that leave out a task's meta."""
        if not isinstance(address, str):
            return None
        name = address.partition("#")[0].rpartition("/")[2].removesuffix(".csv")
        found = self._cut().get(name)
        is_its_file = found is not None and f"/{address}".endswith(f"/{found.csv}")
        return found if is_its_file else None

    def _recordings(self) -> frozenset[str]:
        """Ids of the recordings; a request may bring hundreds of tasks."""
        project = self.project
        with self._lock:
            stamp = self._stamp(TABLE)
            if stamp != self._entries_seen:
                self._entries = frozenset(project.entries())
                self._entries_seen = stamp
            return self._entries

    def windows(self, task: Task) -> list[Task]:
        """All windows of the task's recording in its view; the task alone if it was cut anew."""
        tasks = self._cut()
        known = tasks.get(task.id)
        if known is None or _extent(known) != _extent(task):
            return [task]
        key = (task.recording, task.view)
        return [item for item in tasks.values() if (item.recording, item.view) == key]

    def _cut(self) -> dict[str, Task]:
        """The tasks as they are cut now, by their ids."""
        with self._lock:
            stamp = self._stamp("tasks.json")
            if stamp != self._tasks_seen:
                self._tasks = {item.id: item for item in self._project.tasks()}
                self._tasks_seen = stamp
            return self._tasks


def _extent(task: Task) -> tuple[object, ...]:
    return task.recording, task.view, task.start_us, task.end_us, task.tick_us, task.channels
