"""Recordings of a domain: samples, files, derived channels, tasks and their tables."""

from __future__ import annotations

import csv
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tslab.preparation.task_table import column_names, row_ticks, write_task_csv
from tslab.preparation.windows import MAX_ROWS, MAX_VALUES, segments
from tslab.recording import Signal
from tslab.task import Task
from tslab.testing.legality import span_problems, uncovered
from tslab.testing.recording_files import write_sample
from tslab.testing.subject import Sample, WithSubject, expect, not_applicable

if TYPE_CHECKING:
    from tslab.recording import Recording

SLACK = 1.2
"""A task may be this much longer than the editor's comfortable limits."""


class RecordingChecks(WithSubject):
    """Checks about signals and what annotators see of them."""

    def test_sample_recordings_are_deterministic(self) -> None:
        """Made twice, they are equal sample by sample, and so is their truth."""
        first, second = self.subject().given_samples(), self.subject().given_samples()
        names = [given.name for given in first]
        expect(names == [given.name for given in second], "the names differ on a second call")
        expect(len(set(names)) == len(names), f"two samples share a name: {', '.join(names)}")
        for left, right in zip(first, second, strict=True):
            same = list(left.truth) == list(right.truth) and _equal(left.recording, right.recording)
            expect(
                same,
                f"sample '{left.name}' differs on a second call",
                "Take a fixed seed, and keep no state between calls.",
            )

    def test_sample_truth_fits_the_domain(self) -> None:
        """The truth lies inside the recording, in known tiers and labels; states are complete."""
        subject = self.subject()
        for sample in subject.samples:
            duration = sample.recording.duration
            found = span_problems(sample.truth, subject.domain, duration)
            expect(not found, f"truth of sample '{sample.given.name}': {'; '.join(found[:3])}")
            for tier in subject.domain.tiers:
                spans = [span for span in sample.truth if span.tier == tier.name]
                if tier.exhaustive and spans:
                    holes = uncovered(spans, duration, sample.recording.gaps)
                    expect(
                        not holes,
                        f"truth of sample '{sample.given.name}': tier '{tier.name}' is exhaustive "
                        f"but leaves out {holes[:1]}",
                    )

    def test_sample_recordings_survive_their_files(self) -> None:
        """Written as native files and read through the plugin's readers, they are the same."""
        subject = self.subject()
        written = 0
        for sample in subject.samples[:3]:
            with tempfile.TemporaryDirectory() as folder:
                path = write_sample(sample.given, Path(folder))
                if path is None:
                    continue
                written += 1
                read = subject.project.read_source(path)
                mapped = subject.project.map_channels(read, path.name)
                _expect_same(sample, mapped)
        if not written:
            not_applicable("the samples have several rates and no write() of their own")

    def test_derived_channels_are_finite(self) -> None:
        """Derived signals are marked, have names of their own, and hold no infinity."""
        found = 0
        for sample in self.subject().samples:
            for signal in sample.recording.signals:
                if signal.derived:
                    found += 1
                    _check_derived(signal, sample)
        if not found:
            not_applicable("the domain derives no channel")

    def test_tasks_cover_the_recording(self) -> None:
        """Each view's windows lie in the recording, side by side, with nothing left out."""
        subject = self.subject()
        for sample in subject.samples:
            for view in subject.views:
                _check_cover(sample, sample.tasks_of(view.name), subject.domain, view.name)

    def test_tasks_fit_the_editor(self) -> None:
        """Ids are unique and fit for file names; no window is more than the editor can open."""
        for sample in self.subject().samples:
            ids = [task.id for task in sample.tasks]
            expect(
                len(set(ids)) == len(ids), f"sample '{sample.given.name}': two tasks share an id"
            )
            for task in sample.tasks:
                expect(
                    task.id.startswith(sample.recording.id) and "/" not in task.id,
                    f"task id '{task.id}' is not made of the recording's id",
                )
                rows = len(row_ticks(task, sample.recording))
                values = rows * (len(task.channels) + 1)
                expect(
                    2 < rows <= MAX_ROWS * SLACK and values <= MAX_VALUES * SLACK,
                    f"task '{task.id}' has {rows} rows and {values} values",
                    f"Keep to {MAX_ROWS} rows and {MAX_VALUES} values: set window_seconds.",
                )

    def test_tasks_are_equal_on_every_call(self) -> None:
        """`add` run twice makes the same tasks."""
        subject = self.subject()
        for sample in subject.samples:
            again = tuple(subject.plugins.make_tasks(sample.recording, subject.domain))
            expect(again == sample.tasks, f"sample '{sample.given.name}' is cut differently")

    def test_task_tables_are_well_formed(self) -> None:
        """A header, integer times that never go back, a number in every cell."""
        for sample in self.subject().samples[:3]:
            for task in {task.view: task for task in sample.tasks}.values():
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "task.csv"
                    write_task_csv(task, sample.recording, path)
                    _check_table(task, path)


