"""Answers kept by the key that their requests came with. Does not know what the requests were."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select, update

from realm.errors import ConflictError
from realm.store.database import Database
from realm.store.tables import idempotency_keys

KEPT: Final = timedelta(days=1)
ABANDONED: Final = timedelta(minutes=15)
"""A request that is not answered by then never will be: its server was killed."""


class IdempotencyStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def begin(self, key: str, request_sha256: str, now: datetime) -> tuple[int, str] | None:
        """Take a key for a request; the status and body of the answer that it was used for before.

        Raises:
            ConflictError: it was used for another request, or its first request is not answered yet.
        """
        here = idempotency_keys.c.key == key
        with self._db.write() as connection:
            connection.execute(delete(idempotency_keys).where(here, idempotency_keys.c.at < now - KEPT))
            row = connection.execute(select(idempotency_keys).where(here)).mappings().one_or_none()
            if row is None:
                connection.execute(insert(idempotency_keys).values(key=key, request_sha256=request_sha256, at=now))
                return None
            if row["request_sha256"] != request_sha256:
                raise ConflictError(f"Key {key!r} was used for another request.", "Take a new key for each request.")
            if row["status"] is not None:
                return row["status"], row["body"]
            if row["at"] < now - ABANDONED:
                connection.execute(update(idempotency_keys).where(here).values(at=now))
                return None
            raise ConflictError(f"The first request of key {key!r} is not answered yet.", "Ask again in a moment.")

    def finish(self, key: str, status: int, body: str, now: datetime) -> None:
        """Keep an answer."""
        change = update(idempotency_keys).where(idempotency_keys.c.key == key)
        with self._db.write() as connection:
            connection.execute(change.values(status=status, body=body, at=now))

    def forget(self, key: str) -> None:
        """Give a key back whose request was refused."""
        gone = delete(idempotency_keys).where(idempotency_keys.c.key == key, idempotency_keys.c.status.is_(None))
        with self._db.write() as connection:
            connection.execute(gone)
