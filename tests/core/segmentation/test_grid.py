"""The grid of cells on which all channels lie."""

from __future__ import annotations

import numpy as np
import pytest
from kit.grids import grid_of

from tslab.recording import Signal
from tslab.segmentation.features.grid import on_cells


def test_normalisation_does_not_care_about_level_scale_and_outliers() -> None:
    line = np.random.default_rng(0).standard_normal(5000)
    spoiled = line.copy()
    spoiled[::50] = 1e6
    grid = grid_of(np.stack([line, 3e-9 * line + 7e-9, -1e8 + 1e6 * line, spoiled]))
    usual = np.arange(5000) % 50 != 0
    for row in (1, 2, 3):
        away = np.abs(grid.values[row] - grid.values[0])[usual]
        assert np.quantile(away, 0.99) < 0.15
    assert grid.values.max() < 100


def test_what_is_constant_or_missing_is_not_present() -> None:
    values = np.stack([np.full(100, 5.0), np.full(100, np.nan), np.arange(100.0)])
    values[2, 40:50] = np.nan
    grid = grid_of(values)
    assert grid.present.tolist() == [False, False, True]
    assert grid.valid is not None
    assert grid.valid.sum(axis=1).tolist() == [0, 0, 90]
    assert np.isfinite(grid.values).all()


def test_slow_signals_fill_the_cells_between_their_samples_and_not_their_gaps() -> None:
    times = np.concatenate([np.arange(0, 20, 1.0), np.arange(60, 80, 1.0)])
    signal = Signal.from_array("slow", times * 2, 1.0, times=times)
    cells = on_cells(signal, 800, 10.0)
    assert cells[105] == pytest.approx(2 * 10.55, abs=0.11)
    assert np.isnan(cells[250:590]).all()
    assert np.isfinite(cells[:190]).all()


def test_fast_signals_are_averaged() -> None:
    signal = Signal.from_array("fast", np.arange(100.0), 40.0)
    assert on_cells(signal, 25, 10.0)[:3].tolist() == [1.5, 5.5, 9.5]
