"""Which worker may take which job, which idle job yields to work that was asked for, and which jobs are stuck.

Does not know the queue or its order among waiting workers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from realm.rules.job import ANY_ROLE, Job, JobStatus, JobType, Priority, Worker, urgency


@dataclass(frozen=True, slots=True)
class Ask:
    """A worker that wants at most `limit` jobs: those of its roles whose labels and GPU memory it has."""

    worker: str
    roles: tuple[str, ...]
    limit: int = 1
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    gpu_free_mb: int = 0

    def fits(self, role: str, labels: Mapping[str, str], min_gpu_mb: int) -> bool:
        """Whether it may take a job that needs this."""
        return min_gpu_mb <= self.gpu_free_mb and takes(self.roles, self.labels, role, labels)


def takes(roles: Collection[str], has: Mapping[str, str], role: str, needs: Mapping[str, str]) -> bool:
    """Whether a worker with these roles and labels takes jobs of `role` that need the labels `needs`."""
    return (role == ANY_ROLE or role in roles) and all(has.get(name) == value for name, value in needs.items())


def turn(job: Job, now: datetime) -> tuple[int, int]:
    """Jobs are claimed in this order."""
    return list(Priority).index(urgency(job.priority, job.created_at, now)), int(job.id)


def yielding(
    waiting: Iterable[Job],
    held: Iterable[Job],
    workers: Mapping[str, Worker],
    gpu_free_mb: Mapping[str, int],
    room: Mapping[JobType, int],
    now: datetime,
) -> tuple[Job, ...]:
    """The idle jobs that go back to the queue so that their workers take what waits, one for each job that waits.

    `waiting`: jobs that need not wait, most urgent first. `room`: how many of each type may begin; where that is none,
    a job waits for one of its own type. An idle job yields only to one that comes before it in the queue: else it would
    be claimed again at once.
    """
    left = dict(room)
    idle = [job for job in held if job.priority == Priority.IDLE and job.recorded_at is None]
    # The one that was begun last has lost least.
    idle.sort(key=lambda job: (job.claimed_at or now, int(job.id)), reverse=True)
    found: list[Job] = []
    for asked in waiting:
        if asked.priority == Priority.IDLE:
            continue
        for job in idle:
            worker = workers.get(job.worker_id or "")
            if worker is None or worker.offline(now) or turn(job, now) < turn(asked, now):
                continue
            if left[asked.type] <= 0 and job.type != asked.type:
                continue
            ask = Ask(worker.id, worker.roles, 1, worker.labels, gpu_free_mb.get(worker.id, 0))
            if ask.fits(asked.role, asked.labels, asked.min_gpu_mb):
                found.append(job)
                idle.remove(job)
                left[job.type] += 1
                left[asked.type] -= 1
                break
    return tuple(found)


def stuck_reason(job: Job, workers: Iterable[Worker], now: datetime) -> str | None:
    """Why an open job does not get on, None when it does."""
    if job.status == JobStatus.PENDING:
        online = [worker for worker in workers if not worker.offline(now)]
        if not any(takes(each.roles, each.labels, job.role, job.labels) for each in online):
            needs = "".join(f", {name}={value}" for name, value in job.labels.items())
            return f"no worker is online for role {job.role}{needs}"
        if job.not_before is not None and job.not_before > now:
            wait = (job.not_before - now).total_seconds()
            return f"attempt {job.attempts} of {job.max_attempts} failed, again in {wait:.0f} s: {job.error}"
        return None
    if job.started_at is not None and job.started_at + timedelta(seconds=job.timeout_s) < now:
        return f"runs for longer than its {job.timeout_s:g} s"
    return None
