"""Which projects of which server belong to the project folder; kept in ``.tslab/``."""

from __future__ import annotations

from collections.abc import Mapping

from tslab import files
from tslab.label_studio.connection import Connection
from tslab.project import Project

FILE = "label-studio-projects.json"
REVIEW_FILE = "review-projects.json"
FORMER_FILE = "former-projects.json"
"""Projects that a push leaves alone since the plan changed; annotations in them still count."""


def save_projects(
    project: Project, server: Connection, projects: Mapping[str, int], name: str = FILE
) -> None:
    """Remembers Label Studio's project ids by group key, for one server."""
    known = _all(project, name)
    known[_name(server)] = {**projects}
    files.write_bytes(project.state / name, files.json_bytes(known), mode=0o600)


def load_projects(project: Project, server: Connection, name: str = FILE) -> dict[str, int]:
    """Label Studio's project ids by group key on a server, empty before the first push."""
    return {key: int(value) for key, value in _all(project, name).get(_name(server), {}).items()}


def _name(server: Connection) -> str:
    """The embedded server stays the same one when it gets another port."""
    return "embedded" if server.embedded else server.url


def _all(project: Project, name: str) -> dict[str, dict[str, int]]:
    path = project.state / name
    document = files.read_json(path) if path.exists() else {}
    return document if isinstance(document, dict) else {}
