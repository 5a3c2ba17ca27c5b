"""Settings of the `lstm` segmenter: names and defaults of Label Studio's own example."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

from tslab.errors import UsageError

DIGITS = 12
_YES = frozenset({"true", "1", "yes", "on"})
_NO = frozenset({"false", "0", "no", "off"})


@dataclass(frozen=True, slots=True)
class LstmSettings:
    """How the network is made and when its training ends.

    Attributes:
        epochs: Most passes over the training windows (TRAIN_EPOCHS).
        window: Rows that the network sees at once (SEQUENCE_SIZE).
        hidden: Units of each LSTM layer and direction (HIDDEN_SIZE).
        balanced_accuracy: Training ends when held-out recordings reach this
            (BALANCED_ACCURACY_THRESHOLD)
        class_f1: and the worst class on them reaches this (MIN_CLASS_F1_THRESHOLD).
        class_weights: Whether rare classes weigh more (USE_CLASS_WEIGHTS).
        patience: Passes without a gain after which training ends (TRAIN_PATIENCE; tslab's own).
    """

    epochs: int = 1000
    window: int = 50
    hidden: int = 64
    balanced_accuracy: float = 0.85
    class_f1: float = 0.70
    class_weights: bool = True
    patience: int = 20

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> LstmSettings:
        """The settings that environment variables give; an empty one counts as absent.

        Args:
            environment: Names and values, the process's own by default.

        Raises:
            UsageError: A value cannot be used.
        """
        given = os.environ if environment is None else environment
        return cls(
            epochs=_whole(given, "TRAIN_EPOCHS", cls().epochs, 1, 1_000_000),
            window=_whole(given, "SEQUENCE_SIZE", cls().window, 2, 10_000),
            hidden=_whole(given, "HIDDEN_SIZE", cls().hidden, 1, 2048),
            balanced_accuracy=_share(given, "BALANCED_ACCURACY_THRESHOLD", cls().balanced_accuracy),
            class_f1=_share(given, "MIN_CLASS_F1_THRESHOLD", cls().class_f1),
            class_weights=switch(given, "USE_CLASS_WEIGHTS", cls().class_weights),
            patience=_whole(given, "TRAIN_PATIENCE", cls().patience, 1, 1_000_000),
        )

    def by_name(self) -> Mapping[str, object]:
        """Environment name -> value, for the model card."""
        return {
            "TRAIN_EPOCHS": self.epochs,
            "SEQUENCE_SIZE": self.window,
            "HIDDEN_SIZE": self.hidden,
            "BALANCED_ACCURACY_THRESHOLD": self.balanced_accuracy,
            "MIN_CLASS_F1_THRESHOLD": self.class_f1,
            "USE_CLASS_WEIGHTS": self.class_weights,
            "TRAIN_PATIENCE": self.patience,
        }


def _text(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "").strip()


def _unusable(name: str, text: str, remedy: str) -> UsageError:
    shown = text if len(text) <= 40 else f"{text[:40]}..."
    return UsageError(f"{name}='{shown}' is not usable", remedy)


def _whole(environment: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = _text(environment, name)
    if not text:
        return default
    digits = text.isascii() and text.isdigit() and len(text) <= DIGITS
    if not digits or not low <= int(text) <= high:
        raise _unusable(name, text, f"Give a whole number, {low} to {high}.")
    return int(text)


def _share(environment: Mapping[str, str], name: str, default: float) -> float:
    text = _text(environment, name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise _unusable(name, text, "Give a number from 0 to 1.")
    return value


def switch(environment: Mapping[str, str], name: str, default: bool) -> bool:
    """Whether a variable says yes.

    Raises:
        UsageError: It says neither yes nor no.
    """
    text = _text(environment, name).lower()
    if not text:
        return default
    if text not in _YES | _NO:
        raise _unusable(name, text, "Give true or false.")
    return text in _YES
