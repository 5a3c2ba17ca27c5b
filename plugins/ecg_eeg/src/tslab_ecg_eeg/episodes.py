"""The value that the rhythm functions return, and runs of true flags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of one rhythm, or one event.

    Attributes:
        start: seconds from the start of the recording.
        end: seconds, exclusive.
        code: aux string of a WFDB rhythm mark such as `(AFIB`; `pause` for an event.
        score: in (0, 1]; 0.5 at the threshold of the rule, less where beats are uncertain.
    """

    start: float
    end: float
    code: str
    score: float


def runs_of(flags: BoolArray) -> list[tuple[int, int]]:
    """First and one past the last index of each run of True in (n,)."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
