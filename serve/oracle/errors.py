"""Errors in OpenAI's shape, as its clients read them. Knows no route."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from realm.errors import (
    ClusterError,
    ConflictError,
    DeadlineError,
    GenerationError,
    NotFoundError,
    QueueFullError,
    RealmError,
)
from serve.problems import retry_after

log = logging.getLogger("realm.web")

# The first class that fits; what is not listed is 400.
KINDS: tuple[tuple[type[RealmError], int, str, str | None], ...] = (
    (NotFoundError, 404, "invalid_request_error", "model_not_found"),
    (ConflictError, 409, "invalid_request_error", None),
    (QueueFullError, 429, "rate_limit_error", "queue_full"),
    (DeadlineError, 504, "timeout_error", None),
    (GenerationError, 500, "server_error", None),
    (ClusterError, 503, "server_error", "not_ready"),
    (RealmError, 400, "invalid_request_error", None),
)


def of_error(error: Exception) -> Response:
    """An error as an answer. What was not raised on purpose is logged under a number, and only that is told."""
    if isinstance(error, RealmError):
        _, status, kind, code = next(entry for entry in KINDS if isinstance(error, entry[0]))
        return _answer(status, str(error), kind, code, headers=retry_after(error))
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        message = str(first["msg"]).removeprefix("Value error, ")
        return _answer(400, f"{field}: {message}." if field else f"{message}.", "invalid_request_error", None, field)
    if isinstance(error, HTTPException):
        return _answer(error.status_code, str(error.detail), "invalid_request_error", None, headers=error.headers)
    return _answer(500, unexpected(error), "server_error", None)


def told(error: Exception) -> dict[str, Any]:
    """An error that comes after the answer has begun, as the data of an event."""
    if not isinstance(error, RealmError):
        return _body(unexpected(error), "server_error", None, None)
    _, _, kind, code = next(entry for entry in KINDS if isinstance(error, entry[0]))
    return _body(str(error), kind, code, None)


def unexpected(error: Exception) -> str:
    """What is told of an error that should not have been: its text may be of others."""
    number = secrets.token_hex(4)
    log.error("error %s of the Oracle", number, exc_info=error)
    return f"Something failed that should not have: error {number}. The log of the actor that serves this has it."


def _body(message: str, kind: str, code: str | None, param: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _answer(
    status: int,
    message: str,
    kind: str,
    code: str | None,
    param: str | None = None,
    headers: Any = None,
) -> Response:
    return JSONResponse(_body(message, kind, code, param or None), status, headers=headers)
