"""Gets the data of a task from where the rules allow, within limits of size and time."""

from __future__ import annotations

import functools
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from tslab.backend.addresses import Addresses, LocalFile, RefusedAddressError, Remote, shown
from tslab.errors import DataError
from tslab.label_studio import access

if TYPE_CHECKING:
    import ssl

    import httpx

MOST_REDIRECTS = 3
REMEDY = "Look at that server, and at the address in the task."
KEY_SECONDS = 200.0
"""How long an access token is used; Label Studio's live for 300 s."""


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The certificates that are believed; reading them takes longer than most answers."""
    import httpx

    return httpx.create_ssl_context()


class UnreachableError(DataError):
    """The data of a task did not come."""


class NoDataError(DataError):
    """A task holds nothing where the labeling config looks for its data."""


class OversizeError(DataError):
    """The data of a task is larger than the limit."""


class Key:
    """The header that opens Label Studio; a personal access token is exchanged now and then.

    Args:
        url: Address of Label Studio.
        api_key: Legacy token or personal access token.
    """

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url
        self._key = api_key
        self._lock = threading.Lock()
        self._headers: dict[str, str] = {}
        self._until = 0.0

    def headers(self) -> dict[str, str]:
        """The header, empty without a key.

        Raises:
            ServerError: Label Studio does not answer, or refuses the key.
        """
        if not self._key:
            return {}
        with self._lock:
            if time.monotonic() > self._until:
                with access.open_http(self._url) as http:
                    self._headers = access.authorization(http, self._key)
                self._until = time.monotonic() + KEY_SECONDS
            return dict(self._headers)


class Fetcher:
    """Reads what addresses stand for.

    Args:
        addresses: What may be asked.
        key: Opens Label Studio.
        max_bytes: Longest answer.
        seconds: Longest time for one answer, all redirects together.
    """

    def __init__(self, addresses: Addresses, key: Key, max_bytes: int, seconds: float) -> None:
        self._addresses = addresses
        self._key = key
        self._max_bytes = max_bytes
        self._seconds = seconds

    def read(self, address: object, task: int = 0) -> bytes:
        """The bytes at an address in a task's data.

        Args:
            address: As Label Studio sends it.
            task: Label Studio's id of the task.

        Raises:
            RefusedAddressError: The backend does not go there.
            UnreachableError: Nothing usable came, or not in time.
            OversizeError: Too much came.
            ServerError: Label Studio refuses the key.
        """
        until = time.monotonic() + self._seconds
        place = self._addresses.place(address, task)
        for _ in range(MOST_REDIRECTS + 1):
            if isinstance(place, LocalFile):
                return self._local(place)
            content, target = self._ask(place, until)
            if content is not None:
                return content
            # Every step is judged like an address in a task; the key goes to Label Studio only.
            place = self._addresses.place(urljoin(place.url, target), task)
        raise UnreachableError("the task's data is redirected again and again")

    def refuse_hostile(self, address: object, task: int = 0) -> None:
        """Refuses an address that no setting could allow; asks nobody for it.

        Raises:
            RefusedAddressError: It is one.
        """
        try:
            self._addresses.place(address, task)
        except RefusedAddressError as error:
            if not error.remedy:
                raise

    def _local(self, place: LocalFile) -> bytes:
        try:
            if place.path.stat().st_size > self._max_bytes:
                raise self._too_large()
            return place.path.read_bytes()
        except OSError as error:
            reason = error.strerror or error
            raise UnreachableError(f"the task's file cannot be read: {reason}") from error

    def _ask(self, place: Remote, until: float) -> tuple[bytes | None, str]:
        """The content, or None and where it is redirected to."""
        import httpx

        url, headers, extensions = self._request_of(place)
        host = shown(urlsplit(place.url).hostname or "")
        left = max(until - time.monotonic(), 0.1)
        timeout = httpx.Timeout(min(left, 10.0))
        try:
            with (
                self._client(place) as http,
                http.stream(
                    "GET", url, headers=headers, extensions=extensions, timeout=timeout
                ) as answer,
            ):
                if answer.is_redirect:
                    return None, answer.headers["location"]
                if answer.status_code != 200:
                    raise _no_data(place, host, answer.status_code)
                return self._content(answer, until, host), ""
        except httpx.TimeoutException as error:
            raise self._too_slow(host) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(
                f"the task's data on '{host}' cannot be reached ({type(error).__name__})", REMEDY
            ) from error

    def _client(self, place: Remote) -> httpx.Client:
        import httpx

        # A proxy would look the name up again by itself, after it was judged.
        host = urlsplit(place.url).hostname or ""
        proxies = place.label_studio and not access.is_loopback(host)
        return httpx.Client(verify=_certificates(), trust_env=proxies, follow_redirects=False)

    def _request_of(self, place: Remote) -> tuple[str, dict[str, str], dict[str, str]]:
        headers = {"Accept": "*/*", "User-Agent": "tslab"}
        if place.label_studio:
            return place.url, headers | self._key.headers(), {}
        parts = urlsplit(place.url)
        host = f"[{place.pinned}]" if ":" in place.pinned else place.pinned
        port = f":{parts.port}" if parts.port else ""
        pinned = parts._replace(netloc=f"{host}{port}", fragment="").geturl()
        # The name still goes into Host, and into TLS, where it is checked against the certificate.
        name = {"sni_hostname": parts.hostname or ""} if parts.scheme == "https" else {}
        return pinned, {**headers, "Host": parts.netloc}, name

    def _content(self, answer: httpx.Response, until: float, host: str) -> bytes:
        parts, size = [], 0
        declared = answer.headers.get("content-length", "")
        if declared.isdigit() and int(declared[:20]) > self._max_bytes:
            raise self._too_large()
        for part in answer.iter_bytes():
            size += len(part)
            if size > self._max_bytes:
                raise self._too_large()
            if time.monotonic() > until:
                raise self._too_slow(host)
            parts.append(part)
        return b"".join(parts)

    def _too_large(self) -> OversizeError:
        return OversizeError(
            f"the task's data is larger than {self._max_bytes} bytes",
            "Cut it into shorter tasks, or raise TSLAB_MAX_DATA_MB.",
        )

    def _too_slow(self, host: str) -> UnreachableError:
        return UnreachableError(
            f"the task's data on '{host}' did not arrive in {self._seconds:g} s",
            "Look at its server, or raise TSLAB_DATA_SECONDS.",
        )


def _no_data(place: Remote, host: str, status: int) -> DataError:
    """What an answer without data means: asking again helps unless a storage is not connected."""
    if place.storage and status in (400, 403, 404):
        return RefusedAddressError(
            f"lies in a storage, '{place.storage}:', of which Label Studio hands out nothing",
            "Add it under Settings > Cloud Storage of the project, or look at its credentials.",
        )
    text = f"the server of the task's data, '{host}', answers {status}"
    return UnreachableError(text, REMEDY)
