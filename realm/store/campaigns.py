"""Campaigns and their champions, and the hero's numbers read together. Does not know how a hero is trained."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from realm.errors import NotFoundError, RequestError
from realm.rules.campaign import Campaign, CampaignLife, Momentum, campaign_id
from realm.rules.checkpoint import beats
from realm.rules.hero import HeroState
from realm.rules.quest import QuestStatus
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import campaigns, checkpoints, exams, quests, skill_states


class CampaignStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def ensure_campaign(self, hero_id: str, exam_version: str, now: datetime) -> Campaign:
        """The hero's campaign that a realm begins with: its active one; else, of those that are paused, the one left
        last, as it is where a person paused it; else a new one, active. Nothing runs meanwhile.

        The active campaign of another hero is paused, and the one left last becomes active in its place.
        """
        with self._db.write() as connection:
            active = find_campaigns(connection, campaigns.c.life == CampaignLife.ACTIVE)
            for other in active:
                if other.hero_id != hero_id:
                    set_life(connection, other, CampaignLife.PAUSED, now)
            found = _open(connection, campaigns.c.hero_id == hero_id)
            if not found:
                return make_campaign(connection, hero_id, exam_version, now)
            if active and found[0].life != CampaignLife.ACTIVE:
                set_life(connection, found[0], CampaignLife.ACTIVE, now)
            return campaign_by_id(connection, found[0].id)

    def set_exam_version(self, campaign: str, exam_version: str, now: datetime) -> Campaign:
        """Note another exam version; the same again writes nothing.

        The champion keeps the version it was examined with; the first checkpoint examined with the new one succeeds it.
        """
        with self._db.write() as connection:
            found = campaign_by_id(connection, campaign)
            if found.exam_version != exam_version:
                change = update(campaigns).where(campaigns.c.id == campaign).values(exam_version=exam_version)
                connection.execute(change)
                data = {"campaign_id": campaign, "exam_version": exam_version}
                emit(connection, now, "campaign.exam_version", f"The exam is now version {exam_version}", data=data)
            return campaign_by_id(connection, campaign)

    def get_active(self) -> Campaign | None:
        with self._db.read() as connection:
            found = find_campaigns(connection, campaigns.c.life == CampaignLife.ACTIVE)
            return found[0] if found else None

    def get_current(self) -> Campaign | None:
        """The active campaign, else of those that are paused the one left last: whose numbers are shown."""
        with self._db.read() as connection:
            return next(iter(_open(connection)), None)

    def get(self, campaign: str) -> Campaign:
        with self._db.read() as connection:
            return campaign_by_id(connection, campaign)

    def page(
        self,
        hero_id: str | None = None,
        limit: int = 50,
        offset: int = 0,
        lives: Collection[CampaignLife] = tuple(CampaignLife),
    ) -> tuple[Campaign, ...]:
        """Campaigns of these lives, newest first."""
        query = select(campaigns).order_by(campaigns.c.created_at.desc(), campaigns.c.number.desc())
        query = query.where(campaigns.c.life.in_(tuple(lives)))
        if hero_id is not None:
            query = query.where(campaigns.c.hero_id == hero_id)
        with self._db.read() as connection:
            return tuple(to(Campaign, row) for row in connection.execute(query.limit(limit).offset(offset)).mappings())

    def set_momentum(
        self, campaign: str, momentum: Momentum, now: datetime, reason: str = "", codes: Sequence[str] = ()
    ) -> Campaign:
        """Note whether the hero moves, and why not. The same again writes nothing. `codes`: of what is in the way."""
        known = self.get(campaign)
        if (known.momentum, known.momentum_reason) == (momentum, reason):
            return known
        with self._db.write() as connection:
            found = campaign_by_id(connection, campaign)
            if (found.momentum, found.momentum_reason) == (momentum, reason):
                return found
            change = update(campaigns).where(campaigns.c.id == campaign)
            connection.execute(change.values(momentum=momentum, momentum_reason=reason))
            data = {"campaign_id": campaign, "momentum": momentum, "codes": list(codes)}
            emit(connection, now, "campaign.momentum", f"Campaign {campaign}: {momentum}", reason, data)
            return campaign_by_id(connection, campaign)

    def set_trouble(self, campaign: str, trouble: str, now: datetime) -> None:
        """Note why no quest can be generated, "" when one can. The same again keeps since when."""
        if self.get(campaign).trouble == trouble:
            return
        change = update(campaigns).where(campaigns.c.id == campaign, campaigns.c.trouble != trouble)
        with self._db.write() as connection:
            connection.execute(change.values(trouble=trouble, trouble_at=now if trouble else None))

    def move_champion(
        self, campaign: str, checkpoint: str, exam_accuracy: float, exam_version: str, now: datetime
    ) -> tuple[Campaign, bool]:
        """Make an examined checkpoint the champion if it beats the present one; the campaign, and whether it moved.

        It moves to the first that is examined, to a better accuracy, or to an equal one of an earlier step. After the
        exam's version has changed, and after a promotion by hand of one without an exam, it moves only once the
        champion itself, while it is live, was examined. A
        result of another version than the campaign's moves nothing.

        Raises:
            NotFoundError: the campaign has no such checkpoint outside the trash.
        """
        with self._db.write() as connection:
            found = campaign_by_id(connection, campaign)
            step = _live_step(connection, campaign, checkpoint)
            if exam_version != found.exam_version or not _succeeds(connection, found, exam_accuracy, step, checkpoint):
                return found, False
            change = update(campaigns).where(campaigns.c.id == campaign)
            connection.execute(
                change.values(
                    champion_id=checkpoint, champion_accuracy=exam_accuracy, champion_exam_version=exam_version
                )
            )
            crowned = update(checkpoints).where(checkpoints.c.id == checkpoint, checkpoints.c.crowned_at.is_(None))
            connection.execute(crowned.values(crowned_at=now))
            data = {"campaign_id": campaign, "checkpoint_id": checkpoint, "exam_accuracy": exam_accuracy, "step": step}
            emit(
                connection,
                now,
                "champion.moved",
                f"Champion: step {step}, exam accuracy {exam_accuracy:.3f}",
                data=data,
            )
            return campaign_by_id(connection, campaign), True

    def promote(self, checkpoint: str, now: datetime) -> tuple[Campaign, Campaign]:
        """Make a checkpoint its campaign's champion by hand; the campaign before and after.

        It is kept for good (`promoted_at`). Its own exam accuracy, where it is of the campaign's version, is what a
        later champion has to beat; without one it stays champion until it was examined.

        Raises:
            NotFoundError: no such checkpoint outside the trash.
        """
        with self._db.write() as connection:
            query = select(checkpoints).where(checkpoints.c.id == checkpoint, checkpoints.c.trashed_at.is_(None))
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                raise NotFoundError(f"There is no live checkpoint {checkpoint!r}.", "Restore it, or promote another.")
            before = campaign_by_id(connection, row["campaign_id"])
            if before.champion_id == checkpoint and row["promoted_at"] is not None:
                return before, before
            comparable = row["exam_version"] == before.exam_version
            accuracy = row["exam_accuracy"] if comparable else None
            champion = {
                "champion_id": checkpoint,
                "champion_accuracy": accuracy,
                "champion_exam_version": before.exam_version if comparable else None,
            }
            connection.execute(update(campaigns).where(campaigns.c.id == before.id).values(**champion))
            kept = update(checkpoints).where(checkpoints.c.id == checkpoint)
            connection.execute(kept.values(promoted_at=now))
            examined = f"exam accuracy {accuracy:.3f}" if accuracy is not None else "not examined yet"
            data = {
                "campaign_id": before.id,
                "checkpoint_id": checkpoint,
                "before": before.champion_id,
                "exam_accuracy": accuracy,
                "step": row["step"],
            }
            title = f"Champion by hand: step {row['step']}, {examined}"
            emit(connection, now, "champion.promoted", title, data=data)
            return before, campaign_by_id(connection, before.id)

    def ensure_known(self, campaign: str, hero_id: str, exam_version: str, now: datetime) -> Campaign:
        """The campaign of that id, made as a paused one when a lost database no longer has it.

        Raises:
            RequestError: the id is not of the form `{hero}-{number}`.
        """
        with self._db.write() as connection:
            found = find_campaigns(connection, campaigns.c.id == campaign)
            if found:
                return found[0]
            number = campaign.removeprefix(f"{hero_id}-")
            if not number.isdigit() or campaign != campaign_id(hero_id, int(number)):
                raise RequestError(f"{campaign!r} is no campaign of {hero_id}.", "It is called HERO-NUMBER.")
            return make_campaign(connection, hero_id, exam_version, now, int(number), CampaignLife.PAUSED)

    def would_move_champion(self, campaign: str, exam_accuracy: float, exam_version: str, step: int) -> bool:
        """Whether a checkpoint of `step` with this exam would move the champion, as `move_champion` decides."""
        with self._db.read() as connection:
            found = campaign_by_id(connection, campaign)
            return exam_version == found.exam_version and _succeeds(connection, found, exam_accuracy, step)

    def hero_state(self, campaign: str) -> HeroState:
        """The hero's numbers; XP = the step that training can resume from, losses = the newest measured."""
        with self._db.read() as connection:
            found = campaign_by_id(connection, campaign)
            skills = select(skill_states.c.skill_id, skill_states.c.last_accuracy).where(
                skill_states.c.campaign_id == campaign, skill_states.c.last_accuracy.is_not(None)
            )
            completed = select(func.count()).where(
                quests.c.campaign_id == campaign, quests.c.status == QuestStatus.COMPLETED
            )
            examined = select(exams.c.val_loss).where(exams.c.campaign_id == campaign, exams.c.val_loss.is_not(None))
            val_loss = connection.execute(examined.order_by(exams.c.id.desc()).limit(1)).scalar()
            if val_loss is None:
                val_loss = connection.execute(_newest(campaign, checkpoints.c.val_loss)).scalar()
            return HeroState(
                hero_id=found.hero_id,
                xp=connection.execute(_resumable(campaign)).scalar() or 0,
                train_loss=connection.execute(_newest(campaign, checkpoints.c.train_loss)).scalar(),
                val_loss=val_loss,
                accuracies=dict(connection.execute(skills).all()),
                quests_completed=connection.execute(completed).scalar_one(),
            )


