"""The rows that an `lstm` learns from, and the record of how that went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tslab.contracts import TrainingExample
from tslab.domain import Domain
from tslab.errors import DataError
from tslab.segmentation.examples.folds import group_of
from tslab.segmentation.features.grid import Float32, make_grid
from tslab.segmentation.lstm.file import Weights
from tslab.segmentation.lstm.held_out import Parts, Piece, hold_out
from tslab.segmentation.lstm.rows import (
    UNKNOWN,
    Classes,
    Head,
    classes_of,
    find_channels,
    find_heads,
    find_rate,
    inputs_of,
    pieces_of,
    row_numbers,
    windows_of,
)
from tslab.segmentation.lstm.settings import LstmSettings

NOTHING = "Label some regions first; only time that was reviewed counts."


@dataclass(frozen=True, slots=True)
class Plan:
    """What the network gets and gives.

    Attributes:
        heads: Classes that exclude each other.
        channels: Keys of the channels, in the order of the inputs.
        rate: Rows a second.
        window: Rows that the network sees at once.
    """

    heads: Sequence[Head]
    channels: Sequence[str]
    rate: float
    window: int

    @classmethod
    def of(cls, examples: Sequence[TrainingExample], domain: Domain, window: int) -> Plan:
        """The plan for these examples.

        Raises:
            DataError: They hold no label, or no samples.
        """
        heads, channels = find_heads(examples, domain), find_channels(examples, domain)
        rate = find_rate(examples)
        if not heads:
            raise DataError(f"no label in {len(examples)} recordings to learn from", NOTHING)
        if not channels or not rate:
            raise DataError(f"no samples in {len(examples)} recordings to learn from", NOTHING)
        return cls(heads, channels, rate, window)


@dataclass(frozen=True, slots=True)
class Material:
    """All rows, one recording after the other.

    Attributes:
        inputs: ``(rows + 1, channels + 1)``; the last row is the padding.
        classes: Class of every row for each head, padding included.
        parts: Pieces of rows to learn from and to be judged on.
    """

    inputs: Float32
    classes: Sequence[Classes]
    parts: Parts

    @classmethod
    def of(
        cls, examples: Sequence[TrainingExample], plan: Plan, domain: Domain, seed: int
    ) -> Material:
        """The rows of examples; those around reviewed time are inputs only.

        Raises:
            DataError: No row was reviewed and measured.
        """
        inputs: list[Float32] = []
        classes: list[list[Classes]] = []
        pieces: list[list[Piece]] = []
        done = 0
        for example in examples:
            grid = make_grid(example.recording, plan.channels, plan.rate, domain)
            rows = [classes_of(example, head, grid, plan.window) for head in plan.heads]
            reviewed = np.any([row != UNKNOWN for row in rows], axis=0)
            inputs.append(inputs_of(grid))
            classes.append(rows)
            pieces.append([(a + done, b + done) for a, b in pieces_of(reviewed, plan.window)])
            done += grid.cells
        if not any(pieces):
            raise DataError("no reviewed time with samples to learn from", NOTHING)
        joined = [np.append(np.concatenate(rows), UNKNOWN) for rows in zip(*classes, strict=True)]
        owners = [group_of(example.recording.metadata) for example in examples]
        return cls(padded(inputs), joined, hold_out(pieces, joined, seed, owners))

    def class_weights(self, window: int, *, even: bool) -> list[Float32]:
        """Weight of every class of each head in the training windows, 0 where it does not occur.

        Args:
            window: Rows of a window.
            even: Whether all classes weigh the same together; otherwise all rows do.
        """
        index = row_numbers(windows_of(self.parts.train, window), window, len(self.inputs) - 1)
        weights = []
        for rows in self.classes:
            seen = rows[index.ravel()]
            count = np.bincount(seen[seen != UNKNOWN], minlength=int(rows.max(initial=0)) + 1)
            occurs = count > 0
            rare = count.sum() / (max(1, int(occurs.sum())) * np.maximum(count, 1))
            weights.append(np.where(occurs, rare if even else 1.0, 0.0).astype(np.float32))
        return weights


def padded(inputs: Sequence[Float32]) -> Float32:
    """Rows of all recordings and one that stands for no row: all channels missing."""
    padding = np.zeros((1, inputs[0].shape[1]), np.float32)
    padding[:, -1] = 1
    return np.concatenate([*inputs, padding])


@dataclass(frozen=True, slots=True)
class Judged:
    """What held-out rows say about the weights after a pass.

    Attributes:
        accuracy: Balanced accuracy of the worst head.
        class_f1: F1 of the worst class; a class that is never found has 0.
        mean_f1: Mean over heads of the mean F1 of their classes.
        enough: Whether both thresholds are reached.
    """

    accuracy: float = 0.0
    class_f1: float = 0.0
    mean_f1: float = -1.0
    enough: bool = False

    @classmethod
    def of(cls, heads: Sequence[tuple[float, float, float]], settings: LstmSettings) -> Judged:
        """The judgement from the three criteria of each head; see `criteria`."""
        accuracy, smallest, means = zip(*heads, strict=True)
        worst = min(accuracy), min(smallest)
        enough = worst[0] >= settings.balanced_accuracy and worst[1] >= settings.class_f1
        return cls(*worst, sum(means) / len(means), enough)


@dataclass(slots=True)
class Course:
    """How a training went.

    Attributes:
        weights: Those that did best on the held-out rows.
        best: How well.
        epoch: The pass that they are of.
        passes: How many passes there were.
        ended: Why it ended, "" while it goes on.
    """

    weights: Weights = field(default_factory=dict)
    best: Judged = field(default_factory=Judged)
    epoch: int = 0
    passes: int = 0
    ended: str = ""

    def better(self, judged: Judged) -> bool:
        """Notes a pass that has ended; whether its weights are the best so far."""
        self.passes += 1
        worth = (judged.enough, judged.mean_f1)
        if worth <= (self.best.enough, self.best.mean_f1 + 1e-4):
            return False
        self.best, self.epoch = judged, self.passes
        return True

    def over(self, settings: LstmSettings) -> bool:
        """Whether the last pass was enough, or nothing has been gained for too long."""
        if self.best.enough:
            self.ended = "thresholds reached on held-out time"
        elif self.passes - self.epoch >= settings.patience:
            self.ended = f"no gain in {settings.patience} passes"
        elif self.passes >= settings.epochs:
            self.ended = "TRAIN_EPOCHS reached"
        return bool(self.ended)

    def notes(self, settings: LstmSettings, held_out: Sequence[str]) -> Mapping[str, object]:
        """What the model card says.

        Args:
            settings: Those of the training.
            held_out: Ids of the held-out recordings; empty where blocks of time were held out.
        """
        return {
            **settings.by_name(),
            "held_out": list(held_out) or "blocks of time",
            "epochs": self.passes,
            "best_epoch": self.epoch,
            "ended": self.ended,
            "balanced_accuracy": round(self.best.accuracy, 4),
            "min_class_f1": round(self.best.class_f1, 4),
        }
