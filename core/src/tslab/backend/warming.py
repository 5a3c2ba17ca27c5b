"""Loads what serves before somebody asks: the first prediction shall not wait for libraries."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from tslab.errors import ServerError, TslabError
from tslab.label_studio import access

if TYPE_CHECKING:
    from tslab.backend.link import Link
    from tslab.backend.serving import Predictor

log = logging.getLogger("tslab.backend")


class Warming:
    """Loads models in a thread of its own; whoever asks meanwhile is not kept waiting.

    Args:
        predictor: Whose models are loaded.
        link: Where labeling configs are looked up.
        room: How many models stay loaded; more are not loaded ahead.
    """

    def __init__(self, predictor: Predictor, link: Link, room: int) -> None:
        self._predictor = predictor
        self._link = link
        self._room = room
        self._places = threading.BoundedSemaphore(room)
        self._thread = ThreadPoolExecutor(1, "warm-up")

    def begin(self) -> None:
        """Loads the models of all projects that have one, as far as there is room."""
        self._thread.submit(self._all)

    def project(self, number: int, config: str) -> None:
        """Loads what serves a project.

        Args:
            number: Label Studio's id.
            config: Its labeling config, "" where it is not known.
        """
        if not self._places.acquire(blocking=False):
            return  # whoever asks for a prediction has it loaded
        waiting = self._thread.submit(self._one, number, config)
        waiting.add_done_callback(lambda _: self._places.release())

    def close(self) -> None:
        """Begins no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _all(self) -> None:
        for number in self._predictor.models.store.projects()[: self._room]:
            self._one(number, "")

    def _one(self, number: int, config: str) -> None:
        try:
            known = config or self._predictor.has_study or not number
            self._predictor.load(number, config if known else config_of(self._link, number))
        except TslabError as error:
            log.info("project %d: its model is loaded when somebody asks: %s", number, error)
        except Exception:
            log.exception("project %d: its model could not be loaded ahead", number)


def config_of(link: Link, project: int) -> str:
    """The labeling config of a project, as Label Studio has it now.

    Raises:
        ServerError: It does not answer, or refuses.
    """
    url, key = link.address()
    with access.open_http(url) as http:
        headers = access.authorization(http, key)
        answer = access.request(http, "GET", f"/api/projects/{project}", headers=headers)
    if answer.status_code != 200:
        raise ServerError(f"Label Studio at {url} answers {answer.status_code}")
    try:
        return msgspec.json.decode(answer.content, type=_Project).label_config
    except msgspec.MsgspecError as error:
        raise ServerError(
            f"{url} shows a project as no Label Studio does", "Check LABEL_STUDIO_HOST."
        ) from error


class _Project(msgspec.Struct):
    label_config: str
