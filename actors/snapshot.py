"""Assembles the realm's state from the database and the live metrics. Reads only; knows no actor."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from actors.curriculum import Curriculum
from actors.honour_books import HonourBooks
from actors.momentum import MomentumReader, standing_row
from actors.rows import row_of
from actors.skill_rows import evaluation_row, skill_row
from realm.catalog import hero_spec
from realm.config import RealmConfig, load_config
from realm.home import RealmHome
from realm.rules.battle import Battle, BattleState
from realm.rules.campaign import Campaign
from realm.rules.checkpoint import Checkpoint
from realm.rules.event import Event
from realm.rules.hero import FORMULAS, GOLD_PER_QUEST, STEPS_PER_HERO_LEVEL, HeroState
from realm.rules.momentum import Standing
from realm.rules.quest import Quest, QuestStatus
from realm.store.battles import BattleStore
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.events import EventStore
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore
from skills import get_engine

LIVE_S = 5.0
"""Metrics older than this are not the battle's present ones."""
EVENTS_SHOWN = 12
NO_BATTLE: dict[str, Any] = {"state": "idle", "reason": "no campaign yet"} | dict.fromkeys(
    (
        *("desired_state", "battle_id", "started_at", "quest", "quest_id", "quest_origin", "skill", "level"),
        *("level_title", "step", "steps_total", "eta_seconds", "train_loss", "val_loss", "learning_rate"),
        *("steps_per_second", "tokens_per_second"),
    )
)
QUIET_EVENTS = frozenset({"evaluation.recorded", "attempt.started", "attempt.ended", "battle.desired"})


