"""The routes of strongholds: assets and where they lie, zones, transfers, retention. They know a VaultBackend."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from fastapi import Path as InPath

from serve import stronghold_models as models
from serve.api_models import CHECKPOINT, MAX_ID_CHARS, Zone
from serve.api_routes import reads, router, writes
from serve.json_answers import answer
from serve.vault_api import Limit, Offset, page
from serve.vault_backend import ApiBackends

AssetId = Annotated[
    str,
    InPath(
        min_length=1,
        max_length=MAX_ID_CHARS,
        description="Id of an asset or a checkpoint, its slash and all.",
        examples=[CHECKPOINT],
    ),
]
TransferId = Annotated[str, InPath(pattern="^[0-9]{1,18}$", examples=["12"])]


def stronghold_routers(backends: ApiBackends) -> list[APIRouter]:
    """The routers of this module."""
    return [_assets(backends), _zones(backends)]


def _assets(backends: ApiBackends) -> APIRouter:
    routes, vault = router(backends.keys, "assets"), backends.vault

    @routes.get("/assets", **reads("What the vault keeps", models.Assets))
    async def assets(
        kind: Annotated[models.AssetKind | None, Query(description="Only of this kind.")] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        return page(await vault.assets(kind, limit, offset), limit, offset)

    @routes.post("/assets", **writes("Enter what lies in a stronghold", models.AssetRow, 404, status=201))
    async def register(asked: Annotated[models.RegisterRequest, Body()]) -> Response:
        return answer(await vault.register(asked.kind, asked.name, asked.stronghold, asked.path), 201)

    @routes.get("/assets/{asset_id:vault_id}", **reads("An asset", models.AssetRow, 404))
    async def asset(asset_id: AssetId) -> Response:
        return answer(await vault.asset(asset_id))

    @routes.get("/locate/{asset_id:vault_id}", **reads("Where its copies lie", models.Located, 404))
    async def locate(asset_id: AssetId) -> Response:
        return answer(await vault.locate(asset_id))

    @routes.post("/scan", **writes("Enter checkpoints that the ledger does not know", models.Scanned, 404))
    async def scan(asked: Annotated[models.ScanRequest | None, Body()] = None) -> Response:
        return answer(await vault.scan(asked.stronghold if asked else None))

    return routes


def _zones(backends: ApiBackends) -> APIRouter:
    routes, vault = router(backends.keys, "zones"), backends.vault

    @routes.get("/zones", **reads("The zones, their strongholds and what they hold", models.Zones))
    async def zones() -> Response:
        return answer({"zones": await vault.zones()})

    @routes.get("/zones/{zone}/assets", **reads("What has a copy in a zone", models.ZoneAssets))
    async def zone_assets(
        zone: Annotated[Zone, InPath(examples=["hot"])], limit: Limit = 50, offset: Offset = 0
    ) -> Response:
        return page(await vault.zone_assets(zone, limit, offset), limit, offset)

    @routes.post("/transfer", **writes("Begin a copy to a stronghold", models.TransferRow, 404, 507, status=202))
    async def transfer(asked: Annotated[models.TransferRequest, Body()]) -> Response:
        return answer(await vault.transfer(asked.asset_id, asked.target, asked.source), 202)

    @routes.get("/transfers", **reads("Transfers, the newest first", models.Transfers))
    async def transfers(limit: Limit = 50, offset: Offset = 0) -> Response:
        return page(await vault.transfers(limit, offset), limit, offset)

    @routes.get("/transfers/{transfer_id:number}", **reads("How far a transfer is", models.TransferRow, 404))
    async def one_transfer(transfer_id: TransferId) -> Response:
        return answer(await vault.transfer_status(transfer_id))

    @routes.post("/transfers/{transfer_id:number}/cancel", **writes("End a transfer", models.TransferRow, 404))
    async def cancel_transfer(transfer_id: TransferId) -> Response:
        return answer(await vault.cancel_transfer(transfer_id))

    @routes.get("/retention/plan", **reads("What retention would drop now", models.RetentionPlan))
    async def retention_plan(zone: Annotated[Zone | None, Query(description="All unless given.")] = None) -> Response:
        return answer(await vault.retention_plan(zone))

    @routes.post("/retention/apply", **writes("Do what a plan says", models.RetentionApplied, 404))
    async def retention_apply(asked: Annotated[models.RetentionRequest, Body()]) -> Response:
        return answer(await vault.retention_apply(asked.plan_id, asked.zone))

    return routes
