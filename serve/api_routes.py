"""What every route of the realm's API has: JSON bodies under a size limit, idempotency keys, declared errors.

A body is read as JSON whatever its content type says: pages of other origins are kept out by the Guard. The answer to a
write that came with an Idempotency-Key is kept, and given again to whoever repeats the request.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from realm.errors import ConflictError, RequestError
from serve import problems
from serve.json_answers import json_answer
from serve.security import SAFE_METHODS
from serve.vault_backend import IdempotencyKeys

MAX_BODY_BYTES = 16_000_000
MAX_DEPTH = 100
"""Of a body's lists and objects within each other."""
KEY_HEADER = "Idempotency-Key"
KEY_PATTERN = r"^[!-~]{1,160}$"
REPLAYED_HEADER = "Idempotent-Replayed"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Key = Annotated[
    str | None,
    Header(
        alias=KEY_HEADER,
        pattern=KEY_PATTERN,
        description="Sent again under the same key, the request is answered as before and nothing is done twice.",
        examples=["3c1f7e52-submit-41"],
    ),
]


async def keyed(key: Key = None) -> str | None:
    """The idempotency key of a request, checked and declared."""
    return key


def router(keys: IdempotencyKeys, tag: str) -> APIRouter:
    """A router for /api whose routes are as this module says."""
    return APIRouter(
        prefix="/api", tags=[tag], route_class=_route_over(keys), responses=problems.declared(401, 421, 500, 503)
    )


def reads(summary: str, model: type[BaseModel], *statuses: int) -> dict[str, Any]:
    """Arguments of a GET route: answers `model`, and may refuse with 400 and these statuses."""
    return {
        "summary": summary,
        "response_model": model,
        "response_description": "As asked.",
        "responses": problems.declared(400, *statuses),
    }


def writes(summary: str, model: type[BaseModel], *statuses: int, status: int = 200) -> dict[str, Any]:
    """Arguments of a route that changes something: see `reads`."""
    return reads(summary, model, 403, 409, 413, *statuses) | {"status_code": status, "dependencies": [Depends(keyed)]}


def _route_over(keys: IdempotencyKeys) -> type[APIRoute]:
    class Route(APIRoute):
        def get_route_handler(self) -> Handler:
            handler = super().get_route_handler()

            async def handle(request: Request) -> Response:
                if request.method in SAFE_METHODS:
                    return await handler(request)
                again, body = await as_json(request)
                key = request.headers.get(KEY_HEADER)
                return await handler(again) if key is None else await _once(keys, key, again, body, handler)

            return handle

    return Route


async def as_json(request: Request) -> tuple[JsonRequest, bytes]:
    """The request with its body read as JSON whatever its content type says, and that body; refused over the limit."""
    body = await _read(request)
    return JsonRequest(_as_json(request), _replayed(body, request.receive)), body


class JsonRequest(Request):
    """A request whose body is JSON as RFC 8259 has it: no NaN, no infinity, no endless nesting."""

    async def json(self) -> Any:
        try:
            value = json.loads(await self.body(), parse_constant=_refused, parse_float=_finite)
        except RecursionError:
            raise _too_deep() from None
        _check_depth(value)
        return value


def _refused(text: str) -> Any:
    raise HTTPException(400, f"The body holds {text}, which is no JSON.")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refused("a number that no float holds")


def _too_deep() -> HTTPException:
    return HTTPException(400, f"The body nests lists and objects more than {MAX_DEPTH} deep.")


def _check_depth(value: Any) -> None:
    layer, depth = [value], 0
    while layer:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        inner: list[Any] = []
        for each in layer:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        layer = [each for each in inner if isinstance(each, dict | list)]


async def _read(request: Request) -> bytes:
    """The body, refused as soon as it is known to be over the limit."""
    declared = request.headers.get("content-length", "")
    # A length of more digits than these is too long, whatever it says.
    over = declared.isdecimal() and (len(declared) > 18 or int(declared) > MAX_BODY_BYTES)
    body = bytearray()
    if not over:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                over = True
                break
    if over:
        raise HTTPException(413, f"The body is over {MAX_BODY_BYTES:,} bytes.", headers={"Connection": "close"})
    return bytes(body)


def _as_json(request: Request) -> dict[str, Any]:
    """The request's scope with a content type of JSON."""
    headers = [(name, value) for name, value in request.scope["headers"] if name.lower() != b"content-type"]
    return {**request.scope, "headers": [*headers, (b"content-type", b"application/json")]}


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, then what comes after it."""
    given = False

    async def first_body() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return first_body


async def _once(keys: IdempotencyKeys, key: str, request: Request, body: bytes, handler: Handler) -> Response:
    """The answer that is kept under `key`, else that of `handler`, which is kept from then on."""
    if not re.fullmatch(KEY_PATTERN, key):
        raise RequestError(f"{KEY_HEADER} is {key[:200]!r}.", "It has 1 to 160 visible ASCII characters.")
    try:
        kept = await run_in_threadpool(keys.begin, key, _digest(request, body), datetime.now(UTC))
    except ConflictError as error:
        refusal = problems.of_realm_error(error)
        refusal.headers["Retry-After"] = str(problems.BUSY_RETRY_S)
        return refusal
    if kept is not None:
        response = json_answer(kept[1].encode(), kept[0])
        response.headers[REPLAYED_HEADER] = "true"
        return response
    try:
        response = await handler(request)
    except BaseException:
        # Refused, it has changed nothing; unanswered, the parts of the realm do nothing twice by themselves.
        await run_in_threadpool(keys.forget, key)
        raise
    await run_in_threadpool(keys.finish, key, response.status_code, bytes(response.body).decode(), datetime.now(UTC))
    return response


def _digest(request: Request, body: bytes) -> str:
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(asked + body).hexdigest()