class StateReader:
    """Reads what the Tavern and `realm status` show."""

    def __init__(self, home: RealmHome, database: Database) -> None:
        self.home = home
        self.campaigns = CampaignStore(database)
        self.battles = BattleStore(database)
        self.quests = QuestStore(database)
        self.skills = SkillStore(database)
        self.checkpoints = CheckpointStore(database)
        self.event_store = EventStore(database)
        self.honours = HonourBooks(database)
        self.engine = get_engine()
        self.curriculum = Curriculum(database, self.engine)
        self.momentum = MomentumReader(home, database, self.engine)

    def read(
        self, live: dict[str, Any] | None, at: datetime, services: dict[str, dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """The state at `at`, JSON-ready. `live` = the newest metrics with their `at`, or None; `services` as Weaver
        tells of them."""
        campaign = self.campaigns.get_current()
        config = load_config(self.home)
        base: dict[str, Any] = {"at": at.isoformat(), "home": str(self.home.root), "disk": self._disk(config)}
        if campaign is None:
            empty = {"hero": None, "campaign": None, "skills": {}, "quests": {}, "champion": None, "events": []}
            nothing = {"battle": NO_BATTLE, "next_quest": None, "latest_checkpoint": None}
            return {**base, **empty, **nothing, **self.honours.state(None)}
        if live is not None and (live["campaign_id"] != campaign.id or (at - live["at"]).total_seconds() > LIVE_S):
            live = None
        battle = self.battles.current(campaign.id) or next(iter(self.battles.page(campaign.id, 1)), None)
        newest = self.checkpoints.newest(campaign.id)
        state = self.campaigns.hero_state(campaign.id)
        train_loss = live["train_loss"] if live else state.train_loss
        step = max(live["step"] if live else 0, state.xp)
        return {
            **base,
            **self.honours.state(campaign.id),
            "hero": self._hero(config, campaign, state, train_loss, step),
            "campaign": self._campaign(campaign, state, step) | standing_row(self.standing(campaign, services)),
            "battle": self._battle(campaign, battle, live, state),
            "skills": self._skills(campaign),
            "quests": {status.value: count for status, count in self.quests.counts(campaign.id).items()},
            "next_quest": self._next_quest(campaign),
            "champion": self._champion(campaign),
            "latest_checkpoint": row_of(newest) if newest else None,
            "events": self.events(None, EVENTS_SHOWN),
        }

    def standing(self, campaign: Campaign, services: dict[str, dict[str, Any]] | None) -> Standing:
        """How the campaign stands now."""
        return self.momentum.read(campaign, load_config(self.home), services)

    def honour_rows(self, campaign_id: str | None = None) -> list[dict[str, Any]]:
        """Every title and achievement, of the campaign named, else of the one whose state is shown: see HonourBooks."""
        campaign = self.campaigns.get_current() if campaign_id is None else self.campaigns.get(campaign_id)
        return self.honours.rows(None if campaign is None else campaign.id)

    def loss(self, after: int) -> dict[str, Any]:
        """[step, value] beyond step `after`: train loss, validation loss, and marks where levels were mastered."""
        campaign = self.campaigns.get_current()
        if campaign is None:
            return {"points": [], "val": [], "marks": []}
        points = [[p.step, round(p.train_loss, 5)] for p in self.battles.points(campaign.id, after=after)]
        val = [[step, round(loss, 5)] for step, loss in self.skills.val_losses(campaign.id, after)]
        marks = [
            [step, f"{self.engine.get(skill_id).name} level {level}"]
            for skill_id, levels in self._mastered(campaign.id).items()
            for level, step in levels.items()
            if step > after
        ]
        return {"points": points, "val": val, "marks": sorted(marks)}

    def events(self, before: int | None, limit: int) -> list[dict[str, Any]]:
        """Events before a `seq`, newest first, without those that only a debugger reads."""
        found = self.event_store.before(before, limit, QUIET_EVENTS)
        return [event_row(event) for event in found]

    def _hero(
        self, config: RealmConfig, campaign: Campaign, state: HeroState, train_loss: float | None, step: int
    ) -> dict[str, Any]:
        spec = hero_spec(campaign.hero_id)
        shown = replace(state, train_loss=train_loss)
        from_catalog = config.of_hero(spec.id).hero.base_model is None
        return {
            "id": spec.id,
            "name": spec.name,
            # Of another base model than the catalog's the shape is not known here.
            "architecture": "Qwen3" if from_catalog else None,
            "parameters": spec.parameters if from_catalog else None,
            "hero_level": shown.hero_level,
            "xp": shown.xp,
            "live_step": step,
            "xp_into_level": shown.xp % STEPS_PER_HERO_LEVEL,
            "xp_per_level": STEPS_PER_HERO_LEVEL,
            "atk": shown.atk,
            "def": shown.def_,
            "acc": shown.acc,
            "gold": shown.gold,
            "formulas": _formulas(shown),
        }

    def _campaign(self, campaign: Campaign, state: HeroState, step: int) -> dict[str, Any]:
        return {
            "id": campaign.id,
            "step": step,
            "durable_step": state.xp,
            "state": campaign.life.value,
            "started_at": campaign.created_at.isoformat(),
        }

    def _battle(
        self, campaign: Campaign, battle: Battle | None, live: dict[str, Any] | None, state: HeroState
    ) -> dict[str, Any]:
        if battle is None:
            return NO_BATTLE | {"reason": "no battle yet"}
        active = self.quests.page(campaign.id, (QuestStatus.ACTIVE,), limit=1)
        quest = active[0] if active else None
        on = battle.state in (BattleState.RUNNING, BattleState.PAUSING, BattleState.STOPPING)
        shown = live if on and live is not None and live["battle_id"] == battle.id else None
        fights = shown is not None and quest is not None and shown["quest_id"] == quest.id
        step = shown["quest_step"] if fights and shown else 0
        total = shown["quest_steps_total"] if fights and shown else (quest.steps_total if quest else None)
        rate = shown["steps_per_second"] if shown else None
        return {
            "state": battle.state.value,
            "desired_state": battle.desired_state.value,
            "battle_id": battle.id,
            "reason": battle.reason,
            "started_at": (battle.started_at or battle.created_at).isoformat(),
            **self._quest(quest),
            "step": step if quest else None,
            "steps_total": total,
            "eta_seconds": (total - step) / rate if total and rate else None,
            "train_loss": shown["train_loss"] if shown else state.train_loss,
            "val_loss": state.val_loss,
            "learning_rate": shown["learning_rate"] if shown else None,
            "steps_per_second": rate,
            "tokens_per_second": shown["tokens_per_second"] if shown else None,
        }

    def _quest(self, quest: Quest | None) -> dict[str, Any]:
        title = None
        if quest is not None and quest.skill_id is not None and quest.level is not None:
            title = self.engine.get(quest.skill_id).levels[quest.level].title
        return {
            "quest": quest.name if quest else None,
            "quest_id": quest.id if quest else None,
            "quest_origin": quest.origin if quest else None,
            "skill": quest.skill_id if quest else None,
            "level": quest.level if quest else None,
            "level_title": title,
        }

    def _next_quest(self, campaign: Campaign) -> dict[str, Any] | None:
        quest = self.quests.next_queued(campaign.id)
        if quest is None:
            return None
        return {"name": quest.name, "origin": quest.origin, "skill": quest.skill_id, "level": quest.level}

    def _skills(self, campaign: Campaign) -> dict[str, dict[str, Any]]:
        """The enabled skills by id, each with the words of its verdict where one stands."""
        words = {each.skill_id: each.words for each in self.curriculum.climbs.standing_verdicts(campaign.id)}
        return {
            skill.id: self._skill(campaign.id, skill.id) | {"verdict": words.get(skill.id)}
            for skill in self.curriculum.skills(campaign)
        }

    def _skill(self, campaign_id: str, skill_id: str) -> dict[str, Any]:
        skill = self.engine.get(skill_id)
        state = self.skills.find_state(campaign_id, skill_id, skill.max_level)
        row = skill_row(skill, asdict(state), [evaluation_row(each) for each in state.window])
        return row | {
            "training_level": state.training_level,
            "window_mean": state.window_mean,
            "levels_mastered_at": self._mastered(campaign_id).get(skill_id, {}),
        }

    def _mastered(self, campaign_id: str) -> dict[str, dict[int, int]]:
        """Skill → level → the step at which it was mastered."""
        return self.skills.mastered_at(campaign_id)

    def _champion(self, campaign: Campaign) -> dict[str, Any] | None:
        if campaign.champion_id is None:
            return None
        checkpoint: Checkpoint = self.checkpoints.get(campaign.champion_id)
        return {
            "id": checkpoint.id,
            "name": checkpoint.canonical_name,
            "step": checkpoint.step,
            "exam_accuracy": campaign.champion_accuracy,
            "skills": dict(checkpoint.exam_skills),
        }

    def _disk(self, config: RealmConfig) -> dict[str, int]:
        return {
            "free_bytes": shutil.disk_usage(self.home.root).free,
            "kept_free_bytes": config.vault.min_free_mb * 1_000_000,
        }


def event_row(event: Event) -> dict[str, Any]:
    """An event as JSON-ready values."""
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "kind": event.kind,
        "title": event.title,
        "detail": event.detail,
    }


def _formulas(hero: HeroState) -> dict[str, str]:
    """Each formula with the numbers that are in it now."""
    losses = {"atk": hero.train_loss, "def": hero.val_loss}
    filled = dict(FORMULAS)
    for key, loss in losses.items():
        filled[key] += f" = 1 ÷ {loss:.4f}" if loss else " (not measured yet)"
    filled["hero_level"] += f" = {hero.xp} ÷ {STEPS_PER_HERO_LEVEL}"
    filled["gold"] += f" = {GOLD_PER_QUEST} × {hero.quests_completed}"
    if hero.accuracies:
        filled["acc"] += ": " + ", ".join(f"{skill} {value:.3f}" for skill, value in hero.accuracies.items())
    return filled
