"""Makes Label Studio's projects equal to the project folder; a second run changes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tslab import files
from tslab.errors import DataError, ProjectError
from tslab.label_studio.client import Client
from tslab.label_studio.journal import Journal
from tslab.label_studio.mirrors import Mirrors, shown_predictions
from tslab.label_studio.ml_backend import push_backend
from tslab.label_studio.predictions import TaskPrediction, current_version
from tslab.label_studio.project_settings import (
    check_labels_stay,
    project_settings,
    wanted_views,
)
from tslab.label_studio.raters import suffix
from tslab.label_studio.task_data import TaskData
from tslab.label_studio.task_groups import TaskGroup, group_config, task_groups
from tslab.lint.config_check import check_config
from tslab.preparation.task_table import column_names
from tslab.project import Project

SHOWN = "shown-versions.json"
"""File in ``.tslab/`` with the model version that the last push showed in each project."""

Progress = Callable[[Sequence[Any], str], Iterable[Any]]


@dataclass(slots=True)
class Report:
    """What a push did, or would do.

    Attributes:
        changes: One line for each change.
        projects: Label Studio's id by group key; 0 for one that would be made.
        warnings: What a person should know.
        plan: Who reads what in a blind study, in sentences.
        alive: Ids of all projects that the server had before.
    """

    changes: list[str] = field(default_factory=list)
    projects: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    alive: frozenset[int] = frozenset()


class Push:
    """One push of a project folder to a server.

    Args:
        project: The project folder.
        client: The server.
        data_mode: ``local``, ``upload`` or ``url``.
        dry_run: Whether nothing may be changed.
        progress: Wraps long lists.
    """

    def __init__(
        self, project: Project, client: Client, data_mode: str, dry_run: bool, progress: Progress
    ) -> None:
        self.project = project
        self.client = client
        self.data_mode = data_mode
        self.dry_run = dry_run
        self.progress = progress
        self.report = Report()
        self.predictions: dict[str, dict[str, TaskPrediction]] = {}
        self._whose = ""
        self.journal = Journal(project.state / "push.pending")

    def run(self) -> Report:
        """Does the push.

        Raises:
            ProjectError: There are no tasks, a config is broken, or a used label would vanish.
            ServerError: The server does not answer or refuses.
        """
        groups = task_groups(self.project.tasks())
        if not groups:
            raise ProjectError("this project has no tasks", "Add recordings first: tslab add FILES")
        configs = {group.shown: self._checked_config(group) for group in groups}
        self.predictions, withheld = shown_predictions(self.project)
        self.report.warnings += withheld
        if not self.dry_run:
            self.journal.wait()
        known = self._known_projects()
        mirrors = Mirrors(self, known)
        mirrors.refuse_other_kind()
        blind = self.project.settings.review.blind
        titles = project_titles(self.project, groups, 50 - len(suffix(50)) if blind else 50)
        if blind:
            mirrors.refuse_lost_labels(groups, configs)
            groups = mirrors.groups(groups)
        for group in groups:
            self._refuse_harm(group, configs[group.shown], known.get(self.marker(group), []))
        mirrors.save()
        for group in groups:
            title = f"{titles[group.shown]}{suffix(group.rater)}"
            self.about(group)
            self._push_group(group, title, configs[group.shown], known.get(self.marker(group), []))
        self.journal.done()
        return self.report

    def about(self, group: TaskGroup | None) -> None:
        """Says whose the next changes are."""
        self._whose = f"rater {group.rater}: " if group is not None and group.rater else ""

    def change(self, text: str, act: Callable[..., Any], *arguments: object) -> Any:
        """Notes one change, and makes it unless this is a dry run; what `act` returned."""
        self.report.changes.append(f"{self._whose}{text}")
        if self.dry_run:
            return None
        self.journal.note()
        return act(*arguments)

    def _checked_config(self, group: TaskGroup) -> str:
        config = group_config(self.project, group)
        findings = check_config(config, column_names(group.tasks[0]))
        errors = [finding for finding in findings if finding.severity == "error"]
        if errors:
            raise ProjectError(
                f"the labeling config of view '{group.view}' is broken: {errors[0]}",
                "Run 'tslab lint' to see all of it.",
            )
        return config

    def marker(self, group: TaskGroup) -> str:
        """What a project's description says of whose it is, so that it is found again."""
        whose = f" rater {group.rater}" if group.rater else ""
        return f"[tslab {self.identity()} {group.view} {group.digest}{whose}]"

    def identity(self) -> str:
        """Name of the project folder among others on one server."""
        path = self.project.state / "identity"
        if not path.exists() and not self.dry_run:
            files.write_bytes(path, secrets.token_hex(8).encode(), mode=0o600)
        return path.read_text() if path.exists() else "new"

    def _known_projects(self) -> dict[str, list[int]]:
        known: dict[str, list[int]] = {}
        there = self.client.projects()
        self.report.alive = frozenset(int(item["id"]) for item in there)
        for item in there:
            description = item.get("description") or ""
            marker = description[description.rfind("[tslab ") :]
            if marker.startswith("[tslab "):
                known.setdefault(marker.strip(), []).append(int(item["id"]))
        return {marker: sorted(ids) for marker, ids in known.items()}

    def _refuse_harm(self, group: TaskGroup, config: str, ids: list[int]) -> None:
        """Everything that a push refuses, before its first change.

        Raises:
            DataError: A task's CSV is missing.
            ProjectError: A used label would vanish, or an annotated task was cut anew.
        """
        for task in group.tasks:
            if not (self.project.root / task.csv).is_file():
                raise DataError(f"'{task.csv}' is missing", "Run 'tslab add' again.")
        if ids:
            if self.client.project(ids[0]).get("label_config") != config:
                check_labels_stay(self.client.used_labels(ids[0]), config)
            TaskData(self, group, ids[0]).refuse_moved_windows()

    def _push_group(
        self,
        group: TaskGroup,
        title: str,
        config: str,
        ids: list[int],
    ) -> None:
        wanted = project_settings(self.project, title, self.marker(group), config)
        self.warn_of_copies(title, ids)
        project = ids[0] if ids else 0
        if project:
            self._update(project, wanted)
        else:
            made = self.change(f"create project '{title}'", self.client.create_project, wanted)
            project = int(made or 0)
        self.report.projects[group.key] = project
        data = TaskData(self, group, project)
        data.ensure_storage()
        data.push_tasks(self.predictions)
        self._push_views(project)
        push_backend(self, project)
        self._set_model_version(project, self.marker(group), is_new=not ids)

    def warn_of_copies(self, title: str, ids: Sequence[int]) -> None:
        """Says which projects are there twice: the first one counts."""
        for extra in ids[1:]:
            self.report.warnings.append(
                f"project {extra} is a second copy of '{title}'; delete it in Label Studio"
            )

    def _update(self, project: int, wanted: dict[str, Any]) -> None:
        have = self.client.project(project)
        different = {key: value for key, value in wanted.items() if have.get(key) != value}
        if different:
            text = f"update {', '.join(sorted(different))} of project {project}"
            self.change(text, self.client.update_project, project, different)

    def wanted_views(self) -> list[dict[str, Any]]:
        """Tabs of the Data Manager."""
        return wanted_views(blind=self.project.settings.review.blind)

    def _push_views(self, project: int) -> None:
        have: dict[str, list[dict[str, Any]]] = {}
        for view in self.client.views(project) if project else []:
            have.setdefault(view["data"].get("title", ""), []).append(view)
        for data in self.wanted_views():
            title = data["title"]
            if title not in have:
                text = f"add Data Manager view '{title}'"
                self.change(text, self.client.create_view, project, data)
                continue
            for twin in have[title][1:]:
                text = f"remove second Data Manager view '{title}'"
                self.change(text, self.client.delete_view, twin["id"])

    def _set_model_version(self, project: int, marker: str, *, is_new: bool) -> None:
        """Shows the folder's current predictions, unless somebody chose others since the last push.

        The ML backend shows those of a model that it promoted, and a person may choose in Label
        Studio; what is predicted anew in the folder wins over both.
        """
        shown = self._shown()
        version = self._version(shown, marker)
        if not version:
            return
        # The server shows the only version of a first import by itself.
        first = version if len(self.predictions) == 1 else ""
        have = self.client.project(project).get("model_version") if project else first
        chosen_elsewhere = bool(have) and not is_new and shown.get(marker) == version
        if have != version and not chosen_elsewhere:
            settings = {"model_version": version}
            text = f"show predictions of '{version}'"
            self.change(text, self.client.update_project, project, settings)
        if not self.dry_run and shown.get(marker) != version:
            path = self.project.state / SHOWN
            files.write_bytes(path, files.json_bytes({**shown, marker: version}), mode=0o600)

    def _version(self, shown: dict[str, str], marker: str) -> str:
        """The version to show: the folder's current one; if that is withheld, what was shown."""
        current = current_version(self.project)
        if current in self.predictions:
            return current
        # A project that comes later shows what the others do.
        earlier = [shown.get(marker, ""), *(shown[key] for key in sorted(shown))]
        known = [version for version in earlier if version in self.predictions]
        return (known or [current_version(self.project, self.predictions)])[0]

    def _shown(self) -> dict[str, str]:
        """Model versions that the last push showed, by project marker."""
        path = self.project.state / SHOWN
        document = files.read_json(path) if path.exists() else {}
        return document if isinstance(document, dict) else {}


def project_titles(
    project: Project, groups: Sequence[TaskGroup], longest: int = 50
) -> dict[str, str]:
    """Titles of the Label Studio projects by group key: 3 to 50 characters, no two alike."""
    titles: dict[str, str] = {}
    for group in groups:
        same_view = [other for other in groups if other.view == group.view]
        # The view must be seen, however long the title is.
        room = max(longest - len(group.view) - 1, 1)
        name = project.title[:room]
        ends_alike = name.casefold().split()[-1:] == [group.view.casefold()]
        title = name if ends_alike else f"{name} {group.view}"
        if len(same_view) > 1:
            shown = ", ".join(group.channels)
            room = longest - len(title) - 8
            shown = shown if len(shown) <= room else f"{shown[: max(room - 1, 0)]}…"
            title = f"{title} ({shown})" if room > 3 else title
            if title in titles.values():
                title = f"{title[: longest - 5]} {same_view.index(group) + 1}"
        titles[group.key] = title[:longest].ljust(3, ".")
    return titles
