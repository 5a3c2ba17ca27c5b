"""Files are whole or not there, and errors say what to do."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from tslab import files
from tslab.errors import DataError, ProjectError

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt(), ValueError("x")])
def test_a_crash_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")

    def write(beside: Path) -> None:
        beside.write_bytes(b"half")
        raise error

    wanted = ProjectError if error is FULL else type(error)
    with pytest.raises(wanted):
        files.write_whole(path, write)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.json"]


def test_a_full_disk_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:1])
        raise FULL

    monkeypatch.setattr(files, "_write_all", full)
    with pytest.raises(ProjectError, match=r"No space left on device\. Free some space"):
        files.write_bytes(tmp_path / "new.json", b"content")
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProjectError, match=r"file/a\.json': .*you may write to it"):
        files.write_bytes(tmp_path / "file" / "a.json", b"x")


def test_a_folder_in_the_place_of_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(ProjectError, match="Is a directory"):
        files.write_bytes(tmp_path / "a.json", b"x")
    assert names(tmp_path) == ["a.json"]


def test_equal_content_keeps_the_time_stamp(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.json"
    assert files.write_bytes(path, b"one") is True
    os.utime(path, (1, 1))
    assert files.write_bytes(path, b"one") is False
    assert path.stat().st_mtime == 1
    assert files.write_bytes(path, b"two") is True
    assert path.stat().st_mtime > 1


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_mode_is_what_was_asked_for(tmp_path: Path, mode: int) -> None:
    files.write_bytes(tmp_path / "a", b"x", mode)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


def test_json_is_the_same_bytes_for_equal_documents() -> None:
    document = {"b": [1.5, None, True], "a": "größe"}
    assert files.json_bytes(document) == files.json_bytes(dict(document))
    assert files.json_bytes(document) == (
        b'{\n "b": [\n  1.5,\n  null,\n  true\n ],\n "a": "gr\xc3\xb6\xc3\x9fe"\n}\n'
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"{", "not valid JSON"), (b"\xff\xff", "not valid JSON"), (b"", "not valid JSON"),
     (b"[1,]", "not valid JSON")],
)  # fmt: skip
def test_no_json_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"a.json' is {words}"):
        files.read_json(path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read '.*gone.json': No such file"):
        files.read_json(tmp_path / "gone.json")
    with pytest.raises(DataError, match=r"cannot read 'gone.json': No such file"):
        files.content_hash(tmp_path / "gone.json")
    with pytest.raises(DataError, match="Is a directory"):
        files.content_hash(tmp_path)


def test_hash_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert files.content_hash(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")
