"""Notices read from the events, and how far each URL has been told. Does not know how a message is sent."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, insert, or_, select, update

from realm.rules.event import Event
from realm.rules.notices import EVENT_KINDS, EVENT_PREFIXES, Notice, Target, notice_of
from realm.store.columns import to
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import events, notify_targets

AT_ONCE: Final = 200


class NoticeStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def after(self, seq: int, limit: int = AT_ONCE) -> tuple[tuple[Notice, ...], int]:
        """Notices of the events later than `seq`, oldest first, at most `limit`; and the `seq` up to which that is
        all, from which the next reading goes on."""
        told = or_(events.c.kind.in_(EVENT_KINDS), *(events.c.kind.startswith(each) for each in EVENT_PREFIXES))
        query = select(events).where(events.c.seq > seq, told).order_by(events.c.seq).limit(limit)
        with self._db.read() as connection:
            found = [to(Event, row) for row in connection.execute(query).mappings()]
            newest = connection.execute(select(func.max(events.c.seq))).scalar() or 0
        upto = found[-1].seq if len(found) == limit else max(seq, newest)
        return tuple(each for each in map(notice_of, found) if each is not None), upto

    def target(self, target: str) -> Target:
        """How far a URL has been told; one that is new begins with the next event."""
        with self._db.write() as connection:
            row = connection.execute(select(notify_targets).where(notify_targets.c.id == target)).mappings().first()
            if row is None:
                newest = connection.execute(select(func.max(events.c.seq))).scalar() or 0
                made = Target(target, newest)
                connection.execute(insert(notify_targets).values(id=target, **_values(made)))
                return made
            moments = tuple(datetime.fromisoformat(each) for each in row["sent_at"])
            return to(Target, row, sent_at=moments)

    def save(self, target: Target, now: datetime, told: tuple[str, str, str] | None = None) -> None:
        """Note how far a URL has been told, with an event (kind, title, detail) where there is one to tell."""
        with self._db.write() as connection:
            query = update(notify_targets).where(notify_targets.c.id == target.id)
            connection.execute(query.values(**_values(target)))
            if told is not None:
                emit(connection, now, *told)

    def keep(self, targets: Collection[str]) -> None:
        """Forget every other URL: one that is set again later is told from then on."""
        with self._db.write() as connection:
            connection.execute(delete(notify_targets).where(notify_targets.c.id.not_in(list(targets))))


def _values(target: Target) -> dict[str, Any]:
    return {
        "seq": target.seq,
        "sent_at": tuple(each.isoformat() for each in target.sent_at),
        "failures": target.failures,
        "not_before": target.not_before,
        "error": target.error,
    }
