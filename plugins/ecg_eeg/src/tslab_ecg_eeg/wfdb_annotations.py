"""WFDB annotation files: written from spans, read back as the same spans.

Beats are annotations with their symbol at the R peak. A rhythm is a `+` annotation whose aux string
starts it; it lasts until the next one. Where a rhythm ends before the recording does and nothing
was labelled, the extension ``(UNLABELLED`` ends it. The note of a beat is its aux string, that of
a rhythm a comment (``"``) at its start. A beat label without a WFDB symbol is a comment that
begins with its name.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tslab import Annotation, DataError, Domain, Label, Recording, Source, Span
from tslab_ecg_eeg.ecg_ontology import UNLABELLED

RHYTHM_SYMBOL = "+"
COMMENT_SYMBOL = '"'
NOT_ANNOTATIONS = frozenset(
    (
        *(".hea", ".dat", ".d", ".mat", ".flac", ".edf", ".bdf", ".xws"),
        *(".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet", ".md", ".xml", ".pdf"),
        *(".zip", ".gz", ".npz", ".npy", ".html", ".yaml", ".yml"),
    )
)
"""Suffixes of files that lie beside headers and belong to other readers."""
ALIASES = {"(NSR": "(N", "(J": "(NOD", "(PM": "(P", "(VFIB": "(VF"}
"""Codes of other databases for the same rhythm."""
FIRST_COMMENT = 1
"""A comment at sample 0 is a definition to wfdb, which takes it out."""
LONGEST_AUX = 254
"""Bytes; the format counts them in one byte."""

_DEFINITION = re.compile(rb"(?s)(.)[\xfc-\xff](?=## )")
"""Length and type of an aux string that wfdb takes for a definition."""

Mark = tuple[int, str, str]
"""Sample number, symbol, aux string."""


@dataclass(frozen=True, slots=True)
class WfdbExporter:
    """Writes one annotation file for each recording and annotator: ``ANNOTATOR/RECORDING.atr``."""

    name: str = "wfdb"
    title: str = "WFDB annotations: beats by symbol, rhythms by aux string"
    scope: Literal["recording", "project"] = "recording"

    def write(
        self,
        annotations: Sequence[Annotation],
        recordings: Mapping[str, Recording],
        folder: Path,
        domain: Domain,
    ) -> list[Path]:
        """Writes the file of one annotator's readings of one recording.

        Raises:
            DataError: Two rhythms overlap.
        """
        import numpy as np
        import wfdb

        recording = recordings[annotations[0].recording]
        rate = label_rate(recording)
        length = round(recording.duration * rate)
        spans = [span for annotation in annotations for span in annotation.spans]
        marks = [*_beat_marks(spans, rate, domain), *_rhythm_marks(spans, rate, length, domain)]
        marks.sort()
        place = folder / _safe(annotations[0].annotator)
        place.mkdir(exist_ok=True)
        path = place / f"{recording.id}.atr"
        if not marks:
            path.unlink(missing_ok=True)
            return []
        wfdb.wrann(
            recording.id,
            "atr",
            np.array([mark[0] for mark in marks]),
            [mark[1] for mark in marks],
            aux_note=[_to_aux(mark[2]) for mark in marks],
            fs=rate,
            write_dir=str(place),
        )
        return [path]

    def read(
        self, paths: Sequence[Path], recordings: Mapping[str, Recording], domain: Domain
    ) -> list[Annotation]:
        """The readings in annotation files."""
        return [
            Annotation(
                recording=path.stem,
                annotator=path.parent.name,
                spans=read_spans(path, recordings[path.stem], domain),
            )
            for path in paths
        ]


def label_rate(recording: Recording) -> float:
    """Rate in Hz in which annotations count samples: that of the fastest recorded lead."""
    return max(s.sampling_rate for s in recording.signals if not s.derived)


def _safe(name: str) -> str:
    """A folder name; what an e-mail address is made of stays, so that no two share a folder."""
    return re.sub(r"[^\w@.+-]+", "-", name).strip("-.") or "annotator"


# --- writing --------------------------------------------------------------------------------


def _beat_marks(spans: Sequence[Span], rate: float, domain: Domain) -> Iterator[Mark]:
    for span in spans:
        if span.tier != "beats":
            continue
        symbol, note = _code_of(span, domain), _note_of(span, domain)
        if symbol == COMMENT_SYMBOL:
            note = f"{span.label}: {note}" if note else span.label
        first = FIRST_COMMENT if symbol == COMMENT_SYMBOL else 0
        yield max(round(span.start * rate), first), symbol, note


def _rhythm_marks(
    spans: Sequence[Span], rate: float, length: int, domain: Domain
) -> Iterator[Mark]:
    """One mark where a rhythm starts, and one where nothing labelled follows it."""
    rhythms = sorted(
        (round(s.start * rate), round(s.end * rate), _code_of(s, domain), _note_of(s, domain))
        for s in spans
        if s.tier == "rhythm"
    )
    rhythms = [rhythm for rhythm in rhythms if rhythm[1] > rhythm[0]]
    for number, (start, end, code, note) in enumerate(rhythms):
        following = rhythms[number + 1] if number + 1 < len(rhythms) else None
        if following is not None and following[0] < end:
            raise DataError(
                f"the rhythms {code} and {following[2]} overlap at {following[0] / rate:.3f} s, "
                "which the WFDB format cannot hold",
                "Run 'tslab lint' and mend the overlap in Label Studio.",
            )
        yield start, RHYTHM_SYMBOL, code
        if note:
            yield max(start, FIRST_COMMENT), COMMENT_SYMBOL, note
        if end < length and (following is None or following[0] > end):
            yield end, RHYTHM_SYMBOL, UNLABELLED


def _code_of(span: Span, domain: Domain) -> str:
    """Aux string of a rhythm, symbol of a beat; labels that have none are named in a comment."""
    label = domain.tier(span.tier).label(span.label)
    code = label.code if label else ""
    if span.tier == "beats":
        return code if code in _symbols() else COMMENT_SYMBOL
    return _rhythm_code(code, span.label)


def _rhythm_code(code: str, name: str) -> str:
    return code if code.startswith("(") else f"({' '.join(name.split())}"


@functools.cache
def _symbols() -> frozenset[str]:
    """Symbols of WFDB that stand for one event; comments and rhythm changes do not."""
    from wfdb.io.annotation import ann_label_table

    known = frozenset(str(symbol) for symbol in ann_label_table["symbol"])
    return known - {" ", COMMENT_SYMBOL, RHYTHM_SYMBOL}


def _note_of(span: Span, domain: Domain) -> str:
    note = span.fields.get("note", "") if _asks_note(domain) else ""
    return " ".join(str(note).split())


def _asks_note(domain: Domain) -> bool:
    return any(field.name == "note" and field.kind == "text" for field in domain.fields)


def _to_aux(text: str) -> str:
    """Text as wfdb writes it: one character for each byte of UTF-8, cut where the format ends."""
    # wfdb takes what starts with "## " for a definition, and one that it does not know hangs it.
    text = f" {text}" if text.startswith("#") else text
    return text.encode()[:LONGEST_AUX].decode(errors="ignore").encode().decode("latin-1")


def _from_aux(text: str | None) -> str:
    raw = (text or "").encode("latin-1", errors="replace")
    return raw.decode(errors="replace").strip("\x00").strip()


# --- reading --------------------------------------------------------------------------------


def read_annotations(source: Source, domain: Domain) -> list[Annotation] | None:
    """Annotations of a WFDB annotation file that lies beside its header; None for other files.

    Raises:
        DataError: The file cannot be read.
    """
    header = source.path.with_suffix(".hea")
    if not source.suffix or source.suffix in NOT_ANNOTATIONS or not header.is_file():
        return None
    if _is_text(source.head):
        return None
    rate, length = _rate_and_length(header)
    marks, own_rate = _read_marks(source.path)
    # A file may count in another rate than the frames of its record: that of the fastest lead.
    spans = list(_spans_of(marks, own_rate or rate, length, domain))
    annotator = source.path.suffix[1:]
    return [Annotation(recording=source.path.stem, annotator=annotator, spans=spans)]


def _is_text(head: bytes) -> bool:
    """Whether a file is text: annotations are words of 16 bits that end with one of zero."""
    return b"\x00" not in head and not any(byte < 9 for byte in head)


def _rate_and_length(header: Path) -> tuple[float, float]:
    """Frames a second (Hz), and seconds of the record; 0 where the header does not say."""
    import wfdb

    try:
        record: Any = wfdb.rdheader(str(header.with_suffix("")))
        rate, count = float(record.fs), int(record.sig_len or 0)
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"'{header.name}' is no WFDB header: {error}", "Copy it again.") from error
    if not rate > 0:
        raise DataError(f"'{header.name}' has the sampling rate {rate} Hz", "Mend the header.")
    return rate, count / rate


def read_spans(path: Path, recording: Recording, domain: Domain) -> list[Span]:
    """Beats and rhythms of an annotation file, in seconds of the recording.

    Raises:
        DataError: The file cannot be read.
    """
    marks, rate = _read_marks(path)
    return list(_spans_of(marks, rate or label_rate(recording), recording.duration, domain))


def _read_marks(path: Path) -> tuple[list[Mark], float | None]:
    """Marks in order, and the rate (Hz) that the file says it counts in."""
    import wfdb

    try:
        _refuse_strange_definitions(path)
        found: Any = wfdb.rdann(str(path.with_suffix("")), path.suffix[1:])
        rate = float(found.fs) if found.fs else None
        aux = [_from_aux(text) for text in found.aux_note]
        return list(zip((int(n) for n in found.sample), found.symbol, aux, strict=True)), rate
    except (
        *(OSError, ValueError, IndexError, KeyError),
        *(TypeError, AttributeError, OverflowError),
    ) as error:
        raise DataError(
            f"'{path.name}' is no WFDB annotation file: {error}", "Copy it again, or leave it out."
        ) from error


def _refuse_strange_definitions(path: Path) -> None:
    """Refuses definitions in an annotation file at which wfdb 4.3 waits for ever.

    Raises:
        ValueError: There is one.
        OSError: The file cannot be read.
    """
    content = path.read_bytes()
    expected: tuple[str, ...] = ("## time resolution: ", "## annotation type definitions")
    for place in _DEFINITION.finditer(content):
        aux = content[place.end() : place.end() + place[1][0]].decode("latin-1")
        if not _is_definition(aux, expected):
            raise ValueError(f"it defines {aux[:40]!r}")
        is_open = aux.startswith("## annotation")
        expected = ("## end of definitions",) if is_open else ("## annotation type definitions",)


def _is_definition(aux: str, expected: Sequence[str]) -> bool:
    if aux.startswith("## time resolution: "):
        return aux[:20] in expected and aux[20:21].isdecimal()
    return aux in expected


def _spans_of(
    marks: Sequence[Mark], rate: float, duration: float, domain: Domain
) -> Iterator[Span]:
    """Rhythms and beats; what is before the first rhythm mark is unlabelled."""
    length = round(duration * rate) or max((mark[0] for mark in marks), default=0)
    yield from _rhythms_of(marks, rate, length, domain)
    yield from _beats_of(marks, rate, domain)


def _rhythms_of(marks: Sequence[Mark], rate: float, length: int, domain: Domain) -> Iterator[Span]:
    tier = next((tier for tier in domain.tiers if tier.name == "rhythm"), None)
    names = {_rhythm_code(x.code, x.name): x.name for x in tier.labels} if tier else {}
    beats = _without_symbol(domain)
    comments = {
        sample: aux
        for sample, symbol, aux in marks
        if symbol == COMMENT_SYMBOL and aux.partition(": ")[0] not in beats
    }
    changes = [mark for mark in marks if mark[1] == RHYTHM_SYMBOL and mark[2].startswith("(")]
    ends = [min(mark[0], length) for mark in changes[1:]] + [length]
    for (start, _, aux), end in zip(changes, ends[: len(changes)], strict=True):
        name = names.get(aux) or names.get(ALIASES.get(aux, aux))
        if name is not None and end > start >= 0:
            fields = _note_field(comments.get(max(start, FIRST_COMMENT), ""), domain)
            yield Span(start / rate, end / rate, name, "rhythm", fields=fields)


def _beats_of(marks: Sequence[Mark], rate: float, domain: Domain) -> Iterator[Span]:
    by_symbol = {label.code: label.name for label in _beat_labels(domain) if label.code}
    without = _without_symbol(domain)
    for sample, symbol, aux in marks:
        name, note = by_symbol.get(symbol), aux
        if symbol == COMMENT_SYMBOL:
            told, _, note = aux.partition(": ")
            name = told if told in without else None
        if name is not None and sample >= 0:
            at = sample / rate
            yield Span(at, at, name, "beats", fields=_note_field(note, domain))


def _beat_labels(domain: Domain) -> tuple[Label, ...]:
    return next((tier.labels for tier in domain.tiers if tier.name == "beats"), ())


def _without_symbol(domain: Domain) -> set[str]:
    """Names of beat labels that are written as comments."""
    return {label.name for label in _beat_labels(domain) if label.code not in _symbols()}


def _note_field(note: str, domain: Domain) -> dict[str, str]:
    # Some databases write the word None where there is no note.
    return {"note": note} if note and note != "None" and _asks_note(domain) else {}
