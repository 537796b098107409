"""The ledger: checkpoint records, their exams, and the trash. Does not know folders; it says which ones to move."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, select, update

from realm.errors import ConflictError
from realm.rules.checkpoint import Checkpoint, CreatedBy, TrashedBy
from realm.rules.protection import (
    FORMER_CHAMPION,
    IMPORTED,
    LATEST,
    MASTERY,
    NEWEST_MASTERY,
    RESUMABLE,
    Guard,
    guard_of,
)
from realm.store.battles import require_live
from realm.store.checkpoint_reads import CheckpointReads, anchors_of
from realm.store.checkpoint_rows import by_id, enter, first, live_at, mark, tell, write_skills
from realm.store.columns import values_of
from realm.store.tables import checkpoint_uses, checkpoints, locations

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
_UNTIL_A_NEWER: Final = frozenset({LATEST, RESUMABLE, NEWEST_MASTERY, MASTERY, FORMER_CHAMPION, IMPORTED})


@dataclass(frozen=True, slots=True)
class Recorded:
    """`checkpoint` is the live record of its step; `surplus`, in the trash now, the one whose folder is to be moved."""

    checkpoint: Checkpoint
    surplus: Checkpoint | None


class CheckpointStore(CheckpointReads):
    def record(self, checkpoint: Checkpoint, now: datetime, attempt: str | None = None) -> Recorded:
        """Enter a checkpoint into the ledger. A step has one live checkpoint:

        - the same weights again: one record under the older id, with its exam; of the two folders the one with the
          optimizer, else the newer, stays, and the other is surplus;
        - other weights: the newer replaces the older, which is surplus; but one that is protected for more than being
          the latest (a champion, promoted, a start, in use) stays and the newer is surplus.

        Recording the same folder again changes nothing. With `attempt`, one that has ended is refused.

        Raises:
            ConflictError: the attempt has ended.
        """
        with self._db.write() as connection:
            if attempt is not None:
                require_live(connection, attempt)
            older = live_at(connection, checkpoint.campaign_id, checkpoint.step)
            if older is None:
                return Recorded(enter(connection, checkpoint, now), None)
            if (older.sha256, older.path) == (checkpoint.sha256, checkpoint.path):
                return Recorded(older, None)
            known = _trashed_twin(connection, checkpoint)
            if known is not None:
                return Recorded(older, known)
            if older.sha256 == checkpoint.sha256:
                return _merge(connection, older, checkpoint, now)
            guard = _guard(connection, older, now)
            if not guard.deletable and not _UNTIL_A_NEWER.issuperset(guard.because):
                return Recorded(older, enter(connection, _replaced(checkpoint, now), now))
            surplus = mark(connection, older, now, "trashed", now, TrashedBy.REPLACED)
            return Recorded(enter(connection, checkpoint, now), surplus)

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
            found = by_id(connection, checkpoint)
            write_skills(connection, found)
            return found

    def set_path(self, checkpoint: str, path: str) -> Checkpoint:
        """Note where a checkpoint's folder lies after it was moved; "" when its home copy is gone."""
        with self._db.write() as connection:
            connection.execute(update(checkpoints).where(checkpoints.c.id == checkpoint).values(path=path))
            return by_id(connection, checkpoint)

    def leave_home(self, checkpoint: str, now: datetime, current: Collection[str] = ()) -> Checkpoint:
        """Note that a checkpoint has no home copy any more; the caller removes the folder it had.

        Raises:
            ConflictError: retention leaves it alone, with the reasons, or it has no other copy.
        """
        with self._db.write() as connection:
            found = by_id(connection, checkpoint)
            guard = _guard(connection, found, now, current)
            if guard.kept:
                raise _protected(found, guard)
            if connection.execute(select(locations).where(locations.c.asset_id == checkpoint)).first() is None:
                raise ConflictError(f"Checkpoint {checkpoint} has its only copy at home.", "Transfer it first.")
            connection.execute(update(checkpoints).where(checkpoints.c.id == checkpoint).values(path=""))
            return replace(found, path="")

    def trash(
        self, checkpoint: str, now: datetime, by: TrashedBy = TrashedBy.RETENTION, current: Collection[str] = ()
    ) -> Checkpoint:
        """Mark a checkpoint as trashed; the caller moves its folder and notes its path.

        `current`: ids that `models/current_model` points at. What is looked at and marked is one transaction: nothing
        becomes champion or is taken into use in between.

        Raises:
            ConflictError: it is sacred or protected, with the reasons.
        """
        with self._db.write() as connection:
            found = by_id(connection, checkpoint)
            if found.trashed_at is not None:
                return found
            guard = _guard(connection, found, now, current)
            if not guard.deletable:
                raise _protected(found, guard)
            return mark(connection, found, now, "trashed", now, by)

    def restore(self, checkpoint: str, now: datetime) -> Checkpoint:
        """Take a checkpoint out of the trash; the caller moves its folder back and notes its path.

        Raises:
            ConflictError: another checkpoint is the live one of its step.
        """
        with self._db.write() as connection:
            found = by_id(connection, checkpoint)
            if found.trashed_at is None:
                return found
            other = live_at(connection, found.campaign_id, found.step)
            if other is not None:
                raise ConflictError(f"Step {found.step} has the live checkpoint {other.id}.", "Trash that one first.")
            return mark(connection, found, now, "restored")

    def purge(self, checkpoint: str, now: datetime) -> None:
        """Forget a checkpoint in the trash, whose copies the caller has deleted. An unknown id changes nothing.

        Raises:
            ConflictError: it is not in the trash.
        """
        with self._db.write() as connection:
            found = first(connection, select(checkpoints).where(checkpoints.c.id == checkpoint))
            if found is None:
                return
            gone = delete(checkpoints).where(checkpoints.c.id == checkpoint, checkpoints.c.trashed_at.is_not(None))
            if connection.execute(gone).rowcount == 0:
                raise ConflictError(f"Checkpoint {checkpoint} is not in the trash.", "Trash it first.")
            connection.execute(delete(locations).where(locations.c.asset_id == checkpoint))
            connection.execute(delete(checkpoint_uses).where(checkpoint_uses.c.checkpoint_id == checkpoint))
            tell(connection, now, "purged", found)


def _guard(connection: Connection, checkpoint: Checkpoint, now: datetime, current: Collection[str] = ()) -> Guard:
    return guard_of(checkpoint, anchors_of(connection, now, current, checkpoint.campaign_id))


def _protected(checkpoint: Checkpoint, guard: Guard) -> ConflictError:
    because = ", ".join(guard.because)
    return ConflictError(
        f"Checkpoint {checkpoint.id} is {guard.protection}: {because}.", "It can go once that holds no more."
    )


def _replaced(checkpoint: Checkpoint, now: datetime) -> Checkpoint:
    return replace(checkpoint, trashed_at=now, trashed_by=TrashedBy.REPLACED)


def _trashed_twin(connection: Connection, checkpoint: Checkpoint) -> Checkpoint | None:
    """The same folder's record in the trash."""
    return first(
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
    if older.path == "":
        back = replace(older, path=newer.path, size_bytes=newer.size_bytes, has_optimizer=newer.has_optimizer)
        connection.execute(update(checkpoints).where(checkpoints.c.id == older.id).values(**values_of(back)))
        return Recorded(back, None)
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
    return Recorded(merged, enter(connection, _replaced(drop, now), now))
