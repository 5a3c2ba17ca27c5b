"""Real annotators, as Label Studio would export them, next to what the reference packages say."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.real_readings import WAVES, needs, waves
from sklearn.metrics import cohen_kappa_score

from tslab.agreement.measure import Agreement, measure
from tslab.agreement.settings import AgreementSettings
from tslab.label_studio.exports.intake import export_intake

DATA = Path(os.environ.get("TSLAB_DATA") or Path(__file__).parents[4] / "shared" / "data")
STAGES = ("W", "N1", "N2", "N3", "R")
EPOCH = 30
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no data at {DATA}; set TSLAB_DATA")

Mark = tuple[object, object, str, str]
"""Start, end, label and control."""


def export(
    readings: Mapping[str, Mapping[str, Sequence[Mark]]], models: Sequence[str] = ()
) -> bytes:
    """Marks by task and reader as a JSON export."""
    tasks = []
    for number, (name, by_reader) in enumerate(readings.items(), start=1):
        task: dict[str, Any] = {"id": name, "annotations": [], "predictions": []}
        for at, (reader, marks) in enumerate(by_reader.items()):
            result = [
                {"id": f"r{n}", "from_name": control, "to_name": "ts", "type": "timeserieslabels",
                 "value": {"start": start, "end": end, "instant": start == end,
                           "timeserieslabels": [label]}}
                for n, (start, end, label, control) in enumerate(marks)
            ]  # fmt: skip
            own = {"id": 100 * number + at, "result": result}
            if reader in models:
                task["predictions"].append({**own, "model_version": reader})
            else:
                task["annotations"].append({**own, "completed_by": {"email": reader}})
        tasks.append(task)
    return json.dumps(tasks).encode()


def measured(payload: bytes, **settings: Any) -> Agreement:
    intake = export_intake(payload, "e.json")
    assert intake.findings == ()
    return measure(intake, AgreementSettings(**{"draws": 100, **settings}))


def value(
    found: Agreement, tier: str, metric: str, by: str = "overall", of: Sequence[str] = ()
) -> float:
    row = found.row(tier, metric, by, of)
    assert row is not None
    assert row.value.value is not None
    return row.value.value


def runs(codes: np.ndarray[Any, Any]) -> list[Mark]:
    """Stages of epochs as regions, in seconds; what was not scored is a gap."""
    cuts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    return [
        (EPOCH * start, EPOCH * end, STAGES[codes[start]], "stage")
        for start, end in itertools.pairwise(cuts)
        if codes[start] >= 0
    ]


def test_five_scorers_and_two_models_of_sleep() -> None:
    """Kappas of people and of models with people equal scikit-learn's on epochs."""
    nights: dict[str, dict[str, np.ndarray[Any, Any]]] = {}
    base = DATA / "sleep" / "dod_hypnograms"
    paths = [*base.glob("scorers/*/*/*.json"), *base.glob("results/*/base_models/*/*.json")]
    for path in sorted(paths):
        codes = np.array(json.loads(path.read_text()), np.int64)
        nights.setdefault(path.stem, {})[path.parent.name] = codes
    models = ("DeepSleepNet", "SimpleNet")
    nights = {name: own for name, own in nights.items() if len(own) == 7}
    assert len(nights) >= 10
    marks = {name: {who: runs(c) for who, c in own.items()} for name, own in nights.items()}
    found = measured(export(marks, models))
    (tier,) = found.tiers
    people = tuple(f"scorer_{n}" for n in range(1, 6))
    assert tier.tier.readers.annotators == people
    assert tier.tier.readers.models == models
    # An export does not say what was shown: the night is from the first to the last mark of all.
    shown = {}
    for name, given in nights.items():
        most = max(map(len, given.values()))
        own = {w: np.pad(c, (0, most - len(c)), constant_values=-1) for w, c in given.items()}
        scored = np.flatnonzero((np.stack(list(own.values())) >= 0).any(axis=0))
        shown[name] = {who: c[scored[0] : scored[-1] + 1] for who, c in own.items()}
    assert round(value(found, "stage", "time/cohen_kappa"), 3) == 0.683
    pairs = [("pair", pair) for pair in itertools.combinations(people, 2)]
    pairs += [("model", (who, model)) for who in people for model in models]
    for by, pair in pairs:
        first, second = (np.concatenate([shown[n][who] for n in shown]) for who in pair)
        expected = cohen_kappa_score(first, second, labels=[-1, 0, 1, 2, 3, 4])
        assert value(found, "stage", "time/cohen_kappa", by, pair) == pytest.approx(
            expected, abs=1e-12
        )


