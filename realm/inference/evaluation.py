"""Evaluations and exams: problems asked of a hero and graded. Knows no jobs and no records."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from realm.inference.generation import Watch, generate, undisturbed
from realm.models.chat import token_ids
from realm.models.hero import Hero
from realm.models.loss import response_loss
from realm.rules.limits import SPARE_TOKENS
from realm.rules.primitives import outcomes_of
from skills.catalog import Skill
from skills.curriculum import without_symbols
from skills.problem import Grade, Problem

VALIDATION_SEED = 77_003
VALIDATION_PER_LEVEL = 4
BATCH = 128
"""Prompts that are answered at once."""
SAMPLES = 12
RIGHT_SAMPLES = 4
"""Right answers among the samples, where there are as many."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hero wrote, and its grade."""

    problem: Problem
    text: str
    grade: Grade


class Asker(Protocol):
    """What grades the answers to its problems: a skill, a passive, a primitive."""

    def grade(self, problem: Problem, text: str) -> Grade: ...


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """Graded answers, in the order of the problems."""

    duration_s: float
    answers: list[Answer]

    @property
    def n(self) -> int:
        return len(self.answers)

    @property
    def correct(self) -> int:
        return sum(answer.grade.correct for answer in self.answers)

    @property
    def accuracy(self) -> float:
        return self.correct / self.n

    def split(self, at: int) -> tuple[EvaluationResult, EvaluationResult]:
        """The first `at` answers and the rest; the time of all is that of the first."""
        return EvaluationResult(self.duration_s, self.answers[:at]), EvaluationResult(0.0, self.answers[at:])

    @property
    def primitives(self) -> dict[str, str]:
        """Outcomes as 0 and 1, in order, by the primitive that the problems take."""
        return outcomes_of((answer.problem.primitives, answer.grade.correct) for answer in self.answers)

    def samples(self, limit: int = SAMPLES) -> list[dict[str, Any]]:
        """Some answers for people to look at, JSON-ready: wrong ones first, at least RIGHT_SAMPLES right ones."""
        wrong = [answer for answer in self.answers if not answer.grade.correct]
        right = [answer for answer in self.answers if answer.grade.correct]
        chosen = wrong[: max(limit - RIGHT_SAMPLES, limit - len(right))]
        return [
            {
                "prompt": answer.problem.prompt,
                "answer": answer.text,
                "expected": answer.grade.expected,
                "correct": answer.grade.correct,
                "reason": answer.grade.reason,
            }
            for answer in [*chosen, *right[: limit - len(chosen)]]
        ]


@dataclass(frozen=True, slots=True)
class ExamResult:
    """`by_skill` = mean over levels of the accuracy at each; `exam_accuracy` = mean over skills.

    `by_level` = (n, correct) by skill id and level.
    """

    n: int
    exam_accuracy: float
    by_skill: dict[str, float]
    by_level: dict[str, dict[int, tuple[int, int]]]


def evaluate(
    hero: Hero, skill: Skill, level: int, count: int, seed: int, fold: int, symbols: bool = False
) -> EvaluationResult:
    """Ask `count` problems of the eval split's `fold` and grade the answers."""
    return ask(hero, skill, skill.generate(level, count, seed, "eval", fold=fold, symbols=symbols))


def ask(
    hero: Hero,
    skill: Skill,
    problems: Sequence[Problem],
    prompts: Sequence[str] | None = None,
    watch: Watch = undisturbed,
) -> EvaluationResult:
    """Ask these very problems, all of one skill, and grade the answers against them.

    `prompts` take the place of the problems' own, one each.
    """
    characters = max(skill.levels[problem.level].max_response_chars for problem in problems)
    return _asked(hero, [(skill, problem) for problem in problems], prompts, characters, watch)


def ask_all(
    hero: Hero, askers: Sequence[tuple[Asker, Sequence[Problem]]], watch: Watch = undisturbed
) -> list[EvaluationResult]:
    """Ask the problems of each asker, those of all together in batches; one result an asker, in their order."""
    found = _asked(hero, [(asker, problem) for asker, problems in askers for problem in problems], watch=watch)
    answers = iter(found.answers)
    return [
        EvaluationResult(found.duration_s * len(problems) / found.n, list(islice(answers, len(problems))))
        for _, problems in askers
    ]


def _asked(
    hero: Hero,
    problems: Sequence[tuple[Asker, Problem]],
    prompts: Sequence[str] | None = None,
    characters: int = 0,
    watch: Watch = undisturbed,
) -> EvaluationResult:
    """Ask in batches, each answer at most `characters` or as many tokens as the batch's longest right response."""
    began = time.monotonic()
    texts = prompts or [problem.prompt for _, problem in problems]
    answers: list[Answer] = []
    for at in range(0, len(problems), BATCH):
        batch = problems[at : at + BATCH]
        # Of some tokenizers a circled digit is several tokens: then a right answer is longer than its characters.
        tokens = max(len(token_ids(hero.tokenizer, problem.response)) for _, problem in batch)
        written = generate(hero, texts[at : at + BATCH], max(characters, tokens) + SPARE_TOKENS, watch)
        answers += [
            Answer(problem, text, asker.grade(problem, text))
            for (asker, problem), text in zip(batch, written, strict=True)
        ]
    return EvaluationResult(time.monotonic() - began, answers)


def take_exam(hero: Hero, skills: Sequence[Skill], panel: Sequence[Problem], watch: Watch = undisturbed) -> ExamResult:
    """Ask the whole panel, shortest responses first, in batches of like length."""
    by_level: dict[str, dict[int, tuple[int, int]]] = {}
    for skill in skills:
        mine = sorted(
            (problem for problem in panel if problem.skill_id == skill.id),
            key=lambda problem, s=skill: (s.levels[problem.level].max_response_chars, problem.level),
        )
        hits: dict[int, list[bool]] = {}
        for at in range(0, len(mine), 64):
            for answer in ask(hero, skill, mine[at : at + 64], watch=watch).answers:
                hits.setdefault(answer.problem.level, []).append(answer.grade.correct)
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
