"""What TaskMaster asks of SkillEngine when a job is claimed and when it is completed. Knows no queue."""

from __future__ import annotations

import asyncio
from typing import Any

from ray.exceptions import RayActorError, RayTaskError

from actors.service import Service
from realm.errors import ClusterError, RealmError
from realm.rules.job import JOB_SPECS, JobType

RECORDED_ROLE = "eval"
"""Jobs of this role have a task, and what they find enters the books."""
TIMEOUT_S = 120.0


async def assign(service: Service, job: dict[str, Any]) -> dict[str, Any] | None:
    """The task of a claimed job, None for one that needs none.

    Raises:
        ConflictError: `superseded`: the weights it names are gone; the job is to be cancelled.
        ClusterError: SkillEngine did not answer; the job may be tried again.
        RealmError: what it names is not there; the job is to fail.
    """
    if not is_recorded(job):
        return None
    return await _answer(service.peer("skill_engine").assign.remote(job))


async def record(
    service: Service, job: dict[str, Any], result: dict[str, Any], held: list[Any] | None
) -> dict[str, Any]:
    """Record what a job found, once, whoever sent it. Returns what is told of it: the job's result.

    `held`: the snapshot that was evaluated, as a list of one object reference, or None.

    Raises:
        RequestError: the result does not answer what was asked.
        ConflictError: the job is cancelled.
        ClusterError: SkillEngine did not answer; the same result may be sent again.
    """
    if not is_recorded(job):
        return result
    return await _answer(service.peer("skill_engine").record.remote(job, result, held))


def is_recorded(job: dict[str, Any]) -> bool:
    """Whether the job has a task, and what it finds enters the books."""
    return JOB_SPECS[JobType(job["type"])].role == RECORDED_ROLE


async def _answer(ref: Any) -> Any:
    try:
        return await asyncio.wait_for(ref, TIMEOUT_S)
    except RayTaskError as error:
        if isinstance(error.cause, RealmError):
            raise error.cause from None
        raise
    except RayActorError as error:
        reason = str(error).strip().splitlines()[0]
        raise ClusterError(f"SkillEngine is gone: {reason}", "Weaver brings it back.") from None
    except TimeoutError:
        raise ClusterError(f"SkillEngine gave no answer within {TIMEOUT_S:.0f} s.", "`realm status`") from None
