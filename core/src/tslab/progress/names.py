"""Hashes in place of names: those that `tslab agreement --private` has, too."""

from __future__ import annotations

from dataclasses import replace

from tslab.agreement.report.privacy import hashes
from tslab.progress.activity import UNKNOWN_MODEL, Activity


def hidden(found: Activity, key: bytes) -> Activity:
    """The same activity without names of people and models.

    Whoever lacks the key cannot find a name by trying.

    Args:
        found: What was pulled.
        key: The project's own, see `tslab.agreement.report.privacy.project_key`.
    """
    reviewers = found.review.reviewers if found.review else {}
    people = {entry.annotator for entry in found.entries} | reviewers.keys()
    names = hashes(sorted(people), "person", key)
    versions = {entry.model for entry in found.entries} - {"", UNKNOWN_MODEL}
    models = {"": "", UNKNOWN_MODEL: UNKNOWN_MODEL, **hashes(sorted(versions), "model", key)}
    entries = [
        replace(entry, annotator=names[entry.annotator], model=models[entry.model])
        for entry in found.entries
    ]
    shown = {
        task: {models[name]: spans for name, spans in by_model.items() if name in models}
        for task, by_model in found.shown.items()
    }
    review = found.review and replace(
        found.review, reviewers={names[who]: many for who, many in reviewers.items()}
    )
    return replace(found, entries=entries, shown=shown, review=review)
