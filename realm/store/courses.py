"""The course of campaigns: when each level was mastered and what it had cost. Only reads."""

from __future__ import annotations

from sqlalchemy import Connection, select

from realm.rules.transitions import Counters, Mastery, Transition, transitions
from realm.store.database import Database
from realm.store.tables import battle_points, evaluations


class CourseReader:
    def __init__(self, db: Database) -> None:
        self._db = db

    def transitions(self, campaign_id: str) -> tuple[Transition, ...]:
        """Every promotion of a campaign, oldest first, with its cost."""
        mastered = select(
            evaluations.c.skill_id, evaluations.c.mastered_level, evaluations.c.step, evaluations.c.created_at
        ).where(evaluations.c.campaign_id == campaign_id, evaluations.c.mastered_level.is_not(None))
        with self._db.read() as connection:
            promotions = [Mastery(*row) for row in connection.execute(mastered.order_by(evaluations.c.id))]
            counters = read_counters(connection, campaign_id)
        return transitions(promotions, counters)


def read_counters(connection: Connection, campaign_id: str) -> list[Counters]:
    """What a campaign had taken by each of its metric points, ascending by step."""
    columns = battle_points.c
    query = select(columns.step, columns.tokens_seen, columns.examples_seen, columns.train_seconds)
    query = query.where(columns.campaign_id == campaign_id, columns.tokens_seen.is_not(None)).order_by(columns.step)
    return [Counters(*row) for row in connection.execute(query)]
