"""Fights: how quests are claimed, fought, finished, completed and set back. Does not know files or training.

A fight belongs to an attempt: whoever is not the quest's live attempt cannot begin, renew or finish it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, or_, select, update

from realm.errors import ConflictError
from realm.rules.quest import Quest, QuestStatus
from realm.store.battles import require_live
from realm.store.database import Database
from realm.store.quest_rows import (
    UNFOUGHT,
    change_status,
    find_quest,
    first_quest,
    get_quest,
    quests_of,
    queue_of,
    tell,
)
from realm.store.tables import attempts, quests

LEASE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Rewound:
    """The board as a new attempt finds it. `cursor` is the half-fought quest it resumes, None when there is none."""

    cursor: Quest | None
    requeued: tuple[Quest, ...]
    completed: tuple[Quest, ...]


class QuestFights:
    """The part of QuestStore that attempts use."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def claim(
        self, attempt: str, now: datetime, lease_s: float = LEASE_S, holding: Collection[str] = ()
    ) -> Quest | None:
        """The next quest, active for this attempt under a lease; None when the board has none.

        First comes an active quest that nobody fights any more: one of this attempt's that is not among those it is
        `holding` (the answer to an earlier claim was lost), or one whose attempt ended or whose lease ran out.

        Raises:
            ConflictError: the attempt has ended.
        """
        with self._db.write() as connection:
            live = require_live(connection, attempt)
            _mend_leases(connection, live.campaign_id, now, lease_s)
            quest = first_quest(connection, _abandoned(live.campaign_id, attempt, now, holding))
            again = quest is not None
            if quest is None:
                quest = first_quest(connection, queue_of(live.campaign_id))
            if quest is None:
                return None
            lease = now + timedelta(seconds=lease_s)
            values: dict[str, Any] = {"battle_id": live.battle_id, "attempt_id": attempt, "lease_expires_at": lease}
            if again:
                values = {**UNFOUGHT, **values}
                connection.execute(update(quests).where(quests.c.id == quest.id).values(**values))
                taken = get_quest(connection, quest.id)
                tell(connection, now, "taken_over", taken, f"Quest taken over: {taken.name}")
                return taken
            return change_status(connection, quest.id, QuestStatus.ACTIVE, now, values)

    def renew(self, attempt: str, now: datetime, lease_s: float = LEASE_S) -> frozenset[str]:
        """Extend the attempt's leases; ids of the quests that are still its own. Others were cancelled or failed.

        Raises:
            ConflictError: the attempt has ended.
        """
        with self._db.write() as connection:
            require_live(connection, attempt)
            held = _held(attempt)
            query = update(quests).where(held).values(lease_expires_at=now + timedelta(seconds=lease_s))
            return frozenset(connection.execute(query.returning(quests.c.id)).scalars())

    def begin(self, quest: str, attempt: str, first_step: int, steps_total: int | None, now: datetime) -> Quest:
        """Note the campaign step at which the fighting of a claimed quest begins; the first note stays.

        Raises:
            ConflictError: the quest is not active for this attempt.
        """
        with self._db.write() as connection:
            require_live(connection, attempt)
            values = {
                "first_step": func.coalesce(quests.c.first_step, first_step),
                "started_at": func.coalesce(quests.c.started_at, now),
                "steps_total": steps_total,
            }
            done = connection.execute(update(quests).where(quests.c.id == quest, _held(attempt)).values(**values))
            found = get_quest(connection, quest)
            if done.rowcount == 0:
                raise _not_held(found, attempt)
            return found

    def release(self, quest: str, attempt: str, now: datetime) -> Quest:
        """Give back a claimed quest that was not begun: it goes to the front of its priority.

        Raises:
            ConflictError: the quest is not active for this attempt, or its fighting has begun.
        """
        with self._db.write() as connection:
            found = get_quest(connection, quest)
            if found.status == QuestStatus.QUEUED:
                return found
            if found.status != QuestStatus.ACTIVE or found.attempt_id != attempt or found.first_step is not None:
                raise _not_held(found, attempt)
            return _to_front(connection, [found], now)[0]

    def finish(
        self,
        quest: str,
        attempt: str,
        now: datetime,
        *,
        last_step: int,
        steps_fought: int,
        ended_by: str,
        train_loss: float | None = None,
        heldout_loss: float | None = None,
        gap_s: float | None = None,
    ) -> Quest:
        """Active → fought. A cancelled quest keeps its status and gets the numbers. Finishing twice changes nothing.

        Raises:
            ConflictError: the quest is another attempt's, or the attempt has ended.
        """
        values: dict[str, Any] = {
            "last_step": last_step,
            "steps_fought": steps_fought,
            "train_loss": train_loss,
            "heldout_loss": heldout_loss,
            "gap_s": gap_s,
            "lease_expires_at": None,
        }
        with self._db.write() as connection:
            found = get_quest(connection, quest)
            if found.attempt_id != attempt:
                raise _not_held(found, attempt)
            if found.status in (QuestStatus.FOUGHT, QuestStatus.COMPLETED):
                return found
            require_live(connection, attempt)
            if found.status == QuestStatus.CANCELLED:
                connection.execute(update(quests).where(quests.c.id == quest).values(**values))
                return get_quest(connection, quest)
            values |= {"ended_by": ended_by, "fought_at": now}
            detail = f"{steps_fought} steps, {ended_by}"
            return change_status(connection, quest, QuestStatus.FOUGHT, now, values, detail=detail)

    def complete_through(self, campaign_id: str, step: int, now: datetime) -> tuple[Quest, ...]:
        """Fought → completed for all that a durable checkpoint at `step` covers; those that were completed by this."""
        with self._db.write() as connection:
            return _complete(connection, campaign_id, step, now)

    def rewind(
        self,
        campaign_id: str,
        step: int,
        cursor_quest_id: str | None,
        attempt: str,
        now: datetime,
        lease_s: float = LEASE_S,
    ) -> Rewound:
        """Set the board back to a durable checkpoint at `step`, from which the live attempt starts.

        What the checkpoint covers is completed. The quest its data cursor is in becomes active for the attempt, unless
        it was cancelled, failed or completed meanwhile. Every other active quest, and every fought one whose last step
        was lost, returns to the front of its priority in the order it was fought.

        Raises:
            ConflictError: the attempt has ended.
        """
        with self._db.write() as connection:
            live = require_live(connection, attempt)
            completed = _complete(connection, campaign_id, step, now)
            cursor = None if cursor_quest_id is None else find_quest(connection, cursor_quest_id)
            resumable = (QuestStatus.ACTIVE, QuestStatus.FOUGHT, QuestStatus.QUEUED)
            if cursor is not None and cursor.status in resumable:
                cursor = _resume(connection, cursor, live.battle_id, attempt, now, lease_s)
            else:
                cursor = None
            query = select(quests).where(
                quests.c.campaign_id == campaign_id,
                quests.c.status.in_((QuestStatus.ACTIVE, QuestStatus.FOUGHT)),
                quests.c.id != (cursor.id if cursor is not None else ""),
            )
            lost = sorted(quests_of(connection, query), key=_order_fought)
            return Rewound(cursor, tuple(_to_front(connection, lost, now)), completed)


