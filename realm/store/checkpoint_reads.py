"""The part of the ledger that only reads: names, pages, bests, ancestry, and who holds which rank.

The ledger may have 100,000 checkpoints: every question is answered from an index, and a page is read from the nearer
end of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, distinct, exists, false, func, or_, select

from realm.errors import RequestError
from realm.rules.checkpoint import Checkpoint, CreatedBy
from realm.rules.protection import Anchors
from realm.rules.stronghold import HOME
from realm.store.checkpoint_rows import AWAY, active_campaign, by_id, every, first, live, resolve, unknown
from realm.store.database import Database
from realm.store.tables import campaigns, checkpoint_skills, checkpoint_uses, checkpoints, locations

LOSSES: Final = ("val_loss", "perplexity", "train_loss")
_NEAR: Final = 5_000
_FEW: Final = 1_000
SORTS: Final = ("saved_at", "step", "exam_accuracy", "val_loss", "train_loss", "size_bytes")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which checkpoints of a campaign. None = whichever.

    `strongholds`: with a copy in one of these, `home` among them. `skill`: saved for a level of it. `search`: part of
    the name. `only`: of these ids.
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
class VaultSize:
    """Numbers and bytes of checkpoints, live and in the trash."""

    live: int
    live_bytes: int
    trashed: int
    trashed_bytes: int


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


class CheckpointReads:
    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, name: str, campaign_id: str | None = None) -> Checkpoint:
        """A checkpoint by id (`{campaign}/{name}`), or by name within a campaign, the active one if none is given.

        A name is the canonical one, or `checkpoint-{step}`.

        Raises:
            NotFoundError: no such checkpoint outside the trash.
        """
        with self._db.read() as connection:
            found = resolve(connection, name, campaign_id)
            if found is None:
                raise unknown(name)
            return found

    def find(self, checkpoint: str) -> Checkpoint | None:
        """A checkpoint by its id, in the trash or not."""
        with self._db.read() as connection:
            return first(connection, select(checkpoints).where(checkpoints.c.id == checkpoint))

    def named(self, campaign_id: str, canonical_name: str) -> tuple[Checkpoint, ...]:
        """Checkpoints of a canonical name, in the trash or not."""
        query = select(checkpoints).where(
            checkpoints.c.campaign_id == campaign_id, checkpoints.c.canonical_name == canonical_name
        )
        with self._db.read() as connection:
            return every(connection, query)

    def find_trashed(self, name: str) -> Checkpoint:
        """A checkpoint in the trash by id or by canonical name in the active campaign; the last trashed of a name.

        Raises:
            NotFoundError: none in the trash has this name.
        """
        with self._db.read() as connection:
            query = select(checkpoints).where(checkpoints.c.trashed_at.is_not(None))
            if "/" in name:
                query = query.where(checkpoints.c.id == name)
            else:
                campaign_id = active_campaign(connection)
                query = query.where(checkpoints.c.campaign_id == campaign_id, checkpoints.c.canonical_name == name)
            found = first(connection, query.order_by(checkpoints.c.trashed_at.desc()))
            if found is None:
                raise unknown(name)
            return found

    def newest(self, campaign_id: str, with_optimizer: bool = False) -> Checkpoint | None:
        """The live checkpoint of the highest step, or the highest that training can resume from."""
        query = live(campaign_id).order_by(checkpoints.c.step.desc())
        if with_optimizer:
            query = query.where(checkpoints.c.has_optimizer)
        with self._db.read() as connection:
            return first(connection, query)

    def resumable(self, campaign_id: str, limit: int) -> tuple[Checkpoint, ...]:
        """Live checkpoints that training can resume from, highest step first."""
        query = live(campaign_id).where(checkpoints.c.has_optimizer).order_by(checkpoints.c.step.desc())
        with self._db.read() as connection:
            return every(connection, query.limit(limit))

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
            return every(connection, query)

    def ledger(
        self, wanted: Wanted, sort: str = "saved_at", descending: bool = True, limit: int = 50, offset: int = 0
    ) -> LedgerPage:
        """A page of the checkpoints wanted, and how many there are.

        `sort`: saved_at, step, exam_accuracy, val_loss, train_loss, size_bytes or skill:ID. Those without the value, or
        with an exam of another version than the campaign's, follow the others, newest first.

        Raises:
            RequestError: an unknown `sort`.
        """
        if sort not in SORTS and not _skill_of(sort):
            raise RequestError(
                f"Checkpoints are not sorted by {sort!r}.", f"Known are {', '.join((*SORTS, 'skill:ID'))}."
            )
        with self._db.read() as connection:
            total = _total(connection, wanted)
            if wanted.search and total <= _FEW:
                # The names are gone through once, and not again for each run.
                named = select(checkpoints.c.id).where(*_meets(wanted))
                wanted = replace(wanted, search=None, only=tuple(connection.execute(named).scalars()))
            ids = _ids_of(connection, _runs(connection, wanted, sort, descending), total, limit, offset)
            rows = every(connection, select(checkpoints).where(checkpoints.c.id.in_(ids)))
        found = {each.id: each for each in rows}
        return LedgerPage(tuple(found[each] for each in ids), total)

    def best(self, campaign_id: str, metric: str = "exam_accuracy") -> Checkpoint | None:
        """The best live one by exam_accuracy, skill:ID, val_loss, perplexity or train_loss; of equals the earlier.

        Exam accuracies are compared within the campaign's exam version.

        Raises:
            RequestError: an unknown metric.
        """
        skill = _skill_of(metric)
        if metric not in ("exam_accuracy", *LOSSES) and not skill:
            known = ", ".join(("exam_accuracy", "skill:ID", *LOSSES))
            raise RequestError(f"Unknown metric {metric!r}.", f"Known are {known}.")
        with self._db.read() as connection:
            if skill:
                return _best_by_skill(connection, campaign_id, skill)
            value = checkpoints.c[metric]
            query = live(campaign_id).where(value.is_not(None))
            if metric == "exam_accuracy":
                query = query.where(checkpoints.c.exam_version == _exam_version(connection, campaign_id))
            top = first(connection, query.order_by(value if metric in LOSSES else value.desc()))
            if top is None:
                return None
            return first(
                connection,
                query.where(value == getattr(top, metric)).order_by(checkpoints.c.saved_at, checkpoints.c.step),
            )

    def lineage(self, checkpoint: str, limit: int = 20) -> tuple[Checkpoint, ...]:
        """The ancestors of a checkpoint that the ledger still knows, nearest first."""
        found: list[Checkpoint] = []
        seen = {checkpoint}
        with self._db.read() as connection:
            parent = by_id(connection, checkpoint).parent_id
            while parent is not None and parent not in seen and len(found) < limit:
                seen.add(parent)
                each = first(connection, select(checkpoints).where(checkpoints.c.id == parent))
                if each is None:
                    break
                found.append(each)
                parent = each.parent_id
        return tuple(found)

    def children(self, checkpoint: str, limit: int = 50) -> tuple[Checkpoint, ...]:
        """Live checkpoints that were trained on from this one, earliest step first."""
        query = select(checkpoints).where(checkpoints.c.parent_id == checkpoint, checkpoints.c.trashed_at.is_(None))
        with self._db.read() as connection:
            return every(connection, query.order_by(checkpoints.c.step).limit(limit))

    def anchors(self, now: datetime, current: Collection[str] = (), campaign_id: str | None = None) -> Anchors:
        """Who holds which rank, in one campaign or in all. `current`: ids that `models/current_model` points at."""
        with self._db.read() as connection:
            return anchors_of(connection, now, current, campaign_id)

    def ranked(self, campaign_id: str, anchors: Anchors) -> tuple[Checkpoint, ...]:
        """Live checkpoints of a campaign that may be anything but expendable: those of a rank, promoted, or saved for
        another reason than the battle's course."""
        ids = anchors.current | anchors.champions | anchors.latest | anchors.resumable | anchors.mastery
        by_name = live(campaign_id).where(checkpoints.c.id.in_(ids | anchors.in_use))
        promoted = live(campaign_id).where(checkpoints.c.promoted_at.is_not(None))
        brought = live(campaign_id).where(checkpoints.c.created_by.in_((CreatedBy.START, CreatedBy.IMPORT)))
        with self._db.read() as connection:
            found = [each for query in (by_name, promoted, brought) for each in every(connection, query)]
        return tuple({each.id: each for each in found}.values())

    def last_promoted(self, campaign_id: str) -> Checkpoint | None:
        """The live checkpoint that a person promoted last."""
        promoted = live(campaign_id).where(checkpoints.c.promoted_at.is_not(None))
        with self._db.read() as connection:
            return first(connection, promoted.order_by(checkpoints.c.promoted_at.desc()))

    def sizes(self, campaign_id: str | None = None) -> VaultSize:
        """How many checkpoints there are and their bytes."""
        trashed = checkpoints.c.trashed_at.is_not(None)
        query = select(trashed, func.count(), func.sum(checkpoints.c.size_bytes)).group_by(trashed)
        if campaign_id is not None:
            query = query.where(checkpoints.c.campaign_id == campaign_id)
        with self._db.read() as connection:
            found = {bool(key): (count, int(total)) for key, count, total in connection.execute(query)}
        return VaultSize(*found.get(False, (0, 0)), *found.get(True, (0, 0)))


