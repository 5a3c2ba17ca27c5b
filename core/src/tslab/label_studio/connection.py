"""Which Label Studio a project talks to, and with which key."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tslab import files
from tslab.errors import DataError, ServerError
from tslab.label_studio import access

if TYPE_CHECKING:
    from tslab.project import Project
    from tslab.settings import Settings

URL_VARIABLE = "LABEL_STUDIO_URL"
KEY_VARIABLE = "LABEL_STUDIO_API_KEY"
SECRETS = "secrets.json"
SECRET_NAME = "label_studio_api_key"  # noqa: S105 - the name of one, not one


@dataclass(frozen=True, slots=True)
class Connection:
    """A Label Studio and how data reaches it.

    Attributes:
        url: Address without a slash at its end.
        api_key: Legacy token or personal access token; never printed.
        data_mode: ``local``, ``upload`` or ``url``.
        embedded: Whether it is the server that `tslab up` started.
    """

    url: str
    api_key: str = field(repr=False)
    data_mode: str
    embedded: bool


def external_url(settings: Settings) -> str:
    """Address of the existing server that the user named, empty for the embedded one.

    LABEL_STUDIO_URL wins over tslab.yaml.

    Raises:
        ServerError: It is no address, or the project's privacy forbids it.
    """
    given = (os.environ.get(URL_VARIABLE) or settings.label_studio.url).strip().rstrip("/")
    if not given:
        return ""
    check_address(given, settings)
    return given


def connection(project: Project) -> Connection:
    """The Label Studio of a project.

    A server elsewhere cannot read the project folder: it gets uploads where tslab.yaml says
    ``local``.

    Raises:
        ServerError: There is none, no key is known, or the project's privacy forbids it.
    """
    given = project.settings.label_studio
    if given.data == "url" and given.data_url:
        check_address(given.data_url, project.settings)
    url = external_url(project.settings)
    if not url:
        return _embedded(project)
    mode = "upload" if given.data == "local" else given.data
    return Connection(url, _external_key(project, url), mode, embedded=False)


def check_connection(found: Connection) -> str:
    """Makes sure that the server answers and takes the key; returns the user's e-mail address.

    Raises:
        ServerError: It does not.
    """
    with access.open_http(found.url) as http:
        if not access.health(http):
            raise ServerError(
                f"{found.url} is no healthy Label Studio",
                "Check the address: label_studio: url in tslab.yaml, or LABEL_STUDIO_URL.",
            )
        return access.whoami(http, access.authorization(http, found.api_key))


def _embedded(project: Project) -> Connection:
    from tslab.label_studio.server import EmbeddedServer

    server = EmbeddedServer.of(project)
    status = server.status()
    if status == "stopped":
        raise ServerError("Label Studio is not running for this project", "Start it: tslab up")
    if status == "starting":
        raise ServerError(
            "Label Studio is starting and does not answer yet",
            "Wait for it with 'tslab up'; if it hangs, run 'tslab down' first.",
        )
    record = server.record
    return Connection(record.url, record.token, project.settings.label_studio.data, embedded=True)


def _external_key(project: Project, url: str) -> str:
    key = os.environ.get(KEY_VARIABLE, "").strip() or _saved_key(project)
    if not key:
        raise ServerError(
            f"no key for Label Studio at {url}",
            f"Open {url}/user/account, Account & Settings > Personal Access Token, and set "
            f'{KEY_VARIABLE} to it, or write {{"{SECRET_NAME}": "..."}} into .tslab/{SECRETS}.',
        )
    if not key.isascii() or any(letter.isspace() for letter in key):
        raise ServerError(
            f"the key for Label Studio at {url} holds spaces or letters that no token has",
            f"Copy it again into {KEY_VARIABLE} or .tslab/{SECRETS}.",
        )
    return key


def _saved_key(project: Project) -> str:
    path = project.state / SECRETS
    if not path.exists():
        return ""
    try:
        document = files.read_json(path)
    except DataError:
        # The reason could quote the secret.
        raise ServerError(
            f"'.tslab/{SECRETS}' is not valid JSON", f'Write {{"{SECRET_NAME}": "..."}} into it.'
        ) from None
    if not isinstance(document, dict):
        return ""
    return str(document.get(SECRET_NAME) or "").strip()


def check_address(address: str, settings: Settings) -> None:
    """Refuses what is no address of a web server, or one that the project's privacy forbids.

    Raises:
        ServerError: It is refused.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.username or parts.password:
        raise ServerError(
            f"the address of {host} holds a user name or password",
            f"Take it out; the key goes into {KEY_VARIABLE}.",
        )
    if parts.scheme not in {"http", "https"} or not host:
        raise ServerError(
            f"'{address}' is no address of a web server",
            "Write it like https://label-studio.example.org",
        )
    allowed = {name.lower() for name in settings.allow_hosts}
    if settings.privacy == "restricted" and not access.is_loopback(host) and host not in allowed:
        raise ServerError(
            f"privacy is restricted, and {host} is another machine",
            f"Allow it in tslab.yaml (allow_hosts: [{host}]) or use the embedded server: tslab up",
        )
