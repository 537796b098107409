"""The job queue: submit, claim, lease, finish, retry. Does not know what a job does or who runs the workers.

A job is worked on by the worker named in its row and by nobody else; a worker that lost its lease is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, literal, or_, select, update

from realm.errors import ConflictError, NotFoundError, RealmError
from realm.rules.job import (
    AGED_S,
    ANY_ROLE,
    JOB_SPECS,
    LEASE_S,
    RAISED,
    FailureKind,
    Job,
    JobSpec,
    JobStatus,
    JobType,
    Priority,
    Worker,
    urgency,
)
from realm.store.columns import values_of
from realm.store.database import Database
from realm.store.events import emit
from realm.store.job_reads import JobReads
from realm.store.job_rows import HELD, UNCLAIMED, change_job, get_job, held_by, jobs_of, log_job, set_back, to_job
from realm.store.job_times import mend_times, times_are_ahead
from realm.store.tables import jobs, workers

JOBS_KEPT: Final = timedelta(days=7)
WORKERS_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A queued job. `queue_position` is 1 for the next to be claimed; `repeated` when its key was known."""

    job: Job
    queue_position: int
    warnings: tuple[str, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The queue of this type is full."""

    reason: str
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat's answer: the jobs whose leases it renewed, and those the worker no longer holds."""

    held: frozenset[str]
    lost: frozenset[str]


class JobStore(JobReads):
    """Everything about jobs; what only reads is inherited. `rng` gives the jitter of the backoff."""

    def __init__(self, db: Database, specs: Mapping[JobType, JobSpec] = JOB_SPECS, rng: Random | None = None) -> None:
        super().__init__(db)
        self._specs = specs
        self._rng = rng or Random()

    def submit(
        self,
        job_type: str,
        payload: Mapping[str, Any],
        now: datetime,
        *,
        priority: Priority = Priority.NORMAL,
        tags: tuple[str, ...] = (),
        timeout_s: float | None = None,
        key: str | None = None,
    ) -> Accepted | Refused:
        """Queue a job, or refuse it when the queue of its type is full. A known `key` gives the job it was used for.

        Raises:
            RealmError: an unknown type or a payload field that is missing, unknown or wrong.
        """
        spec = self._spec(job_type)
        payload = spec.check(payload)
        with self._db.write() as connection:
            known = () if key is None else jobs_of(connection, select(jobs).where(jobs.c.key == key))
            if known:
                return Accepted(known[0], _queue_position(connection, known[0], now), repeated=True)
            waiting = select(func.count()).where(jobs.c.status == JobStatus.PENDING, jobs.c.type == spec.type)
            full = connection.execute(waiting).scalar_one() >= spec.max_pending
            problem = f"{spec.max_pending} or more {spec.type} jobs wait already."
            if full and spec.when_full == "reject":
                return Refused(problem, spec.retry_after_s())
            job = _insert(connection, spec, payload, now, priority, tags, timeout_s, key)
            warnings = (problem,) if full and spec.when_full == "warn" else ()
            return Accepted(job, _queue_position(connection, job, now), warnings)

    def claim(self, worker: str, roles: Collection[str], now: datetime, lease_s: float = LEASE_S) -> Job | None:
        """The most urgent job for these roles, claimed under a lease; None when there is none.

        Types that run as often as they may and jobs held back after a failure are passed over.
        """
        with self._db.read() as connection:
            # An idle worker asks often; it must not take the write lock to hear "none".
            if self._next(connection, roles, now) is None:
                return None
        with self._db.write() as connection:
            chosen = self._next(connection, roles, now)
            query = update(jobs).where(jobs.c.id == chosen, jobs.c.status == JobStatus.PENDING)
            query = query.values(
                status=JobStatus.CLAIMED,
                worker_id=worker,
                attempts=jobs.c.attempts + 1,
                lease_expires_at=now + timedelta(seconds=lease_s),
                not_before=None,
                claimed_at=now,
            )
            row = connection.execute(query.returning(jobs)).mappings().one_or_none()
            if row is None:
                return None
            job = to_job(row)
            log_job(connection, job, now, f"attempt {job.attempts}")
            return job

    def start(self, job: str, worker: str, now: datetime) -> Job:
        """Claimed → running. Starting twice changes nothing.

        Raises:
            ConflictError: the worker does not hold the job.
        """
        with self._db.write() as connection:
            found = held_by(connection, job, worker)
            if found.status == JobStatus.RUNNING:
                return found
            return change_job(connection, found, JobStatus.RUNNING, now, {"started_at": now})

    def heartbeat(self, worker: str, job_ids: Collection[str], now: datetime, lease_s: float = LEASE_S) -> Beat:
        """Note that a worker lives and renew the leases of its jobs. What it says of those in `lost` is refused.

        Raises:
            NotFoundError: the worker is not registered.
        """
        numbers = [int(each) for each in job_ids if each.isdecimal()]
        with self._db.write() as connection:
            beat = update(workers).where(workers.c.id == worker).values(last_beat_at=now)
            if connection.execute(beat).rowcount == 0:
                raise NotFoundError(f"Worker {worker!r} is not registered.", "Register it again.")
            renewed = update(jobs).where(jobs.c.id.in_(numbers), jobs.c.worker_id == worker, jobs.c.status.in_(HELD))
            renewed = renewed.values(lease_expires_at=now + timedelta(seconds=lease_s)).returning(jobs.c.id)
            held = frozenset(str(number) for number in connection.execute(renewed).scalars())
        return Beat(held, frozenset(job_ids) - held)

    def complete(self, job: str, worker: str, result: Mapping[str, Any], now: datetime) -> Job:
        """Finish a job with its result. Completing twice changes nothing.

        Raises:
            ConflictError: the worker does not hold the job: it lost the lease, or the job was cancelled.
        """
        with self._db.write() as connection:
            found = get_job(connection, job)
            if (found.status, found.worker_id) == (JobStatus.COMPLETED, worker):
                return found
            found = held_by(connection, job, worker)
            values = {"result": dict(result), "finished_at": now, "lease_expires_at": None}
            return change_job(connection, found, JobStatus.COMPLETED, now, values)

    def fail(self, job: str, worker: str, kind: FailureKind, message: str, now: datetime) -> Job:
        """End an attempt that failed: pending again after a while if that may help and attempts are left, else failed.

        Raises:
            ConflictError: the worker does not hold the job.
        """
        with self._db.write() as connection:
            return set_back(connection, held_by(connection, job, worker), kind, message, now, self._rng)

    def release(self, job: str, worker: str, now: datetime) -> Job:
        """Give a job back unharmed: pending again, and the attempt does not count.

        Raises:
            ConflictError: the worker does not hold the job.
        """
        with self._db.write() as connection:
            found = held_by(connection, job, worker)
            values = {**UNCLAIMED, "attempts": found.attempts - 1}
            return change_job(connection, found, JobStatus.PENDING, now, values, f"released by {worker}")

    def cancel(self, job: str, reason: str, now: datetime) -> Job:
        """Cancel a job that is not finished; what its worker says of it is refused then. Cancelling twice is nothing.

        Raises:
            ConflictError: the job is completed or failed, or what it found is recorded.
        """
        with self._db.write() as connection:
            found = get_job(connection, job)
            if found.status == JobStatus.CANCELLED:
                return found
            if found.recorded_at is not None:
                raise ConflictError(f"What job {job} found is recorded.", "Its result is there in a moment.")
            values = {"cancel_reason": reason, "finished_at": now, "lease_expires_at": None}
            return change_job(connection, found, JobStatus.CANCELLED, now, values, reason)

    def retry(self, job: str, now: datetime) -> Job:
        """Queue a failed or cancelled job again, with all its attempts. A pending one stays as it is.

        Raises:
            ConflictError: the job is claimed, running or completed.
        """
        with self._db.write() as connection:
            found = get_job(connection, job)
            if found.status == JobStatus.PENDING:
                return found
            if found.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
                raise ConflictError(f"Job {job} is {found.status}.", "Only failed and cancelled jobs are retried.")
            values = {**UNCLAIMED, "attempts": 0, "not_before": None, "failure": None, "error": None}
            return change_job(connection, found, JobStatus.PENDING, now, {**values, "cancel_reason": None}, "retried")

    def expire_leases(self, now: datetime) -> tuple[Job, ...]:
        """Take back jobs whose lease ran out or that run longer than they may; they count as failed attempts."""
        held = select(jobs).where(jobs.c.status.in_(HELD))
        with self._db.read() as connection:
            overdue = any(_overdue(job, now) for job in jobs_of(connection, held))
            if not overdue and not times_are_ahead(connection, now):
                return ()
        with self._db.write() as connection:
            mend_times(connection, now)
            overdue = [(job, _overdue(job, now)) for job in jobs_of(connection, held)]
            return tuple(
                set_back(connection, job, kind, f"worker {job.worker_id}", now, self._rng)
                for job, kind in overdue
                if kind
            )

    def register_worker(
        self, worker: str, host: str, roles: tuple[str, ...], now: datetime, labels: Mapping[str, str] | None = None
    ) -> Worker:
        """Note a worker, or that it began anew: jobs that its former self held are taken back as lost."""
        made = Worker(worker, host, roles, registered_at=now, last_beat_at=now, labels=dict(labels or {}))
        with self._db.write() as connection:
            connection.execute(delete(workers).where(workers.c.id == worker))
            connection.execute(insert(workers).values(**values_of(made)))
            orphaned = select(jobs).where(jobs.c.status.in_(HELD), jobs.c.worker_id == worker)
            for job in jobs_of(connection, orphaned):
                set_back(connection, job, FailureKind.LOST_LEASE, f"worker {worker} began anew", now, self._rng)
            data = {"worker_id": worker, "host": host, "roles": list(roles)}
            emit(connection, now, "worker.registered", f"Worker {worker} on {host}", data=data)
        return made

    def prune(self, now: datetime, limit: int = 5000) -> int:
        """Forget jobs finished over 7 days ago, at most `limit`, and workers silent for 30; how many jobs it was."""
        old = select(jobs.c.id).where(jobs.c.finished_at < now - JOBS_KEPT).order_by(jobs.c.finished_at).limit(limit)
        with self._db.write() as connection:
            connection.execute(delete(workers).where(workers.c.last_beat_at < now - WORKERS_KEPT))
            return connection.execute(delete(jobs).where(jobs.c.id.in_(old))).rowcount

    def _spec(self, job_type: str) -> JobSpec:
        names = [kind.value for kind in self._specs]
        if job_type not in names:
            near = difflib.get_close_matches(job_type, names, n=1, cutoff=0.0)[0]
            raise RealmError(f"Unknown job type {job_type!r}.", f"The nearest known one is {near!r}.")
        return self._specs[JobType(job_type)]

    def _next(self, connection: Connection, roles: Collection[str], now: datetime) -> int | None:
        """The number of the job to claim next."""
        running = select(jobs.c.type, func.count()).where(jobs.c.status.in_(HELD)).group_by(jobs.c.type)
        full = [kind for kind, count in connection.execute(running) if count >= self._specs[kind].max_running]
        ready = (
            select(jobs.c.id, jobs.c.priority, jobs.c.created_at)
            .where(
                jobs.c.status == JobStatus.PENDING,
                jobs.c.role.in_((*roles, ANY_ROLE)),
                jobs.c.type.not_in(full),
                or_(jobs.c.not_before.is_(None), jobs.c.not_before <= now),
            )
            .order_by(jobs.c.priority, jobs.c.id)
            .limit(1)
        )
        # The oldest of each priority that time may raise: with an index each, whereas sorting would read every job.
        queries = [ready, *(ready.where(jobs.c.priority == priority) for priority in RAISED)]
        found = [row for query in queries for row in connection.execute(query)]
        order = list(Priority)
        turns = [(order.index(urgency(priority, created_at, now)), number) for number, priority, created_at in found]
        return min(turns)[1] if turns else None


def _insert(
    connection: Connection,
    spec: JobSpec,
    payload: Mapping[str, Any],
    now: datetime,
    priority: Priority,
    tags: tuple[str, ...],
    timeout_s: float | None,
    key: str | None,
) -> Job:
    made = Job(
        id="",
        type=spec.type,
        status=JobStatus.PENDING,
        priority=priority,
        payload=dict(payload),
        role=spec.role,
        timeout_s=spec.timeout_s if timeout_s is None else timeout_s,
        created_at=now,
        tags=tags,
        skill_id=payload.get("skill_id"),
        key=key,
    )
    row = connection.execute(insert(jobs).values(**values_of(made, "id")).returning(jobs)).mappings().one()
    job = to_job(row)
    log_job(connection, job, now, priority)
    return job


def _queue_position(connection: Connection, job: Job, now: datetime) -> int:
    """1 for the next job to be claimed; 0 for one that is not pending."""
    if job.status != JobStatus.PENDING:
        return 0
    rank, mine = _urgency(now), urgency(job.priority, job.created_at, now)
    sooner = or_(rank < mine, (rank == mine) & (jobs.c.id <= int(job.id)))
    return connection.execute(select(func.count()).where(jobs.c.status == JobStatus.PENDING, sooner)).scalar_one()


def _urgency(now: datetime) -> ColumnElement[Priority]:
    """The same as `urgency`, of a row."""
    normal = literal(Priority.NORMAL, jobs.c.priority.type)
    aged = jobs.c.priority.in_(RAISED) & (jobs.c.created_at <= now - timedelta(seconds=AGED_S))
    return case((aged, normal), else_=jobs.c.priority)


def _overdue(job: Job, now: datetime) -> FailureKind | None:
    if job.lease_expires_at is not None and job.lease_expires_at < now:
        return FailureKind.LOST_LEASE
    if job.started_at is not None and job.started_at + timedelta(seconds=job.timeout_s) < now:
        return FailureKind.TIMEOUT
    return None
