"""The ledger: checkpoint records, their exams, and the trash. Does not know folders; it says which ones to move."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update

from realm.errors import ConflictError, NotFoundError, RealmError
from realm.rules.campaign import CampaignLife
from realm.rules.checkpoint import Checkpoint, CreatedBy
from realm.store.battles import require_live
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import campaigns, checkpoints

LOSSES: Final = ("val_loss", "perplexity", "train_loss")
# Of one step saved for two reasons, the record keeps the first in this order.
_SIGNIFICANCE: Final = (
    CreatedBy.START,
    CreatedBy.IMPORT,
    CreatedBy.MASTERY,
    CreatedBy.CHAMPION,
    CreatedBy.STOP,
    CreatedBy.PAUSE,
    CreatedBy.QUEST_END,
    CreatedBy.INTERVAL,
)
_NAME_WITHOUT_DATE: Final = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True, slots=True)
class Recorded:
    """`checkpoint` is the live record of its step; `surplus`, in the trash now, the one whose folder is to be moved."""

    checkpoint: Checkpoint
    surplus: Checkpoint | None


@dataclass(frozen=True, slots=True)
class VaultSize:
    """Numbers and bytes of checkpoints, live and in the trash."""

    live: int
    live_bytes: int
    trashed: int
    trashed_bytes: int


class CheckpointStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, checkpoint: Checkpoint, now: datetime, attempt: str | None = None) -> Recorded:
        """Enter a checkpoint into the ledger. A step has one live checkpoint:

        - the same weights again: one record under the older id, with its exam; of the two folders the one with the
          optimizer, else the newer, stays, and the other is surplus;
        - other weights: the newer replaces the older, which is surplus; but a champion stays and the newer is surplus.

        Recording the same folder again changes nothing. With `attempt`, one that has ended is refused.

        Raises:
            ConflictError: the attempt has ended.
        """
        with self._db.write() as connection:
            if attempt is not None:
                require_live(connection, attempt)
            older = _live_at(connection, checkpoint.campaign_id, checkpoint.step)
            if older is None:
                return Recorded(_enter(connection, checkpoint, now), None)
            if (older.sha256, older.path) == (checkpoint.sha256, checkpoint.path):
                return Recorded(older, None)
            known = _trashed_twin(connection, checkpoint)
            if known is not None:
                return Recorded(older, known)
            if older.sha256 == checkpoint.sha256:
                return _merge(connection, older, checkpoint, now)
            if older.id == _champion_of(connection, checkpoint.campaign_id):
                return Recorded(older, _enter(connection, replace(checkpoint, trashed_at=now), now))
            surplus = _mark(connection, older, now, now, "trashed")
            return Recorded(_enter(connection, checkpoint, now), surplus)

    def get(self, name: str, campaign_id: str | None = None) -> Checkpoint:
        """A checkpoint by id (`{campaign}/{name}`), or by name within a campaign, the active one if none is given.

        A name is the canonical one, or `checkpoint-{step}`.

        Raises:
            NotFoundError: no such checkpoint outside the trash.
        """
        with self._db.read() as connection:
            found = _resolve(connection, name, campaign_id)
            if found is None:
                raise _unknown(name)
            return found

    def newest(self, campaign_id: str, with_optimizer: bool = False) -> Checkpoint | None:
        """The live checkpoint of the highest step, or the highest that training can resume from."""
        query = _live(campaign_id).order_by(checkpoints.c.step.desc())
        if with_optimizer:
            query = query.where(checkpoints.c.has_optimizer)
        with self._db.read() as connection:
            return _first(connection, query)

    def page(
        self, campaign_id: str | None = None, limit: int = 50, offset: int = 0, trashed: bool = False
    ) -> tuple[Checkpoint, ...]:
        """Live checkpoints, or those in the trash, newest first."""
        query = select(checkpoints).where(
            checkpoints.c.trashed_at.is_not(None) if trashed else checkpoints.c.trashed_at.is_(None)
        )
        if campaign_id is not None:
            query = query.where(checkpoints.c.campaign_id == campaign_id)
        query = query.order_by(checkpoints.c.saved_at.desc(), checkpoints.c.step.desc()).limit(limit).offset(offset)
        with self._db.read() as connection:
            return tuple(to(Checkpoint, row) for row in connection.execute(query).mappings())

    def best(self, campaign_id: str, metric: str = "exam_accuracy") -> Checkpoint | None:
        """The best live checkpoint by exam_accuracy, skill:ID, val_loss, perplexity or train_loss; ties: earlier step.

        Exam accuracies are compared within the campaign's exam version.

        Raises:
            RealmError: an unknown metric.
        """
        with self._db.read() as connection:
            query = _live(campaign_id)
            value = _metric(metric)
            if metric in LOSSES:
                query = query.where(value.is_not(None)).order_by(value, checkpoints.c.step)
            else:
                version = select(campaigns.c.exam_version).where(campaigns.c.id == campaign_id).scalar_subquery()
                query = query.where(checkpoints.c.exam_version == version, value.is_not(None))
                query = query.order_by(value.desc(), checkpoints.c.step)
            return _first(connection, query)

    def set_exam(
        self,
        checkpoint: str,
        exam_accuracy: float,
        exam_skills: Mapping[str, float],
        exam_version: str,
        val_loss: float | None = None,
    ) -> Checkpoint:
        """Write an exam's result to a checkpoint's record; the event is the exam's. A later result replaces it.

        Raises:
            NotFoundError: no such checkpoint.
        """
        values: dict[str, Any] = {
            "exam_accuracy": exam_accuracy,
            "exam_skills": dict(exam_skills),
            "exam_version": exam_version,
        }
        if val_loss is not None:
            values["val_loss"] = val_loss
        with self._db.write() as connection:
            connection.execute(update(checkpoints).where(checkpoints.c.id == checkpoint).values(**values))
            return _by_id(connection, checkpoint)

    def set_path(self, checkpoint: str, path: str) -> Checkpoint:
        """Note where a checkpoint's folder lies after it was moved."""
        with self._db.write() as connection:
            connection.execute(update(checkpoints).where(checkpoints.c.id == checkpoint).values(path=path))
            return _by_id(connection, checkpoint)

    def trash(self, checkpoint: str, now: datetime) -> Checkpoint:
        """Mark a checkpoint as trashed; the caller moves its folder and notes its path.

        Raises:
            ConflictError: it is the champion, the newest, or the newest that training can resume from.
        """
        with self._db.write() as connection:
            found = _by_id(connection, checkpoint)
            if found.trashed_at is not None:
                return found
            if found.id == _champion_of(connection, found.campaign_id):
                raise ConflictError(f"Checkpoint {checkpoint} is the champion.", "The champion is never deleted.")
            by_step = _live(found.campaign_id).order_by(checkpoints.c.step.desc())
            for last in (_first(connection, by_step), _first(connection, by_step.where(checkpoints.c.has_optimizer))):
                if last is not None and last.id == found.id:
                    raise ConflictError(
                        f"Training goes on from checkpoint {checkpoint}.", "Trash it when there is a newer."
                    )
            return _mark(connection, found, now, now, "trashed")

    def restore(self, checkpoint: str, now: datetime) -> Checkpoint:
        """Take a checkpoint out of the trash; the caller moves its folder back and notes its path.

        Raises:
            ConflictError: another checkpoint is the live one of its step.
        """
        with self._db.write() as connection:
            found = _by_id(connection, checkpoint)
            if found.trashed_at is None:
                return found
            other = _live_at(connection, found.campaign_id, found.step)
            if other is not None:
                raise ConflictError(f"Step {found.step} has the live checkpoint {other.id}.", "Trash that one first.")
            return _mark(connection, found, None, now, "restored")

    def purge(self, checkpoint: str, now: datetime) -> None:
        """Forget a checkpoint in the trash, whose folder the caller has deleted. An unknown id changes nothing.

        Raises:
            ConflictError: it is not in the trash.
        """
        with self._db.write() as connection:
            found = _first(connection, select(checkpoints).where(checkpoints.c.id == checkpoint))
            if found is None:
                return
            gone = delete(checkpoints).where(checkpoints.c.id == checkpoint, checkpoints.c.trashed_at.is_not(None))
            if connection.execute(gone).rowcount == 0:
                raise ConflictError(f"Checkpoint {checkpoint} is not in the trash.", "Trash it first.")
            _tell(connection, now, "purged", found)

    def sizes(self, campaign_id: str | None = None) -> VaultSize:
        """How many checkpoints there are and their bytes."""
        trashed = checkpoints.c.trashed_at.is_not(None)
        query = select(trashed, func.count(), func.sum(checkpoints.c.size_bytes)).group_by(trashed)
        if campaign_id is not None:
            query = query.where(checkpoints.c.campaign_id == campaign_id)
        with self._db.read() as connection:
            found = {bool(key): (count, total) for key, count, total in connection.execute(query)}
        return VaultSize(*found.get(False, (0, 0)), *found.get(True, (0, 0)))


