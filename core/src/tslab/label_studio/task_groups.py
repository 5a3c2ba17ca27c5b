"""Which tasks share a Label Studio project: same view, same channels, same unit of time."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tslab.domain import Channel, Domain
from tslab.errors import DataError, PluginError
from tslab.preparation.windows import PAGE_SAMPLES
from tslab.screens import SAMPLES_PER_PAGE
from tslab.task import Task

if TYPE_CHECKING:
    from tslab.project import Project


COLORS = ("#3b7bbf", "#c2622a", "#3f8f47", "#9a5aa0", "#9a7a1a", "#148a96", "#c9466a", "#7d7d7d")
"""Lines of channels that no domain gave a colour: seen in both themes, also by the colour-blind."""


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """Tasks of one Label Studio project.

    Attributes:
        view: Name of the view.
        channels: Names of the channels that all of its tasks have.
        tick_us: Microseconds of one unit of their time columns.
        tasks: The tasks, in the order in which Label Studio gets them.
        rater: In a blind study: whose project it is, from 1 on; else 0.
    """

    view: str
    channels: tuple[str, ...]
    tick_us: int
    tasks: tuple[Task, ...]
    rater: int = 0

    @property
    def shown(self) -> str:
        """What the group shows; mirrored groups of several raters share it."""
        return f"{self.view}|{','.join(self.channels)}|{self.tick_us}"

    @property
    def key(self) -> str:
        """Name of the group in the project folder; no two groups share it."""
        return f"{self.shown}|rater {self.rater}" if self.rater else self.shown

    @property
    def digest(self) -> str:
        """Eight characters of a hash of what the group shows."""
        return hashlib.sha256(self.shown.encode()).hexdigest()[:8]


def task_groups(tasks: Sequence[Task]) -> list[TaskGroup]:
    """Tasks by project, sorted by view and channels.

    A column that a task lacks would leave the whole chart blank, so each distinct set of channels
    gets a project of its own.
    """
    groups: dict[tuple[str, tuple[str, ...], int], list[Task]] = {}
    for task in tasks:
        groups.setdefault((task.view, task.channels, task.tick_us), []).append(task)
    return [
        TaskGroup(view, channels, tick, tuple(sorted(found, key=lambda t: (t.recording, t.start))))
        for (view, channels, tick), found in sorted(groups.items())
    ]


def group_config(project: Project, group: TaskGroup) -> str:
    """The labeling config of a group, after the plugins had their say.

    Raises:
        PluginError: A plugin's config is no XML.
    """
    from lxml import etree

    from tslab.label_studio.labeling_config import config_text, fit_time_axis

    domain = with_found_channels(project, group)
    text = project.plugins.labeling_config(domain, group.view, group.channels)
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise PluginError(
            f"the labeling config of view '{group.view}' is no XML: {error}",
            "Mend the hook tslab_labeling_config.",
        ) from error
    if group.tasks:
        until = max(task.end for task in group.tasks)
        fit_time_axis(root, group.tick_us, first_page(project, group), until)
    project.plugins.edit_labeling_config(root, domain, group.view)
    return config_text(root)


def with_found_channels(project: Project, group: TaskGroup) -> Domain:
    """The domain with a role for each channel that only the files know, so that it has a unit."""
    units: dict[str, str] = {}
    recordings = {task.recording for task in group.tasks}
    for entry in project.entries().values():
        if entry.id in recordings:
            units |= dict(zip(entry.channels, entry.units, strict=False))
    known = {channel.name for channel in project.domain.channels}
    found = tuple(
        Channel(name=name, unit=units.get(name, ""), color=COLORS[number % len(COLORS)])
        for number, name in enumerate(group.channels)
        if name not in known
    )
    return project.domain.model_copy(update={"channels": (*project.domain.channels, *found)})


def first_page(project: Project, group: TaskGroup) -> int:
    """Percent of a task that the first screen shows: the view's page of a typical task.

    The editor takes whole percents of the rows, and draws a first view of a long task in full
    only below ten percent.
    """
    lengths = [task.end - task.start for task in group.tasks]
    recordings = {task.recording for task in group.tasks}
    rates = [max(e.sampling_rates) for e in project.entries().values() if e.id in recordings]
    if not rates:
        raise DataError(
            f"tasks.json has recordings that recordings.csv lacks: {', '.join(sorted(recordings))}",
            "Run 'tslab add' with their files again.",
        )
    rows = max(lengths) * max(rates)
    view = project.domain.view(group.view)
    page = view.page_seconds or project.domain.page_seconds or SAMPLES_PER_PAGE / max(rates)
    percent = round(100 * page / statistics.median(lengths))
    if rows > PAGE_SAMPLES:
        percent = min(percent, 9, int(100 * PAGE_SAMPLES / rows))
    return min(max(percent, 1), 100)
