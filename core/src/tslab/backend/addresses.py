"""Where task data may come from: everything that is not named here is refused."""

from __future__ import annotations

import base64
import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from tslab.errors import DataError
from tslab.label_studio.access import is_loopback

LONGEST = 8192
LONGEST_HOST = 100
"""Letters of a host that are shown."""

PORTS = {"http": 80, "https": 443}
STORAGES = frozenset({"s3", "gs", "azure-blob"})
DATA_PATHS = re.compile(
    r"/(data/|static/|samples/|storage-data/uploaded/"
    r"|(tasks|projects)/\d{1,12}/(resolve|presign)/|api/projects/\d{1,12}/file-proxy/?(?=\?|$))"
)
"""Paths below which Label Studio keeps task data; its key opens no other for a task."""

SET_LABEL_STUDIO = "Set LABEL_STUDIO_HOST and LABEL_STUDIO_API_KEY."

METADATA = frozenset(
    ipaddress.ip_address(text) for text in ("100.100.100.200", "fd00:ec2::254", "168.63.129.16")
)
"""Where clouds answer questions about a machine, beside the link-local addresses."""

Resolve = Callable[[str, int], Sequence[str]]


class RefusedAddressError(DataError):
    """A task's data lies where the backend does not go.

    Args:
        why: What is wrong with the address; neither its path nor its query.
        remedy: The setting that would allow it, "" where none does.
    """

    def __init__(self, why: str, remedy: str = "") -> None:
        # The address itself may hold a patient's name or a signature.
        super().__init__(f"the address of the task's data {why}", remedy)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file below the project folder's ``tasks/``."""

    path: Path


@dataclass(frozen=True, slots=True)
class Remote:
    """An address that may be asked.

    Attributes:
        url: Absolute address.
        label_studio: Whether it is Label Studio's own, which gets the backend's key.
        storage: Kind of the storage that Label Studio reads for us, such as "s3"; "" for none.
        pinned: IP address to connect to, so that a name cannot change its mind; "" for Label
            Studio, whose address the operator gave.
    """

    url: str
    label_studio: bool
    pinned: str = ""
    storage: str = ""


