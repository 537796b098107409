"""Handler of sparring jobs: the hero's mistakes become training examples."""

from __future__ import annotations

from typing import Any

from actors.handlers.context import Context
from actors.service import now
from actors.waiting import ask
from realm.inference.sparring import spar
from realm.rules.sparring import provenance


def run_spar(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Ask the named weights, show them their mistakes, and hand session and examples to SkillEngine."""
    payload = context.resolve(job["payload"])
    context.load(payload)
    skill, level = context.skills.get(payload["skill_id"]), payload["level"]
    source = provenance(payload, skill.id, level, now())
    found = spar(context.hero, skill, level, payload["count"], int(job["id"]), source, context.spells(skill))
    context.require_wanted(job)
    result = {
        "campaign_id": payload["campaign_id"],
        "skill_id": skill.id,
        "level": level,
        "step": payload["step"],
        "n": found.first.n,
        "first_correct": found.first.correct,
        "second_correct": found.second_correct,
        "job_id": str(job["id"]),
        "checkpoint_id": payload.get("checkpoint_id"),
        "battle_id": payload.get("battle_id"),
        "duration_s": found.duration_s,
    }
    return ask(context.service.peer("skill_engine").record_sparring.remote(result, found.examples))
