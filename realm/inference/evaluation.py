"""Evaluations and exams: problems asked of a hero and graded. Knows no jobs and no records."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from realm.inference.generation import generate
from realm.models.chat import token_ids
from realm.models.hero import Hero
from realm.models.loss import response_loss
from skills.catalog import Skill
from skills.curriculum import without_symbols
from skills.problem import Problem

VALIDATION_SEED = 77_003
VALIDATION_PER_LEVEL = 4
SPARE_TOKENS = 4
"""Room for end tokens beyond the longest right response."""


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """One graded batch. `answers` are what the hero wrote, in order."""

    n: int
    correct: int
    duration_s: float
    answers: list[tuple[Problem, str, bool]]

    @property
    def accuracy(self) -> float:
        return self.correct / self.n


@dataclass(frozen=True, slots=True)
class ExamResult:
    """`by_skill` = mean over levels of the accuracy at each; `exam_accuracy` = mean over skills.

    `by_level` = (n, correct) by skill id and level.
    """

    n: int
    exam_accuracy: float
    by_skill: dict[str, float]
    by_level: dict[str, dict[int, tuple[int, int]]]
    duration_s: float


def evaluate(
    hero: Hero, skill: Skill, level: int, count: int, seed: int, fold: int, symbols: bool = False
) -> EvaluationResult:
    """Ask `count` problems of the eval split's `fold` and grade the answers."""
    return ask(hero, skill, skill.generate(level, count, seed, "eval", fold=fold, symbols=symbols))


def ask(hero: Hero, skill: Skill, problems: Sequence[Problem]) -> EvaluationResult:
    """Ask these very problems, all of one skill, and grade the answers against them."""
    began = time.monotonic()
    characters = max(skill.levels[problem.level].max_response_chars for problem in problems)
    # Of some tokenizers a circled digit is several tokens: then a right answer is longer than its characters.
    tokens = max(len(token_ids(hero.tokenizer, problem.response)) for problem in problems)
    budget = max(characters, tokens) + SPARE_TOKENS
    texts = generate(hero, [problem.prompt for problem in problems], budget)
    graded = [
        (problem, text, skill.grade(problem, text).correct) for problem, text in zip(problems, texts, strict=True)
    ]
    return EvaluationResult(
        n=len(graded),
        correct=sum(correct for _, _, correct in graded),
        duration_s=time.monotonic() - began,
        answers=graded,
    )


def take_exam(hero: Hero, skills: Sequence[Skill], panel: Sequence[Problem]) -> ExamResult:
    """Ask the whole panel, shortest responses first, in batches of like length."""
    began = time.monotonic()
    by_level: dict[str, dict[int, tuple[int, int]]] = {}
    for skill in skills:
        mine = sorted(
            (problem for problem in panel if problem.skill_id == skill.id),
            key=lambda problem, s=skill: (s.levels[problem.level].max_response_chars, problem.level),
        )
        hits: dict[int, list[bool]] = {}
        for at in range(0, len(mine), 64):
            for problem, _, correct in ask(hero, skill, mine[at : at + 64]).answers:
                hits.setdefault(problem.level, []).append(correct)
        by_level[skill.id] = {level: (len(values), sum(values)) for level, values in sorted(hits.items())}
    by_skill = {
        skill_id: sum(correct / n for n, correct in levels.values()) / len(levels)
        for skill_id, levels in by_level.items()
    }
    return ExamResult(
        n=len(panel),
        exam_accuracy=sum(by_skill.values()) / len(by_skill),
        by_skill=by_skill,
        by_level=by_level,
        duration_s=time.monotonic() - began,
    )


def validation_loss(hero: Hero, problems: Sequence[Problem]) -> float:
    """Mean cross-entropy in nats a token over the right responses to `problems`."""
    return response_loss(hero, [(problem.prompt, problem.response) for problem in problems])


def validation_set(skills: Sequence[Skill], symbols: Callable[[Skill], bool] = without_symbols) -> list[Problem]:
    """The problems of the validation loss: eval split, all levels, always the same for the same skills."""
    return [
        problem
        for skill in skills
        for level in sorted(skill.levels)
        for problem in skill.generate(level, VALIDATION_PER_LEVEL, VALIDATION_SEED, "eval", symbols=symbols(skill))
    ]
