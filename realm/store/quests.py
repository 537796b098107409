"""The quest board: posting, order, and what a person does with a quest. Does not know files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, update

from realm.errors import ConflictError
from realm.rules.quest import Quest, QuestPriority, QuestStatus, quest_id
from realm.store.columns import to, values_of
from realm.store.quest_fights import QuestFights
from realm.store.quest_rows import (
    UNFOUGHT,
    change_status,
    end_of_queue,
    find_quest,
    first_quest,
    get_quest,
    quests_of,
    queue_of,
    tell,
)
from realm.store.tables import quests


@dataclass(frozen=True, slots=True)
class Posted:
    """The quest on the board; `duplicate` when the same file was there already."""

    quest: Quest
    duplicate: bool


class QuestStore(QuestFights):
    """Everything about quests; a quest's fights are inherited."""

    def add(
        self,
        campaign_id: str,
        sha256: str,
        name: str,
        now: datetime,
        *,
        shape: str,
        examples: int,
        size_bytes: int,
        skipped_too_long: int = 0,
        priority: QuestPriority = QuestPriority.NORMAL,
        origin: str = "user",
        skill_id: str | None = None,
        level: int | None = None,
        steps_total: int | None = None,
        made_of: dict[str, Any] | None = None,
    ) -> Posted:
        """Queue a file at the end of its priority. A file that is on the board stays as it is; one that failed or was
        cancelled is queued anew."""
        values: dict[str, Any] = {
            "name": name,
            "status": QuestStatus.QUEUED,
            "priority": priority,
            "origin": origin,
            "posted_at": now,
            "shape": shape,
            "examples": examples,
            "size_bytes": size_bytes,
            "skipped_too_long": skipped_too_long,
            "skill_id": skill_id,
            "level": level,
            "steps_total": steps_total,
            "made_of": made_of,
        }
        key = quest_id(campaign_id, sha256)
        with self._db.write() as connection:
            found = find_quest(connection, key)
            if found is not None and found.status not in (QuestStatus.FAILED, QuestStatus.CANCELLED):
                return Posted(found, duplicate=True)
            values["position"] = end_of_queue(connection, campaign_id)
            if found is None:
                made = Quest(id=key, campaign_id=campaign_id, sha256=sha256, **values)
                connection.execute(insert(quests).values(**values_of(made)))
            else:
                connection.execute(update(quests).where(quests.c.id == key).values(**{**UNFOUGHT, **values}))
            quest = get_quest(connection, key)
            tell(connection, now, "queued", quest, f"Quest posted: {name}")
            return Posted(quest, duplicate=False)

    def reject(
        self, campaign_id: str, name: str, reason: str, now: datetime, line: int | None = None, size_bytes: int = 0
    ) -> Quest:
        """Note a file that cannot be used, with the reason and the line at fault. The same one again is noted once."""
        key = quest_id(campaign_id, f"rejected\n{name}\n{line}\n{reason}")
        with self._db.write() as connection:
            if find_quest(connection, key) is None:
                made = Quest(
                    id=key,
                    campaign_id=campaign_id,
                    sha256="",
                    name=name,
                    status=QuestStatus.REJECTED,
                    priority=QuestPriority.NORMAL,
                    position=0,
                    origin="user",
                    posted_at=now,
                    size_bytes=size_bytes,
                    reason=reason,
                    reason_line=line,
                )
                connection.execute(insert(quests).values(**values_of(made)))
            else:
                connection.execute(update(quests).where(quests.c.id == key).values(posted_at=now))
            quest = get_quest(connection, key)
            where = f"line {line}: " if line is not None else ""
            tell(connection, now, "rejected", quest, f"Quest rejected: {name}", where + reason)
            return quest

    def get(self, quest: str) -> Quest:
        with self._db.read() as connection:
            return get_quest(connection, quest)

    def page(
        self,
        campaign_id: str,
        statuses: Collection[QuestStatus] | None = None,
        limit: int = 50,
        offset: int = 0,
        order: Literal["newest", "queue"] = "newest",
    ) -> tuple[Quest, ...]:
        """Quests of the campaign: last posted first, or in the order in which they will be fought."""
        query = select(quests).where(quests.c.campaign_id == campaign_id)
        if statuses is not None:
            query = query.where(quests.c.status.in_(statuses))
        if order == "queue":
            query = query.order_by(quests.c.priority, quests.c.position)
        else:
            query = query.order_by(quests.c.posted_at.desc(), quests.c.position.desc())
        with self._db.read() as connection:
            return quests_of(connection, query.limit(limit).offset(offset))

    def counts(self, campaign_id: str) -> dict[QuestStatus, int]:
        """How many quests there are in each status; 0 where there are none."""
        query = select(quests.c.status, func.count()).where(quests.c.campaign_id == campaign_id)
        with self._db.read() as connection:
            found = dict(connection.execute(query.group_by(quests.c.status)).all())
        return {status: found.get(status, 0) for status in QuestStatus}

    def next_queued(self, campaign_id: str) -> Quest | None:
        """The quest that would be claimed next."""
        with self._db.read() as connection:
            return first_quest(connection, queue_of(campaign_id))

    def recent_leads(self, campaign_id: str, limit: int) -> list[str]:
        """The skills after which the last generated quests are named, oldest first."""
        generated = select(quests.c.skill_id).where(quests.c.campaign_id == campaign_id, quests.c.origin == "auto")
        newest = generated.order_by(quests.c.position.desc(), quests.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return [row[0] for row in connection.execute(newest)][::-1]

    def newest_trained(self, campaign_id: str, limit: int) -> list[Quest]:
        """The last generated quests that were trained to their last example, newest first."""
        query = select(quests).where(
            quests.c.campaign_id == campaign_id,
            quests.c.origin == "auto",
            quests.c.status == QuestStatus.COMPLETED,
            quests.c.ended_by == "exhausted",
            quests.c.made_of.is_not(None),
        )
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(quests.c.posted_at.desc()).limit(limit)).mappings()
            return [to(Quest, row) for row in rows]

    def named(self, campaign_id: str, origin: str, name: str) -> Quest | None:
        """The last posted quest of this origin and name."""
        query = select(quests).where(
            quests.c.campaign_id == campaign_id, quests.c.origin == origin, quests.c.name == name
        )
        with self._db.read() as connection:
            return first_quest(connection, query.order_by(quests.c.posted_at.desc()))

    def cancel(self, quest: str, now: datetime, reason: str | None = None) -> Quest:
        """Cancel a queued or active quest. An active one's attempt learns it from `renew` and goes on to the next."""
        with self._db.write() as connection:
            values = {"ended_by": "cancelled", "reason": reason}
            return change_status(connection, quest, QuestStatus.CANCELLED, now, values, detail=reason or "")

    def fail(self, quest: str, reason: str, now: datetime) -> Quest:
        """End a quest that cannot be fought; the error is its reason."""
        with self._db.write() as connection:
            values = {"reason": reason, "failures": quests.c.failures + 1}
            return change_status(connection, quest, QuestStatus.FAILED, now, values, detail=reason)

    def retry(self, quest: str, now: datetime) -> Quest:
        """Queue a failed or cancelled quest again, at the end of its priority."""
        with self._db.write() as connection:
            found = get_quest(connection, quest)
            allowed = (QuestStatus.FAILED, QuestStatus.CANCELLED, QuestStatus.QUEUED)
            if found.status not in allowed:
                raise ConflictError(
                    f"Quest {quest} is {found.status}.", "Only failed and cancelled quests are retried."
                )
            values = {**UNFOUGHT, "position": end_of_queue(connection, found.campaign_id)}
            return change_status(connection, quest, QuestStatus.QUEUED, now, values)

    def set_priority(self, quest: str, priority: QuestPriority, now: datetime) -> Quest:
        """Move a queued quest to the end of another priority."""
        with self._db.write() as connection:
            found = _queued(connection, quest)
            if found.priority == priority:
                return found
            values = {"priority": priority, "position": end_of_queue(connection, found.campaign_id)}
            connection.execute(update(quests).where(quests.c.id == quest).values(**values))
            changed = get_quest(connection, quest)
            tell(connection, now, "priority", changed, f"Quest {changed.name} has priority {priority}")
            return changed

    def move(self, quest: str, now: datetime, *, before: str | None = None, after: str | None = None) -> Quest:
        """Put a queued quest right before or after another queued one of the same priority.

        Raises:
            ConflictError: not exactly one neighbour, one of them is not queued, or their priorities differ.
        """
        neighbour = before or after
        if neighbour is None or (before and after):
            raise ConflictError("A quest is moved before or after one other.", "Name exactly one of them.")
        with self._db.write() as connection:
            moved, other = _queued(connection, quest), _queued(connection, neighbour)
            if (moved.priority, moved.campaign_id) != (other.priority, other.campaign_id) or moved.id == other.id:
                raise ConflictError(
                    f"Quest {quest} has priority {moved.priority}, {neighbour} has {other.priority}.",
                    "Order is within one priority: change the priority first.",
                )
            line = list(quests_of(connection, queue_of(moved.campaign_id).where(quests.c.priority == moved.priority)))
            places = [each.position for each in line]
            rest = [each for each in line if each.id != quest]
            at = next(i for i, each in enumerate(rest) if each.id == neighbour) + (0 if before else 1)
            rest.insert(at, moved)
            for each, position in zip(rest, places, strict=True):
                if each.position != position:
                    connection.execute(update(quests).where(quests.c.id == each.id).values(position=position))
            changed = get_quest(connection, quest)
            tell(connection, now, "moved", changed, f"Quest {changed.name} moved")
            return changed


def _queued(connection: Connection, quest: str) -> Quest:
    found = get_quest(connection, quest)
    if found.status != QuestStatus.QUEUED:
        raise ConflictError(f"Quest {quest} is {found.status}.", "Only queued quests are ordered.")
    return found
