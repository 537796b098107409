"""The routes of the vault: the ledger, checkpoints and their files, deletion, exports and imports.

They know a VaultBackend. GET changes nothing.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi import Path as InPath
from pydantic import Field
from starlette.convertors import Convertor, register_url_convertor

from realm.errors import NotFoundError
from serve import problems
from serve import vault_models as models
from serve.api_models import CHECKPOINT, EXPORT, MAX_ID_CHARS, MAX_OFFSET, MAX_PAGE, Id, Metrics, Zone
from serve.api_routes import reads, router, writes
from serve.files import file_answer, inner_path, require_inside
from serve.json_answers import answer
from serve.vault_backend import ApiBackends, Json

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Rows of this page at most.")]
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Rows before this page.")]
Campaign = Annotated[Id | None, Query(description="Id of a campaign; the active one unless given.")]
SkillQuery = Annotated[Id | None, Query(description="Id of a skill.", examples=["bin"])]
CheckpointId = Annotated[
    str,
    InPath(
        min_length=1,
        max_length=MAX_ID_CHARS,
        description="Id of a checkpoint, its slash and all, or its name within the active campaign.",
        examples=[CHECKPOINT],
    ),
]
Sort = Annotated[
    str,
    Query(
        pattern=r"^(saved_at|step|exam_accuracy|val_loss|train_loss|size_bytes|skill:[\w.@-]{1,100})$",
        description="saved_at, step, exam_accuracy, val_loss, train_loss, size_bytes, or skill:ID.",
    ),
]
Order = Annotated[Literal["asc", "desc"], Query()]
CreatedBy = Literal["start", "import", "interval", "quest_end", "mastery", "champion", "pause", "stop"]


class VaultIdConvertor(Convertor[str]):
    """An id as the vault gives them: a name, or campaign/name. What is done to one at its path is no name."""

    regex = "[^/]+(?:/(?!(?:promote|verify|restore|export|files)$)[^/]+)?"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class NumberConvertor(VaultIdConvertor):
    """An id that is a number: no word of another route is one."""

    regex = "[0-9]+"


register_url_convertor("vault_id", VaultIdConvertor())
register_url_convertor("number", NumberConvertor())


def vault_routers(backends: ApiBackends) -> list[APIRouter]:
    """The routers of this module."""
    return [_ledger(backends), _files(backends), _deletion(backends), _checkpoints(backends), _exports(backends)]


def page(found: Json, limit: int, offset: int) -> Response:
    """A page of a list, with what was asked for."""
    return answer({**found, "limit": limit, "offset": offset})


def _ledger(backends: ApiBackends) -> APIRouter:
    routes, vault = router(backends.keys, "ledger"), backends.vault

    @routes.get("/stats", **reads("Numbers of the vault and of the job queue", models.VaultStats))
    async def stats() -> Response:
        found, jobs = await asyncio.gather(vault.stats(), backends.jobs.stats())
        return answer({"vault": found, "jobs": jobs})

    @routes.get("/ledger", **reads("Checkpoints, the newest first", models.Checkpoints, 404))
    async def ledger(
        skill: SkillQuery = None, campaign: Campaign = None, limit: Limit = 50, offset: Offset = 0
    ) -> Response:
        found = await vault.list(campaign_id=campaign, skill=skill, limit=limit, offset=offset)
        return page(found, limit, offset)

    @routes.get("/ledger/summary", **reads("Numbers of the active campaign's ledger", models.LedgerSummary, 409))
    async def summary() -> Response:
        return answer(await vault.summary())

    @routes.get("/ledger/best", **reads("The best checkpoint by a metric", models.CheckpointRow, 404, 409))
    async def best(metric: Annotated[Metrics, Query()] = "exam_accuracy", campaign: Campaign = None) -> Response:
        found = await vault.best(metric, campaign)
        if found is None:
            raise NotFoundError(f"No checkpoint has {metric} yet.", "It comes with the first exam or battle.")
        return answer(found)

    @routes.get("/ledger/{step}", **reads("The checkpoint of a campaign step", models.CheckpointDetail, 404))
    async def of_step(step: Annotated[int, InPath(ge=0, le=MAX_OFFSET, examples=[1200])]) -> Response:
        return answer(await vault.show(f"checkpoint-{step}"))

    return routes


def _files(backends: ApiBackends) -> APIRouter:
    routes, vault = router(backends.keys, "checkpoints"), backends.vault

    @routes.get("/checkpoints/{checkpoint_id:vault_id}/files", **reads("Files of a checkpoint", models.Files, 404, 409))
    async def files(checkpoint_id: CheckpointId) -> Response:
        return answer({"checkpoint_id": checkpoint_id, "files": await vault.files(checkpoint_id)})

    @routes.get(
        "/checkpoints/{checkpoint_id:vault_id}/files/{path:path}",
        summary="A file of a checkpoint, whole or a Range of it",
        response_class=Response,
        responses={
            200: {"description": "The file.", "content": _BYTES},
            206: {"description": "The range.", "content": _BYTES},
            304: {"description": "Not changed since it had the ETag of If-None-Match."},
            **problems.declared(400, 404, 409, 416),
        },
    )
    async def file(
        request: Request,
        checkpoint_id: CheckpointId,
        path: Annotated[str, InPath(max_length=1024, examples=["model.safetensors"])],
    ) -> Response:
        inner = inner_path(path)
        found = await vault.file(checkpoint_id, inner)
        place = await asyncio.to_thread(require_inside, Path(found["path"]), inner)
        return await asyncio.to_thread(file_answer, request, place, found.get("sha256"))

    return routes


_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def _checkpoints(backends: ApiBackends) -> APIRouter:
    routes, vault = router(backends.keys, "checkpoints"), backends.vault

    @routes.get("/checkpoints", **reads("Checkpoints, sorted and filtered", models.Checkpoints, 404, 409))
    async def checkpoints(
        sort: Sort = "saved_at",
        order: Order = "desc",
        campaign: Campaign = None,
        zone: Annotated[Zone | None, Query(description="Those with a copy in it.")] = None,
        skill: SkillQuery = None,
        created_by: Annotated[CreatedBy | None, Query(description="Why they were saved.")] = None,
        trashed: Annotated[bool, Query(description="Those in the trash instead.")] = False,
        q: Annotated[str | None, Query(max_length=200, description="Part of the id.")] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        found = await vault.list(
            sort=sort,
            descending=order == "desc",
            campaign_id=campaign,
            zone=zone,
            skill=skill,
            created_by=created_by,
            trashed=trashed,
            search=q,
            limit=limit,
            offset=offset,
        )
        return page(found, limit, offset)

    @routes.get(
        "/checkpoints/{checkpoint_id:vault_id}", **reads("A checkpoint with its lineage", models.CheckpointDetail, 404)
    )
    async def checkpoint(checkpoint_id: CheckpointId) -> Response:
        return answer(await vault.show(checkpoint_id))

    @routes.post(
        "/checkpoints/{checkpoint_id:vault_id}/promote", **writes("Make it the champion", models.Promoted, 404)
    )
    async def promote(checkpoint_id: CheckpointId) -> Response:
        return answer(await vault.promote(checkpoint_id))

    @routes.post(
        "/checkpoints/{checkpoint_id:vault_id}/verify",
        **writes("Compare every copy with its hashes", models.Verified, 404),
    )
    async def verify(checkpoint_id: CheckpointId) -> Response:
        return answer(await vault.verify(checkpoint_id))

    @routes.post(
        "/checkpoints/{checkpoint_id:vault_id}/restore",
        **writes("Take it out of the trash", models.CheckpointRow, 404, 507),
    )
    async def restore(checkpoint_id: CheckpointId) -> Response:
        return answer(await vault.restore(checkpoint_id))

    return routes


def _deletion(backends: ApiBackends) -> APIRouter:
    routes, vault = router(backends.keys, "checkpoints"), backends.vault

    @routes.post("/checkpoints/delete-plan", **writes("What a deletion would do", models.DeletePlan, 404))
    async def delete_plan(asked: Annotated[models.DeletePlanRequest, Body()]) -> Response:
        return answer(await vault.delete_plan(asked.ids))

    @routes.post("/checkpoints/delete", **writes("Move checkpoints to the trash", models.Deleted, 404))
    async def delete(asked: Annotated[models.DeleteRequest, Body()]) -> Response:
        return answer(await vault.delete(asked.ids, asked.confirmation or ""))

    @routes.delete(
        "/checkpoints/{checkpoint_id:vault_id}", **writes("Move a checkpoint to the trash", models.Deleted, 404)
    )
    async def delete_one(
        checkpoint_id: CheckpointId,
        confirm: Annotated[
            Annotated[str, Field(max_length=200)] | None, Query(description="What /delete-plan asks to be repeated.")
        ] = None,
    ) -> Response:
        return answer(await vault.delete([checkpoint_id], confirm or ""))

    return routes


def _exports(backends: ApiBackends) -> APIRouter:
    routes, vault = router(backends.keys, "exports"), backends.vault

    @routes.post(
        "/checkpoints/{checkpoint_id:vault_id}/export",
        **writes("Begin an export", models.ExportRow, 404, 507, status=202),
    )
    async def export(
        checkpoint_id: CheckpointId, asked: Annotated[models.ExportRequest | None, Body()] = None
    ) -> Response:
        wanted = asked or models.ExportRequest()
        row = await vault.export_start(checkpoint_id, wanted.format, wanted.force, wanted.include_optimizer)
        return answer(row, 202)

    @routes.get("/exports", **reads("Exports, the newest first", models.Exports))
    async def exports(limit: Limit = 50, offset: Offset = 0) -> Response:
        found = await vault.exports()
        shown = list(found)[offset : offset + limit]
        return page({"exports": shown, "total": len(found)}, limit, offset)

    @routes.get("/exports/{export_id}", **reads("How far an export is", models.ExportRow, 404))
    async def one_export(export_id: _ExportId) -> Response:
        return answer(await vault.export_status(export_id))

    @routes.post("/exports/{export_id}/cancel", **writes("End an export", models.ExportRow, 404))
    async def cancel_export(export_id: _ExportId) -> Response:
        return answer(await vault.export_cancel(export_id))

    @routes.post(
        "/import", **writes("Enter a Hugging Face folder as a checkpoint", models.Imported, 404, 507, status=201)
    )
    async def import_folder(asked: Annotated[models.ImportRequest, Body()]) -> Response:
        return answer(await vault.import_folder(asked.path), 201)

    return routes


_ExportId = Annotated[str, InPath(min_length=1, max_length=MAX_ID_CHARS, examples=[EXPORT])]
