"""SkillEngine: records evaluations and exams, keeps skill levels, hands out batches. The rules are in `realm.rules`."""

from __future__ import annotations

from dataclasses import asdict, replace
from random import Random
from typing import Any

from actors.curriculum import Curriculum
from actors.guild import GuildReader
from actors.guild_results import GuildResults
from actors.guild_rows import weakest_first
from actors.service import now
from actors.skill_rows import evaluation_row, skill_row
from actors.waiting import ask
from realm.catalog import hero_spec
from realm.errors import ConflictError, NotFoundError, RealmError
from realm.rules.campaign import Campaign
from realm.rules.schedule import PRESETS, Plan, Strategy, whole_counts
from realm.store.skills import SkillStore
from skills import Problem, Skill, get_engine, training_examples
from skills.skill import check_request

WEAKEST = 8
"""Primitives shown of a skill."""
FIT_SAMPLE = 32
"""Training examples that are measured before a skill is enabled."""


class SkillEngine(GuildResults):
    """The guild's books: what the hero was asked and what it could do."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.store = SkillStore(self.database)
        self.engine = get_engine()
        self.curriculum = Curriculum(self.database, self.engine)
        self.guild_reader = GuildReader(self.database, self.engine)
        self.spelled: dict[tuple[str, str], bool] = {}

    # Batches

    def training_batch(self, count: int, seed: int, campaign_id: str | None = None) -> dict[str, Any]:
        """`count` training `examples` over the enabled skills and their levels, as the campaign's plan shares them, and
        what they can be made anew from: `made_of`, as a quest keeps it. Of the active campaign unless another is named.

        Raises:
            RequestError: a count or seed that nobody means.
        """
        check_request(count, seed)
        campaign = self.campaigns.get(campaign_id or self.campaign_id)
        problems: list[Problem] = []
        levels: dict[str, dict[str, int]] = {}
        for skill_id, part in whole_counts(self.curriculum.shares(campaign), count).items():
            skill = self.engine.get(skill_id)
            counts = whole_counts(self.curriculum.level_shares(campaign, skill), part)
            problems += training_examples(skill, counts, seed, self._symbols(campaign.hero_id, skill))
            levels[skill_id] = {str(level): number for level, number in counts.items()}
        Random(f"{seed}/skills").shuffle(problems)
        examples = [problem.as_training_example() for problem in problems]
        made_of = {"seed": seed, "levels": levels, "easier_mix": self.curriculum.easier_mix(campaign)}
        return {"examples": examples, "made_of": made_of}

    def _symbols(self, hero_id: str, skill: Skill) -> bool:
        """Whether a hero's tokenizer can spell the skill's symbol keys."""
        key = hero_id, skill.id
        if key not in self.spelled:
            self.spelled[key] = ask(self.peer("quest_board").spells.remote(hero_id, skill.symbol_alphabet), 300)
        return self.spelled[key]

    # Plan

    def plan(self) -> dict[str, Any]:
        """The training plan with what it gives each enabled skill."""
        campaign = self._campaign
        return self.curriculum.plan_row(campaign) | {"shares": self.curriculum.shares(campaign)}

    def set_strategy(self, strategy: str, focus: str | None = None) -> dict[str, Any]:
        """Share the training between the skills in another way; `focus` is the skill of the strategy focus.

        Raises:
            RealmError: no such strategy, or a focus that is missing, not enabled or not asked for.
        """
        try:
            wanted = Strategy(strategy)
        except ValueError:
            known = ", ".join(each.value for each in Strategy)
            raise RealmError(f"There is no strategy {strategy!r}.", f"Strategies are {known}.") from None
        if (wanted == Strategy.FOCUS) != (focus is not None):
            raise RealmError(f"Strategy {wanted} with focus {focus!r}.", "Strategy focus needs a skill, no other does.")
        enabled = [skill.id for skill in self.curriculum.skills(self._campaign)]
        if focus is not None and self.engine.get(focus).id not in enabled:
            raise RealmError(f"Skill {focus!r} is not enabled.", f"Enabled are {', '.join(enabled)}.")
        now_planned = self.curriculum.store.plan(self.campaign_id)
        self.curriculum.store.set_plan(self.campaign_id, replace(now_planned, strategy=wanted, focus=focus), now())
        return self.plan()

    def set_preset(self, preset_id: str) -> dict[str, Any]:
        """Train by a preset.

        Raises:
            NotFoundError: there is none of this name.
        """
        preset = next((each for each in PRESETS if each.id == preset_id), None)
        if preset is None:
            known = ", ".join(each.id for each in PRESETS)
            raise NotFoundError(f"There is no preset {preset_id!r}.", f"Presets are {known}.")
        self.curriculum.store.set_plan(self.campaign_id, Plan(preset.strategy, None, preset.mix), now())
        return self.plan()

    def set_skill(self, skill_id: str, enabled: bool | None = None, priority: int | None = None) -> dict[str, Any]:
        """Enable or disable a skill, give it a priority; what is None stays.

        Raises:
            ConflictError: it is the only enabled one, or nothing of its next level fits the hero's context.
            RealmError: no such skill or priority.
        """
        skill, campaign = self.engine.get(skill_id), self._campaign
        settings = self.curriculum.settings(campaign)
        if enabled and not settings[skill.id].enabled:
            self._require_fit(campaign, skill)
        defaults = hero_spec(campaign.hero_id).skills
        self.curriculum.store.set_skill(
            campaign.id, skill.id, enabled, priority, now(), skill_ids=settings, defaults=defaults
        )
        self.peer("campaign_director").plan_changed.remote()
        return self.show(skill.id)

    def _require_fit(self, campaign: Campaign, skill: Skill) -> None:
        level = self.curriculum.state(campaign, skill).training_level
        examples = [each.as_training_example() for each in training_examples(skill, {level: FIT_SAMPLE}, 0)]
        found = ask(self.peer("quest_board").fits.remote(campaign.hero_id, examples), 300)
        if not found["fitting"]:
            raise ConflictError(
                f"Level {level} of {skill.id} does not fit hero {campaign.hero_id}: of {len(examples)} training "
                f"examples the shortest has {found['shortest']} tokens, the context {found['limit']}.",
                "Raise hero.max_length, or fight with a hero of a longer context.",
            )

    # Reading

    def list(self) -> list[dict[str, Any]]:
        """Every skill with its state in the active campaign."""
        return [self.show(skill.id) for skill in self.engine.list_skills()]

    def show(self, skill_id: str) -> dict[str, Any]:
        """One skill: its YAML's facts, its state, the evaluations that count towards the next level."""
        skill = self.engine.get(skill_id)
        state = self.store.find_state(self.campaign_id, skill_id, skill.max_level)
        setting = self.curriculum.settings(self._campaign)[skill.id]
        return skill_row(skill, asdict(state), [evaluation_row(each) for each in state.window]) | {
            "training_level": state.training_level,
            "window_mean": state.window_mean,
            "enabled": setting.enabled,
            "priority": setting.priority,
        }

    def guild(self) -> dict[str, Any]:
        """All that the Guild page shows: the plan, every skill, primitives, passives, sparring, open jobs."""
        campaign, primitives = self._campaign, self.primitive_summary()
        found, sparring = self.guild_reader.read(campaign), self.books.newest_sparring(campaign.id)
        by_id = {row["id"]: row for row in primitives}
        for row in found["skills"]:
            row["primitives"] = sorted((by_id[each] for each in row["primitives"]), key=weakest_first)[:WEAKEST]
            row["sparring"] = sparring.get(row["id"])
        return found | {
            "step": self._live_step(campaign.id),
            "primitives": primitives,
            "passives": self.passives(),
            "open_jobs": [
                {"job_id": each["id"], **{name: each[name] for name in ("type", "skill_id", "status", "error")}}
                for each in ask(self.peer("task_master").open_jobs.remote())
            ],
        }

    def guild_skill(self, skill_id: str, level: int | None = None) -> dict[str, Any]:
        """One skill's page: its ladder, sparring sessions, answers of the newest evaluations, examples of a level (the
        training level).

        Raises:
            NotFoundError: no such skill or level.
        """
        skill, campaign = self.engine.get(skill_id), self._campaign
        row, sessions = self.guild_reader.skill(campaign, skill), self.sparring(skill_id=skill_id)
        return row | {
            "primitives": self.primitive_summary(skill_id)[:WEAKEST],
            "sparring": sessions[0] if sessions else None,
            "sessions": sessions,
            "levels": self.guild_reader.ladder(campaign, skill),
            "samples": [
                {"level": each["level"], "step": each["step"], "at": each["at"], "answers": each["samples"]}
                for each in self.samples(skill_id)
            ],
            "examples": self.guild_reader.examples(skill, level or row["training_level"]),
        }

    @property
    def _campaign(self) -> Campaign:
        return self.campaigns.get(self.campaign_id)
