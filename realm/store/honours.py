"""Titles and achievements that campaigns earned. What was earned stays earned. Does not know how it is decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, select

from realm.rules.titles import Achievement, HeldHonour, HonourKind, Title
from realm.store.columns import to
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import honours


class HonourStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def award(
        self, campaign_id: str, titles: Iterable[Title], achievements: Iterable[Achievement], step: int, now: datetime
    ) -> tuple[HeldHonour, ...]:
        """Note what a campaign earned at `step`, with an event for each; what is new of it. Twice the same is once."""
        given = [(HonourKind.TITLE, each) for each in titles]
        given += [(HonourKind.ACHIEVEMENT, each) for each in achievements]
        made: dict[tuple[HonourKind, str], HeldHonour] = {}
        with self._db.write() as connection:
            held = {(each.kind, each.honour_id) for each in _held(connection, campaign_id)}
            for kind, each in given:
                if (kind, each.id) in held or (kind, each.id) in made:
                    continue
                values = {"campaign_id": campaign_id, "kind": kind, "honour_id": each.id, "at": now, "step": step}
                connection.execute(insert(honours).values(**values))
                data = {"campaign_id": campaign_id, "id": each.id, "step": step}
                title = f"{kind.capitalize()}: {each.name}"
                emit(connection, now, f"{kind}.earned", title, each.description, data)
                made[kind, each.id] = HeldHonour(kind, each.id, now, step)
        return tuple(made.values())

    def held(self, campaign_id: str) -> tuple[HeldHonour, ...]:
        """What a campaign earned, the first first."""
        with self._db.read() as connection:
            return tuple(_held(connection, campaign_id))


def _held(connection: Connection, campaign_id: str) -> list[HeldHonour]:
    columns = honours.c
    query = select(columns.kind, columns.honour_id, columns.at, columns.step)
    query = query.where(columns.campaign_id == campaign_id).order_by(columns.at, columns.kind, columns.honour_id)
    return [to(HeldHonour, row) for row in connection.execute(query).mappings()]
