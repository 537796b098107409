"""Campaigns as people ask for them: made, activated, left, shown, compared. A part of CampaignDirector."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from actors.campaign_books import CampaignBooks, milestone_row
from actors.rows import row_of
from actors.service import call_id, now
from actors.waiting import ask
from realm.catalog import hero_spec, list_heroes
from realm.errors import NotFoundError, RequestError
from realm.rules.campaign import Campaign, CampaignLife, Switch
from realm.rules.comparison import caps
from realm.rules.transitions import Transition
from realm.store.campaign_lives import CampaignLives
from realm.store.courses import CourseReader
from skills import exam_version

if TYPE_CHECKING:
    from actors.campaign_director import CampaignDirector

COMPARED = 20
START_S = 600.0
"""For the starting checkpoint of a campaign that is to become active to be brought here."""


class CampaignDesk:
    """What CampaignDirector is asked about campaigns."""

    def __init__(self, service: CampaignDirector) -> None:
        self.service = service
        self.store = service.campaigns
        self.lives = CampaignLives(service.database)
        self.courses = CourseReader(service.database)
        self.climbs = service.curriculum.climbs
        self.books = CampaignBooks(service.database, service.engine)

    def begin(self, hero_id: str | None, starting_checkpoint: str | None, note: str) -> dict[str, Any]:
        """A new campaign, paused: of the checkpoint's hero, else of the one named, else of the realm's."""
        start = None
        if starting_checkpoint:
            # VaultKeeper knows the aliases, and names the nearest of what is not there.
            book = ask(self.service.peer("vault_keeper").book.remote(starting_checkpoint))
            start = self.service.checkpoints.get(book["checkpoint_id"])
        hero = hero_id or (start.hero_id if start else self._hero())
        version = exam_version(self.service.engine.get(skill_id) for skill_id in hero_spec(hero).skills)
        # Run again because the actor was killed, the call makes no second one.
        made = self.lives.create(hero, version, now(), start.id if start else None, note, call_id())
        return self._told((made, None))

    def activate(self, campaign_id: str) -> dict[str, Any]:
        if self.store.get(campaign_id).life == CampaignLife.PAUSED:
            # Looked at before anything is left: the campaign before would be, for one that cannot train.
            ask(self.service.peer("vault_keeper").require_start.remote(campaign_id), START_S)
        return self._told(self.lives.activate(campaign_id, now()))

    def leave(self, campaign_id: str, life: str) -> dict[str, Any]:
        return self._told(self.lives.leave(campaign_id, CampaignLife(life), now()))

    def restore(self, campaign_id: str) -> dict[str, Any]:
        return self._told((self.lives.restore(campaign_id, now()), self.lives.pending()))

    def trash(self, campaign_id: str) -> dict[str, Any]:
        return self._told((self.lives.trash(campaign_id, now()), self.lives.pending()))

    def rows(self, lives: list[str] | None) -> list[dict[str, Any]]:
        """Campaigns, newest first, each with its `step` and `mastered` levels by skill."""
        wanted = tuple(CampaignLife(each) for each in lives) if lives else tuple(CampaignLife)
        return [self._row(each) for each in self.store.page(lives=wanted, limit=1000)]

    def show(self, campaign_id: str | None = None) -> dict[str, Any]:
        """A campaign with its `transitions`: what each level had taken by then, and what it cost. `reached`: what it
        has taken up to now. Where its `climbs` stand, `interventions` that were tried, oldest first, `verdicts`, newest
        first."""
        waits = self.lives.pending()  # before the campaign: one that is made in between is seen in its life
        campaign = self.store.get_current() if campaign_id is None else self.store.get(campaign_id)
        if campaign is None:
            raise NotFoundError("There is no open campaign.", "realm campaign new")
        found = [_transition(each) for each in self.courses.transitions(campaign.id)]
        reached = self.courses.reached(campaign.id)
        return {
            **self._row(campaign),
            "waits": None if waits is None else row_of(waits),
            "transitions": found,
            "reached": None if reached is None else row_of(reached),
            "climbs": [row_of(each) for each in self.climbs.standings(campaign.id)],
            "interventions": [row_of(each) for each in self.climbs.interventions(campaign.id)],
            "verdicts": [row_of(each) for each in self.climbs.verdicts(campaign.id)],
        }

    def reopen(self, campaign_id: str, skill_id: str | None) -> dict[str, Any]:
        campaign = self.store.get(campaign_id)
        if skill_id is not None:
            self.service.engine.get(skill_id)
        self.climbs.reopen(campaign.id, skill_id, now())
        self.service.ticker.nudge()
        return self.show(campaign.id)

    def compare(self, campaign_ids: list[str]) -> list[dict[str, Any]]:
        """Several campaigns as `show` tells each, with their `caps` (realm.rules.comparison)."""
        if not 1 <= len(campaign_ids) <= COMPARED:
            raise RequestError(f"{len(campaign_ids)} campaigns are named.", f"Compare 1 to {COMPARED}.")
        return [self._compared(self.show(each)) for each in dict.fromkeys(campaign_ids)]

    def overview(self) -> dict[str, Any]:
        """Every campaign, newest first, the change of the active one that waits, and the heroes of the catalog."""
        waits = self.lives.pending()
        heroes = [{"id": each.id, "name": each.name, "parameters": each.parameters} for each in list_heroes()]
        return {
            "campaigns": self.rows(None),
            "waits": None if waits is None else row_of(waits),
            "hero": self._hero(),
            "heroes": heroes,
        }

    def note(self, campaign_id: str, key: str | None, title: str, note: str | None) -> dict[str, Any]:
        """Write a note to a milestone, or take it back; without a key, make a milestone at the present step."""
        return milestone_row(self.books.note(campaign_id, key, title, note, now(), call_id()))

    def _hero(self) -> str:
        """The current campaign's hero, else what a realm without one begins with."""
        current = self.store.get_current()
        return current.hero_id if current else self.service.config.hero.name

    def _compared(self, row: dict[str, Any]) -> dict[str, Any]:
        verdicts = row["verdicts"]
        counters = self.courses.counters(row["id"], (each["step"] for each in verdicts))
        seconds = {step: None if found is None else found.seconds for step, found in counters.items()}
        return {**row, "caps": caps(row, verdicts, seconds)}

    def _row(self, campaign: Campaign) -> dict[str, Any]:
        state = self.store.hero_state(campaign.id)
        mastered = {each.skill_id: each.mastered_level for each in self.service.skills.states(campaign.id)}
        parameters = hero_spec(campaign.hero_id).parameters
        return {**row_of(campaign), "step": state.xp, "mastered": mastered, "parameters": parameters}

    def _told(self, outcome: tuple[Campaign, Switch | None]) -> dict[str, Any]:
        campaign, switch = outcome
        self.service.ticker.nudge()
        return {**self._row(campaign), "waits": None if switch is None else row_of(switch)}


def _transition(found: Transition) -> dict[str, Any]:
    return {**asdict(found), "at": found.at.isoformat()}
