"""WFDB annotation files: what is written is read back, by wfdb itself and by the plugin."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab import Annotation, DataError, Domain, Label, Recording, Signal, Source, Span, Tier
from tslab.project import open_project
from tslab_ecg_eeg.ecg_ontology import BEATS, DOMAIN, RHYTHM, UNLABELLED
from tslab_ecg_eeg.wfdb_annotations import (
    ALIASES,
    LONGEST_AUX,
    NOT_ANNOTATIONS,
    WfdbExporter,
    label_rate,
    read_annotations,
    read_spans,
)

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")  # wrsamp, pandas 3.1

DATA = Path(os.environ.get("TSLAB_DATA", Path(__file__).parents[2] / "../shared/data")) / "ecg"
RECORDS = sorted(DATA.glob("*/*.atr")) if DATA.is_dir() else []
needs_data = pytest.mark.skipif(not RECORDS, reason=f"no real data in {DATA}")

EXPORTER = WfdbExporter()
CODES = {tier.name: {x.name: x.code for x in tier.labels} for tier in DOMAIN.tiers}
RATE = 250.0


def recording(seconds: float = 60.0, *rates: float, name: str = "rec-a") -> Recording:
    leads = [
        Signal.from_array(f"V{i}", np.zeros(round(seconds * rate)), rate, "mV")
        for i, rate in enumerate(rates or (RATE,), 1)
    ]
    return Recording(id=name, signals=leads, duration=seconds)


def export(
    spans: Sequence[Span],
    of: Recording,
    folder: Path,
    domain: Domain = DOMAIN,
    annotator: str = "anna@example.org",
) -> Path:
    (path,) = EXPORTER.write([Annotation(of.id, annotator, spans)], {of.id: of}, folder, domain)
    return path


def again(path: Path, of: Recording, domain: Domain = DOMAIN) -> list[Span]:
    (annotation,) = EXPORTER.read([path], {of.id: of}, domain)
    return list(annotation.spans)


def key(span: Span, rate: float = RATE) -> tuple[object, ...]:
    place = (round(span.start * rate), round(span.end * rate))
    return (span.tier, *place, span.label, span.fields.get("note", ""))


def keys(spans: Sequence[Span], rate: float = RATE) -> list[tuple[object, ...]]:
    return sorted((key(span, rate) for span in spans), key=str)


def marks_of(path: Path) -> list[tuple[int, str, str]]:
    found = wfdb.rdann(str(path.with_suffix("")), path.suffix[1:])
    aux = [(text or "").strip("\x00") for text in found.aux_note]
    return list(zip((int(n) for n in found.sample), found.symbol, aux, strict=True))


def rhythm(start: float, end: float, name: str, note: str = "") -> Span:
    return Span(start, end, name, "rhythm", fields={"note": note} if note else {})


def beat(at: float, name: str = "Normal beat", note: str = "") -> Span:
    return Span(at, at, name, "beats", fields={"note": note} if note else {})


# --- any reading survives -------------------------------------------------------------------

notes = st.one_of(
    st.just(""),
    st.sampled_from(["P wave?", "## time resolution: 100", "## x", "(N", "ünsicher", "a: b", "="]),
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20),
).map(lambda text: "" if text == "None" else text)


@st.composite
def readings(draw: st.DrawFn) -> tuple[Recording, list[Span]]:
    """States side by side or with holes, and beats anywhere, several at one sample."""
    rate = draw(st.sampled_from([100.0, 128.5, 250.0, 360.0, 1000.0]))
    count = draw(st.integers(2, 50_000))
    cuts = sorted((draw(st.sets(st.integers(0, count), max_size=10)) - {1}) | {0, count})
    labels = st.sampled_from([*CODES["rhythm"], ""])
    spans = []
    for first, last in itertools.pairwise(cuts):
        name = draw(labels)
        if name:
            spans.append(rhythm(first / rate, last / rate, name, draw(notes)))
    samples = draw(st.lists(st.sampled_from([*cuts, *range(0, count, 97)]), max_size=25))
    names = st.sampled_from(sorted(CODES["beats"]))
    spans += [beat(n / rate, draw(names), draw(notes)) for n in samples]
    return recording(count / rate, rate), spans


@settings(max_examples=150)
@given(readings())
def test_readings_come_back_equal(reading: tuple[Recording, list[Span]]) -> None:
    of, spans = reading
    rate = label_rate(of)
    with tempfile.TemporaryDirectory() as folder:
        paths = EXPORTER.write(
            [Annotation("rec-a", "a", spans)], {"rec-a": of}, Path(folder), DOMAIN
        )
        assert bool(paths) == bool(spans)
        for path in paths:
            assert keys(again(path, of), rate) == keys(spans, rate)
            assert_readable_by_wfdb(path, spans, of)


def assert_readable_by_wfdb(path: Path, spans: Sequence[Span], of: Recording) -> None:
    """Other programs see the symbols in the beats' places, and each rhythm until the next mark."""
    rate = label_rate(of)
    marks = marks_of(path)
    assert [mark[0] for mark in marks] == sorted(mark[0] for mark in marks)
    beats = [(round(s.start * rate), CODES["beats"][s.label]) for s in spans if s.tier == "beats"]
    assert Counter((n, x) for n, x, _ in marks if x not in '+"') == Counter(beats)
    changes = [(n, aux) for n, symbol, aux in marks if symbol == "+"]
    ends = [*(n for n, _ in changes), round(of.duration * rate)][1:]
    told = [(n, end, aux) for (n, aux), end in zip(changes, ends, strict=True) if aux != UNLABELLED]
    assert told == sorted(
        (round(s.start * rate), round(s.end * rate), CODES["rhythm"][s.label])
        for s in spans
        if s.tier == "rhythm"
    )
    assert wfdb.rdann(str(path.with_suffix("")), "atr").fs == rate


