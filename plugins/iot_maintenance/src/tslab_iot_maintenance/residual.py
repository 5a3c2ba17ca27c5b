"""A detector without labels: each channel is predicted from the others, and what is left counts.

The idea is MSET's (and the SKAB authors' "each channel from the others"): a machine's channels
move together, so a fault that no single channel shows breaks the relation between them. One
frozen rule for every recording: all constants are below, none depends on labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import median_filter

from tslab_iot_maintenance.findings import (
    MAD_TO_SIGMA,
    Anomaly,
    BoolArray,
    FloatArray,
    end_times,
    fill_missing,
    find_runs,
    normalise,
    strength,
)
from tslab_iot_maintenance.window_shape import uncommon, window_evidence

REFERENCE_ROWS = 400
REFERENCE_LONG = 0.2  # of a recording above 2000 rows: 400 rows say little about hours
REFERENCE_SHORT = 0.4  # of a recording below 1000 rows: the rest is there to be judged
FIT_SHARE = 0.75  # of the reference: the ridge regression
CALIBRATION_SHARE = 0.75  # of the reference, its last part, a third of it unseen by the fit
WINDOW_ROWS = 20  # 20 s at SKAB's 1 Hz
RIDGE = 0.01  # times the number of fitted rows, on standardised channels
THRESHOLD = 7.0  # robust standard deviations; 5 to 8 give the same F1 within 0.01 on SKAB
MEDIAN_ROWS = 41
MIN_ROWS = 100
RELEARN = 2  # reference lengths in alarm before a state counts as the new normal


def find_residual_anomalies(
    times: FloatArray, values: FloatArray, channels: Sequence[str]
) -> list[Anomaly]:
    """Find stretches in which channels do not follow each other as in the recording's first part.

    The first rows (see `reference_rows`) are the reference and never reported. A state that lasts
    longer than two references is reported for that long and then taken as normal, so a changed
    operating point does not flag the rest of a long recording. One usable channel is judged by
    the reconstruction of its own windows instead.

    Args:
        times: Seconds, sorted, shape (n,).
        values: One column per channel, any unit, NaN = missing, shape (n, c).
        channels: Names, length c.

    Returns:
        PCX findings in time order; `channels` holds up to three with the largest residual.
    """
    alarm, scores = residual_alarm(values)
    starts, ends = find_runs(alarm)
    until = end_times(times)
    found = []
    for a, b in zip(starts, ends, strict=True):
        size = np.median(scores[a:b], axis=0)
        order = np.argsort(-size, kind="stable")[:3]
        named = [int(j) for j in order if size[j] >= max(1.0, 0.5 * size[order[0]])]
        found.append(
            Anomaly(
                start=float(times[a]),
                end=float(until[b - 1]),
                code="PCX",
                score=strength(float(size.max())),
                channels=tuple(channels[j] for j in named or order[:1]),
            )
        )
    return found


def residual_alarm(values: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Judge every row of a recording.

    Args:
        values: Shape (n, c), NaN or infinite = missing.

    Returns:
        Whether the row is in alarm, shape (n,), and each channel's evidence over the threshold
        (1 = just there), shape (n, c). Both are false and zero within the reference, for
        recordings shorter than 100 rows, and for channels constant in the reference.
    """
    rows = values.shape[0]
    alarm = np.zeros(rows, dtype=np.bool_)
    scores = np.zeros(values.shape)
    moving = [j for j, column in enumerate(values.T) if _moves(column)]
    if rows >= MIN_ROWS and len(moving) == 1:
        scores[:, moving[0]] = window_evidence(values[:, moving[0]])
        return uncommon(scores[:, moving[0]]), scores
    begin = 0
    while rows - begin >= MIN_ROWS and len(moving) > 1:
        stretch = values[begin:]
        reference = reference_rows(stretch.shape[0])
        part = _centred(_evidence(stretch, reference))
        hit = median_filter((part.max(axis=1) > 1.0).astype(np.uint8), MEDIAN_ROWS) > 0
        hit[:reference] = False
        stop = _relearn_at(hit, RELEARN * reference)
        alarm[begin : begin + stop] = hit[:stop]
        scores[begin : begin + stop] = np.where(
            np.arange(stop)[:, None] < reference, 0, part[:stop]
        )
        begin += stop
    return alarm, scores


def reference_rows(rows: int) -> int:
    """Tell how many leading rows are taken as normal and learnt from.

    Args:
        rows: Length of the recording.

    Returns:
        400, but a fifth of a long recording and at most 40 % of a short one.
    """
    return int(min(REFERENCE_SHORT * rows, max(REFERENCE_ROWS, REFERENCE_LONG * rows)))


