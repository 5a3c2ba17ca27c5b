"""Who made an annotation: by id, by what is sent along, by the last pull, or nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from tslab.label_studio.people import People
from tslab.progress.activity import Activity, Entry


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"completed_by": 7}, "ann@example.org"),
        ({"completed_by": 8}, "user 8"),
        ({"completed_by": {"id": 7, "email": "ben@example.org"}}, "ben@example.org"),
        ({"completed_by": {"id": 9}}, "9"),
        ({"user": "cem@example.org"}, "cem@example.org"),
    ],
)
def test_who_is_named_is_called_so(said: dict[str, Any], name: str) -> None:
    people = People({7: "ann@example.org"})
    assert people.of(said) == name
    assert not people.findings()


def test_two_nameless_readings_of_one_task_are_two_people() -> None:
    people = People({})
    readings = [
        {"id": n, "task": task, "completed_by": None} for n, task in ((3, 1), (4, 1), (5, 2))
    ]
    assert [people.of(said) for said in readings] == ["unknown", "unknown 2", "unknown"]
    assert [people.of(said) for said in readings] == ["unknown", "unknown 2", "unknown"]
    (finding,) = people.findings()
    assert finding.code == "TSL125"
    assert finding.message.startswith("3 annotations of accounts that are gone; the others")


def test_the_last_pull_remembers_names() -> None:
    def entry(number: int, who: str, **more: Any) -> Entry:
        return Entry("t", "rec", "", 0.0, 1.0, who, number=number, **more)

    before = Activity("", [entry(3, "ann@example.org"), entry(4, "draft@x.org", state="draft")])
    people = People({}, before)
    assert people.of({"id": 3, "task": 1, "completed_by": None}) == "ann@example.org"
    # Drafts have numbers of their own.
    assert people.of({"id": 4, "task": 1, "completed_by": None}) == "unknown"
    (finding,) = people.findings()
    assert "1 of them under the name of the last pull" in finding.message
