"""The opponent: training and prediction of Label Studio's time-series example, written anew.

Its behaviour, not its code: all recordings are stacked into one table, windows of 50 rows step by
25 over it, whatever they straddle; samples are not normalised; one label vector in which the last
writer wins; training stops when the training data itself is told well enough, where a class that
is never found does not count; the answer is the runs of the likeliest class, unsmoothed.

Two favours: its metrics are counted in large batches, and a run of an instant's label is read as
one instant at its middle. A CPU budget may end a training that would go on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tslab.contracts import TrainingExample
from tslab.domain import Domain
from tslab.recording import Recording
from tslab.spans import Span

if TYPE_CHECKING:
    import torch

FloatArray = NDArray[np.float64]
LAYER = 128
BATCH = 16


@dataclass(slots=True)
class AsReference:
    """One tier of classes: the background and every label of the domain, in its order.

    Attributes:
        domain: Whose labels are learned, all tiers in one vector.
        seed: Of the weights and the order of the windows.
        epochs: Most passes over the data.
        window: Rows of a window.
        hidden: Units of the network, each way.
        balanced_accuracy: Training stops when this is reached, on the training data,
        class_f1: and the smallest F1 of a class, of those that are not 0, is this.
        budget: CPU seconds after which a training ends.
        notes: How the last training ended.
    """

    domain: Domain
    seed: int = 0
    epochs: int = 1000
    window: int = 50
    hidden: int = 64
    balanced_accuracy: float = 0.85
    class_f1: float = 0.70
    budget: float = float("inf")
    notes: dict[str, float] = field(default_factory=dict)
    _layers: torch.nn.ModuleDict | None = None

    @property
    def _classes(self) -> list[tuple[str, str]]:
        """Tier and label of each class; the first is the background."""
        return [("", "")] + [(t.name, x.name) for t in self.domain.tiers for x in t.labels]

    def fit(self, examples: Sequence[TrainingExample]) -> None:
        """Learns from all rows of all recordings, stacked."""
        import torch

        torch.manual_seed(self.seed)
        rows = torch.tensor(np.vstack([table(e.recording) for e in examples]), dtype=torch.float32)
        target = torch.tensor(np.concatenate([self._labels(e) for e in examples]))
        starts = window_starts(len(rows), self.window)
        index = torch.as_tensor(starts[:, None] + np.arange(self.window))
        self._layers = layers(rows.shape[1], self.hidden, len(self._classes))
        self._train(rows, target, index)

    def _train(self, rows: torch.Tensor, target: torch.Tensor, index: torch.Tensor) -> None:
        import torch

        assert self._layers is not None
        count = torch.bincount(target[index].flatten(), minlength=len(self._classes)).float()
        weight = torch.where(count > 0, count.sum() / ((count > 0).sum() * count.clamp(min=1)), 0.0)
        loss_of = torch.nn.CrossEntropyLoss(weight=weight)
        adam = torch.optim.Adam(self._layers.parameters(), lr=1e-3, weight_decay=1e-5)
        begin = time.process_time()
        for epoch in range(1, self.epochs + 1):
            self._layers.train()
            for batch in torch.split(torch.randperm(len(index)), BATCH):
                adam.zero_grad()
                found = forward(self._layers, rows[index[batch]])
                loss_of(found.flatten(0, 1), target[index[batch]].flatten()).backward()
                torch.nn.utils.clip_grad_norm_(self._layers.parameters(), 1.0)
                adam.step()
            accuracy, smallest = self._metrics(rows, target, index)
            self.notes = {"epochs": epoch, "accuracy": accuracy, "class_f1": smallest}
            if accuracy >= self.balanced_accuracy and smallest >= self.class_f1:
                return
            if time.process_time() - begin > self.budget:
                self.notes["out_of_budget"] = 1
                return

    def _metrics(
        self, rows: torch.Tensor, target: torch.Tensor, index: torch.Tensor
    ) -> tuple[float, float]:
        """Balanced accuracy, and the smallest F1 of a class that was found at all."""
        import torch

        assert self._layers is not None
        self._layers.eval()
        size = len(self._classes)
        confusion = torch.zeros(size * size)
        with torch.no_grad():
            for batch in torch.split(index, 512):
                found = forward(self._layers, rows[batch]).argmax(-1)
                pairs = (target[batch] * size + found).flatten()
                confusion += torch.bincount(pairs, minlength=size * size)
        table_ = confusion.view(size, size)
        hits, truth, said = table_.diagonal(), table_.sum(1), table_.sum(0)
        f1 = 2 * hits / (truth + said).clamp(min=1)
        recall = (hits / truth.clamp(min=1))[truth > 0]
        positive = f1[f1 > 0]
        return float(recall.mean()), float(positive.min()) if len(positive) else 0.0

    def _labels(self, example: TrainingExample) -> NDArray[np.int64]:
        """Class of each row, ``(rows,)``: start <= t <= end, the last writer wins."""
        times = row_times(example.recording)
        classes = {pair: i for i, pair in enumerate(self._classes)}
        target = np.zeros(len(times), dtype=np.int64)
        for span in example.spans:
            target[(times >= span.start) & (times <= span.end)] = classes[span.tier, span.label]
        return target

    def probabilities(self, rows: FloatArray) -> FloatArray:
        """Mean over each row's windows, ``(rows, classes)``; all windows at once, as it does."""
        import torch

        assert self._layers is not None
        self._layers.eval()
        size = min(self.window, len(rows))
        starts = window_starts(len(rows), size)
        index = torch.as_tensor(starts[:, None] + np.arange(size))
        with torch.no_grad():
            found = forward(self._layers, torch.tensor(rows, dtype=torch.float32)[index])
            found = torch.softmax(found, -1)
            total = torch.zeros(len(rows), found.shape[-1])
            seen = torch.zeros(len(rows), 1)
            for start, block in zip(starts.tolist(), found, strict=True):
                total[start : start + size] += block
                seen[start : start + size] += 1
        return np.asarray((total / seen).double().numpy())

    def segment(self, recording: Recording) -> list[Span]:
        """Runs of the likeliest class, each scored by its mean probability."""
        found = self.probabilities(table(recording))
        best, times = found.argmax(1), row_times(recording)
        edges = np.flatnonzero(np.diff(best, prepend=-1, append=-1))
        kinds = {tier.name: tier.kind for tier in self.domain.tiers}
        spans = []
        for first, stop in pairwise(edges):
            tier, label = self._classes[best[first]]
            if not label:
                continue
            # Half-open like ours: a run of one row has a length.
            start, end = times[first], times[stop] if stop < len(times) else recording.duration
            if kinds[tier] == "instants":
                start = end = (start + end) / 2
            score = float(found[first:stop, best[first]].mean())
            spans.append(Span(start, end, label, tier, min(score, 1.0)))
        return spans


