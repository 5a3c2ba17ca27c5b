"""The segmenter `lstm`: Label Studio's example network, judged on recordings it has not seen.

The only module that imports torch, and only when it learns, predicts or loads a model.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tslab.contracts import Progress, TrainingExample
from tslab.domain import Domain
from tslab.errors import DataError, UsageError
from tslab.recording import Recording
from tslab.segmentation import UNTRAINED
from tslab.segmentation.chain.regions import Placement, long_enough
from tslab.segmentation.features.grid import Float32, make_grid
from tslab.segmentation.lstm.decoding import Found, HeadDecoder, confusion, criteria, fit_decoder
from tslab.segmentation.lstm.file import (
    FORMAT,
    Description,
    HeadRecord,
    Weights,
    describe,
    read_description,
    read_weights,
    write_model,
)
from tslab.segmentation.lstm.material import Course, Judged, Material, Plan, padded
from tslab.segmentation.lstm.rows import (
    UNKNOWN,
    Head,
    inputs_of,
    measured,
    pieces_of,
    row_numbers,
    windows_of,
)
from tslab.segmentation.lstm.settings import LstmSettings
from tslab.spans import Span, sort_key
from tslab.tolerances import LARGEST

if TYPE_CHECKING:
    import torch

LAYER = 128
BATCH = 16
DROPOUT = 0.3
WINDOWS_AT_ONCE = 256
"""Windows that are predicted together: bounds memory."""

WINDOWS_A_PASS = 4096
"""Windows of one pass; of more, each pass draws as many: a pass always ends within seconds."""


class LstmSegmenter:
    """A bidirectional LSTM over windows of rows; one head for what excludes each other.

    Args:
        domain: Whose tiers and labels it finds.
        settings: By default those of the environment.
        seed: Of weights, dropout, order and held-out recordings.
    """

    def __init__(
        self, domain: Domain, settings: LstmSettings | None = None, *, seed: int = 0
    ) -> None:
        self.domain = domain
        self.settings = LstmSettings.from_environment() if settings is None else settings
        self.seed = seed
        self._version = UNTRAINED
        self._content = b""
        self._weights: Weights = {}
        self._description: Description | None = None
        self._heads: Sequence[tuple[Head, HeadDecoder]] = ()
        self._net: torch.nn.ModuleDict | None = None

    @property
    def version(self) -> str:
        """Twelve digits of the hash of all that was learned."""
        return self._version

    @property
    def kinds(self) -> Mapping[tuple[str, str], bool]:
        """Whether a label was one of instants when it was learned, by tier and label."""
        heads = [head for head, _ in self._heads]
        return {(h.tier, name): h.kind == "instants" for h in heads for name in h.labels}

    def fit(self, examples: Sequence[TrainingExample], progress: Progress) -> Mapping[str, object]:
        """Learns from scratch; see `TrainableSegmenter`."""
        _require_torch()
        settings = self.settings
        plan = Plan.of(examples, self.domain, settings.window)
        material = Material.of(examples, plan, self.domain, self.seed)
        with _reproducible(self.seed):
            sizes = [head.size for head in plan.heads]
            net = _network(len(plan.channels) + 1, settings.hidden, sizes)
            course = _train(net, material, settings, progress)
            _restore(net, course.weights)
            decoders = _decoders(net, material, plan)
        records = [HeadRecord.of(*pair) for pair in zip(plan.heads, decoders, strict=True)]
        description = Description(
            format=FORMAT,
            channels=tuple(plan.channels),
            rate=plan.rate,
            window=plan.window,
            hidden=settings.hidden,
            heads=tuple(records),
        )
        self._adopt(description, course.weights, net)
        progress(1.0, "done")
        held_out = [examples[i].recording.id for i in material.parts.recordings]
        return course.notes(settings, held_out)

    def segment(self, recording: Recording) -> Sequence[Span]:
        """Spans with calibrated scores, sorted."""
        description = self._description
        if description is None or self._net is None:
            raise DataError("segmenter 'lstm' has not learned yet", "Run 'tslab train' first.")
        grid = make_grid(recording, description.channels, description.rate, self.domain)
        pieces = pieces_of(measured(grid, recording), description.window)
        windows = windows_of(pieces, description.window)
        if not len(windows):
            return []
        inputs = padded([inputs_of(grid)])
        with _one_thread():
            logs = _probabilities(self._net, inputs, windows, description.window)
        spans: list[Span] = []
        for (head, decoder), part in zip(self._heads, logs, strict=True):
            marks = decoder.marks(head, part, pieces)
            spans += self._spans(head, marks, grid.rate, Placement.of(recording))
        return sorted(spans, key=sort_key)

    def save(self, folder: Path) -> None:
        """Writes lstm.json and lstm.npz."""
        if self._description is None:
            raise DataError("segmenter 'lstm' has not learned yet", "Run 'tslab train' first.")
        write_model(folder, self._content, self._weights)

    def load(self, folder: Path) -> None:
        """Reads what `save` wrote; see `TrainableSegmenter`."""
        _require_torch()
        import torch

        description = read_description(folder)
        width = len(description.channels) + 1
        sizes = [len(head.labels) + 1 for head in description.heads]
        # Shapes first, on a device that holds no numbers: a description can claim any size.
        with torch.device("meta"):
            planned = _network(width, description.hidden, sizes).state_dict()
        weights = read_weights(folder, {name: tuple(x.shape) for name, x in planned.items()})
        with _reproducible(self.seed):
            net = _network(width, description.hidden, sizes)
        _restore(net, weights)
        self._adopt(description, weights, net)

    def _adopt(self, description: Description, weights: Weights, net: torch.nn.ModuleDict) -> None:
        self._content, self._version = describe(description, weights)
        self._description, self._weights, self._net = description, weights, net
        self._heads = [head.parts() for head in description.heads]
        net.eval()

    def _spans(
        self, head: Head, marks: Sequence[Found], rate: float, placement: Placement
    ) -> list[Span]:
        """Marks in rows as spans on sample times, of labels that the domain still has."""
        tier = next((t for t in self.domain.tiers if t.name == head.tier), None)
        spans: list[Span] = []
        for first, last, kind, score in marks:
            label = tier.label(head.labels[kind - 1]) if tier else None
            if label is None:
                continue
            start = end = placement.snapped(first / rate)
            if head.kind == "spans":
                end = placement.snapped(last / rate, end=True)
                if end <= start or not long_enough(end - start, label, background=True):
                    continue
            spans.append(Span(start, end, label.name, head.tier, score))
        return spans


def _require_torch() -> None:
    """Says how to get torch where it is missing.

    Raises:
        UsageError: It is missing.
    """
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise UsageError("segmenter 'lstm' needs torch", 'pip install "tslab[torch]"')


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Holds torch to one thread: more of them only wait for each other on so small a network.

    The number is the process's. Where two threads meet here it may stay at one, which does no harm.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """One thread, the seed and exact algorithms; everything as it was afterwards."""
    import torch

    exact = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(exact)


def _network(width: int, hidden: int, sizes: Sequence[int]) -> torch.nn.ModuleDict:
    """Linear, ReLU, LayerNorm, dropout, two bidirectional LSTM layers, dropout, a Linear a head."""
    from torch import nn

    return nn.ModuleDict(
        {
            "enter": nn.Linear(width, LAYER),
            "norm": nn.LayerNorm(LAYER),
            "drop": nn.Dropout(DROPOUT),
            "lstm": nn.LSTM(
                LAYER, hidden, 2, batch_first=True, bidirectional=True, dropout=DROPOUT
            ),
            "heads": nn.ModuleList(nn.Linear(2 * hidden, size) for size in sizes),
        }
    )


def _logits(net: torch.nn.ModuleDict, rows: torch.Tensor) -> list[torch.Tensor]:
    """Logits ``(windows, window, classes)`` of each head, of ``(windows, window, channels)``."""
    entered = net["drop"](net["norm"](net["enter"](rows).relu()))
    seen = net["drop"](net["lstm"](entered)[0])
    return [head(seen) for head in net["heads"]]  # type: ignore[attr-defined]


def _train(
    net: torch.nn.ModuleDict, material: Material, settings: LstmSettings, progress: Progress
) -> Course:
    """Trains until held-out rows are told well enough, or nothing is gained any more."""
    import torch

    course = Course()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-5)
    tables = _Tables.of(material, settings)
    while True:
        net.train()
        for batch in _batches(len(tables.index)):
            adam.zero_grad()
            torch.autograd.backward(_loss(net, tables, batch))
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
        judged = Judged.of(_criteria(net, material, settings.window), settings)
        if course.better(judged):
            course.weights = _weights(net)
        told = (
            f"held-out balanced accuracy {judged.accuracy:.2f}, worst class {judged.class_f1:.2f}"
        )
        progress(0.95 * course.passes / settings.epochs, f"pass {course.passes}: {told}")
        if course.over(settings):
            return course


@dataclass(slots=True)
class _Tables:
    """Rows, their classes and the classes' weights for each head, and the rows of all windows."""

    inputs: torch.Tensor
    classes: list[torch.Tensor]
    weights: list[torch.Tensor]
    index: torch.Tensor

    @classmethod
    def of(cls, material: Material, settings: LstmSettings) -> _Tables:
        import torch

        windows = windows_of(material.parts.train, settings.window)
        numbers = row_numbers(windows, settings.window, len(material.inputs) - 1)
        weights = material.class_weights(settings.window, even=settings.class_weights)
        return cls(
            torch.from_numpy(material.inputs),
            [torch.from_numpy(rows) for rows in material.classes],
            [torch.from_numpy(part) for part in weights],
            torch.from_numpy(numbers),
        )


