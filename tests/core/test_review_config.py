"""The screen of a review: lanes, keys, questions."""

from __future__ import annotations

import re

import numpy as np
import pytest
from kit.review_study import DOMAIN
from lxml import etree

from tslab.domain import Domain
from tslab.label_studio.labeling_config import config_text, labeling_config
from tslab.label_studio.review.config import (
    CORRECTED,
    DISPUTE,
    NONE,
    REST,
    RESTS,
    VERDICT,
    VERDICTS,
    Shape,
    answers,
    is_right,
    review_config,
    verdict_keys,
    verdict_of,
)
from tslab.label_studio.review.lanes import OFF, STEP, lane, lane_values, lines, used_labels
from tslab.label_studio.task_groups import COLORS
from tslab.lint.colors import ENOUGH, NEAR_BLACK, WHITE, contrast
from tslab.lint.config_hotkeys import is_reserved
from tslab.plugin_manager import load_domain
from tslab.spans import Span

USED = {("state", "Walk"), ("state", "Run"), ("mark", "Peak")}
TIMES = np.arange(0, 10.01, 0.1)


def annotators_config(domain: Domain, view: str) -> str:
    """What annotators had."""
    return config_text(labeling_config(domain, view, ["force"]))


def offered(
    domain: Domain, view: str, letters: str = "ABC", window: str = "ABC"
) -> dict[str, dict[str, str]]:
    """Answers of a window with their keys, by control."""
    found = answers(
        verdict_keys(annotators_config(domain, view), domain, view, letters), set(window)
    )
    return {
        control: {item["value"]: item.get("hotkey", "") for item in found[name]}
        for control, name in ((VERDICT, VERDICTS), (REST, RESTS))
    }


def made(domain: Domain, view: str, letters: str = "ABC") -> etree._Element:
    """The config of a review whose windows have up to four disputes."""
    used = {(t.name, label.name) for t in domain.view_tiers(view) for label in t.labels[:2]}
    text = annotators_config(domain, view)
    shape = Shape(letters, 4, lines(domain, view, used))
    return etree.fromstring(review_config(text, domain, view, shape).encode())


def test_a_label_that_holds_throughout_has_a_line_in_the_lane() -> None:
    """The editor scales lines of long windows by what they span: a constant one would vanish."""
    walk, run, peak = lines(DOMAIN, "anomalies", USED)
    everywhere = lane_values(walk, [Span(0, 20, "Walk", "state")], TIMES)
    assert 0 < np.ptp(everywhere) < 0.02, "a fraction of a pixel"
    assert set(everywhere[1:]) == {walk.level}
    assert set(lane_values(run, [Span(0, 20, "Walk", "state")], TIMES)) == {OFF}
    assert OFF < run.level < walk.level == peak.level


@pytest.mark.parametrize("labels", [1, 2, 5, 7, 12])
def test_levels_fill_the_lane_and_nothing_else_is_in_it(labels: int) -> None:
    tier = load_domain("ecg")[1].tier("rhythm")
    used = {(tier.name, label.name) for label in tier.labels[:labels]}
    shown = lines(load_domain("ecg")[1], "rhythm", used)
    pane = lane(shown, "A")
    pixels = int(str(pane.get("height")))
    assert 24 <= pixels <= 30
    (given,) = {str(channel.get("dataRange")) for channel in pane}
    low, high = map(float, given.split(","))

    def at(level: float) -> float:  # the editor leaves 10 pixels on both sides of its range
        return pixels - 10 - (level - low) / (high - low) * (pixels - 20)

    places = [at(line.level) for line in shown]
    assert places[0] == pytest.approx(5, abs=0.01)
    assert places == sorted(set(places))
    assert labels == 1 or places[-1] == pytest.approx(pixels - 5, abs=0.01)
    assert at(OFF) > pixels + 5
    assert at(shown[0].level - STEP) - places[0] < 0.5


def test_touching_spans_of_one_label_have_a_notch_between_them() -> None:
    (walk, *_) = lines(DOMAIN, "anomalies", USED)
    one = [Span(1, 9, "Walk", "state")]
    two = [Span(1, 5, "Walk", "state"), Span(5, 9, "Walk", "state")]
    on_one, on_two = (lane_values(walk, spans, TIMES) == walk.level for spans in (one, two))
    assert np.flatnonzero(on_one != on_two).tolist() == [50]
    assert np.flatnonzero(on_one).tolist() == list(range(10, 90))
    reaching = [Span(1, 6, "Walk", "state"), Span(5, 9, "Walk", "state")]
    assert np.flatnonzero(
        on_one != (lane_values(walk, reaching, TIMES) == walk.level)
    ).tolist() == [50, 60]


def test_notches_and_instants_outlive_the_editors_thinning() -> None:
    """It keeps every k-th row of a long window, so as to have ten for each pixel."""
    walk, _, peak = lines(DOMAIN, "anomalies", USED)
    times = np.arange(100_000) / 1000
    for at in np.arange(10, 90, 7.777).tolist():
        two = [Span(0, at, "Walk", "state"), Span(at, 100, "Walk", "state")]
        assert (lane_values(walk, two, times)[::10] == OFF).any()
        assert (lane_values(peak, [Span(at, at, "Peak", "mark")], times)[::10] == peak.level).any()


def test_lanes_show_labels_that_somebody_used_only() -> None:
    spans = [Span(0, 5, "Walk", "state"), Span(7, 9, "Run", "state")]
    assert used_labels(spans, 6, 8) == {("state", "Run")}
    shown = [line.label.name for line in lines(DOMAIN, "anomalies", USED)]
    assert shown == ["Walk", "Run", "Peak"]
    assert [line.column("B") for line in lines(DOMAIN, "anomalies", USED)] == [
        "said_b_state_2",
        "said_b_state_3",
        "said_b_mark_1",
    ]


