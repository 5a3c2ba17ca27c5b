"""The reference's settings, under its names and with its defaults."""

from __future__ import annotations

import pytest

from tslab.errors import UsageError
from tslab.segmentation.lstm.settings import LstmSettings


def test_defaults_are_those_of_the_reference() -> None:
    assert LstmSettings.from_environment({}).by_name() == {
        "TRAIN_EPOCHS": 1000,
        "SEQUENCE_SIZE": 50,
        "HIDDEN_SIZE": 64,
        "BALANCED_ACCURACY_THRESHOLD": 0.85,
        "MIN_CLASS_F1_THRESHOLD": 0.70,
        "USE_CLASS_WEIGHTS": True,
        "TRAIN_PATIENCE": 20,
    }


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("TRAIN_EPOCHS", "2000", 2000),
        ("SEQUENCE_SIZE", " 20 ", 20),
        ("HIDDEN_SIZE", "32", 32),
        ("BALANCED_ACCURACY_THRESHOLD", ".9", 0.9),
        ("MIN_CLASS_F1_THRESHOLD", "0.60", 0.6),
        ("USE_CLASS_WEIGHTS", "False", False),
        ("USE_CLASS_WEIGHTS", "on", True),
        ("TRAIN_PATIENCE", "5", 5),
    ],
)
def test_each_setting_is_read(name: str, text: str, value: object) -> None:
    found = LstmSettings.from_environment({name: text}).by_name()
    assert found[name] == value
    others = {key: x for key, x in LstmSettings().by_name().items() if key != name}
    assert {key: x for key, x in found.items() if key != name} == others


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQUENCE_SIZE", "33")
    assert LstmSettings.from_environment().window == 33


def test_an_empty_variable_counts_as_absent() -> None:
    assert LstmSettings.from_environment({"TRAIN_EPOCHS": " "}) == LstmSettings()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TRAIN_EPOCHS", "0"),
        ("TRAIN_EPOCHS", "-3"),
        ("TRAIN_EPOCHS", "1e3"),
        ("TRAIN_EPOCHS", "9" * 5000),
        ("SEQUENCE_SIZE", "1"),
        ("SEQUENCE_SIZE", "fifty"),
        ("HIDDEN_SIZE", "²"),
        ("BALANCED_ACCURACY_THRESHOLD", "85"),
        ("BALANCED_ACCURACY_THRESHOLD", "nan"),
        ("MIN_CLASS_F1_THRESHOLD", "high"),
        ("USE_CLASS_WEIGHTS", "maybe"),
        ("TRAIN_PATIENCE", "0"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        LstmSettings.from_environment({name: text})
    assert str(caught.value).startswith(f"{name}='{text[:4]}")
    assert "Give " in str(caught.value)
    assert len(str(caught.value)) < 200
