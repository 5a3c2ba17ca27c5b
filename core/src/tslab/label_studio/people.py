"""Who made an annotation, also where Label Studio has forgotten it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tslab.contracts import Finding
from tslab.errors import counted
from tslab.progress.activity import Activity

NAMELESS = "unknown"


class People:
    """Names of annotators. Annotations of a deleted account carry none.

    Such an annotation keeps the name that the last pull knew. Without one it is "unknown", and a
    second one of the same task "unknown 2", and one in a blind study "unknown of rater 2": two
    readings must never become one person's.
    """

    def __init__(self, users: Mapping[int, str], before: Activity | None = None) -> None:
        """Start with nobody met.

        Args:
            users: E-mail addresses by id, as the server has them now.
            before: What the last pull wrote.
        """
        self._users = users
        entries = before.entries if before else ()
        self._before = {e.number: e.annotator for e in entries if e.number and e.state != "draft"}
        self._nameless: dict[object, list[object]] = {}
        self._gone: dict[object, str] = {}

    def of(self, said: Mapping[str, Any], rater: int = 0) -> str:
        """Who made an annotation or a draft.

        Args:
            said: As Label Studio exports it.
            rater: In whose project of a blind study; 0 in one for all.
        """
        who = said.get("completed_by", said.get("user"))
        if isinstance(who, Mapping):
            return str(who.get("email") or who.get("id"))
        if isinstance(who, int):
            return self._users.get(who, f"user {who}")
        if isinstance(who, str) and who:  # Drafts name their user in text.
            return who
        number = said.get("id")
        self._gone.setdefault(number, str(said.get("task")))
        return self._before.get(number, "") if number in self._before else self._next(said, rater)

    def _next(self, said: Mapping[str, Any], rater: int) -> str:
        met = self._nameless.setdefault(said.get("task"), [])
        if said.get("id") not in met:
            met.append(said.get("id"))
        place = met.index(said.get("id"))
        name = f"{NAMELESS} of rater {rater}" if rater else NAMELESS
        return f"{name} {place + 1}" if place else name

    def findings(self) -> list[Finding]:
        """One for all annotations whose account is gone."""
        if not self._gone:
            return []
        named = sum(number in self._before for number in self._gone)
        many = len(self._gone)
        text = f"{counted(many, 'annotations')} of accounts that are gone"
        if named:
            text += f"; {named} of them under the name of the last pull"
        if many > named:
            text += f"; the others of one task are called '{NAMELESS}', '{NAMELESS} 2'"
        place = f"Label Studio task {next(iter(self._gone.values()))}"
        remedy = "Disable accounts, do not delete them."
        return [Finding("TSL125", "warning", text, place, remedy)]