def test_verdicts_are_on_their_own_letters_where_those_are_free() -> None:
    found = offered(DOMAIN, "anomalies")
    wanted = {is_right("A"): "a", is_right("B"): "b", is_right("C"): "c", CORRECTED: "x"}
    assert found[VERDICT] == wanted
    assert found[REST] == {"A": "shift+a", "B": "shift+b", "C": "shift+c", NONE: "shift+x"}


def test_a_window_offers_the_letters_of_its_own_readings_only() -> None:
    """Their keys are those of the other windows, and so is the last one."""
    most = offered(load_domain("ecg")[1], "rhythm", "ABCD", "ABCD")
    fewer = offered(load_domain("ecg")[1], "rhythm", "ABCD", "ABC")
    for control, absent in ((VERDICT, is_right("D")), (REST, "D")):
        assert absent in most[control]
        assert fewer[control] == {v: key for v, key in most[control].items() if v != absent}
    root = made(load_domain("ecg")[1], "rhythm", "ABCD")
    named = {node.get("name"): node.get("value") for node in root.iter("Choices")}
    assert (named[VERDICT], named[REST]) == (f"${VERDICTS}", f"${RESTS}")
    text = etree.tostring(root, encoding="unicode")
    names = re.findall(r'name="([^"]*)"', text)
    assert len(names) == len(set(names)), "the server looks for names as this does"


@pytest.mark.parametrize("view", ["rhythm", "beats"])
@pytest.mark.parametrize("letters", ["AB", "ABC"])
def test_verdicts_are_side_by_side_where_one_letter_is_taken(view: str, letters: str) -> None:
    """Keys of which one is elsewhere cannot be learnt."""
    domain = load_domain("ecg")[1]
    root, found = made(domain, view, letters), offered(domain, view, letters, letters)
    keys = list(found[VERDICT].values())
    first = {"rhythm": 4, "beats": 3}[view]
    assert keys == [*(str(first + n) for n in range(len(letters))), "0"]
    labels = {node.get("hotkey") for node in root.iter("Label")}
    assert not labels & set(keys)
    assert list(found[REST].values()) == [f"shift+{key}" for key in keys]
    style = next(root.iter("Style")).text or ""
    assert all(f'content: "{key}"' in style for key in keys[:-1]), "lanes say it, too"


def test_the_editor_hands_out_no_key_by_itself() -> None:
    for view in ("rhythm", "beats"):
        domain = load_domain("ecg")[1]
        root, found = made(domain, view), offered(domain, view)
        control = next(n for n in root.iter("TimeSeriesLabels") if n.get("name") == DISPUTE)
        assert [node.get("value") for node in control] == [f"Dispute {n}" for n in range(1, 5)]
        given = [
            *(str(node.get("hotkey", "")) for node in control),
            *found[REST].values(),
            *found[VERDICT].values(),
        ]
        assert "" not in given
        assert len(given) == len(set(given))
        assert not any(map(is_reserved, given))


def test_keys_without_room_in_any_row_are_free_ones_all_the_same() -> None:
    root = etree.Element("View")
    for key in "abcdefghijklmnopqrstvwxyz134567890":
        etree.SubElement(root, "Label", hotkey=key)
    text = config_text(root)
    assert [key for _, key in verdict_keys(text, DOMAIN, "anomalies", "ABC")] == ["2", "", "", ""]


def test_answers_are_read_as_they_are_written() -> None:
    for letter in "ABCDEFGH":
        assert verdict_of(is_right(letter)) == verdict_of(letter) == letter
    assert verdict_of(CORRECTED) == verdict_of(NONE) == ""
    assert verdict_of("Z") is verdict_of(None) is None


def test_the_question_stands_above_the_signal_and_the_labels_below() -> None:
    root = made(DOMAIN, "anomalies")
    order = [node.tag for node in root]
    place = order.index("TimeSeries")
    choices = next(node for node in root.iter("Choices") if node.get("name") == VERDICT)
    above = [node for node in root[:place] if choices in node.iter()]
    assert len(above) == 1
    assert order[place + 1 : place + 4] == ["TimeSeriesLabels"] * 3


@pytest.mark.parametrize("letters", ["AB", "ABCD", "ABCDEFGH"])
def test_the_signal_keeps_half_of_its_height_at_least(letters: str) -> None:
    ecg = load_domain("ecg")[1]
    channels = ["I", "II", "HR"]
    text = config_text(labeling_config(ecg, "rhythm", channels))
    before = [int(str(n.get("height"))) for n in etree.fromstring(text.encode()).iter("Channel")]
    used = {("rhythm", label.name) for label in ecg.tier("rhythm").labels[:7]}
    shape = Shape(letters, 4, lines(ecg, "rhythm", used))
    root = etree.fromstring(review_config(text, ecg, "rhythm", shape).encode())
    after = [int(str(n.get("height"))) for n in root.iter("Channel") if n.get("height")]
    assert len(before) == len(after) == 3
    assert all(now >= was // 2 for was, now in zip(before, after, strict=True))
    assert (after[0] > before[0] // 2) == (len(letters) < 8), "more where there is room"


def test_lines_of_channels_show_in_both_themes() -> None:
    named = [channel.color for name in ("ecg", "iot") for channel in load_domain(name)[1].channels]
    for color in (*COLORS, *named):
        assert min(contrast(color, WHITE), contrast(color, NEAR_BLACK)) >= ENOUGH
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
