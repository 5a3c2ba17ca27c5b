""".tslab/server.json: what one project knows about its embedded server."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from tslab import files
from tslab.errors import ServerError

FILE = "server.json"


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """Account, port and process of an embedded server; account and port outlive the process.

    Attributes:
        email: The administrator's account.
        password: The administrator's password.
        token: The administrator's legacy API token.
        port: Port of the last start, 0 before the first.
        pid: The process, 0 when none was started or it was stopped.
        created: When the process was made, in seconds since 1970, as the system tells it.
        data: Label Studio's data directory at the last start.
    """

    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    port: int = 0
    pid: int = 0
    created: float = 0.0
    data: str = ""

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self.port}"


def new_record(known_users: bool) -> ServerRecord:
    """A new administrator with random secrets.

    Args:
        known_users: Whether the database has users whose passwords are lost: then the account
            gets a name of its own, because an existing one would keep its old password.
    """
    name = f"admin-{secrets.token_hex(3)}" if known_users else "admin"
    return ServerRecord(
        email=f"{name}@tslab.local", password=secrets.token_urlsafe(18), token=secrets.token_hex(20)
    )


def load_record(state: Path) -> ServerRecord | None:
    """The record in a state folder, None before the first start.

    Raises:
        ServerError: The file is damaged.
    """
    import msgspec

    path = state / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=ServerRecord)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise ServerError(
            f"'{path}' cannot be read: {error}",
            "Move it away: the next 'tslab up' makes a new administrator, all data stays.",
        ) from error


def save_record(state: Path, record: ServerRecord) -> None:
    """Writes the record, readable by its owner alone."""
    import msgspec

    files.write_bytes(state / FILE, files.json_bytes(msgspec.to_builtins(record)), mode=0o600)
