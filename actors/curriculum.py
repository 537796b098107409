"""What a campaign trains: its enabled skills, where they stand, and the shares its plan gives them. Knows no actor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from realm.catalog import hero_spec
from realm.rules.campaign import Campaign
from realm.rules.climb import InterventionKind
from realm.rules.interventions import EASIER
from realm.rules.progression import SkillState
from realm.rules.schedule import SkillSetting, Standing, level_shares, preset_of, skill_shares
from realm.rules.verdicts import InterventionRecord
from realm.store.climbs import ClimbStore
from realm.store.curricula import CurriculumStore
from realm.store.database import Database
from realm.store.skills import SkillStore
from skills import Engine, Skill

LATEST = 50
"""Problems of a level, the newest ones asked, that its accuracy is taken from: of two reviews."""


class Curriculum:
    """Reads the books and applies the rules of `realm.rules.schedule`."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self.store = CurriculumStore(database)
        self.states = SkillStore(database)
        self.climbs = ClimbStore(database)
        self.engine = engine

    def settings(self, campaign: Campaign, skills: Iterable[Skill] | None = None) -> dict[str, SkillSetting]:
        """The settings of these skills; without any, of every one that this machine can use."""
        wanted = [skill.id for skill in (self.engine.list_skills() if skills is None else skills)]
        return self.store.settings(campaign.id, wanted, hero_spec(campaign.hero_id).skills)

    def skills(self, campaign: Campaign) -> list[Skill]:
        """The enabled skills, by id."""
        settings = self.settings(campaign)
        return [skill for skill in self.engine.list_skills() if settings[skill.id].enabled]

    def state(self, campaign: Campaign, skill: Skill) -> SkillState:
        """Where the campaign stands in a skill."""
        return self.states.find_state(campaign.id, skill.id, skill.max_level)

    def shares(self, campaign: Campaign) -> dict[str, float]:
        """Each enabled skill's share of the training."""
        settings = self.settings(campaign)
        capped = {each.skill_id for each in self.climbs.standing_verdicts(campaign.id)}
        standings = [
            Standing(
                skill.id,
                self.state(campaign, skill).mastered_level,
                skill.max_level,
                settings[skill.id].priority,
                skill.id in capped,
            )
            for skill in self.skills(campaign)
        ]
        return skill_shares(self.store.plan(campaign.id), standings)

    def plan_row(self, campaign: Campaign) -> dict[str, Any]:
        """The plan as JSON-ready values; `preset` is None for one put together by hand."""
        plan = self.store.plan(campaign.id)
        return {
            "strategy": plan.strategy.value,
            "focus": plan.focus,
            "preset": preset_of(plan),
            "mix": {"kind": plan.mix.kind.value, "replay_share": plan.mix.replay, "next_share": plan.mix.ahead},
        }

    def level_shares(self, campaign: Campaign, skill: Skill) -> Mapping[int, float]:
        """Each level's share of the examples of `skill`: by the plan's mix, or the one that is tried on this skill."""
        results = self.states.level_results(campaign.id, skill.id, LATEST)
        mastered_level = self.state(campaign, skill).mastered_level
        trial = self._easier_mix(campaign)
        mix = EASIER if trial and trial.skill_id == skill.id else self.store.plan(campaign.id).mix
        return level_shares(mastered_level, skill.max_level, results, mix, skill.evaluation.threshold)

    def easier_mix(self, campaign: Campaign) -> int | None:
        """The number of the intervention while it is an easier mix that is tried."""
        trial = self._easier_mix(campaign)
        return trial.number if trial else None

    def _easier_mix(self, campaign: Campaign) -> InterventionRecord | None:
        trial = self.climbs.under_way(campaign.id)
        return trial if trial is not None and trial.kind == InterventionKind.EASIER_MIX else None
