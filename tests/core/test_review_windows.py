"""How disputes become windows: cut where somebody has a border only; one question is one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from kit.planted import ANNOTATORS
from kit.review_study import DOMAIN, KEYS, domain_of_all_kinds, make_review_study
from kit.studies import Study

from tslab import files
from tslab.agreement.dispute_values import DisputeSettings, Reading
from tslab.agreement.disputes.finding import disputes_of
from tslab.agreement.disputes.parts import Decision
from tslab.agreement.disputes.verdicts import truth_of
from tslab.annotation import Annotation
from tslab.domain import Label, Tier, View
from tslab.label_studio.review.context import MOST_CONTEXT, Sizes
from tslab.label_studio.review.key import Key, new_key
from tslab.label_studio.review.queue import Queue, make_queue, queue_rows, queue_text, summary
from tslab.label_studio.review.readings import Matter
from tslab.label_studio.review.tasks import disputes_as_regions, task_document
from tslab.label_studio.review.windows import pieces
from tslab.spans import Span

SECOND = 1_000_000
ANN, BOB, CID = ANNOTATORS


def states(*borders: float) -> list[Span]:
    """States that take turns, from border to border."""
    names = ("Rest", "Walk")
    pairs = itertools.pairwise(borders)
    return [Span(a, b, names[n % 2], "state") for n, (a, b) in enumerate(pairs)]


def matter(**said: list[Span]) -> Matter:
    readings = [Reading(name, spans, [(0, 60 * SECOND)]) for name, spans in said.items()]
    settings = DisputeSettings(tolerance=0, gap=SECOND // 10, around=SECOND // 10)
    found = disputes_of(readings, "states", settings).disputes
    return Matter("r", "anomalies", DOMAIN.tier("state"), readings, found, [], SECOND // 10)


def sizes(seconds: float) -> Sizes:
    return Sizes(SECOND, SECOND, round((seconds + 2) * SECOND))


@pytest.mark.parametrize("seconds", [5, 12, 21, 25, 40, 59])
def test_disputes_are_cut_at_borders_of_readers_only(seconds: float) -> None:
    """A cut in the middle of an event let half of it into the truth."""
    one = matter(ann=states(0, 20, 40, 60), bob=[])
    parts = list(pieces(one, sizes(seconds)))
    borders = {0, 20, 40, 60}
    assert {part.start / SECOND for part in parts} <= borders
    assert {part.end / SECOND for part in parts} <= borders
    assert [a.end for a in parts[:-1]] == [b.start for b in parts[1:]]
    assert sum(part.cost for part in parts) == pytest.approx(one.disputes[0].cost)
    longest = max(part.end - part.start for part in parts) / SECOND
    assert longest <= max(seconds, 20), "nothing is longer than it must be"


def test_verdicts_on_parts_make_no_border_that_nobody_has() -> None:
    one = matter(ann=states(0, 20, 40, 60), bob=[], cid=states(0, 20, 40, 60))
    parts = list(pieces(one, sizes(25)))
    assert len(parts) == 3
    said = {reading.reader: reading.spans for reading in one.readings}
    for upheld in (("ann", "bob", "ann"), ("bob", "ann", "bob"), ("bob", None, "ann")):
        decisions = [
            Decision(p.start, p.end, None if who is None else said[who])
            for p, who in zip(parts, upheld, strict=True)
        ]
        spans, known, _ = truth_of(one.readings, decisions)
        marked = {(s.start, s.end, s.label) for s in states(0, 20, 40, 60)}
        assert {(s.start, s.end, s.label) for s in spans} <= marked
        assert len(spans) == upheld.count("ann")
        assert {at for stretch in known for at in stretch} <= {t * SECOND for t in (0, 20, 40, 60)}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with domain_of_all_kinds():
        yield make_review_study(tmp_path_factory.mktemp("windows"), [1])[0]


def queue_of(study: Study, key: Key, **said: list[Span]) -> Queue:
    """What is disputed if these say that."""
    (recording,) = study.project.entries()
    annotations = [
        Annotation(recording, f"{name}@example.org", spans, "anomalies", [(0.0, 120.0)])
        for name, spans in said.items()
    ]
    path = study.root / "annotations" / "annotations.json"
    files.write_bytes(path, files.json_bytes(annotations))
    return make_queue(study.project, key)


def key_of(study: Study, **said: list[Span]) -> Key:
    """A key with the windows of what these say."""
    key = new_key()
    queue_of(study, key, **said)
    return key


def peaks(every: float) -> list[Span]:
    return [Span(n * every, n * every, "Peak", "mark") for n in range(1, int(59 / every))]


def test_a_reader_who_marks_nothing_is_one_question(study: Study) -> None:
    """73 beats that one of two did not mark were 73 questions in 6 windows."""
    key = key_of(study, ann=peaks(0.8), bob=[])
    (window,) = key.windows
    assert len(window.cases) == 72
    assert 57 < window.task.end - window.task.start < 63, "longer than a page and a half"
    said = {"ann@example.org": peaks(0.8), "bob@example.org": list[Span]()}
    silent = next(x for x, name in window.letters.items() if name.startswith("bob"))
    lines = task_document(study.project, window, said, KEYS)["data"]["disputes"].split("\n\n")
    assert lines[0].startswith(f"**{silent} marks nothing in this window.**")
    assert len(lines) == 1 + 72
    one = peaks(0.8)[:1]
    apart = key_of(study, ann=peaks(0.8), bob=one)
    assert len(apart.windows) > 1, "who marks something is asked page by page"


def test_a_dispute_at_a_border_belongs_to_the_window_that_begins_there(study: Study) -> None:
    """It was looked up in the one before, in which its reader was not silent."""
    assert [task.start_us for task in study.project.tasks()][:2] == [0, 60 * SECOND]
    late = [Span(60 + 2 * n, 61 + 2 * n, "Walk", "state") for n in range(29)]
    both = [Span(5, 8, "Walk", "state")]
    key = key_of(study, ann=[*both, *late], bob=both)
    (window,) = key.windows
    assert (len(window.cases), window.cases[0].start) == (29, 60 * SECOND)


def test_a_window_is_of_one_circle_of_readers(study: Study) -> None:
    """Who never opened a task stood there as somebody who marks nothing."""
    (recording,) = study.project.entries()
    marks = [Span(at, at, "Peak", "mark") for at in (57.0, 63.0)]
    extents = {ANN: [(0.0, 120.0)], BOB: [(0.0, 60.0)], CID: [(60.0, 120.0)]}
    annotations = [
        Annotation(recording, name, marks if name == ANN else [], "anomalies", own)
        for name, own in extents.items()
    ]
    path = study.root / "annotations" / "annotations.json"
    files.write_bytes(path, files.json_bytes(annotations))
    key = new_key()
    make_queue(study.project, key)
    assert sorted(sorted(w.letters.values()) for w in key.windows) == [[ANN, BOB], [ANN, CID]]


def test_a_dispute_longer_than_any_window_is_one_and_says_so(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tslab.label_studio.review.context.most_rows", lambda _: 2000)
    monkeypatch.setattr("tslab.label_studio.review.context.MOST_BYTES", 0)
    long = [Span(5, 115, "Walk", "state")]
    key = key_of(study, ann=long, bob=[])
    (window,) = key.windows
    (case,) = window.cases
    assert (case.start, case.end) == (5 * SECOND, 115 * SECOND)
    assert window.task.end - window.task.start == pytest.approx(36)
    document = task_document(study.project, window, {}, KEYS)
    assert "00:00:05\u201300:01:55, longer than this window," in document["data"]["disputes"]
    recording = study.project.recording(window.task.recording)
    prediction = disputes_as_regions(study.project, window, recording)
    assert prediction.exact[case.id][2:] == (5.0, 115.0), "the verdict holds for all of it"


def test_the_summary_says_what_is_cut(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are more to decide than `tslab agreement` lists then."""
    monkeypatch.setattr(Sizes, "of", lambda *_: sizes(25))
    key_of(study, ann=[*states(0, 20, 40, 60), Span(100, 101, "Walk", "state")], bob=[])
    queue = make_queue(study.project, new_key())
    queue.leave_out_answered([], ())
    assert queue.cut == (1, 3)
    assert summary(queue).startswith("4 disputes to decide in ")
    assert "; 1 dispute longer than a window, in 3 parts; " in summary(queue)
    key_of(study, ann=states(0, 20), bob=[])
    short = make_queue(study.project, new_key())
    assert short.cut == (0, 0)
    assert "longer" not in summary(short)