def test_every_beat_code_at_one_sample(tmp_path: Path) -> None:
    of = recording()
    spans = [beat(10.0, label.name) for label in BEATS.labels] + [rhythm(10.0, 60.0, "AFIB")]
    path = export(spans, of, tmp_path)
    assert Counter(mark[1] for mark in marks_of(path)) == Counter(
        [label.code for label in BEATS.labels] + ["+"]
    )
    assert keys(again(path, of)) == keys(spans)


def test_every_rhythm_code(tmp_path: Path) -> None:
    of = recording(220.0)
    spans = [rhythm(10 * i, 10 * i + 10, label.name) for i, label in enumerate(RHYTHM.labels)]
    path = export(spans, of, tmp_path)
    assert [mark[2] for mark in marks_of(path)] == [label.code for label in RHYTHM.labels]
    assert keys(again(path, of)) == keys(spans)


def test_a_hole_is_marked_and_the_end_of_the_recording_is_not(tmp_path: Path) -> None:
    of = recording(60.0)
    spans = [rhythm(0, 10, "Normal"), rhythm(20, 30, "AFIB"), rhythm(30, 60, "Normal")]
    assert marks_of(export(spans, of, tmp_path)) == [
        (0, "+", "(N"),
        (2500, "+", UNLABELLED),
        (5000, "+", "(AFIB"),
        (7500, "+", "(N"),
    ]
    assert marks_of(export(spans[:1], of, tmp_path))[-1] == (2500, "+", UNLABELLED)


def test_beats_without_rhythms(tmp_path: Path) -> None:
    """The beats view has nothing else."""
    of = recording()
    path = export([beat(1.0), beat(2.0, "PVC")], of, tmp_path)
    assert marks_of(path) == [(250, "N", ""), (500, "V", "")]


def test_views_of_one_annotator_share_a_file(tmp_path: Path) -> None:
    of = recording()
    two = [
        Annotation("rec-a", "a", [rhythm(0, 60, "Normal")], view="rhythm"),
        Annotation("rec-a", "a", [beat(3.0)], view="beats"),
    ]
    (path,) = EXPORTER.write(two, {"rec-a": of}, tmp_path, DOMAIN)
    assert marks_of(path) == [(0, "+", "(N"), (750, "N", "")]


