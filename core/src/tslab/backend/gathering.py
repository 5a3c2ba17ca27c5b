"""What a training learns from: annotations read back from Label Studio, with their recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tslab.annotation import Annotation
from tslab.backend.foreign_tasks import ForeignConfigs, annotations_of, read_task, task_number
from tslab.errors import TslabError
from tslab.label_studio.collecting import collect
from tslab.label_studio.people import People

if TYPE_CHECKING:
    from tslab.backend.fetching import Fetcher
    from tslab.backend.models import Subject
    from tslab.backend.study import Study
    from tslab.contracts import Progress
    from tslab.label_studio.client import Client
    from tslab.recording import Recording

SHAPE_ERRORS = (TypeError, ValueError, KeyError, AttributeError)
"""What a task raises that is not built like Label Studio's."""

MOST_LINES = 50
"""Lines about what was left out; a defect of the data repeats itself in every task."""


@dataclass(slots=True)
class Gathered:
    """Annotations of one Label Studio project.

    Attributes:
        subject: Domain and segmenters.
        annotations: What people said.
        open_recording: A recording by its id.
        left_out: One line for each thing that could not be used.
        is_ours: Whether the tasks are those of the project folder.
    """

    subject: Subject
    annotations: Sequence[Annotation]
    open_recording: Callable[[str], Recording]
    left_out: list[str] = field(default_factory=list)
    is_ours: bool = False


def gather(
    client: Client, project: int, study: Study | None, fetcher: Fetcher, progress: Progress
) -> Gathered:
    """Annotations of a project, as Label Studio has them now.

    Args:
        client: The server.
        project: Label Studio's id.
        study: The project folder, None without one.
        fetcher: Reads data of tasks that tslab did not make.
        progress: Told about the reading.

    Raises:
        ServerError: The server does not answer or refuses.
        DataError: The project's config has no time series that can be labelled.
    """
    progress(0.0, "reading annotations")
    exported = client.annotated(project)
    own = [item for item in exported if study is not None and study.task(item) is not None]
    if study is not None and own:
        return _own(client, study, own, len(exported) - len(own))
    config = str(client.project(project).get("label_config") or "")
    return _foreign(config, exported, fetcher, progress)


def _own(
    client: Client, study: Study, items: Sequence[Mapping[str, Any]], strangers: int
) -> Gathered:
    pulled = collect(study.project, [items], People(client.users()))
    left_out = [str(finding) for finding in pulled.findings[:MOST_LINES]]
    if strangers:
        left_out.append(f"{strangers} tasks of no recording in the project folder")
    opened = study.project.recording
    return Gathered(study.subject, pulled.annotations, opened, left_out, is_ours=True)


def _foreign(
    config: str, items: Sequence[Mapping[str, Any]], fetcher: Fetcher, progress: Progress
) -> Gathered:
    project = ForeignConfigs().read(config)
    annotations: list[Annotation] = []
    recordings: dict[str, Recording] = {}
    left_out: list[str] = []
    for number, item in enumerate(items):
        progress(number / len(items), "reading tasks")
        try:
            series = read_task(item, project, fetcher)
            found, problems = annotations_of(item, series, project)
        except TslabError as error:
            left_out.append(f"task {task_number(item)}: {error}")
            continue
        except SHAPE_ERRORS as error:
            left_out.append(f"task {task_number(item)} is unusable: {type(error).__name__}")
            continue
        if found:
            recordings[series.recording.id] = series.recording
            annotations += found
        left_out += [f"task {task_number(item)}: {problem}" for problem in problems]
    more = len(left_out) - MOST_LINES
    lines = [*left_out[:MOST_LINES], *([f"{more} more like these"] if more > 0 else [])]
    return Gathered(project.subject, annotations, recordings.__getitem__, lines)
