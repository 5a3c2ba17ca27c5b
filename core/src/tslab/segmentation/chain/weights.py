"""A model as data: arrays in one .npz, settings in one .json, both checked when they are read."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from tslab.errors import DataError
from tslab.segmentation.chain.calibration import Curve
from tslab.segmentation.chain.instants import Detector
from tslab.segmentation.chain.lengths import Lengths
from tslab.segmentation.chain.model import Chain, Scorer
from tslab.segmentation.chain.softmax import Softmax
from tslab.segmentation.chain.tuning import Decoder
from tslab.segmentation.features.anchors import SHAPES, Anchor
from tslab.segmentation.features.columns import FramePlan, feature_widths
from tslab.segmentation.features.hints import MOST_KEYS, Layout
from tslab.segmentation.features.kernels import TAPS, KernelBank
from tslab.segmentation.npz import read_array

FORMAT = 2
SETTINGS, ARRAYS = "settings.json", "weights.npz"
MOST_BYTES = 256 * 1024 * 1024
REMEDY = "Train again, or roll back to another version."

Arrays = dict[str, NDArray[np.generic]]


class PartSettings(msgspec.Struct, forbid_unknown_fields=True):
    """Settings of one chain or detector; what is an array is not here."""

    kind: str
    tier: str
    labels: list[str]
    background: bool
    rate: float
    stride: int
    windows: list[int]
    lags: list[int]
    period: int
    clock: float
    bias: float
    slope: float
    offset: float
    odd: float
    lengths: list[list[float]] = msgspec.field(default_factory=list)
    threshold: float = 0.5
    apart: float = 0.0
    anchor: list[float] = msgspec.field(default_factory=list)
    opening: int = 0
    least: list[int] = msgspec.field(default_factory=list)


class LayoutSettings(msgspec.Struct, forbid_unknown_fields=True):
    """Labels of the domain's own segmenter that a part looks at, as pairs of tier and label."""

    part: int
    ranges: list[tuple[str, str]]
    instants: list[tuple[str, str]]