def test_annotators_have_folders_of_their_own(tmp_path: Path) -> None:
    of = recording()
    names = ["ann.a@example.org", "anna@example.org", "ann-a@example.org", "../../root", "", "é ë"]
    paths = [export([beat(1.0)], of, tmp_path, annotator=name) for name in names]
    assert len({path.parent for path in paths}) == len(names)
    assert all(path.resolve().parent.parent == tmp_path.resolve() for path in paths)


def test_nothing_to_write_leaves_no_file(tmp_path: Path) -> None:
    of = recording()
    path = export([beat(1.0)], of, tmp_path)
    assert path.exists()
    empty = Annotation("rec-a", "anna@example.org", [])
    assert EXPORTER.write([empty], {"rec-a": of}, tmp_path, DOMAIN) == []
    assert not path.exists()
    assert EXPORTER.read([], {"rec-a": of}, DOMAIN) == []


def test_overlapping_rhythms_are_refused_on_one_line(tmp_path: Path) -> None:
    spans = [rhythm(0, 10, "Normal"), rhythm(9.5, 12, "AFIB")]
    with pytest.raises(DataError) as error:
        export(spans, recording(), tmp_path)
    text = str(error.value)
    assert "\n" not in text
    assert "(N and (AFIB overlap at 9.500 s" in text
    assert "tslab lint" in text


def test_an_overlap_below_one_sample_is_none(tmp_path: Path) -> None:
    of = recording()
    spans = [rhythm(0, 10.001, "Normal"), rhythm(10.0005, 60, "AFIB")]
    assert [mark[:2] for mark in marks_of(export(spans, of, tmp_path))] == [(0, "+"), (2500, "+")]


# --- notes ----------------------------------------------------------------------------------


def test_notes_stand_where_other_programs_show_them(tmp_path: Path) -> None:
    of = recording()
    spans = [rhythm(4.0, 60.0, "AFIB", "flutter?"), beat(5.0, "PVC", "wide")]
    path = export(spans, of, tmp_path)
    assert marks_of(path) == [(1000, '"', "flutter?"), (1000, "+", "(AFIB"), (1250, "V", "wide")]
    assert keys(again(path, of)) == keys(spans)