def _newest(campaign: str, column: Any) -> Select[Any]:
    """The newest live checkpoint's value of a column, where it has one."""
    live = (checkpoints.c.campaign_id == campaign, checkpoints.c.trashed_at.is_(None), column.is_not(None))
    return select(column).where(*live).order_by(checkpoints.c.step.desc()).limit(1)


def _resumable(campaign: str) -> Select[Any]:
    """The step that training can resume from, which a crash cannot take back."""
    live = (checkpoints.c.campaign_id == campaign, checkpoints.c.trashed_at.is_(None), checkpoints.c.has_optimizer)
    return select(func.max(checkpoints.c.step)).where(*live)


def find_campaigns(connection: Connection, *where: Any) -> list[Campaign]:
    query = select(campaigns).where(*where).order_by(campaigns.c.created_at)
    return [to(Campaign, row) for row in connection.execute(query).mappings()]


def _open(connection: Connection, *where: Any) -> list[Campaign]:
    """The active one, then the paused ones, that which was left last first."""
    lives = campaigns.c.life.in_((CampaignLife.ACTIVE, CampaignLife.PAUSED))
    found = find_campaigns(connection, lives, *where)
    return sorted(
        found, key=lambda each: (each.life == CampaignLife.ACTIVE, each.life_since, each.number), reverse=True
    )


