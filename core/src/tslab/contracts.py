"""Protocols and small values that hooks exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from tslab.spans import FieldValue, Span

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from tslab.annotation import Annotation
    from tslab.domain import Domain
    from tslab.recording import Recording


@dataclass(frozen=True, slots=True)
class Source:
    """A file that somebody wants to read.

    Attributes:
        path: The file.
        head: Its first bytes (at most 4096), for readers that look at content.
    """

    path: Path
    head: bytes = b""

    @property
    def suffix(self) -> str:
        """Lower-case extension with its dot; ".gz" is looked through."""
        name = self.path.name.lower()
        return Path(name.removesuffix(".gz")).suffix

    @classmethod
    def open(cls, path: Path) -> Source:
        """A source with its head read.

        Raises:
            OSError: The file cannot be read.
        """
        with path.open("rb") as file:
            return cls(path=path, head=file.read(4096))


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a user says about files that do not say it themselves.

    Attributes:
        sampling_rate: Hz, for tables without a time column.
        time_column: Name or number (from 0) of the time column; "" detects, "none" means absent.
        time_format: strptime format of the time column; "" detects.
        time_unit: Unit of a numeric time column: s, ms, us, ns; "" detects.
        time_zone: IANA name of the zone of times that carry none; "" is UTC.
        separator: Field separator of text tables; "" detects.
        decimal: Decimal mark of text tables; "" detects.
        columns: Source columns to read, by name or number, in order; empty reads all.
        ignore: Source columns that are no signal (labels, row numbers).
        units: Unit by source column.
    """

    sampling_rate: float | None = None
    time_column: str = ""
    time_format: str = ""
    time_unit: str = ""
    time_zone: str = ""
    separator: str = ""
    decimal: str = ""
    columns: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """What is asked of a segmenter.

    Attributes:
        view: The view to predict for, "" for all tiers.
        context: Regions that the annotator has drawn, for "find more like this"; may be empty.
        start: Seconds, start of the wanted stretch.
        end: Seconds, end of the wanted stretch, None for the recording's end.
    """

    view: str = ""
    context: Sequence[Span] = ()
    start: float = 0.0
    end: float | None = None


@runtime_checkable
class Segmenter(Protocol):
    """Finds spans in a recording. Deterministic; reads no network; writes no file."""

    @property
    def version(self) -> str:
        """Changes when the same recording would give other spans."""
        ...

    def segment(self, recording: Recording) -> Sequence[Span]:
        """Spans with scores, within the recording, in the domain's tiers and labels."""
        ...


@runtime_checkable
class PlacingSegmenter(Protocol):
    """What a segmenter may offer beside `Segmenter`: where a recording lies among others.

    Uncertain recordings that are typical of their pool come first where tasks are sorted by score;
    odd ones, from which little is learned about the others, come later.
    """

    def place(self, recording: Recording) -> Sequence[float] | NDArray[float64]:
        """Coordinates, equally many for every recording; what is near is alike.

        NaN where a recording says nothing. Deterministic, and cheap. It is asked right after
        `segment`, about the same object: what that found out may be kept.
        """
        ...


Progress = Callable[[float, str], None]
"""Called with the share that is done (0 to 1) and what is being done."""


@dataclass(frozen=True, slots=True)
class TrainingExample:
    """One recording with what people said about it, as `TrainableSegmenter.fit` gets it.

    Attributes:
        recording: The whole recording, its channels mapped.
        spans: What is marked, all tiers, sorted by time; within the reviewed stretches.
        reviewed: Tier -> stretches ``(start, end)`` in seconds, sorted and apart, in which silence
            means "nothing there". Time outside of them teaches nothing, and a tier that is
            missing was not reviewed at all.
    """

    recording: Recording
    spans: Sequence[Span]
    reviewed: Mapping[str, Sequence[tuple[float, float]]]


@runtime_checkable
class TrainableSegmenter(Segmenter, Protocol):
    """A segmenter that learns from annotations; the same examples give the same model.

    Until it has learned or was loaded, its `version` is "untrained" and `segment` raises a
    DataError. `segment` takes recordings that lack channels it knows, or have others.
    """

    def fit(self, examples: Sequence[TrainingExample], progress: Progress) -> Mapping[str, object]:
        """Learns from scratch.

        Args:
            examples: At least one with reviewed time.
            progress: Told about long work.

        Returns:
            Notes for the model card, JSON values: settings that were chosen, what was left out.

        Raises:
            DataError: There is nothing to learn from: no reviewed time, or no label at all.
        """
        ...

    def save(self, folder: Path) -> None:
        """Writes the model into an empty folder, as data that runs no code when it is read."""
        ...

    def load(self, folder: Path) -> None:
        """Reads what `save` wrote.

        Raises:
            DataError: A file is missing, damaged or was tampered with.
        """
        ...


