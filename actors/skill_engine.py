"""SkillEngine: records evaluations and exams, keeps skill levels, hands out batches. The rules are in `realm.rules`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from actors.guild_records import GuildRecords
from actors.service import now
from actors.skill_rows import evaluation_row, skill_row
from realm.rules.progression import Change, Evaluation, Exam, LevelRule
from realm.store.skills import SkillStore
from skills import get_engine
from skills.catalog import exam_version, training_examples
from skills.problem import FOLDS


class SkillEngine(GuildRecords):
    """The guild's books: what the hero was asked and what it could do."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.store = SkillStore(self.database)
        self.engine = get_engine()

    # Batches

    def training_batch(
        self, skill_id: str, level: int, count: int, seed: int, replay_share: float, next_share: float
    ) -> list[dict[str, Any]]:
        """Training examples of a level, with replay of those below it and a taste of the next."""
        problems = training_examples(self.engine.get(skill_id), level, count, seed, replay_share, next_share)
        return [problem.as_training_example() for problem in problems]

    def next_evaluation(self, skill_id: str) -> dict[str, Any]:
        """Level, count, seed and fold of the next evaluation: never the same problems twice at a level."""
        skill = self.engine.get(skill_id)
        state = self.store.ensure_state(self.campaign_id, skill_id, skill.max_level)
        fold = self.fresh_fold(self.campaign_id, skill_id, state.training_level)
        return {"level": state.training_level, "count": skill.evaluation.count, "seed": fold, "fold": fold}

    # Records

    def record_evaluation(
        self, result: dict[str, Any], primitives: dict[str, str], samples: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Record an evaluation and apply the level-up rule, once per job.

        Args:
            primitives: outcomes by primitive as 0 and 1, in order.
            samples: some of the answers with their grades.

        Returns:
            `accuracy` with its interval `low` to `high`, `mastered_level` or None, whether it `counted`, and `detail`.
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
            **{name: row[name] for name in ("accuracy", "low", "high")},
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
        """Every enabled skill with its state in the active campaign."""
        return [self.show(skill.id) for skill in self.engine.list_skills()]

    def show(self, skill_id: str) -> dict[str, Any]:
        """One skill: its YAML's facts, its state, the evaluations that count towards the next level."""
        skill = self.engine.get(skill_id)
        state = self.store.find_state(self.campaign_id, skill_id, skill.max_level)
        return skill_row(skill, asdict(state), [evaluation_row(each) for each in state.window]) | {
            "training_level": state.training_level,
            "window_mean": state.window_mean,
        }

    def exam_version(self) -> str:
        """Version of the exam panel over every enabled skill."""
        return exam_version(self.engine.list_skills())
