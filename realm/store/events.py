"""Events: appended in the transaction of the change they tell of, read by number. Does not know what they mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from realm.rules.event import Event
from realm.store.columns import to
from realm.store.database import Database
from realm.store.tables import events

KEPT: Final = timedelta(days=14)


def emit(
    connection: Connection,
    now: datetime,
    kind: str,
    title: str,
    detail: str = "",
    data: Mapping[str, Any] | None = None,
) -> int:
    """Append one event inside the caller's transaction; its `seq`."""
    statement = insert(events).values(at=now, kind=kind, title=title, detail=detail, data=dict(data or {}))
    return connection.execute(statement.returning(events.c.seq)).scalar_one()


class EventStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self, kind: str, title: str, now: datetime, detail: str = "", data: Mapping[str, Any] | None = None
    ) -> Event:
        """Append an event that belongs to no change of state, e.g. a service that came back."""
        with self._db.write() as connection:
            seq = emit(connection, now, kind, title, detail, data)
            row = connection.execute(select(events).where(events.c.seq == seq)).mappings().one()
            return to(Event, row)

    def after(self, seq: int, limit: int = 200) -> tuple[Event, ...]:
        """Events later than `seq`, oldest first."""
        query = select(events).where(events.c.seq > seq).order_by(events.c.seq).limit(limit)
        with self._db.read() as connection:
            return tuple(to(Event, row) for row in connection.execute(query).mappings())

    def newest(self, limit: int = 50) -> tuple[Event, ...]:
        """The last events, newest first."""
        query = select(events).order_by(events.c.seq.desc()).limit(limit)
        with self._db.read() as connection:
            return tuple(to(Event, row) for row in connection.execute(query).mappings())

    def before(self, seq: int | None, limit: int, hidden: Collection[str] = ()) -> tuple[Event, ...]:
        """Events earlier than `seq` (all of them when None), newest first, without the kinds in `hidden`."""
        query = select(events).order_by(events.c.seq.desc()).limit(limit)
        if seq is not None:
            query = query.where(events.c.seq < seq)
        if hidden:
            query = query.where(events.c.kind.not_in(hidden))
        with self._db.read() as connection:
            return tuple(to(Event, row) for row in connection.execute(query).mappings())

    def prune(self, now: datetime, limit: int = 5000) -> int:
        """Delete events older than 14 days, at most `limit` of them; how many it was."""
        old = select(events.c.seq).where(events.c.at < now - KEPT).order_by(events.c.at).limit(limit)
        with self._db.write() as connection:
            return connection.execute(delete(events).where(events.c.seq.in_(old))).rowcount
