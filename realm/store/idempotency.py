"""Answers kept by the key that came with a request, so that a request sent twice is done once. Does not know HTTP.

Who begins a key does the request and then finishes the key or forgets it; others with the key wait or get the answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, delete, insert, select, update

from realm.errors import ConflictError
from realm.store.database import Database
from realm.store.tables import idempotency_keys as keys

KEPT: Final = timedelta(hours=24)
ANSWERED_WITHIN: Final = timedelta(minutes=15)
"""After so long without an answer, whoever began the request is taken for dead."""


class Answer(NamedTuple):
    status: int
    body: str


class IdempotencyStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def begin(self, key: str, request_sha256: str, now: datetime) -> Answer | None:
        """The answer that the request was given before; None when it is to be done now, by the caller.

        Raises:
            ConflictError: the key came with another request, or its request is being done.
        """
        with self._db.write() as connection:
            row = connection.execute(select(keys).where(keys.c.key == key)).one_or_none()
            if row is None:
                connection.execute(insert(keys).values(key=key, request_sha256=request_sha256, at=now))
                return None
            if row.request_sha256 != request_sha256:
                raise ConflictError(
                    f"The Idempotency-Key {key!r} came before with another request.",
                    "Give each request a key of its own.",
                )
            if row.status is not None:
                return Answer(row.status, row.body)
            # A time ahead of now was noted before the clock was set back: the wait begins anew.
            pending = now - row.at < ANSWERED_WITHIN
            if not pending or row.at > now:
                connection.execute(update(keys).where(_unanswered(key)).values(at=now))
        if pending:
            raise ConflictError(
                f"The request with the Idempotency-Key {key!r} is being answered.", "Send it again in a moment."
            )
        return None

    def finish(self, key: str, status: int, body: str, now: datetime) -> None:
        """Keep the answer. A key that has one, or was forgotten, stays as it is."""
        with self._db.write() as connection:
            connection.execute(update(keys).where(_unanswered(key)).values(status=status, body=body, at=now))

    def forget(self, key: str) -> None:
        """Let the request be done again: it failed and left nothing. A key that has an answer keeps it."""
        with self._db.write() as connection:
            connection.execute(delete(keys).where(_unanswered(key)))

    def prune(self, now: datetime, limit: int = 5000) -> int:
        """Forget keys of over 24 hours ago, at most `limit`; how many it was."""
        old = select(keys.c.key).where(keys.c.at < now - KEPT).order_by(keys.c.at).limit(limit)
        with self._db.write() as connection:
            return connection.execute(delete(keys).where(keys.c.key.in_(old))).rowcount


def _unanswered(key: str) -> ColumnElement[bool]:
    return (keys.c.key == key) & keys.c.status.is_(None)
