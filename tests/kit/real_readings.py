"""Readings of real annotators as tables, where the data is there; see TSLAB_DATA."""

from __future__ import annotations

import csv
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kit.event_tables import table_of
from tslab.span_table import Extents, SpanTable

DATA = Path(os.environ.get("TSLAB_DATA") or Path(__file__).parents[3] / "shared" / "data")
EPOCH = 30_000_000
STAGES = ("W", "N1", "N2", "N3", "R")
SCORERS = tuple(f"scorer_{number}" for number in range(1, 6))
BLOCK = 11_501  # samples: 115 s at 100 Hz and one that separates
SAMPLE = 10_000  # microseconds at 100 Hz


def needs(path: str) -> pytest.MarkDecorator:
    """Skips a test without that folder of the data."""
    where = DATA / path
    return pytest.mark.skipif(not where.is_dir(), reason=f"no {path} at {DATA}; set TSLAB_DATA")


def hypnograms() -> dict[str, NDArray[np.int64]]:
    """Stages of each night, int ``(scorers, epochs)``; -1 was not scored."""
    root = DATA / "sleep/dod_hypnograms/scorers"
    out = {}
    for first in sorted(root.glob("*/scorer_1/*.json"), key=lambda path: path.name):
        folder = first.parents[1]
        said = [json.loads((folder / who / first.name).read_text()) for who in SCORERS]
        out[first.name] = np.array(said)
    return out


def sleep_table(nights: dict[str, NDArray[np.int64]]) -> SpanTable:
    """One span for each run of a stage; what a scorer left out he did not review."""
    rows = []
    for task, stages in enumerate(nights.values()):
        for who, row in enumerate(stages):
            at = 0
            for stage, group in itertools.groupby(row.tolist()):
                end = at + len(list(group))
                if stage >= 0:
                    rows.append((task, who, stage, at * EPOCH, end * EPOCH))
                at = end
    task, who, stage, start, end = np.array(rows).T
    columns = {"task": task, "annotator": who, "label": stage, "start": start, "end": end}
    extents = Extents.of(task, who, start, end)
    return SpanTable.of((list(nights), SCORERS, STAGES), columns, extents)


def spindles() -> SpanTable:
    """Spindles of three groups of readers in 200 blocks."""
    rows = []
    for who, group in enumerate(("exp", "ne", "re")):
        name = f"GC_spindlesLst_4EEGVect_{group}_p1_blocks1-200.txt"
        with (DATA / "eeg/moda_spindles" / name).open() as file:
            for line in csv.DictReader(file, delimiter="\t"):
                start = int(line["startSamples"]) - 1
                block, at = divmod(start, BLOCK)
                stop = at + int(line["durationSamples"])
                rows.append((block, who, 0, at * SAMPLE, stop * SAMPLE))
    until = (BLOCK - 1) * SAMPLE
    return table_of(rows, tasks=200, annotators=3, labels=1, until=until)


WAVES = {("(", 1): "onset", (")", 1): "end of wave", (")", 2): "end of T"}
"""What a reader's symbol and number mark."""


def waves() -> dict[str, dict[str, list[tuple[int, str]]]]:
    """Microseconds and kind of the waves that two readers marked, by record and reader."""
    wfdb = pytest.importorskip("wfdb")
    out: dict[str, dict[str, list[tuple[int, str]]]] = {}
    for record in ("sel103", "sel114", "sel117", "sel213", "sel223"):
        for reader in ("q1c", "q2c"):
            marks = wfdb.rdann(str(DATA / "ecg/qtdb" / record), reader)
            own = out.setdefault(record, {}).setdefault(reader, [])
            for sample, symbol, number in zip(marks.sample, marks.symbol, marks.num, strict=True):
                kind = WAVES.get((symbol, int(number)))
                own += [(int(sample) * 4000, kind)] if kind else []
    return out
