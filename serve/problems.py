"""Errors as application/problem+json (RFC 9457), mapped once for every HTTP app of the realm.

It knows error classes and status codes, and no route.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from realm.errors import (
    ClusterError,
    ConflictError,
    DiskFullError,
    NotFoundError,
    QuestError,
    QueueFullError,
    RealmError,
    RequestError,
)

MEDIA_TYPE = "application/problem+json"
SCHEMA = {
    "title": "Problem",
    "description": "What was wrong, and what to do about it (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail", "remedy"],
    "properties": {
        "type": {"type": "string", "description": "Kind of problem, as urn:realm:NotFoundError; about:blank for none."},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What was wrong, with its value."},
        "remedy": {"type": "string", "description": "What to do about it."},
    },
}
DESCRIPTIONS = {
    400: "A value is wrong; the detail names it.",
    401: "The realm listens beyond loopback and its token is missing.",
    403: "The page that asks is of another origin, or the token allows reading only.",
    404: "There is no such thing.",
    409: "The thing is in a state that does not allow this.",
    413: "The body is over the size limit.",
    416: "The file has no such bytes; Content-Range says how many it has.",
    421: "The Host is none of this realm's.",
    429: "Too much is being asked at once; Retry-After says when there may be room.",
    500: "Something failed that should not have; the detail has the number under which the log tells of it.",
    503: "A part of the realm does not answer at the moment; Retry-After says when to ask again.",
    507: "The disk has too little room.",
}
REMEDIES = {
    400: "Correct the request and send it again.",
    404: "/openapi.json lists the routes.",
    405: "The header Allow names the methods of this path.",
    413: "Send less at a time.",
    416: "Ask for bytes that the file has.",
}
"""Of refusals that come without one."""
SHOWN_CHARS = 200
BUSY_RETRY_S = 1
RESTART_RETRY_S = 3
"""Seconds in which a killed actor is usually back."""
log = logging.getLogger("realm.web")


class TooLargeError(QuestError):
    """An upload is over the size limit."""


class BusyError(RealmError):
    """More is asked for at once than is taken on."""


# The first class that fits gives the status; what is not listed is 400.
STATUSES: tuple[tuple[type[RealmError], int, str], ...] = (
    (NotFoundError, 404, "Not found"),
    (ConflictError, 409, "Not in this state"),
    (DiskFullError, 507, "Disk full"),
    (TooLargeError, 413, "Too large"),
    (RequestError, 400, "Request not valid"),
    (QueueFullError, 429, "Queue full"),
    (BusyError, 429, "Busy"),
    (QuestError, 400, "Quest file not usable"),
    (ClusterError, 503, "Realm not ready"),
    (RealmError, 400, "Refused"),
)


class ProblemResponse(JSONResponse):
    media_type = MEDIA_TYPE


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    remedy: str = "",
    kind: str = "about:blank",
    headers: dict[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> ProblemResponse:
    """One problem document; `more` adds members such as `line`."""
    body = {"type": kind, "title": title, "status": status, "detail": detail, "remedy": remedy, **(more or {})}
    return ProblemResponse(body, status_code=status, headers=headers)


def of_realm_error(error: RealmError) -> ProblemResponse:
    """A RealmError as a problem document. One that came through Ray keeps its class as a base, so isinstance holds."""
    cls, status, title = next(entry for entry in STATUSES if isinstance(error, entry[0]))
    more: dict[str, int] = {}
    if isinstance(error, QuestError) and error.line is not None:
        more["line"] = error.line
    if isinstance(error, DiskFullError):
        more |= {"needed_bytes": error.needed, "free_bytes": error.free}
    return problem(
        status,
        title,
        error.problem,
        remedy=error.remedy or REMEDIES.get(status, ""),
        kind=f"urn:realm:{cls.__name__}",
        headers=retry_after(error),
        more=more,
    )


def retry_after(error: RealmError) -> dict[str, str] | None:
    """The header that says when to ask again, of errors that pass."""
    if isinstance(error, QueueFullError):
        return {"Retry-After": str(max(BUSY_RETRY_S, math.ceil(error.retry_after_s)))}
    if isinstance(error, BusyError):
        return {"Retry-After": str(BUSY_RETRY_S)}
    if isinstance(error, ClusterError):
        return {"Retry-After": str(RESTART_RETRY_S)}
    return None


def of_http_error(request: Request, error: HTTPException, headers: Mapping[str, str] = {}) -> ProblemResponse:
    """A refusal of the web framework as a problem document; `headers` go over those that it has."""
    phrase = HTTPStatus(error.status_code).phrase
    bare = str(error.detail) == phrase
    return problem(
        error.status_code,
        phrase,
        f"{phrase}: {request.method} {request.url.path[:SHOWN_CHARS]}" if bare else str(error.detail),
        remedy=REMEDIES.get(error.status_code, ""),
        headers={**(error.headers or {}), **headers},
    )


def install(app: FastAPI) -> None:
    """Makes every error of `app`'s routes a problem document."""

    @app.exception_handler(RealmError)
    async def _realm(_: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, RealmError)
        return of_realm_error(error)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, HTTPException)
        return of_http_error(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        # The first part says body, query or path.
        field = (".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0]))[:SHOWN_CHARS]
        return problem(
            400,
            "Request not valid",
            f"{field}: {first['msg'].removeprefix('Value error, ')}.",
            remedy="Correct the field and send it again.",
        )

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> ProblemResponse:
        # What an exception says may hold paths, queries or values of others: the log has it, the answer its number.
        number = secrets.token_hex(4)
        log.error("error %s at %s %s", number, request.method, request.url.path, exc_info=error)
        return problem(
            500,
            "Internal error",
            f"Something failed that should not have: error {number}.",
            remedy="The log of the actor that serves this has the trace under that number.",
        )


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses as problem documents, for the `responses` of a route; `describe` gives them their schema."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": DESCRIPTIONS[status], "content": content} for status in statuses}


def describe(app: FastAPI) -> None:
    """Makes the OpenAPI document of `app` say what its errors look like: problems, and no 422 of FastAPI's own."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        document = original()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = SCHEMA
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        return document

    app.openapi = openapi
