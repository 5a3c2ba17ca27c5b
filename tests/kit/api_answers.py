"""Everything that Label Studio's API tells of one project, for tests of what it must not tell."""

from __future__ import annotations

import re

from kit.studies import Study

MAKER = r'"(?:created_by|completed_by|updated_by|user)": ?\{?"?(?:id"?: ?)?(\d+)'


def answers(study: Study, number: int) -> dict[str, str]:
    """Everything that the API answers about a project, as text by address."""
    paths = [
        *(f"/api/projects/{number}", f"/api/projects/{number}/summary"),
        *(f"/api/predictions/?project={number}", f"/api/dm/views?project={number}"),
        *(f"/api/tasks?project={number}&page_size=1000&fields=all",),
        *(f"/api/dm/project?project={number}", f"/api/dm/columns?project={number}"),
        *(f"/api/storages/localfiles?project={number}", f"/api/projects/{number}/import"),
        *(
            f"/api/projects/{number}/export?exportType={kind}&download_all_tasks=true"
            for kind in ("JSON", "JSON_MIN", "CSV", "TSV")
        ),
    ]
    found = {}
    with study.http() as client:
        for path in paths:
            answer = client.get(path)
            if answer.status_code == 200:
                found[path] = answer.text
        for task in client.get(f"/api/tasks?project={number}&page_size=1000").json()["tasks"]:
            for path in (f"/api/tasks/{task['id']}/", task["data"]["csv"]):
                found[path] = client.get(path).raise_for_status().text
    return found


def makers(text: str) -> set[int]:
    """Users whom an answer names as the authors of something."""
    return {int(maker) for maker in re.findall(MAKER, text)}
