"""Questions that are written out as they are drawn: what primitives and passives ask.

Knows no particular question and no split.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from skills.problem import Grade, Problem, bucket_of, grade_exact
from skills.provider import Rendering


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and its answer. `key` is what is asked, whatever its wording; `working` is "" where none is taught."""

    key: str
    prompt: str
    answer: str
    working: str = ""


def asked(random: Random, key: str, wordings: Sequence[str], answer: object) -> Question:
    """A question in one of its wordings; `answer` is written out with str()."""
    return Question(key, random.choice(wordings), str(answer))


Draw = Callable[[Random], Question]
"""Draws one question; all randomness is its argument's, and it returns after a bounded number of draws."""


class QuestionGenerator:
    """A level generator over one `Draw`; every question exercises `primitives`."""

    alphabet = "".join(sorted({*string.printable.strip(), *" \n⓪①"}))
    symbol_alphabet = ""

    def __init__(self, draw: Draw, primitives: tuple[str, ...] = ()) -> None:
        self._draw = draw
        self.primitives = primitives

    def draw(self, random: Random) -> QuestionCandidate:
        return QuestionCandidate(self._draw(random), self.primitives)

    def grade(self, problem: Problem, text: str) -> Grade:
        return grade_exact(problem, text)


@dataclass(frozen=True, slots=True)
class QuestionCandidate:
    """A drawn question; there is nothing left to choose when it is written out."""

    question: Question
    primitives: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.question.key

    @property
    def bucket(self) -> int:
        return bucket_of(self.question.key)

    def render(self, random: Random, symbols: bool) -> Rendering:
        del random, symbols
        return Rendering(self.question.prompt, self.question.answer, self.question.working, self.primitives)