def _live(campaign_id: str) -> Select[Any]:
    return select(checkpoints).where(checkpoints.c.campaign_id == campaign_id, checkpoints.c.trashed_at.is_(None))


def _first(connection: Connection, query: Select[Any]) -> Checkpoint | None:
    row = connection.execute(query.limit(1)).mappings().one_or_none()
    return None if row is None else to(Checkpoint, row)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"There is no checkpoint {name!r}.", "`realm vault list` shows them.")


def _by_id(connection: Connection, checkpoint: str) -> Checkpoint:
    found = _first(connection, select(checkpoints).where(checkpoints.c.id == checkpoint))
    if found is None:
        raise _unknown(checkpoint)
    return found


def _live_at(connection: Connection, campaign_id: str, step: int) -> Checkpoint | None:
    return _first(connection, _live(campaign_id).where(checkpoints.c.step == step))


def _resolve(connection: Connection, name: str, campaign_id: str | None) -> Checkpoint | None:
    if "/" in name:
        found = _first(connection, select(checkpoints).where(checkpoints.c.id == name))
        return None if found is None or found.trashed_at is not None else found
    if campaign_id is None:
        active = select(campaigns.c.id).where(campaigns.c.life == CampaignLife.ACTIVE)
        campaign_id = connection.execute(active).scalar_one_or_none()
    if campaign_id is None:
        return None
    dateless = _NAME_WITHOUT_DATE.fullmatch(name)
    if dateless:
        return _live_at(connection, campaign_id, int(dateless[1]))
    return _first(connection, _live(campaign_id).where(checkpoints.c.canonical_name == name))


