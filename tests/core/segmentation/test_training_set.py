"""Training sets: ground truth, majorities, labels of yesterday, and everything that is left out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.small_models import DOMAIN, made, says

from tslab.annotation import Annotation
from tslab.domain import Label, Tier, View
from tslab.errors import DataError
from tslab.recording import Recording
from tslab.segmentation.examples.training_set import TrainingSet, training_set
from tslab.spans import Span


def of(*annotations: Annotation) -> TrainingSet:
    return training_set(annotations, DOMAIN, made)


def state(start: float, end: float, label: str = "Up") -> Span:
    return Span(start, end, label, "state")


def leak(start: float, end: float, label: str = "Leak") -> Span:
    return Span(start, end, label, "event")


def beat(at: float, label: str = "N") -> Span:
    return Span(at, at, label, "beat")


def spans_of(found: TrainingSet, tier: str) -> list[tuple[float, float, str]]:
    (example,) = found.examples
    return [(s.start, s.end, s.label) for s in example.spans if s.tier == tier]


def reviewed(found: TrainingSet, tier: str) -> list[tuple[float, float]]:
    (example,) = found.examples
    return list(example.reviewed.get(tier, ()))


def test_one_annotator_is_taken_at_his_word() -> None:
    spans = [state(1, 5), state(5, 9), leak(2, 7), leak(4, 6), leak(3, 3), beat(8, "V")]
    found = of(says("a", spans))
    assert spans_of(found, "state") == [(1, 5, "Up"), (5, 9, "Up")]
    assert spans_of(found, "event") == [(2, 7, "Leak"), (3, 3, "Leak"), (4, 6, "Leak")]
    assert spans_of(found, "beat") == [(8, 8, "V")]
    assert reviewed(found, "state") == [(0, 60)]
    assert found.left_out == []


def test_defect_11_ground_truth_replaces_everything_else_for_its_time() -> None:
    truth = says("lead", [state(10, 12)], extents=((10.0, 20.0),), ground_truth=True)
    found = of(says("a", [state(5, 18, "Down")]), truth, says("b", [state(5, 18, "Down")]))
    assert spans_of(found, "state") == [(5, 10, "Down"), (10, 12, "Up")]
    assert reviewed(found, "state") == [(0, 60)]
    assert found.truth == pytest.approx(1 / 6)


def test_silence_of_the_ground_truth_is_silence() -> None:
    found = of(says("a", [state(5, 18)]), says("lead", [], ground_truth=True))
    assert spans_of(found, "state") == []
    assert reviewed(found, "state") == [(0, 60)]
    assert found.truth == 1


def test_one_against_one_is_not_reviewed() -> None:
    found = of(says("a", [state(0, 10), leak(5, 6)]), says("b", [state(4, 14)]))
    assert spans_of(found, "state") == [(4, 10, "Up")]
    assert reviewed(found, "state") == [(4, 10), (14, 60)]
    assert reviewed(found, "event") == [(0, 5), (6, 60)]
    assert "2 parts in tier 'state' that have no majority" in found.left_out


def test_two_who_differ_about_borders_meet_in_the_middle() -> None:
    found = of(says("a", [state(10, 20), leak(10, 20)]), says("b", [state(11, 24), leak(11, 24)]))
    assert spans_of(found, "state") == [(10.5, 22, "Up")]
    assert spans_of(found, "event") == [(10.5, 22, "Leak")]
    assert reviewed(found, "state") == reviewed(found, "event") == [(0, 60)]
    assert found.left_out == []


def test_borders_between_two_states_meet_in_the_middle() -> None:
    found = of(
        says("a", [state(5, 20), state(20, 40, "Down")]),
        says("b", [state(5, 22), state(22, 40, "Down")]),
    )
    assert spans_of(found, "state") == [(5, 21, "Up"), (21, 40, "Down")]
    assert reviewed(found, "state") == [(0, 60)]


def test_border_of_one_label_does_not_cut_another() -> None:
    long = leak(5, 50, "Blip")
    found = of(says("a", [long, leak(10, 20)]), says("b", [long, leak(11, 20)]))
    assert spans_of(found, "event") == [(5, 50, "Blip"), (10.5, 20, "Leak")]
    assert reviewed(found, "event") == [(0, 60)]


def test_what_only_one_of_two_sees_stays_a_dispute() -> None:
    # Beside an event that both see, too, and as long as what they share.
    found = of(says("a", [state(10, 20), state(20, 25, "Down")]), says("b", [state(10, 20)]))
    assert spans_of(found, "state") == [(10, 20, "Up")]
    assert reviewed(found, "state") == [(0, 20), (25, 60)]
    found = of(says("a", [state(10, 20)]), says("b", [state(16, 20)]))
    assert reviewed(found, "state") == [(0, 10), (16, 60)]


def test_a_gap_that_only_one_of_two_sees_stays_a_dispute() -> None:
    found = of(says("a", [state(10, 20), state(21, 30)]), says("b", [state(10, 30)]))
    assert spans_of(found, "state") == [(10, 20, "Up"), (21, 30, "Up")]
    assert reviewed(found, "state") == [(0, 20), (21, 60)]


def test_two_of_three_are_a_majority() -> None:
    found = of(
        says("a", [state(0, 10), beat(20), leak(1, 3), leak(40, 50)]),
        says("b", [state(2, 12), beat(20.1), leak(2, 4, "Blip")]),
        says("c", [state(30, 31, "Down"), beat(50), leak(2, 5)]),
    )
    assert spans_of(found, "state") == [(2, 10, "Up")]
    assert spans_of(found, "event") == [(2, 3, "Leak")]
    assert spans_of(found, "beat") == [(20.05, 20.05, "N")]
    assert all(reviewed(found, tier) == [(0, 60)] for tier in ("state", "event", "beat"))


def test_three_different_states_have_no_majority() -> None:
    found = of(says("a", [state(0, 5)]), says("b", [state(0, 5, "Down")]), says("c", []))
    assert spans_of(found, "state") == []
    assert reviewed(found, "state") == [(5, 60)]


def test_touching_states_stay_two_where_the_majority_ends_one() -> None:
    two = [state(0, 10), state(10, 20)]
    assert (
        len(spans_of(of(says("a", two), says("b", two), says("c", [state(0, 20)])), "state")) == 2
    )
    one = [state(0, 20)]
    assert len(spans_of(of(says("a", one), says("b", two), says("c", one)), "state")) == 1


def test_only_who_was_present_counts() -> None:
    """b saw the second half only: the first half is a's alone."""
    b = says("b", [state(40, 50)], extents=((30.0, 60.0),))
    found = of(says("a", [state(0, 10), state(40, 50)]), b)
    assert spans_of(found, "state") == [(0, 10, "Up"), (40, 50, "Up")]
    assert reviewed(found, "state") == [(0, 60)]


