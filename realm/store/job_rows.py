"""Statements on job rows that the parts of JobStore share, each inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, insert, select, update

from realm.errors import ConflictError, NotFoundError
from realm.rules.job import JOB_TRANSITIONS, FailureKind, Job, JobStatus, backoff_s, retries
from realm.rules.states import sources
from realm.store.columns import to
from realm.store.events import emit
from realm.store.tables import job_events, jobs

HELD: Final = (JobStatus.CLAIMED, JobStatus.RUNNING)
OPEN: Final = (JobStatus.PENDING, *HELD)

# What a job that goes back to the queue forgets about the worker that had it.
UNCLAIMED: Final[dict[str, Any]] = {
    "worker_id": None,
    "lease_expires_at": None,
    "claimed_at": None,
    "started_at": None,
    "finished_at": None,
}


def to_job(row: RowMapping) -> Job:
    return to(Job, row, id=str(row["id"]))


def jobs_of(connection: Connection, query: Select[Any]) -> tuple[Job, ...]:
    return tuple(to_job(row) for row in connection.execute(query).mappings())


def get_job(connection: Connection, job: str) -> Job:
    found = jobs_of(connection, select(jobs).where(jobs.c.id == int(job))) if job.isdecimal() else ()
    if not found:
        raise NotFoundError(f"There is no job {job!r}.", "Finished jobs are kept for 7 days.")
    return found[0]


def log_job(connection: Connection, job: Job, now: datetime, detail: str) -> None:
    """Append the job's present status to its history."""
    line = insert(job_events).values(
        job_id=int(job.id), at=now, status=job.status, worker_id=job.worker_id, detail=detail
    )
    connection.execute(line)


def change_job(
    connection: Connection, found: Job, status: JobStatus, now: datetime, values: dict[str, Any], detail: str = ""
) -> Job:
    """Move a job from the status and worker it was found with to `status`, with a line in its history."""
    query = update(jobs).where(
        jobs.c.id == int(found.id),
        jobs.c.status == found.status,
        jobs.c.status.in_(sources(JOB_TRANSITIONS, status)),
        jobs.c.worker_id.is_not_distinct_from(found.worker_id),
    )
    row = connection.execute(query.values(status=status, **values).returning(jobs)).mappings().one_or_none()
    if row is None:
        raise ConflictError(f"Job {found.id} is {found.status} and cannot become {status}.", "Its state is final.")
    changed = to_job(row)
    log_job(connection, changed, now, detail)
    return changed


def held_by(connection: Connection, job: str, worker: str) -> Job:
    """The job, when this worker holds it.

    Raises:
        ConflictError: it lost the lease, or the job was cancelled.
    """
    found = get_job(connection, job)
    if found.status not in HELD or found.worker_id != worker:
        raise ConflictError(
            f"Job {job} is {found.status}, held by {found.worker_id or 'nobody'}, not by {worker}.",
            "Drop its result and claim another.",
        )
    return found


def note_recorded(connection: Connection, job: str, now: datetime) -> None:
    """Inside the transaction that records what a job found: from here on the job cannot be cancelled.

    Raises:
        ConflictError: it was cancelled before.
    """
    if not job.isdecimal():
        return
    query = update(jobs).where(jobs.c.id == int(job), jobs.c.recorded_at.is_(None)).values(recorded_at=now)
    row = connection.execute(query.returning(jobs.c.status, jobs.c.cancel_reason)).one_or_none()
    if row is not None and row.status == JobStatus.CANCELLED:
        raise ConflictError(f"Job {job} is cancelled: {row.cancel_reason}", "What it found is not recorded.")


def set_back(connection: Connection, found: Job, kind: FailureKind, message: str, now: datetime, rng: Random) -> Job:
    """After a failed attempt: pending again after a while, or failed for good."""
    values: dict[str, Any] = {"failure": kind, "error": message, "lease_expires_at": None}
    if retries(kind, found.attempts, found.max_attempts):
        wait = backoff_s(found.attempts, rng)
        values |= {**UNCLAIMED, "not_before": now + timedelta(seconds=wait)}
        detail = f"attempt {found.attempts} failed ({kind}), again in {wait:.1f} s: {message}"
        return change_job(connection, found, JobStatus.PENDING, now, values, detail)
    detail = f"attempt {found.attempts} failed ({kind}): {message}"
    failed = change_job(connection, found, JobStatus.FAILED, now, {**values, "finished_at": now}, detail)
    data = {"job_id": found.id, "type": found.type, "failure": kind, "attempts": found.attempts}
    emit(connection, now, "job.failed", f"Job {found.id} ({found.type}) failed", detail, data)
    return failed
