"""What a skill's code offers the catalog. A provider is a module of `skills`, named in the YAML, with `compile_level`.

Knows no provider in particular.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from skills.problem import Grade, Problem


@dataclass(frozen=True, slots=True)
class Rendering:
    """A problem's text: what the hero reads and should say, and the primitives that it exercises.

    `extra` goes into the problem, for the generator's own `grade`.
    """

    prompt: str
    answer: str
    working: str
    primitives: tuple[str, ...]
    extra: str = ""


class Candidate(Protocol):
    """A drawn problem before it is written out; most are discarded because they belong to another split."""

    @property
    def key(self) -> str:
        """What is asked, whatever its wording."""
        ...

    @property
    def bucket(self) -> int:
        """Which part of the splits it belongs to, 0 to BUCKETS - 1; the same for the same key."""
        ...

    def render(self, random: Random, symbols: bool) -> Rendering | None:
        """Write it out; None if that cannot be done and another is to be drawn.

        `symbols`: the hero's tokenizer can spell `symbol_alphabet`.
        """
        ...


class LevelGenerator(Protocol):
    """One level of a skill."""

    @property
    def alphabet(self) -> str:
        """Every character of prompts and responses without symbol keys, sorted."""
        ...

    @property
    def symbol_alphabet(self) -> str:
        """Characters that only problems with a symbol key use, sorted."""
        ...

    def draw(self, random: Random) -> Candidate:
        """The next candidate; all randomness is `random`'s."""
        ...

    def grade(self, problem: Problem, text: str) -> Grade:
        """Whether `text` answers `problem`."""
        ...


class Provider(Protocol):
    """The module itself.

    One that needs a package which may be missing also has `unavailable() -> RealmError | None`: what is missing here
    and the remedy. Its `compile_level` does without that package; only drawing and grading need it.
    """

    def compile_level(self, level: int, content: Mapping[str, Any]) -> LevelGenerator:
        """The generator of one level from its `content` in the YAML.

        Raises:
            pydantic.ValidationError: a field of `content` is wrong.
            ConfigError: each may be right, but no problems can be made as they ask for.
        """
        ...
