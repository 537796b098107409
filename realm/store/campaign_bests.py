"""Personal bests and strain of a campaign, read from the books. Only reads."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from realm.errors import NotFoundError
from realm.rules.bests import Bests, Mark, advanced
from realm.rules.strain import Strain, strain_of
from realm.store.database import Database
from realm.store.tables import battle_points, campaigns, checkpoints, evaluations, exams

_AT_ONCE = 500
"""Ids a query asks for."""


@dataclass(frozen=True, slots=True)
class LowLoss:
    """The lowest loss and where it was measured."""

    loss: float
    step: int
    at: datetime


@dataclass(frozen=True, slots=True)
class BestExam:
    """The exam with the best accuracy of the campaign's exam version; of equals the first."""

    accuracy: float
    n: int
    step: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CampaignBests:
    """`moments`: when each evaluation was recorded that `evaluations` names, by its id. `train_loss`: of the metric
    points that are kept. `val_loss`: of exams, else of checkpoints."""

    evaluations: Bests
    moments: dict[int, datetime]
    train_loss: LowLoss | None
    val_loss: LowLoss | None
    exam: BestExam | None
    strain: Strain


class BestsReader:
    """Reads bests; evaluations are only added, so a campaign's next reading takes what came since. From any thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, Bests] = {}
        self._reading = threading.Lock()

    def read(self, campaign_id: str) -> CampaignBests:
        """The campaign's bests.

        Raises:
            NotFoundError: no such campaign.
        """
        with self._reading, self._db.read() as connection:
            query = select(campaigns.c.exam_version).where(campaigns.c.id == campaign_id)
            version = connection.execute(query).scalar_one_or_none()
            if version is None:
                raise NotFoundError(f"There is no campaign {campaign_id!r}.", "`realm campaign list` names them.")
            known = self._known.get(campaign_id, Bests())
            bests = self._known[campaign_id] = advanced(known, _marks(connection, campaign_id, known.upto))
            return CampaignBests(
                bests,
                _moments(connection, {mark.id for mark in bests.levels.values()}),
                _train_loss(connection, campaign_id),
                _val_loss(connection, campaign_id),
                _exam(connection, campaign_id, version),
                strain_of(_losses(connection, campaign_id)),
            )


def _marks(connection: Connection, campaign_id: str, after: int) -> Iterable[Mark]:
    columns = evaluations.c
    query = select(columns.id, columns.skill_id, columns.level, columns.step, columns.n, columns.correct)
    query = query.where(columns.campaign_id == campaign_id, columns.id > after).order_by(columns.id)
    return (Mark(*row) for row in connection.execute(query))


def _moments(connection: Connection, ids: Iterable[int]) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    ordered = sorted(ids)
    for first in range(0, len(ordered), _AT_ONCE):
        query = select(evaluations.c.id, evaluations.c.created_at)
        rows = connection.execute(query.where(evaluations.c.id.in_(ordered[first : first + _AT_ONCE])))
        found |= {row[0]: row[1] for row in rows}
    return found


def _losses(connection: Connection, campaign_id: str) -> Iterable[tuple[int, float]]:
    query = select(battle_points.c.step, battle_points.c.train_loss).where(battle_points.c.campaign_id == campaign_id)
    return ((step, loss) for step, loss in connection.execute(query))


def _train_loss(connection: Connection, campaign_id: str) -> LowLoss | None:
    columns = battle_points.c
    query = select(columns.train_loss, columns.step, columns.at).where(columns.campaign_id == campaign_id)
    row = connection.execute(query.order_by(columns.train_loss, columns.step).limit(1)).one_or_none()
    return None if row is None else LowLoss(*row)


def _val_loss(connection: Connection, campaign_id: str) -> LowLoss | None:
    for table, at in ((exams, exams.c.created_at), (checkpoints, checkpoints.c.saved_at)):
        query = select(table.c.val_loss, table.c.step, at)
        query = query.where(table.c.campaign_id == campaign_id, table.c.val_loss.is_not(None))
        row = connection.execute(query.order_by(table.c.val_loss, table.c.step).limit(1)).one_or_none()
        if row is not None:
            return LowLoss(*row)
    return None


def _exam(connection: Connection, campaign_id: str, version: str) -> BestExam | None:
    columns = exams.c
    query = select(columns.exam_accuracy, columns.n, columns.step, columns.created_at)
    query = query.where(columns.campaign_id == campaign_id, columns.exam_version == version)
    row = connection.execute(
        query.order_by(columns.exam_accuracy.desc(), columns.step, columns.id).limit(1)
    ).one_or_none()
    return None if row is None else BestExam(*row)
