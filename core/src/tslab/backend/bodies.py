"""Request bodies: read within limits, parsed by a schema, refused with one line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from starlette.requests import Request

BODY_SECONDS = 60.0
LONGEST_REASON = 600
LARGEST_ID = 2**31 - 1
"""Label Studio numbers projects in a column of 32 bits."""

Shape = TypeVar("Shape")


class BadRequestError(Exception):
    """A request that is refused; its text is one line for the sender.

    Attributes:
        status: HTTP status: 4xx where it is the sender's fault, else 5xx.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(" ".join(reason.split())[:LONGEST_REASON])
        self.status = status


class SetupBody(msgspec.Struct):
    """What is read of /setup; above all not the access token in it."""

    project: int | str | None = None
    schema: str | None = None
    hostname: str | None = None


class PredictBody(msgspec.Struct):
    """What is read of /predict."""

    tasks: list[dict[str, Any]]
    project: int | str | None = None
    label_config: str | None = None
    params: dict[str, Any] | None = None


class ProjectReference(msgspec.Struct):
    """The only part of a webhook's project that is read."""

    id: int | None = None


class WebhookBody(msgspec.Struct):
    """What is read of /webhook: nothing in it is trusted."""

    action: str
    project: ProjectReference | int | None = None


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body.

    Args:
        request: The request.
        limit: Bytes; a longer body is refused before it is read to its end.

    Raises:
        BadRequestError: It is too long, or does not arrive.
    """
    too_long = BadRequestError(413, f"the body is longer than {limit} bytes")
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise too_long
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise too_long
                parts.append(part)
    except TimeoutError as error:
        raise BadRequestError(408, "the body did not arrive in time") from error
    return b"".join(parts)


def parse(body: bytes, shape: type[Shape]) -> Shape:
    """The body as a value of that shape.

    Raises:
        BadRequestError: It is no JSON, or has another shape.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise BadRequestError(422, f"the body is not what Label Studio sends: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequestError(400, f"the body is not valid JSON: {error}") from error
    except RecursionError as error:
        raise BadRequestError(400, "the body is nested too deeply") from error


def project_number(value: object) -> int:
    """Number of a Label Studio project: 24 of ``24``, "24" and "24.1795224115"; 0 for nothing.

    Raises:
        BadRequestError: It is no such number.
    """
    if value is None or value == "":
        return 0
    text = str(value).split(".", 1)[0] if isinstance(value, (int, str)) else ""
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 12):
        raise BadRequestError(422, "project is no number of a Label Studio project")
    if int(text) > LARGEST_ID:
        raise BadRequestError(422, "project is no number of a Label Studio project")
    return int(text)
