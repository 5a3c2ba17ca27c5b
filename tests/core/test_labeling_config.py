"""The labeling config: legal for all domains, views, fields and axes, with explicit hotkeys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from lxml import etree

from tslab.domain import Channel, Choice, Domain, Label, RegionField, Tier, View
from tslab.label_studio.labeling_config import config_text, fit_time_axis, labeling_config
from tslab.lint.config_check import check_config
from tslab.plugin_manager import load_domain

NASTY = "<b>\"x\" & 'y'</b> größe 温度 $csv"


def text_of(domain: Domain, view: str = "all", channels: Sequence[str] = ("x",)) -> str:
    return config_text(labeling_config(domain, view, channels))


def findings(text: str, columns: Sequence[str] | None = None) -> list[str]:
    """Beside those that this domain asks for: several tiers in a view, channels without unit."""
    wanted = ("TSL057", "TSL067")
    return [str(x) for x in check_config(text, columns) if x.code not in wanted]


def parsed(text: str) -> etree._Element:
    return etree.fromstring(text.encode())


@pytest.mark.parametrize("name", ["ecg", "iot"])
@pytest.mark.parametrize("tick", [1000, 10, 1])
@pytest.mark.parametrize("count", [1, 2, 12])
def test_configs_of_installed_domains_have_no_finding(name: str, tick: int, count: int) -> None:
    _, domain = load_domain(name)
    known = [channel.name for channel in domain.channels]
    for view in domain.views:
        channels = (known or [f"Tag {i}" for i in range(count)])[:count]
        root = labeling_config(domain, view.name, channels)
        fit_time_axis(root, tick, 9, 86_401)
        assert check_config(config_text(root)) == []


@pytest.mark.parametrize("channels", [1, 3, 4, 9, 10, 30])
def test_fields_of_every_kind_have_no_finding(demo_domain: Domain, channels: int) -> None:
    names = [f"C{i}" for i in range(channels)]
    text = text_of(demo_domain, channels=names)
    assert findings(text, ["time", *(name.lower() for name in names)]) == []
    root = parsed(text)
    controls = {node.get("name"): node for node in root.iter() if node.get("toName") == "ts"}
    assert {node.tag for node in controls.values()} == {
        "TimeSeriesLabels", "Choices", "Rating", "Number", "TextArea",
    }  # fmt: skip
    per_region = {name for name, node in controls.items() if node.get("perRegion") == "true"}
    assert per_region == {item.name for item in demo_domain.fields}
    assert controls["severity"].get("maxRating") == "7"
    assert [node.get("value") for node in controls["lead"]] == names
    assert controls["causes"].get("choice") == "multiple"


def test_names_are_escaped_and_come_back() -> None:
    tier = Tier(name="t", kind="states", labels=(Label(name=NASTY, description=NASTY, code="<1>"),))
    field = RegionField(name="f", kind="choice", title=NASTY, choices=(Choice(value=NASTY),))
    domain = Domain(name="d", title=NASTY, tiers=(tier,), fields=(field,), open_channels=True)
    text = text_of(domain, channels=(NASTY,))
    assert "<b>" not in text
    root = parsed(text)
    label, choice, channel = (root.find(f".//{tag}") for tag in ("Label", "Choice", "Channel"))
    assert label is not None
    assert choice is not None
    assert channel is not None
    assert label.get("value") == choice.get("value") == channel.get("legend") == NASTY
    assert label.get("hint") == f"{NASTY} [<1>]"
    assert channel.get("column") == "b_x_y_b_gr_e_csv"


@pytest.mark.parametrize("labels", [1, 9, 20, 33])
def test_hotkeys_are_explicit_and_unique(make_domain: Any, labels: int) -> None:
    given = [Label(name=f"L{i}", hotkey="q" if i == labels - 1 else "") for i in range(labels)]
    tier = Tier(name="t", kind="intervals", labels=tuple(given))
    domain = make_domain(tiers=(tier,))
    root = parsed(text_of(domain, channels=("II", "V5")))
    keyed = [node for node in root.iter("Label", "Choice") if node.get("hotkey")]
    keys = [node.get("hotkey") for node in keyed]
    assert len(keys) == len(set(keys))
    assert "u" not in keys
    assert all(label.get("hotkey") for label in root.iter("Label"))
    shown = [n for n in root.iter("Choice") if n.getparent().get("layout") != "select"]
    if labels < 20:
        assert all(choice.get("hotkey") for choice in shown)
    last = root.findall(".//Label")[-1]
    assert last.get("hotkey") == "q"


def test_groups_share_a_pane_in_the_place_of_their_first_channel(make_domain: Any) -> None:
    channels = (
        Channel(name="ax", group="acc", unit="g", color="#aa0000"),
        Channel(name="hr", unit="bpm", value_range=(30.0, 1234567.25)),
        Channel(name="ay", group="acc"),
        Channel(name="env", derived=True),
    )
    root = parsed(text_of(make_domain(channels=channels), channels=("ax", "hr", "ay", "env")))
    series = root.find(".//TimeSeries")
    assert series is not None
    assert [child.tag for child in series] == ["MultiChannel", "Channel", "Channel"]
    assert [node.get("column") for node in series.iter("Channel")] == ["ax", "ay", "hr", "env"]
    assert series[1].get("dataRange") == "30,1234567.25"
    assert int(series[2].get("height", "")) < int(series[1].get("height", ""))
    assert findings(config_text(root)) == []


def test_overview_takes_the_views_channels_or_the_first_two(make_domain: Any) -> None:
    tiers = ("rhythm", "activity", "event", "mark")
    view = View(name="all", tiers=tiers, overview=("Temp A",))
    series = parsed(text_of(make_domain(views=(view,)), channels=("x", "y", "Temp A")))
    assert series.find(".//TimeSeries").get("overviewChannels") == "temp_a"
    series = parsed(text_of(make_domain(), channels=("x", "y", "z")))
    assert series.find(".//TimeSeries").get("overviewChannels") == "x,y"


def test_fields_of_other_labels_are_not_asked(make_domain: Any) -> None:
    fields = (
        RegionField(name="depth", kind="number", per_label=("Leak",), minimum=0.1234567, maximum=5),
        RegionField(name="beat", kind="text", per_label=("Peak",)),
        RegionField(name="note", kind="text", required=True),
    )
    views = (View(name="events", tiers=("event",)),)
    root = parsed(text_of(make_domain(fields=fields, views=views), "events"))
    assert [node.get("name") for node in root.iter("Number", "TextArea")] == ["depth", "note"]
    number = root.find(".//Number")
    assert number is not None
    assert (number.get("min"), number.get("max")) == ("0.1234567", "5")
    assert number.getparent().get("whenLabelValue") == "Leak"
    assert root.find(".//TextArea").get("required") == "true"


def test_time_axis_in_ms_is_a_clock_and_below_a_number(demo_domain: Domain) -> None:
    root = labeling_config(demo_domain, "all", ("x",))
    fit_time_axis(root, 1000, 7, 3600)
    series = root.find(".//TimeSeries")
    assert series is not None
    assert series.get("timeFormat") == "%Q"
    assert series.get("timeDisplayFormat") == "%H:%M:%S.%L"
    assert series.get("overviewWidth") == "7%"
    fit_time_axis(root, 10, 7, 3600)
    assert series.get("timeFormat") is None
    assert "10 µs" in config_text(root)
    assert findings(config_text(root)) == []


def test_the_same_domain_gives_the_same_text(demo_domain: Domain) -> None:
    assert text_of(demo_domain) == text_of(Domain.model_validate(demo_domain.model_dump()))
