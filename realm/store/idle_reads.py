"""What idle-time work is decided from, read from the books. Only reads, and does not know the rules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from realm.rules.idle_work import TAG
from realm.rules.job import JobType
from realm.store.database import Database
from realm.store.job_rows import OPEN
from realm.store.tables import checkpoints, evaluations, jobs, locations

LOOKED_AT = 200
"""Newest jobs of a type among which the last idle one is looked for."""


class IdleReads:
    def __init__(self, db: Database) -> None:
        self._db = db

    def levels_asked(self, campaign_id: str) -> dict[str, dict[int, int]]:
        """Skill → level → the newest step whose weights it was asked of, as an evaluation or as a review."""
        found: dict[str, dict[int, int]] = {}
        with self._db.read() as connection:
            for column in (evaluations.c.level, evaluations.c.review_level):
                query = select(evaluations.c.skill_id, column, func.max(evaluations.c.step)).where(
                    evaluations.c.campaign_id == campaign_id, column.is_not(None)
                )
                for skill_id, level, step in connection.execute(query.group_by(evaluations.c.skill_id, column)):
                    levels = found.setdefault(skill_id, {})
                    levels[level] = max(step, levels.get(level, step))
        return found

    def copies(self, limit: int = 50) -> dict[str, datetime]:
        """Live checkpoints with copies outside home: when the one of them that was verified first was verified."""
        oldest = func.min(locations.c.verified_at)
        query = (
            select(locations.c.asset_id, oldest)
            .join(checkpoints, checkpoints.c.id == locations.c.asset_id)
            .where(checkpoints.c.trashed_at.is_(None))
            .group_by(locations.c.asset_id)
            .order_by(oldest, locations.c.asset_id)
            .limit(limit)
        )
        with self._db.read() as connection:
            return {asset_id: at for asset_id, at in connection.execute(query)}  # noqa: C416 - typed as pairs

    def retained(self) -> dict[str, datetime]:
        """Zone → when a job for its retention was last queued, by whomever."""
        query = select(jobs.c.payload, jobs.c.created_at).where(jobs.c.type == JobType.RETENTION)
        found: dict[str, datetime] = {}
        with self._db.read() as connection:
            for payload, at in connection.execute(query.order_by(jobs.c.id.desc()).limit(LOOKED_AT)):
                found.setdefault(payload["zone"], at)
        return found

    def last_idle(self, job_type: JobType) -> tuple[datetime, bool] | None:
        """When the last idle-time job of a type was queued and whether it is open; None if not of late."""
        query = select(jobs.c.created_at, jobs.c.status, jobs.c.tags).where(jobs.c.type == job_type)
        with self._db.read() as connection:
            for at, status, tags in connection.execute(query.order_by(jobs.c.id.desc()).limit(LOOKED_AT)):
                if TAG in tags:
                    return at, status in OPEN
        return None