def _moves(column: FloatArray) -> bool:
    """Tell whether a channel has more than one value."""
    level = normalise(column)
    return bool(np.any(np.isfinite(level) & (level != 0)))


def _centred(evidence: FloatArray) -> FloatArray:
    """Move what was measured over the last 20 rows to the middle of these rows."""
    half = WINDOW_ROWS // 2
    return np.vstack((evidence[half:], np.repeat(evidence[-1:], half, axis=0)))


def _relearn_at(hit: BoolArray, longest: int) -> int:
    """Row at which an alarm has lasted so long that it is the new normal; else the end."""
    starts, ends = find_runs(hit)
    lasting = np.flatnonzero(ends - starts > longest)
    return int(starts[lasting[0]]) + longest if lasting.size else int(hit.size)


def _evidence(values: FloatArray, reference: int) -> FloatArray:
    """Evidence over threshold by row and channel, shape (n, c)."""
    missing = ~np.isfinite(values)
    x = _standardised(fill_missing(values), reference)
    usable = np.flatnonzero(np.any(x[:reference] != 0, axis=0))
    evidence = np.zeros(values.shape)
    if usable.size > 1:
        rest = _residuals(x[:, usable], int(FIT_SHARE * reference))
        evidence[:, usable] = _robust_z(_rolling_mean(rest), reference) / THRESHOLD
    evidence[missing] = 0.0
    return evidence


def _standardised(values: FloatArray, reference: int) -> FloatArray:
    """Centre and scale each channel by its reference; a channel constant there becomes zero."""
    # Scaling by the peak first keeps huge values from overflowing in the variance.
    centred = values * 0.5 - np.median(values[:reference], axis=0) * 0.5
    peak = np.max(np.abs(centred), axis=0)
    magnitude = np.max(np.abs(values), axis=0) * 0.5
    scaled = centred / np.where(peak > 0, peak, 1.0)
    scaled = scaled - scaled[:reference].mean(axis=0)
    spread = scaled[:reference].std(axis=0)
    moving = (spread > 1e-9) & (spread * peak > 1e-12 * magnitude)
    return np.asarray(np.where(moving, scaled / np.where(moving, spread, 1.0), 0.0))


def _residuals(x: FloatArray, fitted: int) -> FloatArray:
    """What ridge regression on the other channels leaves of each channel, shape (n, c)."""
    rest = np.empty_like(x)
    for j in range(x.shape[1]):
        others = np.delete(x, j, axis=1)
        design, centre = others[:fitted], others[:fitted].mean(axis=0)
        target = x[:fitted, j] - x[:fitted, j].mean()
        gram = (design - centre).T @ (design - centre)
        gram += RIDGE * fitted * np.eye(others.shape[1])
        weights = np.linalg.solve(gram, (design - centre).T @ target)
        rest[:, j] = x[:, j] - x[:fitted, j].mean() - (others - centre) @ weights
    return rest


def _rolling_mean(x: FloatArray) -> FloatArray:
    """Mean of the last 20 rows (fewer at the start), shape (n, c)."""
    total = np.cumsum(np.vstack((np.zeros((1, x.shape[1])), x)), axis=0)
    row = np.arange(x.shape[0])
    first = np.maximum(row - WINDOW_ROWS + 1, 0)
    return np.asarray((total[1:] - total[first]) / (row - first + 1)[:, None])


def _robust_z(smooth: FloatArray, reference: int) -> FloatArray:
    """Distance from the reference in robust standard deviations, shape (n, c).

    A residual that wanders within the reference (a tank that warms up) will be further away
    later without any fault: the variance grows with time as a random walk's, at the rate at
    which squared changes grow from two windows to half of the calibration part.
    """
    known = smooth[int((1 - CALIBRATION_SHARE) * reference) : reference]
    middle = np.median(known, axis=0)
    scale = MAD_TO_SIGMA * np.median(np.abs(known - middle), axis=0)
    near, far = 2 * WINDOW_ROWS, known.shape[0] // 2
    growth = _mean_square_change(known, far) - _mean_square_change(known, near)
    rate = np.maximum(growth, 0.0) / max(far - near, 1)
    ahead = np.maximum(np.arange(smooth.shape[0]) - reference / 2, 0.0)
    # An exact copy of another channel leaves nothing: a hundredth of its spread is the least.
    spread = np.sqrt(np.maximum(scale, 0.01) ** 2 + rate * ahead[:, None])
    return np.asarray(np.abs(smooth - middle) / spread)


def _mean_square_change(x: FloatArray, lag: int) -> FloatArray:
    """Mean squared change over `lag` rows by channel; zero where there are not so many rows."""
    if lag >= x.shape[0]:
        return np.zeros(x.shape[1])
    return np.asarray(np.mean((x[lag:] - x[:-lag]) ** 2, axis=0))
