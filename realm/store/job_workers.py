"""The part of JobStore about workers: registration, heartbeats, lost leases, and what is forgotten after a while."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from realm.errors import NotFoundError
from realm.rules.job import LEASE_S, FailureKind, Job, Worker
from realm.store.columns import values_of
from realm.store.events import emit
from realm.store.job_reads import JobReads
from realm.store.job_rows import IS_HELD, give_back, jobs_of, set_back
from realm.store.job_times import mend_times, times_are_ahead
from realm.store.tables import job_events, jobs, workers

JOBS_KEPT: Final = timedelta(days=7)
LINES_KEPT: Final = timedelta(days=14)
WORKERS_KEPT: Final = timedelta(days=30)

_BEAT = update(workers).where(workers.c.id == bindparam("worker")).values(last_beat_at=bindparam("at"))
_GIVEN = select(jobs).where(IS_HELD, jobs.c.worker_id == bindparam("worker"), jobs.c.claimed_at < bindparam("before"))
_RENEW = (
    update(jobs)
    .where(jobs.c.id.in_(bindparam("numbers", expanding=True)), jobs.c.worker_id == bindparam("worker"), IS_HELD)
    .values(lease_expires_at=bindparam("lease"))
    .returning(jobs.c.id)
)


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat's answer: the jobs whose leases it renewed, and those the worker no longer holds."""

    held: frozenset[str]
    lost: frozenset[str]


class JobWorkers(JobReads):
    _rng: Random

    def heartbeat(
        self,
        worker: str,
        job_ids: Collection[str],
        now: datetime,
        lease_s: float = LEASE_S,
        given_before: datetime | None = None,
    ) -> Beat:
        """Note that a worker lives and renew the leases of its jobs. What it says of those in `lost` is refused.

        `given_before`: whoever handed jobs out before then is gone, maybe with its answer. Jobs from before that the
        worker does not name never reached it; they are given back, and the attempts do not count.

        Raises:
            NotFoundError: the worker is not registered.
        """
        numbers = [int(each) for each in job_ids if each.isascii() and each.isdecimal()]
        with self._db.write() as connection:
            if connection.execute(_BEAT, {"worker": worker, "at": now}).rowcount == 0:
                raise NotFoundError(f"Worker {worker!r} is not registered.", "Register it again.")
            renewed = {"worker": worker, "numbers": numbers, "lease": now + timedelta(seconds=lease_s)}
            held = frozenset(str(number) for number in connection.execute(_RENEW, renewed).scalars())
            if given_before is not None:
                for job in jobs_of(connection, _GIVEN, {"worker": worker, "before": given_before}):
                    if job.id not in held:
                        give_back(connection, job, now, f"never reached {worker}")
        return Beat(held, frozenset(job_ids) - held)

    def expire_leases(self, now: datetime) -> tuple[Job, ...]:
        """Take back jobs whose lease ran out or that run longer than they may; they count as failed attempts."""
        held = select(jobs).where(IS_HELD)
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
        self,
        worker: str,
        host: str,
        roles: tuple[str, ...],
        now: datetime,
        labels: Mapping[str, str] | None = None,
        *,
        pid: int | None = None,
        external: bool = False,
    ) -> Worker:
        """Note a worker, or that it began anew: jobs that its former self held are taken back as lost.

        `external`: it runs outside the cluster and asks over HTTP.
        """
        made = Worker(worker, host, roles, now, now, dict(labels or {}), pid, external)
        with self._db.write() as connection:
            connection.execute(delete(workers).where(workers.c.id == worker))
            connection.execute(insert(workers).values(**values_of(made)))
            orphaned = select(jobs).where(IS_HELD, jobs.c.worker_id == worker)
            for job in jobs_of(connection, orphaned):
                set_back(connection, job, FailureKind.LOST_LEASE, f"worker {worker} began anew", now, self._rng)
            data = {"worker_id": worker, "host": host, "roles": list(roles)}
            emit(connection, now, "worker.registered", f"Worker {worker} on {host}", data=data)
        return made

    def prune(self, now: datetime, limit: int = 5000) -> int:
        """Forget jobs finished over 7 days ago with their histories, at most `limit`; how many it was.

        Also lines over 14 days old of the jobs that stay, and workers silent for 30 days.
        """
        old = select(jobs.c.id).where(jobs.c.finished_at < now - JOBS_KEPT).order_by(jobs.c.finished_at).limit(limit)
        first = select(job_events.c.seq, job_events.c.at).order_by(job_events.c.seq).limit(limit).subquery()
        lines = select(first.c.seq).where(first.c.at < now - LINES_KEPT)
        with self._db.write() as connection:
            connection.execute(delete(workers).where(workers.c.last_beat_at < now - WORKERS_KEPT))
            forgotten = connection.execute(delete(jobs).where(jobs.c.id.in_(old))).rowcount
            connection.execute(delete(job_events).where(job_events.c.seq.in_(lines)))
            return forgotten


def _overdue(job: Job, now: datetime) -> FailureKind | None:
    if job.lease_expires_at is not None and job.lease_expires_at < now:
        return FailureKind.LOST_LEASE
    if job.started_at is not None and job.started_at + timedelta(seconds=job.timeout_s) < now:
        return FailureKind.TIMEOUT
    return None
