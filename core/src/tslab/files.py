"""Files of a project: read with errors a person can act on, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tslab.errors import DataError, ProjectError


def write_whole(path: Path, write: Callable[[Path], object], mode: int = 0o644) -> None:
    """Lets `write` fill a file beside `path`, then renames it into place.

    A crash, a full disk or Ctrl-C leaves the old file, or none, never half of the new one.

    Raises:
        ProjectError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from error
    beside = Path(name)
    try:
        write(beside)
        beside.chmod(mode)
        beside.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        beside.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes, mode: int = 0o644) -> bool:
    """Writes a file whole; an equal file is left alone, so that its time stamp stays.

    Returns:
        Whether anything was written.

    Raises:
        ProjectError: The file cannot be written.
    """
    if path.exists() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return False
    write_whole(path, lambda beside: _write_all(beside, content), mode)
    return True


def _write_all(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _cannot_write(path: Path, error: OSError) -> ProjectError:
    remedy = (
        "Free some space and run the command again."
        if error.errno == 28
        else ("Check that the folder exists and that you may write to it.")
    )
    return ProjectError(f"cannot write '{path}': {error.strerror or error}", remedy)


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Holds a lock file, so that two commands do not change one project at a time.

    Args:
        path: The lock; the system frees it when the process ends, however it ends.
        waiting: Called once when somebody else holds it.
    """
    import fcntl

    path.touch(mode=0o600)
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def read_json(path: Path) -> object:
    """The JSON document in a file.

    Raises:
        DataError: The file is missing or no JSON.
    """
    import msgspec

    try:
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot read '{path}': {reason}", "Check the path.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(
            f"'{path}' is not valid JSON: {error}", "Mend it, or bring back an older copy."
        ) from error


def json_bytes(document: object) -> bytes:
    """A JSON document as indented UTF-8, the same bytes for equal documents."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = f"Check the path {path}."
        raise DataError(f"cannot read '{path.name}': {reason}", remedy) from error