def _loss(net: torch.nn.ModuleDict, tables: _Tables, batch: torch.Tensor) -> torch.Tensor:
    """Weighted cross entropy of the known rows, summed over heads; 0 for a head without any."""
    import torch

    total = torch.zeros(())
    index = tables.index[batch]
    logits = _logits(net, tables.inputs[index])
    for found, rows, weight in zip(logits, tables.classes, tables.weights, strict=True):
        target = rows[index].flatten()
        loss = torch.nn.functional.cross_entropy(
            found.flatten(0, 1), target, weight, ignore_index=UNKNOWN, reduction="sum"
        )
        mass = torch.where(target == UNKNOWN, 0.0, weight[target.clamp(min=0)]).sum()
        total = total + loss / mass.clamp(min=1e-6)
    return total


def _batches(count: int) -> Iterator[torch.Tensor]:
    """Numbers of the windows of one pass in random order, a batch at a time."""
    import torch

    order = torch.randperm(count)[:WINDOWS_A_PASS]
    for first in range(0, len(order), BATCH):
        yield order[first : first + BATCH]


def _probabilities(
    net: torch.nn.ModuleDict, inputs: Float32, windows: NDArray[np.int64], window: int
) -> list[Float32]:
    """Logarithm of each row's mean probability over its windows, ``(rows, classes)`` a head."""
    import torch

    net.eval()
    sums: list[Float32] = []
    rows = torch.from_numpy(inputs)
    seen = np.zeros((len(inputs) - 1, 1), np.float32)
    for begin in range(0, len(windows), WINDOWS_AT_ONCE):
        part = windows[begin : begin + WINDOWS_AT_ONCE]
        index = torch.from_numpy(row_numbers(part, window, len(inputs) - 1))
        with torch.inference_mode():
            found = [torch.softmax(x, -1).numpy() for x in _logits(net, rows[index])]
        sums = sums or [np.zeros((len(seen), x.shape[2]), np.float32) for x in found]
        for number, (first, last) in enumerate(part.tolist()):
            seen[first:last] += 1
            for total, block in zip(sums, found, strict=True):
                total[first:last] += block[number, : last - first]
    return [np.log(np.maximum(total / np.maximum(seen, 1), 1e-9)) for total in sums]


