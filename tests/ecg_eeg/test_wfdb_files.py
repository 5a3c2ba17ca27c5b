"""WFDB annotation files of others: read, left to other readers or refused."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wfdb
from kit.ecg_readings import (
    CODES,
    DATA,
    EXPORTER,
    RATE,
    RECORDS,
    again,
    keys,
    marks_of,
    needs_data,
    recording,
)

from tslab import DataError, Domain, Source, Span
from tslab_ecg_eeg.ecg_ontology import DOMAIN, RHYTHM, UNLABELLED
from tslab_ecg_eeg.wfdb_annotations import ALIASES, NOT_ANNOTATIONS, read_annotations


def write_record(folder: Path, name: str = "r", seconds: float = 10, **options: object) -> Path:
    count = round(seconds * RATE)
    wfdb.wrsamp(
        name,
        fs=RATE,
        units=["mV"],
        sig_name=["II"],
        p_signal=np.sin(np.arange(count) / 40)[:, None],
        fmt=["16"],
        write_dir=str(folder),
    )
    return folder / f"{name}.hea"


def write_marks(folder: Path, marks: Sequence[tuple[int, str, str]], **options: object) -> Path:
    wfdb.wrann(
        *("r", "atr", np.array([m[0] for m in marks]), [m[1] for m in marks]),
        aux_note=[m[2] for m in marks],
        write_dir=str(folder),
        **options,
    )
    return folder / "r.atr"


def read(path: Path, domain: Domain = DOMAIN) -> list[Span] | None:
    found = read_annotations(Source.open(path), domain)
    if found is None:
        return None
    (annotation,) = found
    assert annotation.recording == path.stem
    assert annotation.annotator == path.suffix[1:]
    return list(annotation.spans)


def test_time_before_the_first_rhythm_mark_is_unlabelled(tmp_path: Path) -> None:
    write_record(tmp_path)
    spans = read(write_marks(tmp_path, [(100, "N", ""), (500, "+", "(AFIB"), (600, "N", "")]))
    assert keys(spans or []) == [
        ("beats", 100, 100, "Normal beat", ""),
        ("beats", 600, 600, "Normal beat", ""),
        ("rhythm", 500, 2500, "AFIB", ""),
    ]


@pytest.mark.parametrize(("alias", "code"), ALIASES.items())
def test_codes_of_other_databases(tmp_path: Path, alias: str, code: str) -> None:
    write_record(tmp_path)
    spans = read(write_marks(tmp_path, [(0, "+", alias)]))
    label = next(x.name for x in RHYTHM.labels if x.code == code)
    assert keys(spans or []) == [("rhythm", 0, 2500, label, "")]


def test_unknown_rhythms_and_symbols_are_left_out(tmp_path: Path) -> None:
    write_record(tmp_path)
    marks = [(0, "+", "(N"), (500, "+", "(HGEA"), (700, "p", ""), (800, "~", ""), (900, "+", "(N")]
    spans = read(write_marks(tmp_path, [*marks, (950, "+", "MISSB")]))
    assert keys(spans or []) == [
        ("rhythm", 0, 500, "Normal", ""),
        ("rhythm", 900, 2500, "Normal", ""),
    ]


def test_a_rhythm_mark_at_the_very_end_has_no_length(tmp_path: Path) -> None:
    write_record(tmp_path)
    spans = read(write_marks(tmp_path, [(0, "+", "(AFIB"), (2500, "+", "(N"), (2600, "+", "(N")]))
    assert keys(spans or []) == [("rhythm", 0, 2500, "AFIB", "")]


def test_a_file_may_count_in_another_rate_than_its_record(tmp_path: Path) -> None:
    write_record(tmp_path)
    spans = read(write_marks(tmp_path, [(0, "+", "(N"), (1000, "N", "")], fs=1000))
    assert spans is not None
    assert keys(spans, 1000) == [
        ("beats", 1000, 1000, "Normal beat", ""),
        ("rhythm", 0, 10000, "Normal", ""),
    ]


def test_a_header_without_a_length_lets_the_last_rhythm_end_with_the_last_mark(
    tmp_path: Path,
) -> None:
    (tmp_path / "r.hea").write_text("r 0 250\n")
    spans = read(write_marks(tmp_path, [(0, "+", "(N"), (1000, "N", "")]))
    assert ("rhythm", 0, 1000, "Normal", "") in keys(spans or [])


@pytest.mark.parametrize("suffix", sorted(NOT_ANNOTATIONS - {".gz"}))
def test_files_of_other_readers_are_left_to_them(tmp_path: Path, suffix: str) -> None:
    write_record(tmp_path)
    path = tmp_path / f"r{suffix}"
    if not path.exists():
        path.write_bytes(b"\x00\x01")
    assert read(path) is None


@pytest.mark.parametrize("content", [b"", b"recording,start,end,label\n", b"# a log\n\n"])
def test_text_is_no_annotation_file(tmp_path: Path, content: bytes) -> None:
    write_record(tmp_path)
    path = tmp_path / "r.log"
    path.write_bytes(content)
    assert read(path) is None


def test_without_its_header_a_file_is_nobodys(tmp_path: Path) -> None:
    assert read(write_marks(tmp_path, [(0, "+", "(N")])) is None


@pytest.mark.parametrize("suffix", ["atr", "qrs", "man", "q1c", "ATR"])
def test_annotators_have_any_suffix(tmp_path: Path, suffix: str) -> None:
    write_record(tmp_path)
    path = write_marks(tmp_path, [(10, "N", "")])
    renamed = path.with_suffix(f".{suffix}")
    path.rename(renamed)
    assert keys(read(renamed) or []) == [("beats", 10, 10, "Normal beat", "")]


def test_a_broken_header_is_one_line(tmp_path: Path) -> None:
    path = write_marks(tmp_path, [(0, "+", "(N")])
    (tmp_path / "r.hea").write_text("\x00\x01 nonsense\n")
    with pytest.raises(DataError) as error:
        read(path)
    assert "r.hea" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_files_are_read_or_refused_never_more(tmp_path: Path, seed: int) -> None:
    write_record(tmp_path)
    marks = [(i * 40, "NV+A"[i % 4], "(AFIB" if i % 4 == 2 else "") for i in range(60)]
    path = write_marks(tmp_path, marks, fs=RATE)
    whole = path.read_bytes()
    dice = random.Random(seed)
    refusals = []
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 4, 30])):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        end = dice.randrange(4, len(damaged)) if dice.random() < 0.5 else len(damaged)
        path.write_bytes(damaged[:end])
        try:
            read(path)
        except DataError as error:
            refusals.append(str(error))
    assert refusals
    assert all("\n" not in text and "r.atr" in text for text in refusals)


@pytest.mark.parametrize(
    "definition", ["## time resolution: soon", "## who knows", "## time resolution: 250"]
)
def test_definitions_at_which_wfdb_hangs_are_refused(tmp_path: Path, definition: str) -> None:
    write_record(tmp_path)
    path = write_marks(tmp_path, [(0, '"', definition), (10, "N", "")], fs=RATE)
    with pytest.raises(DataError, match="it defines"):
        read(path)


@needs_data
@pytest.mark.parametrize("path", RECORDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_real_annotations_are_exported_as_they_are(tmp_path: Path, path: Path) -> None:
    (annotation,) = read_annotations(Source.open(path), DOMAIN) or ()
    header = wfdb.rdheader(str(path.with_suffix("")))
    of = recording(header.sig_len / header.fs, float(header.fs), name="rec-real")
    renamed = replace(annotation, recording="rec-real", annotator="atr")
    (written,) = EXPORTER.write([renamed], {"rec-real": of}, tmp_path, DOMAIN)
    before, after = marks_of(path), marks_of(written)
    known = set(CODES["beats"].values())
    beats = [mark[:2] for mark in before if mark[1] in known]
    assert sorted(beats) == sorted(mark[:2] for mark in after if mark[1] in known)
    changes = [(n, aux) for n, symbol, aux in before if symbol == "+" and n < header.sig_len]
    told = [(n, aux) for n, symbol, aux in after if symbol == "+" and aux != UNLABELLED]
    assert told == changes
    assert keys(again(written, of), header.fs) == keys(annotation.spans, header.fs)


@needs_data
def test_paroxysms_of_cpsc_are_read_in_full() -> None:
    """data_101_6: four episodes, 45.6 s; the record begins with no mark."""
    (annotation,) = read_annotations(Source.open(DATA / "cpsc2021/data_101_6.atr"), DOMAIN) or ()
    episodes = [s for s in annotation.spans if s.label == "AFIB"]
    assert len(episodes) == 4
    assert sum(s.duration for s in episodes) == pytest.approx(45.6, abs=0.1)
    assert sum(s.tier == "beats" for s in annotation.spans) == 196
    assert min(s.start for s in annotation.spans if s.tier == "rhythm") > 0
