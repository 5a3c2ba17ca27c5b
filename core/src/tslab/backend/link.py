"""Label Studio as the backend reaches it: address, key, and what may be fetched through it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from tslab.backend.addresses import Addresses
from tslab.backend.fetching import Fetcher, Key
from tslab.errors import ServerError

if TYPE_CHECKING:
    from tslab.backend.settings import BackendSettings
    from tslab.backend.study import Study
    from tslab.label_studio.client import Client

FRESH_SECONDS = 20.0
"""How long an address is trusted; the embedded server may come up later, and elsewhere."""


class Link:
    """The way to Label Studio.

    Args:
        settings: May name address and key.
        study: The project folder, which knows the embedded server; None without one.
    """

    def __init__(self, settings: BackendSettings, study: Study | None = None) -> None:
        self._settings = settings
        self._study = study
        self._lock = threading.Lock()
        self._known = ("", "")
        self._until = 0.0
        self._names: set[str] = set()
        self._fetcher: Fetcher | None = None

    def address(self) -> tuple[str, str]:
        """Address and key.

        Raises:
            ServerError: There is no Label Studio that is known and running.
        """
        with self._lock:
            if time.monotonic() > self._until:
                known = self._look()
                if known != self._known:
                    self._known, self._fetcher = known, None
                self._until = time.monotonic() + FRESH_SECONDS
            return self._known

    def _look(self) -> tuple[str, str]:
        given = self._settings
        if given.url and given.api_key:
            return given.url, given.api_key
        if self._study is not None:
            from tslab.label_studio.connection import connection

            found = connection(self._study.project)
            if given.url in ("", found.url):
                return found.url, found.api_key  # never the key of one server to another
        if not given.url:
            raise ServerError(
                "the backend knows no Label Studio",
                "Set LABEL_STUDIO_HOST and LABEL_STUDIO_API_KEY, or give it a project folder.",
            )
        raise ServerError(
            f"the backend has no key for Label Studio at {given.url}",
            "Set LABEL_STUDIO_API_KEY to the token of Account & Settings.",
        )

    def also_called(self, hostname: str) -> None:
        """Notes what Label Studio calls itself."""
        with self._lock:
            if hostname and hostname not in self._names and len(self._names) < 20:
                self._names.add(hostname)
                self._fetcher = None

    @property
    def names(self) -> list[str]:
        """What Label Studio called itself so far."""
        with self._lock:
            return sorted(self._names)

    def fetcher(self) -> Fetcher:
        """What reads task data, from Label Studio too where it is known."""
        try:
            url, key = self.address()
        except ServerError:
            url, key = self._settings.url, self._settings.api_key
        with self._lock:
            if self._fetcher is None:
                given = self._settings
                addresses = Addresses(url, given.allow_hosts, given.folder)
                for name in sorted(self._names):
                    addresses.also_called(name)
                self._fetcher = Fetcher(
                    addresses, Key(url, key), given.max_data_bytes, given.data_seconds
                )
            return self._fetcher

    def client(self) -> Client:
        """A client for one piece of work; importing the SDK takes seconds the first time.

        Raises:
            ServerError: There is no Label Studio, or the SDK is missing.
        """
        from tslab.label_studio.client import Client

        return Client(*self.address())