def test_dates_and_numbers_give_the_same_spindles() -> None:
    """Three groups of raters; times as numbers, as texts of numbers and as dates."""
    blocks: dict[str, dict[str, list[tuple[int, int]]]] = {}
    for path in sorted((DATA / "eeg" / "moda_spindles").glob("*.txt")):
        group = path.stem.split("_")[3]
        for line in path.read_text().splitlines()[1:]:
            _, start, length = (int(cell) for cell in line.split("\t")[:3])
            block, at = divmod(start - 1, 11_501)
            own = blocks.setdefault(f"block {block:03}", {g: [] for g in ("exp", "ne", "re")})
            own[group].append((10 * at, 10 * (at + length)))
    zero = dt.datetime(2020, 5, 17, 23, 59, tzinfo=dt.UTC)
    writers = (
        lambda ms: ms / 1000,
        lambda ms: f"{ms / 1000:.2f}",
        lambda ms: (zero + dt.timedelta(milliseconds=ms)).strftime("%Y-%m-%d %H:%M:%S.%f"),
        lambda ms: (zero + dt.timedelta(milliseconds=ms)).isoformat(),
    )
    results = []
    for write in writers:
        marks = {
            name: {who: [(write(a), write(b), "spindle", "lab") for a, b in spans]
                   for who, spans in own.items()}
            for name, own in blocks.items()
        }  # fmt: skip
        found = measured(export(marks))
        results.append([(row.metric, row.by, row.of, row.value, row.events) for row in found.rows])
        assert value(found, "lab", "event/f1@0.5") > 0.5
    assert round(value(found, "lab", "event/f1@0.5"), 3) == 0.736
    assert results[0] == results[1] == results[2] == results[3]
    assert len(results[0]) > 1000


def test_anomalies_of_three_raters_by_their_dates() -> None:
    mir_eval = pytest.importorskip("mir_eval")
    raters = ("AL", "CB", "SA")
    folder = DATA / "iot" / "nab" / "labels" / "raw"
    said = {r: json.loads((folder / f"{r}_labels_v1.0.json").read_text()) for r in raters}
    series = sorted(set.union(*(set(own) for own in said.values())))
    marks = {
        name: {r: [(at, at, "anomaly", "lab") for at in said[r].get(name, [])] for r in raters}
        for name in series
    }
    hour = 3600.0
    found = measured(export(marks), tolerances={"lab": hour})
    assert found.tiers[0].tier.kind == "instants"
    figures = []
    for pair in itertools.combinations(raters, 2):
        hits = total = 0
        for name in series:
            times = [
                np.array([dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC).timestamp()
                          for at in said[r].get(name, [])]) for r in pair
            ]  # fmt: skip
            total += sum(map(len, times))
            if all(map(len, times)):
                hits += len(mir_eval.util.match_events(*map(np.sort, times), window=hour))
        expected = 2 * hits / total
        figures.append(round(expected, 3))
        assert value(found, "lab", "instant/f1", "pair", pair) == pytest.approx(expected, abs=1e-15)
    assert figures == [0.667, 0.651, 0.558]