def test_lines_say_times_as_the_axis_does(study: Study) -> None:
    key = key_of(study, ann=states(0, 30.5, 60), bob=states(0, 32.25, 60))
    (window,) = key.windows
    said = {
        "ann@example.org": states(0, 30.5, 60),
        "bob@example.org": [*states(0, 32.25, 60)],
    }
    text = task_document(study.project, window, said, KEYS)["data"]["disputes"]
    letters = {name[:3]: letter for letter, name in window.letters.items()}
    assert text.startswith("**1.** 00:00:30.5 ")
    assert "where does it begin or end?" in text
    assert f"**{letters['ann']}** Rest 00:00:00\u201300:00:30.5, Walk 00:00:30.5" in text
    assert f"**{letters['bob']}** Rest 00:00:00\u201300:00:32.25" in text


def test_a_window_is_as_wide_as_what_is_disputed_needs(study: Study) -> None:
    """Two seconds in dispute were shown in twenty minutes, a quarter of the recording."""
    for length, shown in ((1.0, 2.2), (6.0, 6.4), (40.0, 10.2)):
        ends = 10 + length, 10.2 + length
        ann, bob = ([Span(10, end, "Walk", "state")] for end in ends)
        (window,) = key_of(study, ann=ann, bob=bob).windows
        assert window.task.end - window.task.start == pytest.approx(shown), length
        (case,) = window.cases
        middle = (case.start + case.end) / 2e6
        assert (window.task.start + window.task.end) / 2 == pytest.approx(middle)


