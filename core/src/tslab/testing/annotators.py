"""A simulated annotator who errs as people do; for demos and for tests of agreement."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tslab.domain import Domain, Label, Tier
from tslab.recording import Recording
from tslab.spans import FieldValue, Span, sort_key
from tslab.testing.synthetic import answer

SHARE_OF_A_PAGE = 0.01
"""People place a border to about ten pixels of a screen a thousand wide."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What one simulated reading needs to know."""

    domain: Domain
    duration: float
    rate: float | None
    channels: list[str]
    dice: random.Random
    jitter: float
    reach: float
    miss: float
    false: float
    relabel: float

    def moved(self, time: float, length: float) -> float:
        """A border as a person would place it, on a sample time, inside the recording."""
        spread = min(self.jitter * length, self.reach) if length else self.reach / 4
        return self.snapped(time + self.dice.gauss(0.0, spread))

    def snapped(self, time: float) -> float:
        if self.rate:
            time = round(time * self.rate) / self.rate
        return min(max(round(time, 6), 0.0), self.duration)

    @property
    def shortest(self) -> float:
        """Seconds of the shortest range that can be drawn."""
        return 2 / self.rate if self.rate else max(self.duration * 1e-4, 1e-3)


def noisy_annotator(  # noqa: PLR0913 - the rates of error are the point
    spans: Sequence[Span],
    recording: Recording | float,
    domain: Domain,
    seed: int,
    *,
    jitter: float = 0.05,
    miss: float = 0.05,
    false: float = 0.03,
    relabel: float = 0.05,
) -> list[Span]:
    """What another annotator would mark: borders moved, spans missed, invented and relabelled.

    The result is legal: states do not overlap (and leave no hole where the tier is exhaustive),
    instants stay instants, everything lies in ``[0, duration]``. With all rates 0 it is the given
    spans, without scores and ids.

    Args:
        spans: The truth, in seconds.
        recording: The recording, whose sample times borders snap to, or its duration in seconds.
        domain: Knows tiers, labels and fields.
        seed: Who annotates: the same seed gives the same answer.
        jitter: Standard deviation of a border as a share of the span, at most a hundredth of the
            domain's page; whole epochs are moved where the domain scores epochs.
        miss: Share of spans that are not marked.
        false: Share of spans that are marked in addition.
        relabel: Share of spans, and of answers, that are given otherwise.
    """
    is_recording = isinstance(recording, Recording)
    duration = recording.duration if isinstance(recording, Recording) else float(recording)
    pages = [view.page_seconds for view in domain.views if view.page_seconds]
    page = domain.page_seconds or (min(pages) if pages else duration / 10)
    signals = recording.signals if isinstance(recording, Recording) else ()
    rates = [signal.sampling_rate for signal in signals if signal.times is None]
    names = [signal.name for signal in signals] or [c.name for c in domain.channels] or ["signal"]
    work = _Work(
        domain=domain,
        duration=duration,
        rate=max(rates) if is_recording and rates else None,
        channels=names,
        dice=random.Random(f"{domain.name}|{seed}|{len(spans)}"),
        jitter=jitter,
        reach=SHARE_OF_A_PAGE * page if jitter else 0.0,
        miss=miss,
        false=false,
        relabel=relabel,
    )
    marked: list[Span] = []
    for tier in domain.tiers:
        own = sorted((span for span in spans if span.tier == tier.name), key=sort_key)
        marked += _states(own, tier, work) if tier.kind == "states" else _free(own, tier, work)
    return sorted((_as_drawn(span, work) for span in marked), key=sort_key)


def _free(spans: Sequence[Span], tier: Tier, work: _Work) -> list[Span]:
    """Intervals and instants: each errs by itself."""
    marked = []
    for span in spans:
        if work.dice.random() >= work.miss:
            marked.append(_relabelled(_moved(span, tier, work), tier, work))
        if work.dice.random() < work.false:
            marked.append(_invented(span, tier, work))
    return marked


def _moved(span: Span, tier: Tier, work: _Work) -> Span:
    if tier.kind == "instants":
        at = work.moved(span.start, 0.0) if work.jitter else span.start
        return span.moved(at, at)
    if not work.jitter:
        return span
    start, end = work.moved(span.start, span.duration), work.moved(span.end, span.duration)
    label = tier.label(span.label)
    return span.moved(start, end) if _drawable(end - start, label, work) else span


