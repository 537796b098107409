"""A skill: its facts from the YAML, its levels, and the deterministic problems of each.

Knows no file, no training and no record of who answered what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from random import Random

from pydantic import BaseModel, ConfigDict, Field

from realm.errors import ConflictError, NotFoundError
from skills.problem import Grade, Problem, Split, bucket_of, buckets_of
from skills.provider import Candidate, LevelGenerator

MAX_DRAWS = 20_000
"""Candidates drawn for one problem before a level counts as exhausted."""
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


class Evaluation(BaseModel):
    """Size of an evaluation and the mean accuracy over three of them that masters a level."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(default=100, ge=1)
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
        self, level: int, count: int, seed: int, split: Split, fold: int | None = None, symbols: bool = False
    ) -> list[Problem]:
        """`count` problems; a longer batch begins with the shorter one of the same arguments.

        Eval problems of a level that is not memorizable are distinct within the batch; a memorizable level ignores
        the split. `symbols` allows symbol keys; it changes wordings, never what is asked.

        Raises:
            NotFoundError: no such level.
            ConflictError: the level has too few distinct eval problems for `count`.
            ValueError: a fold of the train split, or no such fold.
        """
        entry = self.level(level)
        buckets = buckets_of(split, fold)
        stream = _stream(f"{self.id}/{level}/{seed}/{split}/{fold}")
        random = Random()
        asked: set[str] | None = set() if split == "eval" and not entry.memorizable else None
        problems: list[Problem] = []
        for index in range(count):
            random.seed(_item_seed(stream, index))
            candidate = _draw(entry, random, None if entry.memorizable else buckets, asked)
            if candidate is None:
                raise ConflictError(
                    f"Level {level} of {self.id!r} gave {index} distinct problems of split {split}, fold {fold}; "
                    f"{count} were asked for.",
                    "Ask for fewer.",
                )
            text = candidate.render(random, symbols)
            problems.append(
                Problem(
                    self.id, level, seed, index, text.prompt, text.answer, text.working, text.primitives, candidate.key
                )
            )
        return problems

    def grade(self, problem: Problem, text: str) -> Grade:
        """Whether `text` answers `problem`; only the final answer counts, and it must be exact."""
        return self.level(problem.level).generator.grade(problem, text)


def _draw(entry: Level, random: Random, buckets: frozenset[int] | None, asked: set[str] | None) -> Candidate | None:
    """The first candidate of `buckets` that is not in `asked`, which it joins; None if there seems to be none."""
    draw = entry.generator.draw
    for _ in range(MAX_DRAWS):
        candidate = draw(random)
        if buckets is not None and bucket_of(candidate.key) not in buckets:
            continue
        if asked is None:
            return candidate
        if candidate.key not in asked:
            asked.add(candidate.key)
            return candidate
    return None


def _stream(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")


def _item_seed(stream: int, index: int) -> int:
    """Element `index` of the SplitMix64 sequence that starts at `stream` (Steele, Lea, Flood 2014)."""
    mixed = (stream + (index + 1) * GOLDEN) & MASK
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & MASK
    return mixed ^ mixed >> 31
