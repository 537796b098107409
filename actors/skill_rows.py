"""Skills and evaluations as JSON-ready rows. Knows no actor."""

from __future__ import annotations

from typing import Any

from realm.rules.progression import Evaluation, wilson_interval
from skills.catalog import Skill


def skill_row(skill: Skill, state: dict[str, Any], evaluations: list[dict[str, Any]]) -> dict[str, Any]:
    """A skill with its state as JSON-ready values."""
    level = skill.levels[min(state["mastered_level"] + 1, skill.max_level)]
    return {
        "id": skill.id,
        "name": skill.name,
        "description": skill.description,
        "icon": skill.icon,
        "colour": skill.colour,
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
    return {
        "step": evaluation.step,
        "level": evaluation.level,
        **share(evaluation.correct, evaluation.n),
        "at": evaluation.created_at.isoformat(),
    }


def share(correct: int, n: int) -> dict[str, Any]:
    """A proportion with its 95 % Wilson interval; None where there is nothing yet."""
    low, high = wilson_interval(correct, n) if n else (None, None)
    return {"n": n, "correct": correct, "accuracy": correct / n if n else None, "low": low, "high": high}