def test_bouts_and_contacts_of_two_systems() -> None:
    mir_eval = pytest.importorskip("mir_eval")
    systems = ("INDIP", "Stereophoto")
    marks: dict[str, dict[str, list[Mark]]] = {}
    contacts: dict[str, list[list[float]]] = {}
    for path in sorted((DATA / "gait" / "mobgap").glob("*.json")):
        document = json.loads(path.read_text())["reference_systems"]
        own: dict[str, list[Mark]] = {}
        for system in systems:
            bouts = document[system]["MicroWB"]
            steps = sorted({t for b in bouts for t in b["initial_contacts_s"] if t is not None})
            contacts.setdefault(path.stem, []).append(steps)
            own[system] = [(b["start_s"], b["end_s"], "walk", "bout") for b in bouts]
            own[system] += [(t, t, "contact", "step") for t in steps]
        marks[path.stem] = own
    found = measured(export(marks), tolerances={"step": 0.1})
    assert [(tier.tier.name, tier.tier.kind) for tier in found.tiers] == [
        ("bout", "intervals"),
        ("step", "instants"),
    ]
    hits = sum(len(mir_eval.util.match_events(*map(np.array, own), window=0.1))
               for own in contacts.values())  # fmt: skip
    total = sum(len(side) for own in contacts.values() for side in own)
    assert value(found, "step", "instant/f1") == pytest.approx(2 * hits / total, abs=1e-12)
    assert round(value(found, "step", "instant/f1"), 3) == 0.797
    assert round(value(found, "bout", "event/f1@0.5"), 3) == 0.875


def complexes(marks: Sequence[tuple[int, str]]) -> list[tuple[int, int]]:
    """QRS complexes that have both borders, in microseconds."""
    ordered = sorted(marks)
    return [
        (start, end)
        for (start, kind), (end, other) in itertools.pairwise(ordered)
        if (kind, other) == ("onset", "end of wave")
    ]


@needs("ecg/qtdb")
def test_waves_of_two_readers() -> None:
    """Borders of waves as instants next to mir_eval, complexes as ranges next to a plain count."""
    mir_eval = pytest.importorskip("mir_eval")
    read = waves()
    marks = {
        record: {
            who: [(at / 1e6, at / 1e6, kind, "wave") for at, kind in own]
            + [(start / 1e6, end / 1e6, "QRS", "qrs") for start, end in complexes(own)]
            for who, own in readers.items()
        }
        for record, readers in read.items()
    }
    found = measured(export(marks), tolerances={"wave": 0.15})
    assert [tier.tier.kind for tier in found.tiers] == ["instants", "intervals"]
    pair = ("q1c", "q2c")
    for kind in WAVES.values():
        hits = total = 0
        for readers in read.values():
            sides = [np.array([at / 1e6 for at, k in readers[w] if k == kind]) for w in pair]
            hits += len(mir_eval.util.match_events(*sides, window=0.15))
            total += sum(map(len, sides))
        f1 = value(found, "wave", "instant/f1", "pair-label", (*pair, kind))
        assert f1 == pytest.approx(2 * hits / total, abs=1e-15)
    sides = [[(r, *span) for r, own in read.items() for span in complexes(own[w])] for w in pair]
    both = [
        (min(b, d) - max(a, c), max(b, d) - min(a, c), c - a)
        for r, a, b in sides[0]
        for q, c, d in sides[1]
        if r == q and 2 * (min(b, d) - max(a, c)) >= max(b, d) - min(a, c)
    ]
    f1 = value(found, "qrs", "event/f1@0.5")
    assert f1 == pytest.approx(2 * len(both) / sum(map(len, sides)), abs=1e-15)
    late = float(np.mean([onset for _, _, onset in both])) / 1e6
    assert value(found, "qrs", "event/onset_bias", "pair", pair) == pytest.approx(late, abs=1e-9)
    off = float(np.median([abs(onset) for _, _, onset in both])) / 1e6
    assert value(found, "qrs", "event/onset_median_error") == pytest.approx(off, abs=1e-9)
    assert (round(f1, 3), round(1000 * late), round(1000 * off)) == (0.927, 6, 8)
