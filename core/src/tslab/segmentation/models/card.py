"""Model cards: what a stored model learned from, how it was made and how well it does."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tslab.errors import DataError

if TYPE_CHECKING:
    from tslab.contracts import TrainingExample

VERSION = re.compile(r"[a-z][a-z0-9_.-]{0,40} [A-Za-z0-9][A-Za-z0-9_.+-]{0,80}")
"""What a version looks like: the segmenter's name, a space, the segmenter's own version."""

FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")
"""Names of a model's files: no folders, nothing hidden."""

LIBRARIES = ("tslab", "numpy", "scipy", "scikit-learn", "torch")
"""Distributions whose versions stand in the card."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What card.json holds.

    Attributes:
        version: ``"<segmenter> <its version>"``; Label Studio shows it as the model version.
        segmenter: Name of the segmenter's spec.
        created: UTC, ISO 8601.
        domain: Name of the domain.
        labels: Tier -> labels of the training data, sorted.
        channels: Channels of the training data, sorted.
        data_hash: SHA-256 of what was learned from, hexadecimal; see `training_set`.
        recordings: How many it learned from.
        reviewed_seconds: Reviewed time, summed over recordings and tiers.
        spans: How many.
        versions: Version by library, and of Python.
        settings: What `fit` noted.
        left_out: One line for each thing that was left out of the training data.
        seconds: What training took, evaluation included.
        scores: Held-out headline figures, None where undefined; empty without evaluation.
        measured: Folds and tolerances of those figures; empty without evaluation.
        trained_on: Ids of the recordings.
        files: File -> SHA-256, hexadecimal, of everything beside card.json.
    """

    version: str
    segmenter: str
    created: str
    domain: str
    labels: Mapping[str, Sequence[str]]
    channels: Sequence[str]
    data_hash: str
    recordings: int
    reviewed_seconds: float
    spans: int
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    seconds: float = 0.0
    scores: Mapping[str, float | None] = field(default_factory=dict)
    measured: Mapping[str, object] = field(default_factory=dict)
    trained_on: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_bytes(cls, content: bytes, place: str) -> ModelCard:
        """The card in a card.json.

        Args:
            content: Bytes of the file.
            place: Names the file in errors.

        Raises:
            DataError: It is no card, or names a version or file that no model can have.
        """
        import msgspec

        try:
            card: ModelCard = msgspec.json.decode(content, type=ModelCard)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DataError(f"'{place}' is no model card: {error}", DAMAGED) from error
        strange = [name for name in card.files if not FILE.fullmatch(name)]
        if not VERSION.fullmatch(card.version) or strange:
            what = f"file '{strange[0]}'" if strange else f"version '{card.version}'"
            raise DataError(f"'{place}' names an impossible {what}", DAMAGED)
        return card


DAMAGED = "Delete the model's folder and train again: tslab train"


def describe(
    segmenter: tuple[str, str],
    examples: Sequence[TrainingExample],
    data: tuple[str, str, Sequence[str]],
    settings: Mapping[str, object],
    scores: Mapping[str, float | None],
    seconds: float,
) -> ModelCard:
    """The card of a model that was just trained; `ModelStore.save` adds the files.

    Args:
        segmenter: Name of its spec, and its own version.
        examples: What it learned from.
        data: Name of the domain, `TrainingSet.data_hash` and `TrainingSet.left_out`.
        settings: What `fit` returned.
        scores: Headline figures of the held-out report, {} without one.
        seconds: What training took.
    """
    labels: dict[str, set[str]] = {}
    for example in examples:
        for span in example.spans:
            labels.setdefault(span.tier, set()).add(span.label)
    reviewed = [b - a for e in examples for part in e.reviewed.values() for a, b in part]
    domain, data_hash, left_out = data
    return ModelCard(
        version=" ".join(segmenter),
        segmenter=segmenter[0],
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        domain=domain,
        labels={tier: sorted(names) for tier, names in sorted(labels.items())},
        channels=sorted({name for e in examples for name in e.recording.channel_names}),
        data_hash=data_hash,
        recordings=len(examples),
        reviewed_seconds=round(sum(reviewed), 3),
        spans=sum(len(example.spans) for example in examples),
        versions=library_versions(),
        settings=dict(settings),
        left_out=list(left_out),
        seconds=round(seconds, 2),
        scores=dict(scores),
        trained_on=sorted(example.recording.id for example in examples),
    )


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that shape a model."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # torch is an extra
    return found
