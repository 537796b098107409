"""The course of campaigns: when each level was mastered and what it had cost. Only reads."""

from __future__ import annotations

from sqlalchemy import select

from realm.rules.transitions import Counters, Promotion, Transition, transitions
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
        points = select(
            battle_points.c.step,
            battle_points.c.tokens_seen,
            battle_points.c.examples_seen,
            battle_points.c.train_seconds,
        ).where(battle_points.c.campaign_id == campaign_id, battle_points.c.tokens_seen.is_not(None))
        with self._db.read() as connection:
            promotions = [Promotion(*row) for row in connection.execute(mastered.order_by(evaluations.c.id))]
            counters = [Counters(*row) for row in connection.execute(points.order_by(battle_points.c.step))]
        return transitions(promotions, counters)
