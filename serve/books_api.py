"""The routes of what the realm recorded and of the training under way. They know a BooksBackend."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from serve import books_models as models
from serve.api_models import MAX_OFFSET, MAX_PAGE, Id
from serve.api_routes import reads, router, writes
from serve.json_answers import answer
from serve.vault_api import Campaign, Limit, Offset, SkillQuery, page
from serve.vault_backend import ApiBackends


def books_routers(backends: ApiBackends) -> list[APIRouter]:
    """The routers of this module, but that of the events."""
    return [_books(backends), _training(backends)]


def events_router(backends: ApiBackends) -> APIRouter:
    """Events by number; the Tavern has a route of its own under this path."""
    routes = router(backends.keys, "books")

    @routes.get("/events", **reads("What happened after an event, oldest first", models.Events))
    async def events(
        after: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="`seq` of the last one known.")] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    ) -> Response:
        found = await backends.books.events(after, limit)
        return answer({"events": found, "next_after": found[-1]["seq"] if found else after})

    return routes


def _books(backends: ApiBackends) -> APIRouter:
    routes, books = router(backends.keys, "books"), backends.books

    @routes.get("/evaluations", **reads("Evaluations, the newest first", models.Evaluations, 409))
    async def evaluations(
        campaign: Campaign = None,
        skill: SkillQuery = None,
        checkpoint: Annotated[Id | None, Query(description="Id of a checkpoint.")] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        return page(await books.evaluations(campaign, skill, checkpoint, limit, offset), limit, offset)

    @routes.get("/passives", **reads("Passives with their results, peaks and warnings", models.Passives, 409))
    async def passives(limit: Limit = 50, offset: Offset = 0) -> Response:
        found = await books.passives()
        shown = list(found)[offset : offset + limit]
        return page({"passives": shown, "total": len(found)}, limit, offset)

    return routes


def _training(backends: ApiBackends) -> APIRouter:
    routes, books = router(backends.keys, "training"), backends.books

    @routes.get("/training/status", **reads("The battle under way", models.TrainingStatus, 409))
    async def status() -> Response:
        return answer(await books.training_status())

    @routes.get("/training/queue", **reads("Quests that wait or are fought", models.TrainingQueue, 409))
    async def queue(limit: Limit = 50, offset: Offset = 0) -> Response:
        return page(await books.training_queue(limit, offset), limit, offset)

    @routes.post("/training/control", **writes("Pause, resume or stop the battle", models.Controlled, 404))
    async def control(asked: Annotated[models.ControlRequest, Body()]) -> Response:
        return answer(await books.training_control(asked.action))

    return routes
