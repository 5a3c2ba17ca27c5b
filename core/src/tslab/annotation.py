"""What people and models say about a recording: annotations and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tslab.errors import DataError
from tslab.spans import LATEST, FieldValue, Span


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotator's reading of one recording, in recording time.

    Attributes:
        recording: Id of the recording.
        annotator: Who made it (e-mail address in Label Studio, or a name in a file).
        spans: What was marked, sorted by time.
        view: The domain's view it was made in.
        extents: Reviewed stretches ``(start, end)`` in seconds: silence there means "nothing".
        task_fields: Answers about whole tasks, task id -> field -> value.
        lead_time: Seconds that the annotator needed, None where unknown.
        ground_truth: Whether Label Studio marks it as ground truth.
    """

    recording: str
    annotator: str
    spans: Sequence[Span]
    view: str = ""
    extents: Sequence[tuple[float, float]] = ()
    task_fields: Mapping[str, Mapping[str, FieldValue]] = field(default_factory=dict)
    lead_time: float | None = None
    ground_truth: bool = False

    def __post_init__(self) -> None:
        """Refuses extents that no later step could give a meaning.

        Raises:
            DataError: One is not finite, or beyond what whole microseconds hold.
        """
        for start, end in self.extents:
            if not (abs(start) <= LATEST and abs(end) <= LATEST):
                raise DataError(
                    f"an annotation of '{self.recording}' reviews {start} s to {end} s",
                    f"Times must be at most {LATEST:g} s.",
                )


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's reading of one recording, in recording time.

    Attributes:
        recording: Id of the recording.
        model_version: Which model, as Label Studio shows it.
        spans: What it found, with scores, sorted by time.
    """

    recording: str
    model_version: str
    spans: Sequence[Span]
