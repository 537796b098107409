"""The routes of the job queue: for people and programs that submit jobs, and for workers that do them.

They know a JobsBackend. GET changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from fastapi import Path as InPath

from realm.errors import NotFoundError
from realm.rules.job import BEAT_S, LEASE_S, JobType
from serve import jobs_models as models
from serve.api_routes import keyed, reads, router, writes
from serve.json_answers import answer
from serve.vault_api import Limit, Offset, page
from serve.vault_backend import ApiBackends, JobsBackend, Json

JobId = Annotated[str, InPath(pattern="^[0-9]{1,18}$", examples=["41"])]


def jobs_routers(backends: ApiBackends) -> list[APIRouter]:
    """The routers of this module."""
    return [_reading(backends), _submitting(backends), _working(backends), _one_job(backends)]


def _reading(backends: ApiBackends) -> APIRouter:
    routes, jobs = router(backends.keys, "jobs"), backends.jobs

    @routes.get("/jobs", **reads("Jobs, last submitted first", models.Jobs))
    async def every_job(
        status: Annotated[list[models.Status] | None, Query(description="Only of these.")] = None,
        type: Annotated[list[JobType] | None, Query(description="Only of these.")] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        types = [each.value for each in type or ()]
        return page(await jobs.list(list(status or ()), types, limit, offset), limit, offset)

    @routes.get("/jobs/types", **reads("What types of job there are", models.JobTypes))
    async def types() -> Response:
        return answer({"types": await jobs.types()})

    @routes.get("/jobs/stats", **reads("How many jobs there are, and which are stuck", models.JobStats))
    async def stats() -> Response:
        return answer(await jobs.stats())

    @routes.get("/jobs/workers", **reads("Who does the jobs", models.Workers))
    async def workers() -> Response:
        return answer({"workers": await jobs.workers()})

    @routes.get("/jobs/{job_id:number}", **reads("A job with its result", models.JobRow, 404))
    async def one_job(job_id: JobId) -> Response:
        return answer(await jobs.show(job_id))

    @routes.get("/jobs/{job_id:number}/events", **reads("A job's history", models.JobEvents, 404))
    async def events(job_id: JobId) -> Response:
        return answer({"events": await jobs.history(job_id)})

    return routes


def _submitting(backends: ApiBackends) -> APIRouter:
    routes, jobs = router(backends.keys, "jobs"), backends.jobs

    @routes.post("/jobs", **writes("Queue a job", models.Submitted, 404, 429, status=201))
    async def submit(
        asked: Annotated[models.SubmitRequest, Body()], key: Annotated[str | None, Depends(keyed)] = None
    ) -> Response:
        return answer(await jobs.submit(**_submission(asked), key=key), 201)

    @routes.post("/jobs/batch", **writes("Queue many jobs", models.SubmittedBatch, 404, 429, status=201))
    async def submit_batch(asked: Annotated[models.SubmitBatchRequest, Body()]) -> Response:
        found = await jobs.submit_many([{**_submission(each), "key": each.key} for each in asked.jobs])
        return answer({"jobs": found}, 201)

    return routes


def _submission(asked: models.SubmitRequest) -> Json:
    return {
        "job_type": asked.job_type,
        "payload": asked.payload,
        "priority": asked.priority,
        "tags": asked.tags,
        "timeout_s": asked.timeout,
        "labels": asked.labels,
    }


def _working(backends: ApiBackends) -> APIRouter:
    routes, jobs = router(backends.keys, "work"), backends.jobs

    @routes.post("/jobs/workers/register", **writes("Begin to work", models.Registered))
    async def register(asked: Annotated[models.RegisterRequest, Body()]) -> Response:
        await jobs.register(asked.worker_id, asked.host, asked.roles, asked.labels, asked.pid, external=True)
        return answer({"worker_id": asked.worker_id, "lease_s": LEASE_S, "beat_s": BEAT_S})

    @routes.post("/jobs/workers/heartbeat", **writes("Renew the leases of a worker's jobs", models.Beat, 404))
    async def heartbeat(asked: Annotated[models.BeatRequest, Body()]) -> Response:
        return answer(await jobs.heartbeat(asked.worker_id, asked.holding))

    @routes.post("/jobs/claim", **writes("Take jobs, or wait for one", models.Claimed, 404))
    async def claim(request: Request, asked: Annotated[models.ClaimRequest, Body()]) -> Response:
        roles = asked.roles or await _roles_of(jobs, asked.worker_id)
        found = await jobs.claim_many(
            asked.worker_id, roles, asked.limit, asked.wait_s, asked.labels, asked.gpu_free_mb
        )
        if found and await request.is_disconnected():
            # Who waited is gone: the jobs would lie until their leases end.
            for job in found:
                await jobs.release(job["id"], asked.worker_id)
        return answer({"jobs": found})

    @routes.post("/jobs/complete-batch", **writes("Finish jobs with their results", models.CompletedBatch, 404))
    async def complete_batch(asked: Annotated[models.CompleteBatchRequest, Body()]) -> Response:
        results = [{"job_id": each.job_id, "result": each.result} for each in asked.results]
        return answer({"jobs": await jobs.complete_many(asked.worker_id, results)})

    return routes


async def _roles_of(jobs: JobsBackend, worker_id: str) -> list[str]:
    for worker in await jobs.workers():
        if worker["id"] == worker_id:
            return list(worker["roles"])
    raise NotFoundError(f"Worker {worker_id!r} is not registered.", "POST /api/jobs/workers/register, or give roles.")


def _one_job(backends: ApiBackends) -> APIRouter:
    routes, jobs = router(backends.keys, "work"), backends.jobs

    @routes.post("/jobs/{job_id:number}/heartbeat", **writes("Renew a job's lease", models.Beat, 404))
    async def beat(job_id: JobId, asked: Annotated[models.OneBeatRequest, Body()]) -> Response:
        return answer(await jobs.heartbeat(asked.worker_id, [job_id]))

    @routes.post("/jobs/{job_id:number}/complete", **writes("Finish a job with its result", models.JobRow, 404))
    async def complete(job_id: JobId, asked: Annotated[models.CompleteRequest, Body()]) -> Response:
        return answer(await jobs.complete(job_id, asked.worker_id, asked.result))

    @routes.post("/jobs/{job_id:number}/fail", **writes("Say that an attempt failed", models.JobRow, 404))
    async def fail(job_id: JobId, asked: Annotated[models.FailRequest, Body()]) -> Response:
        return answer(await _row(jobs, job_id, await jobs.fail(job_id, asked.worker_id, asked.kind, asked.message)))

    @routes.post("/jobs/{job_id:number}/release", **writes("Give a job back unharmed", models.JobRow, 404))
    async def release(job_id: JobId, asked: Annotated[models.ReleaseRequest, Body()]) -> Response:
        return answer(await _row(jobs, job_id, await jobs.release(job_id, asked.worker_id)))

    @routes.post("/jobs/{job_id:number}/cancel", **writes("Cancel a job, running or not", models.JobRow, 404))
    async def cancel(job_id: JobId, asked: Annotated[models.CancelRequest | None, Body()] = None) -> Response:
        reason = (asked or models.CancelRequest()).reason
        return answer(await jobs.cancel(job_id, reason))

    @routes.post("/jobs/{job_id:number}/retry", **writes("Queue a failed or cancelled job again", models.JobRow, 404))
    async def retry(job_id: JobId) -> Response:
        return answer(await jobs.retry(job_id))

    return routes


async def _row(jobs: JobsBackend, job_id: str, told: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The job as it is after a call that need not tell."""
    return told if told is not None else await jobs.show(job_id)
