"""Milestones: what people wrote, a row each, and what a campaign's rows tell of by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from realm.errors import RequestError
from realm.rules.milestones import Crowning, Deeds, Milestone, Told
from realm.rules.titles import HeldHonour
from realm.rules.transitions import Mastery
from realm.store.campaigns import campaign_by_id
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.tables import attempts, battle_points, checkpoints, evaluations, honours, milestones, verdicts

TITLE_LENGTH = 200
NOTE_LENGTH = 2000


class MilestoneStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def deeds(self, campaign_id: str) -> Deeds:
        """What the rows tell of.

        Raises:
            NotFoundError: no such campaign.
        """
        with self._db.read() as connection:
            found = campaign_by_id(connection, campaign_id)
            begun = select(func.min(attempts.c.started_at)).where(attempts.c.campaign_id == campaign_id)
            return Deeds(
                found.created_at,
                found.starting_checkpoint_id,
                connection.execute(begun).scalar_one(),
                _mastered(connection, campaign_id),
                _crownings(connection, campaign_id, found.champion_id),
                _honours(connection, campaign_id),
                _verdicts(connection, campaign_id),
            )

    def written(self, campaign_id: str) -> tuple[Milestone, ...]:
        """What people wrote, in the order of time."""
        query = select(milestones).where(milestones.c.campaign_id == campaign_id)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(milestones.c.at, milestones.c.key)).mappings()
            return tuple(to(Milestone, row) for row in rows)

    def write(self, campaign_id: str, milestone: Milestone) -> None:
        """Keep a milestone with its note; of one that is kept, its note is changed.

        Raises:
            NotFoundError: no such campaign.
            RequestError: the title or the note is too long.
        """
        for name, text, most in (("title", milestone.title, TITLE_LENGTH), ("note", milestone.note, NOTE_LENGTH)):
            if len(text) > most:
                raise RequestError(f"The {name} has {len(text)} characters.", f"{most} are the most.")
        with self._db.write() as connection:
            campaign_by_id(connection, campaign_id)
            kept = update(milestones).where(milestones.c.campaign_id == campaign_id, milestones.c.key == milestone.key)
            if connection.execute(kept.values(note=milestone.note)).rowcount == 0:
                connection.execute(insert(milestones).values(campaign_id=campaign_id, **values_of(milestone)))

    def erase(self, campaign_id: str, key: str) -> None:
        """Forget what was written under a key; nothing where nothing was."""
        with self._db.write() as connection:
            here = milestones.c.campaign_id == campaign_id
            connection.execute(delete(milestones).where(here, milestones.c.key == key))

    def present_step(self, campaign_id: str) -> int:
        """The step that training has reached, of metric points and checkpoints."""
        points = select(func.max(battle_points.c.step)).where(battle_points.c.campaign_id == campaign_id)
        saved = select(func.max(checkpoints.c.step)).where(checkpoints.c.campaign_id == campaign_id)
        with self._db.read() as connection:
            return max(connection.execute(each).scalar_one() or 0 for each in (points, saved))

    def overrides(self, campaign_id: str) -> tuple[int, datetime, datetime | None, dict[str, Any] | None] | None:
        """Of the newest attempt: its number, when it began and ended, and the settings that differed from their
        defaults when it began, None where that was not kept. None before the first."""
        columns = attempts.c
        query = select(columns.number, columns.started_at, columns.ended_at, columns.overrides)
        query = query.where(columns.campaign_id == campaign_id).order_by(columns.number.desc()).limit(1)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        number, began, ended, settings = row
        return number, began, ended, settings


def _mastered(connection: Connection, campaign_id: str) -> tuple[Mastery, ...]:
    columns = evaluations.c
    query = select(columns.skill_id, columns.mastered_level, columns.step, columns.created_at)
    query = query.where(columns.campaign_id == campaign_id, columns.mastered_level.is_not(None))
    return tuple(Mastery(*row) for row in connection.execute(query.order_by(columns.id)))


def _crownings(connection: Connection, campaign_id: str, champion_id: str | None) -> tuple[Crowning, ...]:
    """The first champion that the ledger still has, and the present one."""
    columns = checkpoints.c
    query = select(
        columns.id, func.coalesce(columns.crowned_at, columns.promoted_at), columns.step, columns.exam_accuracy
    )
    query = query.where(columns.campaign_id == campaign_id)
    crowned = columns.crowned_at.is_not(None) | columns.promoted_at.is_not(None)
    first = query.where(crowned).order_by(func.coalesce(columns.crowned_at, columns.promoted_at), columns.step).limit(1)
    now = query.where(crowned, columns.id == champion_id)
    found = {row[0]: Crowning(*row) for each in (first, now) for row in connection.execute(each)}
    return tuple(found.values())


def _honours(connection: Connection, campaign_id: str) -> tuple[HeldHonour, ...]:
    query = select(honours).where(honours.c.campaign_id == campaign_id)
    rows = connection.execute(query.order_by(honours.c.at, honours.c.kind, honours.c.honour_id)).mappings()
    return tuple(to(HeldHonour, row) for row in rows)


def _verdicts(connection: Connection, campaign_id: str) -> tuple[Told, ...]:
    columns = verdicts.c
    query = select(columns.number, columns.words, columns.step, columns.at, columns.withdrawn_at)
    query = query.where(columns.campaign_id == campaign_id).order_by(columns.number)
    return tuple(Told(*row) for row in connection.execute(query))
