"""In which order Label Studio hands out the windows of a review, over several runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from kit.planted import ANNOTATORS
from kit.review_study import domain_of_all_kinds, make_review_study
from kit.studies import Study

from tslab import files
from tslab.annotation import Annotation
from tslab.label_studio.client import Client
from tslab.label_studio.review.ballots import Ballot, place_of, save_ballots
from tslab.label_studio.review.project import ReviewPush
from tslab.spans import Span
from tslab.testing.fake_label_studio import FakeLabelStudio

ANN, BOB, _ = ANNOTATORS


@pytest.fixture
def study(tmp_path: Any) -> Iterator[Study]:
    with domain_of_all_kinds():
        yield make_review_study(tmp_path, [1])[0]


def dispute(study: Study, lengths: Mapping[float, float]) -> None:
    """One annotator marks something where the other does not; seconds by where it begins."""
    (recording,) = study.project.entries()
    marked = [Span(at, at + long, "Leak", "event") for at, long in sorted(lengths.items())]
    # What both mark keeps a window from being about somebody who marks nothing at all.
    both = [Span(1, 2, "Knock", "event"), Span(61, 62, "Knock", "event")]
    said = {ANN: [*both, *marked], BOB: both}
    annotations = [
        Annotation(recording, name, spans, "anomalies", [(0.0, 120.0)])
        for name, spans in said.items()
    ]
    path = study.root / "annotations" / "annotations.json"
    files.write_bytes(path, files.json_bytes(annotations))


def review(study: Study, client: Client, *, dry_run: bool = False) -> list[str]:
    """Runs it; what it changed."""
    push = ReviewPush(study.project, client, "local", dry_run, lambda items, _: items)
    return push.run_review(None, {}, {}).changes


def handed_out(server: FakeLabelStudio) -> list[float]:
    """Costs of the tasks by id, as the label stream goes."""
    return [round(task["data"]["cost"]) for _, task in sorted(server.data["tasks"].items())]


def test_windows_that_cost_more_come_first_whenever_they_were_made(study: Study) -> None:
    with FakeLabelStudio() as server, Client(server.url, server.api_key) as client:
        dispute(study, dict(zip((10.0, 40.0, 70.0), (2.0, 6.0, 4.0), strict=True)))
        review(study, client)
        assert handed_out(server) == [6, 4, 2]
        first = min(server.data["tasks"])
        assert review(study, client) == []
        dispute(study, dict(zip((10.0, 40.0, 70.0, 100.0), (2.0, 6.0, 4.0, 5.0), strict=True)))
        changes = review(study, client, dry_run=True)
        assert handed_out(server) == [6, 4, 2], "a dry run changes nothing"
        assert sum("anew, behind more costly ones" in change for change in changes) == 2
        assert review(study, client) == changes
        assert handed_out(server) == [6, 5, 4, 2]
        assert min(server.data["tasks"]) == first, "who came first anyway stays"
        assert review(study, client) == []


def test_a_task_that_somebody_worked_on_keeps_its_turn(study: Study) -> None:
    with FakeLabelStudio() as server, Client(server.url, server.api_key) as client:
        dispute(study, dict(zip((10.0, 40.0, 70.0), (2.0, 6.0, 4.0), strict=True)))
        review(study, client)
        _, annotated, answered = (task for _, task in sorted(server.data["tasks"].items()))
        annotated["total_annotations"] = 1
        # An answer that was taken back after a pull: without its task it would count again.
        ballot = Ballot(answered["data"]["task"], place_of(answered), ANN, 1, "1", {"x": "A"})
        save_ballots(study.project.state, [ballot])
        dispute(study, dict(zip((10.0, 40.0, 70.0, 100.0), (2.0, 6.0, 4.0, 5.0), strict=True)))
        review(study, client)
        assert handed_out(server) == [6, 4, 2, 5]
        assert review(study, client) == []
