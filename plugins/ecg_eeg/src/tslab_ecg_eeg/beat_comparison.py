"""Beat-by-beat comparison as ANSI/AAMI EC57 defines it and the program bxb reports it.

Beats are paired in the order of time: the two that are next in line are one beat if they are at
most 150 ms apart and the beat after the earlier one is not nearer to the other. Each pair, each
missed and each extra beat is counted by the classes that both readings gave it; sums over
recordings give EC57's gross statistics. Shutdown is not counted: beats carry no such mark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tslab import AgreementContext, Domain, Span
from tslab.stretches import Stretch, in_microseconds

MATCH_WINDOW = 150_000
"""How far apart one beat may be marked, microseconds."""
LEARNING = 300.0
"""Seconds after which EC57 begins, so that a device may learn."""
CLASSES = {
    **dict.fromkeys("NLRB", "N"),
    **dict.fromkeys("AaJSejn", "S"),
    **dict.fromkeys("VrE", "V"),
    **dict.fromkeys("F", "F"),
    **dict.fromkeys("/fQ?", "Q"),
}
"""Class of each WFDB symbol as bxb counts it; supraventricular escape beats are S, not N."""

Beat = tuple[int, str]
"""Microseconds and class."""


@dataclass(frozen=True, slots=True)
class BeatComparison:
    """Sensitivity and positive predictivity of beats and of their ectopic classes.

    Attributes:
        name: What ``--metric`` takes.
        title: One line for people.
        learning: Seconds from the start of the recording that do not count.
        tier_kinds: Beats are instants.
    """

    name: str = "ec57-beats"
    title: str = "Beat by beat as EC57 and bxb, within 150 ms"
    learning: float = 0.0
    tier_kinds: Sequence[str] = ("instants",)

    @property
    def for_detectors(self) -> bool:
        """Whether a device may learn at first, which people need not."""
        return self.learning > 0

    def components(
        self, reference: Sequence[Span], hypothesis: Sequence[Span], context: AgreementContext
    ) -> Mapping[str, float]:
        """Counts by both classes, and sums over intervals between beats.

        ``Nv`` is N to the reference and V to the hypothesis, ``No`` is missed, ``On`` is extra;
        ``rr_square`` are squared seconds, ``rr_count`` says of how many intervals.
        """
        found: Counter[str] = Counter()
        squares, count = 0, 0
        first = round(self.learning * 1e6)
        for stretch in in_microseconds(context.extents):
            sides = [_beats(spans, stretch, context.domain) for spans in (reference, hypothesis)]
            for step in _steps(sides[0], sides[1], first):
                found[step.cell] += 1
                if step.interval_error is not None:
                    squares, count = squares + step.interval_error**2, count + 1
        return {**found, "rr_square": squares / 1e12, "rr_count": float(count)}

    def value(self, components: Mapping[str, float]) -> float | None:
        """F1 of beats whatever their class; None where nobody marked one."""
        hits = _sum(components, "NSVFQ", "nsvfq")
        missed, extra = _sum(components, "NSVFQ", "o"), _sum(components, "O", "nsvfq")
        return _share(2 * hits, missed + extra)

    def details(self, components: Mapping[str, float]) -> Mapping[str, float | None]:
        """What EC57 reports; shares, and the root mean square error of RR intervals in seconds."""
        qrs = _sum(components, "NSVFQ", "nsvfq")
        veb, sveb = _sum(components, "V", "v"), _sum(components, "S", "s")
        # A fusion or unclassified beat called V is neither right nor wrong.
        false_veb = _sum(components, "NSO", "v")
        square, count = components.get("rr_square", 0.0), components.get("rr_count", 0.0)
        return {
            "qrs_sensitivity": _share(qrs, _sum(components, "NSVFQ", "o")),
            "qrs_predictivity": _share(qrs, _sum(components, "O", "nsvfq")),
            "veb_sensitivity": _share(veb, _sum(components, "V", "nsfqo")),
            "veb_predictivity": _share(veb, false_veb),
            "veb_false_positive_rate": _share(false_veb, _sum(components, "NSFQ", "nsfq")),
            "sveb_sensitivity": _share(sveb, _sum(components, "S", "nvfqo")),
            "sveb_predictivity": _share(sveb, _sum(components, "NVFO", "s")),
            "rr_rms_error": (square / count) ** 0.5 if count else None,
        }


@dataclass(frozen=True, slots=True)
class _Step:
    """One beat of either or of both readings.

    Attributes:
        cell: Class to the reference and, in lower case, to the hypothesis; O and o are missing.
        interval_error: Interval before the reference's beat less that before the hypothesis's,
            microseconds; None where either has no beat before or after.
    """

    cell: str
    interval_error: int | None


def _steps(reference: Sequence[Beat], hypothesis: Sequence[Beat], first: int) -> Iterator[_Step]:
    """All beats in the order of time; those before `first` only begin an interval."""
    i, j = (_position(beats, first) for beats in (reference, hypothesis))
    while i < len(reference) or j < len(hypothesis):
        error = _interval_error(reference, i, hypothesis, j)
        ours, theirs = _same(reference, i, hypothesis, j)
        one = reference[i][1] if ours else "O"
        other = hypothesis[j][1].lower() if theirs else "o"
        i, j = i + ours, j + theirs
        yield _Step(one + other, error)


def _position(beats: Sequence[Beat], first: int) -> int:
    return next((at for at, (time, _) in enumerate(beats) if time >= first), len(beats))


def _same(
    reference: Sequence[Beat], i: int, hypothesis: Sequence[Beat], j: int
) -> tuple[bool, bool]:
    """Which of the two next beats are taken: both where they are one, else the earlier."""
    if i == len(reference) or j == len(hypothesis):
        return i < len(reference), j < len(hypothesis)
    ours, theirs = reference[i][0], hypothesis[j][0]
    earlier, at = (hypothesis, j) if theirs < ours else (reference, i)
    apart = abs(ours - theirs)
    following = earlier[at + 1][0] if at + 1 < len(earlier) else None
    if apart <= MATCH_WINDOW and (following is None or apart <= abs(max(ours, theirs) - following)):
        return True, True
    return theirs >= ours, theirs < ours


def _interval_error(
    reference: Sequence[Beat], i: int, hypothesis: Sequence[Beat], j: int
) -> int | None:
    """Difference of the intervals that end at the two next beats, as bxb compares them.

    A missed beat is compared with the interval of the hypothesis that spans it.
    """
    if not 0 < i < len(reference) or not 0 < j < len(hypothesis):
        return None
    ours = reference[i][0] - reference[i - 1][0]
    return ours - (hypothesis[j][0] - hypothesis[j - 1][0])


def _beats(spans: Sequence[Span], stretch: Stretch, domain: Domain) -> list[Beat]:
    """Beats in a stretch, in order; what is no beat (artefacts, blocked P waves) is left out."""
    found = []
    for span in spans:
        label = domain.tier(span.tier).label(span.label)
        kind = CLASSES.get(label.code) if label else None
        if kind is not None and stretch[0] <= span.start_us <= stretch[1]:
            found.append((span.start_us, kind))
    return sorted(found)


def _sum(components: Mapping[str, float], reference: str, hypothesis: str) -> float:
    return sum(components.get(one + other, 0.0) for one in reference for other in hypothesis)


def _share(right: float, wrong: float) -> float | None:
    return right / (right + wrong) if right + wrong else None
