"""Rows of the ledger as several of its stores read and write them. Every function works inside its caller's
transaction."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, insert, select, update

from realm.errors import NotFoundError
from realm.rules.campaign import CampaignLife
from realm.rules.checkpoint import Checkpoint, TrashedBy
from realm.store.columns import to, values_of
from realm.store.events import emit
from realm.store.tables import campaigns, checkpoint_skills, checkpoints

AWAY: Final = checkpoints.c.path == ""
"""No copy in the home stronghold is left."""
_NAME_WITHOUT_DATE: Final = re.compile(r"checkpoint-(\d{1,18})")


def live(campaign_id: str) -> Select[Any]:
    """A campaign's checkpoints outside the trash."""
    return select(checkpoints).where(checkpoints.c.campaign_id == campaign_id, checkpoints.c.trashed_at.is_(None))


def first(connection: Connection, query: Select[Any]) -> Checkpoint | None:
    row = connection.execute(query.limit(1)).mappings().one_or_none()
    return None if row is None else to(Checkpoint, row)


def every(connection: Connection, query: Select[Any]) -> tuple[Checkpoint, ...]:
    return tuple(to(Checkpoint, row) for row in connection.execute(query).mappings())


def unknown(name: str) -> NotFoundError:
    return NotFoundError(f"There is no checkpoint {name!r}.", "`realm vault list` shows them.")


def by_id(connection: Connection, checkpoint: str) -> Checkpoint:
    found = first(connection, select(checkpoints).where(checkpoints.c.id == checkpoint))
    if found is None:
        raise unknown(checkpoint)
    return found


def live_at(connection: Connection, campaign_id: str, step: int) -> Checkpoint | None:
    return first(connection, live(campaign_id).where(checkpoints.c.step == step))


def active_campaign(connection: Connection) -> str | None:
    active = select(campaigns.c.id).where(campaigns.c.life == CampaignLife.ACTIVE)
    return connection.execute(active).scalar_one_or_none()


def resolve(connection: Connection, name: str, campaign_id: str | None) -> Checkpoint | None:
    """A live checkpoint by id, or by a name of its campaign; the active one if none is given."""
    if "/" in name:
        found = first(connection, select(checkpoints).where(checkpoints.c.id == name))
        return None if found is None or found.trashed_at is not None else found
    campaign_id = campaign_id or active_campaign(connection)
    if campaign_id is None:
        return None
    dateless = _NAME_WITHOUT_DATE.fullmatch(name)
    if dateless:
        return live_at(connection, campaign_id, int(dateless[1]))
    return first(connection, live(campaign_id).where(checkpoints.c.canonical_name == name))


def enter(connection: Connection, checkpoint: Checkpoint, now: datetime) -> Checkpoint:
    """Insert a record, under an id of its own when its name is taken, and its accuracies by skill."""
    entered = replace(checkpoint, id=_free_id(connection, checkpoint.id))
    connection.execute(insert(checkpoints).values(**values_of(entered)))
    write_skills(connection, entered)
    tell(connection, now, "saved" if entered.trashed_at is None else "trashed", entered)
    return entered


def write_skills(connection: Connection, checkpoint: Checkpoint) -> None:
    """The accuracies of its last exam, one row a skill, in place of those of an earlier one; in the trash it has none,
    so that what orders by them need not ask."""
    connection.execute(delete(checkpoint_skills).where(checkpoint_skills.c.checkpoint_id == checkpoint.id))
    if checkpoint.exam_version is None or not checkpoint.exam_skills or checkpoint.trashed_at is not None:
        return
    shared = {
        "checkpoint_id": checkpoint.id,
        "campaign_id": checkpoint.campaign_id,
        "step": checkpoint.step,
        "exam_version": checkpoint.exam_version,
    }
    rows = [{**shared, "skill_id": skill, "accuracy": value} for skill, value in checkpoint.exam_skills.items()]
    connection.execute(insert(checkpoint_skills), rows)


def mark(
    connection: Connection,
    found: Checkpoint,
    now: datetime,
    verb: str,
    trashed_at: datetime | None = None,
    trashed_by: TrashedBy | None = None,
) -> Checkpoint:
    """Put a checkpoint into the trash or take it out, if it still is where it was found."""
    query = update(checkpoints).where(
        checkpoints.c.id == found.id,
        checkpoints.c.trashed_at.is_not(None) if trashed_at is None else checkpoints.c.trashed_at.is_(None),
    )
    connection.execute(query.values(trashed_at=trashed_at, trashed_by=trashed_by))
    changed = replace(found, trashed_at=trashed_at, trashed_by=trashed_by)
    write_skills(connection, changed)
    tell(connection, now, verb, found)
    return changed


def tell(connection: Connection, now: datetime, verb: str, checkpoint: Checkpoint) -> None:
    """The event of a change to a checkpoint."""
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


def _free_id(connection: Connection, wanted: str) -> str:
    """`wanted`, or with the first free `~2`, `~3`…: two checkpoints of one step and minute share a canonical name."""
    free, number = wanted, 2
    while connection.execute(select(checkpoints.c.id).where(checkpoints.c.id == free)).first() is not None:
        free, number = f"{wanted}~{number}", number + 1
    return free
