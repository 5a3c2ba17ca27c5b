"""The ML backend as Label Studio knows it: one connection, one webhook, no leftovers."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tslab import files
from tslab.errors import ServerError

if TYPE_CHECKING:
    from tslab.label_studio.push import Push
    from tslab.project import Project

FILE = "backend.json"
TITLE = "tslab"
USER_VARIABLE, PASS_VARIABLE = "BASIC_AUTH_USER", "BASIC_AUTH_PASS"
CONNECTED = "CO"
"""Label Studio's word for a backend that answered."""


@dataclass(frozen=True, slots=True)
class BackendRecord:
    """What one project knows about the ML backend that `tslab up` starts.

    Attributes:
        user: Name for basic authentication.
        password: Password for it.
        port: Port of the last start, 0 before the first.
        pid: The process, 0 when none was started or it was stopped.
        created: When the process was made, in seconds since 1970, as the system tells it.
    """

    user: str
    password: str = field(repr=False)
    port: int = 0
    pid: int = 0
    created: float = 0.0

    @property
    def url(self) -> str:
        """Address of the backend."""
        return f"http://127.0.0.1:{self.port}"


def load_backend(state: Path) -> BackendRecord | None:
    """The record in a state folder, None before the first start.

    Raises:
        ServerError: The file is damaged.
    """
    import msgspec

    path = state / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=BackendRecord)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise ServerError(
            f"'{path}' cannot be read: {error}", "Delete it and run 'tslab up' again."
        ) from error


def save_backend(state: Path, record: BackendRecord) -> None:
    """Writes the record, readable by its owner alone."""
    import msgspec

    files.write_bytes(state / FILE, files.json_bytes(msgspec.to_builtins(record)), mode=0o600)


def backend_of(project: Project) -> BackendRecord | None:
    """The backend that Label Studio shall use: tslab.yaml's, or the one that `tslab up` started.

    None where there is none, or where tslab.yaml switches it off.

    Raises:
        ServerError: What is known about it is damaged, or privacy forbids its address.
    """
    given = project.settings.backend
    if not given.enabled:
        return None
    if given.url:
        from tslab.label_studio.connection import check_address

        check_address(given.url, project.settings)
        user, password = os.environ.get(USER_VARIABLE, ""), os.environ.get(PASS_VARIABLE, "")
        return _Elsewhere(user=user, password=password, address=given.url.rstrip("/"))
    record = load_backend(project.state)
    return record if record is not None and record.pid else None


@dataclass(frozen=True, slots=True)
class _Elsewhere(BackendRecord):
    """A backend that somebody else runs."""

    address: str = ""

    @property
    def url(self) -> str:
        """Address of the backend."""
        return self.address


def push_backend(push: Push, project: int) -> None:
    """Connects a Label Studio project with the backend, once, and mends what is half made.

    Label Studio keeps the row of a backend that it refused to talk to, and the webhook of a
    backend that has moved.

    Args:
        push: The push this belongs to.
        project: Label Studio's id; 0 in a dry run for a project that does not exist yet.
    """
    wanted = backend_of(push.project)
    if wanted is None:
        return
    rows = push.client.backends(project) if project else []
    ours = sorted((r for r in rows if r.get("title") == TITLE), key=lambda row: int(row["id"]))
    body = _body(wanted, project)
    for twin in ours[1:]:
        push.change("remove second ML backend", push.client.delete_backend, int(twin["id"]))
    if not ours:
        text = f"connect the ML backend at {wanted.url}"
        push.change(text, _create, push, body)
    elif _differs(ours[0], body):
        text = f"connect the ML backend at {wanted.url} again"
        push.change(text, _update, push, int(ours[0]["id"]), body)
    _push_webhooks(push, project, ours[0] if ours else None, wanted.url)


def _body(wanted: BackendRecord, project: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "project": project,
        "title": TITLE,
        "url": wanted.url,
        "is_interactive": True,
        "auth_method": "NONE",
    }
    if wanted.user:
        body |= {"auth_method": "BASIC_AUTH", "basic_auth_user": wanted.user}
        body["basic_auth_pass"] = wanted.password
    return body


def _differs(have: dict[str, Any], body: dict[str, Any]) -> bool:
    """Whether a row must be written again; its password cannot be read back, its state can."""
    seen = ("url", "is_interactive", "auth_method", "basic_auth_user")
    changed = any(have.get(key) != body[key] for key in seen if key in body)
    return changed or have.get("state") != CONNECTED


def _create(push: Push, body: dict[str, Any]) -> None:
    """Makes the row; a refused one, which Label Studio keeps, is taken away again."""
    try:
        push.client.create_backend(body)
    except ServerError as error:
        for row in push.client.backends(body["project"]):
            if row.get("title") == TITLE:
                push.client.delete_backend(int(row["id"]))
        _warn(push, body, error)


def _update(push: Push, row: int, body: dict[str, Any]) -> None:
    try:
        push.client.update_backend(row, body)
    except ServerError as error:
        _warn(push, body, error)


def _warn(push: Push, body: dict[str, Any], error: ServerError) -> None:
    """Says why there is no backend; annotators can work without one, so the push goes on."""
    push.report.warnings.append(
        f"Label Studio does not take the ML backend at {body['url']}: {error.message}. Start it "
        "with 'tslab up'; for a private address start Label Studio with "
        "LABEL_STUDIO_ML_BLOCK_LOCAL_IP=false and LABEL_STUDIO_SSRF_PROTECTION_ENABLED=false."
    )


def _push_webhooks(push: Push, project: int, before: dict[str, Any] | None, url: str) -> None:
    """Moves the webhook with the backend; Label Studio makes one only for a new row."""
    if before is None or not project:
        return
    old, wanted = f"{str(before.get('url')).rstrip('/')}/webhook", f"{url}/webhook"
    hooks = push.client.webhooks(project)
    if wanted not in {hook.get("url") for hook in hooks}:
        push.change(
            "tell the ML backend of annotations", push.client.create_webhook, project, wanted
        )
    for hook in hooks:
        if hook.get("url") == old != wanted:
            push.change("remove the old webhook", push.client.delete_webhook, int(hook["id"]))
