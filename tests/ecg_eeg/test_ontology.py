"""Codes, colours and keys of rhythms and beats."""

from __future__ import annotations

import itertools

import pytest
from wfdb.io.annotation import ann_label_table

from tslab import Label
from tslab.domain import RESERVED_HOTKEYS
from tslab_ecg_eeg.ecg_ontology import BEATS, CHANNELS, DOMAIN, LEAD_NAMES, RHYTHM, UNLABELLED
from tslab_ecg_eeg.wfdb_annotations import ALIASES

# Aux strings of MITDB, AFDB and VFDB, as facts/domains.md 1A.a lists them.
PUBLISHED = {
    *("(N", "(NSR", "(SBR", "(AFIB", "(AFL", "(SVTA", "(AB", "(J", "(NOD", "(VT", "(B", "(T"),
    *("(IVR", "(VER", "(VFL", "(VF", "(VFIB", "(ASYS", "(HGEA", "(BI", "(BII", "(PREX", "(P"),
    *("(PM", "(NOISE"),
}
EXTENSIONS = {"(ST", "(PAUSE", "(BIII"}

# The policy of facts/domains.md 1A.b; a second rhythm of one letter takes another key.
KEYS = {
    "(N": "n",
    "(AFIB": "f",
    "(AFL": "g",
    "(SVTA": "s",
    "(VT": "v",
    "(VF": "x",
    "(B": "b",
    "(T": "t",
    "(IVR": "i",
    "(NOD": "j",
    "(SBR": "d",
    "(BI": "1",
    "(BII": "2",
    "(BIII": "3",
    "(P": "p",
    "(PREX": "w",
    "(ASYS": "y",
    "(NOISE": "z",
}
BEAT_KEYS = {
    "N": "n",
    "L": "l",
    "R": "r",
    "A": "a",
    "S": "s",
    "V": "v",
    "E": "e",
    "F": "w",
    "Q": "q",
}


@pytest.mark.parametrize("labels", [RHYTHM.labels, BEATS.labels], ids=["rhythm", "beats"])
def test_every_label_has_its_own_code_key_colour_and_description(
    labels: tuple[Label, ...],
) -> None:
    for values in (
        [label.code for label in labels],
        [label.hotkey for label in labels],
        [label.color.lower() for label in labels],
    ):
        assert all(values)
        assert len(set(values)) == len(values)
    assert all(label.description for label in labels)


def test_beat_codes_are_symbols_of_wfdb() -> None:
    assert {label.code for label in BEATS.labels} <= set(ann_label_table["symbol"])


def test_rhythm_codes_are_published_or_said_to_be_extensions() -> None:
    codes = {label.code for label in RHYTHM.labels}
    assert codes - PUBLISHED == EXTENSIONS
    for label in RHYTHM.labels:
        told = "extension of WFDB" in label.description
        assert told == (label.code in EXTENSIONS), label.name
    assert UNLABELLED not in codes | PUBLISHED


def test_aliases_are_published_and_lead_to_labels() -> None:
    codes = {label.code for label in RHYTHM.labels}
    assert set(ALIASES) <= PUBLISHED
    assert set(ALIASES.values()) <= codes
    assert not set(ALIASES) & codes


@pytest.mark.parametrize("labels", [RHYTHM.labels, BEATS.labels], ids=["rhythm", "beats"])
def test_colours_can_be_told_apart(labels: tuple[Label, ...]) -> None:
    """Weighted distance of https://www.compuphase.com/cmetric.htm; black to white is 765."""
    for one, other in itertools.combinations(labels, 2):
        assert colour_distance(one.color, other.color) >= 20, (one.name, other.name)


@pytest.mark.parametrize("label", [*RHYTHM.labels, *BEATS.labels], ids=lambda x: x.name)
def test_colours_are_dark_enough_for_white_text(label: Label) -> None:
    red, green, blue = channels(label.color)
    assert 0.299 * red + 0.587 * green + 0.114 * blue < 175


def test_hotkeys_follow_the_policy() -> None:
    keys = {label.code: label.hotkey for label in RHYTHM.labels}
    assert {code: keys[code] for code in KEYS} == KEYS
    beats = {label.code: label.hotkey for label in BEATS.labels}
    assert {code: beats[code] for code in BEAT_KEYS} == BEAT_KEYS


@pytest.mark.parametrize("view", DOMAIN.views, ids=lambda view: view.name)
def test_no_key_is_reserved_or_means_two_things_in_a_view(view: object) -> None:
    labels = [label for tier in DOMAIN.view_tiers(view.name) for label in tier.labels]  # type: ignore[attr-defined]
    keys = [label.hotkey for label in labels]
    keys += [c.hotkey for f in (*DOMAIN.fields, *DOMAIN.task_fields) for c in f.choices]
    keys = [key for key in keys if key]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & RESERVED_HOTKEYS
    assert "u" not in keys


@pytest.mark.parametrize(
    ("source", "role"),
    [
        ("MLII", "II"),
        ("ECG I", "I"),
        ("ecg ii", "II"),
        ("MDC_ECG_LEAD_AVF", "aVF"),
        ("avr", "aVR"),
        ("V5", "V5"),
        ("EKG", "II"),
        ("ECG1", "II"),
        ("ECG2", "ECG2"),
        ("CM5", "V5"),
    ],
)
def test_lead_names_of_files_are_known(source: str, role: str) -> None:
    channel = DOMAIN.channel(source)
    assert channel is not None
    assert channel.name == role


def test_no_alias_means_two_leads() -> None:
    seen: dict[str, str] = {}
    for channel in CHANNELS:
        for name in (channel.name, *channel.aliases):
            squeezed = name.replace(" ", "").replace("_", "").lower()
            assert seen.setdefault(squeezed, channel.name) == channel.name, name


@pytest.mark.parametrize("name", ["ABP", "RESP", "PLETH", "SpO2", "EEG Fpz-Cz", "EMG"])
def test_other_signals_are_no_leads(name: str) -> None:
    assert DOMAIN.channel(name) is None


def test_heart_rate_is_the_only_derived_channel() -> None:
    assert [channel.name for channel in CHANNELS if channel.derived] == ["HR"]
    assert "HR" not in LEAD_NAMES


def channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def colour_distance(one: str, other: str) -> float:
    a, b = channels(one), channels(other)
    mean = (a[0] + b[0]) / 2
    red, green, blue = (x - y for x, y in zip(a, b, strict=True))
    weights = (2 + mean / 256, 4.0, 2 + (255 - mean) / 256)
    return float((weights[0] * red**2 + weights[1] * green**2 + weights[2] * blue**2) ** 0.5)
