"""A review of one project for all waits for whoever shall read a task, too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kit.progress_studies import Plant, minutes
from kit.studies import change_settings

Capture = pytest.CaptureFixture[str]


def reviewed(plant: Plant, capsys: Capture, *options: str) -> dict[str, Any]:
    plant.run("pull", "--quiet")
    capsys.readouterr()
    plant.run("review", "--dry-run", "--json", *options)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("skips", [True, False])
def test_a_task_waits_until_all_have_read_or_skipped_it(
    plant: Plant, capsys: Capture, skips: bool
) -> None:
    """Who read it after the reviewer had decided made the verdict void, and nothing said so."""
    change_settings(plant.root, "review: {overlap: 3}")
    plant.users["cem"] = plant.server.add("users", email="cem@example.com")["id"]
    for number, who in enumerate(("ann", "bob")):
        plant.say(who, 0, [plant.region(0, 20 + 40 * number, 40 + 40 * number)], minutes(number))
    if skips:
        plant.say("cem", 0, [], minutes(2), was_cancelled=True)
    plant.say("ann", 1, [plant.region(1, 20, 40)], minutes(3))
    found = reviewed(plant, capsys)
    assert (plant.root / ".tslab" / "pulled.json").stat().st_mode & 0o777 == 0o600
    if skips:
        assert (found["disputes"], found["later"], found["warnings"]) == (2, 0, [])
        return
    assert (found["disputes"], found["later"], found["unread"]) == (0, 2, 1)
    assert found["warnings"] == [
        "new disputes of 1 task wait until 3 people (review: overlap) have read. "
        "To review now: tslab review --now"
    ]
    hasty = reviewed(plant, capsys, "--now")
    assert (hasty["disputes"], hasty["later"], hasty["unread"]) == (2, 0, 1)
    assert "makes verdicts on their disputes void" in hasty["warnings"][0]
    plant.say("cem", 0, [plant.region(0, 20, 40)], minutes(4))
    found = reviewed(plant, capsys)
    assert (found["disputes"], found["later"], found["warnings"]) == (2, 0, [])
