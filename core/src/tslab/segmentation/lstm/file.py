"""A trained `lstm` on disk: a description in JSON and weights in .npz, checked when read."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from tslab.errors import DataError
from tslab.segmentation.chain.calibration import Curve
from tslab.segmentation.chain.tuning import Decoder
from tslab.segmentation.features.grid import Float32
from tslab.segmentation.lstm.decoding import HeadDecoder
from tslab.segmentation.lstm.rows import Head
from tslab.segmentation.npz import read_array

DESCRIPTION, WEIGHTS = "lstm.json", "lstm.npz"
FORMAT = 1
LARGEST_DESCRIPTION = 4 * 2**20
HEADER_BYTES = 1024
"""Room for the header of an array in a .npz."""

REMEDY = "Train again, or roll back to another model ('tslab models list')."
Weights = Mapping[str, Float32]
Shapes = Mapping[str, tuple[int, ...]]


class HeadRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One head as it is stored; see `Head`, `HeadDecoder`, `Decoder` and `Curve`."""

    tier: str
    labels: tuple[str, ...]
    kind: Literal["spans", "instants"]
    temperature: float
    stride: int
    cost: list[list[float]]
    bias: float
    level: float
    apart: int
    slope: float
    offset: float

    @classmethod
    def of(cls, head: Head, decoder: HeadDecoder) -> HeadRecord:
        """The record of a head."""
        return cls(
            tier=head.tier,
            labels=head.labels,
            kind=head.kind,
            temperature=decoder.temperature,
            stride=decoder.stride,
            cost=decoder.decoder.cost.astype(float).tolist(),
            bias=decoder.decoder.bias,
            level=decoder.level,
            apart=decoder.apart,
            slope=decoder.curve.slope,
            offset=decoder.curve.offset,
        )

    def parts(self) -> tuple[Head, HeadDecoder]:
        """The head that was stored."""
        cost = np.array(self.cost, np.float32)
        decoder = Decoder(cost, self.bias)
        curve = Curve(self.slope, self.offset)
        head = Head(self.tier, self.labels, self.kind)
        return head, HeadDecoder(
            self.temperature, self.stride, decoder, self.level, self.apart, curve
        )

    def problem(self) -> str:
        """What no training can have written, "" if nothing."""
        size = len(self.labels) + 1
        numbers = [self.temperature, self.bias, self.level, self.slope, self.offset]
        if not self.labels or not np.isfinite(numbers).all() or self.temperature <= 0:
            return f"numbers of tier '{self.tier}'"
        square = len(self.cost) == size and all(len(row) == size for row in self.cost)
        if not square or not np.isfinite(self.cost).all() or self.apart < 0 or self.stride < 1:
            return f"costs of tier '{self.tier}'"
        return ""


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What belongs to the weights.

    Attributes:
        format: Version of this format.
        channels: Keys of the channels, in the order of the network's inputs.
        rate: Rows a second.
        window: Rows that the network sees at once.
        hidden: Units of each layer and direction.
        heads: What is found.
    """

    format: int
    channels: tuple[str, ...]
    rate: float
    window: int
    hidden: int
    heads: tuple[HeadRecord, ...]

    def problem(self) -> str:
        """What no training can have written, "" if nothing."""
        if self.format != FORMAT:
            return f"format {self.format}, this tslab reads {FORMAT}"
        if not (0 < self.rate < 1e9 and 2 <= self.window <= 10_000 and 1 <= self.hidden <= 2048):
            return "rate, window or hidden units"
        if not self.channels or not self.heads:
            return "no channel or no tier"
        return next((text for head in self.heads if (text := head.problem())), "")


def describe(description: Description, weights: Weights) -> tuple[bytes, str]:
    """The description as bytes, and the version that it and the weights have together."""
    content = msgspec.json.encode(description)
    digest = hashlib.sha256(content)
    for name in sorted(weights):
        digest.update(name.encode() + b"\0" + np.ascontiguousarray(weights[name]).tobytes())
    return content, digest.hexdigest()[:12]


def write_model(folder: Path, content: bytes, weights: Weights) -> None:
    """Writes both files."""
    (folder / DESCRIPTION).write_bytes(content)
    with (folder / WEIGHTS).open("wb") as file:
        np.savez(file, **weights)  # type: ignore[arg-type] # the stub mixes names up with options


def read_description(folder: Path) -> Description:
    """The description.

    Raises:
        DataError: It is missing or damaged.
    """
    path = folder / DESCRIPTION
    try:
        if path.stat().st_size > LARGEST_DESCRIPTION:
            raise DataError(f"{path.name} of the model is too large", REMEDY)
        found = msgspec.json.decode(path.read_bytes(), type=Description)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise DataError(f"{path.name} of the model cannot be read: {error}", REMEDY) from error
    if problem := found.problem():
        raise DataError(f"{path.name} of the model is damaged: {problem}", REMEDY)
    return found


def read_weights(folder: Path, shapes: Shapes) -> Weights:
    """The weights; their shapes are compared before memory is taken for them.

    Raises:
        DataError: They are missing, damaged or of other shapes.
    """
    path = folder / WEIGHTS
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _array(archive, name, shape) for name, shape in shapes.items()}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as e:
        raise DataError(f"{path.name} of the model cannot be read: {e}", REMEDY) from e


def _array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> Float32:
    size = int(np.prod(shape)) * 4
    info = archive.getinfo(f"{name}.npy")
    if not size <= info.file_size <= size + HEADER_BYTES:
        raise ValueError(f"'{name}' has {info.file_size} bytes, not about {size}")
    array = read_array(archive, info)
    if array.shape != shape or array.dtype != np.dtype(np.float32):
        raise ValueError(f"'{name}' is no float32 array of shape {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"'{name}' has numbers that are not finite")
    return np.ascontiguousarray(array, np.float32)
