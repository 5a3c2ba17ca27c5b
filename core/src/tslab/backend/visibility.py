"""Which projects Label Studio shows to the backend's key: webhooks may name any number."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import msgspec

from tslab.errors import ServerError
from tslab.label_studio import access

if TYPE_CHECKING:
    from tslab.backend.link import Link

log = logging.getLogger("tslab.backend")

LOOK_SECONDS = 2.0
"""Label Studio's list of projects is asked for so often at most, whatever strangers send."""


class VisibleProjects:
    """The list, looked up when somebody asks for a project that was not on it.

    Args:
        link: The way to Label Studio.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._looking = asyncio.Lock()
        self._seen: frozenset[int] = frozenset()
        self._looked = -LOOK_SECONDS
        self._trouble = ""

    async def sees(self, project: int) -> str:
        """Nothing ("") if Label Studio shows a project to the backend's key, else why not."""
        asked = time.monotonic()
        async with self._looking:
            # One look answers all who asked before it.
            if project not in self._seen and self._looked < asked:
                await asyncio.sleep(self._looked + LOOK_SECONDS - asked)
                await self._look()
            if project in self._seen:
                return ""
            return self._trouble or "unknown project"

    async def _look(self) -> None:
        self._looked, self._trouble = time.monotonic(), ""
        try:
            self._seen = await asyncio.to_thread(self._projects)
        except ServerError as error:
            log.warning("nothing is trained: %s", error)
            self._trouble = "label studio"

    def _projects(self) -> frozenset[int]:
        url, key = self._link.address()
        found: set[int] = set()
        with access.open_http(url) as http:
            headers = access.authorization(http, key)
            while True:
                page = len(found) // 1000 + 1
                wanted = {"include": "id", "page": str(page), "page_size": "1000"}
                answer = access.request(
                    http, "GET", "/api/projects", headers=headers, params=wanted
                )
                if answer.status_code == 401:
                    raise access.refused(url)
                if answer.status_code != 200:
                    raise ServerError(f"Label Studio at {url} answers {answer.status_code}")
                before = len(found)
                ids, count = _ids_of(answer.content, url)
                found |= ids
                if len(found) >= count or len(found) == before:
                    return frozenset(found)


class _Row(msgspec.Struct):
    id: int


class _Page(msgspec.Struct):
    """A page of Label Studio's list of projects."""

    count: int
    results: list[_Row]


def _ids_of(content: bytes, url: str) -> tuple[set[int], int]:
    """Ids of the projects on a page, and how many there are on all pages."""
    try:
        page = msgspec.json.decode(content, type=_Page)
    except msgspec.MsgspecError as error:
        raise ServerError(
            f"{url} lists projects as no Label Studio does", "Check LABEL_STUDIO_HOST."
        ) from error
    return {row.id for row in page.results}, page.count
