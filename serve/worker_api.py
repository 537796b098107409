"""The routes for workers outside the cluster beside jobs and checkpoints' files. They know a WorkerBackend."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath

from serve import problems
from serve import worker_models as models
from serve.api_models import MAX_ID_CHARS, MAX_OFFSET
from serve.api_routes import reads, router
from serve.files import inner_path
from serve.json_answers import answer
from serve.vault_backend import ApiBackends

_Hero = Annotated[
    str | None,
    Query(
        max_length=MAX_ID_CHARS, examples=["mote"], description="Hero of the catalog; default: the active campaign's."
    ),
]
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def worker_routers(backends: ApiBackends) -> list[APIRouter]:
    """The router of this module."""
    routes, workers = router(backends.keys, "work"), backends.workers

    @routes.get("/worker/settings", **reads("The hero that answers", models.WorkerSettings))
    async def settings(hero: _Hero = None) -> Response:
        return answer(await workers.settings(hero))

    @routes.get(
        "/worker/hero/{path:path}",
        summary="A small file of the hero's base model",
        response_class=Response,
        responses={**_BYTES, **problems.declared(400, 404)},
    )
    async def hero_file(
        path: Annotated[str, InPath(max_length=1024, examples=["config.json"])], hero: _Hero = None
    ) -> Response:
        return _bytes(await workers.hero_file(inner_path(path), hero))

    @routes.get(
        "/worker/snapshots/{battle_id}/{step}",
        summary="The weights of a battle's snapshot, as safetensors",
        response_class=Response,
        responses={**_BYTES, **problems.declared(400, 404)},
    )
    async def snapshot(
        battle_id: Annotated[str, InPath(min_length=1, max_length=MAX_ID_CHARS, examples=["mote-1-battle-1"])],
        step: Annotated[int, InPath(ge=0, le=MAX_OFFSET, examples=[1200])],
    ) -> Response:
        return _bytes(await workers.snapshot(battle_id, step))

    return [routes]


def _bytes(body: bytes) -> Response:
    return Response(body, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})
