"""Which people are which rater of a blind study, as `tslab users add` noted it in ``.tslab/``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tslab import files
from tslab.errors import DataError

if TYPE_CHECKING:
    from tslab.project import Project

FILE = "rater-people.json"
People = Mapping[int, Sequence[str]]
"""E-mail addresses in lower case by the number of the rater; the last one reads now."""


def load_people(state: Path) -> dict[int, list[str]]:
    """What was noted, empty where nothing was.

    Raises:
        DataError: The file is damaged.
    """
    import msgspec

    path = state / FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[int, list[str]])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(
            f"'.tslab/{FILE}' is damaged: {error}",
            "Delete it, and name the raters again with 'tslab users add --rater N'.",
        ) from error
    return {rater: [name.lower() for name in names] for rater, names in sorted(found.items())}


def people_of(project: Project) -> dict[int, list[str]]:
    """The same of a project, empty where its study is not blind.

    Raises:
        DataError: The file is damaged.
    """
    return load_people(project.state) if project.settings.review.blind else {}


def save_people(state: Path, people: People) -> None:
    """Writes it down, readable by its owner alone."""
    document = {str(rater): list(names) for rater, names in sorted(people.items())}
    files.write_bytes(state / FILE, files.json_bytes(document), mode=0o600)


def rater_called(people: People, email: str) -> int:
    """Number of the rater that somebody is, 0 for none."""
    return next((rater for rater, names in people.items() if email.lower() in names), 0)


@dataclass(frozen=True, slots=True)
class Homes:
    """In whose project everybody belongs: what is read there counts before all else.

    Attributes:
        people: Who is which rater; empty where nobody was named, and where the study is not blind.
        by_work: Where each annotator belongs by what was submitted; 0 is a project for all.
    """

    people: People
    by_work: Mapping[str, int]

    @classmethod
    def of(cls, people: People, readings: Iterable[tuple[str, int]]) -> Homes:
        """Counts who read where.

        Who was not named belongs where most was annotated, best in a project for which nobody was
        named; of two with as much, where the annotator began. In a blind study nobody belongs in a
        project for all that was there before, who read anywhere else.

        Args:
            people: Who is who.
            readings: Annotator and rater of each submitted annotation, in the order of their
                numbers.
        """
        counts: dict[str, Counter[int]] = {}
        for who, rater in readings:
            counts.setdefault(who, Counter())[rater] += 1
        return cls(people, {
            who: rater_called(people, who)
            or max(own, key=lambda r: (r > 0, r not in people, own[r]))
            for who, own in counts.items()
        })  # fmt: skip

    def reads_for(self, who: str, rater: int) -> bool:
        """Whether what somebody does in a rater's project is done for that rater.

        Args:
            who: E-mail address; accounts that are gone have none, and get the benefit of the doubt.
            rater: Number of the rater; where somebody was named for it, nobody else reads for it.
        """
        if self.people.get(rater) and "@" in who:
            return rater_called(self.people, who) == rater
        return self.by_work.get(who, rater) == rater

    def is_stranger(self, who: str, rater: int) -> bool:
        """Whether an account is no rater: others were named for the project where it belongs.

        Args:
            who: E-mail address; accounts that are gone get the benefit of the doubt here, too.
            rater: In whose project something was done, for who submitted nothing.
        """
        if not self.people or "@" not in who or rater_called(self.people, who):
            return False
        own = self.by_work.get(who, rater)
        return not own or bool(self.people.get(own))


def with_people(people: People, emails: Sequence[str], raters: int, rater: int = 0) -> People:
    """The same with more people.

    Args:
        people: Who is who so far.
        emails: Who comes; who is a rater already stays it.
        raters: How many raters there are.
        rater: Who they are; 0 gives each the first number that nobody has.
    """
    known = {number: list(names) for number, names in people.items()}
    for email in (email.lower() for email in emails):
        if rater:
            known = {n: [e for e in names if e != email] for n, names in known.items()}
            known.setdefault(rater, []).append(email)
        elif not rater_called(known, email):
            free = next((n for n in range(1, raters + 1) if not known.get(n)), 0)
            if free:
                known[free] = [email]
    return {number: names for number, names in sorted(known.items()) if names}
