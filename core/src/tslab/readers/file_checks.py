"""What every reader says about files that cannot be read at all, in one line with a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tslab.contracts import Source
from tslab.errors import DataError


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """Turns operating-system errors inside the block into a `DataError` that names the file.

    Raises:
        DataError: The file is missing, a directory, not permitted or unreadable.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path.name} does not exist", "Check the name and the folder.") from error
    except IsADirectoryError as error:
        raise DataError(
            f"{path.name} is a directory", f"Name its files, such as {path.name}/*.csv."
        ) from error
    except PermissionError as error:
        raise DataError(
            f"{path.name} may not be read: permission denied",
            f"Give this user the right to read it (chmod u+r {path.name}).",
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path.name} cannot be read: {reason}", "Copy it again.") from error


def open_source(path: Path) -> Source:
    """A source with its head read.

    Raises:
        DataError: The file cannot be opened or is empty.
    """
    with blaming(path):
        source = Source.open(path)
    refuse_empty(source)
    return source


def refuse_empty(source: Source) -> None:
    """Refuses a file without a byte, and whatever is no file.

    Raises:
        DataError: The file is empty, missing or a directory.
    """
    if source.head:
        return
    with blaming(source.path):
        if source.path.is_dir():
            raise IsADirectoryError
        size = source.path.stat().st_size
    if size == 0:
        raise DataError(
            f"{source.path.name} is empty (0 bytes)", "Copy or export it again, or leave it out."
        )


def head_of(source: Source) -> bytes:
    """First bytes of the file: those of the source, or read now where it has none.

    Raises:
        DataError: The file is empty or cannot be read.
    """
    refuse_empty(source)
    if source.head:
        return source.head
    with blaming(source.path), source.path.open("rb") as file:
        return file.read(4096)


def without_library(name: str, extra: str, file: str) -> DataError:
    """The error for a format whose library is not installed."""
    return DataError(
        f"reading {file} needs the library '{name}', which is not installed",
        f'Run: pip install "tslab[{extra}]".',
    )
