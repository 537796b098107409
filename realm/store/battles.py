"""Battles, their attempts and their metric points. Does not know how steps are trained.

An attempt that has ended is fenced: whatever its process still sends is refused by `require_live`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from realm.errors import ConflictError, NotFoundError
from realm.rules.battle import (
    BATTLE_TRANSITIONS,
    Attempt,
    Battle,
    BattlePoint,
    BattleState,
    DesiredState,
    attempt_id,
    battle_id,
)
from realm.rules.states import sources
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import attempts, battle_points, battles

OPEN_STATES: Final = tuple(state for state in BattleState if not state.terminal)
POINTS_KEPT: Final = 2000
SUPERSEDED: Final = "superseded"


def require_live(connection: Connection, attempt: str) -> Attempt:
    """The attempt, when it has not ended.

    Raises:
        NotFoundError: no such attempt.
        ConflictError: it has ended, or a later one took over.
    """
    row = connection.execute(select(attempts).where(attempts.c.id == attempt)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no attempt {attempt!r}.", "Start one with start_attempt.")
    found = to(Attempt, row)
    if found.ended_at is not None:
        raise ConflictError(
            f"Attempt {attempt} has ended ({found.outcome}).", "Its process stops; a later attempt goes on."
        )
    return found


class BattleStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def create_battle(self, campaign_id: str, start_step: int, now: datetime) -> Battle:
        """A new battle in state starting; the campaign's open battle when it has one, so a retry makes no second."""
        with self._db.write() as connection:
            found = _open_battle(connection, campaign_id)
            if found is not None:
                return found
            number = _next_number(connection, battles, campaign_id)
            made = Battle(
                id=battle_id(campaign_id, number),
                campaign_id=campaign_id,
                number=number,
                state=BattleState.STARTING,
                desired_state=DesiredState.RUN,
                reason="",
                start_step=start_step,
                step=start_step,
                created_at=now,
            )
            connection.execute(insert(battles).values(**values_of(made)))
            data = {"battle_id": made.id, "step": start_step}
            emit(connection, now, "battle.starting", f"Battle {number} begins at step {start_step}", data=data)
            return made

    def start_attempt(
        self,
        battle: str,
        start_step: int,
        now: datetime,
        checkpoint_id: str | None = None,
        overrides: dict[str, Any] | None = None,
    ) -> Attempt:
        """A new attempt of an open battle, which returns to starting. An attempt still open is ended as superseded.

        Raises:
            NotFoundError: no such battle.
            ConflictError: the battle is finished, failed or stopping.
        """
        with self._db.write() as connection:
            found = _battle(connection, battle)
            if found.state != BattleState.STARTING:
                _set_state(connection, battle, BattleState.STARTING, now, "a new attempt begins")
            _end_attempts(connection, battle, SUPERSEDED, "a later attempt took over", now)
            number = _next_number(connection, attempts, found.campaign_id)
            made = Attempt(
                id=attempt_id(found.campaign_id, number),
                battle_id=battle,
                campaign_id=found.campaign_id,
                number=number,
                start_step=start_step,
                step=start_step,
                started_at=now,
                checkpoint_id=checkpoint_id,
                overrides=overrides,
            )
            connection.execute(insert(attempts).values(**values_of(made)))
            connection.execute(update(battles).where(battles.c.id == battle).values(step=start_step))
            data = {"battle_id": battle, "attempt_id": made.id, "step": start_step, "checkpoint_id": checkpoint_id}
            emit(connection, now, "attempt.started", f"Attempt {number} starts at step {start_step}", data=data)
            return made

    def end_attempt(self, attempt: str, outcome: str, now: datetime, reason: str = "") -> Attempt:
        """Fence an attempt: paused, stopped, finished or failed. Ending an ended one changes nothing."""
        with self._db.write() as connection:
            row = connection.execute(select(attempts).where(attempts.c.id == attempt)).mappings().one_or_none()
            if row is None:
                raise NotFoundError(f"There is no attempt {attempt!r}.", "List the battle's attempts.")
            _end_attempts(connection, row["battle_id"], outcome, reason, now, attempt)
            row = connection.execute(select(attempts).where(attempts.c.id == attempt)).mappings().one()
            return to(Attempt, row)

    def set_state(self, battle: str, state: BattleState, now: datetime, reason: str = "") -> Battle:
        """Move a battle to `state`; a battle that is there already stays as it is.

        Raises:
            ConflictError: its state may not become `state`.
        """
        with self._db.write() as connection:
            return _set_state(connection, battle, state, now, reason)

    def set_desired(self, battle: str, desired: DesiredState, now: datetime) -> Battle:
        """What the battle is asked to do next: run, pause or stop.

        Raises:
            ConflictError: the battle is over, or asked to stop already.
        """
        with self._db.write() as connection:
            found = _battle(connection, battle)
            if found.desired_state == desired:
                return found
            if found.state.terminal or found.desired_state == DesiredState.STOP:
                raise ConflictError(f"Battle {battle} is {found.state} and stops.", "Begin a new battle.")
            connection.execute(update(battles).where(battles.c.id == battle).values(desired_state=desired))
            data = {"battle_id": battle, "desired_state": desired}
            emit(connection, now, "battle.desired", f"Battle {found.number} is asked to {desired}", data=data)
            return _battle(connection, battle)

    def finish(self, battle: str, state: BattleState, now: datetime, reason: str = "") -> Battle:
        """End a battle as finished or failed, and its open attempt with it."""
        if not state.terminal:
            raise ConflictError(f"A battle does not end as {state}.", "It ends as finished or failed.")
        with self._db.write() as connection:
            _end_attempts(connection, battle, state.value, reason, now)
            return _set_state(connection, battle, state, now, reason)

    def record_step(self, attempt: str, step: int) -> None:
        """Note the campaign step a live attempt has reached; one that was noted already stays.

        Raises:
            ConflictError: the attempt has ended.
        """
        with self._db.write() as connection:
            live = require_live(connection, attempt)
            if step <= live.step:
                return
            connection.execute(update(attempts).where(attempts.c.id == attempt).values(step=step))
            connection.execute(update(battles).where(battles.c.id == live.battle_id).values(step=step))

    def current(self, campaign_id: str) -> Battle | None:
        """The campaign's battle that is not over."""
        with self._db.read() as connection:
            return _open_battle(connection, campaign_id)

    def get(self, battle: str) -> Battle:
        with self._db.read() as connection:
            return _battle(connection, battle)

    def page(self, campaign_id: str, limit: int = 50, offset: int = 0) -> tuple[Battle, ...]:
        """Battles of the campaign, newest first."""
        query = select(battles).where(battles.c.campaign_id == campaign_id).order_by(battles.c.number.desc())
        with self._db.read() as connection:
            return tuple(to(Battle, row) for row in connection.execute(query.limit(limit).offset(offset)).mappings())

    def attempts(self, battle: str) -> tuple[Attempt, ...]:
        """Attempts of the battle, oldest first."""
        query = select(attempts).where(attempts.c.battle_id == battle).order_by(attempts.c.number)
        with self._db.read() as connection:
            return tuple(to(Attempt, row) for row in connection.execute(query).mappings())

    def add_points(self, attempt: str, points: Sequence[BattlePoint], keep: int = POINTS_KEPT) -> int:
        """Store metric points, each step once; how many rows the campaign has then, at most `keep`.

        Points of earlier attempts at and after the first step given are dropped: those steps are being replayed. Points
        of an attempt that a later one has replaced are not stored. Above `keep`, every second row is dropped.
        """
        with self._db.write() as connection:
            row = connection.execute(select(attempts).where(attempts.c.id == attempt)).mappings().one_or_none()
            if row is None:
                raise NotFoundError(f"There is no attempt {attempt!r}.", "Start one with start_attempt.")
            source = to(Attempt, row)
            later = select(func.count()).select_from(attempts)
            later = later.where(attempts.c.campaign_id == source.campaign_id, attempts.c.number > source.number)
            if points and connection.execute(later).scalar_one() == 0:
                _replace_points(connection, source, points)
            return _thin(connection, source.campaign_id, keep)

    def points(self, campaign_id: str, limit: int = POINTS_KEPT, after: int = -1) -> tuple[BattlePoint, ...]:
        """The last `limit` metric points beyond step `after`, oldest first."""
        query = select(battle_points).where(battle_points.c.campaign_id == campaign_id, battle_points.c.step > after)
        query = query.order_by(battle_points.c.step.desc()).limit(limit)
        with self._db.read() as connection:
            found = [to(BattlePoint, row) for row in connection.execute(query).mappings()]
        return tuple(reversed(found))


