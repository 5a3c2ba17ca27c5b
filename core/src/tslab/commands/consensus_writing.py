"""What tslab consensus writes, and what it does not write and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tslab.commands.output import Output

if TYPE_CHECKING:
    from tslab.agreement.consensus.project import TierConsensus
    from tslab.annotation import Annotation
    from tslab.label_studio.review.undecided import Asked
    from tslab.project import Project

MAKER = "consensus"
"""Section of annotations/ground_truth.json."""
REMEDY = "Give tasks to more annotators: review: {overlap: 2} in tslab.yaml"


@dataclass(frozen=True, slots=True)
class Writing:
    """What there is to write.

    Attributes:
        output: Where to say what cannot be read.
        project: The project folder.
        tiers: The consensus in each tier.
        annotations: What people said.
        names: How annotators are called.
        version: The model version that Label Studio shows.
        chosen: Whether the voters were named on the command line.
    """

    output: Output
    project: Project
    tiers: Sequence[TierConsensus]
    annotations: Sequence[Annotation]
    names: Mapping[str, str]
    version: str
    chosen: bool = False

    @property
    def voters(self) -> list[str]:
        """Who has a vote in any tier."""
        return sorted({name for tier in self.tiers for name in tier.voters})


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        target: predictions or ground-truth; None where nothing was written.
        missing: What was not written and why, on one line; "" where all was.
        nothing: Whether there was nothing that could be written, or no consensus to show.
        failed: Recordings that could not be read.
        details: What is in it, after its name on the terminal.
    """

    target: str | None = None
    missing: str = ""
    nothing: bool = False
    failed: list[str] = field(default_factory=list)
    details: str = ""

    @property
    def said(self) -> str:
        """What stands last on the terminal."""
        if self.target:
            return f"written as {self.target}: {self.details}"
        return "nothing was written" if self.nothing else "nothing was written: see --as"


def version_of(tiers: Sequence[TierConsensus], method: str) -> str:
    """The model version that Label Studio shows."""
    from tslab.errors import counted

    people = {name for tier in tiers for name in tier.voters}
    return f"consensus {method} of {counted(len(people), 'annotators')}"


def write(asked: Writing, target: str | None) -> Written:
    """Writes what is asked for, as far as two annotators stand behind it."""
    people = asked.voters
    if len(people) < 2:
        what = {"predictions": "no predictions were written", "ground-truth": "no ground truth "
                "was written", None: "there is no consensus"}[target]  # fmt: skip
        who = f"{asked.names[people[0]]} alone votes" if people else "nobody votes"
        remedy = "Name another one: --annotator" if asked.chosen else REMEDY
        return Written(None, f"{what}: {who}, and it takes two. {remedy}", nothing=True)
    if target is None:
        return Written()
    written = _predict(asked) if target == "predictions" else _truth(asked)
    if written.target:
        _keep_provenance(asked, target)
    return written


def _truth(asked: Writing) -> Written:
    from tslab.agreement.consensus.project import consensus_truth
    from tslab.ground_truth import save_truth
    from tslab.label_studio.review.undecided import asked_by_review

    whole = consensus_truth(asked.tiers, asked.annotations, asked.project.domain, asked.version)
    truth, left = without_open(whole, asked_by_review(asked.project))
    shown = whole if left else truth
    missing = list(_without(asked, {annotation.recording for annotation in shown}))
    if left:
        missing.append(f"{left / 1e6:g} s that the review has open: decide them there, then pull")
    if not truth:
        remedy = "" if left else f". {REMEDY}"
        said = f"no ground truth was written: {'; '.join(missing)}{remedy}"
        return Written(None, said, nothing=True)
    save_truth(asked.project.root, MAKER, truth)
    said = f"no ground truth was written of {'; '.join(missing)}" if missing else ""
    return Written("ground-truth", said, details=_amount(asked, truth, left))


