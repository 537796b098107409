"""The part of JobStore that queues: backpressure, idempotency keys, places in the queue."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, insert, literal, or_, select

from realm.errors import RealmError, RequestError
from realm.rules.job import AGED_S, RAISED, Job, JobSpec, JobStatus, JobType, Priority, urgency
from realm.rules.job_request import JobRequest
from realm.store.columns import values_of
from realm.store.job_reads import JobReads
from realm.store.job_rows import LINE, line, row_pairs, to_job
from realm.store.tables import jobs


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


# What a new job has; all other columns are null.
_FIELDS = (
    *("type", "status", "priority", "payload", "role", "timeout_s", "created_at", "labels", "min_gpu_mb"),
    *("attempts", "max_attempts", "tags", "skill_id", "key"),
)
_NOT_NEW = tuple(name for name in Job.__slots__ if name not in _FIELDS)
_INSERT = insert(jobs).returning(jobs.c.id, sort_by_parameter_order=True)
_BY_KEY = select(jobs).where(jobs.c.key == bindparam("wanted"))
_WAITING = (
    select(jobs.c.id)
    .where(jobs.c.status == JobStatus.PENDING, jobs.c.type == bindparam("kind"))
    .limit(bindparam("most"))
)
_WAITING_COUNT = select(func.count()).select_from(_WAITING.subquery())
_BY_PRIORITY = select(jobs.c.priority, func.count()).where(jobs.c.status == JobStatus.PENDING).group_by(jobs.c.priority)
_AGED = _BY_PRIORITY.where(jobs.c.priority.in_(RAISED), jobs.c.created_at <= bindparam("before"))


class JobSubmissions(JobReads):
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
        labels: Mapping[str, str] | None = None,
        min_gpu_mb: int = 0,
    ) -> Accepted | Refused:
        """Queue a job, or refuse it when the queue of its type is full. A known `key` gives the job it was used for.

        Raises:
            RequestError: an unknown type or a payload field that is missing, unknown or wrong.
        """
        request = JobRequest(job_type, payload, priority, tags, timeout_s, key, labels or {}, min_gpu_mb)
        (answer,) = self.submit_many([request], now)
        if isinstance(answer, RealmError):
            raise answer
        return answer

    def submit_many(self, requests: Sequence[JobRequest], now: datetime) -> list[Accepted | Refused | RequestError]:
        """Queue jobs in this order, in one transaction; the answers in the same order. A wrong one harms no other."""
        checked = [self._checked(request) for request in requests]
        with self._db.write() as connection:
            batch = _Batch(connection, now)
            return batch.queue(requests, checked)

    def _checked(self, request: JobRequest) -> tuple[JobSpec, dict[str, Any]] | RequestError:
        try:
            spec = self._spec(request.job_type)
            return spec, spec.check(request.payload)
        except RequestError as error:
            return error

    def _spec(self, job_type: str) -> JobSpec:
        names = [kind.value for kind in self._specs]
        if job_type not in names:
            near = difflib.get_close_matches(job_type, names, n=1, cutoff=0.0)[0]
            raise RequestError(f"Unknown job type {job_type!r}.", f"The nearest known one is {near!r}.")
        return self._specs[JobType(job_type)]


class _Batch:
    """Jobs that are queued in one transaction: each counts for the limits and the places of those after it."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.waiting: dict[JobType, int] = {}

    def queue(
        self, requests: Sequence[JobRequest], checked: Sequence[tuple[JobSpec, dict[str, Any]] | RequestError]
    ) -> list[Accepted | Refused | RequestError]:
        answers: dict[int, Accepted | Refused | RequestError] = {}
        new: dict[int, Job] = {}
        warnings: dict[int, tuple[str, ...]] = {}
        first: dict[str, int] = {}
        for number, (request, found) in enumerate(zip(requests, checked, strict=True)):
            if isinstance(found, RequestError):
                answers[number] = found
            elif request.key is not None and request.key in first:
                continue
            elif (known := self._known(request.key)) is not None:
                answers[number] = Accepted(known, queue_position(self.connection, known, self.now), repeated=True)
            else:
                spec, payload = found
                problem = self._full(spec)
                if problem and spec.when_full == "reject":
                    answers[number] = Refused(problem, spec.retry_after_s())
                    continue
                self.waiting[spec.type] += 1
                new[number] = _job(request, spec, payload, self.now)
                warnings[number] = (problem,) if problem and spec.when_full == "warn" else ()
                if request.key is not None:
                    first[request.key] = number
        for number, (job, place) in zip(new, self._insert(list(new.values())), strict=True):
            answers[number] = Accepted(job, place, warnings[number])
        for number, request in enumerate(requests):
            if number not in answers and request.key is not None:
                same = answers[first[request.key]]
                answers[number] = replace(same, repeated=True) if isinstance(same, Accepted) else same
        return [answers[number] for number in range(len(requests))]

    def _known(self, key: str | None) -> Job | None:
        if key is None:
            return None
        row = self.connection.execute(_BY_KEY, {"wanted": key}).mappings().one_or_none()
        return None if row is None else to_job(row)

    def _full(self, spec: JobSpec) -> str:
        """What is said when the queue of this type is full, "" when it is not."""
        if spec.type not in self.waiting:
            most = {"kind": spec.type, "most": spec.max_pending}
            self.waiting[spec.type] = self.connection.execute(_WAITING_COUNT, most).scalar_one()
        full = self.waiting[spec.type] >= spec.max_pending
        return f"{spec.max_pending} or more {spec.type} jobs wait already." if full else ""

    def _insert(self, made: list[Job]) -> list[tuple[Job, int]]:
        """The jobs with their numbers, and their places in the queue."""
        if not made:
            return []
        before = Counter[Priority](dict(row_pairs(self.connection, _BY_PRIORITY)))
        aged = Counter[Priority]()
        if any(before[priority] for priority in RAISED):
            limit = {"before": self.now - timedelta(seconds=AGED_S)}
            aged.update(dict(row_pairs(self.connection, _AGED, limit)))
        rows = [values_of(job, *_NOT_NEW) for job in made]
        numbers = self.connection.execute(_INSERT, rows if len(rows) > 1 else rows[0]).scalars().all()
        queued = [replace(job, id=str(number)) for job, number in zip(made, numbers, strict=True)]
        self.connection.execute(LINE, [line(job, self.now, job.priority) for job in queued])
        places: list[tuple[Job, int]] = []
        for job in queued:
            before[job.priority] += 1
            places.append((job, _place(job.priority, before, aged)))
        return places


def _job(request: JobRequest, spec: JobSpec, payload: dict[str, Any], now: datetime) -> Job:
    return Job(
        id="",
        type=spec.type,
        status=JobStatus.PENDING,
        priority=request.priority,
        payload=payload,
        role=spec.role,
        timeout_s=spec.timeout_s if request.timeout_s is None else request.timeout_s,
        created_at=now,
        labels=request.labels,
        min_gpu_mb=request.min_gpu_mb,
        tags=request.tags,
        skill_id=payload.get("skill_id"),
        key=request.key,
    )


def _place(priority: Priority, before: Counter[Priority], aged: Counter[Priority]) -> int:
    """The place of the last job of a priority, from how many wait, and how many of them count as normal by now."""
    order = list(Priority)
    rank = order.index(priority)
    sooner = sum(before[each] for each in order[: rank + 1])
    if rank < order.index(Priority.NORMAL):
        return sooner
    return sooner + sum(aged[each] for each in order[rank + 1 :])


def queue_position(connection: Connection, job: Job, now: datetime) -> int:
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
