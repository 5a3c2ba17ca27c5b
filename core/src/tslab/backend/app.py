"""The web application: Label Studio's ML protocol over a `Service`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from tslab.backend.auth import BasicAuth
from tslab.backend.bodies import (
    BadRequestError,
    PredictBody,
    SetupBody,
    WebhookBody,
    parse,
    project_number,
    read_body,
)
from tslab.backend.metrics import Measured

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tslab.backend.service import Service

UP = {"status": "UP", "model_class": "tslab"}


def create_app(service: Service) -> FastAPI:
    """The application of one backend; several may live in one process."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    # No pages about itself: they would load scripts from elsewhere.
    app = FastAPI(
        title="tslab", lifespan=lifespan, openapi_url=None, docs_url=None, redirect_slashes=False
    )
    app.add_exception_handler(BadRequestError, _refuse)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_middleware(BasicAuth, user=service.settings.user, password=service.settings.password)
    app.add_middleware(Measured, metrics=service.metrics)
    _add_reading(app, service)
    _add_asking(app, service)
    return app


def _add_reading(app: FastAPI, service: Service) -> None:
    """Endpoints that change nothing."""

    async def health() -> Response:
        return _json(UP)

    async def versions(request: Request) -> Response:
        given = request.query_params.get("project")
        project = None if given is None else project_number(given)
        return _json(await service.versions(project))

    async def metrics() -> Response:
        return Response(service.metrics.page(), media_type=service.metrics.content_type)

    for path in ("/", "/health"):
        app.add_api_route(path, health, methods=["GET", "HEAD"], response_model=None)
    app.add_api_route("/versions", versions, methods=["GET"], response_model=None)
    app.add_api_route("/metrics", metrics, methods=["GET"], response_model=None)


def _add_asking(app: FastAPI, service: Service) -> None:
    """Endpoints that take a body."""
    limit = service.settings.max_body_bytes

    async def setup(request: Request) -> Response:
        body = parse(await read_body(request, limit), SetupBody)
        return _json(await service.set_up(body))

    async def predict(request: Request) -> Response:
        body = parse(await read_body(request, limit), PredictBody)
        return _json(await service.predict(body))

    async def webhook(request: Request) -> Response:
        body = parse(await read_body(request, limit), WebhookBody)
        status, answer = service.webhook(body)
        return _json(answer, status)

    for path, function in (("/setup", setup), ("/predict", predict), ("/webhook", webhook)):
        app.add_api_route(path, function, methods=["POST"], response_model=None)


def _json(document: Any, status: int = 200) -> Response:
    content = msgspec.json.encode(document)
    return Response(content, status_code=status, media_type="application/json")


async def _refuse(_: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, BadRequestError) else 400
    # Whoever sends too much, or nothing, shall not go on sending.
    headers = {"Connection": "close"} if status in (408, 413) else None
    return JSONResponse({"detail": str(error)}, status_code=status, headers=headers)


async def _gone(_: Request, __: Exception) -> Response:
    return JSONResponse({"detail": "the sender went away"}, status_code=400)