def test_instants_without_a_majority_take_their_surroundings_along() -> None:
    found = of(says("a", [beat(10), beat(30)]), says("b", [beat(30, "V")]))
    assert spans_of(found, "beat") == []
    gaps = [(round(a, 3), round(b, 3)) for a, b in reviewed(found, "beat")]
    assert gaps == [(0, 9.5), (10.5, 29.5), (30.5, 60)]


def test_instants_of_other_labels_in_an_intervals_tier_do_not_contradict() -> None:
    spans = [leak(10, 10), leak(10, 10, "Blip")]
    found = of(says("a", spans), says("b", spans))
    assert spans_of(found, "event") == [(10, 10, "Blip"), (10, 10, "Leak")]


def test_labels_of_yesterday_are_no_background() -> None:
    spans = [state(10, 20, "Gone"), beat(30, "Gone"), state(40, 50, "UP")]
    found = of(says("a", [*spans, Span(1, 2, "x", "lost")]))
    assert spans_of(found, "state") == [(40, 50, "Up")]
    assert reviewed(found, "state") == [(0, 10), (20, 60)]
    assert reviewed(found, "beat") == [(0, 29.5), (30.5, 60)]
    assert found.left_out == [
        "1 span in tier 'lost', which the domain no longer has",
        "1 span of 'Gone' in tier 'beat', a label that it no longer has",
        "1 span of 'Gone' in tier 'state', a label that it no longer has",
    ]