def test_a_lone_instant_needs_no_page_and_a_beat_its_neighbours(study: Study) -> None:
    lone = [Span(50, 50, "Peak", "mark")]
    (window,) = key_of(study, ann=lone, bob=[]).windows
    assert window.task.end - window.task.start == pytest.approx(2, abs=0.1)
    beats = [Span(n, n, "Peak", "mark") for n in range(1, 119)]
    (window,) = key_of(study, ann=beats, bob=[s for s in beats if s.start != 50]).windows
    assert window.task.end - window.task.start == pytest.approx(6, abs=0.1)


def test_neighbours_share_a_window_in_which_each_is_seen(study: Study) -> None:
    """Both borders of a long event, each two samples, were nine pixels of one window."""
    long = Span(20, 29.8, "Walk", "state")
    apart = key_of(study, ann=[long], bob=[long.moved(20.04, 29.84)])
    assert [len(window.cases) for window in apart.windows] == [1, 1]
    near = key_of(study, ann=[long], bob=[long.moved(20.4, 29.4)])
    assert [len(window.cases) for window in near.windows] == [2]


def test_a_window_is_as_long_as_the_annotators_tasks(study: Study) -> None:
    """They saw five minutes at once; who decides about these sees them, too."""
    project = study.project
    labels = tuple(Label(name=f"L{n}", color="#123456") for n in range(20))
    tiers = (Tier(name="state", kind="states", labels=labels),)
    views = (View(name="anomalies", tiers=("state",)),)
    project.domain = DOMAIN.model_copy(update={"tiers": tiers, "views": views})
    (entry,) = project.entries().values()
    entry = replace(entry, sampling_rates=(200.0,))
    first = project.tasks()[0]
    task = replace(first, channels=("I", "II", "HR"), start=0.0, end=300.0)
    context = round(MOST_CONTEXT * 20 * SECOND)
    assert Sizes.of(project, entry, [first, task]).longest == 300 * SECOND + 2 * context
    many = replace(task, channels=tuple(f"c{n}" for n in range(60)))
    assert Sizes.of(project, entry, [many]).longest < 300 * SECOND, "the editor has limits"


def test_the_list_has_the_times_of_disputes_and_kinds_as_agreement_names_them(
    study: Study,
) -> None:
    one, other = (Span(30, 41.5, label, "state") for label in ("Walk", "Run"))
    queue = queue_of(study, new_key(), ann=[one], bob=[other])
    queue.leave_out_answered((), ())
    (row,) = queue_rows(queue, names=False)
    assert row[1:] == ("state", "30.00 to 41.50 s", "label conflict", "11.50", "(new)")


def test_the_list_is_no_wider_than_the_terminal_and_keeps_its_words(study: Study) -> None:
    said = [Span(30, 41.5, "Walk", "state"), Span(45, 50, "Walk", "state")]
    queue = queue_of(study, new_key(), ann=said, bob=[replace(said[0], label="Run")])
    queue.leave_out_answered((), ())
    (row,) = queue_rows(queue, names=True)
    assert row[3] == "label conflict, missed or extra event"
    (whole,), (narrow,) = (queue_text(queue, wide, names=True) for wide in (0, 80))
    assert len(whole.splitlines()[1]) > 80
    assert max(map(len, narrow.splitlines())) <= 80
    assert sorted({*whole.split()}) == sorted({*narrow.split()}), "nothing is cut out"
    assert narrow.count("30.00 to 50.00 s") == 2, "what goes below says which window it is of"
