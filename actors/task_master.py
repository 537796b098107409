"""TaskMaster: the job queue. The rules are in `realm.rules.job`, the queue in `realm.store.jobs`."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from actors.recording import assign, record
from actors.rows import row_of
from actors.service import Service, now
from realm.errors import ConflictError, RealmError
from realm.rules.job import FailureKind, JobStatus, JobType, Priority
from realm.store.jobs import JobStore, Refused

EXPIRE_INTERVAL_S = 2.0
PRUNE_INTERVAL_S = 600.0
OPEN_STATUSES = tuple(status for status in JobStatus if not status.terminal)


class TaskMaster(Service):
    """Queues jobs and hands them to workers, which wait here for the next one (long poll)."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.jobs = JobStore(self.database)
        self.changed = asyncio.Event()
        self.keeper: asyncio.Task[None] | None = None

    async def submit(
        self, job_type: str, payload: dict[str, Any], priority: str = "normal", key: str | None = None
    ) -> dict[str, Any]:
        """Queue a job. A known `key` gives the job it was used for.

        Raises:
            ConflictError: the queue of this type is full.
            RealmError: an unknown type or a wrong payload.
        """
        accepted = self.jobs.submit(job_type, payload, now(), priority=Priority(priority), key=key)
        if isinstance(accepted, Refused):
            raise ConflictError(accepted.reason, f"Try again in {accepted.retry_after_s:.0f} s.")
        self._wake()
        return {
            "job_id": accepted.job.id,
            "status": accepted.job.status.value,
            "queue_position": accepted.queue_position,
            "warnings": list(accepted.warnings),
        }

    async def claim(
        self, worker_id: str, roles: list[str], wait_s: float, labels: Any = None, gpu_free_mb: int = 0
    ) -> dict[str, Any] | None:
        """The next job for these roles, claimed and started; waits up to `wait_s` for one to come."""
        self._keep()
        deadline = time.monotonic() + wait_s
        while True:
            woken = self.changed
            job = self.jobs.claim(worker_id, roles, now())
            if job is not None:
                row = row_of(self.jobs.start(job.id, worker_id, now()))
                try:
                    return {**row, "task": await assign(self, row)}
                except ConflictError as error:
                    self.jobs.cancel(job.id, str(error), now())
                except RealmError as error:
                    self.jobs.fail(job.id, worker_id, FailureKind.BAD_PAYLOAD, str(error), now())
                continue
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            try:
                await asyncio.wait_for(woken.wait(), min(left, 1.0))
            except TimeoutError:
                continue

    async def register(
        self, worker_id: str, host: str, roles: list[str], labels: Any = None, pid: int | None = None
    ) -> None:
        self.jobs.register_worker(worker_id, host, tuple(roles), now())
        self._wake()

    async def heartbeat(self, worker_id: str, holding: list[str]) -> dict[str, list[str]]:
        """Renew the leases of a worker's jobs; those it has lost."""
        return {"lost": sorted(self.jobs.heartbeat(worker_id, holding, now()).lost)}

    async def complete(
        self, job_id: str, worker_id: str, result: dict[str, Any], held: list[Any] | None = None
    ) -> None:
        told = await record(self, row_of(self.jobs.get(job_id)), result, held)
        self.jobs.complete(job_id, worker_id, told, now())
        self._wake()

    async def fail(self, job_id: str, worker_id: str, kind: str, message: str) -> None:
        self.jobs.fail(job_id, worker_id, FailureKind(kind), message, now())

    async def release(self, job_id: str, worker_id: str) -> None:
        self.jobs.release(job_id, worker_id, now())
        self._wake()

    async def cancel(self, job_id: str, reason: str) -> None:
        self.jobs.cancel(job_id, reason, now())
        self._wake()

    async def open_count(self, job_type: str, skill_id: str | None = None) -> int:
        """Jobs of a type that are not finished."""
        return self.jobs.open_count(JobType(job_type), skill_id)

    async def open_jobs(self) -> list[dict[str, Any]]:
        """Jobs that are not finished, last submitted first."""
        return [row_of(job) for job in self.jobs.page(OPEN_STATUSES)]

    async def show(self, job_id: str) -> dict[str, Any]:
        return row_of(self.jobs.get(job_id))

    def _wake(self) -> None:
        """Let every waiting claim look again."""
        self.changed.set()
        self.changed = asyncio.Event()

    def _keep(self) -> None:
        """Begin the loop that takes back lost jobs: here, where the actor's event loop runs."""
        if self.keeper is None or self.keeper.done():
            self.keeper = asyncio.get_running_loop().create_task(self._housekeeping())

    async def _housekeeping(self) -> None:
        pruned = 0.0
        while True:
            await asyncio.sleep(EXPIRE_INTERVAL_S)
            if self.jobs.expire_leases(now()):
                self._wake()
            if time.monotonic() - pruned > PRUNE_INTERVAL_S:
                pruned = time.monotonic()
                self.jobs.prune(now())
