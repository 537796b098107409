"""Skills and evaluations as JSON-ready rows. Knows no actor."""

from __future__ import annotations

from typing import Any

from realm.rules.progression import Evaluation, wilson_interval
from realm.rules.schedule import Plan, preset_of
from skills.catalog import Skill


def skill_row(skill: Skill, state: dict[str, Any], evaluations: list[dict[str, Any]]) -> dict[str, Any]:
    """A skill with its state as JSON-ready values."""
    level = skill.levels[min(state["mastered_level"] + 1, skill.max_level)]
    return {
        "id": skill.id,
        "name": skill.name,
        "title": skill.name,
        "description": skill.description,
        "max_level": skill.max_level,
        "mastered_level": state["mastered_level"],
        "level_title": level.title,
        "memorizable": level.memorizable,
        "last_accuracy": state["last_accuracy"],
        "threshold": skill.evaluation.threshold,
        "xp": state["xp"],
        "evaluations": evaluations,
    }


def evaluation_row(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation with its Wilson interval as JSON-ready values."""
    low, high = wilson_interval(evaluation.correct, evaluation.n)
    return {
        "step": evaluation.step,
        "level": evaluation.level,
        "n": evaluation.n,
        "correct": evaluation.correct,
        "accuracy": evaluation.accuracy,
        "low": low,
        "high": high,
        "at": evaluation.created_at.isoformat(),
    }


def plan_row(plan: Plan) -> dict[str, Any]:
    """A training plan as JSON-ready values; `preset` is None for one put together by hand."""
    return {
        "strategy": plan.strategy.value,
        "focus": plan.focus,
        "preset": preset_of(plan),
        "mix": {"kind": plan.mix.kind.value, "replay_share": plan.mix.replay, "next_share": plan.mix.ahead},
    }
