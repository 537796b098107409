"""TaskMaster: the job queue. The rules are in `realm.rules`, the queue in `realm.store.jobs`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from ray.exceptions import RayError

from actors import recording
from actors.idle_work import IdleTime
from actors.job_answers import caught, error_row, said_of
from actors.job_batches import Batches
from actors.job_desk import Desk
from actors.job_views import JobViews
from actors.rows import flat_row_of
from actors.service import call_id, now
from realm.errors import ClusterError, ConflictError, RealmError, RequestError
from realm.rules.job import JOB_SPECS, FailureKind, Job, JobSpec, JobType
from realm.rules.job_match import Ask
from realm.rules.job_request import JobRequest, read_labels
from realm.store.jobs import JobStore

T = TypeVar("T")

KEEP_INTERVAL_S = 2.0
PRUNE_INTERVAL_S = 600.0
IDLE_LOOK_S = 10.0
"""Between two looks for idle-time work."""
MAX_CLAIM = 100
MAX_WAIT_S = 60.0


class TaskMaster(JobViews):
    """Queues jobs and hands them to workers, which wait here for the next one (long poll).

    The queue is written to on a thread of its own, so that a database that is busy holds up no ping, and many calls
    share a transaction.
    """

    def __init__(self, home: str, specs: Mapping[JobType, JobSpec] = JOB_SPECS) -> None:
        super().__init__(home)
        self.specs = specs
        self.jobs = JobStore(self.database, specs)
        self.writer = ThreadPoolExecutor(1, "queue")
        self.desk = Desk(self.jobs, self.writer)
        self.submissions = Batches(self._queue, self.writer)
        self.results = Batches(self._complete, self.writer)
        self.idle = IdleTime(self, self.jobs)
        self.gpu_free_mb: dict[str, int] = {}
        self.keeper: asyncio.Task[None] | None = None

    async def submit(
        self,
        job_type: str,
        payload: dict[str, Any],
        priority: str = "normal",
        key: str | None = None,
        tags: Sequence[str] = (),
        timeout_s: float | None = None,
        labels: dict[str, str] | None = None,
        min_gpu_mb: int = 0,
    ) -> dict[str, Any]:
        """Queue a job; `campaign_id` is the active one unless it is given. A known `key` gives the job it was used for.

        Raises:
            RequestError: an unknown type, or a field that is missing or wrong.
            QueueFullError: the queue of this type takes no more.
        """
        fields = {"tags": tags, "timeout_s": timeout_s, "labels": labels, "min_gpu_mb": min_gpu_mb}
        said = {"job_type": job_type, "payload": payload, "priority": priority, "key": key or call_id(), **fields}
        answer = await self.submissions.call(said)
        self._changed()
        return answer

    async def submit_many(self, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Queue jobs in this order, each given as the arguments of `submit`. One that is refused has its `error`."""
        call = call_id()
        keys = [each.get("key") or (call and f"{call}/{number}") for number, each in enumerate(jobs)]
        said = [{**each, "key": key} for each, key in zip(jobs, keys, strict=True)]
        answers = await self._write(self._queue, said)
        self._changed()
        return [error_row(each) if isinstance(each, Exception) else each for each in answers]

    async def claim(
        self,
        worker_id: str,
        roles: list[str],
        wait_s: float,
        labels: dict[str, str] | None = None,
        gpu_free_mb: int = 0,
    ) -> dict[str, Any] | None:
        """The next job for this worker, claimed and started; waits up to `wait_s` for one to come."""
        found = await self.claim_many(worker_id, roles, 1, wait_s, labels, gpu_free_mb)
        return found[0] if found else None

    async def claim_many(
        self,
        worker_id: str,
        roles: list[str],
        limit: int,
        wait_s: float,
        labels: dict[str, str] | None = None,
        gpu_free_mb: int = 0,
    ) -> list[dict[str, Any]]:
        """The next jobs for this worker, at most `limit`, claimed and started; waits up to `wait_s` for the first."""
        self._keep()
        ask = Ask(worker_id, tuple(roles), max(1, min(limit, MAX_CLAIM)), read_labels(labels or {}), gpu_free_mb)
        self.gpu_free_mb[worker_id] = gpu_free_mb
        deadline = time.monotonic() + min(wait_s, MAX_WAIT_S)
        while True:
            jobs = await self.desk.wait(ask, deadline - time.monotonic())
            rows = await asyncio.gather(*(self._assigned(job, worker_id) for job in jobs))
            found = [row for row in rows if row is not None]
            if found or not jobs:
                return found

    async def register(
        self,
        worker_id: str,
        host: str,
        roles: list[str],
        labels: dict[str, str] | None = None,
        pid: int | None = None,
        external: bool = False,
    ) -> None:
        """Note a worker, or that it began anew: what its former self held goes to others."""
        self._keep()
        has = read_labels(labels or {})

        def note() -> None:
            self.jobs.register_worker(worker_id, host, tuple(roles), now(), has, pid=pid, external=external)

        await self._write(note)
        self._changed()

    async def heartbeat(self, worker_id: str, holding: list[str]) -> dict[str, list[str]]:
        """Renew the leases of a worker's jobs; `lost` are those it no longer holds.

        Raises:
            NotFoundError: the worker is not registered.
        """
        beat = await self._write(lambda: self.jobs.heartbeat(worker_id, holding, now(), given_before=self.started_at))
        return {"lost": sorted(beat.lost)}

    async def complete(
        self, job_id: str, worker_id: str, result: dict[str, Any], held: list[Any] | None = None
    ) -> dict[str, Any]:
        """Record what a job found and finish it. Twice is once.

        Raises:
            ConflictError: the worker does not hold the job.
        """
        found = await self._read(lambda: self.jobs.find([job_id]))
        told = await self._recorded(found.get(job_id), worker_id, result, held)
        done = await self.results.call((job_id, worker_id, told))
        self._changed()
        return flat_row_of(done)

    async def complete_many(self, worker_id: str, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """`complete` for each of `results` = [{job_id, result}]: rows of the jobs, or the `error` of each."""
        found = await self._read(lambda: self.jobs.find([each["job_id"] for each in results]))

        async def recorded(each: dict[str, Any]) -> dict[str, Any] | Exception:
            try:
                return await self._recorded(found.get(each["job_id"]), worker_id, each["result"], None)
            except (RealmError, RayError) as error:
                return error

        told = await asyncio.gather(*(recorded(each) for each in results))
        wanted = [(each["job_id"], worker_id, what) for each, what in zip(results, told, strict=True)]
        kept = [(job, worker, what) for job, worker, what in wanted if not isinstance(what, Exception)]
        done = iter(await self._write(self._complete, kept))
        answers = [what if isinstance(what, Exception) else next(done) for what in told]
        self._changed()
        return [error_row(each) if isinstance(each, Exception) else flat_row_of(each) for each in answers]

    async def fail(self, job_id: str, worker_id: str, kind: str, message: str) -> dict[str, Any]:
        """End an attempt that failed: the job is tried again after a while if that may help.

        Raises:
            ConflictError: the worker does not hold the job.
        """
        words = [each.value for each in FailureKind]
        if kind not in words:
            raise RequestError(f"Unknown kind of failure {kind!r}.", f"Give one of {', '.join(words)}.")
        return await self._change(lambda: self.jobs.fail(job_id, worker_id, FailureKind(kind), message, now()))

    async def release(self, job_id: str, worker_id: str) -> dict[str, Any]:
        """Give a job back unharmed; the attempt does not count.

        Raises:
            ConflictError: the worker does not hold the job.
        """
        return await self._change(lambda: self.jobs.release(job_id, worker_id, now()))

    async def cancel(self, job_id: str, reason: str) -> dict[str, Any]:
        """Cancel a job that is not finished; its worker hears of it with the next heartbeat.

        Raises:
            ConflictError: it is completed or failed, or what it found is recorded.
        """
        return await self._change(lambda: self.jobs.cancel(job_id, reason, now()))

    async def retry(self, job_id: str) -> dict[str, Any]:
        """Queue a failed or cancelled job again, with all its attempts.

        Raises:
            ConflictError: it is claimed, running or completed.
        """
        return await self._change(lambda: self.jobs.retry(job_id, now()))

    async def _assigned(self, job: Job, worker_id: str) -> dict[str, Any] | None:
        """The row that a worker gets, of an evaluating job with its `task`; None when the job came to its end here."""
        row = flat_row_of(job)
        if job.role != recording.RECORDED_ROLE:
            return row
        try:
            return row | {"task": await recording.assign(self, row)}
        except ConflictError as error:
            act = self._change(lambda reason=str(error): self.jobs.cancel(job.id, reason, now()))
        except (ClusterError, RayError) as error:
            act = self.fail(job.id, worker_id, FailureKind.TRANSPORT, str(error))
        except RealmError as error:
            act = self.fail(job.id, worker_id, FailureKind.BAD_PAYLOAD, str(error))
        with suppress(ConflictError):  # it was cancelled or taken back meanwhile
            await act
        return None

    async def _recorded(
        self, job: Job | None, worker_id: str, result: dict[str, Any], held: list[Any] | None
    ) -> dict[str, Any]:
        """The result that people are told, once what the job found is in the books."""
        if job is None or job.role != recording.RECORDED_ROLE or job.worker_id != worker_id or job.status.terminal:
            return result
        return await recording.record(self, flat_row_of(job), result, held)

    def _queue(self, said: list[dict[str, Any]]) -> list[dict[str, Any] | Exception]:
        """What `submit` answers or raises, for each."""
        requests = [caught(lambda each=each: self._request(each)) for each in said]
        answers = iter(self.jobs.submit_many([each for each in requests if isinstance(each, JobRequest)], now()))
        return [said_of(next(answers)) if isinstance(each, JobRequest) else each for each in requests]

    def _request(self, said: dict[str, Any]) -> JobRequest:
        spec = self.specs.get(said.get("job_type", ""))
        payload = said.get("payload")
        of_campaign = spec is not None and "campaign_id" in spec.payload.model_fields
        if of_campaign and isinstance(payload, dict) and payload.get("campaign_id") is None:
            said = {**said, "payload": {**payload, "campaign_id": self.campaign_id}}
        return JobRequest.read(said)

    def _complete(self, results: list[tuple[str, str, dict[str, Any]]]) -> Sequence[Job | Exception]:
        return self.jobs.complete_many(results, now())

    async def _change(self, act: Callable[[], Job]) -> dict[str, Any]:
        row = flat_row_of(await self._write(act))
        self._changed()
        return row

    async def _write(self, act: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.writer, act, *args)

    def _changed(self) -> None:
        self._keep()
        self.desk.wake()

    def _keep(self) -> None:
        """Begin the loop that takes back lost jobs: here, where the actor's event loop runs."""
        if self.keeper is None or self.keeper.done():
            self.keeper = asyncio.get_running_loop().create_task(self._housekeeping())

    async def _housekeeping(self) -> None:
        pruned, looked = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(KEEP_INTERVAL_S)
            try:
                lost = await self._write(lambda: self.jobs.expire_leases(now()))
                yielded = await self._write(lambda: self.jobs.yield_idle(now(), self.gpu_free_mb))
                if lost or yielded:
                    self.desk.wake()
                if time.monotonic() - looked > IDLE_LOOK_S:
                    looked = time.monotonic()
                    if await self._read(lambda: self.idle.post(self.desk.waiting())):
                        self.desk.wake()
                if time.monotonic() - pruned > PRUNE_INTERVAL_S:
                    pruned = time.monotonic()
                    await self._write(lambda: self.jobs.prune(now()))
            except Exception as error:  # noqa: BLE001 - without this loop lost jobs stay lost; what failed is said
                print(f"not kept: {type(error).__name__}: {error}")
