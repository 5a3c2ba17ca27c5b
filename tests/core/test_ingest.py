"""Taking files in: nothing that names a person leaves .tslab/, a second run changes nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tslab.domain import Domain
from tslab.errors import DataError
from tslab.preparation.ingest import (
    metadata_of,
    read_metadata,
    source_files,
    source_hash,
    unmatched_rows,
)
from tslab.readers.wfdb_record import wfdb_library

SECRETS = (b"Doe", b"Jane", b"1948-05", b"born", b"P-4711", b"holter_doe", b"Main St", b"555-1234")
wfdb = wfdb_library("the tests")


def write_holter(folder: Path, name: str = "holter_doe", seconds: int = 700) -> Path:
    values = np.random.default_rng(1).normal(0, 0.02, seconds * 250)
    values[100::250] += 1.0  # heart beats
    wfdb.wrsamp(
        name, fs=250, units=["mV", "mV", "mmHg"], sig_name=["MLII", "V5", "Doe pressure"],
        p_signal=np.column_stack([values, values * 0.5, values]), fmt=["16"] * 3,
        write_dir=str(folder), comments=["Jane Doe, P-4711", "born 1948"],
        base_time=dt.time(10, 0, 1), base_date=dt.date(1948, 5, 6),
    )  # fmt: skip
    return folder / f"{name}.hea"


@pytest.fixture
def holter(tmp_path: Path) -> Path:
    (tmp_path / "Jane").mkdir()
    return write_holter(tmp_path / "Jane")


@pytest.fixture
def study(shell: Any) -> Any:
    """A project of the health domain ecg with both views."""
    views = ("--view", "rhythm", "--view", "beats")
    shell("init", shell.folder, "--domain", "ecg", *views, project=False)
    return shell


def test_identities_stay_in_the_local_state(study: Any, holter: Path, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(
        "file,name,birth,phone,age_band,device\n"
        "holter_doe.hea,Jane Doe,1948-05-06,555-1234,70-79,Holter\n"
    )
    document = study.json("add", holter, "--metadata", table)
    assert "name, birth, phone" in study.err
    assert document["added"][0]["dropped"] == ["Doe pressure"]
    study("predict")
    study("lint", code=0)
    found = study.files()
    assert any(name.startswith("tasks/beats/") for name in found)
    for name, content in found.items():
        for secret in SECRETS:
            assert secret not in content, (name, secret)
            assert secret not in name.encode()
    assert b"Holter" in found["tasks.json"]
    assert b"70-79" in found["recordings.csv"]
    state = study.folder / ".tslab"
    assert (state / "sources.json").read_bytes().count(b"holter_doe") == 1
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "sources.json").stat().st_mode & 0o777 == 0o600
    assert ".tslab/" in (study.folder / ".gitignore").read_text()


def test_a_second_run_writes_the_same_bytes(study: Any, holter: Path, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("id;age_band\nholter_doe;70-79\n")
    study("add", holter, "--metadata", table)
    before = study.files()
    study("add", holter, "--metadata", table)
    assert study.files() == before
    study("add", holter.with_suffix(".dat"))  # the same record by its other file
    assert study.files() == before


def test_another_window_removes_the_files_of_the_old_one(study: Any, holter: Path) -> None:
    study("add", holter)
    old = {name for name in study.files() if name.endswith(".csv")}
    path = study.folder / "tslab.yaml"
    path.write_text(path.read_text() + "window: {seconds: 400}\n")
    study("add", holter)
    new = {name for name in study.files() if name.endswith(".csv")}
    assert len(new) < len(old)
    listed = {task["data"]["csv"] for task in __import__("json").loads(study.files()["tasks.json"])}
    assert {name for name in new if name.startswith("tasks/")} == listed


def test_metadata_by_id_is_kept_when_a_file_is_added_again(
    study: Any, holter: Path, tmp_path: Path
) -> None:
    name = study.json("add", holter)["added"][0]["id"]
    table = tmp_path / "people.csv"
    table.write_text(f"id,age_band\n{name},50-59\n")
    study("add", holter, "--metadata", table)
    assert b"50-59" in study.files()["tasks.json"]
    before = study.files()
    study("add", holter)
    assert study.files() == before


@pytest.fixture
def health(make_domain: Any) -> Domain:
    return make_domain(health=True, metadata=("age", "patient age", "site"))


@pytest.mark.parametrize(
    ("age", "shown"),
    [("89", "89"), ("90", "90+"), ("104", "90+"), ("91.5", "90+"), ("95 years", "90+"),
     (" 93 ", "90+"), ("> 92", "90+"), ("~99y", "90+"), ("70-79", "70-79"), ("adult", "adult")],
)  # fmt: skip
def test_ages_above_89_are_not_shown(tmp_path: Path, health: Domain, age: str, shown: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(f"file,age,patient age,site\nx.csv,{age},{age},{age}\n")
    rows, _ = read_metadata(path, health)
    assert rows["x.csv"] == {"age": shown, "patient age": shown, "site": age.strip()}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_separators_and_byte_order_marks(
    tmp_path: Path, health: Domain, separator: str, encoding: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_text(separator.join(["File", "Site"]) + "\nx.csv" + separator + "Köln\n", encoding)
    assert read_metadata(path, health) == ({"x.csv": {"site": "Köln"}}, [])


def test_a_table_of_one_column_and_short_rows(tmp_path: Path, health: Domain) -> None:
    path = tmp_path / "m.csv"
    path.write_text("file\nx.csv\n")
    assert read_metadata(path, health) == ({"x.csv": {}}, [])
    path.write_text("file,site,age\nx.csv,A\n")
    assert read_metadata(path, health)[0] == {"x.csv": {"site": "A"}}


def test_which_columns_are_shown(tmp_path: Path, health: Domain, demo_domain: Domain) -> None:
    path = tmp_path / "m.csv"
    path.write_text("file,id,site,doctor\nx.csv,P-4711,A,Doe\n")
    assert read_metadata(path, health) == ({"x.csv": {"site": "A"}}, ["doctor"])
    assert read_metadata(path, demo_domain) == ({"x.csv": {"site": "A", "doctor": "Doe"}}, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "has the columns a, b"),
        ("", "cannot read metadata"),
        ("file,site\nx,1,2,3\ny,1\n", "cannot read metadata"),
        ("file,duration\nx,1\n", "cannot be named duration"),
        ("file,site,Site\nx,1,2\n", "cannot be named site"),
        (b"file,site\nx,\xff\xfe\n", "cannot read metadata"),
    ],
)
def test_metadata_that_cannot_be_used(
    tmp_path: Path, demo_domain: Domain, text: str | bytes, words: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=r"'m\.csv'") as caught:
        read_metadata(path, demo_domain)
    assert words in str(caught.value)
    assert caught.value.remedy


def test_rows_are_joined_by_name_stem_path_or_id() -> None:
    for key in ("a.csv", "a", "/data/a.csv", "rec-x"):
        assert metadata_of(Path("/data/a.csv"), "rec-x", {key: {"site": key}}) == {"site": key}
    assert metadata_of(Path("/data/a.csv"), "rec-x", {"b": {"site": "b"}}) == {}


def test_the_hash_of_a_record_covers_its_signal_files(tmp_path: Path) -> None:
    header = write_holter(tmp_path, "r1", 2)
    before = source_hash(header)
    assert {path.name for path in source_files(header)} == {"r1.hea", "r1.dat"}
    signal = header.with_suffix(".dat")
    signal.write_bytes(signal.read_bytes()[::-1])
    assert source_hash(header) != before


def test_headers_that_name_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a.hea").write_text("a/2 1 100 10\nb 5\nb 5\n")
    (tmp_path / "b.hea").write_text("b/2 1 100 10\na 5\nb 5\n")
    assert {p.name for p in source_files(tmp_path / "a.hea")} == {"a.hea", "b.hea"}


@pytest.mark.parametrize("name", ["gone.hea", "gone.csv", "folder.hea"])
def test_a_source_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.hea").mkdir()
    with pytest.raises(DataError, match=name):
        source_hash(tmp_path / name)


def test_metadata_of_two_files_of_one_name_is_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "1.csv", tmp_path / "b" / "1.csv"]
    with pytest.raises(DataError, match="fits 2 files"):
        unmatched_rows(paths, {"1.csv": {}}, ())
    by_path = {str(path): {} for path in paths}
    assert unmatched_rows(paths, by_path, ()) == []


def test_metadata_rows_of_nobody_are_named(tmp_path: Path) -> None:
    rows: dict[str, dict[str, str]] = {"x.csv": {}, "rec-a": {}, "y.csv": {}, "1": {}}
    lines = unmatched_rows([tmp_path / "1.csv"], rows, ["rec-a"])
    assert lines == ["metadata rows that fit no file: x.csv, y.csv"]


def test_a_file_without_a_value_is_refused(study: Any, tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("time,II\n" + "".join(f"{i / 100},\n" for i in range(1000)))
    study("add", path, code=1)
    assert not [name for name in study.files() if name.startswith("tasks/")]


def test_configs_of_several_projects_go_into_files_of_their_own(study: Any, holter: Path) -> None:
    study("add", holter)
    folder = study.folder / "configs"
    study("config", "--out", folder)
    written = sorted(folder.iterdir())
    assert written
    for path in written:
        study("config", "--check", path, project=False)
