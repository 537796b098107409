"""Handler of exam jobs: the fixed panel over every enabled skill, and the validation loss. It records nothing."""

from __future__ import annotations

import time
from typing import Any

from actors.handlers.context import Context
from realm.inference.evaluation import take_exam, validation_loss
from realm.rules.job_results import ExamResult
from realm.rules.job_tasks import ExamTask


def run_exam(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Examine the named weights."""
    task = ExamTask.model_validate(job["task"])
    skills, weights = [context.skill(each) for each in task.skills], context.load(task.weights)
    began = time.monotonic()
    found = take_exam(context.hero, skills, context.panel(skills), context.require_wanted)
    context.require_wanted()
    val_loss = validation_loss(context.hero, context.validation)
    result = ExamResult(
        weights=weights,
        version=task.version,
        by_level=found.by_level,
        val_loss=val_loss,
        duration_s=time.monotonic() - began,
    )
    return result.model_dump(mode="json")