def test_ground_truth_with_a_label_of_yesterday_is_not_replaced_by_others() -> None:
    lead = says("lead", [state(10, 20, "Gone")], ground_truth=True)
    found = of(lead, says("a", [state(10, 20)]))
    assert spans_of(found, "state") == []
    assert reviewed(found, "state") == [(0, 10), (20, 60)]


def test_marks_of_the_wrong_kind_are_left_out() -> None:
    found = of(says("a", [Span(5, 6, "N", "beat"), Span(7, 7, "Up", "state")]))
    assert (spans_of(found, "beat"), spans_of(found, "state")) == ([], [])
    assert reviewed(found, "beat") == [(0, 5), (6, 60)]
    assert "1 range in tier 'beat', which holds instants" in found.left_out


def test_overlapping_states_of_one_annotator_show_the_last_one() -> None:
    found = of(says("a", [state(0, 20), state(5, 10, "Down")]))
    assert spans_of(found, "state") == [(0, 5, "Up"), (5, 10, "Down"), (10, 20, "Up")]
    untouched = replace(state(5, 30, "Down"), origin="prediction")
    found = of(says("a", [state(0, 20), untouched]))
    assert spans_of(found, "state") == [(0, 20, "Up"), (20, 30, "Down")]


def test_views_review_their_tiers_only() -> None:
    domain = DOMAIN.model_copy(
        update={"views": (View(name="s", tiers=("state",)), View(name="b", tiers=("beat",)))}
    )
    annotations = [
        says("a", [state(0, 5), beat(1)], view="s"),
        says("b", [beat(2)], view="b"),
        says("c", [beat(3)], view="old"),
    ]
    found = training_set(annotations, domain, made)
    assert spans_of(found, "state") == [(0, 5, "Up")]
    assert spans_of(found, "beat") == [(2, 2, "N")]
    assert "event" not in found.examples[0].reviewed
    assert found.left_out == [
        "1 annotation in view 'old', which is no view now",
        "1 span in tier 'beat' outside of the annotation's view",
    ]


def test_the_last_annotation_of_one_annotator_counts() -> None:
    later = says("a", [state(6, 8, "Down")], extents=((5.0, 10.0),))
    found = of(says("a", [state(0, 20)]), later)
    assert spans_of(found, "state") == [(0, 5, "Up"), (6, 8, "Down"), (10, 20, "Up")]


def test_bad_recordings_are_skipped_and_named() -> None:
    def opened(key: str) -> Recording:
        if key == "bad":
            raise DataError("its source is gone", "Put it back.")
        return made(key)

    given = [
        says("a", [], key="bad"),
        says("a", [state(0, 1)]),
        says("a", [], key="r2", extents=()),
    ]
    found = training_set(given, DOMAIN, opened)
    assert [example.recording.id for example in found.examples] == ["r1"]
    assert found.left_out == [
        "recording 'bad' (1 annotation): its source is gone. Put it back.",
        "recording 'r2': nothing of it counts as reviewed",
        "1 annotation without a stretch that was reviewed",
    ]


def test_nothing_lies_outside_of_the_recording_or_the_extents() -> None:
    found = of(says("a", [state(50, 90), state(2, 4)], extents=((3.0, 70.0),)))
    assert spans_of(found, "state") == [(3, 4, "Up"), (50, 60, "Up")]
    assert reviewed(found, "state") == [(3, 60)]


def test_nothing_in_nothing_out() -> None:
    assert of().examples == []


def test_the_hash_is_that_of_the_content() -> None:
    given = [says("a", [state(0, 1), beat(3)], key=key) for key in ("r1", "r2", "r3")]
    one = of(*given).data_hash
    assert one == of(*reversed(given)).data_hash
    assert one == of(*[replace(g, annotator="b", lead_time=3.0) for g in given]).data_hash
    others = [
        of(*given[:2]),
        of(*given[:2], replace(given[2], recording="r4")),
        of(*given[:2], replace(given[2], spans=[state(0, 1.000001), beat(3)])),
        of(*given[:2], replace(given[2], extents=((0.0, 59.0),))),
    ]
    assert len({one, *(other.data_hash for other in others)}) == 5


# --- properties ---------------------------------------------------------------------------


