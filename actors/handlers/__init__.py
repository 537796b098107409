"""What a worker does for each type of job: plain functions `(job, context) → result`, checked against the specs.

A handler's module is loaded when the first job of its type runs: those that answer need torch, the others never do.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from actors.handlers.context import Context
from actors.handlers.port import HeroFiles, Master, Port, Snapshot, Superseded, Unwanted
from realm.errors import ConfigError
from realm.rules.job import JOB_SPECS, JobType

Handler = Callable[[dict[str, Any], Context], dict[str, Any]]

HANDLERS: Mapping[JobType, str] = MappingProxyType(
    {
        JobType.EVAL: "evaluation:run_eval",
        JobType.EXAM: "exam:run_exam",
        JobType.PASSIVE_EVAL: "questions:run_passives",
        JobType.PRIMITIVE: "questions:run_primitives",
        JobType.SPARRING: "evaluation:run_sparring",
        JobType.INFERENCE: "questions:run_inference",
        JobType.DATA_GEN: "data:run_gen",
        JobType.DATA_FILTER: "data:run_filter",
        JobType.DATA_CONVERT: "data:run_convert",
        JobType.DATA_VALIDATE: "data:run_validate",
        JobType.DATA_PROFILE: "data:run_profile",
        JobType.ARCHIVE: "vault:run_archive",
        JobType.SYNC: "vault:run_sync",
        JobType.RETENTION: "vault:run_retention",
        JobType.ANALYTICS: "reports:run_analytics",
        JobType.REPORT: "reports:run_report",
        JobType.LAYER_STATS: "layers:run_stats",
        JobType.LAYER_DRIFT: "layers:run_drift",
        JobType.HEALTH_CHECK: "health:run_health_check",
    }
)
"""Module of this package and function, by type."""


def handler_of(job_type: str) -> Handler:
    """The handler of a type of job."""
    module, _, name = HANDLERS[JobType(job_type)].partition(":")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def check_handlers(handlers: Mapping[JobType, str]) -> None:
    """Refuse a registry of types without handlers.

    Raises:
        ConfigError: a type has none, or its module is not there.
    """
    for job_type in JOB_SPECS:
        target = handlers.get(job_type)
        if target is None or find_spec(f"{__name__}.{target.partition(':')[0]}") is None:
            raise ConfigError(f"Job type {job_type} has no handler ({target}).", "Name one in actors/handlers.")


check_handlers(HANDLERS)

__all__ = [
    "HANDLERS",
    "Context",
    "Handler",
    "HeroFiles",
    "Master",
    "Port",
    "Snapshot",
    "Superseded",
    "Unwanted",
    "check_handlers",
    "handler_of",
]
