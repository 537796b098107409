"""SkillEngine: records evaluations and exams, keeps skill levels, hands out batches. The rules are in `realm.rules`."""

from __future__ import annotations

from dataclasses import asdict, replace
from random import Random
from typing import Any

from actors.curriculum import Curriculum
from actors.guild import GuildReader
from actors.guild_records import GuildRecords
from actors.guild_rows import weakest_first
from actors.service import now
from actors.skill_rows import evaluation_row, skill_row
from actors.waiting import ask
from realm.catalog import hero_spec
from realm.errors import ConflictError, NotFoundError, RealmError
from realm.rules.campaign import Campaign
from realm.rules.progression import Change, Evaluation, Exam, LevelRule
from realm.rules.schedule import PRESETS, Plan, Strategy, whole_counts
from realm.store.skills import SkillStore
from skills import Problem, Skill, exam_version, get_engine, training_examples
from skills.problem import FOLDS
from skills.skill import check_request

WEAKEST = 8
"""Primitives shown of a skill."""
FIT_SAMPLE = 32
"""Training examples that are measured before a skill is enabled."""


class SkillEngine(GuildRecords):
    """The guild's books: what the hero was asked and what it could do."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.store = SkillStore(self.database)
        self.engine = get_engine()
        self.curriculum = Curriculum(self.database, self.engine)
        self.guild_reader = GuildReader(self.database, self.engine)
        self.spelled: dict[str, bool] = {}

    # Batches

    def training_batch(self, count: int, seed: int) -> list[dict[str, Any]]:
        """`count` training examples over the enabled skills and their levels, as the campaign's plan shares them.

        Raises:
            RequestError: a count or seed that nobody means.
        """
        check_request(count, seed)
        campaign = self._campaign
        problems: list[Problem] = []
        for skill_id, part in whole_counts(self.curriculum.shares(campaign), count).items():
            skill = self.engine.get(skill_id)
            counts = whole_counts(self.curriculum.level_shares(campaign, skill), part)
            problems += training_examples(skill, counts, seed, self._symbols(skill))
        Random(f"{seed}/skills").shuffle(problems)
        return [problem.as_training_example() for problem in problems]

    def _symbols(self, skill: Skill) -> bool:
        """Whether the hero's tokenizer can spell the skill's symbol keys."""
        if skill.id not in self.spelled:
            self.spelled[skill.id] = ask(self.peer("quest_board").spells.remote(skill.symbol_alphabet), 300)
        return self.spelled[skill.id]

    def next_evaluation(self, skill_id: str) -> dict[str, Any]:
        """Level, count, seed and fold of the next evaluation: never the same problems twice at a level.

        `review_level`: a mastered level whose problems are asked beside, each in its turn; None before there is one.
        """
        skill = self.engine.get(skill_id)
        state = self.store.ensure_state(self.campaign_id, skill_id, skill.max_level)
        fold = self.fresh_fold(self.campaign_id, skill_id, state.training_level)
        mastered = state.mastered_level
        return {
            "level": state.training_level,
            "count": skill.evaluation.count,
            "seed": fold,
            "fold": fold,
            "review_level": mastered - fold % mastered if mastered else None,
        }

    def exam(self) -> dict[str, Any]:
        """The exam of now: the ids of the enabled `skills`, and the panel's `version`."""
        skills = self.curriculum.skills(self._campaign)
        return {"skills": [skill.id for skill in skills], "version": exam_version(skills)}

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
        found = ask(self.peer("quest_board").fits.remote(examples), 300)
        if not found["fitting"]:
            raise ConflictError(
                f"Level {level} of {skill.id} does not fit hero {campaign.hero_id}: of {len(examples)} training "
                f"examples the shortest has {found['shortest']} tokens, the context {found['limit']}.",
                "Raise hero.max_length, or fight with a hero of a longer context.",
            )

    # Records

    def record_evaluation(
        self, result: dict[str, Any], primitives: dict[str, str], samples: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Record an evaluation and apply the level-up rule, once per job.

        Args:
            primitives: outcomes by primitive as 0 and 1, in order.
            samples: some of the answers with their grades.

        Returns:
            What is recorded for the job, by an earlier run of it perhaps: `level`, `step`, `n`, `correct`, `accuracy`
            with its interval `low` to `high`, `mastered_level` or None, whether it `counted`, and `detail`.
        """
        skill = self.engine.get(result["skill_id"])
        rule = LevelRule(
            max_level=skill.max_level,
            threshold=skill.evaluation.threshold,
            xp_multiplier=skill.xp_multiplier,
            min_problems=skill.evaluation.count,
            folds=FOLDS,
        )
        outcome = self.store.record_evaluation(Evaluation(**result, created_at=now()), rule, primitives, samples)
        if outcome.mastered_level is not None:
            self.peer("campaign_director").level_mastered.remote(skill.id, outcome.mastered_level)
        row, first = evaluation_row(outcome.evaluation), outcome.happenings[0]
        return {
            "mastered_level": outcome.mastered_level,
            **{name: row[name] for name in ("level", "step", "n", "correct", "accuracy", "low", "high")},
            "counted": first.change != Change.NOT_COUNTED,
            "detail": first.detail,
        }

    def record_exam(self, result: dict[str, Any]) -> dict[str, Any]:
        """Record an exam, once per job. Says whether a checkpoint with it would be the champion."""
        exam = self.store.record_exam(Exam(**result, created_at=now()))
        beats = self.campaigns.would_move_champion(exam.campaign_id, exam.exam_accuracy, exam.exam_version, exam.step)
        return {"exam_accuracy": exam.exam_accuracy, "beats_champion": beats}

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