def _held_out_logs(
    net: torch.nn.ModuleDict, material: Material, window: int
) -> list[list[Float32]]:
    """Log-probabilities of every held-out piece, for each head."""
    pieces = material.parts.held_out
    logs = _probabilities(net, material.inputs, windows_of(pieces, window), window)
    return [[part[first:last] for first, last in pieces] for part in logs]


def _criteria(
    net: torch.nn.ModuleDict, material: Material, window: int
) -> list[tuple[float, float, float]]:
    """Balanced accuracy, smallest and mean class F1 of each head on the held-out rows."""
    found = []
    for parts, rows in zip(_held_out_logs(net, material, window), material.classes, strict=True):
        truth = np.concatenate([rows[a:b] for a, b in material.parts.held_out])
        logs = np.concatenate(parts)
        found.append(criteria(confusion(truth, logs.argmax(axis=1), logs.shape[1])))
    return found


def _decoders(net: torch.nn.ModuleDict, material: Material, plan: Plan) -> list[HeadDecoder]:
    """Decoders of all heads, tuned on the held-out pieces."""
    tolerance = max(1, round(LARGEST * plan.rate))
    decoders = []
    logs = _held_out_logs(net, material, plan.window)
    for head, parts, rows in zip(plan.heads, logs, material.classes, strict=True):
        truth = [rows[a:b] for a, b in material.parts.held_out]
        train = [rows[a:b] for a, b in material.parts.train]
        decoders.append(fit_decoder(head, parts, truth, train, (plan.window, tolerance)))
    return decoders


def _weights(net: torch.nn.ModuleDict) -> Weights:
    """A copy of the weights."""
    return {name: part.detach().numpy().copy() for name, part in net.state_dict().items()}


def _restore(net: torch.nn.ModuleDict, weights: Weights) -> None:
    import torch

    net.load_state_dict({name: torch.from_numpy(part.copy()) for name, part in weights.items()})
