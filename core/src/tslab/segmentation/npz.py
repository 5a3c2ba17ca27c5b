"""Arrays of a .npz that somebody may have tampered with: no memory is taken for what it claims."""

from __future__ import annotations

import io
import math
import tokenize
import zipfile

import numpy as np
from numpy.typing import NDArray

ENCRYPTED = 1
"""The bit of a member's flags that says so."""


def read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[np.generic]:
    """One array of numbers; it is as large as its member, whatever its header says.

    Args:
        archive: The .npz.
        info: The member; the caller bounds its size.

    Raises:
        ValueError: It is no array of numbers as `numpy.savez` writes them, or is cut off.
    """
    name = info.filename.removesuffix(".npy")
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & ENCRYPTED:
        raise ValueError(f"'{name}' is compressed or encrypted")  # it could unpack to anything
    stored = io.BytesIO(archive.read(info))
    shape, turned, kind = _header(stored, name)
    content = stored.read()
    if kind.kind not in "fiu" or math.prod(shape) * kind.itemsize != len(content):
        raise ValueError(f"'{name}' has {len(content)} bytes, no array of {kind} {shape}")
    array = np.frombuffer(content, kind).reshape(shape, order="F" if turned else "C")
    return array.copy(order="K")


def _header(stored: io.BytesIO, name: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, whether columns come first, and type."""
    try:
        version = np.lib.format.read_magic(stored)  # type: ignore[no-untyped-call]
        if version != (1, 0):
            raise ValueError("it is in another version of numpy's format")
        shape, turned, kind = np.lib.format.read_array_header_1_0(stored)  # type: ignore[no-untyped-call]
    except (ValueError, SyntaxError, TypeError, tokenize.TokenError) as error:
        raise ValueError(f"'{name}': {error}") from error
    except (MemoryError, RecursionError) as error:  # the parser's, of a header that is too nested
        raise ValueError(f"'{name}': its header cannot be parsed") from error
    return shape, turned, kind
