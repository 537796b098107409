"""Handlers of passive and primitive jobs: questions outside of any skill."""

from __future__ import annotations

from typing import Any

from actors.handlers.context import Context
from actors.waiting import ask
from realm.inference.evaluation import ask_all
from realm.rules.passives import PassiveMode


def run_passives(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Ask every passive, with problems of this job's own."""
    payload = context.resolve(job["payload"])
    context.load(payload)
    mode = PassiveMode(payload["mode"])
    passives = context.skills.list_passives()
    found = ask_all(context.hero, [(each, each.generate(mode.problems, int(job["id"]))) for each in passives])
    results = [
        {
            **_source(job, payload),
            "passive": passive.id,
            "version": passive.version,
            "mode": mode.value,
            "n": result.n,
            "correct": result.correct,
        }
        for passive, result in zip(passives, found, strict=True)
    ]
    rows = ask(context.service.peer("skill_engine").record_passives.remote(results))
    shown = ("id", "title", "version", "pooled", "peak", "warning")
    passives_shown = [{**{name: row[name] for name in shown}, "run": _run_of(job, row["runs"])} for row in rows]
    return {"mode": mode.value, "step": payload["step"], "passives": passives_shown}


def run_primitives(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Ask one primitive, or each, alone, with problems of this job's own."""
    payload = context.resolve(job["payload"])
    context.load(payload)
    chosen = payload.get("primitive_id")
    primitives = [context.skills.primitive(chosen)] if chosen else context.skills.list_primitives()
    asked = [(each, each.generate(payload["count"], int(job["id"]))) for each in primitives]
    found = dict(zip((each.id for each in primitives), ask_all(context.hero, asked), strict=True))
    outcomes = {name: "".join("01"[answer.grade.correct] for answer in each.answers) for name, each in found.items()}
    n, correct = sum(each.n for each in found.values()), sum(each.correct for each in found.values())
    result = {**_source(job, payload), "n": n, "correct": correct}
    ask(context.service.peer("skill_engine").record_primitives.remote(result, outcomes))
    by_primitive = [{"id": name, "n": each.n, "correct": each.correct} for name, each in found.items()]
    return {"step": payload["step"], "n": n, "correct": correct, "primitives": by_primitive}


def _run_of(job: dict[str, Any], runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The job's own of the results of a passive."""
    return next(run for run in runs if run["job_id"] == str(job["id"]))


def _source(job: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "campaign_id": payload["campaign_id"],
        "step": payload["step"],
        "job_id": str(job["id"]),
        "checkpoint_id": payload.get("checkpoint_id"),
        "battle_id": payload.get("battle_id"),
    }
