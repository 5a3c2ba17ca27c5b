"""Hashes in place of annotators' names: those that `tslab agreement --private` has, too."""

from __future__ import annotations

from dataclasses import replace

from tslab.agreement.privacy import hashes
from tslab.progress.activity import Activity


def hidden(found: Activity, key: bytes) -> Activity:
    """The same activity without names; whoever lacks the key cannot try names.

    Args:
        found: What was pulled.
        key: The project's own, see `tslab.agreement.privacy.project_key`.
    """
    names = hashes(sorted({entry.annotator for entry in found.entries}), "person", key)
    entries = [replace(entry, annotator=names[entry.annotator]) for entry in found.entries]
    return replace(found, entries=entries)
