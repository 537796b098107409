"""Handler of eval jobs: asks one skill at one level and hands the result to SkillEngine."""

from __future__ import annotations

from typing import Any

from actors.handlers.context import Context
from actors.waiting import ask
from realm.inference.evaluation import evaluate
from realm.rules.checkpoint import CreatedBy
from skills.problem import FOLDS


def run_eval(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Evaluate the named weights. A snapshot that masters a level is saved as a checkpoint."""
    payload = context.resolve(job["payload"])
    skill = context.skills.get(payload["skill_id"])
    engine = context.service.peer("skill_engine")
    snapshot = context.load(payload)
    requested = payload.get("level") is not None
    asked = payload if requested else {**payload, **ask(engine.next_evaluation.remote(skill.id))}
    level, count = asked["level"], asked.get("count") or skill.evaluation.count
    seed, fold = asked.get("seed") or 0, asked.get("fold") or 0
    found = evaluate(context.hero, skill, level, count, seed, fold % FOLDS, context.spells(skill))
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
