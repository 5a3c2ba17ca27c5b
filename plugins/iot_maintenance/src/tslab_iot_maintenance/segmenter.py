"""The baseline segmenter: typed rules on every channel and a cross-channel residual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab import Domain, Recording, Span
from tslab_iot_maintenance.segment import find_anomalies


@dataclass(frozen=True, slots=True)
class RuleSegmenter:
    """Finds anomalies without labels; see `find_anomalies` for the rules and their sources.

    Attributes:
        domain: The effective domain; findings of labels that it lacks are left out.
        version: Changes when the same recording would give other spans.
    """

    domain: Domain
    version: str = "0.1"

    def segment(self, recording: Recording) -> list[Span]:
        """Anomalies with scores; the affected channels are filled in as a field.

        Args:
            recording: Any channels and rates; samples may be missing.
        """
        times, values = {}, {}
        for signal in recording.signals:
            if signal.derived or signal.sample_count == 0:
                continue
            times[signal.name], samples = signal.read()
            values[signal.name] = np.where(np.isfinite(samples), samples, np.nan)
        labels = {label.code: label.name for label in self.domain.tier("anomaly").labels}
        shown = {signal.name for signal in recording.signals}
        spans = []
        for found in find_anomalies(times, values):
            if found.code not in labels:
                continue
            end = min(found.end, recording.duration)
            fields = {"channel": _names(found.channels, shown)}
            spans.append(
                Span(
                    start=max(found.start, 0.0),
                    end=max(end, found.start, 0.0),
                    label=labels[found.code],
                    tier="anomaly",
                    score=min(max(found.score, 0.0), 1.0),
                    fields=fields if self._asks_channel() and fields["channel"] else {},
                )
            )
        return spans

    def _asks_channel(self) -> bool:
        return any(field.name == "channel" for field in self.domain.fields)


def _names(channels: Sequence[str], shown: set[str]) -> tuple[str, ...]:
    return tuple(name for name in channels if name in shown)
