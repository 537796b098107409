"""Primitives and passives: what either is, its numbered problems and their grading. Knows no YAML and no record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

from skills.generation import problems_of, take
from skills.problem import Grade, Problem, Split
from skills.question import Draw, QuestionGenerator
from skills.skill import check_request


@dataclass(frozen=True)
class QuestionSet(ABC):
    """Questions of one kind with their grader; all of its problems are of level 1.

    `memorizable`: fewer than 300 distinct eval problems, so both splits draw from all of it. `max_response_chars` is
    the longest right response, think marks included.
    """

    name: str
    version: int
    """Raised whenever a question changes: results are compared only within a version."""
    title: str
    description: str
    memorizable: bool
    max_response_chars: int
    draw: Draw

    @property
    @abstractmethod
    def source(self) -> str:
        """`skill_id` of its problems: unique among skills, primitives and passives, and naming the version."""

    @property
    def primitives(self) -> tuple[str, ...]:
        """Ids of the primitives that each problem exercises."""
        return ()

    @cached_property
    def generator(self) -> QuestionGenerator:
        return QuestionGenerator(self.draw, self.primitives)

    def generate(self, count: int, seed: int, split: Split = "eval", fold: int | None = None) -> list[Problem]:
        """`count` problems; a longer batch begins with the shorter one of the same arguments.

        Eval problems are distinct within the batch, unless memorizable; then the split is ignored.

        Raises:
            RequestError: `count` is not 1 … MAX_COUNT, or `seed` is not 0 … MAX_SEED.
            ConflictError: too few distinct eval problems for `count`.
            ValueError: a fold of the train split, or no such fold.
        """
        check_request(count, seed)
        endless = problems_of(self.generator, self.source, 1, seed, split, fold, memorizable=self.memorizable)
        return take(endless, count, repr(self.source), split, fold)

    def grade(self, problem: Problem, text: str) -> Grade:
        """Whether `text` answers `problem`; only the final answer counts, and it must be exact."""
        return self.generator.grade(problem, text)


@dataclass(frozen=True)
class Primitive(QuestionSet):
    """A single step that skills are made of."""

    track: str

    @property
    def id(self) -> str:
        """`track/name@version`, as skills name it."""
        return f"{self.track}/{self.name}@{self.version}"

    @property
    def source(self) -> str:
        return self.id

    @property
    def primitives(self) -> tuple[str, ...]:
        return (self.id,)


@dataclass(frozen=True)
class Passive(QuestionSet):
    """An ability the hero was not trained on, measured with eval problems and another seed each time."""

    @property
    def id(self) -> str:
        """Its name; there is one version of it at a time."""
        return self.name

    @property
    def source(self) -> str:
        return f"passive/{self.name}@{self.version}"
