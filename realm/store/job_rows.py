"""Statements on job rows that the parts of JobStore share, each inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, RowMapping, Select, bindparam, insert, or_, select, update

from realm.errors import ConflictError, NotFoundError
from realm.rules.job import JOB_TRANSITIONS, FailureKind, Job, JobStatus, backoff_s, retries
from realm.rules.states import sources
from realm.store.columns import to
from realm.store.events import emit
from realm.store.tables import job_events, jobs

A = TypeVar("A")
B = TypeVar("B")

HELD: Final = (JobStatus.CLAIMED, JobStatus.RUNNING)
OPEN: Final = (JobStatus.PENDING, *HELD)

# Statements of every job's way through the queue are built once: building one takes longer than running it.
IS_HELD: Final = or_(*(jobs.c.status == status for status in HELD))
THESE_JOBS: Final = select(jobs).where(jobs.c.id.in_(bindparam("numbers", expanding=True)))
ONE_JOB: Final = select(jobs).where(jobs.c.id == bindparam("number"))
LINE: Final = insert(job_events)
"""Lines of histories, their columns given when it runs."""

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


def jobs_of(connection: Connection, query: Select[Any], values: Mapping[str, Any] | None = None) -> tuple[Job, ...]:
    return tuple(to_job(row) for row in connection.execute(query, values).mappings())


def row_pairs(
    connection: Connection, query: Select[A, B], values: Mapping[str, Any] | None = None
) -> Iterator[tuple[A, B]]:
    """Rows of two columns as pairs."""
    for row in connection.execute(query, values):
        yield row[0], row[1]


def get_job(connection: Connection, job: str) -> Job:
    row = None
    if job.isascii() and job.isdecimal():
        row = connection.execute(ONE_JOB, {"number": int(job)}).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no job {job!r}.", "Finished jobs are kept for 7 days.")
    return to_job(row)


def line(job: Job, now: datetime, detail: str, status: JobStatus | None = None) -> dict[str, Any]:
    """A line of the job's history, of its present status unless another is given."""
    status = status or job.status
    return {"job_id": int(job.id), "at": now, "status": status, "worker_id": job.worker_id, "detail": detail}


def log_job(connection: Connection, job: Job, now: datetime, detail: str) -> None:
    """Append the job's present status to its history."""
    connection.execute(LINE, line(job, now, detail))


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


def give_back(connection: Connection, found: Job, now: datetime, detail: str) -> Job:
    """A held job goes back to the queue unharmed: the attempt does not count."""
    values = {**UNCLAIMED, "attempts": found.attempts - 1}
    return change_job(connection, found, JobStatus.PENDING, now, values, detail)


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
