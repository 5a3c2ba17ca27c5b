"""What `tslab doctor` asks a Label Studio: alive, right version, key, data path, speed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tslab.errors import ServerError
from tslab.label_studio import access

if TYPE_CHECKING:
    import httpx

    from tslab.label_studio.connection import Connection
    from tslab.project import Project

SERVER_VERSION = "1.23."
SDK_VERSION = "2.1."
SLOW_SECONDS = 2.0
FORBIDDEN = ("tslab.yaml", ".tslab/server.json", ".tslab/sources.json", "recordings.csv")
"""Files of a project that the server must never hand out."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What was looked at.
        status: ``fail`` keeps something from working, ``warn`` is worth knowing.
        detail: What was found.
        remedy: What to do about it.
    """

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str = ""


def server_checks(project: Project) -> Iterator[Check]:
    """All checks of the project's Label Studio; the first failure ends them."""
    from tslab.label_studio.connection import connection, external_url

    try:
        if not external_url(project.settings):
            stopped = _not_running(project)
            if stopped:
                yield stopped
                return
        found = connection(project)
        with access.open_http(found.url) as http:
            yield _alive(http, found)
            yield _version(http)
            headers = access.authorization(http, found.api_key)
            yield Check("token", "ok", f"accepted, as {access.whoami(http, headers)}")
            if found.data_mode == "local":
                yield from _data_checks(http, headers, project)
            yield _speed(http, headers)
            yield _backend(http, headers, project, found)
            if project.settings.review.blind:
                yield _blind(project, found)
    except ServerError as error:
        yield Check("Label Studio", "fail", error.message, error.remedy)


def _not_running(project: Project) -> Check | None:
    from tslab.label_studio.server import EmbeddedServer

    status = EmbeddedServer.of(project).status()
    if status == "stopped":
        return Check("server", "warn", "not running", "Start it: tslab up")
    if status == "starting":
        return Check("server", "warn", "starting, does not answer yet", "Wait for it: tslab up")
    return None


def _alive(http: httpx.Client, found: Connection) -> Check:
    if not access.health(http):
        raise ServerError(
            f"{found.url} is no healthy Label Studio",
            "Check the address: label_studio: url in tslab.yaml, or LABEL_STUDIO_URL.",
        )
    kind = "embedded" if found.embedded else "existing server"
    return Check("server", "ok", f"answers at {found.url} ({kind}, data: {found.data_mode})")


def _version(http: httpx.Client) -> Check:
    answer = access.request(http, "GET", "/api/version")
    try:
        release = str(answer.json()["release"])
    except (ValueError, KeyError, TypeError):
        release = "unknown"
    if release.startswith(SERVER_VERSION):
        return Check("server version", "ok", release)
    return Check(
        "server version",
        "warn",
        f"{release}; tslab is tested with {SERVER_VERSION}x",
        f"Update the server to {SERVER_VERSION}x, or try 'tslab push --dry-run' first.",
    )


def _speed(http: httpx.Client, headers: dict[str, str]) -> Check:
    began = time.monotonic()
    access.request(http, "GET", "/api/projects?page_size=1", headers=headers)
    seconds = time.monotonic() - began
    if seconds < SLOW_SECONDS:
        return Check("time to answer", "ok", f"{seconds * 1000:.0f} ms")
    remedy = "Look for other load on the server's machine."
    return Check("time to answer", "warn", f"{seconds:.1f} s", remedy)


def _backend(
    http: httpx.Client, headers: dict[str, str], project: Project, found: Connection
) -> Check:
    """Whether the ML backend answers us, and Label Studio; asking for its rows makes it try."""
    from tslab.label_studio.ml_backend import TITLE, backend_of
    from tslab.label_studio.remote import load_projects

    name = "ML backend"
    if not project.settings.backend.enabled:
        return Check(name, "ok", "switched off in tslab.yaml")
    wanted = backend_of(project)
    if wanted is None:
        return Check(name, "warn", "not running", "Start it: tslab up")
    with access.open_http(wanted.url) as own:
        try:
            alive = access.health(own)
        except ServerError:
            alive = False
    if not alive:
        return Check(name, "fail", f"{wanted.url} does not answer", "Start it again: tslab up")
    unconnected = []
    for number in load_projects(project, found).values():
        answer = access.request(http, "GET", f"/api/ml?project={number}", headers=headers)
        rows = answer.json() if answer.status_code == 200 else []
        states = [str(row.get("readable_state")) for row in rows if row.get("title") == TITLE]
        if "Connected" not in states:
            unconnected.append(f"{number} ({', '.join(states) or 'not connected'})")
    if unconnected:
        detail = f"{wanted.url} answers, but not to Label Studio's project {', '.join(unconnected)}"
        return Check(name, "warn", detail, "Push the project: tslab push")
    return Check(name, "ok", f"answers at {wanted.url}, to Label Studio too")


def _blind(project: Project, found: Connection) -> Check:
    """What the community edition cannot do for a blind study is worth knowing each time."""
    from tslab.label_studio.raters import rater_of
    from tslab.label_studio.remote import load_projects

    wanted = project.settings.review.raters
    there = {rater_of(key) for key in load_projects(project, found)} & set(range(1, wanted + 1))
    detail = f"projects of {len(there)} of {wanted} raters; every account may open all of them"
    remedy = (
        "The community edition has no rights for single projects: give each rater only his own "
        "address ('tslab users list'), and heed TSL118 to TSL121 of 'tslab pull'."
    )
    return Check("blind reading", "warn", detail, remedy)


def _data_checks(http: httpx.Client, headers: dict[str, str], project: Project) -> Iterator[Check]:
    yield _serves_tasks(http, headers, project)
    served = [name for name in FORBIDDEN if _served(http, headers, name) is not None]
    if served:
        yield Check(
            "private files",
            "fail",
            f"Label Studio hands out {', '.join(served)} to every user",
            "Remove the storage that covers them: project settings > Cloud Storage; then change "
            "what they held.",
        )
    else:
        yield Check("private files", "ok", "not served")


def _serves_tasks(http: httpx.Client, headers: dict[str, str], project: Project) -> Check:
    name = "task data"
    tasks = project.tasks()
    if not tasks:
        return Check(name, "warn", "no tasks yet", "Add recordings: tslab add FILES")
    path = project.root / tasks[0].csv
    if not path.exists():
        return Check(name, "fail", f"'{tasks[0].csv}' is missing", "Run 'tslab add' again.")
    size = _served(http, headers, tasks[0].csv)
    if size is None:
        detail = f"the server does not serve {tasks[0].csv}"
        return Check(name, "warn", detail, "Push the project: tslab push")
    if size != path.stat().st_size:
        detail = f"{tasks[0].csv} arrives with {size} bytes, it has {path.stat().st_size}"
        return Check(name, "fail", detail, "Stop what changes requests on the way (a proxy?).")
    return Check(name, "ok", f"{tasks[0].csv} is served ({size} bytes)")


def _served(http: httpx.Client, headers: dict[str, str], path: str) -> int | None:
    """Size of a project file as the server hands it out, None if it refuses."""
    wanted = {"d": path}
    answer = access.request(http, "GET", "/data/local-files/", params=wanted, headers=headers)
    return len(answer.content) if answer.status_code == 200 else None
