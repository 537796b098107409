"""One page of the ledger in any order, read from an index. Does not know what is done with it.

With 100,000 checkpoints nothing may be gone through row by row: each order is one or two runs that an index gives, and
a page is read from the nearer end of its run. Every function works inside its caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, distinct, exists, false, func, or_, select

from realm.errors import RequestError
from realm.rules.checkpoint import Checkpoint, CreatedBy
from realm.rules.stronghold import HOME
from realm.store.checkpoint_rows import AWAY, every
from realm.store.tables import campaigns, checkpoint_skills, checkpoints, locations

SORTS: Final = ("saved_at", "step", "exam_accuracy", "val_loss", "train_loss", "size_bytes")
_NEAR: Final = 5_000
_FEW: Final = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which checkpoints of a campaign. None = whichever.

    `strongholds`: with a copy in one of these, `home` among them. `skill`: saved for a level of it. `search`: part of
    the name. `only`: these ids, which meet all else.
    """

    campaign_id: str
    trashed: bool = False
    strongholds: Collection[str] | None = None
    skill: str | None = None
    created_by: CreatedBy | None = None
    search: str | None = None
    only: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class LedgerPage:
    checkpoints: tuple[Checkpoint, ...]
    total: int


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows that one index gives in order: those of `origin` that meet `where`, by `columns`. `id`: the checkpoint's."""

    where: ColumnElement[bool]
    columns: Sequence[ColumnElement[Any]]
    descending: bool = True
    origin: FromClause = checkpoints
    id: ColumnElement[Any] = checkpoints.c.id

    def select(self, column: ColumnElement[Any]) -> Select[Any]:
        return select(column).select_from(self.origin).where(self.where)

    def order(self, forwards: bool) -> list[ColumnElement[Any]]:
        return [each.desc() if self.descending == forwards else each.asc() for each in self.columns]


def page_of(connection: Connection, wanted: Wanted, sort: str, descending: bool, limit: int, offset: int) -> LedgerPage:
    """See `CheckpointReads.ledger`."""
    if sort not in SORTS and not skill_of(sort):
        raise RequestError(f"Checkpoints are not sorted by {sort!r}.", f"Known are {', '.join((*SORTS, 'skill:ID'))}.")
    if wanted.search:
        # The names are gone through once, and where few have it not again for each run.
        named = connection.execute(select(checkpoints.c.id).where(*_meets(wanted)).limit(_FEW + 1))
        ids = tuple(named.scalars())
        if len(ids) <= _FEW:
            wanted = Wanted(wanted.campaign_id, wanted.trashed, only=ids)
    total = _total(connection, wanted) if wanted.only is None else len(wanted.only)
    ids = _ids_of(connection, _runs(connection, wanted, sort, descending), total, limit, offset)
    found = {each.id: each for each in every(connection, select(checkpoints).where(checkpoints.c.id.in_(ids)))}
    return LedgerPage(tuple(found[each] for each in ids), total)


def skill_of(metric: str) -> str:
    return metric.removeprefix("skill:") if metric.startswith("skill:") else ""


def exam_version_of(connection: Connection, campaign_id: str) -> str | None:
    return connection.execute(select(campaigns.c.exam_version).where(campaigns.c.id == campaign_id)).scalar()


def _meets(wanted: Wanted) -> list[ColumnElement[bool]]:
    if wanted.only is not None:
        # Nothing else, or the database would look for them along the index of an order.
        return [checkpoints.c.id.in_(wanted.only)]
    trashed = checkpoints.c.trashed_at
    meets = [checkpoints.c.campaign_id == wanted.campaign_id]
    meets.append(trashed.is_not(None) if wanted.trashed else trashed.is_(None))
    return meets + _by_record(wanted) + _by_id(wanted, checkpoints.c.id)


