"""Handler of health checks: how the worker that takes one is."""

from __future__ import annotations

from typing import Any

from actors.handlers.context import Context
from realm.inference.machine import describe


def run_health_check(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Host, process, CPUs, memory, disk, GPUs, and which weights are loaded."""
    return {**describe(context.home.root), "worker_id": job["worker_id"], "loaded": context.loaded or None}
