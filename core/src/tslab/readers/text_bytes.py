"""Bytes of a text table by range: from disk where that works, from memory where it must."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tslab.contracts import Source
from tslab.errors import DataError
from tslab.readers.file_checks import blaming, head_of

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_STRANGE = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1a")
"""Control characters that are no white space."""


class TextBytes(Protocol):
    """A text table as bytes, in an encoding that keeps ASCII as it is."""

    @property
    def size(self) -> int:
        """Number of bytes."""
        ...

    def read(self, start: int, stop: int) -> bytes:
        """Bytes ``start`` to ``stop`` (half-open)."""
        ...


@dataclass(frozen=True, slots=True)
class FileBytes:
    """A file that is read by range.

    It is opened for each read rather than mapped: a mapped file that somebody truncates kills the
    process, and an open one cannot be replaced on Windows.

    Attributes:
        path: The file.
        size: Bytes when it was opened.
        changed: Time of its last change when it was opened, ns.
    """

    path: Path
    size: int
    changed: int

    @classmethod
    def open(cls, path: Path) -> FileBytes:
        """The file as it is now.

        Raises:
            DataError: The file cannot be read.
        """
        with blaming(path):
            stat = path.stat()
        return cls(path, stat.st_size, stat.st_mtime_ns)

    def read(self, start: int, stop: int) -> bytes:
        """Bytes ``start`` to ``stop`` (half-open).

        Raises:
            DataError: The file cannot be read, or changed since it was opened.
        """
        with blaming(self.path), self.path.open("rb") as file:
            stat = os.fstat(file.fileno())
            if (stat.st_size, stat.st_mtime_ns) != (self.size, self.changed):
                raise DataError(
                    f"{self.path.name} changed while it was read", "Wait for its writer; try again."
                )
            file.seek(start)
            return file.read(stop - start)


@dataclass(frozen=True, slots=True)
class MemoryBytes:
    """A table that had to be unpacked or decoded as a whole."""

    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.data)

    def read(self, start: int, stop: int) -> bytes:
        """Bytes ``start`` to ``stop`` (half-open)."""
        return self.data[start:stop]


def open_text(source: Source) -> TextBytes | None:
    """The bytes of a text file, None where it is no text.

    Gzip is unpacked, UTF-16 becomes UTF-8 and lines that end in CR alone end in LF.

    Raises:
        DataError: The file is empty, truncated, broken or cannot be read.
    """
    head = head_of(source)
    if head.startswith(b"\x1f\x8b"):
        return _text_in_memory(_unpacked(source.path), source.path)
    if _encoding_mark(head) == "utf-16":
        with blaming(source.path):
            return _text_in_memory(source.path.read_bytes(), source.path)
    if not looks_like_text(head):
        return None
    if b"\r" in head and b"\n" not in head:
        with blaming(source.path):
            return _text_in_memory(source.path.read_bytes(), source.path)
    return FileBytes.open(source.path)


def looks_like_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text: no control characters but white space."""
    if _encoding_mark(head) == "utf-16":
        return True
    return bool(head) and len(head.translate(None, _STRANGE)) == len(head)


def _encoding_mark(head: bytes) -> str:
    return next((name for mark, name in _BOMS if head.startswith(mark)), "")


def _unpacked(path: Path) -> bytes:
    with blaming(path):
        packed = path.read_bytes()
    try:
        return gzip.decompress(packed)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path.name} is no whole gzip file: {error}", "Copy it again.") from error


def _text_in_memory(data: bytes, path: Path) -> TextBytes | None:
    if not data:
        raise DataError(f"{path.name} is empty", "Export it again, or leave it out.")
    if _encoding_mark(data[:4]) == "utf-16":
        try:
            data = data.decode("utf-16").encode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path.name} is not valid UTF-16 at byte {error.start}", "Save it as UTF-8."
            ) from error
    if not looks_like_text(data[:4096]):
        return None
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    return MemoryBytes(data)
