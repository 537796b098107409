"""The part of the ledger that only reads: names, pages, bests, ancestry, and who holds which rank.

The ledger may have 100,000 checkpoints: every question is answered from an index, and a page is read from the nearer
end of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from realm.errors import RequestError
from realm.rules.checkpoint import Checkpoint, CreatedBy
from realm.rules.protection import Anchors
from realm.store.checkpoint_pages import LedgerPage, Wanted, exam_version_of, page_of, skill_of
from realm.store.checkpoint_rows import active_campaign, by_id, every, first, live, resolve, unknown
from realm.store.database import Database
from realm.store.tables import campaigns, checkpoint_skills, checkpoint_uses, checkpoints

_STARTS: Final = select(campaigns.c.starting_checkpoint_id).where(campaigns.c.starting_checkpoint_id.is_not(None))
LOSSES: Final = ("val_loss", "perplexity", "train_loss")


@dataclass(frozen=True, slots=True)
class VaultSize:
    """Numbers and bytes of checkpoints, live and in the trash."""

    live: int
    live_bytes: int
    trashed: int
    trashed_bytes: int


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
        with self._db.read() as connection:
            return page_of(connection, wanted, sort, descending, limit, offset)

    def best(self, campaign_id: str, metric: str = "exam_accuracy") -> Checkpoint | None:
        """The best live one by exam_accuracy, skill:ID, val_loss, perplexity or train_loss; of equals the earlier.

        Exam accuracies are compared within the campaign's exam version.

        Raises:
            RequestError: an unknown metric.
        """
        skill = skill_of(metric)
        if metric not in ("exam_accuracy", *LOSSES) and not skill:
            known = ", ".join(("exam_accuracy", "skill:ID", *LOSSES))
            raise RequestError(f"Unknown metric {metric!r}.", f"Known are {known}.")
        with self._db.read() as connection:
            if skill:
                return _best_by_skill(connection, campaign_id, skill)
            value = checkpoints.c[metric]
            query = live(campaign_id).where(value.is_not(None))
            if metric == "exam_accuracy":
                query = query.where(checkpoints.c.exam_version == exam_version_of(connection, campaign_id))
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
        starts=frozenset(connection.execute(_STARTS).scalars()),
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


def _best_by_skill(connection: Connection, campaign_id: str, skill: str) -> Checkpoint | None:
    accuracies = (
        select(checkpoint_skills.c.checkpoint_id, checkpoint_skills.c.accuracy)
        .join(checkpoints, checkpoints.c.id == checkpoint_skills.c.checkpoint_id)
        .where(
            checkpoint_skills.c.campaign_id == campaign_id,
            checkpoint_skills.c.skill_id == skill,
            checkpoint_skills.c.exam_version == exam_version_of(connection, campaign_id),
            checkpoints.c.trashed_at.is_(None),
        )
    )
    top = connection.execute(accuracies.order_by(checkpoint_skills.c.accuracy.desc()).limit(1)).first()
    if top is None:
        return None
    earliest = accuracies.where(checkpoint_skills.c.accuracy == top.accuracy).order_by(checkpoint_skills.c.step)
    found = connection.execute(earliest.limit(1)).one()
    return by_id(connection, found.checkpoint_id)
