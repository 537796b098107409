"""Handler of exam jobs: the fixed panel over every enabled skill, and the validation loss."""

from __future__ import annotations

import time
from typing import Any

from actors.handlers.context import Context
from actors.waiting import ask
from realm.inference.evaluation import take_exam, validation_loss
from realm.rules.checkpoint import CreatedBy


def run_exam(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Examine the named weights. A snapshot that beats the champion is saved as a checkpoint."""
    payload = context.resolve(job["payload"])
    snapshot = context.load(payload)
    began = time.monotonic()
    asked = ask(context.service.peer("skill_engine").exam.remote())
    skills, version = [context.skills.get(skill_id) for skill_id in asked["skills"]], asked["version"]
    found = take_exam(context.hero, skills, context.panel(skills))
    val_loss = validation_loss(context.hero, context.validation)
    checkpoint_id = payload.get("checkpoint_id")
    result = {
        "campaign_id": payload["campaign_id"],
        "step": payload["step"],
        "exam_version": version,
        "exam_accuracy": found.exam_accuracy,
        "skill_accuracies": found.by_skill,
        "n": found.n,
        "job_id": str(job["id"]),
        "checkpoint_id": checkpoint_id,
        "battle_id": payload.get("battle_id"),
        "val_loss": val_loss,
        "duration_s": time.monotonic() - began,
        "level_results": found.by_level,
    }
    outcome = ask(context.service.peer("skill_engine").record_exam.remote(result))
    vault = context.service.peer("vault_keeper")
    if checkpoint_id is None and snapshot is not None and outcome["beats_champion"]:
        saved = ask(vault.save_snapshot.remote([snapshot], payload["step"], CreatedBy.CHAMPION.value, None, None))
        checkpoint_id = saved["id"]
    if checkpoint_id is not None:
        ask(vault.set_exam.remote(checkpoint_id, found.exam_accuracy, found.by_skill, version, val_loss))
        ask(context.service.peer("campaign_director").examined.remote(checkpoint_id, found.exam_accuracy, version))
    return {**outcome, "n": found.n, "by_skill": found.by_skill}
