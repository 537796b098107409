"""Handlers of passive, primitive and inference jobs: questions outside of any skill. They record nothing."""

from __future__ import annotations

import time
from typing import Any

from actors.handlers.context import Context
from realm.errors import ClusterError
from realm.inference.evaluation import ask_all
from realm.inference.generation import generate
from realm.models.chat import token_ids
from realm.rules.job_results import InferenceResult, PassiveCount, PassiveResults, PrimitiveResult
from realm.rules.job_tasks import InferenceTask, PassiveTask, PrimitiveTask


def run_passives(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Ask every passive."""
    task = PassiveTask.model_validate(job["task"])
    known = {passive.id: passive.version for passive in context.skills.list_passives()}
    if known != task.passives:
        raise ClusterError(
            "The passives of this worker are of other versions than the realm's.",
            "Install the version that the realm runs, then start the worker again.",
        )
    weights = context.load(task.weights)
    asked = [(each, each.generate(task.mode.problems, task.seed)) for each in context.skills.list_passives()]
    found = ask_all(context.hero, asked, context.require_wanted)
    counts = {
        passive.id: PassiveCount(n=each.n, correct=each.correct)
        for (passive, _), each in zip(asked, found, strict=True)
    }
    duration_s = sum(each.duration_s for each in found)
    return PassiveResults(weights=weights, passives=counts, duration_s=duration_s).model_dump(mode="json")


def run_primitives(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Ask primitives alone."""
    task = PrimitiveTask.model_validate(job["task"])
    primitives = [context.skills.primitive(each) for each in task.primitives]
    weights = context.load(task.weights)
    asked = [(each, each.generate(task.count, task.seed)) for each in primitives]
    found = ask_all(context.hero, asked, context.require_wanted)
    outcomes = {
        primitive.id: "".join("01"[answer.grade.correct] for answer in each.answers)
        for primitive, each in zip(primitives, found, strict=True)
    }
    duration_s = sum(each.duration_s for each in found)
    return PrimitiveResult(weights=weights, primitives=outcomes, duration_s=duration_s).model_dump(mode="json")


def run_inference(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Answer one prompt."""
    task = InferenceTask.model_validate(job["task"])
    weights = context.load(task.weights)
    began = time.monotonic()
    [text] = generate(context.hero, [task.prompt], task.max_tokens, context.require_wanted)
    tokens = min(task.max_tokens, len(token_ids(context.hero.tokenizer, text)))
    duration_s = time.monotonic() - began
    return InferenceResult(weights=weights, text=text, tokens=tokens, duration_s=duration_s).model_dump(mode="json")
