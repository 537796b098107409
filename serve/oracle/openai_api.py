"""OpenAI's routes: /v1/models, /v1/chat/completions, /v1/completions. They know Answers."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from fastapi.routing import APIRoute

from realm.errors import NotFoundError
from serve.api_routes import as_json
from serve.json_answers import answer
from serve.oracle.answers import Json, Shape
from serve.oracle.backend import Answers
from serve.oracle.errors import of_error, told
from serve.oracle.questions import ChatRequest, CompletionRequest, Question
from serve.oracle.streaming import ClientGone, EventStream, unless_gone
from serve.security import SAFE_METHODS

CLIENT_CLOSED = 499
"""As nginx has it: nobody reads it."""


class OpenAIRoute(APIRoute):
    """Bodies are JSON whatever their content type says; errors have OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                if request.method not in SAFE_METHODS:
                    request, _ = await as_json(request)
                return await handler(request)
            except ClientGone:
                return Response(status_code=CLIENT_CLOSED)
            except Exception as error:  # noqa: BLE001 - each becomes an answer
                return of_error(error)

        return handle


def openai_router(backend: Answers) -> APIRouter:
    """The routes over `backend`."""
    routes = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)

    @routes.get("/models", summary="Checkpoints that can be asked, and the aliases champion and latest")
    async def models() -> Response:
        return answer({"object": "list", "data": await _models(backend)})

    @routes.get("/models/{model:path}", summary="One of them")
    async def model(model: str) -> Response:
        found = next((each for each in await _models(backend) if each["id"] == model), None)
        if found is None:
            raise NotFoundError(f"There is no model {model!r}.", "GET /v1/models lists them.")
        return answer(found)

    @routes.post("/chat/completions", summary="Answer a conversation")
    async def chat(request: Request, asked: Annotated[ChatRequest, Body()]) -> Response:
        return await _answered(backend, request, asked.question(backend.timeout_s), True, asked.tells_usage)

    @routes.post("/completions", summary="Go on with a text")
    async def completions(request: Request, asked: Annotated[CompletionRequest, Body()]) -> Response:
        return await _answered(backend, request, asked.question(backend.timeout_s), False, asked.tells_usage)

    return routes


async def _models(backend: Answers) -> list[Json]:
    status, aliases = await backend.status(), await backend.aliases()
    loaded = {each["checkpoint_id"] for each in status["loaded"]}
    rows = [_model(alias, found, "realm", 0, loaded) for alias, found in aliases.items() if found is not None]
    for book in await backend.books():
        created = int(datetime.fromisoformat(book["saved_at"]).timestamp())
        rows.append(_model(book["checkpoint_id"], book, book["campaign_id"], created, loaded))
    return rows


def _model(model_id: str, book: Json, owner: str, created: int, loaded: set[str]) -> Json:
    return {
        "id": model_id,
        "object": "model",
        "created": created,
        "owned_by": owner,
        "checkpoint_id": book["checkpoint_id"],
        "step": book["step"],
        "loaded": book["checkpoint_id"] in loaded,
    }


async def _answered(backend: Answers, request: Request, question: Question, chat: bool, usage: bool) -> Response:
    shape = Shape(chat)
    if not question["stream"]:
        return answer(shape.whole(await unless_gone(request, backend.complete(question))))
    events = backend.stream(question)
    try:
        # Whatever is wrong with the question shows before its first event, and has a status of its own then.
        first = await unless_gone(request, anext(events))
    except BaseException:
        await events.aclose()
        raise
    return EventStream(_lines(shape, first, events, usage))


async def _lines(
    shape: Shape, first: Json, events: AsyncGenerator[Json, None], usage: bool
) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        try:
            shape.chunks(first)
            async for event in events:
                if chunks := shape.chunks(event):
                    yield b"".join(_line(chunk) for chunk in chunks)
            if usage:
                yield _line(shape.last())
        except Exception as error:  # noqa: BLE001 - told, since the status is gone
            yield _line(told(error))
            return
        yield b"data: [DONE]\n\n"


def _line(value: Any) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"
