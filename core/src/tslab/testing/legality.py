"""Whether spans are what a domain allows; shared by the contract test and the tests of tslab."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tslab.domain import Domain, RegionField, Tier
from tslab.spans import FieldValue, Span, sort_key, to_microseconds


def span_problems(spans: Sequence[Span], domain: Domain, duration: float) -> list[str]:
    """What is wrong with spans of one reading, one line each.

    Args:
        spans: In recording time.
        domain: Knows tiers, labels and fields.
        duration: Seconds of the recording.
    """
    tiers = {tier.name: tier for tier in domain.tiers}
    problems = []
    for span in spans:
        tier = tiers.get(span.tier)
        if tier is None:
            problems.append(f"{_text(span)} is in tier '{span.tier}', which the domain lacks")
        else:
            problems += [f"{_text(span)} {what}" for what in _of_one(span, tier, domain, duration)]
    for tier in domain.tiers:
        if tier.kind == "states":
            problems += _overlaps([span for span in spans if span.tier == tier.name])
    return problems


def uncovered(
    spans: Sequence[Span], duration: float, gaps: Sequence[tuple[float, float]] = ()
) -> list[tuple[float, float]]:
    """Stretches of ``[0, duration)`` in seconds that neither spans nor gaps cover."""
    taken = [(span.start_us, span.end_us) for span in spans]
    taken += [(to_microseconds(start), to_microseconds(end)) for start, end in gaps]
    found, reached = [], 0
    for start, end in sorted(taken):
        if start > reached + 1:
            found.append((reached / 1e6, start / 1e6))
        reached = max(reached, end)
    if to_microseconds(duration) > reached + 1:
        found.append((reached / 1e6, duration))
    return found


def _text(span: Span) -> str:
    return f"'{span.label}' at {span.start:g} to {span.end:g} s"


def _of_one(span: Span, tier: Tier, domain: Domain, duration: float) -> Iterator[str]:
    if tier.label(span.label) is None:
        yield f"has a label that tier '{tier.name}' lacks"
    if span.end_us > to_microseconds(duration):
        yield f"ends after the recording ({duration:g} s)"
    if tier.kind == "instants" and not span.is_instant:
        yield f"is longer than an instant, as tier '{tier.name}' wants it"
    if tier.kind == "states" and span.start_us >= span.end_us:
        yield f"has no length, but tier '{tier.name}' is made of {tier.kind}"
    fields = {item.name: item for item in domain.fields}
    for name, value in span.fields.items():
        item = fields.get(name)
        if item is None:
            yield f"answers the field '{name}', which the domain lacks"
        elif not _is_answer(item, value):
            yield f"answers the field '{name}' with {value!r}"


def _is_answer(item: RegionField, value: FieldValue) -> bool:
    if item.kind in ("rating", "number"):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return False
        low = 1.0 if item.kind == "rating" and item.minimum is None else item.minimum
        high = 5.0 if item.kind == "rating" and item.maximum is None else item.maximum
        return (low is None or value >= low) and (high is None or value <= high)
    if item.kind == "text":
        return isinstance(value, str)
    parts = value if isinstance(value, tuple) else (value,)
    offered = {choice.value for choice in item.choices}
    if item.kind == "channel":
        offered = {str(part) for part in parts}
    return isinstance(value, tuple) == item.multiple and {*parts} <= offered


def _overlaps(spans: Sequence[Span]) -> list[str]:
    ordered = sorted(spans, key=sort_key)
    pairs = pairwise(ordered)
    return [
        f"{_text(left)} overlaps {_text(right)}, but both are states of tier '{left.tier}'"
        for left, right in pairs
        if right.start_us < left.end_us
    ]
