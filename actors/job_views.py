"""The part of TaskMaster that only tells: jobs, their histories, counts, workers, types."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from actors.idle_work import IdleTime
from actors.rows import flat_row_of
from actors.service import Service, now
from realm.errors import RequestError
from realm.rules.job import JobSpec, JobStatus, JobType
from realm.store.jobs import JobStore

T = TypeVar("T")

OPEN_STATUSES = tuple(status for status in JobStatus if not status.terminal)
MAX_LIMIT = 1000
MAX_OFFSET = 1_000_000


class JobViews(Service):
    """Reads on threads of their own: a long one, as a count of a million jobs, holds up nobody."""

    jobs: JobStore
    specs: Mapping[JobType, JobSpec]
    idle: IdleTime
    gpu_free_mb: dict[str, int]

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.readers = ThreadPoolExecutor(2, "reads")

    async def show(self, job_id: str) -> dict[str, Any]:
        """One job.

        Raises:
            NotFoundError: there is none.
        """
        return flat_row_of(await self._read(lambda: self.jobs.get(job_id)))

    async def list(
        self, statuses: Sequence[str] = (), types: Sequence[str] = (), limit: int = 50, offset: int = 0
    ) -> dict[str, Any]:
        """Jobs, last submitted first, of some statuses and types if any are given; `total` counts all of them.

        Raises:
            RequestError: an unknown status or type, or a limit or offset out of range.
        """
        of_status = [_word(JobStatus, each, "status") for each in statuses] or None
        of_type = [_word(JobType, each, "type") for each in types] or None
        for name, value, most in (("limit", limit, MAX_LIMIT), ("offset", offset, MAX_OFFSET)):
            if not 0 <= value <= most:
                raise RequestError(f"The {name} is {value}.", f"Give a number from 0 to {most:,}.")
        found = await self._read(lambda: self.jobs.page(of_status, limit, offset, of_type))
        total = await self._read(lambda: self.jobs.count(of_status, of_type))
        return {"jobs": [flat_row_of(job) for job in found], "total": total}

    async def history(self, job_id: str) -> list[dict[str, Any]]:
        """What happened to a job, oldest first.

        Raises:
            NotFoundError: there is none.
        """
        return [flat_row_of(line) for line in await self._read(lambda: self.jobs.history(job_id))]

    async def stats(self) -> dict[str, Any]:
        """Counts by status and type, queues by priority, jobs that do not get on, what idle time is used for."""
        counts, queues, stuck = await asyncio.gather(
            self._read(self.jobs.stats),
            self._read(self.jobs.pending_by_priority),
            self._read(lambda: self.jobs.stuck(now())),
        )
        running = sum(sum(counts[status].values()) for status in (JobStatus.CLAIMED, JobStatus.RUNNING))
        return {
            "by_status": {
                status.value: {kind.value: count for kind, count in each.items()} for status, each in counts.items()
            },
            "queues": [{"priority": priority.value, "pending": count} for priority, count in queues.items()],
            "running": running,
            "stuck": [{"job_id": job.id, "type": job.type.value, "reason": reason} for job, reason in stuck],
            "idle_work": self.idle.state(),
        }

    async def workers(self) -> list[dict[str, Any]]:
        """Every worker of the last 30 days, with what it holds; `gpu` is None until it claims with GPU memory."""
        known, holding = await asyncio.gather(self._read(self.jobs.workers), self._read(self.jobs.holding))
        at = now()
        return [
            flat_row_of(worker)
            | {
                "online": not worker.offline(at),
                "holding": holding.get(worker.id, []),
                "gpu": {"free_mb": self.gpu_free_mb[worker.id]} if self.gpu_free_mb.get(worker.id) else None,
            }
            for worker in known
        ]

    async def types(self) -> list[dict[str, Any]]:
        """The registry: every type of job with the JSON schema of its payload."""
        return [
            {
                "type": spec.type.value,
                "about": spec.about,
                "role": spec.role,
                "timeout_s": spec.timeout_s,
                "max_pending": spec.max_pending,
                "max_running": spec.max_running,
                "when_full": spec.when_full,
                "schema": spec.payload.model_json_schema(),
            }
            for spec in self.specs.values()
        ]

    async def open_count(self, job_type: str, skill_id: str | None = None) -> int:
        """Jobs of a type that are not finished."""
        return await self._read(lambda: self.jobs.open_count(JobType(job_type), skill_id))

    async def open_jobs(self) -> list[dict[str, Any]]:
        """Jobs that are not finished, last submitted first."""
        return [flat_row_of(job) for job in await self._read(lambda: self.jobs.page(OPEN_STATUSES))]

    async def _read(self, look: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.readers, look)


def _word(words: type[JobStatus] | type[JobType], value: str, name: str) -> Any:
    known = [each.value for each in words]
    if value not in known:
        raise RequestError(f"Unknown {name} {value!r} of a job.", f"Give one of {', '.join(known)}.")
    return words(value)
