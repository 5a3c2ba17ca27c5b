"""Arrow columns as numpy arrays, without the pandas that pyarrow's own conversion loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

if TYPE_CHECKING:
    import numpy.typing as npt

    from tslab.recording import FloatArray

compute: Any = pyarrow.compute
"""``pyarrow.compute``, whose functions are made at run time and have no types."""
text: Any = pyarrow.csv
"""``pyarrow.csv``, which does not declare what it exports."""


def floats(column: pa.ChunkedArray) -> FloatArray:
    """Values of a column of numbers or yes and no, float64 ``(n,)``; missing ones are NaN."""
    if column.type != pa.float64():
        column = column.cast(pa.float64(), safe=False)
    if column.null_count:
        column = compute.fill_null(column, float("nan"))
    return _joined(column, np.float64)


def integers(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Values of a column without missing ones, int64 ``(n,)``."""
    return _joined(column.cast(pa.int64()), np.int64)


def _joined(column: pa.ChunkedArray, kind: type[Any]) -> npt.NDArray[Any]:
    parts = [np.from_dlpack(chunk) for chunk in column.chunks if len(chunk)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)
