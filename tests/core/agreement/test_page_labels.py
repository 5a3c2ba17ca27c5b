"""Labels on the page: who used which, what is left out, and colours that are told apart."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from kit.agreement_pages import crowded, ranges, study, table

from tslab.agreement.events.histograms import BINS
from tslab.agreement.measure import Agreement, measure
from tslab.agreement.page.colors import (
    CARDS,
    FAR,
    NEAR,
    colors_of,
    dispute_colors,
    distance,
    style,
)
from tslab.agreement.page.document import page
from tslab.agreement.page.grids import OTHERS, event_confusions, time_confusion
from tslab.agreement.page.histograms import border_plots
from tslab.agreement.page.input import Names
from tslab.agreement.page.rows import Index, number
from tslab.agreement.page.tables import annotator_table, label_table
from tslab.agreement.report.result_text import agreement_text
from tslab.agreement.report.words import number as words_number
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import Intake, TierTable
from tslab.agreement.values import Readers
from tslab.pages.markup import LONGEST_NAME, short
from tslab.plugin_manager import load_domain

FEW = AgreementSettings(draws=0)


def cells(markup: str) -> list[list[str]]:
    """Text of each row's cells."""
    rows = re.findall("<tr>(.*?)</tr>", markup)
    found = [re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return [[re.sub("<[^>]*>", "", cell) for cell in row] for row in found]


def labels_of(tier: TierTable) -> tuple[list[list[str]], str]:
    (found,) = measure(Intake((tier,)), FEW).tiers
    markup = label_table(found, Index(found), FEW)
    return cells(markup), markup


def test_marks_of_people_truth_and_models_have_columns_of_their_own() -> None:
    (head, *rows), _ = labels_of(ranges())
    assert head[-3:] == ["marks of people", "of the truth", "of models"]
    assert [(row[0], row[-3:]) for row in rows] == [
        ("rest", ["6", "1", "1"]), ("walk", ["4", "1", "1"]),
    ]  # fmt: skip


def test_labels_that_nobody_used_are_one_line() -> None:
    (_, *rows), markup = labels_of(crowded())
    assert [row[0] for row in rows] == [f"label {n}" for n in range(9)]
    said = "Left out: 11 of 20 labels; nobody used label 9, label 10"
    assert said in markup
    assert "; models or the ground truth alone used label 12." in markup


def test_a_dash_says_why_below_the_table() -> None:
    made = table((("t",), ("a", "b"), ("x",)), [(0, 0, 0, 1, 2), (0, 1, 0, 5, 6)])
    _, markup = labels_of(TierTable("s", "intervals", made, Readers(("a", "b")), 0.1))
    assert "\u2013: no matched pair of events (x: onsets apart, offsets apart)" in markup
    assert 'title="no matched pair of events"' in markup


def test_tables_of_squares_hold_what_people_used() -> None:
    (tier,) = measure(Intake((crowded(),)), FEW).tiers
    names = Names([tier.tier.readers], tier.tier.table.tasks, False)
    time, events = time_confusion(tier, names), event_confusions(tier, names)
    assert time is not None
    assert events is not None
    own = [f"label {n}" for n in range(9)]
    assert [name for name in time.rows if name.startswith("label")] == own
    assert list(events.rows) == ["(no partner)", *own, OTHERS]
    hours = [sum(c.hours.sum() for c in tier.confusions), sum(sum(c.values) for c in time.choices)]
    assert hours[0] == pytest.approx(hours[1], rel=1e-4), "nothing is lost in the fold"


def test_models_have_the_last_word_where_people_are_alone() -> None:
    tier = replace(ranges(), readers=Readers(("anna",), models=("net 7",)))
    (found,) = measure(Intake((tier,)), FEW).tiers
    grid = time_confusion(found, Names([tier.readers], tier.table.tasks, False))
    assert grid is not None
    assert OTHERS not in grid.rows


def test_annotators_have_recordings_where_tasks_are_windows() -> None:
    (tier,) = measure(Intake((replace(ranges(), windows=ranges().table),)), FEW).tiers
    names = Names([tier.tier.readers], (), False)
    (head, *_) = cells(annotator_table(tier, Index(tier), FEW, names))
    assert head[-3:] == ["recordings", "reviewed", "marks"]


def test_many_labels_make_no_heavy_page() -> None:
    content = page(study(crowded())).decode()
    block = re.search('<script type="application/json".*?</script>', content, re.DOTALL)
    assert block is not None
    assert len(content) - len(block[0]) < 115_000


# --- colours ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ecg", "iot"])
def test_labels_of_a_domain_are_told_apart_and_seen(name: str) -> None:
    _, domain = load_domain(name)
    for tier in domain.tiers:
        labels = [label.name for label in tier.labels]
        marks = [(0, 0, n, n, n + 1) for n in range(len(labels))]
        made = table((("t",), ("a", "b"), labels), marks)
        own = TierTable(tier.name, tier.kind, made, Readers(("a", "b")), 0.1,
                        colors={label.name: label.color for label in tier.labels})  # fmt: skip
        found = colors_of(own)
        for one, other in itertools.combinations(range(len(labels)), 2):
            apart = distance(found.light[one], found.light[other])
            assert apart >= NEAR or found.weaves[one] != found.weaves[other], labels[other]
        for color, card in ((found.light, CARDS[0]), (found.dark, CARDS[1])):
            assert min(distance(c, card) for c in color) > 10
        given = [label.color.lower() for label in tier.labels]
        assert np.mean([a == b for a, b in zip(found.light, given, strict=True)]) > 0.8


def colored(colors: Sequence[str]) -> TierTable:
    labels = [f"l{n}" for n in range(len(colors))]
    made = table((("t",), ("a", "b"), labels), [(0, 0, n, n, n + 1) for n in range(len(labels))])
    given = dict(zip(labels, colors, strict=True))
    return TierTable("s", "states", made, Readers(("a", "b")), 0.1, colors=given)


@pytest.mark.parametrize("label", ["#d55e00", "#f57c00", "#b0006d", "#1d2430", "#000000"])
def test_where_people_differ_has_a_colour_of_its_own(label: str) -> None:
    assert distance(dispute_colors([colored([label])])[0], label) >= FAR
    assert f"--dispute:{dispute_colors([colored([label])])[0]}" in style([colored([label])])


def test_a_label_that_nobody_used_takes_no_pattern() -> None:
    tier = colored(["#d32f2f", "#d32f2f", "#d32f2f"])
    assert colors_of(tier).weaves == (0, 1, 2)
    silent = tier.table.where(tier.table.label != 1)
    assert colors_of(replace(tier, table=silent)).weaves == (0, 0, 1)


def test_distances_are_those_of_cielab() -> None:
    assert distance("#ffffff", "#000000") == pytest.approx(100, abs=0.01)
    assert distance("#ff0000", "#00ff00") == pytest.approx(170.57, abs=0.05)


# --- histograms ---------------------------------------------------------------------------


def beats(late: float, sample: float) -> Agreement:
    marks = [(0, a, 0, t + a * late, t + a * late) for a in range(2) for t in range(1, 90)]
    made = table((("t",), ("a", "b"), ("x",)), marks)
    return measure(
        Intake((TierTable("b", "instants", made, Readers(("a", "b")), 0.15, sample=sample),)), FEW
    )


@pytest.mark.parametrize(("sample", "width"), [(0.004, 0.005), (0.0, 0.001), (1.0, 1.0)])
def test_no_bin_is_narrower_than_a_sample(sample: float, width: float) -> None:
    (histogram,) = beats(0.0, sample).tiers[0].histograms
    assert np.diff(histogram.edges) == pytest.approx(np.full(BINS, width))
    assert histogram.counts[BINS // 2] == histogram.counts.sum() == 89


def test_a_label_with_a_plus_in_its_name_has_its_own_distances() -> None:
    labels = ("x + y", "z")
    marks = [(0, a, n, 10.0 * n + a * (n + 1), 10.0 * n + 9) for a in range(2) for n in range(2)]
    made = table((("t",), ("a", "b"), labels), marks)
    (found,) = measure(
        Intake((TierTable("b", "intervals", made, Readers(("a", "b")), 0.1),)), FEW
    ).tiers
    _, documents = border_plots(found.histograms, Index(found))
    said = [caption.split(", ")[1] for caption in documents[0][1]]
    assert said == ["median apart 1.5 s", "median apart 1 s", "median apart 2 s"]


def test_cards_have_plain_words() -> None:
    content = page(study()).decode()
    assert not re.search(r"(?i)<span>[^<]*(domain/|_)", content)


# --- what suits a label -------------------------------------------------------------------


def mixed() -> TierTable:
    """Spikes are instants, drifts last, and steps are both."""
    marks = [(0, a, 0, 5, 5) for a in range(2)] + [(0, a, 1, 10, 20) for a in range(2)]
    marks += [(0, a, 2, t, t + a * 3) for a, t in ((0, 30), (1, 40))]
    made = table((("t",), ("a", "b"), ("spike", "drift", "step")), marks)
    return TierTable("s", "intervals", made, Readers(("a", "b")), 0.5)


def test_a_label_of_instants_has_no_dash_for_events() -> None:
    (head, *rows), markup = labels_of(mixed())
    found = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert (found["spike"]["events F1"], found["spike"]["instants F1"]) == ("", "1.00")
    assert (found["drift"]["events F1"], found["drift"]["instants F1"]) == ("1.00", "")
    assert "" not in found["step"].values()
    assert "spike:" not in markup
    text = agreement_text(measure(Intake((mixed(),)), FEW))
    assert not re.search("nobody marked anything.*(spike|drift)", text)


def test_levels_of_labels_leave_out_those_that_nobody_used() -> None:
    text = agreement_text(measure(Intake((crowded(),)), FEW), 0, ["pair-label", "model-label"])
    names = set(re.findall(r"  (label \d+)  ", text))
    assert names == {*(f"label {n}" for n in range(9)), "label 12"}


def test_nothing_is_below_zero_that_shows_as_zero() -> None:
    assert [number("score", v) for v in (-0.004, -0.006, 0.0)] == ["0.00", "-0.01", "0.00"]
    assert number("share", -0.001) == "0%"
    assert words_number("time/cohen_kappa", -0.0001) == "0.000"


def test_long_names_are_told_apart_by_their_ends() -> None:
    long = [f"a.very.long.name.of.annotator.{n}@example.com" for n in range(3)]
    assert len({short(name[:-12]) for name in long}) == 3
    assert max(map(len, map(short, long))) <= LONGEST_NAME


def test_no_dash_stands_before_a_number() -> None:
    """Where there is no interval: it would be read as a minus."""
    settings = AgreementSettings(draws=50)
    (found,) = measure(Intake((mixed(),)), settings).tiers
    markup = label_table(found, Index(found), settings)
    (_, *rows) = cells(markup)
    assert rows[1][1] == "1.00"
    assert 'title="no interval' in markup
