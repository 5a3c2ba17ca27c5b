"""What the folds of an evaluation predicted, kept beside the model: later ones are held against it.

A model's recordings cannot judge it, because it learned from them. What its folds said about them
can, and it is a few numbers for each region.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tslab.segmentation.evaluation.report import Trial
from tslab.segmentation.examples.folds import restricted
from tslab.spans import Span
from tslab.stretches import in_microseconds, union

if TYPE_CHECKING:
    from pathlib import Path

    from tslab.contracts import TrainingExample

NAME = "held_out.json"
"""Its file in a model's folder."""

LARGEST = 50_000_000
"""Bytes; what is larger is not kept, and then the headline scores are compared."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What was predicted for a recording, or a part of it, by a fold that did not learn from it.

    Attributes:
        recording: Its id.
        reviewed: Tier -> stretches ``(start, end)`` in seconds that the fold was tested on.
        marks: Start and end in seconds, tier and label of each predicted span, of the whole
            recording.
    """

    recording: str
    reviewed: Mapping[str, Sequence[tuple[float, float]]]
    marks: Sequence[tuple[float, float, str, str]]

    @property
    def spans(self) -> list[Span]:
        """The predicted spans, without scores."""
        return [Span(start, end, label, tier) for start, end, tier, label in self.marks]


def held_out(trials: Sequence[Trial]) -> list[HeldOut]:
    """What is kept of an evaluation."""
    return [
        HeldOut(
            trial.example.recording.id,
            {tier: [(a, b) for a, b in part] for tier, part in trial.example.reviewed.items()},
            [(span.start, span.end, span.tier, span.label) for span in trial.spans],
        )
        for trial in trials
    ]


def held_out_files(trials: Sequence[Trial]) -> dict[str, bytes]:
    """The file by its name; none where it would be too large."""
    import msgspec

    content = msgspec.json.encode(held_out(trials))
    return {NAME: content} if len(content) <= LARGEST else {}


def read_held_out(folder: Path) -> list[HeldOut]:
    """What a stored model's folds predicted; nothing where it was not evaluated.

    Args:
        folder: Of a model whose files were compared with its card.
    """
    import msgspec

    try:
        content = (folder / NAME).read_bytes()
        return msgspec.json.decode(content, type=list[HeldOut])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return []


def trials_of(kept: Sequence[HeldOut], examples: Sequence[TrainingExample]) -> list[Trial]:
    """The trials again, for the examples that the evaluation was made with."""
    known = {example.recording.id: example for example in examples}
    trials = []
    for item in kept:
        if item.recording in known:
            parts = union(s for part in item.reviewed.values() for s in in_microseconds(part))
            trials.append(Trial(restricted(known[item.recording], parts), item.spans))
    return trials
