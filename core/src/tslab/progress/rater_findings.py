"""What a blind study must be told: who annotated where, in the projects of several raters.

The community edition of Label Studio lets every account open every project. Nobody can be kept out,
but whoever left a trace is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tslab.contracts import Finding
from tslab.errors import counted
from tslab.progress.activity import Activity, Entry
from tslab.progress.work import homes_of
from tslab.project import Project
from tslab.rater_people import Homes, People, people_of, rater_called
from tslab.reading_plan import ReadingPlan, load_plan

PLACE = "raters' projects"
ADDRESS = "Give each rater only his own address; 'tslab users list' shows them."
STRAY = (
    "Delete the stray in Label Studio: it counts only for a task that was not read in the own "
    "project."
)
DEEDS = {"submitted": "annotated", "skipped": "skipped", "draft": "began"}
"""What somebody did to a task, the most of it first."""
Where = Mapping[str, Mapping[int, Counter[str]]]
"""How many tasks each person annotated, skipped or only began in whose project."""


def study_findings(project: Project, found: Activity | None) -> list[Finding]:
    """Findings about a project's raters.

    Args:
        project: The project folder.
        found: What was pulled; None before the first pull.

    Raises:
        DataError: The plan or the list of raters is damaged.
    """
    plan, people = load_plan(project.root), people_of(project)
    if found is None:
        return []
    return rater_findings(found, people, plan, blind=project.settings.review.blind)


def rater_findings(
    found: Activity, people: People, plan: ReadingPlan | None, *, blind: bool = True
) -> list[Finding]:
    """Findings of a blind study, and of raters' projects that one left behind.

    Args:
        found: What was pulled.
        people: Who is which rater, as far as that was said.
        plan: Who reads what, None without one.
        blind: Whether the study is blind: nobody should work in a project for all then.
    """
    entries = [entry for entry in found.entries if entry.rater or blind]
    homes = homes_of(entries, people)
    sound = [e for e in entries if not homes.is_stranger(e.annotator, e.rater)]
    return [
        *_elsewhere(_where(sound), homes),
        *_strangers(entries, homes),
        *_together(_where(sound), homes),
        *_twice(sound, homes),
        *_strays(sound, plan),
    ]


def _finding(code: str, text: str, remedy: str) -> Finding:
    return Finding(code, "warning", text, PLACE, remedy)


def _where(entries: Sequence[Entry]) -> Where:
    """Each task once for a person and a project, by the most that was done to it."""
    ranks = list(DEEDS)
    most: dict[tuple[str, int, str], str] = {}
    for entry in sorted(entries, key=lambda entry: -ranks.index(entry.state)):
        most[entry.annotator, entry.rater, entry.task] = entry.state
    where: dict[str, dict[int, Counter[str]]] = {}
    for (who, rater, _), state in sorted(most.items()):
        where.setdefault(who, {}).setdefault(rater, Counter())[state] += 1
    return where


def _deeds(counts: Mapping[str, int]) -> str:
    return " and ".join(
        f"{deed} {counted(counts[state], 'tasks')}" for state, deed in DEEDS.items()
        if counts.get(state)
    )  # fmt: skip


def _place(rater: int) -> str:
    return f"of rater {rater}" if rater else "in the earlier project for all"


def _elsewhere(where: Where, homes: Homes) -> Iterator[Finding]:
    """Who left a trace in another rater's project, or in one for all from before."""
    for who, counts in where.items():
        named = rater_called(homes.people, who)
        own = named or homes.by_work.get(who, 0)
        others = {rater: deeds for rater, deeds in counts.items() if not rater or rater != own}
        if others and (own or len(others) > 1 or 0 in others):
            known = f", who is rater {own}," if named else f", taken for rater {own},"
            shown = " and ".join(f"{_deeds(deeds)} {_place(r)}" for r, deeds in others.items())
            read = any(deeds["submitted"] for deeds in others.values())
            remedy = f"{STRAY} {ADDRESS}" if read else ADDRESS
            yield _finding("TSL118", f"{who}{known if own else ''} {shown}", remedy)


def _strangers(entries: Sequence[Entry], homes: Homes) -> Iterator[Finding]:
    """Who annotated in a project and is no rater; a ground truth may be anybody's."""
    found: dict[int, list[Entry]] = {}
    for entry in entries:
        if homes.is_stranger(entry.annotator, entry.rater) and not entry.ground_truth:
            found.setdefault(entry.rater, []).append(entry)
    for rater, own in sorted(found.items()):
        names = _by_project(_where(own))[rater]
        which = f"in the project {_place(rater)}" if rater else _place(rater)
        are = "is no rater" if len(names) == 1 else "are no raters"
        remedy = (
            "Delete it in Label Studio, or say that they read for a rater: "
            f"tslab users add EMAIL --rater {rater or 'N'}"
        )
        yield _finding("TSL119", f"{_shown(names)} {which}, and {are}: left out", remedy)


def _together(where: Where, homes: Homes) -> Iterator[Finding]:
    """Projects in which several people annotated, and nobody was named."""
    for rater, names in _by_project(where).items():
        several = [who for who in names if len(where[who]) == 1]
        if rater and not homes.people.get(rater) and len(several) > 1:
            remedy = f"Say who reads for the rater: tslab users add EMAIL --rater {rater}"
            yield _finding("TSL119", f"in the project of rater {rater}, {_shown(names)}", remedy)


def _by_project(where: Where) -> dict[int, dict[str, Counter[str]]]:
    """The same the other way round: who did how much in whose project."""
    found: dict[int, dict[str, Counter[str]]] = {}
    for who, counts in where.items():
        for rater, deeds in counts.items():
            found.setdefault(rater, {})[who] = deeds
    return dict(sorted(found.items()))


def _shown(names: Mapping[str, Counter[str]]) -> str:
    """Who did how much, most first."""
    ordered = sorted(names, key=lambda name: (-names[name].total(), name))
    return ", ".join(f"{name} {_deeds(names[name])}" for name in ordered)


def _twice(entries: Sequence[Entry], homes: Homes) -> Iterator[Finding]:
    """Who submitted a task in several projects, and which of these readings counts."""
    read: dict[tuple[str, str], set[int]] = {}
    for entry in entries:
        if entry.state == "submitted" and not entry.ground_truth:
            read.setdefault((entry.annotator, entry.task), set()).add(entry.rater)
    home = homes.by_work
    twice = Counter(
        (who, home[who] if home[who] in raters else 0)
        for (who, _), raters in read.items()
        if len(raters) > 1
    )
    for (who, own), count in sorted(twice.items()):
        counts = f"what stands in that of rater {own} counts" if own else "the last counts"
        text = f"{who} read {counted(count, 'tasks')} in the projects of several raters; {counts}"
        remedy = "Delete the stray in Label Studio, and keep the one that counts."
        yield _finding("TSL120", text, remedy)


def _strays(entries: Sequence[Entry], plan: ReadingPlan | None) -> Iterator[Finding]:
    """Tasks that were submitted in a project where the plan does not have them."""
    if plan is None:
        return
    strays: Counter[int] = Counter()
    for task, rater in sorted({(e.task, e.rater) for e in entries if e.state == "submitted"}):
        if rater and task in plan.readers and rater not in plan.readers[task]:
            strays[rater] += 1
    for rater, count in sorted(strays.items()):
        tasks = counted(count, "tasks")
        text = f"rater {rater} has annotations of {tasks} that the plan gives to others"
        remedy = (
            "They count. After raters was lowered, a rater who should have left went on reading; "
            "else look who brought these tasks there."
        )
        yield _finding("TSL121", text, remedy)
