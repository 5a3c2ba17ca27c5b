"""Configs that tslab did not write: names whatever the case, labels, hostile XML."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.foreign import config, config_xml

from tslab.errors import DataError
from tslab.label_studio.foreign.config import MAX_CHARACTERS, ForeignConfig, read_config


def labels(found: ForeignConfig, tier: str = "lab") -> list[str]:
    return [label.name for label in found.domain.tier(tier).labels]


def test_a_plain_config() -> None:
    found = config(form="%Q", sep=";", more='<Rating name="conf" toName="ts" perRegion="true"/>')
    assert found.object_name == "ts"
    assert (found.value_key, found.value_type) == ("csv", "url")
    assert (found.time_column, found.time_format, found.separator) == ("time", "%Q", ";")
    assert found.channels == ("a", "b")
    assert found.control_of == {"lab": "lab"}
    assert labels(found) == ["Run", "Walk"]
    assert found.other_controls == {"conf"}
    assert found.domain.name == "label-studio"
    assert found.domain.open_channels
    assert [tier.kind for tier in found.domain.tiers] == ["intervals"]


def test_tags_and_attributes_count_whatever_their_case() -> None:
    found = read_config(
        '<view><timeserieslabels NAME="Lab" TONAME="TS"><label VALUE="A"/></timeserieslabels>'
        '<TIMESERIES name="ts" VALUE="$d" valuetype="JSON" timecolumn="T" timeformat="%s">'
        '<channel COLUMN="X"/></TIMESERIES></view>'
    )
    assert found.value_type == "json"
    assert (found.value_key, found.time_column, found.time_format) == ("d", "T", "%s")
    assert found.channels == ("X",)
    assert found.tier_of("LAB") == "lab"


def test_channels_inside_and_outside_multichannel_each_once() -> None:
    found = read_config(
        '<View><TimeSeriesLabels name="l" toName="ts"><Label value="A"/></TimeSeriesLabels>'
        '<TimeSeries name="ts" value="$csv"><Channel column="x"/><MultiChannel>'
        '<Channel column="Y"/><Channel column="X"/></MultiChannel></TimeSeries></View>'
    )
    assert found.channels == ("x", "Y")


def test_defaults() -> None:
    found = read_config(
        '<View><TimeSeriesLabels name="l" toName="ts"><Label value="A"/></TimeSeriesLabels>'
        '<TimeSeries name="ts" value="$csv"/></View>'
    )
    assert (found.time_column, found.time_format, found.separator) == ("", "", ",")
    assert (found.value_type, found.channels, found.counts_milliseconds) == ("url", (), False)


@pytest.mark.parametrize("display", ["date", "%H:%M:%S.%L"])
def test_numbers_shown_as_dates_are_milliseconds(display: str) -> None:
    assert config(timeDisplayFormat=display).counts_milliseconds
    assert not config(timeDisplayFormat=".2f").counts_milliseconds


def test_a_tab_as_separator_survives() -> None:
    assert config(sep="&#9;").separator == "\t"
    assert config(sep="tab").separator == "tab"


def test_several_controls_become_several_tiers_and_those_of_others_none() -> None:
    found = read_config(
        '<View><TimeSeriesLabels name="Sleep stage" toName="ts"><Label value="N1"/>'
        '</TimeSeriesLabels><TimeSeriesLabels name="2nd" toName="ts"><Label value="Spindle"/>'
        '</TimeSeriesLabels><TimeSeriesLabels name="far" toName="other"><Label value="X"/>'
        '</TimeSeriesLabels><Labels name="words" toName="txt"><Label value="Y"/></Labels>'
        '<TimeSeries name="ts" value="$csv"/><TimeSeries name="other" value="$o"/>'
        '<Audio name="snd" value="$a"/><Text name="txt" value="$t"/></View>'
    )
    assert found.control_of == {"sleep_stage": "Sleep stage", "tier_2nd": "2nd"}
    assert labels(found, "sleep_stage") == ["N1"]
    assert labels(found, "tier_2nd") == ["Spindle"]
    assert found.other_controls == {"far", "words"}


def test_the_first_series_that_has_labels_counts() -> None:
    found = read_config(
        '<View><TimeSeries name="plain" value="$p"/><TimeSeries name="ts" value="$csv"/>'
        '<TimeSeriesLabels name="l" toName="ts"><Label value="A"/></TimeSeriesLabels></View>'
    )
    assert (found.object_name, found.value_key) == ("ts", "csv")


@pytest.mark.parametrize("name", ["ts", "TS", "метка", "9", "", "a b", "a-b"])
def test_any_name_of_a_control_becomes_a_legal_tier(name: str) -> None:
    found = read_config(
        f'<View><TimeSeriesLabels name="{name}" toName="x"><Label value="A"/></TimeSeriesLabels>'
        '<TimeSeries name="x" value="$csv"/></View>'
    )
    assert found.tier_of(name or "label") == found.domain.tiers[0].name


def test_controls_that_become_the_same_tier_are_kept_apart() -> None:
    found = read_config(
        '<View><TimeSeriesLabels name="a b" toName="x"><Label value="A"/></TimeSeriesLabels>'
        '<TimeSeriesLabels name="a-b" toName="x"><Label value="B"/></TimeSeriesLabels>'
        '<TimeSeries name="x" value="$csv"/></View>'
    )
    assert {name: labels(found, found.tier_of(name))[0] for name in ("a b", "a-b")} == {
        "a b": "A",
        "a-b": "B",
    }


def test_duplicate_labels_are_merged_and_hotkeys_dropped() -> None:
    found = config(labels=("Run", "Run", "Walk"))
    assert labels(found) == ["Run", "Walk"]
    assert {label.hotkey for label in found.domain.tiers[0].labels} == {""}


def test_labels_that_differ_by_case_stay_two_labels_in_any_order() -> None:
    for written in (["A", "a", "N"], ["a", "N", "A"], ["N", "a", "A"]):
        found = config(labels=written)
        assert sorted(labels(found)) == ["A", "N", "a (2)"]
        assert [found.label_of("lab", value) for value in ("A", "a", "n")] == ["A", "a (2)", "N"]
        assert found.values["lab"]["a (2)"] == "a"


def test_an_alias_is_what_results_carry_and_both_are_read() -> None:
    found = read_config(
        '<View><TimeSeriesLabels name="l" toName="ts"><Label value="Running" alias="R"/>'
        '<Label value="Walking"/></TimeSeriesLabels><TimeSeries name="ts" value="$csv"/></View>'
    )
    assert found.values["l"] == {"Running": "R", "Walking": "Walking"}
    assert found.label_of("l", "R") == found.label_of("l", "running") == "Running"
    assert found.label_of("l", "Jump") == ""
    assert found.label_of("nowhere", "R") == ""


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("<View/>", "no TimeSeries tag"),
        ('<View><TimeSeries name="ts" value="$csv"/></View>', "no TimeSeriesLabels"),
        (config_xml(labels=()), "has no Label"),
        (config_xml().replace('toName="ts"', 'toName="tz"'), "toName is 'tz'"),
        (config_xml().replace("$csv", "csv"), "names no key"),
        (config_xml().replace("$csv", "$"), "names no key"),
        ("<View><TimeSeries</View>", "cannot be read"),
        ("", "cannot be read"),
        ("\x00", "cannot be read"),
        ("\ud800", "cannot be read"),
        ("<View>" + " " * MAX_CHARACTERS + "</View>", "characters, more than"),
        (config_xml(labels=[f"l{i}" for i in range(1001)]), "1001 labels, more than"),
        (
            config_xml(labels=("A",)).replace(
                '<TimeSeries name="ts"',
                '<TimeSeriesLabels name="z" toName="q"/><TimeSeries name=""',
            ),
            "toName",
        ),
    ],
)
def test_what_is_missing_is_named_with_a_remedy(xml: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_config(xml)
    assert caught.value.remedy
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("xml", [None, 5, b"<View/>", ["<View/>"]])
def test_what_is_no_text_is_refused(xml: object) -> None:
    with pytest.raises(DataError, match="no text"):
        read_config(xml)  # type: ignore[arg-type]


def test_entities_are_neither_resolved_nor_fetched() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + config_xml(labels=("&b;",))
    with pytest.raises(DataError, match="DOCTYPE"):
        read_config(bomb)
    file = '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + config_xml()
    with pytest.raises(DataError, match="DOCTYPE"):
        read_config(file)


def test_deep_xml_is_refused() -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_config("<View>" * 20_000 + "</View>" * 20_000)


TAGS = ("View", "TimeSeries", "TimeSeriesLabels", "Label", "Channel", "MultiChannel", "Choices")
NAMES = ("name", "toName", "value", "timeColumn", "timeFormat", "sep", "column", "alias", "hotkey")
WORDS = st.sampled_from(["ts", "lab", "$csv", "", "A", "a", "%Q", "\t", "$", "é", "x" * 80])


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), words=st.lists(WORDS, min_size=1, max_size=12))
def test_any_tree_of_tags_is_read_or_refused(seed: int, words: list[str]) -> None:
    choose = random.Random(seed)

    def tag(depth: int) -> str:
        name = choose.choice(TAGS)
        attributes = "".join(
            f' {key}="{choose.choice(words)}"' for key in choose.sample(NAMES, choose.randint(0, 4))
        )
        inside = "".join(tag(depth + 1) for _ in range(choose.randint(0, 3 if depth < 4 else 0)))
        return f"<{name}{attributes}>{inside}</{name}>"

    try:
        found = read_config(f"<View>{tag(0)}{tag(0)}{tag(0)}</View>")
    except DataError:
        return
    assert found.domain.tiers
    assert set(found.control_of) == set(found.values) == set(found.labels_of)


@given(xml=st.one_of(st.text(max_size=200), st.text("<>/= \"'&;!-[]xmlView", max_size=200)))
def test_any_text_is_read_or_refused(xml: str) -> None:
    with pytest.raises(DataError):
        read_config(xml)
