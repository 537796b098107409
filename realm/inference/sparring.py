"""Sparring: a hero asked, shown its mistakes, and asked again. Knows no jobs and no records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realm.inference.evaluation import EvaluationResult, ask
from realm.inference.generation import Watch, undisturbed
from realm.models.hero import Hero
from skills.problem import Problem
from skills.skill import Skill
from skills.sparring import correcting_prompt, examples_of_mistakes


@dataclass(frozen=True, slots=True)
class Sparred:
    """The first try at every problem, the second at those that were answered wrong, and what is to be trained."""

    first: EvaluationResult
    second: EvaluationResult | None
    examples: list[dict[str, Any]]

    @property
    def second_correct(self) -> int:
        return self.second.correct if self.second else 0

    @property
    def duration_s(self) -> float:
        return self.first.duration_s + (self.second.duration_s if self.second else 0.0)


def spar(
    hero: Hero,
    skill: Skill,
    level: int,
    count: int,
    seed: int,
    provenance: Mapping[str, Any],
    symbols: bool = False,
    watch: Watch = undisturbed,
) -> Sparred:
    """Ask `count` problems of the train split; those of the eval split are never shown with their answers."""
    problems = skill.generate(level, count, seed, "train", symbols=symbols)
    first = ask(hero, skill, problems, watch=watch)
    mistakes = [answer for answer in first.answers if not answer.grade.correct]
    if not mistakes:
        return Sparred(first, None, [])
    wrong = [answer.problem for answer in mistakes]
    prompts = [correcting_prompt(answer.problem, answer.grade.extracted) for answer in mistakes]
    golden = _golden(skill, level, count, len(mistakes), seed, symbols)
    graded = [(answer.problem, answer.grade) for answer in mistakes]
    second = ask(hero, skill, wrong, prompts, watch)
    return Sparred(first, second, examples_of_mistakes(graded, golden, provenance))


def _golden(skill: Skill, level: int, asked: int, wanted: int, seed: int, symbols: bool) -> list[Problem]:
    """The problems that follow the `asked` ones in the same stream."""
    return skill.generate(level, asked + wanted, seed, "train", symbols=symbols)[asked:]
