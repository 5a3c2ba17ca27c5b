"""Makes the review's projects in Label Studio; a second run adds new disputes, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tslab.agreement.disputes.lookup import Lookup
from tslab.errors import ProjectError
from tslab.label_studio.client import Client
from tslab.label_studio.predictions import TaskPrediction
from tslab.label_studio.project_settings import project_settings
from tslab.label_studio.push import Progress, Push, Report, project_titles
from tslab.label_studio.review.ballots import FILE, load_ballots, place_of
from tslab.label_studio.review.config import Shape, letters_of, review_config, verdict_keys
from tslab.label_studio.review.key import FILE as KEY_FILE
from tslab.label_studio.review.key import Key, Window, load_key, new_key, save_key
from tslab.label_studio.review.lanes import lines, used_labels
from tslab.label_studio.review.overlap import (
    Short,
    ask_for_annotators,
    ask_raters,
    short_of_annotators,
)
from tslab.label_studio.review.queue import Queue, make_queue
from tslab.label_studio.review.tasks import (
    Said,
    disputes_as_regions,
    is_written,
    task_document,
    what_lanes_show,
    with_exact,
    write_window,
)
from tslab.label_studio.review.turns import ReviewData
from tslab.label_studio.review.unread import Unread, unread_tasks, waiting_text
from tslab.label_studio.review.views import review_views
from tslab.label_studio.review.void import void_verdicts
from tslab.label_studio.task_groups import TaskGroup, group_config, task_groups
from tslab.project import Project
from tslab.recording import Recording
from tslab.task import Task

VERSION = "disputes"
"""Model version of the predictions that hold the disputes."""

INSTRUCTIONS = (
    "<p>Several people labelled these stretches differently. Each grey region is one dispute; the "
    "lanes below the signal show what they said, one lane for each reader, named by a letter: a "
    "line while a label holds, in its colour, with a notch where two of one label touch. Select a "
    "dispute and say who is right, above the signal; each answer and each lane shows its key. If "
    "nobody is, choose the last answer and draw what is right, or nothing. Below the question is "
    "one answer for all disputes of the window that have none of their own.</p>"
)


class ReviewPush(Push):
    """One `tslab review`.

    Args:
        project: The project folder, with pulled annotations.
        client: The server.
        data_mode: ``local``, ``upload`` or ``url``.
        dry_run: Whether nothing may be changed.
        progress: Wraps long lists.
    """

    def __init__(
        self, project: Project, client: Client, data_mode: str, dry_run: bool, progress: Progress
    ) -> None:
        super().__init__(project, client, data_mode, dry_run, progress)
        self.queue = Queue([], 0)
        self.unread: Unread = {}
        self.short: dict[str, Short] = {}
        self.shapes: dict[str, Shape] = {}
        self.unwritten: set[str] = set()
        self.keys: list[tuple[str, str]] = []
        self.answered: set[str] = set()
        self._open: Recording | None = None
        self._lookup = Lookup()

    def run_review(
        self,
        most: int | None,
        originals: Mapping[str, int],
        reviews: Mapping[str, int],
        *,
        now: bool = False,
    ) -> Report:
        """Makes the windows and sends them.

        Args:
            most: New windows at most, the most costly ones; None is all.
            originals: Label Studio's ids of the annotators' projects, by group key.
            reviews: The same of the review's projects, as far as there were any.
            now: Whether tasks are taken that wait for another annotator: they have too little
                agreement, or somebody is still to read them.

        Raises:
            ProjectError: Nobody annotated, a config is broken, or the key of verdicts is lost.
            ServerError: The server does not answer or refuses.
        """
        annotations = self.project.pulled_annotations()
        if not annotations:
            raise ProjectError("there is nothing to review", "Pull annotations first: tslab pull")
        key = load_key(self.project.state) or self._first_key(reviews)
        short = {} if now else short_of_annotators(self.project)
        self.unread = unread_tasks(self.project)
        if self.unread:
            self.report.warnings.append(waiting_text(self.project, self.unread, now=now))
        waiting = short.keys() | (() if now else self.unread.keys())
        self.queue = make_queue(self.project, key, most, waiting)
        # What a reviewer decides already needs nobody else.
        self.short = {name: short[name] for name in sorted(short.keys() & self.queue.held)}
        if not self.dry_run:
            self.journal.wait()
        if self.short:
            wanted = {name: found.annotators for name, found in self.short.items()}
            groups = task_groups(self.project.tasks())
            ask = ask_raters if self.project.settings.review.blind else ask_for_annotators
            ask(self, groups, originals, wanted)
        if not key.windows:
            self.journal.done()
            return self.report
        known = self._known_projects()
        ballots = load_ballots(self.project.state)
        self.answered = {ballot.place for ballot in ballots}
        void = void_verdicts(key, ballots, self.queue.disputed, annotations)
        self.report.warnings += map(str, void)
        self.queue.leave_out_answered(ballots, self._places(key, known) if ballots else ())
        groups = self._groups()
        if not self.dry_run:
            # Before anything is made of it: a window or a verdict without its key is worth nothing.
            save_key(self.project.state, key)
        predictions = self._predictions(key)
        if not self.dry_run:
            save_key(self.project.state, key)
        titles = project_titles(self.project, groups)
        for group in groups:
            self._push_review(group, titles[group.key], predictions,
                              known.get(self.marker(group), []))  # fmt: skip
        self.journal.done()
        return self.report

    def _first_key(self, reviews: Mapping[str, int]) -> Key:
        """A new key, unless that would make verdicts unreadable.

        Raises:
            ProjectError: There are verdicts.
        """
        there = {int(item["id"]) for item in self.client.projects()} & set(reviews.values())
        given = any(t.get("total_annotations") for n in there for t in self.client.tasks(n))
        if given or load_ballots(self.project.state):
            raise ProjectError(
                f"there are verdicts, but '.tslab/{KEY_FILE}' is missing: nobody knows whom they "
                "uphold",
                "Bring it back from a copy. To begin anew without them, delete "
                f"'.tslab/{FILE}' and the review's projects in Label Studio.",
            )
        return new_key()

    def _places(self, key: Key, known: Mapping[str, Sequence[int]]) -> set[str]:
        """All tasks that the review's projects have now."""
        groups = task_groups([window.task for window in key.windows])
        ids = [number for group in groups for number in known.get(self.marker(group), [])]
        return {place_of(item) for number in ids for item in self.client.tasks(number)}

    def _groups(self) -> list[TaskGroup]:
        """Windows by project, the most costly first."""
        live = self.queue.live
        turns = sorted(
            self.queue.asked.values(),
            key=lambda w: (-sum(c.cost for c in w.cases if c.mark in live), w.task.id),
        )
        order = {window.task.id: n for n, window in enumerate(turns)}
        tasks = [w.task for w in self.queue.asked.values()]
        return [
            TaskGroup(
                g.view,
                g.channels,
                g.tick_us,
                tuple(sorted(g.tasks, key=lambda task: order[task.id])),
            )
            for g in task_groups(tasks)
        ]

    def _predictions(self, key: Key) -> dict[str, TaskPrediction]:
        """Disputes of each window, and its CSV where it is missing or shows former readings."""
        self.shapes = self._shapes(key)
        found = {}
        for number, window in enumerate(self.progress(key.windows, "windows")):
            asked = self.queue.asked.get(window.task.id)
            if asked is not None:
                recording = self._recording(window.task.recording)
                prediction = disputes_as_regions(self.project, asked, recording)
                key.windows[number] = with_exact(window, prediction)
                found[window.task.id] = prediction
            key.windows[number] = self._written(key.windows[number], asked is not None)
        return found

    def _written(self, window: Window, is_asked: bool) -> Window:
        """The window with what its CSV shows; a dry run notes that it would be written."""
        said, shape = self._said(window), self.shapes[window.task.view]
        shown = what_lanes_show(window, said) if is_asked else window.shown
        # Decided windows may stay on the server: their lanes follow the config, too.
        needed = is_asked or (self.project.root / window.task.csv).is_file()
        if not needed or (shown == window.shown and is_written(self.project, window, shape)):
            return window
        self.unwritten.add(window.task.id)
        if not self.dry_run:
            recording = self._recording(window.task.recording)
            write_window(self.project, window, recording, said, shape)
        return replace(window, shown=shown)

    def _shapes(self, key: Key) -> dict[str, Shape]:
        """What the windows of each view need. It never shrinks: decided windows stay readable."""
        letters = letters_of([2, *(len(window.letters) for window in key.windows)])
        for window in key.windows:
            task, used = window.task, key.used.setdefault(window.task.view, set())
            said = self._said(window)
            for name in window.letters.values():
                used |= used_labels(said.get(name, ()), task.start, task.end)
        return {
            view: Shape(
                letters,
                max(len(w.cases) for w in key.windows if w.task.view == view),
                lines(self.project.domain, view, used),
            )
            for view, used in key.used.items()
            if any(window.task.view == view for window in key.windows)
        }

    def _recording(self, name: str) -> Recording:
        """A recording; the last one stays open, for windows come recording by recording."""
        if self._open is None or self._open.id != name:
            self._open = self.project.recording(name)
        return self._open

    def _said(self, window: Window) -> Said:
        """What annotators say where a window is, and in its disputes where they are longer."""
        said = self.queue.said.get((window.task.recording, window.task.view), {})
        start = min([window.task.start_us, *(case.start for case in window.cases)])
        end = max([window.task.end_us, *(case.end for case in window.cases)])
        return {name: self._lookup.meeting(spans, start, end) for name, spans in said.items()}

    def marker(self, group: TaskGroup) -> str:
        """Marks projects of the review."""
        return f"[tslab {self.identity()} review {group.view} {group.digest}]"

    def _push_review(
        self, group: TaskGroup, title: str, found: Mapping[str, TaskPrediction], ids: list[int]
    ) -> None:
        marker = self.marker(group)
        text = group_config(self.project, group)
        place = (self.project.domain, group.view)
        config = review_config(text, *place, self.shapes[group.view])
        self.keys = verdict_keys(text, *place, self.shapes[group.view].letters)
        wanted = project_settings(self.project, f"{title[:43]} review", marker, config) | {
            "expert_instruction": INSTRUCTIONS,
            "show_instruction": True,
            "maximum_annotations": 1,
            "overlap_cohort_percentage": 100,
            "show_overlap_first": False,
        }
        self.warn_of_copies(wanted["title"], ids)
        project = ids[0] if ids else 0
        if project:
            self._update(project, wanted)
        else:
            name = wanted["title"]
            made = self.change(f"create project '{name}'", self.client.create_project, wanted)
            project = int(made or 0)
        self.report.projects[group.key] = project
        data = ReviewData(self, group, project, self.answered)
        data.ensure_storage()
        data.push_tasks({VERSION: found})
        self._push_views(project)
        have = self.client.project(project).get("model_version") if project else VERSION
        if have != VERSION:
            shown = {"model_version": VERSION}
            self.change("show the disputes", self.client.update_project, project, shown)

    def wanted_views(self) -> list[dict[str, Any]]:
        """Tabs for a reviewer."""
        return review_views()

    def document(self, task: Task) -> dict[str, Any]:
        """A window as Label Studio gets it."""
        asked = self.queue.asked[task.id]
        live = self.queue.live
        return task_document(self.project, asked, self._said(asked), self.keys, live)
