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
from tslab.rater_people import People, rater_called
from tslab.reading_plan import ReadingPlan

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


def rater_findings(found: Activity, people: People, plan: ReadingPlan | None) -> list[Finding]:
    """Findings of a blind study, none of any other.

    Args:
        found: What was pulled.
        people: Who is which rater, as far as that was said.
        plan: Who reads what, None without one.
    """
    entries = [entry for entry in found.entries if entry.rater]
    home, where = homes_of(entries, people), _where(entries)
    return [
        *_elsewhere(where, home, people),
        *_together(where, people),
        *_twice(entries, home),
        *_strays(entries, plan),
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


def _elsewhere(where: Where, home: Mapping[str, int], people: People) -> Iterator[Finding]:
    """Who left a trace in another rater's project."""
    for who, counts in where.items():
        named = rater_called(people, who)
        own = named or home.get(who, 0)
        others = {rater: deeds for rater, deeds in counts.items() if rater != own}
        if others and (own or len(others) > 1):
            known = f", who is rater {own}," if named else f", taken for rater {own},"
            shown = " and ".join(f"{_deeds(deeds)} of rater {r}" for r, deeds in others.items())
            read = any(deeds["submitted"] for deeds in others.values())
            remedy = f"{STRAY} {ADDRESS}" if read else ADDRESS
            yield _finding("TSL118", f"{who}{known if own else ''} {shown}", remedy)


def _together(where: Where, people: People) -> Iterator[Finding]:
    """Projects in which several people annotated, or somebody who was not named for the rater."""
    told = {who for who, counts in where.items() if len(counts) > 1 or rater_called(people, who)}
    for rater in sorted({rater for counts in where.values() for rater in counts}):
        names = {who: counts[rater] for who, counts in where.items() if rater in counts}
        named = people.get(rater, ())
        others = [name for name in names if name not in told]
        if not (others if named else others[1:]):
            continue
        ordered = sorted(names, key=lambda name: (-names[name].total(), name))
        shown = ", ".join(f"{name} {_deeds(names[name])}" for name in ordered)
        remedy = f"Say who reads for the rater: tslab users add EMAIL --rater {rater}"
        if named:
            remedy = (
                f"Only what {' or '.join(named)} submits there is done for the rater. Delete what "
                "others did in Label Studio, or let them read for the rater, too: tslab users add "
                f"EMAIL --rater {rater}"
            )
        yield _finding("TSL119", f"in the project of rater {rater}, {shown}", remedy)


def _twice(entries: Sequence[Entry], home: Mapping[str, int]) -> Iterator[Finding]:
    """Who submitted a task in several projects, and which of these readings counts."""
    read: dict[tuple[str, str], set[int]] = {}
    for entry in entries:
        if entry.state == "submitted" and not entry.ground_truth:
            read.setdefault((entry.annotator, entry.task), set()).add(entry.rater)
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
        if task in plan.readers and rater not in plan.readers[task]:
            strays[rater] += 1
    for rater, count in sorted(strays.items()):
        tasks = counted(count, "tasks")
        text = f"rater {rater} has annotations of {tasks} that the plan gives to others"
        remedy = (
            "They count. After raters was lowered, a rater who should have left went on reading; "
            "else look who brought these tasks there."
        )
        yield _finding("TSL121", text, remedy)
