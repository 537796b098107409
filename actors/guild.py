"""Assembles what the Guild shows of a campaign's skills and their ladders. Reads only; knows no actor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from actors.curriculum import Curriculum
from actors.skill_rows import evaluation_row, skill_row
from realm.rules.campaign import Campaign
from realm.rules.limits import MAX_PROBLEMS
from realm.rules.passives import POOLED_RUNS, PassiveMode
from realm.rules.progression import LevelRule
from realm.rules.schedule import PRESETS, PRIORITIES, STRATEGIES, SkillSetting
from realm.store.database import Database
from realm.store.skills import SkillStore
from skills import Engine, Skill

RECENT_EVALUATIONS = 60
EXAMPLES = 4
"""Problems of a level shown to people: always the same ones, of the train split."""

LIMITS = {
    "priorities": list(PRIORITIES),
    "sparring_problems": MAX_PROBLEMS,
    "window": LevelRule(max_level=1).window,
    "pooled_runs": POOLED_RUNS,
    "pooled_problems": POOLED_RUNS * PassiveMode.LITE.problems,
}
"""Numbers of the rules that the page shows and offers."""


class GuildReader:
    """Reads the rows of the Guild's cards and of one skill's page."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self.skills = SkillStore(database)
        self.curriculum = Curriculum(database, engine)
        self.engine = engine

    def read(self, campaign: Campaign) -> dict[str, Any]:
        """The plan, and every skill of the catalog: enabled ones with their share, those that lack something on this
        machine with what, and with what the books say of them."""
        plan = self.curriculum.plan_row(campaign)
        usable, unavailable = self.engine.list_skills(), self.engine.list_unavailable()
        settings = self.curriculum.settings(campaign, [*usable, *(skill for skill, _ in unavailable)])
        shares = self.curriculum.shares(campaign)
        return {
            "strategy": {
                "name": plan["strategy"],
                "focus": plan["focus"],
                "choices": [
                    {"id": each.value, "title": each.value.replace("_", " ").capitalize(), "about": about}
                    for each, about in STRATEGIES.items()
                ],
            },
            "preset": {
                "name": plan["preset"],
                "choices": [{"id": each.id, "title": each.title, "about": each.about} for each in PRESETS],
            },
            "mix": plan["mix"],
            "limits": LIMITS,
            "skills": [
                *(self._card(campaign, skill, settings[skill.id], shares) for skill in usable),
                *(self._card(campaign, skill, settings[skill.id], shares, why) for skill, why in unavailable),
            ],
        }

    def skill(self, campaign: Campaign, skill: Skill) -> dict[str, Any]:
        """One skill's card."""
        setting = self.curriculum.settings(campaign, [skill])[skill.id]
        return self._card(campaign, skill, setting, self.curriculum.shares(campaign))

    def _card(
        self,
        campaign: Campaign,
        skill: Skill,
        setting: SkillSetting,
        shares: Mapping[str, float],
        missing: str | None = None,
    ) -> dict[str, Any]:
        state = self.curriculum.state(campaign, skill)
        window = [evaluation_row(each) for each in state.window]
        recent = self.skills.recent(campaign.id, skill.id, RECENT_EVALUATIONS)
        return skill_row(skill, asdict(state), window) | {
            "category": skill.category,
            "available": missing is None,
            "unavailable_reason": missing,
            "enabled": setting.enabled,
            "priority": setting.priority,
            "share": shares.get(skill.id, 0.0),
            "training_level": state.training_level,
            "level_titles": [level.title for _, level in sorted(skill.levels.items())],
            "primitives": skill.primitives,
            "window": window,
            "window_mean": state.window_mean,
            "recent": [evaluation_row(each) | {"mastered_level": mastered} for each, mastered in recent],
        }

    def ladder(self, campaign: Campaign, skill: Skill) -> list[dict[str, Any]]:
        """Every level with its latest results and its share of the skill's examples.

        No interval: the results are of several weights.
        """
        results = self.skills.level_results(campaign.id, skill.id)
        shares = self.curriculum.level_shares(campaign, skill)
        mastered_at = self.skills.mastered_at(campaign.id).get(skill.id, {})
        rows: list[dict[str, Any]] = []
        for number, level in sorted(skill.levels.items()):
            n, correct = results.get(number, (0, 0))
            rows.append(
                {
                    "level": number,
                    "title": level.title,
                    "memorizable": level.memorizable,
                    "mastered_at_step": mastered_at.get(number),
                    "weight": shares.get(number, 0.0),
                    "n": n,
                    "correct": correct,
                    "accuracy": correct / n if n else None,
                }
            )
        return rows

    def examples(self, skill: Skill, level: int) -> list[dict[str, Any]]:
        """A few problems of a level with the right responses."""
        problems = skill.generate(level, EXAMPLES, 0, "train")
        return [{"level": level, "prompt": each.prompt, "response": each.response} for each in problems]
