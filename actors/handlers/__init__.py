"""What a worker does for each type of job: plain functions `(job, context) → result`, checked against the specs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.handlers.context import Context, Superseded
from actors.handlers.evaluation import run_eval
from actors.handlers.exam import run_exam
from actors.handlers.questions import run_passives, run_primitives
from actors.handlers.sparring import run_spar
from realm.rules.job import JobType

Handler = Callable[[dict[str, Any], Context], dict[str, Any]]

HANDLERS: dict[str, Handler] = {
    JobType.EVAL.value: run_eval,
    JobType.EXAM.value: run_exam,
    JobType.PASSIVE_EVAL.value: run_passives,
    JobType.PRIMITIVE.value: run_primitives,
    JobType.SPARRING.value: run_spar,
}

__all__ = ["HANDLERS", "Context", "Handler", "Superseded"]
