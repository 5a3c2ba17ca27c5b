"""What `tslab review` makes on a server: dry runs, changed readings, copies, and a run cut off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kit.planted import ANNOTATORS
from kit.review_study import domain_of_all_kinds, make_review_study
from kit.studies import Study

from tslab import files
from tslab.annotation import Annotation
from tslab.errors import DataError
from tslab.label_studio.client import Client
from tslab.label_studio.push import Report
from tslab.label_studio.review.ballots import Ballot, save_ballots
from tslab.label_studio.review.key import Key, load_key
from tslab.label_studio.review.project import ReviewPush
from tslab.label_studio.review.tasks import GONE
from tslab.spans import Span
from tslab.testing import FakeLabelStudio

ANN, BOB, _ = ANNOTATORS


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with domain_of_all_kinds():
        made = make_review_study(tmp_path, [1])[0]
        say(made, [walk(10, 14), walk(16, 18)])
        yield made


@pytest.fixture
def server() -> Iterator[FakeLabelStudio]:
    with FakeLabelStudio() as fake:
        yield fake


def walk(start: float, end: float) -> Span:
    return Span(start, end, "Walk", "state")


def say(study: Study, spans: list[Span]) -> None:
    """Ann's reading; Bob marks nothing."""
    (recording,) = study.project.entries()
    said = [
        Annotation(recording, name, own, "anomalies", [(0.0, 120.0)])
        for name, own in ((ANN, spans), (BOB, []))
    ]
    path = study.root / "annotations" / "annotations.json"
    files.write_bytes(path, files.json_bytes(said))


def review(
    study: Study, server: FakeLabelStudio, mode: str = "local", *, dry_run: bool = False
) -> Report:
    with Client(server.url, server.api_key) as client:
        push = ReviewPush(study.project, client, mode, dry_run, lambda items, _: items)
        return push.run_review(None, {}, {})


def key_of(study: Study) -> Key:
    key = load_key(study.project.state)
    assert key is not None
    return key


def task_of(server: FakeLabelStudio) -> dict[str, Any]:
    (task,) = server.data["tasks"].values()
    return dict(task["data"])


def test_a_dry_run_with_uploads_says_what_would_be_made(
    study: Study, server: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended with an error: the file of a new window is not there yet."""
    there: dict[str, str] = {}

    def upload(_: Client, project: int, paths: Mapping[str, Path]) -> None:
        assert all(path.is_file() for path in paths.values())
        there.update({name: f"/data/upload/{project}/{name}" for name in paths})

    monkeypatch.setattr(Client, "upload", upload)
    monkeypatch.setattr(Client, "uploads", lambda *_: dict(there))
    dry = review(study, server, "upload", dry_run=True)
    assert "upload 1 file" in dry.changes
    assert "import 1 task with 1 prediction" in dry.changes
    assert server.data.get("projects", {}) == {}
    assert load_key(study.project.state) is None
    assert not list((study.root / "tasks").rglob("review-*"))
    done = review(study, server, "upload").changes
    assert done == [*dry.changes, "show the disputes"], "a real server shows the only ones"
    for dry_run in (True, False):
        assert review(study, server, "upload", dry_run=dry_run).changes == []
    say(study, [walk(10, 14), walk(16, 17)])
    dry = review(study, server, "upload", dry_run=True)
    assert "upload 2 files" in dry.changes, "the new window's, and that with the changed lane"
    assert len(there) == 1
    assert len(review(study, server, "upload").changes) == len(dry.changes)
    assert review(study, server, "upload").changes == []


def test_lanes_follow_a_reading_that_changes_beside_a_dispute(
    study: Study, server: FakeLabelStudio
) -> None:
    """The line of text had the new reading, the lane the old one."""
    review(study, server)
    (window,) = key_of(study).windows
    path = study.root / window.task.csv
    before = path.read_text()
    say(study, [walk(10, 14), walk(16, 17)])
    review(study, server)
    assert path.read_text() != before
    first, second = (task for task in server.data["tasks"].values())
    lines = first["data"]["disputes"].split("\n\n")
    assert [GONE in line for line in lines if line.startswith(("**1", "**2"))] == [
        False, True,
    ]  # fmt: skip
    assert (first["data"]["count"], second["data"]["count"]) == (1, 1)
    assert review(study, server).changes == []
    say(study, [walk(10, 14), walk(16, 18)])
    review(study, server)
    assert path.read_text() == before
    assert GONE not in server.data["tasks"][first["id"]]["data"]["disputes"]


def test_a_run_that_is_cut_off_leaves_no_window_without_its_key(
    study: Study, server: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try made files of windows that nobody knew any more."""

    def broken(*_: object) -> None:
        raise DataError("the disk is full", "")

    with monkeypatch.context() as patch:
        patch.setattr("tslab.label_studio.review.project.write_window", broken)
        with pytest.raises(DataError):
            review(study, server)
    names = [window.task.id for window in key_of(study).windows]
    assert len(names) == 1
    review(study, server)
    assert [window.task.id for window in key_of(study).windows] == names
    assert [path.stem for path in (study.root / "tasks").rglob("review-*.csv")] == names
    assert task_of(server)["task"] == names[0]
    assert review(study, server).changes == []


def test_a_second_copy_of_the_project_is_said(study: Study, server: FakeLabelStudio) -> None:
    review(study, server)
    (project,) = server.data["projects"].values()
    server.add("projects", **{k: v for k, v in project.items() if k != "id"})
    report = review(study, server)
    assert report.changes == []
    assert len(report.warnings) == 1
    assert "second copy" in report.warnings[0]


def test_a_review_says_which_verdicts_hold_no_more(study: Study, server: FakeLabelStudio) -> None:
    """Only the pull that found it out had said so, if at all."""
    review(study, server)
    (window,) = key_of(study).windows
    letters = {case.id: "A" for case in window.cases}
    save_ballots(study.project.state, [Ballot(window.task.id, "1|", "dora", 1, "1", letters)])
    assert review(study, server).warnings == []
    say(study, [walk(10, 14), walk(16, 17)])
    for dry_run in (True, False):
        (warning,) = review(study, server, dry_run=dry_run).warnings
        assert warning.startswith("TSL133 warning: recording ")
        assert "1 verdict holds no more: somebody changed a reading since" in warning
