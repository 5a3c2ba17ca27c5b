"""Hashes in place of names: those that `tslab agreement --private` has, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tslab.agreement.report.privacy import hashes
from tslab.progress.activity import UNKNOWN_MODEL, Activity, ReviewState
from tslab.progress.work import Work
from tslab.spans import Span


@dataclass(frozen=True, slots=True)
class Hashes:
    """What stands for names: whoever lacks the key cannot find a name by trying.

    Attributes:
        people: By annotators and reviewers.
        models: By model versions.
    """

    people: Mapping[str, str]
    models: Mapping[str, str]

    @classmethod
    def of(cls, found: Activity, key: bytes) -> Hashes:
        """Those of everybody who is named.

        Args:
            found: What was pulled.
            key: The project's own, see `tslab.agreement.report.privacy.project_key`.
        """
        reviewers = found.review.reviewers if found.review else {}
        people = {entry.annotator for entry in found.entries} | reviewers.keys()
        versions = {entry.model for entry in found.entries} - {"", UNKNOWN_MODEL}
        models = {"": "", UNKNOWN_MODEL: UNKNOWN_MODEL, **hashes(sorted(versions), "model", key)}
        return cls(hashes(sorted(people), "person", key), models)

    def work(self, item: Work) -> Work:
        """The same annotation without names."""
        who, model = self.people[item.entry.annotator], self.models[item.entry.model]
        return replace(item, entry=replace(item.entry, annotator=who, model=model))

    def shown(self, found: Activity) -> dict[str, dict[str, Sequence[Span]]]:
        """What annotators were shown, without names of models."""
        return {
            task: {self.models[name]: own for name, own in by_model.items() if name in self.models}
            for task, by_model in found.shown.items()
        }

    def review(self, found: ReviewState | None) -> ReviewState | None:
        """How far the review is, without names of reviewers."""
        if found is None:
            return None
        reviewers = {self.people[who]: many for who, many in found.reviewers.items()}
        return replace(found, reviewers=reviewers)
