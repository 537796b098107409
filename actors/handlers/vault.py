"""Handlers of vault jobs: they ask VaultKeeper for copies and follow them to their end."""

from __future__ import annotations

from typing import Any

from actors.handlers.context import Context
from actors.handlers.port import Unwanted
from realm.errors import ClusterError, ConflictError
from realm.rules.stronghold import TransferState

POLL_S = 0.5
PAGE = 200
PLANS = 3
"""Retention is planned so often when what is kept changes between plan and deed."""


def run_archive(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Copy a checkpoint or asset to a stronghold."""
    payload = job["payload"]
    return _copied(payload["source"], payload["target"], None, context)


def run_sync(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Copy every checkpoint of the active campaign, and every asset, that `source` has and `target` lacks."""
    source, target = job["payload"]["source"], job["payload"]["target"]
    copied: list[str] = []
    moved = there = 0
    for asset_id, strongholds in _everything(context):
        context.require_wanted()
        if source not in strongholds:
            continue
        if target in strongholds:
            there += 1
            continue
        moved += _copied(asset_id, target, source, context)["bytes"]
        copied.append(asset_id)
    return {"source": source, "target": target, "copied": copied, "bytes": moved, "there_already": there}


def run_retention(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Apply a zone's retention: planned, then done as planned."""
    zone = job["payload"]["zone"]
    for left in reversed(range(PLANS)):
        context.require_wanted()
        plan = context.ask("vault_keeper", "retention_plan", zone)
        try:
            done = context.ask("vault_keeper", "retention_apply", plan["plan_id"], zone, timeout_s=300)
        except ConflictError:
            if not left:
                raise
            continue
        return {"zone": zone, **done, "plan": plan["zones"]}
    raise AssertionError("unreachable")


def _copied(asset_id: str, target: str, source: str | None, context: Context) -> dict[str, Any]:
    """Ask for one copy and wait until it is there; a job that is not wanted any more cancels it."""
    transfer = context.ask("vault_keeper", "transfer", asset_id, target, source)
    try:
        while not TransferState(transfer["state"]).terminal:
            context.wait(POLL_S)
            transfer = context.ask("vault_keeper", "transfer_status", transfer["id"])
    except Unwanted:
        context.ask("vault_keeper", "cancel_transfer", transfer["id"])
        raise
    if transfer["state"] == TransferState.CANCELLED:
        raise ConflictError(f"Transfer {transfer['id']} of {asset_id} was cancelled.", "Ask for it again.")
    if transfer["state"] == TransferState.FAILED:
        raise ClusterError(f"Transfer {transfer['id']} of {asset_id} to {target} failed: {transfer['error']}")
    return {"asset_id": asset_id, "target": target, "transfer_id": transfer["id"], "bytes": transfer["bytes_total"]}


def _everything(context: Context) -> list[tuple[str, set[str]]]:
    """Every checkpoint of the active campaign and every asset, each with the strongholds that have it."""
    found: list[tuple[str, set[str]]] = []
    while True:
        page = context.ask("vault_keeper", "list", limit=PAGE, offset=len(found))
        found += [(row["id"], {each["stronghold"] for each in row["locations"]}) for row in page["checkpoints"]]
        if len(page["checkpoints"]) < PAGE:
            break
    assets: list[str] = []
    while True:
        page = context.ask("vault_keeper", "assets", limit=PAGE, offset=len(assets))
        assets += [row["id"] for row in page["assets"]]
        if len(page["assets"]) < PAGE:
            break
    for asset_id in assets:
        located = context.ask("vault_keeper", "locate", asset_id)["locations"]
        found.append((asset_id, {each["stronghold"] for each in located}))
    return found