def system_addresses(host: str, port: int) -> list[str]:
    """IP addresses of a host, as the system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


class Addresses:
    """The rules.

    Args:
        label_studio: Address of Label Studio, "" without one.
        allow_hosts: Other hosts, ``host`` or ``host:port``.
        root: The project folder, None without one.
        resolve: IP addresses of a host.
    """

    def __init__(
        self,
        label_studio: str,
        allow_hosts: Sequence[str] = (),
        root: Path | None = None,
        resolve: Resolve = system_addresses,
    ) -> None:
        self._base = label_studio.rstrip("/")
        self._allowed = frozenset(host.lower() for host in allow_hosts)
        self._root = root
        self._resolve = resolve
        self._aliases = {_origin(urlsplit(self._base))} if self._base else set()

    def also_called(self, hostname: str) -> None:
        """Lets Label Studio's public name stand for its address; the name is never connected to.

        Args:
            hostname: What Label Studio calls itself in /setup, such as "http://labels.example".
        """
        try:
            parts = urlsplit(hostname)
            usable = parts.scheme in PORTS and bool(parts.hostname) and len(hostname) < 300
            if usable and self._base and len(self._aliases) < 20:
                self._aliases.add(_origin(parts))
        except ValueError:
            return

    def place(self, address: object, task: int = 0) -> LocalFile | Remote:
        """What an address in a task's data stands for.

        Args:
            address: As Label Studio sends it.
            task: Label Studio's id of the task, for files in its storages.

        Raises:
            RefusedAddressError: The backend does not go there.
        """
        if not isinstance(address, str) or not address:
            raise RefusedAddressError("is no text")
        if len(address) > LONGEST:
            raise RefusedAddressError(f"is longer than {LONGEST} letters")
        if any(ord(letter) < 33 or ord(letter) == 127 for letter in address) or "\\" in address:
            raise RefusedAddressError("holds letters that no address has")
        try:
            parts = urlsplit(address)
            origin = _origin(parts)
        except ValueError:
            raise RefusedAddressError("is no address") from None
        if parts.username is not None or parts.password is not None:
            raise RefusedAddressError(
                f"holds a user name or password for host '{shown(parts.hostname or '')}'"
            )
        if parts.scheme in STORAGES:
            return self._stored(address, task, parts.scheme)
        if not parts.scheme and not parts.netloc:
            return self._relative(parts)
        if parts.scheme not in PORTS or not parts.hostname:
            raise RefusedAddressError(_strange(parts))
        if self._is_label_studio(origin):
            return self._at_label_studio(parts)
        return self._elsewhere(parts, origin)

    def _is_label_studio(self, origin: tuple[str, str, int]) -> bool:
        if origin in self._aliases:
            return True
        return is_loopback(origin[1]) and any(
            is_loopback(host) and (scheme, port) == (origin[0], origin[2])
            for scheme, host, port in self._aliases
        )

    def _relative(self, parts: SplitResult) -> LocalFile | Remote:
        if parts.path.startswith("/"):
            return self._at_label_studio(parts)
        if self._root is None:
            raise RefusedAddressError("is a path, and there is no project folder")
        folder = (self._root / "tasks").resolve()
        try:
            path = (self._root / unquote(parts.path)).resolve()
        except (OSError, ValueError):
            raise RefusedAddressError("is no path") from None
        if not path.is_relative_to(folder) or not path.is_file():
            raise RefusedAddressError("is no file of the project folder's tasks/")
        return LocalFile(path)

    def _at_label_studio(self, parts: SplitResult) -> Remote:
        if not self._base:
            raise RefusedAddressError(
                "is one of Label Studio, whose address is not known here", SET_LABEL_STUDIO
            )
        prefix = urlsplit(self._base).path
        path = parts.path
        if prefix and path.startswith(f"{prefix}/"):
            path = path.removeprefix(prefix)
        query = f"?{parts.query}" if parts.query else ""
        if any(step in f"{unquote(unquote(path))}/" for step in ("/../", "\\")):
            raise RefusedAddressError("holds steps upwards")
        if not DATA_PATHS.match(f"{path}{query}"):
            raise RefusedAddressError("is no place where Label Studio keeps task data")
        return Remote(f"{self._base}{path}{query}", label_studio=True)

    def _stored(self, address: str, task: int, storage: str) -> Remote:
        """A file in a storage that Label Studio knows and we do not."""
        if not self._base or task < 1:
            raise RefusedAddressError(
                "is one of a storage, and Label Studio is not known here", SET_LABEL_STUDIO
            )
        name = base64.urlsafe_b64encode(address.encode()).decode()
        place = f"{self._base}/tasks/{task}/resolve/?fileuri={name}"
        return Remote(place, label_studio=True, storage=storage)

    def _elsewhere(self, parts: SplitResult, origin: tuple[str, str, int]) -> Remote:
        _, host, port = origin
        with_port = f"{host}:{port}"
        name = shown(host)
        if _is_ip(host) and not _may_connect(host, local=True):
            raise RefusedAddressError(f"lies on host '{name}', which tasks may not use")
        if host not in self._allowed and with_port not in self._allowed:
            raise RefusedAddressError(
                f"lies on host '{name}', which is not allowed", "TSLAB_ALLOW_HOSTS names those."
            )
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise RefusedAddressError(
                f"lies on host '{name}', which cannot be found",
                "Look at TSLAB_ALLOW_HOSTS and this machine's name server.",
            ) from None
        # Only an operator who wrote down address and port can mean a service of this machine.
        local = with_port in self._allowed and _is_ip(host)
        if not found or not all(_may_connect(text, local=local) for text in found):
            raise RefusedAddressError(
                f"lies on host '{name}', which has an address that tasks may not use"
            )
        return Remote(parts.geturl(), label_studio=False, pinned=found[0])


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    host = (parts.hostname or "").rstrip(".")
    return parts.scheme, host, parts.port or PORTS.get(parts.scheme, 0)


def _strange(parts: SplitResult) -> str:
    """What is wrong with the beginning of an address."""
    if not parts.scheme:
        return "names a host and begins with neither 'http:' nor 'https:'"
    if parts.scheme in PORTS:
        return "names no host"
    return f"begins with '{parts.scheme[:20]}:'"


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _may_connect(text: str, *, local: bool) -> bool:
    """Whether an IP address is one that an allowed host may have."""
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    address = mapped or address
    if address in METADATA or address.is_link_local or address.is_multicast:
        return False
    if address.is_unspecified or (address.is_reserved and not address.is_loopback):
        return False
    return local or not address.is_loopback


def shown(host: str) -> str:
    """A host as it may stand in a log: whatever letters somebody put into it."""
    return re.sub(r"[^A-Za-z0-9.:_-]", "?", host[:LONGEST_HOST])