def _next_number(connection: Connection, table: Any, campaign_id: str) -> int:
    highest = select(func.max(table.c.number)).where(table.c.campaign_id == campaign_id)
    return (connection.execute(highest).scalar_one() or 0) + 1


def _battle(connection: Connection, battle: str) -> Battle:
    row = connection.execute(select(battles).where(battles.c.id == battle)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no battle {battle!r}.", "`realm battle status` names the current one.")
    return to(Battle, row)


def _open_battle(connection: Connection, campaign_id: str) -> Battle | None:
    query = select(battles).where(battles.c.campaign_id == campaign_id, battles.c.state.in_(OPEN_STATES))
    row = connection.execute(query.order_by(battles.c.number.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else to(Battle, row)


def _set_state(connection: Connection, battle: str, state: BattleState, now: datetime, reason: str) -> Battle:
    found = _battle(connection, battle)
    if found.state == state:
        return found
    values: dict[str, Any] = {"state": state, "reason": reason}
    if state == BattleState.RUNNING and found.started_at is None:
        values["started_at"] = now
    if state.terminal:
        values["ended_at"] = now
    allowed = sources(BATTLE_TRANSITIONS, state)
    changed = connection.execute(
        update(battles).where(battles.c.id == battle, battles.c.state.in_(allowed)).values(**values)
    )
    if changed.rowcount == 0:
        raise ConflictError(f"Battle {battle} is {found.state} and cannot become {state}.", "Begin a new battle.")
    data = {"battle_id": battle, "from": found.state, "to": state, "step": found.step}
    emit(connection, now, f"battle.{state}", f"Battle {found.number} is {state}", reason, data)
    return _battle(connection, battle)


def _end_attempts(
    connection: Connection, battle: str, outcome: str, reason: str, now: datetime, only: str | None = None
) -> None:
    """End the open attempts of a battle, or only the one named."""
    query = update(attempts).where(attempts.c.battle_id == battle, attempts.c.ended_at.is_(None))
    if only is not None:
        query = query.where(attempts.c.id == only)
    query = query.values(ended_at=now, outcome=outcome, reason=reason)
    for row in connection.execute(query.returning(attempts)).mappings().all():
        ended = to(Attempt, row)
        data = {"battle_id": battle, "attempt_id": ended.id, "outcome": outcome, "step": ended.step}
        emit(connection, now, "attempt.ended", f"Attempt {ended.number} ended: {outcome}", reason, data)


def _replace_points(connection: Connection, source: Attempt, points: Sequence[BattlePoint]) -> None:
    by_step = {point.step: point for point in points}
    in_campaign = battle_points.c.campaign_id == source.campaign_id
    replayed = (battle_points.c.step >= min(by_step)) & (battle_points.c.attempt_number < source.number)
    connection.execute(delete(battle_points).where(in_campaign, replayed | battle_points.c.step.in_(list(by_step))))
    origin = {"campaign_id": source.campaign_id, "battle_id": source.battle_id, "attempt_number": source.number}
    connection.execute(insert(battle_points), [{**values_of(point), **origin} for point in by_step.values()])


def _thin(connection: Connection, campaign_id: str, keep: int) -> int:
    """Drop every second row but the first and the last while there are more than `keep`; how many are left."""
    in_campaign = battle_points.c.campaign_id == campaign_id
    number = connection.execute(select(func.count()).where(in_campaign)).scalar_one()
    while number > max(keep, 2):
        steps = connection.execute(select(battle_points.c.step).where(in_campaign).order_by(battle_points.c.step))
        doomed = list(steps.scalars())[1:-1:2]
        connection.execute(delete(battle_points).where(in_campaign, battle_points.c.step.in_(doomed)))
        number -= len(doomed)
    return number
