"""A result that names nobody: readers and tasks become hashes with a key that stays at home."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab import files
from tslab.agreement.attributes.task_attributes import TaskAnswers
from tslab.agreement.dispute_values import Scope
from tslab.agreement.tier_tables import GROUND_TRUTH, Intake, TierTable, made_of_people
from tslab.agreement.values import Readers
from tslab.errors import DataError
from tslab.span_table import Extents, SpanTable

KEY = "agreement.key"
LETTERS = 8
"""Hexadecimal digits of a hash; twice as many where two names would share one."""


def project_key(state: Path) -> bytes:
    """The project's own key, made when it is first asked for; the same names stay the same.

    Raises:
        DataError: The file is damaged.
        ProjectError: It cannot be written.
    """
    path = state / KEY
    if not path.exists():
        files.write_bytes(path, secrets.token_hex(32).encode() + b"\n", mode=0o600)
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError as error:
        raise DataError(
            f"'{path}' is damaged", "Delete it: hashes of names will then be others."
        ) from error


def private(intake: Intake, key: bytes) -> Intake:
    """The intake without a name; also the order of hashes says nothing about that of names.

    Chance draws tasks in the order that they had under their names, so that intervals stay.
    """
    findings = tuple(replace(finding, place="") for finding in intake.findings)
    names = _names(intake.tiers, key)
    tiers = tuple(_hidden(tier, names, key) for tier in intake.tiers)
    return replace(intake, tiers=tiers, findings=findings)


def _names(tiers: Sequence[TierTable], key: bytes) -> dict[str, str]:
    """Hashes of all readers; a table also has those that mark in other tiers only."""
    people = {name for tier in tiers for name in tier.readers.annotators}
    everybody = {name for tier in tiers for name in _readers_of(tier)}
    models = everybody - people - {GROUND_TRUTH}
    together = {name for name in models if made_of_people(name)}
    return {
        **hashes(sorted(people), "person", key),
        **hashes(sorted(models - together), "model", key),
        **hashes(sorted(together), "consensus", key),
        GROUND_TRUTH: GROUND_TRUTH,
    }


def _readers_of(tier: TierTable) -> set[str]:
    tables = [table for table in (tier.table, tier.windows) if table is not None]
    found = {name for table in tables for name in table.annotators}
    answered = tier.task_answers.annotators if tier.task_answers is not None else ()
    return {*found, *answered, *tier.readers.models}


def _hidden(tier: TierTable, names: Mapping[str, str], key: bytes) -> TierTable:
    people, models = tier.readers.annotators, tier.readers.models
    readers = Readers(
        tuple(sorted(names[name] for name in people)),
        tier.readers.reference,
        tuple(sorted(names[name] for name in models)),
    )
    windows = None if tier.windows is None else _renamed(tier.windows, names, key)
    table = _renamed(tier.table, names, key)
    answers = tier.task_answers
    if answers is not None:
        answers = replace(_answers(answers, names, key), readers=readers)
    scopes = _scopes(tier.scopes, table)
    return replace(
        tier, table=table, readers=readers, windows=windows, task_answers=answers, scopes=scopes
    )


def _scopes(given: Sequence[Scope], table: SpanTable) -> tuple[Scope, ...]:
    """What is to be reviewed, in the new order of the tasks."""
    order = np.argsort(table.order).tolist() if given and table.order is not None else ()
    return tuple(replace(given[old], recording="") for old in order)


def _answers(given: TaskAnswers, names: Mapping[str, str], key: bytes) -> TaskAnswers:
    of_task = hashes(given.tasks, "task", key)
    tasks, task_of = _sorted([of_task[name] for name in given.tasks])
    readers, reader_of = _sorted([names[name] for name in given.annotators])
    said = {
        (int(task_of[task]), int(reader_of[who])): answers
        for (task, who), answers in given.answers.items()
    }
    return replace(
        given, tasks=tuple(tasks), annotators=tuple(readers), answers=said,
        order=task_of.astype(np.int32),
    )  # fmt: skip


def _renamed(table: SpanTable, names: Mapping[str, str], key: bytes) -> SpanTable:
    """The same table under other names, in the order of these."""
    of_task = hashes(table.tasks, "task", key)
    tasks, task_of = _sorted([of_task[name] for name in table.tasks])
    readers, reader_of = _sorted([names[name] for name in table.annotators])
    seen = table.reviewed
    extents = Extents.of(task_of[seen.task], reader_of[seen.annotator], seen.start, seen.end)
    columns: dict[str, ArrayLike] = {
        "task": task_of[table.task],
        "annotator": reader_of[table.annotator],
        "label": table.label,
        "start": table.start,
        "end": table.end,
        "region": table.region,
    }
    hidden = SpanTable.of((tasks, readers, table.labels), columns, extents)
    return replace(hidden, order=task_of.astype(np.int32))


def _sorted(names: Sequence[str]) -> tuple[list[str], NDArray[np.intp]]:
    """Names in order, and the new number of each old one."""
    order = np.array(sorted(range(len(names)), key=names.__getitem__), np.intp)
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    return [names[number] for number in order.tolist()], place


def hashes(names: Sequence[str], kind: str, key: bytes) -> dict[str, str]:
    """Hashes by name, for names of one kind; long ones where short ones are not unique."""
    digests = {
        name: hmac.new(key, f"{kind}|{name}".encode(), hashlib.sha256).hexdigest() for name in names
    }
    unique = len({digest[:LETTERS] for digest in digests.values()}) == len(digests)
    length = LETTERS if unique else 4 * LETTERS
    return {name: f"{kind}-{digest[:length]}" for name, digest in digests.items()}