def layers(channels: int, hidden: int, classes: int) -> torch.nn.ModuleDict:
    """Linear, LayerNorm, two bidirectional LSTM layers, Linear; dropout of .3 between them."""
    from torch import nn

    return nn.ModuleDict(
        {
            "enter": nn.Linear(channels, LAYER),
            "norm": nn.LayerNorm(LAYER),
            "drop": nn.Dropout(0.3),
            "lstm": nn.LSTM(LAYER, hidden, 2, batch_first=True, bidirectional=True, dropout=0.3),
            "leave": nn.Linear(2 * hidden, classes),
        }
    )


def forward(parts: torch.nn.ModuleDict, rows: torch.Tensor) -> torch.Tensor:
    """Logits ``(windows, rows, classes)`` of samples ``(windows, rows, channels)``."""
    entered = parts["drop"](parts["norm"](parts["enter"](rows).relu()))
    logits: torch.Tensor = parts["leave"](parts["drop"](parts["lstm"](entered)[0]))
    return logits


def window_starts(rows: int, window: int) -> NDArray[np.int64]:
    """First rows of windows that step by half a window; the last one ends with the table."""
    starts = np.arange(0, max(rows - window, 0) + 1, max(window // 2, 1))
    last = max(rows - window, 0)
    return starts if starts[-1] == last else np.append(starts, last)


def table(recording: Recording) -> FloatArray:
    """Samples ``(rows, channels)`` of a recording whose channels share their times."""
    return np.stack([signal.values() for signal in recording.signals], axis=1)


def row_times(recording: Recording) -> FloatArray:
    """Seconds of the rows."""
    first = recording.signals[0]
    return first.sample_times(0, first.sample_count)
