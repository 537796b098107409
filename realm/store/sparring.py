"""Sparring sessions, recorded once per job, and the quests of theirs that have become too old."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, func, insert, select

from realm.rules.quest import QuestStatus
from realm.rules.sparring import SparringSession
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.events import emit
from realm.store.job_rows import note_recorded
from realm.store.tables import quests, sparring_sessions


class SparringStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, session: SparringSession) -> SparringSession:
        """Record a session; the one recorded before for the same job, if there is one."""
        with self._db.write() as connection:
            found = _of_job(connection, session.job_id)
            if found is not None:
                return found
            note_recorded(connection, session.job_id, session.at)
            values = {**values_of(session, "id"), "mistakes": session.mistakes}
            statement = insert(sparring_sessions).values(**values).returning(sparring_sessions.c.id)
            recorded = replace(session, id=connection.execute(statement).scalar_one())
            title = (
                f"Sparring on {session.skill_id} level {session.level}: {session.first_correct} of {session.n} right"
            )
            second = f"second try {session.second_correct} of {session.mistakes}" if session.mistakes else "no mistakes"
            made = f"{session.examples} examples queued" if session.quest_id else session.reason
            data = {
                name: getattr(recorded, name)
                for name in (
                    "campaign_id",
                    "skill_id",
                    "level",
                    "step",
                    "n",
                    "first_correct",
                    "second_correct",
                    "quest_id",
                )
            }
            detail = ", ".join(dict.fromkeys(part for part in (second, made) if part))
            emit(connection, session.at, "sparring.finished", title, detail, data)
            return recorded

    def of_job(self, job_id: str) -> SparringSession | None:
        """The session of a job, when it was recorded."""
        with self._db.read() as connection:
            return _of_job(connection, job_id)

    def page(self, campaign_id: str, limit: int = 50, skill_id: str | None = None) -> tuple[SparringSession, ...]:
        """The last sessions, of one skill or of all, newest first."""
        query = select(sparring_sessions).where(sparring_sessions.c.campaign_id == campaign_id)
        if skill_id is not None:
            query = query.where(sparring_sessions.c.skill_id == skill_id)
        query = query.order_by(sparring_sessions.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return tuple(to(SparringSession, row) for row in connection.execute(query).mappings())

    def newest(self, campaign_id: str) -> dict[str, SparringSession]:
        """The last session of each skill that has one, by skill id."""
        mine = sparring_sessions.c.campaign_id == campaign_id
        ids = select(func.max(sparring_sessions.c.id)).where(mine).group_by(sparring_sessions.c.skill_id)
        query = select(sparring_sessions).where(sparring_sessions.c.id.in_(ids))
        with self._db.read() as connection:
            return {row["skill_id"]: to(SparringSession, row) for row in connection.execute(query).mappings()}

    def waiting(self, campaign_id: str) -> tuple[SparringSession, ...]:
        """Sessions whose quest waits on the board, oldest first."""
        query = select(sparring_sessions).join(quests, quests.c.id == sparring_sessions.c.quest_id)
        query = query.where(quests.c.campaign_id == campaign_id, quests.c.status == QuestStatus.QUEUED)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(sparring_sessions.c.id)).mappings()
            return tuple(to(SparringSession, row) for row in rows)


def _of_job(connection: Connection, job_id: str) -> SparringSession | None:
    row = connection.execute(select(sparring_sessions).where(sparring_sessions.c.job_id == job_id)).mappings()
    found = row.one_or_none()
    return None if found is None else to(SparringSession, found)
