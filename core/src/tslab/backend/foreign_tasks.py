"""Projects that tslab did not make: their configs, their data, their annotations."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tslab.annotation import Annotation
from tslab.backend.addresses import shown
from tslab.backend.fetching import NoDataError
from tslab.backend.models import Subject
from tslab.errors import DataError
from tslab.label_studio.foreign.config import ForeignConfig, read_config
from tslab.label_studio.foreign.data import ForeignSeries, read_series
from tslab.label_studio.foreign.regions import read_regions, write_regions
from tslab.segmentation import SPECS
from tslab.segmentation.similar import find_similar

if TYPE_CHECKING:
    from tslab.backend.fetching import Fetcher
    from tslab.backend.models import Model
    from tslab.spans import Span

NAMED = "The labeling config names it."
CONFIGS = 64
"""Parsed configs that are kept."""


@dataclass(frozen=True, slots=True)
class ForeignProject:
    """A labeling config that was understood.

    Attributes:
        config: What it says.
        subject: Its domain, and core's segmenters.
    """

    config: ForeignConfig
    subject: Subject


class ForeignConfigs:
    """Labeling configs, parsed once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, ForeignProject | DataError] = OrderedDict()

    def read(self, xml: str) -> ForeignProject:
        """The project of a labeling config.

        Raises:
            DataError: It has no time series that can be labelled.
        """
        key = hashlib.sha256(xml.encode(errors="replace")).hexdigest()
        with self._lock:
            found = self._known.get(key)
            if found is None:
                found = _read(xml, key)
                self._known[key] = found
            self._known.move_to_end(key)
            while len(self._known) > CONFIGS:
                self._known.popitem(last=False)
        if isinstance(found, DataError):
            raise DataError(found.message, found.remedy)
        return found


def _read(xml: str, key: str) -> ForeignProject | DataError:
    try:
        config = read_config(xml)
    except DataError as error:
        return error
    specs = {spec.name: spec for spec in SPECS}
    return ForeignProject(config, Subject(key, config.domain, specs))


def task_number(document: Mapping[str, Any]) -> int:
    """Label Studio's id of a task, 0 where it has none."""
    number = document.get("id")
    return number if isinstance(number, int) and not isinstance(number, bool) else 0


def read_task(
    document: Mapping[str, Any], project: ForeignProject, fetcher: Fetcher
) -> ForeignSeries:
    """The series of a task.

    Raises:
        DataError: The task has none, or it cannot be had or read.
        ServerError: Label Studio refuses the backend's key.
    """
    value = _value(document.get("data"), project.config.value_key)
    if project.config.value_type == "json" and not _is_address(value):
        return read_series(value, project.config, f"task-{task_number(document)}")
    content = fetcher.read(value, task_number(document))
    return read_series(content, project.config, f"task-{task_number(document)}")


def refuse_hostile(document: Mapping[str, Any], project: ForeignProject, fetcher: Fetcher) -> None:
    """Refuses a task whose data lies where no setting could lead; reads nothing.

    Raises:
        RefusedAddressError: It does.
    """
    try:
        value = _value(document.get("data"), project.config.value_key)
    except DataError:
        return  # nothing is read, so nothing is missed
    if _is_address(value):
        fetcher.refuse_hostile(value, task_number(document))


def _is_address(value: object) -> bool:
    """Whether a JSON series is one by address: a text that is no document."""
    return isinstance(value, str) and not value.lstrip().startswith(("{", "["))


def _value(data: object, key: str) -> Any:
    value = data
    for step in [key] if isinstance(data, Mapping) and key in data else key.split("."):
        if not isinstance(value, Mapping) or step not in value:
            raise NoDataError(f"the task's data has no '{shown(key)}'", NAMED)
        value = value[step]
    if value is None or value == "":
        raise NoDataError(f"'{shown(key)}' of the task's data is empty", NAMED)
    return value


def find_spans(
    series: ForeignSeries, model: Model, project: ForeignProject, context: Sequence[Span] = ()
) -> list[Span]:
    """What a model finds in a series, or what is like the regions that somebody has drawn.

    Labels that have left the config are dropped.

    Raises:
        DataError: The series is not one that a model can look at.
    """
    domain = project.subject.domain
    spans: Sequence[Span] = ()
    if context:
        spans = find_similar(series.recording, context, domain, model.segmenter)
    elif model.segmenter is not None:
        spans = model.segmenter.segment(series.recording)
    tiers = {tier.name: tier for tier in domain.tiers}
    return [s for s in spans if s.tier in tiers and tiers[s.tier].label(s.label) is not None]


def results_of(
    spans: Sequence[Span], series: ForeignSeries, project: ForeignProject
) -> list[dict[str, Any]]:
    """Regions as Label Studio wants them, on the series' own time axis."""
    return write_regions(spans, series.axis, project.config)


def context_of(
    results: Sequence[Mapping[str, Any]], series: ForeignSeries, project: ForeignProject
) -> list[Span]:
    """Spans of the regions that an annotator has drawn."""
    spans, _ = read_regions(results, series.axis, project.config)
    return spans


def annotations_of(
    document: Mapping[str, Any], series: ForeignSeries, project: ForeignProject
) -> tuple[list[Annotation], list[str]]:
    """What people said about a task, and what of it could not be used.

    Skipped annotations are left out; of several by one person the last counts.
    """
    chosen: dict[tuple[str, bool], Mapping[str, Any]] = {}
    for item in sorted(document.get("annotations") or (), key=lambda a: int(a.get("id") or 0)):
        if not item.get("was_cancelled"):
            chosen[_who(item), bool(item.get("ground_truth"))] = item
    found, problems = [], []
    recording = series.recording
    for (who, truth), item in chosen.items():
        spans, left_out = read_regions(item.get("result") or (), series.axis, project.config)
        problems += left_out
        found.append(
            Annotation(
                recording=recording.id,
                annotator=who,
                spans=spans,
                extents=[(0.0, recording.duration)],
                ground_truth=truth,
            )
        )
    return found, problems


def _who(annotation: Mapping[str, Any]) -> str:
    who = annotation.get("completed_by")
    return str(who.get("id")) if isinstance(who, Mapping) else str(who)