def _order_fought(quest: Quest) -> tuple[bool, int, int]:
    return (quest.first_step is None, quest.first_step or 0, quest.position)


def _abandoned(campaign_id: str, attempt: str, now: datetime, holding: Collection[str]) -> Select[Any]:
    """Active quests that nobody fights: see `claim`."""
    ended = select(attempts.c.id).where(attempts.c.campaign_id == campaign_id, attempts.c.ended_at.is_not(None))
    query = select(quests).where(
        quests.c.campaign_id == campaign_id,
        quests.c.status == QuestStatus.ACTIVE,
        or_(
            and_(quests.c.attempt_id == attempt, quests.c.id.not_in(holding)),
            and_(quests.c.attempt_id != attempt, or_(quests.c.attempt_id.in_(ended), quests.c.lease_expires_at < now)),
        ),
    )
    return query.order_by(quests.c.priority, quests.c.position)


def _mend_leases(connection: Connection, campaign_id: str, now: datetime, lease_s: float) -> None:
    """A lease that ends later than one given now was given before the clock was set back: it counts from now."""
    latest = now + timedelta(seconds=max(lease_s, LEASE_S))
    ahead = (quests.c.status == QuestStatus.ACTIVE) & (quests.c.lease_expires_at > latest)
    query = update(quests).where(quests.c.campaign_id == campaign_id, ahead)
    connection.execute(query.values(lease_expires_at=latest))


def _held(attempt: str) -> Any:
    return and_(quests.c.status == QuestStatus.ACTIVE, quests.c.attempt_id == attempt)


def _not_held(found: Quest, attempt: str) -> ConflictError:
    return ConflictError(
        f"Quest {found.id} is {found.status} for attempt {found.attempt_id}, not active for {attempt}.",
        "The attempt goes on to its next quest.",
    )


def _complete(connection: Connection, campaign_id: str, step: int, now: datetime) -> tuple[Quest, ...]:
    covered = select(quests).where(
        quests.c.campaign_id == campaign_id, quests.c.status == QuestStatus.FOUGHT, quests.c.last_step <= step
    )
    found = quests_of(connection, covered.order_by(quests.c.last_step))
    return tuple(
        change_status(connection, each.id, QuestStatus.COMPLETED, now, {"completed_at": now}) for each in found
    )


def _resume(connection: Connection, cursor: Quest, battle: str, attempt: str, now: datetime, lease_s: float) -> Quest:
    """Make the quest of a checkpoint's data cursor active for the attempt; where it began stays."""
    values: dict[str, Any] = {
        **UNFOUGHT,
        "first_step": cursor.first_step,
        "started_at": cursor.started_at,
        "battle_id": battle,
        "attempt_id": attempt,
        "lease_expires_at": now + timedelta(seconds=lease_s),
    }
    if cursor.status != QuestStatus.ACTIVE:
        return change_status(connection, cursor.id, QuestStatus.ACTIVE, now, values)
    connection.execute(update(quests).where(quests.c.id == cursor.id).values(**values))
    return get_quest(connection, cursor.id)


def _to_front(connection: Connection, lost: Sequence[Quest], now: datetime) -> list[Quest]:
    """Queue quests before every other of their priority, keeping the order given."""
    if not lost:
        return []
    lowest = select(func.min(quests.c.position)).where(quests.c.campaign_id == lost[0].campaign_id)
    first = connection.execute(lowest).scalar_one() - len(lost)
    return [
        change_status(connection, each.id, QuestStatus.QUEUED, now, {**UNFOUGHT, "position": first + i})
        for i, each in enumerate(lost)
    ]
