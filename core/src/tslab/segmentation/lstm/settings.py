"""Settings of the `lstm` segmenter: names and defaults of Label Studio's own example."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tslab.segmentation.environment import share, switch, whole


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
            epochs=whole(given, "TRAIN_EPOCHS", cls().epochs, 1, 1_000_000),
            window=whole(given, "SEQUENCE_SIZE", cls().window, 2, 10_000),
            hidden=whole(given, "HIDDEN_SIZE", cls().hidden, 1, 2048),
            balanced_accuracy=share(given, "BALANCED_ACCURACY_THRESHOLD", cls().balanced_accuracy),
            class_f1=share(given, "MIN_CLASS_F1_THRESHOLD", cls().class_f1),
            class_weights=switch(given, "USE_CLASS_WEIGHTS", cls().class_weights),
            patience=whole(given, "TRAIN_PATIENCE", cls().patience, 1, 1_000_000),
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