def without_open(
    truth: Sequence[Annotation], found: Mapping[tuple[str, str], Sequence[Asked]]
) -> tuple[list[Annotation], int]:
    """Ground truth without what a reviewer is to decide, and how many microseconds that takes.

    A span with a border that is asked about is left out whole: cut, it would say where it ends.

    Args:
        truth: Of the consensus.
        found: What is asked about, by recording and view.
    """
    from tslab.stretches import in_microseconds, in_seconds, subtract, total, touches, union

    kept, left = [], 0
    for one in truth:
        tiers, before = found.get((one.recording, one.view), ()), in_microseconds(one.extents)
        waits = [span for span in one.spans if any(tier.has(span) for tier in tiers)]
        gone = [stretch for tier in tiers for stretch in tier.stretches]
        gone += [(span.start_us, span.end_us) for span in waits]
        after = subtract(before, union(gone))
        left += total(before) - total(after)
        spans = [span for span in one.spans if span not in waits and touches(span, after)]
        if after:
            kept.append(replace(one, spans=spans, extents=in_seconds(after)))
    return kept, left


def _amount(asked: Writing, truth: Sequence[Annotation], waits: int) -> str:
    """How much ground truth there is, and how much of what two reviewed is not in it.

    Args:
        asked: What there is to write.
        truth: What was written.
        waits: Microseconds that are left to a reviewer.
    """
    from tslab.errors import counted
    from tslab.ground_truth import FILE_NAME
    from tslab.stretches import in_microseconds, total, union

    several: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for tier in asked.tiers:
        for task, unit in enumerate(tier.units):
            several.setdefault(unit, []).extend(tier.reviewed(task))
    settled = sum(total(in_microseconds(annotation.extents)) for annotation in truth)
    left = sum(total(union(stretches)) for stretches in several.values()) - settled - waits
    regions = counted(sum(len(annotation.spans) for annotation in truth), "regions")
    many = counted(len({annotation.recording for annotation in truth}), "recordings")
    parts = [f"{FILE_NAME}, {regions} in {settled / 1e6:g} s of {many}"]
    if left > 0:
        parts.append(f"left out: {left / 1e6:g} s, disputed or ground truth already")
    if waits:
        parts.append(f"left out: {waits / 1e6:g} s, open in the review")
    return "; ".join(parts)


def _without(asked: Writing, written: set[str]) -> Iterator[str]:
    """Recordings that get no ground truth, by the reason."""
    from tslab.errors import counted

    read_by_two = {recording: False for tier in asked.tiers for recording, _ in tier.units} | {
        recording: True
        for tier in asked.tiers
        for task, (recording, _) in enumerate(tier.units)
        if tier.reviewed(task)
    }
    left = [several for recording, several in read_by_two.items() if recording not in written]
    for several, why in (
        (False, "recordings in which no time was reviewed by two"),
        (True, "recordings in which all that two reviewed is disputed or ground truth already"),
    ):
        if left.count(several):
            yield counted(left.count(several), why)


def _keep_provenance(asked: Writing, target: str) -> None:
    import tslab
    from tslab import files
    from tslab.agreement.consensus.provenance import provenance

    about = {
        "method": asked.tiers[0].settings.method, "written_as": target,
        "model_version": asked.version, "tslab": tslab.__version__,
    }  # fmt: skip
    document = provenance(asked.tiers, asked.annotations, about, asked.names)
    path = asked.project.root / "annotations" / "consensus.json"
    files.write_bytes(path, files.json_bytes(document))


def _predict(asked: Writing) -> Written:
    from tslab.agreement.consensus.project import consensus_spans
    from tslab.errors import DataError, PluginError, counted
    from tslab.label_studio.predictions import TaskPrediction, predict_tasks, save_predictions

    project, spans = asked.project, consensus_spans(asked.tiers)
    tasks, failed = project.tasks(), []
    predictions: list[TaskPrediction] = []
    kept: dict[str, Sequence[Any]] = {}
    for key in asked.output.progress(sorted(spans), "predictions"):
        try:
            recording = project.recording(key, derived=False)
        except (DataError, PluginError) as error:
            failed.append(key)
            asked.output.warn(str(error))
            continue
        own = [task for task in tasks if task.recording == key]
        predictions += predict_tasks(recording, spans[key], own, project.domain, asked.version)
        kept[key] = spans[key]
    save_predictions(project, asked.version, kept, predictions, learned=True)
    many = counted(len(failed), "recordings")
    missing = f"no predictions were written of {many}, which cannot be read" if failed else ""
    many = counted(sum(len(own) for own in kept.values()), "regions")
    details = f"{many} of {counted(len(kept), 'recordings')}, model version {asked.version}"
    return Written("predictions", missing, failed=failed, details=details)
