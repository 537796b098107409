"""Handlers of layer jobs: the tensors of a checkpoint, measured, or held against those of another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actors.handlers.context import Context
from realm.errors import RequestError
from realm.models.tensors import layer_drift, layer_stats
from realm.vault.folders import WEIGHTS

FETCH_TIMEOUT_S = 1200.0


def run_stats(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Measure each tensor of a checkpoint."""
    row = context.ask("vault_keeper", "show", job["payload"]["checkpoint_id"])
    tensors = layer_stats(_weights(row, context), context.require_wanted)
    return {
        "checkpoint_id": row["id"],
        "step": row["step"],
        "parameters": sum(each["parameters"] for each in tensors),
        "tensors": tensors,
    }


def run_drift(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Compare a checkpoint with another, unless one is named with its parent."""
    payload = job["payload"]
    row = context.ask("vault_keeper", "show", payload["checkpoint_id"])
    base_id = payload.get("base_id") or row["parent_id"]
    if base_id is None:
        raise RequestError(f"{row['id']} has no parent to compare it with.", "Name one in the field base_id.")
    base = context.ask("vault_keeper", "show", base_id)
    found = layer_drift(_weights(row, context), _weights(base, context), context.require_wanted)
    return {"checkpoint_id": row["id"], "base_id": base["id"], "steps": row["step"] - base["step"], **found}


def _weights(row: dict[str, Any], context: Context) -> Path:
    """The checkpoint's weights on this machine; fetched first when its copy here is gone."""
    folder = row["path"] or context.ask("vault_keeper", "ask", row["id"], timeout_s=FETCH_TIMEOUT_S)
    return Path(folder) / WEIGHTS