class ModelSettings(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Everything of a model that is no array; models without a prior are as they always were."""

    format: int
    channels: list[str]
    rate: float
    parts: list[PartSettings]
    prior: str = ""
    layouts: list[LayoutSettings] = msgspec.field(default_factory=list)

    def layout(self, part: int) -> Layout | None:
        """What a part looks at."""
        for found in self.layouts:
            if found.part == part:
                return Layout(tuple(found.ranges), tuple(found.instants))
        return None


def layouts_of(parts: Sequence[Chain | Detector]) -> list[LayoutSettings]:
    """What the parts look at, as far as they do."""
    return [
        LayoutSettings(number, list(layout.ranges), list(layout.instants))
        for number, part in enumerate(parts)
        if (layout := part.scorer.plan.layout) is not None
    ]


def parts_of(settings: ModelSettings, arrays: Sequence[Arrays]) -> tuple[Chain | Detector, ...]:
    """The parts of a model that `read` gave."""
    pairs = zip(settings.parts, arrays, strict=True)
    return tuple(join(s, a, settings.layout(number)) for number, (s, a) in enumerate(pairs))


def split(part: Chain | Detector) -> tuple[PartSettings, Arrays]:
    """Settings and arrays of one part."""
    scorer = part.scorer
    arrays: Arrays = {
        "centre": scorer.centre,
        "scale": scorer.scale,
        "weights": scorer.softmax.weights,
        "constant": scorer.softmax.bias,
        "channel": scorer.bank.channel,
        "dilation": scorer.bank.dilation,
        "taps": scorer.bank.taps,
        "threshold": scorer.bank.threshold,
    }
    plan, curve = scorer.plan, part.curve
    chain = isinstance(part, Chain)
    settings = PartSettings(
        kind="ranges" if chain else "instants",
        tier=part.tier,
        labels=list(part.labels) if isinstance(part, Chain) else [part.label],
        background=part.background if isinstance(part, Chain) else True,
        rate=plan.rate,
        stride=plan.stride,
        windows=list(plan.windows),
        lags=list(plan.lags),
        period=plan.period,
        clock=plan.clock,
        bias=part.decoder.bias if isinstance(part, Chain) else 0.0,
        slope=curve.slope,
        offset=curve.offset,
        odd=curve.odd,
        opening=plan.opening,
        least=list(part.decoder.least) if isinstance(part, Chain) else [],
    )
    if isinstance(part, Chain):
        arrays["cost"] = part.decoder.cost
        settings.lengths = part.lengths.rows()
    else:
        anchor = part.anchor
        settings.threshold, settings.apart = part.threshold, part.apart
        settings.anchor = [anchor.signal, anchor.shape, anchor.offset, anchor.reach]
    return settings, arrays


def join(
    settings: PartSettings,
    arrays: Mapping[str, NDArray[np.generic]],
    layout: Layout | None = None,
) -> Chain | Detector:
    """The part that `split` took apart; the arrays were checked."""
    plan = _plan(settings, layout)
    names = ("channel", "dilation", "taps", "threshold")
    bank = KernelBank(*(arrays[name] for name in names))  # type: ignore[arg-type]
    softmax = Softmax(arrays["weights"], arrays["constant"])  # type: ignore[arg-type]
    scorer = Scorer(plan, bank, arrays["centre"], arrays["scale"], softmax)  # type: ignore[arg-type]
    curve = Curve(settings.slope, settings.offset, settings.odd)
    if settings.kind == "ranges":
        decoder = Decoder(arrays["cost"], settings.bias, tuple(settings.least))  # type: ignore[arg-type]
        labels = tuple(settings.labels)
        lengths = Lengths.from_rows(settings.lengths)
        return Chain(settings.tier, labels, settings.background, scorer, decoder, curve, lengths)
    signal, shape, offset, reach = settings.anchor
    anchor = Anchor(int(signal), int(shape), offset, reach)
    return Detector(
        settings.tier, settings.labels[0], scorer, settings.threshold, settings.apart, anchor, curve
    )


def _plan(part: PartSettings, layout: Layout | None) -> FramePlan:
    windows, lags = tuple(part.windows), tuple(part.lags)
    head = (part.rate, part.stride, windows, lags, part.period, part.clock)
    return FramePlan(*head, layout, part.opening)


def digest(settings: ModelSettings, arrays: Sequence[Arrays]) -> str:
    """A short name of what was learned: the same content has the same name."""
    total = hashlib.sha256(msgspec.json.encode(settings))
    for part in arrays:
        for name in sorted(part):
            total.update(name.encode() + str(part[name].dtype).encode())
            total.update(str(part[name].shape).encode())
            total.update(np.ascontiguousarray(part[name]).tobytes())
    return total.hexdigest()[:12]


def write(folder: Path, settings: ModelSettings, arrays: Sequence[Arrays]) -> None:
    """Writes both files."""
    buffer = io.BytesIO()
    flat = {f"{i}_{name}": part[name] for i, part in enumerate(arrays) for name in sorted(part)}
    np.savez(buffer, allow_pickle=False, **flat)
    (folder / ARRAYS).write_bytes(buffer.getvalue())
    text = json.dumps(msgspec.to_builtins(settings), indent=1, sort_keys=True)
    (folder / SETTINGS).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> tuple[ModelSettings, list[Arrays]]:
    """Both files, checked.

    Raises:
        DataError: One is missing, damaged or does not fit the other.
    """
    settings = _read_settings(folder / SETTINGS)
    path = folder / ARRAYS
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} is larger than any model", REMEDY)
        with zipfile.ZipFile(path) as archive:
            items = archive.infolist()
            if sum(item.file_size for item in items) > MOST_BYTES:
                raise DataError(f"{path} holds more than any model", REMEDY)
            flat = {x.filename.removesuffix(".npy"): read_array(archive, x) for x in items}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise DataError(f"{path} cannot be read: {error}", REMEDY) from error
    parts: list[Arrays] = []
    for number, part in enumerate(settings.parts):
        prefix = f"{number}_"
        own = {k.removeprefix(prefix): v for k, v in flat.items() if k.startswith(prefix)}
        plan = _plan(part, settings.layout(number))
        _check_arrays(own, part, plan, len(settings.channels), path)
        parts.append(own)
    if sum(map(len, parts)) != len(flat):
        raise DataError(f"{path} holds arrays that no part of the model has", REMEDY)
    return settings, parts


def _read_settings(path: Path) -> ModelSettings:
    try:
        if path.stat().st_size > MOST_BYTES // 64:
            raise DataError(f"{path} is larger than any model's settings", REMEDY)
        settings = msgspec.json.decode(path.read_bytes(), type=ModelSettings)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(f"{path} cannot be read: {error}", REMEDY) from error
    if settings.format != FORMAT:
        raise DataError(f"{path} has format {settings.format}, not {FORMAT}", REMEDY)
    for part in settings.parts:
        if not _sound(part, len(settings.channels)):
            raise DataError(f"{path} has impossible settings for tier '{part.tier}'", REMEDY)
    if not _sound_layouts(settings):
        raise DataError(f"{path} has impossible labels of the domain's own segmenter", REMEDY)
    if not settings.parts or not 0 < settings.rate < 1e9:
        raise DataError(f"{path} describes no model", REMEDY)
    return settings


def _sound(part: PartSettings, channels: int) -> bool:
    """Whether settings can be meant; whatever a loop or a memory size hangs on is bounded."""
    numbers = (part.rate, part.bias, part.slope, part.offset, part.odd)
    others = (part.threshold, part.apart, *part.anchor)
    rising = [*part.windows, *part.lags]
    checks = (
        part.kind in ("ranges", "instants"),
        all(np.isfinite(number) for number in (*numbers, *others)),
        0 <= part.period <= 10**7 and 0 <= part.clock < 1e12,
        0 <= part.opening <= 10**9 and all(0 <= frames <= 10**9 for frames in part.least),
        len(part.least) in (0, len(part.labels) + part.background),
        0 < part.rate < 1e9 and 0 < part.stride <= 10**9 and part.apart >= 0,
        1 <= len(part.windows) <= 16 and 1 <= len(part.lags) <= 16,
        all(0 < number <= 10**8 for number in rising) and all(w % 2 for w in part.windows),
        part.windows == sorted(part.windows) and part.lags == sorted(part.lags),
        1 <= len(part.labels) <= 1000,
        all(_sound_length(row, len(part.labels) + part.background) for row in part.lengths),
        part.kind == "ranges" or _sound_instants(part, channels),
    )
    return all(checks)


def _sound_layouts(settings: ModelSettings) -> bool:
    """Whether a prior is named where one is looked at, once for each part, within bounds."""
    named = [layout.part for layout in settings.layouts]
    sizes = [len(layout.ranges) + len(layout.instants) for layout in settings.layouts]
    return (
        bool(settings.prior) == bool(named)
        and len(set(named)) == len(named)
        and all(0 <= number < len(settings.parts) for number in named)
        and all(1 <= size <= 2 * MOST_KEYS for size in sizes)
    )


def _sound_length(row: Sequence[float], classes: int) -> bool:
    return (
        len(row) == 4
        and all(np.isfinite(number) for number in row)
        and 0 <= row[0] < classes
        and row[2] > 0
        and row[3] > 0
    )


def _sound_instants(part: PartSettings, channels: int) -> bool:
    return (
        len(part.labels) == 1
        and len(part.anchor) == 4
        and -1 <= part.anchor[0] <= channels
        and 0 <= part.anchor[1] < len(SHAPES)
        and 0 <= part.anchor[3] < 1e6
    )


def _check_arrays(
    arrays: Arrays, part: PartSettings, plan: FramePlan, channels: int, path: Path
) -> None:
    """Raises a DataError unless every array has the shape, type and range that it must have."""
    classes = len(part.labels) + part.background
    groups, kernels = (*arrays.get("threshold", np.zeros((0, 0))).shape, 0, 0)[:2]
    width = len(feature_widths(plan, channels + 1, groups * kernels))
    wanted: dict[str, tuple[tuple[int, ...], type]] = {
        "centre": ((width,), np.float32),
        "scale": ((width,), np.float32),
        "weights": ((width, classes), np.float32),
        "constant": ((classes,), np.float32),
        "channel": ((groups,), np.int64),
        "dilation": ((groups,), np.int64),
        "taps": ((groups, kernels, 3), np.int64),
        "threshold": ((groups, kernels), np.float32),
    }
    if part.kind == "ranges":
        wanted["cost"] = ((classes, classes), np.float32)
    if set(arrays) != set(wanted):
        raise DataError(f"{path} lacks or adds arrays for tier '{part.tier}'", REMEDY)
    for name, (shape, kind) in wanted.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != kind or not np.isfinite(array).all():
            raise DataError(f"{path}: array '{name}' of tier '{part.tier}' is damaged", REMEDY)
    inside = (
        _within(arrays["channel"], 0, channels + 1)
        and _within(arrays["dilation"], 1, 10**7)
        and _within(arrays["taps"], 0, TAPS)
        and bool((arrays["scale"] > 0).all())  # type: ignore[operator]
    )
    if not inside:
        raise DataError(f"{path}: kernels of tier '{part.tier}' are out of range", REMEDY)


def _within(array: NDArray[np.generic], low: int, high: int) -> bool:
    return bool(((array >= low) & (array < high)).all())  # type: ignore[operator]