def anchors_of(
    connection: Connection, now: datetime, current: Collection[str] = (), campaign_id: str | None = None
) -> Anchors:
    """See `CheckpointReads.anchors`."""
    query = select(campaigns.c.id, campaigns.c.champion_id)
    if campaign_id is not None:
        query = query.where(campaigns.c.id == campaign_id)
    champions: dict[str, str | None] = dict(connection.execute(query).all())
    latest: set[str] = set()
    resumable: set[str] = set()
    mastery: set[str] = set()
    for campaign in [campaign_id] if campaign_id else champions:
        newest = live(campaign).order_by(checkpoints.c.step.desc())
        latest |= {each.id for each in [first(connection, newest)] if each}
        resumable |= {each.id for each in [first(connection, newest.where(checkpoints.c.has_optimizer))] if each}
        mastery |= _newest_mastery(connection, campaign)
    uses = select(checkpoint_uses.c.checkpoint_id).where(checkpoint_uses.c.expires_at > now)
    return Anchors(
        current=frozenset(current),
        champions=frozenset(each for each in champions.values() if each),
        latest=frozenset(latest),
        resumable=frozenset(resumable),
        mastery=frozenset(mastery),
        in_use=frozenset(connection.execute(uses).scalars()),
    )


def _newest_mastery(connection: Connection, campaign_id: str) -> set[str]:
    found: set[str] = set()
    of_skills = live(campaign_id).where(checkpoints.c.skill_id.is_not(None))
    skill: str | None = ""
    while True:
        # From one skill to the next by the index, whose rows of one skill are not gone through.
        after = of_skills.where(checkpoints.c.skill_id > skill).with_only_columns(func.min(checkpoints.c.skill_id))
        skill = connection.execute(after).scalar_one()
        if skill is None:
            return found
        mastered = live(campaign_id).where(
            checkpoints.c.skill_id == skill, checkpoints.c.created_by == CreatedBy.MASTERY
        )
        newest = first(connection, mastered.order_by(checkpoints.c.saved_at.desc(), checkpoints.c.id.desc()))
        found |= {newest.id} if newest else set()


