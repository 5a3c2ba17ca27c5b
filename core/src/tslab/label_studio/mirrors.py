"""Push of a blind study: which projects there are to be, and what must not happen to those there.

A mirrored project is an ordinary one in everything but its tasks, their order and its title.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tslab.errors import ProjectError, counted
from tslab.label_studio.predictions import TaskPrediction, learned_versions, load_predictions
from tslab.label_studio.project_settings import check_labels_stay
from tslab.label_studio.raters import rater_groups, rater_of_marker
from tslab.project import Project
from tslab.reading_plan import FILE, Pair, ReadingPlan, load_plan, planned, save_plan

if TYPE_CHECKING:
    from tslab.label_studio.push import Push
    from tslab.label_studio.task_groups import TaskGroup


class Mirrors:
    """The raters' projects, as they are and as they shall be.

    Args:
        push: The push this belongs to.
        known: Ids of Label Studio's projects by the marker in their description.
    """

    def __init__(self, push: Push, known: Mapping[str, Sequence[int]]) -> None:
        self.push = push
        self.review = push.project.settings.review
        self.plan = ReadingPlan()
        own = f"[tslab {push.identity()} "
        there = {marker: ids for marker, ids in known.items() if marker.startswith(own)}
        self._known = {m: ids for m, ids in there.items() if not m.startswith(f"{own}review ")}
        self._tasks: dict[int, list[dict[str, Any]]] = {}

    def refuse_other_kind(self) -> None:
        """Makes sure that a study with annotations does not become blind, or stop to be it.

        Raises:
            ProjectError: It would.
        """
        others = {
            number
            for marker, ids in self._known.items()
            if (rater_of_marker(marker) > 0) != self.review.blind
            for number in ids
        }
        done = sum(len(self._annotated(number)) for number in others)
        shown = ", ".join(map(str, sorted(others)))
        if done and self.review.blind:
            raise ProjectError(
                f"annotations of {counted(done, 'tasks')} in project {shown} were made where "
                "everybody sees them; what follows would not be blind",
                "Make another project folder for the blind study, or take blind: true out of "
                "tslab.yaml. If they do not count, delete that project in Label Studio.",
            )
        if done:
            raise ProjectError(
                f"the raters' projects {shown} hold annotations of {counted(done, 'tasks')}, which "
                "one project for all would lack",
                "Set blind: true and raters in tslab.yaml again; 'tslab pull' reads them all. If "
                "they do not count, delete these projects in Label Studio.",
            )
        if others:
            self.push.report.warnings.append(
                f"project {shown} is of no use any more since blind changed in tslab.yaml, and "
                "nobody annotated it; delete it in Label Studio"
            )

    def refuse_lost_labels(self, groups: Sequence[TaskGroup], configs: Mapping[str, str]) -> None:
        """Makes sure that labels stay that raters used who are not in the study any more.

        Raises:
            ProjectError: One would vanish.
        """
        for group in groups:
            for marker, ids in self._surplus().items():
                if f" {group.view} {group.digest} " in marker:
                    for number in ids:
                        used = self.push.client.used_labels(number)
                        check_labels_stay(used, configs[group.shown])

    def groups(self, groups: Sequence[TaskGroup]) -> list[TaskGroup]:
        """A group for each rater of each of the given ones, as the plan says.

        Raises:
            DataError: The plan is damaged.
        """
        project, review = self.push.project, self.review
        known = load_plan(project.root) or self._plan_of_server()
        for marker, ids in self._surplus().items():
            self.push.report.warnings.append(
                f"project {ids[0]} of rater {rater_of_marker(marker)} stays as it is, but gets "
                f"nothing new: raters is {review.raters}; 'tslab pull' still reads it"
            )
        tasks = [task for group in groups for task in group.tasks]
        self.plan = planned(known, tasks, review, self._read_by_former_raters())
        self.push.report.plan = described(self.plan)
        return rater_groups(groups, self.plan, review.raters)

    def save(self) -> None:
        """Writes the plan, before anything is sent."""
        if self.review.blind and not self.push.dry_run:
            save_plan(self.push.project.root, self.plan)

    def _surplus(self) -> dict[str, Sequence[int]]:
        raters = self.review.raters
        return {m: ids for m, ids in self._known.items() if rater_of_marker(m) > raters}

    def _plan_of_server(self) -> ReadingPlan:
        """The plan as Label Studio has it, for when the file is gone."""
        readers: dict[str, list[int]] = {}
        for marker, ids in self._known.items():
            rater = rater_of_marker(marker)
            for item in self._tasks_of(ids[0]) if rater else ():
                readers.setdefault(_name(item), []).append(rater)
        if readers:
            self.push.report.warnings.append(
                f"'{FILE}' was gone: made again of Label Studio's tasks"
            )
        return ReadingPlan(readers)

    def _read_by_former_raters(self) -> set[Pair]:
        return {
            (rater_of_marker(marker), name)
            for marker, ids in self._surplus().items()
            for number in ids
            for name in self._annotated(number)
        }

    def _annotated(self, project: int) -> set[str]:
        found = self._tasks_of(project)
        return {_name(item) for item in found if item.get("total_annotations")}

    def _tasks_of(self, project: int) -> list[dict[str, Any]]:
        if project not in self._tasks:
            self._tasks[project] = self.push.client.tasks(project)
        return self._tasks[project]


def shown_predictions(project: Project) -> tuple[dict[str, dict[str, TaskPrediction]], list[str]]:
    """Predictions that annotators may see, and why others are withheld.

    In a blind study that is what comes from nobody's labels in it: a model that learned from one
    rater, or a consensus, would tell the others what he said.

    Raises:
        DataError: A file is damaged.
    """
    found = load_predictions(project)
    if not project.settings.review.blind:
        return found, []
    withheld = learned_versions(project)
    return {version: found[version] for version in found if version not in withheld}, [
        f"predictions of '{version}' come from annotations of this study: no rater of a blind "
        "study sees them"
        for version in withheld
    ]


def described(plan: ReadingPlan) -> list[str]:
    """Who reads how much, one line each."""
    counts = Counter(len(own) for own in plan.readers.values())
    parts = [
        f"{counted(counts[many], 'tasks')} with {counted(many, 'raters')}"
        for many in sorted(counts, reverse=True)
    ]
    loads = {rater: counted(len(plan.tasks_of(rater)), "tasks") for rater in plan.raters()}
    return [", ".join(parts), *(f"rater {rater}: {load}" for rater, load in loads.items())]


def _name(item: Mapping[str, Any]) -> str:
    return str(item["data"].get("task", ""))
