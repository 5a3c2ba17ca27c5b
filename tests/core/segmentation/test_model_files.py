"""Files of the learning segmenter: two, without code, and refused when they were changed."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from kit import marked_signals as made

from tslab.errors import DataError
from tslab.segmentation.chain import weights
from tslab.segmentation.learning import LearningSegmenter
from tslab.segmentation.npz import read_array


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    model = LearningSegmenter(made.DOMAIN)
    model.fit([made.example(seed, 60.0) for seed in range(2)], made.quiet)
    model.save(folder)
    return folder


def copy_of(saved: Path, folder: Path) -> Path:
    for file in saved.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def refused(folder: Path) -> None:
    fresh = LearningSegmenter(made.DOMAIN)
    with pytest.raises(DataError) as caught:
        fresh.load(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert fresh.version == "untrained"


def test_a_model_is_two_files_without_code(saved: Path) -> None:
    assert {file.name for file in saved.iterdir()} == {weights.SETTINGS, weights.ARRAYS}
    with np.load(saved / weights.ARRAYS, allow_pickle=False) as stored:
        assert all(stored[name].dtype.kind in "fi" for name in stored.files)


@pytest.mark.parametrize("name", [weights.SETTINGS, weights.ARRAYS])
def test_missing_cut_or_foreign_files_are_refused(saved: Path, tmp_path: Path, name: str) -> None:
    folder = copy_of(saved, tmp_path)
    whole = (folder / name).read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"PK\x03\x04 no archive", b"[1, 2]"):
        (folder / name).write_bytes(content)
        refused(folder)
    (folder / name).unlink()
    refused(folder)


def changed_arrays(folder: Path, name: str, change: object) -> None:
    path = folder / weights.ARRAYS
    with np.load(path, allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays.get(name))  # type: ignore[operator]
    with path.open("wb") as file:
        np.savez(file, **arrays)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("0_weights", lambda a: a[:-1]),
        ("0_weights", lambda a: a.astype(np.float64)),
        ("0_weights", lambda a: np.full_like(a, np.nan)),
        ("0_cost", lambda a: a[:1]),
        ("0_scale", np.zeros_like),
        ("0_channel", lambda a: a + 1000),
        ("0_taps", lambda a: a + 9),
        ("0_dilation", lambda a: a * 0),
        ("0_threshold", None),
        ("0_extra", lambda a: np.zeros(3, np.float32)),
        ("9_extra", lambda a: np.zeros(3, np.float32)),
        ("1_centre", lambda a: np.array([{"code": 1}], object)),
    ],
)
def test_tampered_arrays_are_refused(
    saved: Path, tmp_path: Path, name: str, change: object
) -> None:
    folder = copy_of(saved, tmp_path)
    changed_arrays(folder, name, change)
    refused(folder)


def with_member(folder: Path, name: str, content: bytes, **how: int) -> None:
    """Replaces one array of the model by other bytes."""
    path = folder / weights.ARRAYS
    with zipfile.ZipFile(path) as archive:
        members = {item: archive.read(item) for item in archive.namelist()}
    with zipfile.ZipFile(path, "w", **how) as archive:
        for item, own in members.items():
            archive.writestr(item, content if item == f"{name}.npy" else own)


def npy(shape: str, descr: str = "'<f4'", order: str = "False", content: bytes = b"") -> bytes:
    """A .npy whose header says this, whatever the content is."""
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


@pytest.mark.parametrize(
    "content",
    [
        npy("(100000000000,)"),
        npy("(100000000000, 100000000000)", content=bytes(400)),
        npy("(100000000000,)", descr="'|V0'"),
        npy("(-1, -1)", content=bytes(4)),
        npy("(3,)", descr="'|O'", content=bytes(24)),
        npy("(" * 900 + ")" * 900),
        npy("(1,)", order="-" * 8000 + "1"),
        npy("(3,"),
        npy("(3,)").replace(b"\x01\x00", b"\x02\x00", 1),
        npy("(4,)", content=bytes(15)),
        b"",
    ],
    ids=lambda content: repr(content[10:70]),
)
def test_headers_that_claim_anything_take_no_memory(
    saved: Path, tmp_path: Path, content: bytes
) -> None:
    folder = copy_of(saved, tmp_path)
    with_member(folder, "0_scale", content)
    tracemalloc.start()
    refused(folder)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 50e6


def test_compressed_arrays_are_refused_before_they_are_unpacked(
    saved: Path, tmp_path: Path
) -> None:
    folder = copy_of(saved, tmp_path)
    with_member(folder, "0_scale", bytes(10**7), compression=zipfile.ZIP_DEFLATED)
    refused(folder)


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_read_as_numpy_wrote_them(tmp_path: Path, order: Literal["C", "F"]) -> None:
    written = np.arange(12, dtype=np.float32).reshape(3, 4).copy(order)
    np.savez(tmp_path / "a.npz", one=written)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        found = read_array(archive, archive.infolist()[0])
    assert np.array_equal(found, written)
    assert found.flags.f_contiguous == written.flags.f_contiguous
    assert found.flags.writeable


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rate", 0),
        ("rate", "20"),
        ("stride", 0),
        ("stride", 10**12),
        ("windows", []),
        ("windows", [2, 4]),
        ("windows", [1] * 40),
        ("lags", [-1]),
        ("kind", "code"),
        ("labels", []),
        ("labels", ["high"]),
        ("opening", -1),
        ("opening", 10**12),
        ("least", [-1, 5]),
        ("least", [1, 2, 3, 4, 5, 6, 7]),
        ("unknown", 1),
        ("odd", "1"),
        ("lengths", [[0, 1.0, 1.0]]),
        ("lengths", [[99, 1.0, 1.0, 5.0]]),
        ("lengths", [[1, 1.0, 0.0, 5.0]]),
    ],
)
def test_tampered_settings_are_refused(
    saved: Path, tmp_path: Path, key: str, value: object
) -> None:
    folder = copy_of(saved, tmp_path)
    path = folder / weights.SETTINGS
    document = json.loads(path.read_text())
    document["parts"][0][key] = value
    path.write_text(json.dumps(document))
    refused(folder)


def test_another_format_or_no_parts_are_refused(saved: Path, tmp_path: Path) -> None:
    for change in ({"format": 99}, {"parts": []}, {"rate": -1.0}):
        folder = copy_of(saved, tmp_path)
        path = folder / weights.SETTINGS
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        refused(folder)
