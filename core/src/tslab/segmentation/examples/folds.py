"""Divides examples into folds: over recordings, or over blocks of time if there is only one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tslab.contracts import TrainingExample
from tslab.spans import Span, sort_key, to_microseconds
from tslab.stretches import (
    Stretch,
    clipped,
    in_microseconds,
    in_seconds,
    intersect,
    subtract,
    union,
)

if TYPE_CHECKING:
    from tslab.recording import Recording

FOLDS = 5
"""Folds unless somebody asks for another number."""

GROUP_KEYS = ("subject", "patient", "participant", "person", "animal", "machine", "asset", "unit")
"""Metadata that says whose recording it is; recordings of one of them stay in one fold.

Compared without case, and without an ending such as ``_id``. The first that a recording has counts.
"""


@dataclass(frozen=True, slots=True)
class Fold:
    """What to learn from, and what to be tested on."""

    learn: Sequence[TrainingExample]
    test: Sequence[TrainingExample]


def divided(examples: Sequence[TrainingExample], folds: int) -> tuple[list[Fold], str]:
    """Folds, and how they were made, in words; no folds where nothing can be divided.

    Args:
        examples: With reviewed time.
        folds: How many at most, 2 or more.
    """
    if len(examples) == 1:
        made = _over_blocks(examples[0], _blocks(examples[0], folds))
        text = f"{len(made)} blocks of time of the only recording; other recordings may be harder"
        return made, text if made else _INDIVISIBLE
    groups, what = _groups(examples)
    dealt = _dealt(groups, min(folds, len(groups)))
    made = [Fold(_others(examples, part), part) for part in dealt]
    return made, f"{len(made)} folds over {len(groups)} {what}"


def _others(
    examples: Sequence[TrainingExample], part: Sequence[TrainingExample]
) -> list[TrainingExample]:
    inside = {id(example) for example in part}
    return [example for example in examples if id(example) not in inside]


_INDIVISIBLE = "the only recording has too few labelled spans to hold some of them out"


def group_of(metadata: Mapping[str, str]) -> str:
    """Whose recording it is, "" where the metadata does not say."""
    named = {_plain(key): value.strip() for key, value in metadata.items()}
    return next((f"{key} {named[key]}" for key in GROUP_KEYS if named.get(key)), "")


def _plain(key: str) -> str:
    words = key.casefold().replace("-", " ").replace("_", " ").split()
    return " ".join(word for word in words if word not in ("id", "no", "number", "name"))


def kin(recordings: Sequence[Recording]) -> dict[str, str]:
    """Whose each recording is, by id; each its own where nothing tells them apart."""
    names = {r.id: group_of(r.metadata) or f"recording {r.id}" for r in recordings}
    if len(set(names.values())) == 1:
        return {key: f"recording {key}" for key in names}
    return names


def _groups(examples: Sequence[TrainingExample]) -> tuple[list[list[TrainingExample]], str]:
    """Recordings that belong together, and what the groups are."""
    by_group: dict[str, list[TrainingExample]] = {}
    for example in examples:
        name = group_of(example.recording.metadata)
        by_group.setdefault(name or f"recording {example.recording.id}", []).append(example)
    groups = [by_group[name] for name in sorted(by_group)]
    if len(groups) == 1:
        return [[example] for example in examples], "recordings, all of one subject or machine"
    if len(groups) < len(examples):
        return groups, f"subjects or machines with {len(examples)} recordings"
    return groups, "recordings"


def _dealt(groups: Sequence[list[TrainingExample]], folds: int) -> list[list[TrainingExample]]:
    """Groups dealt to folds so that each label is spread as evenly as it can be."""
    weights = [_weights(group) for group in groups]
    whole: Counter[object] = Counter()
    for weight in weights:
        whole.update(weight)
    shares = [{key: value / whole[key] for key, value in w.items()} for w in weights]
    order = sorted(range(len(groups)), key=lambda i: (-max(shares[i].values(), default=0), i))
    held: list[Counter[object]] = [Counter() for _ in range(folds)]
    dealt: list[list[TrainingExample]] = [[] for _ in range(folds)]
    for number in order:
        share = shares[number]

        def crowding(fold: int, share: Mapping[object, float] = share) -> tuple[float, int, int]:
            return (
                sum(held[fold][key] * value for key, value in share.items()),
                len(dealt[fold]),
                fold,
            )

        # An empty fold first: every fold must test something.
        best = min(range(folds), key=lambda fold: (bool(dealt[fold]), *crowding(fold)))
        held[best].update(share)
        dealt[best] += groups[number]
    return dealt


def _weights(group: Sequence[TrainingExample]) -> Counter[object]:
    """Spans by tier and label, and reviewed seconds under the key None."""
    found: Counter[object] = Counter()
    for example in group:
        found.update((span.tier, span.label) for span in example.spans)
        seconds = sum(b - a for part in example.reviewed.values() for a, b in part)
        found[None] += max(1, round(seconds))
    return found


def _blocks(example: TrainingExample, folds: int) -> list[Stretch]:
    """Stretches of a recording with about as many spans each, cut where no span is cut."""
    spans = sorted((span.start_us, span.end_us) for span in example.spans)
    end = to_microseconds(example.recording.duration)
    clear = subtract([(0, end)], union((a + 1, b - 1) for a, b in spans if b - a > 2))
    clear = subtract(clear, [(a, a + 1) for a, b in spans if a == b])
    middles = [start + (stop - start) // 2 for start, stop in clear]
    count = min(folds, len(spans))
    if count < 2:
        return []
    borders = [0]
    for number in range(1, count):
        first = spans[number * len(spans) // count][0]
        before = [at for at in middles if borders[-1] < at <= first]
        if before:
            borders.append(before[-1])
    blocks = list(zip(borders, [*borders[1:], end], strict=True))
    return blocks if len(blocks) > 1 else []


def _over_blocks(example: TrainingExample, blocks: Sequence[Stretch]) -> list[Fold]:
    made = []
    reviewed = union(s for part in example.reviewed.values() for s in in_microseconds(part))
    for block in blocks:
        test = restricted(example, [block])
        learn = restricted(example, subtract(reviewed, [block]))
        if test.reviewed and learn.spans:
            made.append(Fold([learn], [test]))
    return made if len(made) > 1 else []


def restricted(example: TrainingExample, within: Sequence[Stretch]) -> TrainingExample:
    """The example with only that time reviewed, and the spans and parts of spans inside of it."""
    reviewed = {t: intersect(in_microseconds(r), within) for t, r in example.reviewed.items()}
    kept: list[Span] = []
    for tier, parts in reviewed.items():
        kept += clipped([span for span in example.spans if span.tier == tier], parts)
    return TrainingExample(
        recording=example.recording,
        spans=sorted(kept, key=sort_key),
        reviewed={tier: in_seconds(parts) for tier, parts in reviewed.items() if parts},
    )