@runtime_checkable
class GuidedSegmenter(Protocol):
    """What a trainable segmenter may offer: to look at what the domain's own one finds.

    Where the domain has a segmenter that needs no training, `guide` is called once, before `fit` or
    `load`. What it says is no truth: whether it helps is for the examples to show.
    """

    def guide(self, prior: Segmenter) -> None:
        """Takes the domain's own segmenter.

        A model that looks at it belongs to its `version`: `load` raises a DataError where that is
        another one, because the same recording could give other spans.

        Args:
            prior: Its version begins with its name; its `segment` raises a DataError, and nothing
                else, for recordings that it fails on, which people are told by whoever hands it in.
                In a training it is asked once for each recording, however often it is called.
        """
        ...


@dataclass(frozen=True, slots=True)
class SegmenterSpec:
    """A segmenter that can be chosen by name.

    Attributes:
        name: What ``segmenter:`` in tslab.yaml takes.
        title: One line for people.
        create: Makes one for the effective domain.
        trainable: Whether `create` makes a `TrainableSegmenter`, which finds nothing before it has
            learned.
    """

    name: str
    title: str
    create: Callable[[Domain], Segmenter]
    trainable: bool = False


@dataclass(frozen=True, slots=True)
class AgreementContext:
    """What a metric may need beside the spans.

    Attributes:
        domain: The effective domain.
        extents: Stretches ``(start, end)`` in seconds that both compared readers reviewed.
        annotators: The two, the reference first.
        recording: The recording, for metrics that look at samples; None where it cannot be opened.
    """

    domain: Domain
    extents: Sequence[tuple[float, float]]
    annotators: Sequence[str]
    recording: Recording | None = None


@runtime_checkable
class AgreementMetric(Protocol):
    """Compares two readings; components are summed over recordings, the value is made of sums.

    `tslab agreement` asks for the components of each pair of readings of each recording, on the
    time that both reviewed. People have no order: for the group, a recording and an annotator both
    directions are added up. Ground truth is the reference of people, and both are of models. Sums
    may be weighted (a bootstrap draws recordings), so `value` takes any sums, also fractions.
    """

    @property
    def name(self) -> str:
        """What ``--metric`` takes."""
        ...

    @property
    def tier_kinds(self) -> Sequence[str]:
        """Kinds of tiers that it makes sense for."""
        ...

    def components(
        self, reference: Sequence[Span], hypothesis: Sequence[Span], context: AgreementContext
    ) -> Mapping[str, float]:
        """Countable parts of the metric for one recording (seconds, hits, misses)."""
        ...

    def value(self, components: Mapping[str, float]) -> float | None:
        """The metric of summed components, None where it is undefined."""
        ...


@runtime_checkable
class DetailedMetric(AgreementMetric, Protocol):
    """A metric that makes several numbers of the same sums, such as precision beside F1."""

    def details(self, components: Mapping[str, float]) -> Mapping[str, float | None]:
        """Further values of summed components, by name; None where one is undefined.

        Each is reported as ``domain/NAME/DETAIL`` beside `value`. Names are the same for any
        components.
        """
        ...


@runtime_checkable
class Exporter(Protocol):
    """Writes annotations in one format, and reads them back."""

    @property
    def name(self) -> str:
        """What ``--to`` takes."""
        ...

    @property
    def title(self) -> str:
        """One line for people."""
        ...

    @property
    def scope(self) -> Literal["recording", "project"]:
        """``recording``: called for each recording and annotator; ``project``: called once."""
        ...

    def write(
        self,
        annotations: Sequence[Annotation],
        recordings: Mapping[str, Recording],
        folder: Path,
        domain: Domain,
    ) -> Sequence[Path]:
        """Writes files into `folder` (which exists) and returns them."""
        ...

    def read(
        self, paths: Sequence[Path], recordings: Mapping[str, Recording], domain: Domain
    ) -> Sequence[Annotation] | None:
        """Reads what `write` wrote, for ``--verify``; None where the format cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should look at.

    Attributes:
        code: Stable code, ``TSL`` and three digits.
        severity: Errors make a command exit with 1.
        message: What is wrong, naming the thing.
        place: File, tag, attribute, task or span.
        remedy: What to do.
    """

    code: str
    severity: Literal["error", "warning"]
    message: str
    place: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """The finding on one line."""
        where = f"{self.place}: " if self.place else ""
        then = f" {self.remedy}" if self.remedy else ""
        return f"{self.code} {self.severity}: {where}{self.message}.{then}"


@dataclass(frozen=True, slots=True)
class SampleRecording:
    """A generated recording with exact truth, for the demo and for tests.

    Attributes:
        name: File stem that the demo writes it under.
        recording: The signals, in the domain's own units.
        truth: What a perfect annotator would mark, fields filled in.
        metadata: Row of the demo's metadata table.
        write: Writes the recording as native files into a folder and returns the file to add;
            None writes a CSV.
    """

    name: str
    recording: Recording
    truth: Sequence[Span]
    metadata: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[Path], Path] | None = None


__all__ = [
    "AgreementContext",
    "AgreementMetric",
    "Exporter",
    "FieldValue",
    "Finding",
    "GuidedSegmenter",
    "PlacingSegmenter",
    "PredictRequest",
    "Progress",
    "ReadOptions",
    "SampleRecording",
    "Segmenter",
    "SegmenterSpec",
    "Source",
    "TrainableSegmenter",
    "TrainingExample",
]
