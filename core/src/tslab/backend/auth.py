"""Basic authentication for everything but what Label Studio asks without credentials."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS = frozenset({"/health", "/webhook"})
"""Label Studio asks for /health before it knows the password, and sends webhooks without any.

That is safe: /health says nothing, and of a webhook only the action and the number of a project are
read. Everything else is read back from Label Studio with the backend's own key, and a project that
this key does not see is left alone. The worst that a stranger can do is to ask for a training of
data that has not changed, which ends before it begins.
"""


class BasicAuth:
    """ASGI middleware; answers 401 to requests without the right name and password.

    Args:
        app: What it protects.
        user: The name; "" lets everybody in.
        password: The password.
    """

    def __init__(self, app: ASGIApp, user: str, password: str) -> None:
        self._app = app
        self._wanted = _hidden(f"{user}:{password}".encode()) if user else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it."""
        if scope["type"] != "http" or not self._wanted or self._knows(scope):
            await self._app(scope, receive, send)
            return
        answer = JSONResponse(
            {"detail": "wrong or missing user name and password"},
            status_code=401,
            headers={"WWW-Authenticate": 'Basic realm="tslab"'},
        )
        await answer(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        if scope["path"] in OPEN_PATHS:
            return True
        given = next((v for k, v in scope["headers"] if k.lower() == b"authorization"), b"")
        scheme, _, text = given.partition(b" ")
        if scheme.lower() != b"basic":
            return False
        try:
            pair = base64.b64decode(text.strip(), validate=True)
        except ValueError:
            return False
        return hmac.compare_digest(_hidden(pair), self._wanted)


def _hidden(pair: bytes) -> bytes:
    """A digest, so that comparing takes the same time for texts of every length."""
    return hmac.digest(b"tslab", pair, "sha256")
