"""The first sentence follows from events, borders and time, and is the same everywhere."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from kit.event_tables import table_of

from tslab.agreement.measure import Agreement, measure
from tslab.agreement.page.document import page
from tslab.agreement.report.headline import OF_TIME, headline
from tslab.agreement.report.result_document import document
from tslab.agreement.report.result_text import agreement_text
from tslab.agreement.report.sentences import NO_EVENTS, level, sentences
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import Intake, TierTable
from tslab.agreement.values import Readers

SECOND = 1_000_000


def measured(
    rows: Sequence[tuple[float, ...]], kind: str = "intervals", people: int = 2
) -> Agreement:
    """Rows of (who, label, start, end) in seconds."""
    spans = [(0, int(who), int(label), int(start * SECOND), int(end * SECOND))
             for who, label, start, end in rows]  # fmt: skip
    table = table_of(spans, until=100 * SECOND)
    readers = Readers(table.annotators[:people], None, table.annotators[people:])
    tier = TierTable("t", kind, table, readers, 0.1)
    return measure(Intake((tier,)), AgreementSettings(draws=0))


def says(rows: Sequence[tuple[float, ...]], kind: str = "intervals", people: int = 2) -> list[str]:
    found = measured(rows, kind, people)
    return sentences(found.tiers[0], found.settings)


def both(label: int, *spans: tuple[float, float, float]) -> list[tuple[float, ...]]:
    """Spans of the first, and of the second who begins later by so much."""
    first = [(0, label, start, end) for start, end, _ in spans]
    return [*first, *((1, label, start + late, end) for start, end, late in spans)]


@pytest.mark.parametrize(
    ("share", "said"),
    [(1, "very closely"), (0.9, "very closely"), (0.899, "closely"), (0.5, "in part"),
     (0.499, "little"), (-3, "little")],
)  # fmt: skip
def test_levels(share: float, said: str) -> None:
    assert level(share) == said


def test_equal_readings_agree_very_closely() -> None:
    first, *rest = says(both(0, (0, 10, 0), (20, 30, 0)))
    assert (
        first == "Annotators agree very closely: of all events that two of them mark, 100% match."
    )
    assert "but" not in first
    assert rest == ["Where they match, onsets are 0 ms apart and offsets 0 ms (median)."]


def test_events_that_match_are_no_close_agreement_where_time_is_not_common() -> None:
    # Every event has IoU 0.5, so that all match.
    first = says(both(0, (0, 10, 5), (20, 30, 5), (40, 50, 5)))[0]
    assert first.startswith("Annotators agree in part: of all events that two of them mark, 100%")
    assert first.endswith("but time in common is 0.50 (IoU, mean of labels).")


def test_borders_that_are_far_apart_are_said() -> None:
    # One long event hides in the time of all that the short ones are off by half.
    short = [(float(at), at + 1.0, 0.45) for at in range(60, 66)]
    first = says(both(0, (0, 50, 0), *((start, end + 0.45, 0.45) for start, end, _ in short)))[0]
    assert first.endswith("but borders are 225 ms apart where events last 1.45 s (medians).")


def test_the_weakest_label_is_named_with_its_time() -> None:
    rows = [*both(0, (0, 10, 0), (20, 30, 0)), *both(1, (40, 50, 5), (60, 70, 5))]
    assert "Least agreed on is L1 (100%, IoU 0.50), most L0 (100%, IoU 1.00)." in says(rows)


def test_labels_that_are_all_alike_have_no_weakest() -> None:
    rows = [*both(0, (0, 10, 0)), *both(1, (40, 50, 0))]
    assert "All 2 labels are agreed on alike." in says(rows)


def stages(who: int, *borders: float) -> list[tuple[float, ...]]:
    """Two labels in turn that fill 100 s."""
    ends = [0.0, *borders, 100.0]
    return [(who, n % 2, a, b) for n, (a, b) in enumerate(itertools.pairwise(ends))]


def test_where_each_moment_has_a_label_time_counts_first() -> None:
    """A short stretch that one sees otherwise cuts the others' in two: no event matches."""
    rows = [*stages(0, 60), *stages(1, 28, 32, 60)]
    assert says(rows) == [
        "Annotators agree very closely: 96% of the time has the same label; beyond chance, "
        "kappa is 0.92.",
        "Of all stretches of one label, 33% match.",
        "Where they match, onsets are 0 ms apart (median).",
        "Least agreed on is L0 (0%, IoU 0.93), most L1 (67%, IoU 0.91).",
        "Most often L0 and L1 are taken for each other (4% of the time).",
    ]
    found = measured(rows)
    assert next(iter(headline(found.tiers[0], found.settings))).metric == OF_TIME[0]
    few = [(who, label, start, end * 0.9) for who, label, start, end in rows]
    assert says(few)[0].startswith("Annotators agree little: of all events"), "10 s are unlabelled"


def test_what_one_marks_alone_is_counted_in_pairs() -> None:
    assert says([(0, 0, 0, 10), (1, 1, 0, 10), (0, 0, 40, 50)])[-2:] == [
        "Most often L0 and L1 are taken for each other (1 time).",
        "1 time one of two marks what the other does not.",
    ]


def test_instants_are_judged_by_themselves() -> None:
    rows = [(who, 0, at, at) for who in (0, 1) for at in (1, 2, 3)]
    assert says(rows, "instants")[0] == (
        "Annotators agree very closely: of all instants that two of them mark, 100% match."
    )


def test_nobody_and_one_against_a_model() -> None:
    assert says([]) == [NO_EVENTS]
    assert says([(0, 0, 0, 10), (1, 0, 0, 10)], people=1) == [
        "Of all events of a0 and of a1, 100% match."
    ]


def test_terminal_json_and_page_say_the_same() -> None:
    found = measured([*both(0, (0, 10, 5)), *both(1, (40, 50, 0))])
    said = sentences(found.tiers[0], found.settings)
    assert document(found)["tiers"][0]["says"] == said
    assert "\n".join(said) in agreement_text(found)
    shown = page(found).decode()
    assert said[0] in shown
    assert " ".join(said[1:]) in shown
