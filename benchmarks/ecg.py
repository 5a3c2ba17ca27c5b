"""Accuracy and CPU time of the ECG functions on the recordings with reference labels.

Run as `python benchmarks/ecg.py`. Data: `../shared/data/ecg` beside the repository, or
`$TSLAB_DATA/ecg`. Nothing is written.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import wfdb

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins/ecg_eeg/src"))

from tslab_ecg_eeg.arrays import FloatArray, IntArray  # noqa: E402
from tslab_ecg_eeg.r_peaks import detect_beats, detect_r_peaks  # noqa: E402
from tslab_ecg_eeg.rhythm import ATRIAL_FIBRILLATION, analyse_rhythm  # noqa: E402
from tslab_ecg_eeg.synthetic import add_noise  # noqa: E402

DATA = Path(os.environ.get("TSLAB_DATA", ROOT / "../shared/data")) / "ecg"
BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")
TOLERANCE = 0.15
QTDB = ("sel100", "sel103", "sel114", "sel117", "sel213", "sel223")
CPSC = (
    *("data_101_6", "data_101_8", "data_101_9"),
    *("data_84_1", "data_84_2", "data_84_3"),
    *("data_21_7", "data_21_8", "data_21_9"),
)
Spans = list[tuple[float, float]]


def read(name: str) -> tuple[list[FloatArray], float, IntArray, Spans]:
    """Leads, rate, reference beats as samples, and reference AF in seconds."""
    record = wfdb.rdrecord(str(DATA / name))
    marks = wfdb.rdann(str(DATA / name), "atr")
    leads = [np.asarray(record.p_signal[:, i], dtype=np.float64) for i in range(record.n_sig)]
    beats = [s for s, symbol in zip(marks.sample, marks.symbol, strict=True) if symbol in BEATS]
    af: Spans = []
    begin: float | None = None
    for sample, text in zip(marks.sample, marks.aux_note, strict=True):
        code = text.strip("\x00")
        if code in ("(AFIB", "(AFL"):
            begin = sample / record.fs if begin is None else begin
        elif code.startswith("(") and begin is not None:
            af.append((begin, sample / record.fs))
            begin = None
    if begin is not None:
        af.append((begin, record.sig_len / record.fs))
    return leads, float(record.fs), np.array(beats, dtype=np.int64), af


def matched(reference: IntArray, found: IntArray, reach: float) -> int:
    """One-to-one matches of two ascending series within `reach` samples."""
    i = j = hits = 0
    while i < reference.size and j < found.size:
        distance = found[j] - reference[i]
        if abs(distance) <= reach:
            hits, i, j = hits + 1, i + 1, j + 1
        elif distance < 0:
            j += 1
        else:
            i += 1
    return hits


def overlap(one: Spans, other: Spans) -> float:
    """Seconds in both."""
    return sum(max(0.0, min(b, d) - max(a, c)) for a, b in one for c, d in other)


def length(spans: Spans) -> float:
    """Seconds in all."""
    return sum(b - a for a, b in spans)


def variation_floor(beats: FloatArray, duration: float) -> Spans:
    """AF where RMSSD / mean RR of 30 intervals around exceeds 0.1.

    The normalised RMSSD threshold of Dash S et al. Automatic real time detection of atrial
    fibrillation. Ann Biomed Eng 2009;37:1701-1709, without its other two criteria.
    """
    rr = np.diff(beats)
    if rr.size < 31:
        return []
    padded = np.pad(rr, (15, 15), mode="reflect")
    around = np.lib.stride_tricks.sliding_window_view(padded, 31)
    rmssd = np.sqrt((np.diff(around, axis=1) ** 2).mean(axis=1))
    flags = rmssd / around.mean(axis=1) > 0.1
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    ends = [
        (float(beats[a]), float(beats[b])) for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]
    return [(0.0 if a == beats[0] else a, duration if b == beats[-1] else b) for a, b in ends]


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:7.2f}" if whole else "      -"


def peaks_table() -> None:
    print(
        "R peaks within 150 ms. 6 dB: wander 0.05-0.5 Hz + muscle 20-100 Hz of equal power, seed 0"
    )
    print(f"{'record':22} {'beats':>6} {'TP':>6} {'FN':>4} {'FP':>4} {'Se %':>7} {'+P %':>7}"
          f" {'1 lead FN/FP':>14} {'CPU s':>6}")  # fmt: skip
    totals = np.zeros(3, dtype=np.int64)
    rows = [("mitdb/100", None), ("mitdb/100", 6.0), *((f"qtdb/{name}", None) for name in QTDB)]
    rows += [(f"cpsc2021/{name}", None) for name in CPSC]
    detect_beats([np.sin(np.arange(5000.0))], 250.0)  # imports are not counted
    for name, decibels in rows:
        leads, rate, reference, _ = read(name)
        if decibels is not None:
            rng = np.random.default_rng(0)
            leads = [add_noise(lead, rate, decibels, rng) for lead in leads]
        start = time.process_time()
        found, _ = detect_beats(leads, rate)
        spent = time.process_time() - start
        one = detect_r_peaks(leads[0], rate)
        hits, single = (matched(reference, x, TOLERANCE * rate) for x in (found, one))
        totals += (hits, reference.size - hits, found.size - hits)
        label = name if decibels is None else f"{name} +{decibels:.0f} dB noise"
        alone = f"{reference.size - single}/{one.size - single}"
        print(f"{label:22} {reference.size:6} {hits:6} {reference.size - hits:4}"
              f" {found.size - hits:4} {percent(hits, reference.size)} {percent(hits, found.size)}"
              f" {alone:>14} {spent:6.3f}")  # fmt: skip
        if name.endswith(QTDB[-1]):
            print_gross(totals)
            print("not part of the gross line:")


def print_gross(totals: IntArray) -> None:
    tp, fn, fp = (int(x) for x in totals)
    shares = f"{percent(tp, tp + fn)} {percent(tp, tp + fp)}"
    print(f"{'gross':22} {tp + fn:6} {tp:6} {fn:4} {fp:4} {shares}")


def fibrillation_table() -> None:
    print("\nAF in seconds; records outside cpsc2021 are listed, not pooled")
    print(f"{'record':20} {'ref':>7} {'found':>7} {'TP':>7} {'FP':>7} {'FN':>7} {'longest FP':>14}"
          f" {'CPU s':>6}")  # fmt: skip
    pools = {name: np.zeros(3) for name in ("ours", "always AF", "never AF", "RMSSD/mean RR > 0.1")}
    names = [
        *(f"cpsc2021/{name}" for name in CPSC),
        "mitdb/100",
        *(f"qtdb/{name}" for name in QTDB),
    ]
    for name in names:
        leads, rate, _, reference = read(name)
        duration = leads[0].size / rate
        start = time.process_time()
        result = analyse_rhythm(leads, rate)
        spent = time.process_time() - start
        found = [(x.start, x.end) for x in result.states if x.code == ATRIAL_FIBRILLATION]
        both = overlap(found, reference)
        false = max((b - a - overlap([(a, b)], reference) for a, b in found), default=0.0)
        print(f"{name:20} {length(reference):7.1f} {length(found):7.1f} {both:7.1f}"
              f" {length(found) - both:7.1f} {length(reference) - both:7.1f} {false:14.1f}"
              f" {spent:6.3f}")  # fmt: skip
        if name.startswith("cpsc2021"):
            answers: tuple[Spans, ...] = (
                found,
                [(0.0, duration)],
                [],
                variation_floor(result.beats, duration),
            )
            for pool, answer in zip(pools.values(), answers, strict=True):
                both = overlap(answer, reference)
                pool += (both, length(answer) - both, length(reference) - both)
    print(f"\n{'pooled cpsc2021':22} {'Se %':>7} {'+P %':>7} {'F1 %':>7}")
    for name, (tp, fp, fn) in pools.items():
        shares = percent(tp, tp + fn), percent(tp, tp + fp), percent(2 * tp, 2 * tp + fp + fn)
        print(f"{name:22} {' '.join(shares)}")


if __name__ == "__main__":
    peaks_table()
    fibrillation_table()
