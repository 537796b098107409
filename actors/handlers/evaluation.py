"""Handler of eval jobs: asks one skill at one level and hands the result to SkillEngine."""

from __future__ import annotations

from typing import Any

from actors.handlers.context import Context
from actors.waiting import ask
from realm.inference.evaluation import ask as ask_hero
from realm.rules.checkpoint import CreatedBy
from skills.problem import FOLDS

REVIEW_PROBLEMS = 25
"""Problems of a mastered level that are asked beside an evaluation, in its batch of 128."""


def run_eval(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Evaluate the named weights. A snapshot that masters a level is saved as a checkpoint.

    Unless a level was asked for, problems of a mastered level are asked beside: its review.
    """
    payload = context.resolve(job["payload"])
    skill = context.skills.get(payload["skill_id"])
    engine = context.service.peer("skill_engine")
    snapshot = context.load(payload)
    requested = payload.get("level") is not None
    asked = payload if requested else {**payload, **ask(engine.next_evaluation.remote(skill.id))}
    level, count = asked["level"], asked.get("count") or skill.evaluation.count
    seed, fold = asked.get("seed") or 0, asked.get("fold") or 0
    symbols, review_level = context.spells(skill), asked.get("review_level")
    problems = skill.generate(level, count, seed, "eval", fold=fold % FOLDS, symbols=symbols)
    if review_level is not None:
        problems += skill.generate(review_level, REVIEW_PROBLEMS, int(job["id"]), "eval", symbols=symbols)
    found, review = ask_hero(context.hero, skill, problems).split(count)
    result = {
        "campaign_id": payload["campaign_id"],
        "skill_id": skill.id,
        "level": level,
        "step": payload["step"],
        "n": found.n,
        "correct": found.correct,
        "seed": seed,
        "fold": fold,
        "job_id": str(job["id"]),
        "checkpoint_id": payload.get("checkpoint_id"),
        "battle_id": payload.get("battle_id"),
        "duration_s": found.duration_s,
        "review_level": review_level,
        "review_n": review.n,
        "review_correct": review.correct,
    }
    samples = found.samples()
    outcome = ask(engine.record_evaluation.remote(result, found.primitives, samples))
    if outcome["mastered_level"] is not None and snapshot is not None and outcome["step"] == payload["step"]:
        vault = context.service.peer("vault_keeper")
        ask(
            vault.save_snapshot.remote(
                [snapshot], payload["step"], CreatedBy.MASTERY.value, skill.id, outcome["mastered_level"]
            )
        )
    told = {**outcome, "duration_s": found.duration_s}
    if not requested:
        return told
    primitives = [
        {"id": name, "n": len(outcomes), "correct": outcomes.count("1")} for name, outcomes in found.primitives.items()
    ]
    return {**told, "primitives": primitives, "samples": samples}