def _skill_of(metric: str) -> str:
    return metric.removeprefix("skill:") if metric.startswith("skill:") else ""


def _exam_version(connection: Connection, campaign_id: str) -> str | None:
    return connection.execute(select(campaigns.c.exam_version).where(campaigns.c.id == campaign_id)).scalar()


def _best_by_skill(connection: Connection, campaign_id: str, skill: str) -> Checkpoint | None:
    accuracies = (
        select(checkpoint_skills.c.checkpoint_id, checkpoint_skills.c.accuracy)
        .join(checkpoints, checkpoints.c.id == checkpoint_skills.c.checkpoint_id)
        .where(
            checkpoint_skills.c.campaign_id == campaign_id,
            checkpoint_skills.c.skill_id == skill,
            checkpoint_skills.c.exam_version == _exam_version(connection, campaign_id),
            checkpoints.c.trashed_at.is_(None),
        )
    )
    top = connection.execute(accuracies.order_by(checkpoint_skills.c.accuracy.desc()).limit(1)).first()
    if top is None:
        return None
    earliest = accuracies.where(checkpoint_skills.c.accuracy == top.accuracy).order_by(checkpoint_skills.c.step)
    found = connection.execute(earliest.limit(1)).one()
    return by_id(connection, found.checkpoint_id)


def _meets(wanted: Wanted) -> list[ColumnElement[bool]]:
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
    if wanted.only is not None:
        meets.append(checkpoint.in_(wanted.only))
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
    skill = _skill_of(sort)
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
        own = _exam_version(connection, wanted.campaign_id)
        has, lacks = version == own, or_(version.is_(None), version != own)
    return [_Run(and_(meets, has), (value, *newest), descending), _Run(and_(meets, lacks), newest)]


def _by_skill(connection: Connection, wanted: Wanted, skill: str, descending: bool) -> tuple[Select[Any], _Run]:
    """Ids with an accuracy in a skill, and the run of those wanted by it."""
    scored = checkpoint_skills.c
    own = [
        scored.campaign_id == wanted.campaign_id,
        scored.skill_id == skill,
        scored.exam_version == _exam_version(connection, wanted.campaign_id),
    ]
    columns = (scored.accuracy, scored.step, scored.checkpoint_id)
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
