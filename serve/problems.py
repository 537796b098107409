"""Errors as application/problem+json (RFC 9457), mapped once for every HTTP app of the realm.

It knows error classes and status codes, and no route.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from realm.errors import ClusterError, ConflictError, DiskFullError, NotFoundError, QuestError, RealmError


class TooLargeError(QuestError):
    """An upload is over the size limit."""


# The first class that fits gives the status; what is not listed is 400.
STATUSES: tuple[tuple[type[RealmError], int, str], ...] = (
    (NotFoundError, 404, "Not found"),
    (ConflictError, 409, "Not in this state"),
    (DiskFullError, 507, "Disk full"),
    (TooLargeError, 413, "Too large"),
    (QuestError, 400, "Quest file not usable"),
    (ClusterError, 503, "Realm not ready"),
    (RealmError, 400, "Refused"),
)


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


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
    return problem(status, title, error.problem, remedy=error.remedy, kind=f"urn:realm:{cls.__name__}", more=more)


def install(app: FastAPI) -> None:
    """Makes every error of `app`'s routes a problem document."""

    @app.exception_handler(RealmError)
    async def _realm(_: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, RealmError)
        return of_realm_error(error)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, "HTTP error", str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        field = (
            ".".join(str(part) for part in first["loc"][1:]) or first["loc"][0]
        )  # the first says body, query or path
        return problem(
            400,
            "Request not valid",
            f"{field}: {first['msg'].removeprefix('Value error, ')}.",
            remedy="Correct the field and send it again.",
        )

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, error: Exception) -> ProblemResponse:
        return problem(
            500,
            "Internal error",
            f"{type(error).__name__}: {error}",
            remedy="The log of the Tavern's host has the trace.",
        )
