"""What a model card says of a checkpoint, read from all the books in one transaction. Writes nothing."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, or_, select

from realm.errors import NotFoundError
from realm.rules.campaign import Campaign
from realm.rules.checkpoint import Checkpoint, CreatedBy
from realm.rules.model_card import CardFacts, is_of
from realm.rules.passives import PassiveResult
from realm.rules.progression import Evaluation, Exam
from realm.rules.quest import Quest
from realm.store.columns import to
from realm.store.database import Database
from realm.store.tables import campaigns, checkpoints, evaluations, exams, passive_results, quests, skill_states

ANCESTORS: Final = 20
"""Ancestors that are looked up; a long campaign has thousands."""


class ModelCardStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def facts(self, checkpoint_id: str) -> CardFacts:
        """What is known of a checkpoint, all from one moment.

        Raises:
            NotFoundError: no such checkpoint.
        """
        with self._db.read() as connection:
            checkpoint = _checkpoint(connection, checkpoint_id)
            if checkpoint is None:
                raise NotFoundError(f"There is no checkpoint {checkpoint_id!r}.", "`realm vault list` shows them.")
            campaign = select(campaigns).where(campaigns.c.id == checkpoint.campaign_id)
            levels = select(skill_states.c.skill_id, skill_states.c.max_level)
            levels = levels.where(skill_states.c.campaign_id == checkpoint.campaign_id)
            return CardFacts(
                checkpoint=checkpoint,
                campaign=to(Campaign, connection.execute(campaign).mappings().one()),
                exam=_exam(connection, checkpoint),
                evaluations=_evaluations(connection, checkpoint),
                passives=_passives(connection, checkpoint),
                quests=_quests(connection, checkpoint),
                ancestors=_ancestors(connection, checkpoint),
                start=_start(connection, checkpoint.campaign_id),
                max_levels=dict(connection.execute(levels).all()),
            )

    def start_of(self, campaign_id: str) -> Checkpoint | None:
        """The checkpoint of step 0 that a campaign began from, when it has one."""
        with self._db.read() as connection:
            return _start(connection, campaign_id)


def _checkpoint(connection: Connection, checkpoint_id: str) -> Checkpoint | None:
    row = connection.execute(select(checkpoints).where(checkpoints.c.id == checkpoint_id)).mappings().one_or_none()
    return None if row is None else to(Checkpoint, row)


def _exam(connection: Connection, checkpoint: Checkpoint) -> Exam | None:
    """The exam whose result the ledger has: of the checkpoint, or of the snapshot that it was saved from."""
    if checkpoint.exam_version is None:
        return None
    query = select(exams).where(
        exams.c.campaign_id == checkpoint.campaign_id,
        exams.c.step == checkpoint.step,
        exams.c.exam_version == checkpoint.exam_version,
    )
    for row in connection.execute(query.order_by(exams.c.id.desc())).mappings():
        found = to(Exam, row)
        same = found.exam_accuracy == checkpoint.exam_accuracy
        if same and is_of(checkpoint, found.checkpoint_id, found.step):
            return found
    return None


def _evaluations(connection: Connection, checkpoint: Checkpoint) -> tuple[Evaluation, ...]:
    columns = evaluations.c
    here = (columns.campaign_id == checkpoint.campaign_id, columns.step <= checkpoint.step)
    skills = connection.execute(select(columns.skill_id).where(*here).distinct().order_by(columns.skill_id))
    found: list[Evaluation] = []
    for skill in skills.scalars().all():
        of_skill = select(evaluations).where(*here, columns.skill_id == skill)
        of_step = of_skill.where(columns.step == checkpoint.step).order_by(columns.level, columns.id)
        read = [to(Evaluation, row) for row in connection.execute(of_step).mappings()]
        own = [each for each in read if is_of(checkpoint, each.checkpoint_id, each.step)]
        if not own:
            newest = of_skill.order_by(columns.step.desc(), columns.id.desc()).limit(1)
            own = [to(Evaluation, row) for row in connection.execute(newest).mappings()]
        found += own
    return tuple(found)


def _passives(connection: Connection, checkpoint: Checkpoint) -> tuple[PassiveResult, ...]:
    """The newest result of each passive that the checkpoint was asked."""
    query = select(passive_results).where(passive_results.c.checkpoint_id == checkpoint.id)
    rows = connection.execute(query.order_by(passive_results.c.id)).mappings()
    newest = {row["passive"]: to(PassiveResult, row) for row in rows}
    return tuple(newest[name] for name in sorted(newest))


def _quests(connection: Connection, checkpoint: Checkpoint) -> tuple[Quest, ...]:
    """Quests that had steps before the checkpoint's, whatever became of them; one under way has no last step yet."""
    query = select(quests).where(
        quests.c.campaign_id == checkpoint.campaign_id,
        quests.c.first_step < checkpoint.step,
        or_(quests.c.last_step.is_(None), quests.c.last_step > quests.c.first_step),
    )
    rows = connection.execute(query.order_by(quests.c.first_step, quests.c.position)).mappings()
    return tuple(to(Quest, row) for row in rows)


def _ancestors(connection: Connection, checkpoint: Checkpoint) -> tuple[Checkpoint, ...]:
    found: list[Checkpoint] = []
    parent = checkpoint.parent_id
    while parent is not None and len(found) < ANCESTORS:
        ancestor = _checkpoint(connection, parent)
        if ancestor is None:
            break
        found.append(ancestor)
        parent = ancestor.parent_id
    return tuple(found)


def _start(connection: Connection, campaign_id: str) -> Checkpoint | None:
    query = select(checkpoints).where(
        checkpoints.c.campaign_id == campaign_id,
        checkpoints.c.step == 0,
        checkpoints.c.created_by.in_((CreatedBy.START, CreatedBy.IMPORT)),
        checkpoints.c.trashed_at.is_(None),
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else to(Checkpoint, row)
