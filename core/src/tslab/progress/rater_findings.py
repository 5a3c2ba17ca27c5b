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
REMEDIES = {
    "TSL118": (
        "Delete the stray in Label Studio: it counts only for a task that was not read in the own "
        "project. Give each rater only his own address; 'tslab users list' shows them."
    ),
    "TSL119": "Say who reads for the rater: tslab users add EMAIL --rater N",
    "TSL120": "Delete the stray in Label Studio, and keep the one that counts.",
    "TSL121": "Look who brought these tasks there; their annotations count.",
}


def rater_findings(found: Activity, people: People, plan: ReadingPlan | None) -> list[Finding]:
    """Findings of a blind study, none of any other.

    Args:
        found: What was pulled.
        people: Who is which rater, as far as that was said.
        plan: Who reads what, None without one.
    """
    entries = [entry for entry in found.entries if entry.rater]
    where: dict[str, Counter[int]] = {}
    for task, who, rater in sorted({(e.task, e.annotator, e.rater) for e in entries}):
        where.setdefault(who, Counter())[rater] += 1
        del task
    return [
        Finding(code, "warning", text, PLACE, REMEDIES[code])
        for code, text in (
            *_elsewhere(where, homes_of(entries, people), people),
            *_together(where, people),
            *_twice(entries, homes_of(entries, people)),
            *_strays(entries, plan),
        )
    ]


def _elsewhere(
    where: Mapping[str, Counter[int]], home: Mapping[str, int], people: People
) -> Iterator[tuple[str, str]]:
    """Who left a trace in another rater's project."""
    for who, counts in where.items():
        named = rater_called(people, who)
        own = named or home.get(who, 0)
        others = {rater: count for rater, count in counts.items() if rater != own}
        if own and others:
            known = "who is" if named else "taken for"
            yield "TSL118", f"{who}, {known} rater {own}, annotated {_projects(others)}"
        elif len(counts) > 1:
            yield "TSL118", f"{who} annotated {_projects(counts)}"


def _projects(counts: Mapping[int, int]) -> str:
    parts = [f"{counted(count, 'tasks')} of rater {r}" for r, count in sorted(counts.items())]
    return " and ".join(parts)


def _together(where: Mapping[str, Counter[int]], people: People) -> Iterator[tuple[str, str]]:
    """Projects in which several people annotated, or somebody whom nobody named."""
    inside: dict[int, Counter[str]] = {}
    told = {who for who, counts in where.items() if len(counts) > 1 or rater_called(people, who)}
    for who, counts in where.items():
        for rater, count in counts.items():
            inside.setdefault(rater, Counter())[who] = count
    for rater, names in sorted(inside.items()):
        named = people.get(rater, ())
        others = [name for name in names if name not in told]
        strangers = others if named else others[1:]
        if strangers:
            ordered = sorted(names.items(), key=lambda item: (-item[1], item[0]))
            shown = ", ".join(f"{name} ({counted(count, 'tasks')})" for name, count in ordered)
            yield "TSL119", f"in the project of rater {rater} annotated {shown}"


def _twice(entries: Sequence[Entry], home: Mapping[str, int]) -> Iterator[tuple[str, str]]:
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
        tasks = counted(count, "tasks")
        yield "TSL120", f"{who} read {tasks} in the projects of several raters; {counts}"


def _strays(entries: Sequence[Entry], plan: ReadingPlan | None) -> Iterator[tuple[str, str]]:
    """Tasks in a project that the plan does not have there."""
    if plan is None:
        return
    strays: Counter[int] = Counter()
    for task, rater in sorted({(entry.task, entry.rater) for entry in entries}):
        if task in plan.readers and rater not in plan.readers[task]:
            strays[rater] += 1
    for rater, count in sorted(strays.items()):
        tasks = counted(count, "tasks")
        yield "TSL121", f"rater {rater} has annotations of {tasks} that the plan gives to others"
