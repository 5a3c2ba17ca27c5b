"""Verdicts back: ground truth on the original recordings, and who was upheld how often."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tslab.agreement.dispute_values import Dispute
from tslab.agreement.disputes.verdicts import Truth, truth_of
from tslab.annotation import Annotation
from tslab.contracts import Finding
from tslab.errors import counted
from tslab.ground_truth import REVIEWER
from tslab.label_studio.client import Client
from tslab.label_studio.review.ballots import (
    Box,
    Namer,
    load_ballots,
    place_of,
    read_ballots,
    save_ballots,
    without,
)
from tslab.label_studio.review.judging import Judge, Outcome
from tslab.label_studio.review.key import FILE, Key, load_key
from tslab.label_studio.review.readings import Matter, mark_of, matters
from tslab.label_studio.review.task_answers import unanimous
from tslab.label_studio.review.void import void_verdicts
from tslab.label_studio.review.windows import all_pieces, cases_by_mark
from tslab.lint.codes import finding
from tslab.preparation.stitching import with_ids
from tslab.project import Project
from tslab.spans import FieldValue, sort_key
from tslab.stretches import intersect, touches


def review_outcome(
    project: Project,
    client: Client,
    projects: Mapping[str, int],
    annotations: Sequence[Annotation],
    name: Namer,
) -> Outcome | None:
    """The outcome of a project's review so far; None if there was never one.

    Args:
        project: The project folder.
        client: The server.
        projects: Label Studio's ids of the review's projects, by group key.
        annotations: What annotators say now, as it was just pulled.
        name: Names reviewers.

    Raises:
        DataError: The key is damaged.
        ServerError: The server does not answer or refuses.
    """
    key, stored = load_key(project.state), load_ballots(project.state)
    if key is None or not (projects or stored):
        return None
    there = {int(item["id"]) for item in client.projects()} if projects else set()
    numbers = sorted(set(projects.values()) & there)
    exports = [client.annotated(number) for number in numbers]
    places = {place_of(item) for number in numbers for item in client.tasks(number)}
    disputed = list(all_pieces(project, matters(project, annotations)))
    live = {mark_of(matter, dispute) for matter, cut in disputed for dispute in cut}
    box = read_ballots(project, key, exports, (stored, places), name, live)
    for number in sorted(set(projects.values()) - there):
        box.findings.append(_gone(number, len(box.kept)))
    # Before anything is made of them: no answer is lost that was read.
    save_ballots(project.state, box.ballots)
    outcome = outcome_of(project, key, box, annotations, disputed)
    # What decides nothing must not stand for a decision where its task is gone.
    anew = outcome.split & box.kept
    given = {(b.place, b.by, case) for b in box.ballots for case in anew & b.letters.keys()}
    if open_again := given | outcome.refused:
        save_ballots(project.state, without(box.ballots, open_again))
    return outcome


def missing_key(project: Project, projects: Mapping[str, int]) -> list[Finding]:
    """Says that verdicts cannot be read, where there are some and the key is lost."""
    if load_key(project.state) is not None or not (projects or load_ballots(project.state)):
        return []
    text = f"'.tslab/{FILE}' is missing: no verdict can be read, and the last truth stays"
    return [finding("TSL127", text, severity="warning")]


def _gone(number: int, kept: int) -> Finding:
    text = f"review project {number} is gone from Label Studio"
    if kept:
        text += f"; the verdicts on {counted(kept, 'disputes')} that earlier pulls read still count"
    return finding("TSL123", text, severity="warning")


def outcome_of(
    project: Project,
    key: Key,
    box: Box,
    annotations: Sequence[Annotation],
    disputed: Sequence[tuple[Matter, Sequence[Dispute]]] | None = None,
) -> Outcome:
    """What verdicts make of annotations; asks no server.

    Args:
        project: The project folder.
        key: Its windows.
        box: What reviewers answered.
        annotations: What annotators say now.
        disputed: What they differ about, if that is known already.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    outcome = Outcome(findings=box.findings)
    truths: dict[tuple[str, str], list[Truth]] = {}
    known = cases_by_mark(key)
    if disputed is None:
        disputed = list(all_pieces(project, matters(project, annotations)))
    for matter, cut in disputed:
        judge = Judge(matter, cut, box, outcome)
        decisions = judge.decisions(known)
        truth = truth_of(matter.readings, decisions)
        outcome.waiting += len(truth.waiting)
        truths.setdefault((matter.recording, matter.view), []).append(truth)
    outcome.findings += _of_their_own(outcome)
    outcome.findings += void_verdicts(key, box.ballots, disputed, annotations)
    tasks = _task_answers(project, annotations, truths, outcome)
    for (recording, view), parts in truths.items():
        extents = functools.reduce(intersect, (truth.known for truth in parts))
        spans = [s for truth in parts for s in truth.spans if touches(s, extents)]
        outcome.annotations.append(
            Annotation(
                recording=recording,
                annotator=REVIEWER,
                spans=with_ids(sorted(spans, key=sort_key), f"{REVIEWER}|{recording}|{view}"),
                view=view,
                extents=[(start / 1e6, end / 1e6) for start, end in extents],
                task_fields=tasks[recording, view],
                ground_truth=True,
            )
        )
    return outcome


def _task_answers(
    project: Project,
    annotations: Sequence[Annotation],
    wanted: Iterable[tuple[str, str]],
    outcome: Outcome,
) -> dict[tuple[str, str], dict[str, dict[str, FieldValue]]]:
    """Answers about tasks that everybody gives alike, by recording and view."""
    found = {}
    for recording, view in wanted:
        own = [a for a in annotations if (a.recording, a.view) == (recording, view)]
        readings = [a for a in own if not a.ground_truth]
        found[recording, view], differing = unanimous(project.domain.task_fields, readings)
        outcome.differing += differing
    return found


def _of_their_own(outcome: Outcome) -> Iterator[Finding]:
    """Reviewers who decided about readings of their own: nobody knows his own hand blinded."""
    for by, count in sorted(outcome.own.items()):
        text = f"{by} decided {counted(count, 'disputes')} of own readings"
        text += f" and upheld the own one in {outcome.favoured[by]}"
        yield finding("TSL132", text, "review", severity="warning")
