"""WFDB annotation files: what is written is read back, by wfdb itself and by the plugin."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.ecg_readings import (
    CODES,
    EXPORTER,
    RATE,
    again,
    beat,
    export,
    keys,
    marks_of,
    recording,
    rhythm,
)

from tslab import Annotation, DataError, Label, Recording, Span, Tier
from tslab_ecg_eeg.ecg_ontology import BEATS, DOMAIN, RHYTHM, UNLABELLED
from tslab_ecg_eeg.wfdb_annotations import LONGEST_AUX, label_rate, read_spans

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


def test_leads_of_two_rates_count_in_the_faster_one(tmp_path: Path) -> None:
    of = recording(60.0, 125.0, 500.0)
    spans = [rhythm(0, 60, "Normal"), beat(1.002)]
    path = export(spans, of, tmp_path)
    assert (501, "N", "") in marks_of(path)
    assert keys(again(path, of), 500) == keys(spans, 500)
