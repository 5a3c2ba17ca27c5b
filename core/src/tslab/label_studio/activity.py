"""What Label Studio's export says of how annotations came about: times, drafts, predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tslab.contracts import Finding
from tslab.domain import Domain
from tslab.label_studio.predictions import TaskPrediction
from tslab.label_studio.regions import Exact, from_regions
from tslab.progress.activity import UNKNOWN_MODEL, Activity, Entry
from tslab.progress.plausible import why_not
from tslab.spans import Span
from tslab.task import Task

Predictions = Mapping[str, Mapping[str, TaskPrediction]]
Document = Mapping[str, Any]
MOST_SECONDS = 1e15
"""Lead times above this are not even written down."""


@dataclass(slots=True)
class ActivityReader:
    """Reads task after task.

    Attributes:
        domain: Knows tiers and labels.
        predictions: Stored predictions by model version and task.
        name: The annotator of an annotation or a draft, in the project of a rater or of all (0).
        entries: What was read so far.
        shown: Predicted spans by task and model version.
        findings: What could not be used.
    """

    domain: Domain
    predictions: Predictions
    name: Callable[[Document, int], str]
    entries: list[Entry] = field(default_factory=list)
    shown: dict[str, dict[str, Sequence[Span]]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _rater: int = 0

    def read(self, item: Document, task: Task, exact: Exact, rater: int = 0) -> None:
        """All annotations and drafts of one task.

        Args:
            item: The task as Label Studio exports it.
            task: The same as tslab pushed it.
            exact: Exact times of predicted regions by id.
            rater: In whose project it is, 0 in one for all.
        """
        self._rater = rater
        for annotation in _documents(item.get("annotations")):
            state: Literal["submitted", "skipped"] = "submitted"
            if annotation.get("was_cancelled"):
                state = "skipped"
            who = self.name(annotation, rater)
            model = self._begun_from(annotation, item, task, exact) if state == "submitted" else ""
            self._add(annotation, task, exact, (who, state, model))
        for draft in _documents(item.get("drafts")):
            self._add(draft, task, exact, (self.name(draft, rater), "draft", ""))

    def activity(self, pulled: str) -> Activity:
        """All that was read.

        Args:
            pulled: When, ISO 8601.
        """
        ordered = sorted(self.entries, key=lambda e: (e.task, e.state == "draft", e.number))
        return Activity(pulled, ordered, dict(sorted(self.shown.items())))

    def _add(
        self,
        said: Document,
        task: Task,
        exact: Exact,
        who: tuple[str, Literal["submitted", "skipped", "draft"], str],
    ) -> None:
        spans = from_regions(_documents(said.get("result")), task, self.domain, exact).spans
        number = said.get("id")
        self.entries.append(
            Entry(
                task=task.id, recording=task.recording, view=task.view, start=task.start,
                end=task.end, annotator=who[0], state=who[1],
                number=number if isinstance(number, int) else 0,
                created=_text(said.get("created_at")), updated=_text(said.get("updated_at")),
                lead_time=self._lead_time(said, task, who[0]),
                ground_truth=bool(said.get("ground_truth")), spans=spans, model=who[2],
                rater=self._rater,
            )
        )  # fmt: skip

    def _lead_time(self, said: Document, task: Task, who: str) -> float | None:
        """Seconds, also those that cannot be; `tslab progress` leaves these out and counts them."""
        lead = said.get("lead_time")
        if lead is None:
            return None
        if why_not(lead):
            text = f"lead time {lead!r:.40} is {why_not(lead)}: left out"
            remedy = "Look at the annotation in Label Studio."
            place = f"task {task.id}, {who}"
            self.findings.append(Finding("TSL110", "warning", text, place, remedy))
        number = isinstance(lead, (int, float)) and not isinstance(lead, bool)
        return float(lead) if number and abs(lead) < MOST_SECONDS else None

    def _begun_from(self, annotation: Document, item: Document, task: Task, exact: Exact) -> str:
        """Model version of the prediction that an annotation began from.

        Ids of regions name the prediction best: one that is replaced keeps its number, and the
        copy that the server keeps with an annotation is of whatever version was shown last.
        """
        offered = dict(self._offered(annotation, item, task))
        own = {str(result.get("id")) for result in _documents(annotation.get("result"))}
        kept = {
            version: len(own & {str(result.get("id")) for result in _documents(result_list)})
            for version, (result_list, _) in offered.items()
        }
        parent = annotation.get("parent_prediction")
        named = {name: parent is not None and offered[name][1] == parent for name in offered}
        # Outside models may use one id in all their versions: then the server's number decides.
        version = max(kept, key=lambda name: (kept[name], named[name]), default="")
        if not kept.get(version):
            if parent is None:
                return ""
            version = next((name for name in named if named[name]), UNKNOWN_MODEL)
        if version != UNKNOWN_MODEL:
            results = _documents(offered[version][0])
            spans = from_regions(results, task, self.domain, exact).spans
            self.shown.setdefault(task.id, {}).setdefault(version, spans)
        return version

    def _offered(
        self, annotation: Document, item: Document, task: Task
    ) -> Iterator[tuple[str, tuple[object, object]]]:
        """Predictions that there are: version, results, and the server's number where known."""
        for version, tasks in self.predictions.items():
            if task.id in tasks:
                yield version, (tasks[task.id].result, None)
        known = [*_documents(item.get("predictions")), *_documents([annotation.get("prediction")])]
        for prediction in known:
            if prediction.get("result") is not None:
                version = str(prediction.get("model_version") or UNKNOWN_MODEL)
                yield version, (prediction["result"], prediction.get("id"))


def _documents(found: object) -> list[Document]:
    """The objects of a list; whatever else stands there has been reported by the pull."""
    if not isinstance(found, (list, tuple)):
        return []
    return [item for item in found if isinstance(item, Mapping)]


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""