def _equal(left: Recording, right: Recording) -> bool:
    if (left.duration, left.channel_names) != (right.duration, right.channel_names):
        return False
    pairs = zip(left.signals, right.signals, strict=True)
    return all(np.array_equal(a.values(), b.values(), equal_nan=True) for a, b in pairs)


def _expect_same(sample: Sample, read: Recording) -> None:
    name = sample.given.name
    recorded = [signal for signal in sample.recording.signals if not signal.derived]
    expect(
        [signal.name for signal in recorded] == list(read.channel_names),
        f"sample '{name}' has {[s.name for s in recorded]}, its file {list(read.channel_names)}",
    )
    for ours, theirs in zip(recorded, read.signals, strict=True):
        a, b = ours.values(), theirs.values()
        expect(len(a) == len(b), f"'{name}', {ours.name}: {len(a)} samples, file {len(b)}")
        known = np.isfinite(a)
        step = 0.01 * float(np.ptp(a[known])) if known.any() else 0.0
        same = np.array_equal(known, np.isfinite(b)) and np.allclose(
            a[known], b[known], rtol=1e-3, atol=max(step, 1e-9)
        )
        expect(same, f"sample '{name}': values of {ours.name} change on the way through the file")
        late = np.abs(ours.sample_times(0, len(a)) - theirs.sample_times(0, len(b)))
        expect(
            len(late) == 0 or late.max() < 0.5 / ours.sampling_rate,
            f"sample '{name}': times of {ours.name} change on the way through the file",
        )


def _check_derived(signal: Signal, sample: Sample) -> None:
    names = [name.lower() for name in sample.recording.channel_names]
    expect(names.count(signal.name.lower()) == 1, f"derived '{signal.name}' takes a used name")
    values = signal.values()
    expect(len(values) == signal.sample_count, f"derived '{signal.name}' has another length")
    expect(not np.isinf(values).any(), f"derived '{signal.name}' has infinite values")
    recorded = [s for s in sample.recording.signals if not s.derived]
    if all(np.isfinite(s.values()).all() for s in recorded):
        expect(
            np.isfinite(values).all(),
            f"derived '{signal.name}' has NaN where nothing is missing",
            "Fill the edges of rolling windows.",
        )
    late = signal.duration - sample.recording.duration
    expect(late <= 1 / signal.sampling_rate, f"derived '{signal.name}' outlasts the recording")


def _check_cover(sample: Sample, tasks: list[Task], domain: object, view: str) -> None:
    from tslab.domain import Domain

    recording = sample.recording
    where = f"sample '{sample.given.name}', view '{view}'"
    expect(tasks, f"{where}: there is no task", "Answer None to let tslab cut.")
    for left, right in pairwise(tasks):
        expect(left.end_us <= right.start_us, f"{where}: '{left.id}' overlaps '{right.id}'")
    last = tasks[-1]
    inside = tasks[0].start >= 0 and last.end <= recording.duration + 1e-6
    expect(inside, f"{where}: a window leaves the recording")
    if not isinstance(domain, Domain):
        return
    covered = sum(task.end - task.start for task in tasks)
    wanted = sum(end - start for start, end in segments(recording, domain))
    lost = wanted - covered
    expect(
        lost <= 2 / max(signal.sampling_rate for signal in recording.signals) * len(tasks) + 1e-6,
        f"{where}: {lost:g} s are in no task",
        "Only gaps longer than max_gap_seconds may be left out.",
    )


def _check_table(task: Task, path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    header = column_names(task)
    expect(rows[0] == header, f"task '{task.id}': the header is {rows[0]}, not {header}")
    expect(all(len(row) == len(header) for row in rows), f"task '{task.id}': rows differ in length")
    try:
        cells = np.array([[float(cell) for cell in row] for row in rows[1:]])
    except ValueError as error:
        expect(False, f"task '{task.id}': a cell is no number: {error}")
        return
    expect(np.isfinite(cells).all(), f"task '{task.id}': a cell is not finite")
    expect((np.diff(cells[:, 0]) >= 0).all(), f"task '{task.id}': time goes back")
    expect(
        all("." not in row[0] for row in rows[1:]), f"task '{task.id}': a time is no whole number"
    )
