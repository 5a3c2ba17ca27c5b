"""annotations/activity.json, which `tslab pull` writes: every annotation of every task.

annotations.json says what holds now, by recording. This file says how it came about, by task:
skipped tasks, drafts, annotations that were made again, times, and what the annotator was shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tslab.errors import DataError
from tslab.spans import Span

FILE = "annotations/activity.json"
UNKNOWN_MODEL = "unknown"
"""Where an annotation began from a prediction that nobody has any more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One annotation of one task, as Label Studio has it.

    Attributes:
        task: Id of the task.
        recording: Id of the recording.
        view: The domain's view.
        start: Start of the window in seconds of the recording.
        end: End of the window in seconds, exclusive.
        annotator: E-mail address in Label Studio.
        state: Whether it was submitted, skipped, or is a draft still.
        number: Label Studio's id of it; of two, the later one has the higher.
        created: When it was submitted, ISO 8601, as the server says it; "" unknown.
        updated: When it was changed last.
        lead_time: Seconds that it took; None unknown.
        ground_truth: Whether Label Studio marks it as ground truth.
        spans: What was marked in the window, in recording time, with the regions' ids.
        model: Model version of the prediction that it began from; "" where it began empty.
        rater: In a blind study: in whose project it was made, from 1 on; else 0.
    """

    task: str
    recording: str
    view: str
    start: float
    end: float
    annotator: str
    state: Literal["submitted", "skipped", "draft"] = "submitted"
    number: int = 0
    created: str = ""
    updated: str = ""
    lead_time: float | None = None
    ground_truth: bool = False
    spans: Sequence[Span] = ()
    model: str = ""
    rater: int = 0

    @property
    def seconds(self) -> float:
        """Length of the window."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class ReviewState:
    """How far the review of disputes is.

    Attributes:
        decided: Disputes that have a verdict.
        open: Disputes that have none.
        split: How many of the open ones are so because reviewers differ.
        reviewers: How many disputes each reviewer decided.
    """

    decided: int
    open: int
    split: int = 0
    reviewers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Activity:
    """The whole file.

    Attributes:
        pulled: When it was read from Label Studio, ISO 8601 in UTC.
        entries: All annotations, sorted by task and number.
        shown: Predicted spans in the window, by task and by model version, as far as an annotation
            began from them; the regions' ids are those of the annotations.
        review: How far the review is; None without one.
    """

    pulled: str
    entries: Sequence[Entry]
    shown: Mapping[str, Mapping[str, Sequence[Span]]] = field(default_factory=dict)
    review: ReviewState | None = None


def load_activity(root: Path) -> Activity | None:
    """What the last pull wrote; None before the first one.

    Raises:
        DataError: The file is damaged.
    """
    import msgspec

    path = root / FILE
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Activity)
    except (msgspec.MsgspecError, DataError, OSError) as error:
        raise DataError(f"'{FILE}' is damaged: {error}", "Run 'tslab pull' again.") from error
