"""tslab pull: annotations back, as spans of recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, named_table, shared_options

if TYPE_CHECKING:
    from tslab.annotation import Annotation
    from tslab.contracts import Finding
    from tslab.label_studio.review.judging import Outcome
    from tslab.project import Project


@click.command("pull", help="Bring annotations back and check them.")
@click.option("--raw", is_flag=True, help="Keep Label Studio's own JSON in annotations/ too.")
@shared_options
def command(output: Output, raw: bool) -> int:
    """Writes annotations.json and activity.json in annotations/.

    Exits with 1 if a finding is an error.
    """
    from tslab.errors import counted
    from tslab.label_studio.client import Client
    from tslab.label_studio.connection import connection
    from tslab.label_studio.pull import former_projects, pull
    from tslab.label_studio.remote import REVIEW_FILE, load_projects
    from tslab.label_studio.task_links import save_links

    with output.changing() as project:
        address = connection(project)
        with Client(address.url, address.api_key) as client:
            pulled = pull(
                project,
                client,
                former_projects(project, client, address) | load_projects(project, address),
                raw=raw,
                reviews=load_projects(project, address, REVIEW_FILE),
            )
        save_links(project, address, pulled.numbers)
        findings = [*pulled.findings, *check(output, project, pulled.annotations)]
        output.warn_of(findings)
        rows = [
            (a.annotator, a.view, a.recording, len(a.spans), f"{a.lead_time or 0:.0f} s")
            for a in pulled.annotations
        ]
        text = (
            named_table(rows, ("annotator", "view", "recording", "spans", "time spent"))
            if rows
            else ""
        )
        counts = ", ".join(counted(count, what) for what, count in sorted(pulled.counts.items()))
        document = {
            "annotations": len(pulled.annotations),
            "spans": sum(len(a.spans) for a in pulled.annotations),
            "counts": dict(pulled.counts),
            "findings": [str(finding) for finding in findings],
        }
        text = f"{text}\n{counts or 'no annotations yet'}"
        if pulled.review is not None:
            document["review"] = review_document(pulled.review)
            text = f"{text}\n{review_text(pulled.review)}"
        output.result(document, text.strip())
        return int(any(finding.severity == "error" for finding in findings))


def review_document(outcome: Outcome) -> dict[str, object]:
    """What a review has come to."""
    return {
        "decided": outcome.decided,
        "corrected": outcome.corrected,
        "nothing": outcome.nothing,
        "open": outcome.open,
        "split": len(outcome.split),
        "unusable": len(outcome.unusable),
        "kept": outcome.kept,
        "differing": outcome.differing,
        "settled": outcome.settled,
        "waiting": outcome.waiting,
        "upheld": dict(sorted(outcome.upheld.items())),
        "party": dict(sorted(outcome.party.items())),
        "reviewers": dict(sorted(outcome.reviewers.items())),
        "own": dict(sorted(outcome.own.items())),
        "favoured": dict(sorted(outcome.favoured.items())),
    }


def review_text(outcome: Outcome) -> str:
    """The same for people."""
    from tslab.errors import counted

    how = f"{outcome.corrected} by drawing, {outcome.nothing} by saying that nothing is there"
    text = f"review: {counted(outcome.decided, 'disputes')} decided ({how})"
    text += f", {outcome.open} open"
    why = {"reviewers differ": outcome.split, "answers cannot be used": outcome.unusable}
    if reasons := [f"{len(cases)} because {what}" for what, cases in why.items() if cases]:
        text += f" ({', '.join(reasons)})"
    if outcome.waiting:
        what = "regions with an open border [is|are] left out until then"
        text += f"; {counted(outcome.waiting, what)}"
    if outcome.settled:
        text += f", {outcome.settled} within the tolerance"
    if outcome.differing:
        text += f"; {counted(outcome.differing, 'answers')} about tasks differ, and are left out"
    if outcome.kept:
        text += f"; {outcome.kept} were decided in tasks that Label Studio no longer has"
    rows = [
        (name, f"{outcome.upheld[name]} of {count}", f"{outcome.upheld[name] / count:.0%}")
        for name, count in sorted(outcome.party.items())
    ]
    if rows:
        text += f"\n{named_table(rows, ('annotator', 'upheld', 'share'))}"
        text += f"\n{named_table(*_reviewers(outcome))}"
    return text


def _reviewers(outcome: Outcome) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """Who decided how much; about own readings only where somebody did."""
    names = sorted(outcome.reviewers)
    rows = [(name, str(outcome.reviewers[name])) for name in names]
    if not outcome.own:
        return list(rows), ("reviewer", "decided")
    more = [
        (*row, str(outcome.own[name]), str(outcome.favoured[name]))
        for name, row in zip(names, rows, strict=True)
    ]
    return list(more), ("reviewer", "decided", "own readings", "own upheld")


def check(output: Output, project: Project, annotations: list[Annotation]) -> list[Finding]:
    """Findings of the plugins about annotations; a missing source is one warning line."""
    from tslab.errors import DataError

    findings: list[Finding] = []
    for recording_id in sorted({a.recording for a in annotations}):
        try:
            recording = project.recording(recording_id, derived=False)
        except DataError as error:
            output.warn(f"annotations of {recording_id} are not checked: {error}")
            continue
        for annotation in annotations:
            if annotation.recording == recording_id:
                findings += project.plugins.check_annotation(annotation, recording, project.domain)
    return findings
