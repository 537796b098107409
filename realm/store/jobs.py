"""The job queue: a job's life from its claim to its end. Does not know what a job does or who runs the workers.

A job is worked on by the worker named in its row and by nobody else; a worker that lost its lease is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import Connection, bindparam, update

from realm.errors import ConflictError, NotFoundError, RealmError
from realm.rules.job import JOB_SPECS, FailureKind, Job, JobSpec, JobStatus, JobType
from realm.store.database import Database
from realm.store.job_claims import JobClaims
from realm.store.job_rows import (
    IS_HELD,
    LINE,
    UNCLAIMED,
    change_job,
    get_job,
    give_back,
    held_by,
    line,
    set_back,
    to_job,
)
from realm.store.job_submissions import Accepted, JobSubmissions, Refused
from realm.store.job_workers import Beat, JobWorkers
from realm.store.tables import jobs

__all__ = ["Accepted", "Beat", "JobStore", "Refused"]

_COMPLETE = (
    update(jobs)
    .where(jobs.c.id == bindparam("number"), IS_HELD, jobs.c.worker_id == bindparam("worker"))
    .values(
        status=JobStatus.COMPLETED,
        result=bindparam("found", type_=jobs.c.result.type),
        finished_at=bindparam("at"),
        lease_expires_at=None,
    )
    .returning(jobs)
)


class JobStore(JobSubmissions, JobClaims, JobWorkers):
    """Everything about jobs; other parts are inherited. `rng` gives the jitter of the backoff."""

    def __init__(self, db: Database, specs: Mapping[JobType, JobSpec] = JOB_SPECS, rng: Random | None = None) -> None:
        super().__init__(db, specs)
        self._rng = rng or Random()

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

    def complete(self, job: str, worker: str, result: Mapping[str, Any], now: datetime) -> Job:
        """Finish a job with its result. Completing twice changes nothing.

        Raises:
            ConflictError: the worker does not hold the job: it lost the lease, or the job was cancelled.
        """
        (answer,) = self.complete_many([(job, worker, result)], now)
        if isinstance(answer, RealmError):
            raise answer
        return answer

    def complete_many(
        self, results: Sequence[tuple[str, str, Mapping[str, Any]]], now: datetime
    ) -> list[Job | RealmError]:
        """Finish jobs, each given with its worker and result, in one transaction. What `complete` would raise is the
        answer in its place, and harms no other.
        """
        with self._db.write() as connection:
            answers = [_complete(connection, job, worker, result, now) for job, worker, result in results]
            done = [answer for answer in answers if isinstance(answer, _Done)]
            if done:
                connection.execute(LINE, [line(each.job, now, "") for each in done])
        return [answer.job if isinstance(answer, _Done) else answer for answer in answers]

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
            return give_back(connection, held_by(connection, job, worker), now, f"released by {worker}")

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


@dataclass(frozen=True, slots=True)
class _Done:
    """A job that is completed only now."""

    job: Job


def _complete(
    connection: Connection, job: str, worker: str, result: Mapping[str, Any], now: datetime
) -> Job | _Done | RealmError:
    if job.isascii() and job.isdecimal():
        values = {"number": int(job), "worker": worker, "found": dict(result), "at": now}
        row = connection.execute(_COMPLETE, values).mappings().one_or_none()
        if row is not None:
            return _Done(to_job(row))
    try:
        found = get_job(connection, job)
        if (found.status, found.worker_id) == (JobStatus.COMPLETED, worker):
            return found
        return held_by(connection, job, worker)
    except (ConflictError, NotFoundError) as error:
        return error
