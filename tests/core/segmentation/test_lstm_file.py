"""Model files of the lstm: only what a training wrote is read, and nothing is run."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kit.made_signals import BOTH, example, quiet

from tslab.errors import DataError
from tslab.segmentation.lstm.segmenter import LstmSegmenter
from tslab.segmentation.lstm.settings import LstmSettings

pytest.importorskip("torch", reason="extra tslab[torch] is not installed")

SETTINGS = LstmSettings(epochs=1, window=20, hidden=4)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("model")
    segmenter = LstmSegmenter(BOTH, SETTINGS)
    segmenter.fit([example(0), example(1)], quiet)
    segmenter.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def loaded(files: dict[str, bytes], folder: Path) -> LstmSegmenter:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    segmenter = LstmSegmenter(BOTH, SETTINGS)
    segmenter.load(folder)
    return segmenter


def test_the_same_model_is_the_same_bytes(stored: dict[str, bytes], tmp_path: Path) -> None:
    segmenter = loaded(stored, tmp_path)
    again = tmp_path / "again"
    again.mkdir()
    segmenter.save(again)
    assert {path.name: path.read_bytes() for path in again.iterdir()} == stored


@pytest.mark.parametrize("name", ["lstm.json", "lstm.npz"])
@pytest.mark.parametrize("damage", [lambda _: b"", lambda b: b[: len(b) // 2], lambda _: None])
def test_missing_and_cut_off_files(
    stored: dict[str, bytes], tmp_path: Path, name: str, damage: Callable[[bytes], bytes | None]
) -> None:
    content = damage(stored[name])
    files = {key: value for key, value in stored.items() if key != name}
    if content is not None:
        files[name] = content
    with pytest.raises(DataError, match=name) as caught:
        loaded(files, tmp_path)
    assert "Train again" in str(caught.value)


def change(key: str, value: object) -> Callable[[dict], None]:
    return lambda document: document.__setitem__(key, value)


def change_head(key: str, value: object) -> Callable[[dict], None]:
    return lambda document: document["heads"][0].__setitem__(key, value)


@pytest.mark.parametrize(
    "edit",
    [
        change("format", 2),
        change("rate", 0),
        change("rate", "fast"),
        change("window", 10**9),
        change("hidden", 10**9),
        change("hidden", 5),
        change("channels", []),
        change("channels", ["c0"]),
        change("channels", ["c"] * 300_000),
        change("heads", []),
        change("surprise", 1),
        change_head("labels", []),
        change_head("labels", ["calm"]),
        change_head("kind", "code"),
        change_head("cost", [[0.0]]),
        change_head("temperature", 0.0),
        change_head("apart", -1),
        change_head("stride", 0),
        change_head("surprise", 1),
    ],
)
def test_a_description_that_does_not_fit(
    stored: dict[str, bytes], tmp_path: Path, edit: Callable[[dict], None]
) -> None:
    document = json.loads(stored["lstm.json"])
    edit(document)
    with pytest.raises(DataError):
        loaded({**stored, "lstm.json": json.dumps(document).encode()}, tmp_path)


def test_a_huge_description_is_not_read(stored: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too large"):
        loaded({**stored, "lstm.json": b" " * (5 * 2**20)}, tmp_path)


def rewrite(
    stored: dict[str, bytes], tmp_path: Path, name: str, content: bytes
) -> dict[str, bytes]:
    """The files with one array replaced by other bytes."""
    path = tmp_path / "made.npz"
    (tmp_path / "old.npz").write_bytes(stored["lstm.npz"])
    with zipfile.ZipFile(tmp_path / "old.npz") as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, content if entry == f"{name}.npy" else old.read(entry))
    return {**stored, "lstm.npz": path.read_bytes()}


def npy(array: np.ndarray) -> bytes:
    import io

    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=True)
    return stream.getvalue()


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code of a model file was run')",)


@pytest.mark.parametrize(
    "content",
    [
        npy(np.full(128, np.nan, np.float32)),
        npy(np.zeros(128, np.float64)[:64]),
        npy(np.zeros((64, 2), np.float32)),
        npy(np.zeros(127, np.float32)),
        npy(np.zeros((2, 64), np.float32, order="F").T[:, :]),
        npy(np.array([Trap()], object)),
        pickle.dumps(Trap()),
        b"PK\x03\x04" + bytes(600),
        npy(np.zeros(128, np.float32)).replace(b"(128,)", b"(9**9,)"),
        npy(np.zeros(128, np.float32)).replace(b"(128,), ", b"(99999999999,), ")[:640],
        bytes(600),
    ],
)
def test_an_array_that_does_not_fit(
    stored: dict[str, bytes], tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(DataError, match=r"lstm\.npz"):
        loaded(rewrite(stored, tmp_path, "norm.bias", content), tmp_path)


def test_a_bomb_is_not_unpacked(stored: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("enter.weight.npy", bytes(200 * 2**20))
    with pytest.raises(DataError, match="bytes, not about"):
        loaded({**stored, "lstm.npz": path.read_bytes()}, tmp_path)


def test_a_failed_load_leaves_the_old_model(stored: dict[str, bytes], tmp_path: Path) -> None:
    segmenter = loaded(stored, tmp_path)
    version = segmenter.version
    (tmp_path / "lstm.npz").write_bytes(b"")
    with pytest.raises(DataError):
        segmenter.load(tmp_path)
    assert segmenter.version == version
    segmenter.segment(example(3).recording)