def campaign_by_id(connection: Connection, campaign: str) -> Campaign:
    found = find_campaigns(connection, campaigns.c.id == campaign)
    if not found:
        raise NotFoundError(f"There is no campaign {campaign!r}.", "`realm campaign list` names them.")
    return found[0]


def make_campaign(
    connection: Connection,
    hero_id: str,
    exam_version: str,
    now: datetime,
    number: int | None = None,
    life: CampaignLife = CampaignLife.ACTIVE,
) -> Campaign:
    """Insert a campaign; without a `number` it gets the hero's next one."""
    if number is None:
        highest = select(func.max(campaigns.c.number)).where(campaigns.c.hero_id == hero_id)
        number = int(connection.execute(highest).scalar_one() or 0) + 1
    made = Campaign(
        id=campaign_id(hero_id, number),
        hero_id=hero_id,
        number=number,
        life=life,
        momentum=Momentum.IDLE,
        momentum_reason="",
        exam_version=exam_version,
        created_at=now,
        life_since=now,
    )
    connection.execute(insert(campaigns).values(**values_of(made)))
    data = {"campaign_id": made.id, "hero_id": hero_id}
    emit(connection, now, "campaign.created", f"Campaign {made.id} begins", data=data)
    return made


def set_life(connection: Connection, found: Campaign, life: CampaignLife, now: datetime) -> None:
    guarded = update(campaigns).where(campaigns.c.id == found.id, campaigns.c.life == found.life)
    moves = {} if life == CampaignLife.ACTIVE else {"momentum": Momentum.IDLE, "momentum_reason": ""}
    connection.execute(guarded.values(life=life, life_since=now, **moves))
    data = {"campaign_id": found.id, "from": found.life, "to": life}
    emit(connection, now, "campaign.life", f"Campaign {found.id} is {life}", data=data)


def _live_step(connection: Connection, campaign: str, checkpoint: str) -> int:
    query = select(checkpoints.c.step).where(
        checkpoints.c.campaign_id == campaign, checkpoints.c.id == checkpoint, checkpoints.c.trashed_at.is_(None)
    )
    step = connection.execute(query).scalar_one_or_none()
    if step is None:
        raise NotFoundError(
            f"Campaign {campaign} has no live checkpoint {checkpoint!r}.", "Restore it, or examine another."
        )
    return step


def _succeeds(
    connection: Connection, found: Campaign, accuracy: float, step: int, checkpoint: str | None = None
) -> bool:
    """Whether a result of the campaign's exam version makes `checkpoint`, None for one to be saved, the champion."""
    if found.champion_id is None:
        return True
    live = (checkpoints.c.id == found.champion_id, checkpoints.c.trashed_at.is_(None))
    champion_step = connection.execute(select(checkpoints.c.step).where(*live)).scalar_one_or_none()
    if champion_step is None:
        return True
    if found.champion_accuracy is None or found.champion_exam_version != found.exam_version:
        return checkpoint == found.champion_id
    return beats(accuracy, step, found.champion_accuracy, champion_step)