def _by_record(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What is asked that only the checkpoint's own row answers."""
    meets: list[ColumnElement[bool]] = []
    if wanted.strongholds is not None and HOME in wanted.strongholds:
        meets.append(or_(~AWAY, _lies_in(wanted.strongholds, checkpoints.c.id)))
    if wanted.skill is not None:
        meets.append(checkpoints.c.skill_id == wanted.skill)
    if wanted.created_by is not None:
        meets.append(checkpoints.c.created_by == wanted.created_by)
    return meets


def _by_id(wanted: Wanted, checkpoint: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """What is asked that the id of a checkpoint answers."""
    meets: list[ColumnElement[bool]] = []
    if wanted.strongholds is not None and HOME not in wanted.strongholds:
        meets.append(_lies_in(wanted.strongholds, checkpoint))
    if wanted.search:
        meets.append(checkpoint.contains(wanted.search, autoescape=True))
    return meets


def _lies_in(strongholds: Collection[str], checkpoint: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a checkpoint has a copy in one of these, home apart."""
    elsewhere = [each for each in strongholds if each != HOME]
    if not elsewhere:
        return false()
    return exists().where(locations.c.asset_id == checkpoint, locations.c.stronghold.in_(elsewhere))


def _total(connection: Connection, wanted: Wanted) -> int:
    if wanted == Wanted(wanted.campaign_id, strongholds=wanted.strongholds) and HOME not in (
        wanted.strongholds or HOME
    ):
        # The copies of a campaign lie side by side in their index; of those in the trash there are few.
        first_id, last_id = f"{wanted.campaign_id}/", f"{wanted.campaign_id}0"
        copies = select(func.count(distinct(locations.c.asset_id))).where(
            locations.c.stronghold.in_(wanted.strongholds or ()),
            locations.c.asset_id > first_id,
            locations.c.asset_id < last_id,
        )
        return connection.execute(copies).scalar_one() - _number(connection, *_meets(replace(wanted, trashed=True)))
    if wanted.strongholds is not None and set(wanted.strongholds) == {HOME}:
        # Those without a path are found by the index, those with one would be counted one by one.
        anywhere = _meets(replace(wanted, strongholds=None))
        return _number(connection, *anywhere) - _number(connection, *anywhere, AWAY)
    return _number(connection, *_meets(wanted))


def _number(connection: Connection, *meets: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(checkpoints).where(*meets)).scalar_one()


def _runs(connection: Connection, wanted: Wanted, sort: str, descending: bool) -> list[_Run]:
    """The checkpoints in their order, in runs that an index gives each."""
    newest = (checkpoints.c.saved_at, checkpoints.c.id)
    meets = and_(*_meets(wanted))
    skill = skill_of(sort)
    if skill and wanted.trashed:
        return [_Run(meets, newest)]  # there the ledger keeps no accuracy by skill
    if skill:
        examined, run = _by_skill(connection, wanted, skill, descending)
        return [run, _Run(and_(meets, checkpoints.c.id.not_in(examined)), newest)]
    value = checkpoints.c[sort]
    if sort == "saved_at":
        return [_Run(meets, newest, descending)]
    if sort == "step":
        return [_Run(meets, (value, checkpoints.c.id), descending)]
    if sort == "size_bytes":
        return [_Run(meets, (value, *newest), descending)]
    version = checkpoints.c.exam_version
    has, lacks = value.is_not(None), value.is_(None)
    if sort == "exam_accuracy":
        own = exam_version_of(connection, wanted.campaign_id)
        has, lacks = version == own, or_(version.is_(None), version != own)
    return [_Run(and_(meets, has), (value, *newest), descending), _Run(and_(meets, lacks), newest)]


def _by_skill(connection: Connection, wanted: Wanted, skill: str, descending: bool) -> tuple[Select[Any], _Run]:
    """Ids with an accuracy in a skill, and the run of those wanted by it."""
    scored = checkpoint_skills.c
    own = [scored.skill_id == skill, scored.exam_version == exam_version_of(connection, wanted.campaign_id)]
    columns = (scored.accuracy, scored.step, scored.checkpoint_id)
    if wanted.only is not None:
        own.append(scored.checkpoint_id.in_(wanted.only))
        examined = select(scored.checkpoint_id).where(*own)
        return examined, _Run(and_(*own), columns, descending, checkpoint_skills, scored.checkpoint_id)
    own.append(scored.campaign_id == wanted.campaign_id)
    examined = select(scored.checkpoint_id).where(*own)
    origin: FromClause = checkpoint_skills
    if by_record := _by_record(wanted):
        origin = checkpoint_skills.join(checkpoints, checkpoints.c.id == scored.checkpoint_id)
        own += by_record
    own += _by_id(wanted, scored.checkpoint_id)
    return examined, _Run(and_(*own), columns, descending, origin, scored.checkpoint_id)


def _ids_of(connection: Connection, runs: Sequence[_Run], total: int, limit: int, offset: int) -> list[str]:
    """A page of the ids of one or two runs, one after the other."""
    *valued, rest = runs
    if not valued:
        return _ids(connection, rest, total, offset, limit)
    if offset <= _NEAR:
        # Near the beginning the page is mostly full before anything has to be counted.
        query = valued[0].select(valued[0].id).order_by(*valued[0].order(True)).limit(limit).offset(offset)
        ids = list(connection.execute(query).scalars())
        if len(ids) == limit:
            return ids
    count = connection.execute(valued[0].select(func.count())).scalar_one()
    ids = _ids(connection, valued[0], count, offset, limit)
    return ids + _ids(connection, rest, total - count, max(0, offset - count), limit - len(ids))


def _ids(connection: Connection, run: _Run, count: int, start: int, limit: int) -> list[str]:
    """Ids `start` to `start + limit` of the `count` of a run, read from its nearer end."""
    stop = min(start + limit, count)
    if start >= stop:
        return []
    forwards = start <= count - stop
    query = run.select(run.id).order_by(*run.order(forwards)).limit(stop - start)
    ids = list(connection.execute(query.offset(start if forwards else count - stop)).scalars())
    return ids if forwards else ids[::-1]