def _champion_of(connection: Connection, campaign_id: str) -> str | None:
    return connection.execute(select(campaigns.c.champion_id).where(campaigns.c.id == campaign_id)).scalar_one_or_none()


def _metric(metric: str) -> ColumnElement[Any]:
    if metric == "exam_accuracy" or metric in LOSSES:
        return checkpoints.c[metric]
    kind, _, skill = metric.partition(":")
    if kind != "skill" or not skill:
        known = ", ".join(("exam_accuracy", "skill:ID", *LOSSES))
        raise RealmError(f"Unknown metric {metric!r}.", f"Known are {known}.")
    return checkpoints.c.exam_skills[skill].as_float()


def _enter(connection: Connection, checkpoint: Checkpoint, now: datetime) -> Checkpoint:
    """Insert a record, under an id of its own when its name is taken."""
    entered = replace(checkpoint, id=_free_id(connection, checkpoint.id))
    connection.execute(insert(checkpoints).values(**values_of(entered)))
    _tell(connection, now, "saved" if entered.trashed_at is None else "trashed", entered)
    return entered


def _free_id(connection: Connection, wanted: str) -> str:
    """`wanted`, or with the first free `~2`, `~3`…: two checkpoints of one step and minute share a canonical name."""
    query = select(checkpoints.c.id).where(checkpoints.c.id.startswith(wanted, autoescape=True))
    taken = set(connection.execute(query).scalars())
    free, number = wanted, 2
    while free in taken:
        free, number = f"{wanted}~{number}", number + 1
    return free


def _trashed_twin(connection: Connection, checkpoint: Checkpoint) -> Checkpoint | None:
    """The same folder's record in the trash."""
    return _first(
        connection,
        select(checkpoints).where(
            checkpoints.c.campaign_id == checkpoint.campaign_id,
            checkpoints.c.step == checkpoint.step,
            checkpoints.c.trashed_at.is_not(None),
            checkpoints.c.path == checkpoint.path,
            checkpoints.c.sha256 == checkpoint.sha256,
        ),
    )


def _merge(connection: Connection, older: Checkpoint, newer: Checkpoint, now: datetime) -> Recorded:
    """One record for the same weights saved twice: see `record`."""
    keep, drop = (older, newer) if older.has_optimizer and not newer.has_optimizer else (newer, older)
    why = min(older, newer, key=lambda each: _SIGNIFICANCE.index(each.created_by))
    merged = replace(
        older,
        path=keep.path,
        size_bytes=keep.size_bytes,
        has_optimizer=keep.has_optimizer,
        created_by=why.created_by,
        skill_id=why.skill_id,
        skill_level=why.skill_level,
        mastered_levels=newer.mastered_levels,
    )
    connection.execute(update(checkpoints).where(checkpoints.c.id == older.id).values(**values_of(merged)))
    return Recorded(merged, _enter(connection, replace(drop, trashed_at=now), now))


def _mark(
    connection: Connection, found: Checkpoint, trashed_at: datetime | None, now: datetime, verb: str
) -> Checkpoint:
    """Put a checkpoint into the trash or take it out, if it still is where it was found."""
    query = update(checkpoints).where(
        checkpoints.c.id == found.id,
        checkpoints.c.trashed_at.is_not(None) if trashed_at is None else checkpoints.c.trashed_at.is_(None),
    )
    connection.execute(query.values(trashed_at=trashed_at))
    _tell(connection, now, verb, found)
    return replace(found, trashed_at=trashed_at)


def _tell(connection: Connection, now: datetime, verb: str, checkpoint: Checkpoint) -> None:
    data = {
        "checkpoint_id": checkpoint.id,
        "campaign_id": checkpoint.campaign_id,
        "step": checkpoint.step,
        "created_by": checkpoint.created_by,
        "size_bytes": checkpoint.size_bytes,
    }
    emit(
        connection, now, f"checkpoint.{verb}", f"Checkpoint {verb}: step {checkpoint.step}", checkpoint.created_by, data
    )
