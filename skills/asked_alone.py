"""Stand-in for the primitives and passives of the catalog; the real ones take its place when they are merged."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from skills.generation import problems_of
from skills.passives import language, numbers, reasoning
from skills.primitives import arithmetic, binary, code, logic, text
from skills.problem import Grade, Problem
from skills.question import Draw, QuestionGenerator

TRACKS = {"arithmetic": arithmetic, "binary": binary, "logic": logic, "string": text, "code": code}
PASSIVES: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        numbers.arithmetic, numbers.binary_arithmetic, reasoning.code_trace, numbers.combinatorics, numbers.counting,
        language.language_basics, reasoning.logic, reasoning.memory, numbers.sequence, language.string_craft,
        language.word_puzzles,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Passive:
    id: str
    title: str
    version: int
    generator: QuestionGenerator

    def generate(self, count: int, seed: int) -> list[Problem]:
        return list(islice(problems_of(self.generator, self.id, 1, seed, "train", memorizable=True), count))

    def grade(self, problem: Problem, text: str) -> Grade:
        return self.generator.grade(problem, text)


@dataclass(frozen=True)
class Primitive(Passive):
    track: str


def passives() -> dict[str, Passive]:
    return {name: Passive(name, name, 1, QuestionGenerator(draw)) for name, draw in sorted(PASSIVES.items())}


def primitives() -> dict[str, Primitive]:
    found: dict[str, Primitive] = {}
    for track, module in TRACKS.items():
        for name, draw in module.PRIMITIVES.items():
            key = f"{track}/{name}@1"
            found[key] = Primitive(key, name, 1, QuestionGenerator(draw, (key,)), track)
    return found
