"""The Tavern's routes under /api: JSON over a TavernBackend. GET changes nothing; every button calls one POST."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, Query, Request, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from realm.errors import QuestError
from serve.json_answers import answer, json_answer
from serve.tavern.answers import SharedAnswer, SharedAnswers
from serve.tavern.away_api import add_away_routes
from serve.tavern.backend import Json, TavernBackend
from serve.tavern.campaign_api import add_campaign_routes
from serve.tavern.guild_api import add_guild_routes
from serve.tavern.routes import Body
from serve.tavern.uploads import Upload, UploadRoom

STATE_FRESH_S = 0.25
LOSS_FRESH_S = 1.0
HONOURS_FRESH_S = 2.0

Priority = Literal["high", "normal", "low"]
Action = Literal["pause", "resume", "stop"]
Status = Literal["queued", "active", "fought", "completed", "rejected", "failed", "cancelled"]


class BattleBody(Body):
    action: Action


class PostBody(Body):
    """An inspected upload, by its token."""

    upload: str
    priority: Priority = "normal"


class FormBody(Body):
    """The fields beside a file sent at once."""

    priority: Priority = "normal"


class PriorityBody(Body):
    priority: Priority


class MoveBody(Body):
    before_id: str | None = None


def add_routes(
    app: FastAPI, backend: TavernBackend, uploads: UploadRoom, version: str, routers: Sequence[APIRouter] = ()
) -> None:
    """Puts /health, the routes of `routers` and /api on `app`, ahead of anything mounted at its root."""
    state = SharedAnswer(backend.state, STATE_FRESH_S)
    loss = SharedAnswers(backend.loss, LOSS_FRESH_S)
    honours: SharedAnswers[str | None] = SharedAnswers(backend.honours, HONOURS_FRESH_S)
    api = APIRouter(prefix="/api")

    @app.get("/health")
    async def health() -> Json:
        return {"service": "tavern", "healthy": True, "version": version}

    @api.get("/state")
    async def get_state() -> Response:
        return json_answer(await state.body())

    @api.get("/loss")
    async def get_loss(after: Annotated[int, Query(ge=-1)] = -1) -> Response:
        return json_answer(await loss.body(after))

    @api.get("/events")
    async def get_events(
        before: Annotated[int | None, Query(ge=0)] = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> Response:
        return answer({"events": await backend.events(before, limit)})

    @api.get("/honours")
    async def get_honours(campaign: Annotated[str | None, Query(max_length=160)] = None) -> Response:
        return json_answer(await honours.body(campaign))

    @api.post("/battle")
    async def post_battle(body: BattleBody) -> Response:
        result = await backend.battle(body.action)
        state.forget()
        return answer(result)

    _add_quest_routes(api, backend, uploads, state)
    add_guild_routes(api, backend, state.forget)
    add_away_routes(api, backend)
    add_campaign_routes(api, backend, state.forget)

    for router in routers:
        app.include_router(router)

    @api.api_route(
        "/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], include_in_schema=False
    )
    async def unknown(path: str) -> Response:
        raise HTTPException(404, f"There is no /api/{path} for this method.")

    app.include_router(api)


def _add_quest_routes(api: APIRouter, backend: TavernBackend, uploads: UploadRoom, state: SharedAnswer) -> None:
    def changed(value: object) -> Response:
        state.forget()
        return answer(value)

    @api.get("/quests")
    async def get_quests(
        status: Annotated[list[Status] | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        page = await backend.quests(list(status or []), limit, offset)
        return answer({**page, "limit": limit, "offset": offset, "upload_limit_bytes": backend.upload_limit_bytes})

    @api.post("/quests/inspect")
    async def inspect(request: Request) -> Response:
        token, upload = await uploads.receive(request)
        try:
            report = await backend.inspect(upload.path, upload.name)
        except BaseException:
            uploads.discard(token)
            raise
        return answer({**report, "upload": token})

    @api.post("/quests")
    async def post(request: Request) -> Response:
        if request.headers.get("content-type", "").startswith("multipart/"):
            token, upload = await uploads.receive(request)
            try:
                return changed(await _post(backend, upload, _form(upload).priority, token))
            finally:
                uploads.discard(token)
        try:
            body = PostBody.model_validate_json(await request.body())
        except ValidationError as error:
            raise HTTPException(400, _first(error)) from error
        result = await _post(backend, uploads.get(body.upload), body.priority, body.upload)
        uploads.discard(body.upload)
        return changed(result)

    @api.get("/quests/intakes/{upload}")
    async def intake(upload: str) -> Response:
        return answer(await backend.intake(upload))

    @api.post("/quests/intakes/{upload}/cancel")
    async def cancel_intake(upload: str) -> Response:
        await backend.cancel_intake(upload)
        return answer({"cancelled": upload})

    @api.post("/quests/{quest_id}/cancel")
    async def cancel(quest_id: str) -> Response:
        return changed(await backend.cancel(quest_id))

    @api.post("/quests/{quest_id}/retry")
    async def retry(quest_id: str) -> Response:
        return changed(await backend.retry(quest_id))

    @api.post("/quests/{quest_id}/priority")
    async def set_priority(quest_id: str, body: PriorityBody) -> Response:
        return changed(await backend.set_priority(quest_id, body.priority))

    @api.post("/quests/{quest_id}/move")
    async def move(quest_id: str, body: MoveBody) -> Response:
        return changed(await backend.move(quest_id, body.before_id))


async def _post(backend: TavernBackend, upload: Upload, priority: Priority, token: str) -> Json:
    return await backend.post(Path(upload.path), upload.name, priority, token)


def _form(upload: Upload) -> FormBody:
    try:
        return FormBody.model_validate(upload.fields)
    except ValidationError as error:
        raise QuestError(_first(error), "Priorities are high, normal and low.") from error


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
