"""Leases on checkpoints: who has one loaded, until when. Does not know what for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from realm.store.checkpoint_rows import resolve, unknown
from realm.store.columns import to
from realm.store.database import Database
from realm.store.tables import checkpoint_uses


@dataclass(frozen=True, slots=True)
class Use:
    """A checkpoint is protected until `expires_at` because `holder` has it loaded."""

    checkpoint_id: str
    holder: str
    expires_at: datetime


class UseStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def use(self, name: str, holder: str, expires_at: datetime) -> Use:
        """Take a live checkpoint into use, or renew it.

        Raises:
            NotFoundError: no such checkpoint outside the trash.
        """
        with self._db.write() as connection:
            found = resolve(connection, name, None)
            if found is None:
                raise unknown(name)
            key = (checkpoint_uses.c.checkpoint_id == found.id, checkpoint_uses.c.holder == holder)
            renewed = update(checkpoint_uses).where(*key).values(expires_at=expires_at)
            if connection.execute(renewed).rowcount == 0:
                row = {"checkpoint_id": found.id, "holder": holder, "expires_at": expires_at}
                connection.execute(insert(checkpoint_uses).values(**row))
            return Use(found.id, holder, expires_at)

    def unuse(self, checkpoint: str, holder: str) -> None:
        """End a use; one that is not there changes nothing."""
        key = (checkpoint_uses.c.checkpoint_id == checkpoint, checkpoint_uses.c.holder == holder)
        with self._db.write() as connection:
            connection.execute(delete(checkpoint_uses).where(*key))

    def of(self, checkpoint: str, now: datetime) -> tuple[Use, ...]:
        """Uses that have not expired, the next to expire first."""
        query = select(checkpoint_uses).where(
            checkpoint_uses.c.checkpoint_id == checkpoint, checkpoint_uses.c.expires_at > now
        )
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(checkpoint_uses.c.expires_at)).mappings()
            return tuple(to(Use, row) for row in rows)

    def forget_expired(self, now: datetime) -> int:
        """Delete uses that have expired; how many."""
        with self._db.write() as connection:
            return connection.execute(delete(checkpoint_uses).where(checkpoint_uses.c.expires_at <= now)).rowcount
