"""The look-out for level caps: asks the rule about each skill after its evaluations. A part of CampaignDirector.

What it decides is in the books; nothing is remembered here, so that a new actor goes on where the last one died.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.curriculum import Curriculum
from actors.service import now
from realm.config import LevelCapConfig
from realm.rules.campaign import Campaign
from realm.rules.climb import CapRule
from realm.rules.quest import Quest
from realm.store.climb_reads import Ladder


class CapWatch:
    """Decisions on climbs: plateaus, interventions, verdicts."""

    def __init__(self, curriculum: Curriculum, config: Callable[[], LevelCapConfig]) -> None:
        self.curriculum = curriculum
        self.climbs = curriculum.climbs
        self.config = config

    def tick(self, campaign: Campaign) -> None:
        """Decide on every enabled skill that was evaluated since; end what nobody would measure any more."""
        config = self.config()
        skills = self.curriculum.skills(campaign) if config.enabled else []
        if self.climbs.under_way(campaign.id) is not None:
            self.climbs.break_off(campaign.id, [skill.id for skill in skills], now())
        rule = CapRule(**config.model_dump(exclude={"enabled"}))
        for skill in skills:
            if not self.climbs.is_decided(campaign.id, skill.id):
                ladder = Ladder(skill.id, skill.name, skill.max_level, skill.evaluation.threshold)
                self.climbs.decide(campaign.id, ladder, rule, now())

    def concluded(self, campaign: Campaign) -> str:
        """The verdicts in words when one stands for every enabled skill: nothing is left to find out. Else ""."""
        enabled = {skill.id for skill in self.curriculum.skills(campaign)} if self.config().enabled else set[str]()
        standing = {each.skill_id: each.words for each in self.climbs.standing_verdicts(campaign.id)}
        return ". ".join(standing[each] for each in sorted(enabled)) if enabled and enabled <= standing.keys() else ""

    def is_of_this_mix(self, campaign: Campaign, quest: Quest) -> bool:
        """Whether a generated quest was made while the easier mix of now was tried, or none as now."""
        made_in = (quest.made_of or {}).get("easier_mix")
        return made_in == self.curriculum.easier_mix(campaign)
