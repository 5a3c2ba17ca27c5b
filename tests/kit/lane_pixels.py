"""Which labels the lanes of a review show, by the pixels on the screen and by the task's CSV."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.csv
from PIL import Image

from kit.editor import Editor
from kit.editor_view import Pane

Mask = npt.NDArray[np.bool_]

NOT_LANES = ".brushes, .new_brush, .xaxis, .playhead { display: none !important; }"
"""Regions lie over lines and mix with their colours."""

EXACT, EDGE = 24, 4
"""How far a colour may be off, and pixels beside a border that say nothing."""


def lane_pixels(editor: Editor, pane: Pane, color: str) -> Mask:
    """Pixel columns of a lane that have a colour somewhere."""
    area = {
        "x": round(pane.left),
        "y": round(pane.top),
        "width": round(pane.right - pane.left),
        "height": round(pane.bottom - pane.top),
    }
    style = editor.page.add_style_tag(content=NOT_LANES)
    picture = editor.page.screenshot(clip=area)
    style.evaluate("node => node.remove()")
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), dtype=int)
    wanted = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    return (abs(pixels - wanted).max(axis=2) <= EXACT).any(axis=0)


def table_pixels(editor: Editor, csv: Path, column: str, width: int) -> tuple[Mask, Mask]:
    """Pixel columns in which a column of the task says that a label holds; and which are sure."""
    table = pyarrow.csv.read_csv(csv)
    times, values = table.columns[0].to_numpy(), table[column].to_numpy()
    start, end = editor.view()
    at = start + (np.arange(width) + 0.5) / width * (end - start)
    held = values[np.clip(np.searchsorted(times, at), 0, len(times) - 1)] > 0
    change = np.flatnonzero(held[1:] != held[:-1])
    edges = [*change, 0, width - 1]
    near = abs(np.arange(width)[:, None] - edges) <= EDGE
    return held, ~near.any(axis=1)
