"""Labels, ISO 14224 codes and fields of machine telemetry."""

from __future__ import annotations

import itertools
import re

import pytest

from tslab import Choice, RegionField
from tslab.domain import RESERVED_HOTKEYS
from tslab_iot_maintenance.ontology import DOMAIN, FAULTS, SHAPES, failure_mode, mechanism
from tslab_iot_maintenance.segment import COURSE_CODES, SENSOR_CODES
from tslab_iot_maintenance.synthetic import synthesize_machine

# facts/domains.md 2.a and 2.b: code -> key.
POLICY = {
    "SPK": "s",
    "PCX": "c",
    "DRP": "d",
    "SRG": "g",
    "LVL": "l",
    "TRD": "t",
    "VAR": "v",
    "OSC": "o",
    "SHP": "w",
    "STK": "f",
    "CLP": "k",
    "NSE": "n",
    "DRO": "m",
    "TSE": "z",
    "MNT": "p",
    "OPM": "b",
    "NRM": "x",
}


def field(name: str) -> RegionField:
    return next(item for item in DOMAIN.fields if item.name == name)


def codes(choices: tuple[Choice, ...]) -> list[str]:
    return [choice.code for choice in choices]


def test_labels_follow_the_policy() -> None:
    assert {label.code: label.hotkey for label in SHAPES.labels} == POLICY


def test_every_label_has_its_own_colour_and_a_description() -> None:
    colors = [label.color.lower() for label in SHAPES.labels]
    assert len(set(colors)) == len(colors)
    assert all(label.description for label in SHAPES.labels)


def test_colours_can_be_told_apart() -> None:
    for one, other in itertools.combinations(SHAPES.labels, 2):
        pairs = [
            (int(one.color[i : i + 2], 16), int(other.color[i : i + 2], 16)) for i in (1, 3, 5)
        ]
        assert sum(abs(a - b) for a, b in pairs) >= 30, (one.name, other.name)


@pytest.mark.parametrize("name", ["failure_mode", "mechanism", "severity"])
def test_codes_of_a_field_are_unique(name: str) -> None:
    choices = field(name).choices
    assert all(codes(choices))
    assert len(set(codes(choices))) == len(choices)
    assert len({choice.value for choice in choices}) == len(choices)


def test_failure_modes_are_three_letters_and_mechanisms_numbers() -> None:
    assert all(re.fullmatch(r"[A-Z]{3}", code) for code in codes(field("failure_mode").choices))
    assert all(re.fullmatch(r"[1-6]\.\d", code) for code in codes(field("mechanism").choices))


def test_the_function_gives_the_answer_of_the_field() -> None:
    for code in codes(field("failure_mode").choices):
        assert failure_mode(code) in {choice.value for choice in field("failure_mode").choices}
    for code in codes(field("mechanism").choices):
        assert mechanism(code) in {choice.value for choice in field("mechanism").choices}
    with pytest.raises(KeyError):
        failure_mode("XXX")


@pytest.mark.parametrize("name", ["failure_mode", "mechanism", "severity"])
def test_only_faults_are_asked_what_they_mean(name: str) -> None:
    assert set(field(name).per_label) == set(FAULTS)
    assert not {"Maintenance", "Operating mode", "Normal"} & set(FAULTS)
    assert len(FAULTS) == len(SHAPES.labels) - 3


def test_severities_have_digits() -> None:
    choices = field("severity").choices
    assert [choice.hotkey for choice in choices] == ["0", "1", "2", "3", "4"]
    assert all(choice.description for choice in choices)


def test_no_key_means_two_things() -> None:
    keys = [label.hotkey for label in SHAPES.labels]
    keys += [c.hotkey for item in (*DOMAIN.fields, *DOMAIN.task_fields) for c in item.choices]
    used = [key for key in keys if key]
    assert len(set(used)) == len(used)
    assert not set(used) & RESERVED_HOTKEYS


def test_fields_can_be_answered() -> None:
    for item in DOMAIN.fields:
        if item.kind == "choice":
            assert item.choices, item.name
    assert field("channel").multiple
    assert field("quality").maximum == 5


def test_what_detectors_report_is_a_label() -> None:
    labels = {label.code for label in SHAPES.labels}
    assert {*SENSOR_CODES, *COURSE_CODES, "SPK", "PCX"} <= labels


def test_planted_faults_use_codes_that_exist() -> None:
    labels = {label.code for label in SHAPES.labels}
    for planted in synthesize_machine(seed=1).truth:
        assert planted.code in labels
        assert failure_mode(planted.failure_mode)
        assert mechanism(planted.mechanism)
        assert str(planted.severity) in {choice.value for choice in field("severity").choices}


def test_any_channel_is_welcome() -> None:
    assert DOMAIN.open_channels
    assert not DOMAIN.channels
    assert not DOMAIN.health