def _drawable(seconds: float, label: Label | None, work: _Work) -> bool:
    low = label.min_seconds or 0.0 if label else 0.0
    high = label.max_seconds or float("inf") if label else float("inf")
    return max(low, work.shortest) <= seconds <= high


def _invented(like: Span, tier: Tier, work: _Work) -> Span:
    """Something that is not there: as long as a true span, somewhere else."""
    length = like.duration
    start = work.snapped(work.dice.uniform(0.0, max(work.duration - length, 0.0)))
    end = start if tier.kind == "instants" else work.snapped(start + length)
    if tier.kind != "instants" and not end > start:
        start, end = like.start, like.end
    return Span(start, end, like.label, like.tier)


def _relabelled(span: Span, tier: Tier, work: _Work) -> Span:
    others = [
        label.name
        for label in tier.labels
        if label.name != span.label
        and (tier.kind == "instants" or _drawable(span.duration, label, work))
    ]
    if others and work.dice.random() < work.relabel:
        return replace(span, label=work.dice.choice(others), fields={})
    return span


def _states(spans: Sequence[Span], tier: Tier, work: _Work) -> list[Span]:
    """States: a border that two of them share moves for both, so that none overlap."""
    kept: list[Span] = []
    for span in spans:
        missed = work.dice.random() < work.miss
        touching = bool(kept) and kept[-1].end_us == span.start_us
        if missed and tier.exhaustive and touching:
            kept[-1] = kept[-1].moved(kept[-1].start, span.end)
        elif not missed or tier.exhaustive:
            kept.append(_relabelled(span, tier, work))
    marked = _with_moved_borders(kept, tier, work)
    return _with_false_states(marked, tier, work)


def _with_moved_borders(spans: Sequence[Span], tier: Tier, work: _Work) -> list[Span]:
    marked = list(spans)
    for number, span in enumerate(marked):
        left = marked[number - 1] if number else None
        floor = left.end if left is not None else 0.0
        if left is not None and left.end_us == span.start_us:
            floor = left.start + _least(left, tier, work)
        elif tier.exhaustive:
            continue  # the first state of an exhaustive tier begins with the recording
        start = _border(span.start, span.duration, work)
        if floor <= start <= span.end - _least(span, tier, work):
            if left is not None and left.end_us == span.start_us:
                marked[number - 1] = left.moved(left.start, start)
            marked[number] = span.moved(start, span.end)
    return marked


def _least(span: Span, tier: Tier, work: _Work) -> float:
    label = tier.label(span.label)
    return max(label.min_seconds or 0.0 if label else 0.0, work.shortest)


def _border(time: float, length: float, work: _Work) -> float:
    if not work.jitter:
        return time
    epoch = work.domain.epoch_seconds
    if epoch is None:
        return work.moved(time, length)
    step = work.dice.choices((-1, 0, 1), weights=(work.jitter, 1.0, work.jitter))[0]
    return min(max(round(time + step * epoch, 6), 0.0), work.duration)


def _with_false_states(spans: Sequence[Span], tier: Tier, work: _Work) -> list[Span]:
    """Now and then the end of a state is taken for another one."""
    marked: list[Span] = []
    for span in spans:
        others = [label for label in tier.labels if label.name != span.label]
        epoch = work.domain.epoch_seconds
        length = epoch or span.duration / 4
        wrong = work.dice.choice(others) if others else None
        invents = work.dice.random() < work.false
        at = span.end - length if epoch else work.snapped(span.end - length)
        at = round(at, 6)
        enough = at - span.start >= _least(span, tier, work)
        if invents and wrong is not None and enough and _drawable(span.end - at, wrong, work):
            marked += [span.moved(span.start, at), Span(at, span.end, wrong.name, span.tier)]
        else:
            marked.append(span)
    return marked


def _as_drawn(span: Span, work: _Work) -> Span:
    """The span with answers, as the editor would hand it over: no score, no id."""
    fields: dict[str, FieldValue] = {}
    for item in work.domain.fields:
        if item.per_label and span.label not in item.per_label:
            continue
        known = span.fields.get(item.name)
        another = answer(item, work.channels, work.dice)
        changes = work.dice.random() < work.relabel
        fields[item.name] = another if known is None or changes else known
    return Span(span.start, span.end, span.label, span.tier, fields=fields, origin="manual")
