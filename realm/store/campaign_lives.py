"""A campaign's life: made, activated, paused, archived, restored, thrown away. One is active at a time.

The active campaign's battle is saved before it is left: until then the switch waits in a row of its own, so that it
survives whatever dies meanwhile. The last one asked for holds. Does not know how a battle is saved.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Update, delete, func, insert, select, update

from realm.errors import ConflictError, NotFoundError, RequestError
from realm.rules.battle import BattleState
from realm.rules.campaign import LIFE_TRANSITIONS, Campaign, CampaignLife, Switch
from realm.store.battles import OPEN_STATES
from realm.store.campaigns import campaign_by_id, find_campaigns, make_campaign, set_life
from realm.store.columns import to
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import attempts, battles, campaign_switches, campaigns, checkpoints

_ONE = 1
NOTE_LENGTH = 2000
_LEFT_BECAUSE = {
    CampaignLife.PAUSED: "the campaign was paused",
    CampaignLife.ARCHIVED: "the campaign was archived",
    CampaignLife.TRASHED: "the campaign was deleted",
}


class CampaignLives:
    def __init__(self, db: Database) -> None:
        self._db = db

    def create(
        self,
        hero_id: str,
        exam_version: str,
        now: datetime,
        starting_checkpoint: str | None = None,
        note: str = "",
        key: str | None = None,
    ) -> Campaign:
        """A new campaign of the hero, paused; the one that was made under the same `key`, if there is one.

        Raises:
            NotFoundError: no such checkpoint outside the trash.
            RequestError: it is another hero's, or the note is too long.
        """
        if len(note) > NOTE_LENGTH:
            raise RequestError(f"The note has {len(note)} characters.", f"{NOTE_LENGTH} are the most.")
        with self._db.write() as connection:
            known = find_campaigns(connection, campaigns.c.created_key == key) if key else []
            if known:
                return known[0]
            if starting_checkpoint is not None:
                _require_start(connection, starting_checkpoint, hero_id)
            made = make_campaign(connection, hero_id, exam_version, now, life=CampaignLife.PAUSED)
            change = update(campaigns).where(campaigns.c.id == made.id)
            connection.execute(change.values(starting_checkpoint_id=starting_checkpoint, note=note, created_key=key))
            return campaign_by_id(connection, made.id)

    def activate(self, campaign: str, now: datetime) -> tuple[Campaign, Switch | None]:
        """Have a campaign become the active one; the switch that waits for the battle of the one before, if it does.

        Of the active one it takes back what waits.

        Raises:
            ConflictError: it is archived or in the trash.
        """
        with self._db.write() as connection:
            found = campaign_by_id(connection, campaign)
            if found.life == CampaignLife.ACTIVE:
                _forget(connection, now)
                return found, None
            _require(found, CampaignLife.ACTIVE)
            waiting = _pending(connection)
            leaves_to = waiting.leaves_to if waiting else CampaignLife.PAUSED
            _await(connection, Switch(leaves_to, campaign, now))
            return _settled(connection, campaign, now)

    def leave(self, campaign: str, life: CampaignLife, now: datetime) -> tuple[Campaign, Switch | None]:
        """Pause or archive a campaign; of the active one, the switch that waits for its battle, if it does.

        Raises:
            ConflictError: it cannot become that.
        """
        with self._db.write() as connection:
            found = campaign_by_id(connection, campaign)
            waiting = _pending(connection)
            if waiting is not None and waiting.activates == campaign:
                # Taken back before it was done.
                _await(connection, Switch(waiting.leaves_to, None, now))
                if waiting.leaves_to == CampaignLife.PAUSED:
                    _forget(connection, now)
            if found.life == CampaignLife.ACTIVE:
                _require(found, life)
                _await(connection, Switch(life, waiting.activates if waiting else None, now))
                return _settled(connection, campaign, now)
            if found.life != life:
                _require(found, life)
                set_life(connection, found, life, now)
                _end_battle(connection, campaign, life, now)
            return campaign_by_id(connection, campaign), None

    def restore(self, campaign: str, now: datetime) -> Campaign:
        """Take a campaign out of the Hall of Legends or the trash: paused.

        Raises:
            ConflictError: it is in neither.
        """
        with self._db.write() as connection:
            found = campaign_by_id(connection, campaign)
            if found.life not in (CampaignLife.ARCHIVED, CampaignLife.TRASHED):
                raise ConflictError(f"Campaign {campaign} is {found.life}.", "Archived and deleted ones are restored.")
            set_life(connection, found, CampaignLife.PAUSED, now)
            return campaign_by_id(connection, campaign)

    def trash(self, campaign: str, now: datetime) -> Campaign:
        """Throw a campaign away; it can be restored, its checkpoints stay.

        Raises:
            ConflictError: it is active.
        """
        with self._db.write() as connection:
            found = campaign_by_id(connection, campaign)
            if found.life == CampaignLife.ACTIVE:
                raise ConflictError(f"Campaign {campaign} is active.", "Pause or archive it first.")
            waiting = _pending(connection)
            if waiting is not None and waiting.activates == campaign:
                raise ConflictError(f"Campaign {campaign} is about to become active.", "Pause it first.")
            if found.life != CampaignLife.TRASHED:
                set_life(connection, found, CampaignLife.TRASHED, now)
                _end_battle(connection, campaign, CampaignLife.TRASHED, now)
            return campaign_by_id(connection, campaign)

    def pending(self) -> Switch | None:
        """The switch that waits for the battle to be saved."""
        with self._db.read() as connection:
            return _pending(connection)

    def complete(self, now: datetime) -> bool:
        """Make the switch that waits, if no attempt of the active campaign is under way; whether one was made."""
        if self.pending() is None:
            return False
        with self._db.write() as connection:
            return _complete(connection, now)


def _require(found: Campaign, life: CampaignLife) -> None:
    if life not in LIFE_TRANSITIONS[found.life]:
        raise ConflictError(f"Campaign {found.id} is {found.life}, it cannot become {life}.", "Restore it first.")


def _require_start(connection: Connection, checkpoint: str, hero_id: str) -> None:
    query = select(checkpoints.c.hero_id).where(checkpoints.c.id == checkpoint, checkpoints.c.trashed_at.is_(None))
    hero = connection.execute(query).scalar_one_or_none()
    if hero is None:
        raise NotFoundError(f"There is no live checkpoint {checkpoint!r}.", "`realm vault list` shows those there are.")
    if hero != hero_id:
        raise RequestError(
            f"Checkpoint {checkpoint} is of {hero}, the campaign of {hero_id}.", f"Begin a campaign of {hero}."
        )


def _pending(connection: Connection) -> Switch | None:
    row = connection.execute(select(campaign_switches)).mappings().one_or_none()
    return None if row is None else to(Switch, row)


def _await(connection: Connection, switch: Switch) -> None:
    connection.execute(delete(campaign_switches))
    values = {"leaves_to": switch.leaves_to, "activates": switch.activates, "requested_at": switch.requested_at}
    connection.execute(insert(campaign_switches).values(id=_ONE, **values))


def _forget(connection: Connection, now: datetime) -> None:
    if _pending(connection) is not None:
        connection.execute(delete(campaign_switches))
        emit(connection, now, "campaign.switch", "The change of the campaign was taken back")


def _settled(connection: Connection, campaign: str, now: datetime) -> tuple[Campaign, Switch | None]:
    """The campaign and what still waits, once that was done which needs no waiting."""
    if not _complete(connection, now):
        waiting = _pending(connection)
        words = f"{waiting.activates} becomes active" if waiting and waiting.activates else "No campaign will be active"
        emit(connection, now, "campaign.switch", f"{words} once the battle is saved")
    return campaign_by_id(connection, campaign), _pending(connection)


def _complete(connection: Connection, now: datetime) -> bool:
    switch = _pending(connection)
    if switch is None:
        return False
    active = find_campaigns(connection, campaigns.c.life == CampaignLife.ACTIVE)
    if any(_attempts_under_way(connection, each.id) for each in active):
        return False
    connection.execute(delete(campaign_switches))
    for each in active:
        set_life(connection, each, switch.leaves_to, now)
        _end_battle(connection, each.id, switch.leaves_to, now)
    if switch.activates is not None:
        set_life(connection, campaign_by_id(connection, switch.activates), CampaignLife.ACTIVE, now)
    return True


def _attempts_under_way(connection: Connection, campaign: str) -> int:
    query = select(func.count()).select_from(attempts)
    return connection.execute(
        query.where(attempts.c.campaign_id == campaign, attempts.c.ended_at.is_(None))
    ).scalar_one()


def _end_battle(connection: Connection, campaign: str, life: CampaignLife, now: datetime) -> None:
    """The open battle of a campaign that is left is paused, and ends with one that is archived.

    What a person asked of it stays: it goes on by itself with its campaign only if it fought.
    """
    here = battles.c.campaign_id == campaign
    change: Update = update(battles)
    if life == CampaignLife.PAUSED:
        fights = battles.c.state.in_((BattleState.STARTING, BattleState.RUNNING, BattleState.PAUSING))
        connection.execute(change.where(here, fights).values(state=BattleState.PAUSED, reason=_LEFT_BECAUSE[life]))
        ends = battles.c.state == BattleState.STOPPING
    else:
        ends = battles.c.state.in_(OPEN_STATES)
    ended = {"state": BattleState.FINISHED, "reason": _LEFT_BECAUSE[life], "ended_at": now}
    connection.execute(change.where(here, ends).values(**ended))
