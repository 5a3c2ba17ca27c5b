"""Which people are which rater of a blind study, as `tslab users add` noted it in ``.tslab/``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tslab import files
from tslab.errors import DataError

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


def save_people(state: Path, people: People) -> None:
    """Writes it down, readable by its owner alone."""
    document = {str(rater): list(names) for rater, names in sorted(people.items())}
    files.write_bytes(state / FILE, files.json_bytes(document), mode=0o600)


def rater_called(people: People, email: str) -> int:
    """Number of the rater that somebody is, 0 for none."""
    return next((rater for rater, names in people.items() if email.lower() in names), 0)


def homes(readings: Iterable[tuple[str, int]], people: People) -> dict[str, int]:
    """In whose project each annotator belongs: what was read there counts before all else.

    Args:
        readings: Annotator and rater of each submitted annotation, in the order of their numbers.
        people: Who is who. Who was not named belongs where most was annotated, best in a project
            for which nobody was named; of two with as much, where the annotator began.
    """
    counts: dict[str, Counter[int]] = {}
    for who, rater in readings:
        counts.setdefault(who, Counter())[rater] += 1
    return {
        who: rater_called(people, who) or max(own, key=lambda r: (r not in people, own[r]))
        for who, own in counts.items()
    }


def reads_for(people: People, home: Mapping[str, int], who: str, rater: int) -> bool:
    """Whether what somebody does in a rater's project is done for that rater.

    Args:
        people: Who is who; where somebody was named for the rater, nobody else is.
        home: Where each annotator belongs.
        who: E-mail address; accounts that are gone have none, and get the benefit of the doubt.
        rater: Number of the rater.
    """
    if people.get(rater) and "@" in who:
        return rater_called(people, who) == rater
    return home.get(who, rater) == rater


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
