"""Statements on quest rows that the board and the fights share, each inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select, update

from realm.errors import ConflictError, NotFoundError
from realm.rules.quest import QUEST_TRANSITIONS, Quest, QuestStatus
from realm.rules.states import sources
from realm.store.columns import to
from realm.store.events import emit
from realm.store.tables import quests

# What a quest that goes back to the queue forgets about its fight.
UNFOUGHT: Final[dict[str, Any]] = {
    "battle_id": None,
    "attempt_id": None,
    "lease_expires_at": None,
    "first_step": None,
    "last_step": None,
    "steps_fought": 0,
    "ended_by": None,
    "train_loss": None,
    "heldout_loss": None,
    "gap_s": None,
    "reason": None,
    "started_at": None,
    "fought_at": None,
}


def find_quest(connection: Connection, quest: str) -> Quest | None:
    return first_quest(connection, select(quests).where(quests.c.id == quest))


def get_quest(connection: Connection, quest: str) -> Quest:
    found = find_quest(connection, quest)
    if found is None:
        raise NotFoundError(f"There is no quest {quest!r}.", "`realm quest list` shows the ids.")
    return found


def quests_of(connection: Connection, query: Select[Any]) -> tuple[Quest, ...]:
    return tuple(to(Quest, row) for row in connection.execute(query).mappings())


def first_quest(connection: Connection, query: Select[Any]) -> Quest | None:
    return next(iter(quests_of(connection, query.limit(1))), None)


def queue_of(campaign_id: str) -> Select[Any]:
    query = select(quests).where(quests.c.campaign_id == campaign_id, quests.c.status == QuestStatus.QUEUED)
    return query.order_by(quests.c.priority, quests.c.position)


def end_of_queue(connection: Connection, campaign_id: str) -> int:
    highest = select(func.max(quests.c.position)).where(quests.c.campaign_id == campaign_id)
    return (connection.execute(highest).scalar_one() or 0) + 1


def tell(connection: Connection, now: datetime, kind: str, quest: Quest, title: str, detail: str = "") -> None:
    data = {"quest_id": quest.id, "name": quest.name, "status": quest.status, "priority": quest.priority}
    emit(connection, now, f"quest.{kind}", title, detail, data)


def change_status(
    connection: Connection, quest: str, status: QuestStatus, now: datetime, values: dict[str, Any], detail: str = ""
) -> Quest:
    """Move a quest to `status` with its event. One that is there already stays as it is."""
    allowed = sources(QUEST_TRANSITIONS, status)
    query = update(quests).where(quests.c.id == quest, quests.c.status.in_(allowed))
    done = connection.execute(query.values(status=status, **values))
    found = get_quest(connection, quest)
    if done.rowcount == 0:
        if found.status == status:
            return found
        raise ConflictError(f"Quest {quest} is {found.status} and cannot become {status}.", "Its state is final.")
    tell(connection, now, status, found, f"Quest {status}: {found.name}", detail)
    return found
