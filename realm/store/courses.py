"""The course of campaigns: when each level was mastered and what it had cost. Only reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, select

from realm.rules.transitions import Counters, Mastery, Transition, at_step, transitions
from realm.store.database import Database
from realm.store.tables import battle_points, evaluations


class CourseReader:
    """Of the points it reads those beside the steps that are asked for: a campaign may have very many."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def transitions(self, campaign_id: str) -> tuple[Transition, ...]:
        """Every promotion of a campaign, oldest first, with its cost."""
        mastered = select(
            evaluations.c.skill_id, evaluations.c.mastered_level, evaluations.c.step, evaluations.c.created_at
        ).where(evaluations.c.campaign_id == campaign_id, evaluations.c.mastered_level.is_not(None))
        with self._db.read() as connection:
            promotions = [Mastery(*row) for row in connection.execute(mastered.order_by(evaluations.c.id))]
            points = _points(connection, campaign_id, (each.step for each in promotions))
        return transitions(promotions, points)

    def counters(self, campaign_id: str, steps: Iterable[int]) -> dict[int, Counters | None]:
        """What the campaign had taken at each of these steps; None beyond the last point that tells."""
        asked = set(steps)
        with self._db.read() as connection:
            points = _points(connection, campaign_id, asked)
        return {step: at_step(points, step) for step in asked}

    def reached(self, campaign_id: str) -> Counters | None:
        """What the campaign has taken up to its newest point; None before the first."""
        query = _told(campaign_id).order_by(battle_points.c.step.desc()).limit(1)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Counters(*row)


def read_counters(connection: Connection, campaign_id: str) -> list[Counters]:
    """What a campaign had taken by each of its metric points, ascending by step."""
    return [Counters(*row) for row in connection.execute(_told(campaign_id).order_by(battle_points.c.step))]


def _told(campaign_id: str) -> Select[*tuple[Any, ...]]:
    """The points that tell what had been taken."""
    columns = battle_points.c
    query = select(columns.step, columns.tokens_seen, columns.examples_seen, columns.train_seconds)
    return query.where(columns.campaign_id == campaign_id, columns.tokens_seen.is_not(None))


def _points(connection: Connection, campaign_id: str, steps: Iterable[int]) -> list[Counters]:
    """The points at or after each of these steps, and those before them, in order."""
    found: set[Counters] = set()
    for step in set(steps):
        query = _told(campaign_id)
        after = query.where(battle_points.c.step >= step).order_by(battle_points.c.step).limit(1)
        before = query.where(battle_points.c.step < step).order_by(battle_points.c.step.desc()).limit(1)
        found |= {Counters(*row) for each in (after, before) for row in connection.execute(each)}
    return sorted(found, key=lambda each: each.step)
