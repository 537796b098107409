"""The part of JobStore that only reads: jobs, their histories, counts, workers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from realm.rules.job import JOB_SPECS, Job, JobEvent, JobSpec, JobStatus, JobType, Priority, Worker
from realm.rules.job_match import stuck_reason
from realm.store.columns import to
from realm.store.database import Database
from realm.store.job_rows import IS_HELD, OPEN, THESE_JOBS, get_job, jobs_of, row_pairs
from realm.store.tables import job_events, jobs, workers


class JobReads:
    def __init__(self, db: Database, specs: Mapping[JobType, JobSpec] = JOB_SPECS) -> None:
        self._db = db
        self._specs = specs

    def get(self, job: str) -> Job:
        with self._db.read() as connection:
            return get_job(connection, job)

    def find(self, numbers: Collection[str]) -> dict[str, Job]:
        """The jobs of these ids that there are."""
        wanted = [int(each) for each in numbers if each.isascii() and each.isdecimal()]
        with self._db.read() as connection:
            return {job.id: job for job in jobs_of(connection, THESE_JOBS, {"numbers": wanted})}

    def page(
        self,
        statuses: Collection[JobStatus] | None = None,
        limit: int = 50,
        offset: int = 0,
        types: Collection[JobType] | None = None,
    ) -> tuple[Job, ...]:
        """Jobs, last submitted first."""
        newest = select(jobs).where(*_of_types(types)).order_by(jobs.c.id.desc())
        with self._db.read() as connection:
            if statuses is None:
                return jobs_of(connection, newest.limit(limit).offset(offset))
            # One query a status: only then does an index give the order among a million finished jobs.
            each = [jobs_of(connection, newest.where(jobs.c.status == s).limit(offset + limit)) for s in statuses]
        merged = sorted((job for found in each for job in found), key=lambda job: -int(job.id))
        return tuple(merged[offset : offset + limit])

    def count(self, statuses: Collection[JobStatus] | None = None, types: Collection[JobType] | None = None) -> int:
        """How many jobs `page` goes through. Counted one by one, as `stats`."""
        query = select(func.count()).select_from(jobs).where(*_of_types(types))
        if statuses is not None:
            query = query.where(jobs.c.status.in_(statuses))
        with self._db.read() as connection:
            return connection.execute(query).scalar_one()

    def history(self, job: str) -> tuple[JobEvent, ...]:
        """The job's history, oldest first."""
        with self._db.read() as connection:
            number = int(get_job(connection, job).id)
            query = select(job_events).where(job_events.c.job_id == number).order_by(job_events.c.seq)
            rows = connection.execute(query).mappings().all()
        return tuple(to(JobEvent, row, job_id=job) for row in rows)

    def stats(self, statuses: Collection[JobStatus] = tuple(JobStatus)) -> dict[JobStatus, dict[JobType, int]]:
        """How many jobs there are of each status and type. Finished ones are counted one by one: 0.1 s a million."""
        query = select(jobs.c.status, jobs.c.type, func.count()).where(jobs.c.status.in_(statuses))
        counts = {status: dict.fromkeys(JobType, 0) for status in statuses}
        with self._db.read() as connection:
            for status, kind, count in connection.execute(query.group_by(jobs.c.status, jobs.c.type)):
                counts[status][kind] = count
        return counts

    def pending_by_priority(self) -> dict[Priority, int]:
        """How many jobs of each priority wait, most urgent first."""
        query = select(jobs.c.priority, func.count()).where(jobs.c.status == JobStatus.PENDING)
        with self._db.read() as connection:
            found = dict(row_pairs(connection, query.group_by(jobs.c.priority)))
        return {priority: found.get(priority, 0) for priority in Priority}

    def open_count(self, job_type: JobType, skill_id: str | None = None) -> int:
        """How many jobs of a type, and of a skill if one is given, are pending, claimed or running."""
        query = select(func.count()).where(jobs.c.status.in_(OPEN), jobs.c.type == job_type)
        if skill_id is not None:
            query = query.where(jobs.c.skill_id == skill_id)
        with self._db.read() as connection:
            return connection.execute(query).scalar_one()

    def asked_waiting(self, roles: Collection[str]) -> bool:
        """Whether a job of these roles waits that is not of idle priority."""
        query = select(jobs.c.id).where(
            jobs.c.status == JobStatus.PENDING, jobs.c.priority < Priority.IDLE, jobs.c.role.in_(roles)
        )
        with self._db.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def workers(self) -> tuple[Worker, ...]:
        """Every worker that registered in the last 30 days; `Worker.offline(now)` says which are gone."""
        with self._db.read() as connection:
            rows = connection.execute(select(workers).order_by(workers.c.id)).mappings().all()
        return tuple(to(Worker, row) for row in rows)

    def holding(self) -> dict[str, list[str]]:
        """The ids of the jobs that each worker holds."""
        query = select(jobs.c.worker_id, jobs.c.id).where(IS_HELD).order_by(jobs.c.id)
        found: dict[str, list[str]] = {}
        with self._db.read() as connection:
            for worker, number in connection.execute(query):
                found.setdefault(worker, []).append(str(number))
        return found

    def stuck(self, now: datetime, limit: int = 50) -> tuple[tuple[Job, str], ...]:
        """Open jobs that do not get on, each with the reason; of the oldest `limit` that wait and all that are held."""
        known = self.workers()
        waiting = select(jobs).where(jobs.c.status == JobStatus.PENDING).order_by(jobs.c.id).limit(limit)
        with self._db.read() as connection:
            found = (*jobs_of(connection, select(jobs).where(IS_HELD)), *jobs_of(connection, waiting))
        reasons = ((job, stuck_reason(job, known, now)) for job in found)
        return tuple((job, reason) for job, reason in reasons if reason is not None)


def _of_types(types: Collection[JobType] | None) -> tuple[ColumnElement[Any], ...]:
    return () if types is None else (or_(*(jobs.c.type == kind for kind in types)),)
