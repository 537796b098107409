"""Times in the queue after the clock was set back, each inside the caller's transaction.

What was noted before lies ahead of now: a lease would hold for as long as the clock was set back. Whatever ends later
than it could if it had begun now counts as begun now. Nothing runs out at once by this.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select, update

from realm.rules.job import BACKOFF_MAX_S, LEASE_S, JobStatus
from realm.store.job_rows import HELD
from realm.store.tables import jobs, workers

_Mend = tuple[Table, ColumnElement[bool], dict[str, Any]]


def times_are_ahead(connection: Connection, now: datetime) -> bool:
    """Whether there is anything for `mend_times` to do."""
    found = (connection.execute(select(table.c.id).where(where).limit(1)) for table, where, _ in _mends(now))
    return any(row.first() is not None for row in found)


def mend_times(connection: Connection, now: datetime) -> None:
    """Let leases, runs, waits after a failure and heartbeats that lie ahead of now begin now."""
    for table, where, values in _mends(now):
        connection.execute(update(table).where(where).values(values))


def _mends(now: datetime) -> list[_Mend]:
    held = jobs.c.status.in_(HELD)
    lease, wait = now + timedelta(seconds=LEASE_S), now + timedelta(seconds=BACKOFF_MAX_S)
    waits = (jobs.c.status == JobStatus.PENDING) & (jobs.c.not_before > wait)
    return [
        (jobs, held & (jobs.c.lease_expires_at > lease), {"lease_expires_at": lease}),
        (jobs, held & (jobs.c.started_at > now), {"started_at": now}),
        (jobs, waits, {"not_before": wait}),
        (workers, workers.c.last_beat_at > now, {"last_beat_at": now}),
    ]