@st.composite
def readings(draw: st.DrawFn) -> list[Annotation]:
    """Up to four annotators with borders on a coarse grid, so that many coincide."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        dice = random.Random(draw(st.integers(0, 2**20)))
        times = [dice.randint(0, 40) / 2 for _ in range(8)]
        pairs = [(min(p), max(p)) for p in zip(times[::2], times[1::2], strict=True)]
        spans = [state(a, b, dice.choice(["Up", "Down"])) for a, b in pairs[:2] if a < b]
        spans += [leak(a, b, dice.choice(["Leak", "Blip"])) for a, b in pairs[2:]]
        spans += [beat(dice.randint(0, 40) / 4, dice.choice("NV")) for _ in range(3)]
        extents = [(0.0, 20.0)] if dice.random() < 0.6 else [(3.0, 9.5), (11.0, 20.0)]
        found.append(says(f"a{number}", spans, extents=tuple(extents)))
    return found


def content(found: TrainingSet) -> object:
    return [(e.recording.id, list(e.spans), dict(e.reviewed)) for e in found.examples]


@given(readings(), st.randoms(use_true_random=False))
def test_the_order_and_names_of_annotators_play_no_part(
    annotations: list[Annotation], dice: random.Random
) -> None:
    mixed = [replace(a, annotator=f"x{n}") for n, a in enumerate(annotations)]
    dice.shuffle(mixed)
    assert content(of(*mixed)) == content(of(*annotations))


@given(readings(), st.integers(1, 30))
def test_a_shift_of_all_shifts_the_result(annotations: list[Annotation], seconds: int) -> None:
    def moved(parts: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(round(a + seconds, 6), round(b + seconds, 6)) for a, b in parts]

    shifted = [
        replace(
            a,
            spans=[s.moved(s.start + seconds, s.end + seconds) for s in a.spans],
            extents=moved(a.extents),
        )
        for a in annotations
    ]
    before, after = of(*annotations).examples, of(*shifted).examples
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        assert {t: moved(p) for t, p in one.reviewed.items()} == other.reviewed
        assert moved([(s.start, s.end) for s in one.spans]) == [
            (s.start, s.end) for s in other.spans
        ]


@given(readings())
def test_majorities_are_those_of_a_count_at_each_moment(annotations: list[Annotation]) -> None:
    """The oracle looks at the middle of every quarter of a second."""
    found = of(*annotations)
    (example,) = found.examples
    for step in range(80):
        at = step / 4 + 0.125
        present = [a for a in annotations if any(x <= at < y for x, y in a.extents)]
        for tier in ("state", "event"):
            votes = [_labels(a.spans, tier, at) for a in present]
            counts = {name: sum(name in v for v in votes) for v in votes for name in v}
            if tier == "state":
                silent = sum(not v for v in votes)
                clear = any(2 * n > len(present) for n in [silent, *counts.values()])
            else:
                clear = all(2 * n != len(present) for n in counts.values())
            inside = any(x <= at < y for x, y in example.reviewed.get(tier, ()))
            disputed = tier == "event" and _near_an_instant(annotations, at)
            if present and not clear and inside:  # a dispute about a border, which was settled
                assert _labels(example.spans, tier, at, painted=False) <= set().union(*votes)
                continue
            assert inside == (bool(present) and clear) or disputed
            if inside:
                agreed = {name for name, n in counts.items() if 2 * n > len(present)}
                assert _labels(example.spans, tier, at, painted=False) == agreed


def _labels(spans: Sequence[Span], tier: str, at: float, painted: bool = True) -> set[str]:
    here = [s.label for s in spans if s.tier == tier and s.start <= at < s.end]
    return set(here[-1:]) if tier == "state" and painted else set(here)


def _near_an_instant(annotations: Sequence[Annotation], at: float) -> bool:
    return any(s.is_instant and s.tier == "event" and abs(s.start - at) < 1 for a in annotations
               for s in a.spans)  # fmt: skip


def test_a_tier_of_case_folded_labels() -> None:
    tier = Tier(name="state", kind="states", labels=(Label(name="Straße"),))
    domain = DOMAIN.model_copy(update={"tiers": (tier,)})
    found = training_set([says("a", [state(0, 1, "STRASSE")])], domain, made)
    assert spans_of(found, "state") == [(0, 1, "Straße")]
