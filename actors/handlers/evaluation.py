"""Handlers of eval and sparring jobs: one skill asked at one level. They record nothing."""

from __future__ import annotations

from typing import Any

from actors.handlers.context import Context
from realm.inference.evaluation import ask
from realm.inference.sparring import spar
from realm.rules.job_results import EvalResult, Sample, SparringResult
from realm.rules.job_tasks import EvalTask, SparringTask
from skills.problem import FOLDS


def run_eval(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Evaluate the named weights. Asked beside, if the task says so: problems of a mastered level, its review, and
    problems of this level that the hero was trained on."""
    task = EvalTask.model_validate(job["task"])
    skill, weights = context.skill(task.skill), context.load(task.weights)
    symbols = context.spells(skill)
    problems = skill.generate(task.level, task.count, task.seed, "eval", fold=task.fold % FOLDS, symbols=symbols)
    if task.review_level is not None:
        problems += skill.generate(task.review_level, task.review_count, task.review_seed, "eval", symbols=symbols)
    if task.train_count:
        problems += skill.generate(task.level, task.train_count, task.train_seed, "train", symbols=symbols)
    found, beside = ask(context.hero, skill, problems, watch=context.require_wanted).split(task.count)
    review, trained = beside.split(task.review_count if task.review_level is not None else 0)
    result = EvalResult(
        weights=weights,
        level=task.level,
        n=found.n,
        correct=found.correct,
        seed=task.seed,
        fold=task.fold,
        duration_s=found.duration_s,
        review_level=task.review_level,
        review_n=review.n,
        review_correct=review.correct,
        train_n=trained.n,
        train_correct=trained.correct,
        primitives=found.primitives,
        samples=tuple(Sample(**each) for each in found.samples()),
    )
    return result.model_dump(mode="json")


def run_sparring(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Ask the named weights, show them their mistakes, and make examples of these. Where they come from is added when
    the result is recorded."""
    task = SparringTask.model_validate(job["task"])
    skill, weights = context.skill(task.skill), context.load(task.weights)
    symbols = context.spells(skill)
    found = spar(context.hero, skill, task.level, task.count, task.seed, {}, symbols, context.require_wanted)
    result = SparringResult(
        weights=weights,
        level=task.level,
        n=found.first.n,
        first_correct=found.first.correct,
        second_correct=found.second_correct,
        duration_s=found.duration_s,
        examples=tuple(found.examples),
    )
    return result.model_dump(mode="json")
