"""Visits: when somebody looked at the realm, from any browser. Does not know what happened meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from realm.errors import NotFoundError
from realm.rules.away import Span, Visit, absence
from realm.store.columns import to
from realm.store.database import Database
from realm.store.tables import visits

KEPT: Final = 100


class VisitStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def note(self, now: datetime) -> Visit:
        """Somebody looks at the realm at `now`: the visit that goes on, or a new one. Twice the same is once.

        A clock that was set back takes the visit with it, so that the next absence is noticed all the same.
        """
        with self._db.write() as connection:
            newest, _ = _newest_two(connection)
            if newest is None or not newest.goes_on(now):
                values = {"first_at": now, "last_at": now, "dismissed": False}
                made = connection.execute(insert(visits).values(**values).returning(visits)).mappings().one()
                connection.execute(delete(visits).where(visits.c.id <= made["id"] - KEPT))
                return to(Visit, made)
            changed = update(visits).where(visits.c.id == newest.id)
            changed = changed.values(first_at=min(newest.first_at, now), last_at=now)
            return to(Visit, connection.execute(changed.returning(visits)).mappings().one())

    def absence(self, now: datetime) -> tuple[Visit | None, Span | None]:
        """The visit under way, None when nobody looks, and the last absence, None when there is none to tell of."""
        with self._db.read() as connection:
            newest, before = _newest_two(connection)
        under_way = newest if newest is not None and newest.goes_on(now) else None
        return under_way, absence(newest, before, now)

    def dismiss(self, visit: int) -> Visit:
        """Put away the card of the absence before a visit, in every browser. One that is away stays so.

        Raises:
            NotFoundError: no such visit.
        """
        with self._db.write() as connection:
            query = update(visits).where(visits.c.id == visit).values(dismissed=True).returning(visits)
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                raise NotFoundError(f"There is no visit {visit}.", "GET /api/away names the present one.")
            return to(Visit, row)


def _newest_two(connection: Connection) -> tuple[Visit | None, Visit | None]:
    query = select(visits).order_by(visits.c.id.desc()).limit(2)
    found = [to(Visit, row) for row in connection.execute(query).mappings()]
    return (found[0] if found else None, found[1] if len(found) > 1 else None)
