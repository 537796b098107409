"""A skill: its facts from the YAML, its levels, and the deterministic problems of each.

Knows no file, no training and no record of who answered what.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from realm.errors import NotFoundError, RequestError
from skills.generation import problems_of, take
from skills.problem import Grade, Problem, Split
from skills.provider import LevelGenerator

MAX_COUNT = 100_000
"""Problems that one call of `generate` makes at most."""
MAX_SEED = (1 << 63) - 1
"""What a column of the database and a batch id hold."""


class Evaluation(BaseModel):
    """Size of an evaluation and the mean accuracy over three of them that masters a level."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(default=100, ge=1, le=MAX_COUNT)
    threshold: float = Field(default=0.80, gt=0, le=1)


@dataclass(frozen=True, slots=True)
class Level:
    """One rung. `memorizable`: fewer than 300 distinct eval problems, so both splits draw from all of it.

    `max_response_chars` is the longest right response, think marks included. `primitives` are all that its problems
    can exercise.
    """

    level: int
    title: str
    memorizable: bool
    max_response_chars: int
    primitives: tuple[str, ...]
    generator: LevelGenerator


@dataclass(frozen=True)
class Skill:
    """A curriculum: levels 1 … max_level of procedurally generated, automatically graded problems."""

    id: str
    name: str
    version: int
    description: str
    category: str
    icon: str
    colour: str
    max_level: int
    xp_multiplier: float
    evaluation: Evaluation
    passive: str | None
    api_port: int | None
    levels: Mapping[int, Level]
    fingerprint: str
    """Hash of the whole YAML entry."""

    @cached_property
    def primitives(self) -> tuple[str, ...]:
        """Ids of all primitives that the levels exercise, sorted."""
        return tuple(sorted({primitive for level in self.levels.values() for primitive in level.primitives}))

    @cached_property
    def alphabet(self) -> str:
        """Every character of prompts and responses without symbol keys, sorted: a char-level tokenizer needs them."""
        return "".join(sorted({char for level in self.levels.values() for char in level.generator.alphabet}))

    @cached_property
    def symbol_alphabet(self) -> str:
        """The characters that `generate(symbols=True)` adds, sorted."""
        return "".join(sorted({char for level in self.levels.values() for char in level.generator.symbol_alphabet}))

    def level(self, level: int) -> Level:
        """The rung `level`.

        Raises:
            NotFoundError: there is no such level.
        """
        try:
            return self.levels[level]
        except KeyError:
            raise NotFoundError(
                f"Skill {self.id!r} has no level {level!r}.", f"Its levels are 1 to {self.max_level}."
            ) from None

    def generate(
        self,
        level: int,
        count: int,
        seed: int,
        split: Split,
        fold: int | None = None,
        symbols: bool = False,
        watch: Callable[[], None] | None = None,
    ) -> list[Problem]:
        """`count` problems; a longer batch begins with the shorter one of the same arguments.

        Eval problems of a level that is not memorizable are distinct within the batch; a memorizable level ignores
        the split. `symbols` allows symbol keys; it changes wordings, never what is asked. `watch` is called before
        every draw; it may raise what ends the generation.

        Raises:
            NotFoundError: no such level.
            RequestError: `count` is not 1 … MAX_COUNT, or `seed` is not 0 … MAX_SEED.
            ConflictError: the level has too few distinct eval problems for `count`.
            ValueError: a fold of the train split, or no such fold.
        """
        check_request(count, seed)
        entry = self.level(level)
        endless = problems_of(
            entry.generator,
            self.id,
            level,
            seed,
            split,
            fold,
            memorizable=entry.memorizable,
            symbols=symbols,
            watch=watch,
        )
        return take(endless, count, f"Level {level} of {self.id!r}", split, fold)

    def grade(self, problem: Problem, text: str) -> Grade:
        """Whether `text` answers `problem`; only the final answer counts, and it must be exact."""
        return self.level(problem.level).generator.grade(problem, text)


def check_request(count: int, seed: int) -> None:
    """Refuse a number of problems or a seed that nobody means.

    Raises:
        RequestError: `count` is not 1 … MAX_COUNT, or `seed` is not 0 … MAX_SEED.
    """
    if not 1 <= count <= MAX_COUNT:
        raise RequestError(f"count is {count}.", f"A call makes 1 to {MAX_COUNT} problems; other seeds give others.")
    if not 0 <= seed <= MAX_SEED:
        raise RequestError(f"seed is {seed}.", f"Give 0 to {MAX_SEED}.")
