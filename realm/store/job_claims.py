"""The part of JobStore that hands jobs to workers: who gets which, and which idle job yields to work asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Executable, Row, bindparam, func, or_, select, update

from realm.rules.job import ANY_ROLE, LEASE_S, RAISED, Job, JobStatus, JobType, Priority, urgency
from realm.rules.job_match import Ask, yielding
from realm.store.job_reads import JobReads
from realm.store.job_rows import IS_HELD, LINE, THESE_JOBS, give_back, jobs_of, line, row_pairs, to_job
from realm.store.tables import jobs

PAGE: Final = 3
"""Waiting jobs that are read at once beyond those that are asked for."""
YIELDING_LOOK: Final = 50
"""Waiting jobs for which idle ones may yield at once."""

_RUNNING = select(jobs.c.type, func.count()).where(IS_HELD).group_by(jobs.c.type)
_CLAIM = (
    update(jobs)
    .where(jobs.c.id == bindparam("number"), jobs.c.status == JobStatus.PENDING)
    .values(
        status=bindparam("becomes", type_=jobs.c.status.type),
        worker_id=bindparam("worker"),
        attempts=jobs.c.attempts + 1,
        lease_expires_at=bindparam("lease"),
        not_before=None,
        claimed_at=bindparam("claimed"),
        started_at=bindparam("started"),
    )
    .returning(jobs)
)
_IDLE_HELD = select(jobs).where(IS_HELD, jobs.c.priority == Priority.IDLE, jobs.c.recorded_at.is_(None))


class JobClaims(JobReads):
    def claim(
        self,
        worker: str,
        roles: Collection[str],
        now: datetime,
        *,
        labels: Mapping[str, str] | None = None,
        gpu_free_mb: int = 0,
        lease_s: float = LEASE_S,
    ) -> Job | None:
        """The most urgent job for this worker, claimed under a lease; None when there is none.

        Types that run as often as they may and jobs held back after a failure are passed over.
        """
        found = self.claim_many(worker, roles, 1, now, labels=labels, gpu_free_mb=gpu_free_mb, lease_s=lease_s)
        return found[0] if found else None

    def claim_many(
        self,
        worker: str,
        roles: Collection[str],
        limit: int,
        now: datetime,
        *,
        labels: Mapping[str, str] | None = None,
        gpu_free_mb: int = 0,
        lease_s: float = LEASE_S,
    ) -> tuple[Job, ...]:
        """The most urgent jobs for this worker, at most `limit`, claimed in one transaction. See `claim`."""
        ask = Ask(worker, tuple(roles), limit, labels or {}, gpu_free_mb)
        return self._hand_out([ask], now, lease_s, most=None, started=False)[0]

    def claim_started(
        self, asks: Sequence[Ask], now: datetime, *, most: int | None = None, lease_s: float = LEASE_S
    ) -> list[tuple[Job, ...]]:
        """Jobs for each of several workers, claimed and started in one transaction; at most `most` jobs in all.

        The most urgent job goes to the first of `asks` that may take it. See `claim`.
        """
        return self._hand_out(asks, now, lease_s, most=most, started=True)

    def yield_idle(self, now: datetime, gpu_free_mb: Mapping[str, int] | None = None) -> tuple[Job, ...]:
        """Give idle jobs back whose workers could take work that was asked for and waits; the attempts do not count.

        `gpu_free_mb`: the free GPU memory of workers, as they last said.
        """
        with self._db.read() as connection:
            if connection.execute(_IDLE_HELD.limit(1)).first() is None:
                return ()
        registered = {worker.id: worker for worker in self.workers()}
        with self._db.write() as connection:
            held = jobs_of(connection, _IDLE_HELD)
            room = self._room(connection)
            for job in held:
                room.setdefault(job.type, 0)
            blocked = {kind for kind, left in room.items() if left <= 0} - {job.type for job in held}
            asks = [
                Ask(each.id, each.roles, 1, each.labels, (gpu_free_mb or {}).get(each.id, 0))
                for each in registered.values()
            ]
            turns = _Turns(connection, asks, now, YIELDING_LOOK, blocked)
            numbers = [row.id for row, _ in zip(turns, range(YIELDING_LOOK), strict=False)]
            waiting = {int(job.id): job for job in jobs_of(connection, THESE_JOBS, {"numbers": numbers})}
            chosen = yielding((waiting[number] for number in numbers), held, registered, gpu_free_mb or {}, room, now)
            return tuple(give_back(connection, job, now, "yields to work that was asked for") for job in chosen)

    def _hand_out(
        self, asks: Sequence[Ask], now: datetime, lease_s: float, *, most: int | None, started: bool
    ) -> list[tuple[Job, ...]]:
        with self._db.write() as connection:
            given: list[list[Job]] = [[] for _ in asks]
            lines: list[dict[str, Any]] = []
            values = {
                "becomes": JobStatus.RUNNING if started else JobStatus.CLAIMED,
                "lease": now + timedelta(seconds=lease_s),
                "claimed": now,
                "started": now if started else None,
            }
            for number, taker in self._choose(connection, asks, now, most):
                claimed = {**values, "number": number, "worker": asks[taker].worker}
                row = connection.execute(_CLAIM, claimed).mappings().one_or_none()
                if row is None:  # where transactions do not follow one another, another one was quicker
                    continue
                job = to_job(row)
                given[taker].append(job)
                lines.append(line(job, now, f"attempt {job.attempts}", JobStatus.CLAIMED))
                if started:
                    lines.append(line(job, now, ""))
            if lines:
                connection.execute(LINE, lines)
        return [tuple(each) for each in given]

    def _choose(
        self, connection: Connection, asks: Sequence[Ask], now: datetime, most: int | None
    ) -> list[tuple[int, int]]:
        """Numbers of jobs, each with the index of the ask that gets it."""
        room = self._room(connection)
        wanted = sum(ask.limit for ask in asks)
        wanted = wanted if most is None else min(wanted, most)
        left = {index: ask.limit for index, ask in enumerate(asks) if ask.limit > 0}
        full = {kind for kind, count in room.items() if count <= 0}
        chosen: list[tuple[int, int]] = []
        for row in _Turns(connection, asks, now, wanted + PAGE, full):
            taker = next((i for i in left if asks[i].fits(row.role, row.labels, row.min_gpu_mb)), None)
            if taker is None:
                continue
            chosen.append((row.id, taker))
            left[taker] -= 1
            if not left[taker]:
                del left[taker]
            if len(chosen) == wanted:
                break
            room[row.type] -= 1
            if not room[row.type]:
                full.add(row.type)
        return chosen

    def _room(self, connection: Connection) -> dict[JobType, int]:
        """How many jobs of each type may begin now."""
        running = dict(row_pairs(connection, _RUNNING))
        return {kind: spec.max_running - running.get(kind, 0) for kind, spec in self._specs.items()}


class _Turns:
    """Jobs that are ready, in the order in which they are claimed; those of `full` types, which may grow, are left out.

    A first page of all priorities is usually enough. Beyond it each priority is read by itself, so that the oldest of
    those that time raises are found with an index; sorting by urgency would read every job.
    """

    def __init__(
        self, connection: Connection, asks: Sequence[Ask], now: datetime, page: int, full: Collection[JobType]
    ) -> None:
        self.connection = connection
        self.roles = tuple(sorted({role for ask in asks for role in ask.roles} | {ANY_ROLE}))
        self.values = {"now": now, "gpu_mb": max((ask.gpu_free_mb for ask in asks), default=0), "page": page}
        self.now = now
        self.full = full
        first = self._read(None, 0)
        ended = len(first) < page
        last = list(Priority) if ended else [*Priority][: list(Priority).index(first[-1].priority)]
        self.lines = [_Line(priority, self._read, priority in last) for priority in Priority]
        for row in first:
            self.lines[list(Priority).index(row.priority)].add(row)

    def __iter__(self) -> Iterator[Row[Any]]:
        while True:
            best: tuple[tuple[int, int], _Line] | None = None
            for waiting in self.lines:
                if best is not None and best[0][0] < _NORMAL:
                    break
                if best is not None and waiting.priority not in RAISED:
                    continue
                head = waiting.head(self.full)
                if head is None:
                    continue
                by_now = _RANK[urgency(waiting.priority, head.created_at, self.now)]
                if best is None or (by_now, head.id) < best[0]:
                    best = ((by_now, head.id), waiting)
            if best is None:
                return
            yield best[1].take()

    def _read(self, priority: Priority | None, after: int) -> Sequence[Row[Any]]:
        query = _ready(self.roles, frozenset(self.full), priority)
        return self.connection.execute(query, {**self.values, "after": after}).all()


_RANK: Final = {priority: rank for rank, priority in enumerate(Priority)}
_NORMAL: Final = _RANK[Priority.NORMAL]


class _Line:
    """Ready jobs of one priority, first come first."""

    def __init__(self, priority: Priority, read: Callable[[Priority, int], Sequence[Row[Any]]], ended: bool) -> None:
        self.priority = priority
        self.read = read
        self.ended = ended
        self.after = 0
        self.rows: deque[Row[Any]] = deque()

    def add(self, row: Row[Any]) -> None:
        self.rows.append(row)
        self.after = row.id

    def head(self, full: Collection[JobType]) -> Row[Any] | None:
        while True:
            while self.rows and self.rows[0].type in full:
                self.rows.popleft()
            if self.rows or self.ended:
                return self.rows[0] if self.rows else None
            found = self.read(self.priority, self.after)
            self.ended = not found
            for row in found:
                self.add(row)

    def take(self) -> Row[Any]:
        return self.rows.popleft()


@lru_cache(maxsize=256)
def _ready(roles: tuple[str, ...], full: frozenset[JobType], priority: Priority | None) -> Executable:
    """Pending jobs of these roles that need not wait, of all priorities or of one."""
    query = select(
        jobs.c.id, jobs.c.type, jobs.c.priority, jobs.c.created_at, jobs.c.role, jobs.c.labels, jobs.c.min_gpu_mb
    ).where(
        jobs.c.status == JobStatus.PENDING,
        or_(*(jobs.c.role == role for role in roles)),
        *(jobs.c.type != kind for kind in sorted(full)),
        or_(jobs.c.not_before.is_(None), jobs.c.not_before <= bindparam("now")),
        jobs.c.min_gpu_mb <= bindparam("gpu_mb"),
    )
    if priority is None:
        return query.order_by(jobs.c.priority, jobs.c.id).limit(bindparam("page"))
    query = query.where(jobs.c.priority == priority, jobs.c.id > bindparam("after"))
    return query.order_by(jobs.c.id).limit(bindparam("page"))
