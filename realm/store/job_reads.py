"""The part of JobStore that only reads: jobs, their histories, counts, workers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import func, select

from realm.rules.job import JOB_SPECS, Job, JobEvent, JobSpec, JobStatus, JobType, Worker
from realm.store.columns import to
from realm.store.database import Database
from realm.store.job_rows import OPEN, get_job, jobs_of
from realm.store.tables import job_events, jobs, workers


class JobReads:
    def __init__(self, db: Database, specs: Mapping[JobType, JobSpec] = JOB_SPECS) -> None:
        self._db = db
        self._specs = specs

    def get(self, job: str) -> Job:
        with self._db.read() as connection:
            return get_job(connection, job)

    def page(self, statuses: Collection[JobStatus] | None = None, limit: int = 50, offset: int = 0) -> tuple[Job, ...]:
        """Jobs, last submitted first."""
        newest = select(jobs).order_by(jobs.c.id.desc())
        with self._db.read() as connection:
            if statuses is None:
                return jobs_of(connection, newest.limit(limit).offset(offset))
            # One query a status: only then does an index give the order among a million finished jobs.
            each = [jobs_of(connection, newest.where(jobs.c.status == s).limit(offset + limit)) for s in statuses]
        merged = sorted((job for found in each for job in found), key=lambda job: -int(job.id))
        return tuple(merged[offset : offset + limit])

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

    def open_count(self, job_type: JobType, skill_id: str | None = None) -> int:
        """How many jobs of a type, and of a skill if one is given, are pending, claimed or running."""
        query = select(func.count()).where(jobs.c.status.in_(OPEN), jobs.c.type == job_type)
        if skill_id is not None:
            query = query.where(jobs.c.skill_id == skill_id)
        with self._db.read() as connection:
            return connection.execute(query).scalar_one()

    def workers(self) -> tuple[Worker, ...]:
        """Every worker that registered in the last 30 days; `Worker.offline(now)` says which are gone."""
        with self._db.read() as connection:
            rows = connection.execute(select(workers).order_by(workers.c.id)).mappings().all()
        return tuple(to(Worker, row) for row in rows)
