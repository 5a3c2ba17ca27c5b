"""Runs the backend's web application until somebody stops it."""

from __future__ import annotations

import logging
import os
import socket
import sys
from typing import TYPE_CHECKING

from tslab.errors import ServerError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tslab.backend.settings import BackendSettings

TALKATIVE = ("httpx", "httpcore", "asyncio", "urllib3")
"""Libraries that would log addresses, and with them names of files."""

HOOKS = "tslab.hooks"
"""A line for each call of a hook: too many for a log, unless TSLAB_TRACE_HOOKS asks for them."""

SHUTDOWN_SECONDS = 5
BACKLOG = 1024


def set_up_logging(level: str) -> None:
    """Sends the backend's log lines to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    if os.environ.get("TSLAB_TRACE_HOOKS", "0") in ("", "0"):
        logging.getLogger(HOOKS).setLevel(logging.WARNING)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        ServerError: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is written down.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or error
        raise ServerError(
            f"cannot listen on {host} port {port}: {reason}",
            "Stop what uses it, or choose another with --port.",
        ) from error
    return listening


def serve(app: FastAPI, settings: BackendSettings, listening: socket.socket) -> None:
    """Answers requests until SIGINT or SIGTERM."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        log_level=settings.log_level.lower(),
        access_log=False,
        http="h11",
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listening])
