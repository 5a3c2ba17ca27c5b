"""Links into Label Studio: the task of the right view that shows the moment, or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tslab.agreement.page.input import PageInput
from tslab.label_studio.connection import Connection
from tslab.label_studio.task_links import FILE, save_links, task_links
from tslab.project import Project
from tslab.task import Task

SERVER = Connection("http://10.0.0.1:8080", "key", "local", embedded=False)
EMBEDDED = Connection("http://127.0.0.1:1", "key", "local", embedded=True)


@pytest.fixture
def project(shell: Any) -> Project:
    shell(
        "init",
        shell.folder,
        "--domain",
        "ecg",
        "--view",
        "rhythm",
        "--view",
        "beats",
        project=False,
    )
    found = Project.open(shell.folder)
    found.save_tasks(
        [
            Task(f"{view}-{n}", "r", view, 10.0 * n, 10.0 * n + 10, ("I",), 1000, (n + 1, 2))
            for view in ("rhythm", "beats")
            for n in range(2)
        ]
    )
    return found


def test_a_link_shows_the_tier_and_the_moment(project: Project) -> None:
    numbers = {"rhythm-0": [(1, 11)], "rhythm-1": [(1, 12)], "beats-1": [(2, 22)]}
    save_links(project, SERVER, numbers)
    tier_of = {view.name: view.tiers[0] for view in project.domain.views}
    link = task_links(project)
    assert link(tier_of["rhythm"], "r", 3.0, 4.0) == "http://10.0.0.1:8080/projects/1/data?task=11"
    assert link(tier_of["rhythm"], "r", 12.0, 13.0).endswith("task=12")
    assert link(tier_of["beats"], "r (beats)", 12.0, 13.0).endswith("projects/2/data?task=22")
    # Nobody annotated that window, there is no such time, and no such recording.
    assert link(tier_of["beats"], "r", 3.0, 4.0) == ""
    assert link(tier_of["rhythm"], "r", 30.0, 31.0) == ""
    assert link(tier_of["rhythm"], "x", 3.0, 4.0) == ""


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (10.0, 15.0, 12),  # begins at the border of two windows
        (5.0, 10.0, 11),  # ends there
        (10.0, 10.0, 12),
        (0.0, 0.0, 11),
        (20.0, 20.0, 12),  # the last moment of the recording
        (9.9, 10.2, 12),  # most of it
        (2.0, 13.0, 11),
        (0.0, 20.0, 12),
    ],
)
def test_a_stretch_is_shown_where_most_of_it_lies(
    project: Project, start: float, end: float, shown: int
) -> None:
    save_links(project, SERVER, {"rhythm-0": [(1, 11)], "rhythm-1": [(1, 12)]})
    tier = next(view.tiers[0] for view in project.domain.views if view.name == "rhythm")
    assert task_links(project)(tier, "r", start, end).endswith(f"task={shown}")


def test_a_window_that_a_stretch_only_touches_is_no_link(project: Project) -> None:
    save_links(project, SERVER, {"rhythm-0": [(1, 11)]})
    tier = next(view.tiers[0] for view in project.domain.views if view.name == "rhythm")
    assert task_links(project)(tier, "r", 10.0, 15.0) == ""


def test_before_the_first_pull_there_is_none(project: Project) -> None:
    assert task_links(project)("rhythm", "r", 1.0, 2.0) == ""


def test_the_embedded_server_is_where_it_is_now(project: Project) -> None:
    save_links(project, EMBEDDED, {"rhythm-0": [(1, 11)]})
    tier = next(view.tiers[0] for view in project.domain.views if view.name == "rhythm")
    assert task_links(project)(tier, "r", 1.0, 2.0) == ""
    record = {"email": "a@b", "password": "p", "token": "t", "port": 4321}
    (project.state / "server.json").write_text(json.dumps(record))
    assert task_links(project)(tier, "r", 1.0, 2.0).startswith("http://127.0.0.1:4321/projects/1/")


def test_only_the_owner_reads_the_file(project: Project) -> None:
    save_links(project, SERVER, {"rhythm-0": [(1, 11)]})
    assert Path(project.state / FILE).stat().st_mode & 0o077 == 0


def test_each_copy_of_a_blind_study_has_its_address(project: Project) -> None:
    save_links(project, SERVER, {"rhythm-0": [(1, 11), (2, 21)]})
    tier = next(view.tiers[0] for view in project.domain.views if view.name == "rhythm")
    given = PageInput(link=task_links(project))
    assert given.address(tier, "r", 1.0, 2.0).split() == [
        "http://10.0.0.1:8080/projects/1/data?task=11",
        "http://10.0.0.1:8080/projects/2/data?task=21",
    ]


def test_what_an_older_pull_wrote_is_no_link(project: Project) -> None:
    document = {"server": SERVER.url, "tasks": {"rhythm-0": [1, 11]}}
    (project.state / FILE).write_text(json.dumps(document))
    tier = next(view.tiers[0] for view in project.domain.views if view.name == "rhythm")
    assert task_links(project)(tier, "r", 1.0, 2.0) == ""
