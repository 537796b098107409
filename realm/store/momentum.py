"""The facts of a campaign's momentum that the books have, read in one transaction. Only reads; knows no disk."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, func, select

from realm.rules.battle import Attempt, Battle
from realm.rules.campaign import Campaign
from realm.rules.job import JobStatus, JobType
from realm.rules.momentum import FAILING, Facts, Failing, Start
from realm.rules.quest import QuestStatus
from realm.store.campaigns import campaign_by_id
from realm.store.columns import to
from realm.store.database import Database
from realm.store.tables import attempts, battles, checkpoints, jobs, quests

LOOKED_AT: Final = 20
"""Newest evaluations and exams that are looked at for failures in a row."""
SHOWN: Final = 5
"""Failing quests that are told, those that failed most often."""


class MomentumReads:
    def __init__(self, db: Database) -> None:
        self._db = db

    def facts(self, campaign_id: str) -> Facts:
        """What the books say of a campaign.

        Raises:
            NotFoundError: no such campaign.
        """
        with self._db.read() as connection:
            campaign = campaign_by_id(connection, campaign_id)
            battle = _newest_battle(connection, campaign_id)
            return Facts(
                campaign_id=campaign_id,
                life=campaign.life,
                battle=battle,
                attempts=() if battle is None else _attempts(connection, battle.id),
                queued=_queued(connection, campaign_id),
                trouble=campaign.trouble,
                trouble_at=campaign.trouble_at,
                start=_start(connection, campaign),
                failing_quests=_failing_quests(connection, campaign_id),
                failing_evaluations=_failing_evaluations(connection, campaign_id),
            )


def _newest_battle(connection: Connection, campaign_id: str) -> Battle | None:
    query = select(battles).where(battles.c.campaign_id == campaign_id).order_by(battles.c.number.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else to(Battle, row)


def _attempts(connection: Connection, battle_id: str) -> tuple[Attempt, ...]:
    query = select(attempts).where(attempts.c.battle_id == battle_id).order_by(attempts.c.number)
    return tuple(to(Attempt, row) for row in connection.execute(query).mappings())


def _queued(connection: Connection, campaign_id: str) -> int:
    here = (quests.c.campaign_id == campaign_id, quests.c.status == QuestStatus.QUEUED)
    return connection.execute(select(func.count()).where(*here)).scalar_one()


def _start(connection: Connection, campaign: Campaign) -> Start | None:
    """What a campaign begins with instead of the hero's base model, while it has no checkpoint to resume from."""
    if campaign.starting_checkpoint_id is None:
        return None
    own = select(checkpoints.c.id).where(
        checkpoints.c.campaign_id == campaign.id, checkpoints.c.trashed_at.is_(None), checkpoints.c.has_optimizer
    )
    if connection.execute(own.limit(1)).one_or_none() is not None:
        return None
    row: Any = connection.execute(
        select(checkpoints.c.path).where(checkpoints.c.id == campaign.starting_checkpoint_id)
    ).one_or_none()
    return Start(campaign.starting_checkpoint_id, "" if row is None else row.path)


def _failing_quests(connection: Connection, campaign_id: str) -> tuple[Failing, ...]:
    columns = quests.c
    query = select(columns.id, columns.name, columns.failures, columns.reason).where(
        columns.campaign_id == campaign_id, columns.status == QuestStatus.FAILED, columns.failures >= FAILING
    )
    rows = connection.execute(query.order_by(columns.failures.desc(), columns.id).limit(SHOWN))
    return tuple(Failing(row.id, row.name, row.failures, row.reason or "") for row in rows)


def _failing_evaluations(connection: Connection, campaign_id: str) -> Failing | None:
    """Evaluations and exams of the campaign that failed in a row up to now; None when the last one did not."""
    columns = jobs.c
    query = select(columns.id, columns.status, columns.payload, columns.error, columns.attempts, columns.finished_at)
    query = query.where(
        columns.type.in_((JobType.EVAL, JobType.EXAM)), columns.status.in_((JobStatus.COMPLETED, JobStatus.FAILED))
    )
    ended = connection.execute(query.order_by(columns.id.desc()).limit(LOOKED_AT)).all()
    failed: list[Any] = []
    for row in ended:
        if row.payload.get("campaign_id") != campaign_id:
            continue
        if row.status != JobStatus.FAILED:
            break
        failed.append(row)
    if not failed:
        return None
    last = failed[0]
    return Failing(str(last.id), "evaluation", len(failed), last.error or "", last.attempts, last.finished_at)