def test_long_notes_are_cut_between_characters(tmp_path: Path) -> None:
    of = recording()
    path = export([beat(1.0, note="é" * 300)], of, tmp_path)
    assert again(path, of)[0].fields["note"] == "é" * (LONGEST_AUX // 2)


def test_line_breaks_in_notes_become_spaces(tmp_path: Path) -> None:
    of = recording()
    path = export([beat(1.0, note="one\n\ttwo\r\n three")], of, tmp_path)
    assert again(path, of)[0].fields["note"] == "one two three"


def test_a_domain_without_notes_gets_none(tmp_path: Path) -> None:
    of = recording()
    path = export([beat(1.0, note="wide")], of, tmp_path)
    silent = DOMAIN.model_copy(update={"fields": ()})
    assert again(path, of, silent)[0].fields == {}


def test_comments_of_other_programs_are_no_beats(tmp_path: Path) -> None:
    wfdb.wrann(
        *("rec-a", "atr", np.array([10, 500, 600]), ['"', '"', "N"]),
        aux_note=["Normal beat", "electrode off", "None"],
        fs=RATE,
        write_dir=str(tmp_path),
    )
    spans = read_spans(tmp_path / "rec-a.atr", recording(), DOMAIN)
    assert keys(spans) == [("beats", 600, 600, "Normal beat", "")]


# --- labels that tslab.yaml added -----------------------------------------------------------

WITH_OWN = DOMAIN.model_copy(
    update={
        "tiers": (
            Tier(
                **RHYTHM.model_dump(exclude={"labels"}),
                labels=(*RHYTHM.labels, Label(name="Wandering pacemaker")),
            ),
            Tier(
                **BEATS.model_dump(exclude={"labels"}),
                labels=(*BEATS.labels, Label(name="Late beat"), Label(name="Odd", code="ODD")),
            ),
        )
    }
)


def test_labels_without_a_code_keep_their_names(tmp_path: Path) -> None:
    of = recording()
    spans = [
        rhythm(0, 20, "Wandering pacemaker", "slow"),
        rhythm(20, 60, "Normal"),
        beat(0.5, "Late beat"),
        beat(2.0, "Late beat", "after a pause: 3 s"),
        beat(20.0, "Odd"),
        beat(20.0, "PVC"),
    ]
    path = export(spans, of, tmp_path, WITH_OWN)
    assert keys(again(path, of, WITH_OWN)) == keys(spans)
    assert "(Wandering pacemaker" in [mark[2] for mark in marks_of(path)]


# --- files of others ------------------------------------------------------------------------


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


def test_leads_of_two_rates_count_in_the_faster_one(tmp_path: Path) -> None:
    of = recording(60.0, 125.0, 500.0)
    spans = [rhythm(0, 60, "Normal"), beat(1.002)]
    path = export(spans, of, tmp_path)
    assert (501, "N", "") in marks_of(path)
    assert keys(again(path, of), 500) == keys(spans, 500)


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


# --- real recordings ------------------------------------------------------------------------


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


# --- in a project ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    exit_code: int
    output: str


def tslab(*arguments: object) -> Result:
    """A command, run in this process."""
    from tslab.cli import run

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = run([str(x) for x in arguments])
    return Result(code, out.getvalue())


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A project with one minute of an ECG, annotated by somebody else's program."""
    from tslab_ecg_eeg.ecg import tslab_sample_recordings

    sample = tslab_sample_recordings(DOMAIN)[0]
    assert sample.write is not None
    (tmp_path / "source").mkdir()
    header = sample.write(tmp_path / "source")
    header.with_suffix(".csv").write_text(
        "recording,start,end,tier,label\nholter-1,1,2,rhythm,VT\n"
    )
    study = tmp_path / "study"
    assert tslab("init", study, "--domain", "ecg", "--view", "rhythm").exit_code == 0
    assert tslab("add", header, "--project", study).exit_code == 0
    return study


def test_predict_takes_an_annotation_file(study: Path, tmp_path: Path) -> None:
    wfdb.wrann(
        *("holter-1", "qrs", np.array([0, 250, 2500, 30000]), ["+", "N", "V", "+"]),
        aux_note=["(N", "", "", "(AFIB"],
        fs=250,
        write_dir=str(tmp_path / "source"),
    )
    result = tslab("predict", "--from", tmp_path / "source/holter-1.qrs", "--project", study)
    assert result.exit_code == 0, result.output
    spans = open_project(study).predictions
    assert sorted(spans["label"]) == ["AFIB", "Normal", "Normal beat", "PVC"]
    assert spans.loc[spans["label"] == "AFIB", ["start", "end"]].to_numpy().tolist() == [
        [120.0, 300.0]
    ]


def test_a_table_beside_the_header_is_still_a_table(study: Path, tmp_path: Path) -> None:
    result = tslab("predict", "--from", tmp_path / "source/holter-1.csv", "--project", study)
    assert result.exit_code == 0, result.output
    assert list(open_project(study).predictions["label"]) == ["VT"]


def test_predictions_are_exported_and_verified(study: Path) -> None:
    assert tslab("predict", "--project", study).exit_code == 0
    result = tslab(*("export", "--to", "wfdb", "--verify", "--predictions", "", "--project", study))
    assert result.exit_code == 0, result.output
    assert "read back and equal" in result.output
    assert len(list((study / "exports/wfdb").glob("*/*.atr"))) == 1


@needs_data
def test_predict_from_the_reference_of_record_100(tmp_path: Path) -> None:
    for suffix in ("hea", "dat", "atr"):
        shutil.copy(DATA / f"mitdb/100.{suffix}", tmp_path)
    study = tmp_path / "study"
    assert tslab("init", study, "--domain", "ecg", "--view", "beats").exit_code == 0
    assert tslab("add", tmp_path / "100.hea", "--project", study).exit_code == 0
    result = tslab(
        *("predict", "--from", tmp_path / "100.atr", "--model-version", "mitdb"),
        *("--project", study),
    )
    assert result.exit_code == 0, result.output
    project = open_project(study)
    (found,) = project.predicted_spans("mitdb").values()
    assert Counter(span.label for span in found) == {
        "Normal": 1,
        "Normal beat": 2239,
        "APC": 33,
        "PVC": 1,
    }
