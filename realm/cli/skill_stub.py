"""What `realm skill new` writes. NAME and FOLDER are replaced; what is to be filled in says so."""

from __future__ import annotations

YAML = """\
# FILL IN: one line on what this ladder is. NAME.py (Content) says what `content` of a level means.
# Raise `version` with every change of the problems: exams are compared only within a version.
kind: skill
id: "NAME"
name: "FILL IN: what people read"
version: 1
description: "FILL IN: a few words"
category: "FILL IN: arithmetic, logic, algorithmic, games, language"
# Id of a symbol in serve/tavern/assets/sprite.html: rune-any, or that of the category, as rune-logic; and a colour that
# no other skill has.
icon: rune-any
colour: "#9a9a9a"
# The module that generates and grades: NAME.py in this folder.
provider: "NAME"
# Levels are 1 to max_level, each once and in order. A range such as [2, 4] shares an entry.
max_level: 3
# An evaluation is `count` problems; a mean accuracy of `threshold` over three of them masters a level.
evaluation: {count: 100, threshold: 0.80}
# XP of an evaluation: int(10 × xp_multiplier × accuracy).
xp_multiplier: 1.0
# Optional. passive: the passive that measures the nearest untrained ability. api_port: a port for the skill's own API.
# passive: arithmetic
# api_port: 8091
levels:
  - level: 1
    title: "FILL IN: what the level asks"
    # true where fewer than 300 problems fall to the eval split; the tests count them.
    memorizable: false
    # Characters of the longest right response; the tests measure it.
    max_response_chars: 1
    # Ids of the primitives that the problems exercise, as in [arithmetic/add_two_digit@1].
    primitives: []
    content: {size: 1}

  - level: 2
    title: "FILL IN: what the level asks"
    memorizable: false
    max_response_chars: 1
    primitives: []
    content: {size: 2}

  - level: 3
    title: "FILL IN: what the level asks"
    memorizable: false
    max_response_chars: 1
    primitives: []
    content: {size: 3}
"""

PROVIDER = '''\
"""The provider of NAME. FILL IN: what it asks, in one line.

Knows no YAML file and no split.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from random import Random
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from realm.errors import ConflictError
from skills.question import Question, QuestionGenerator


class Content(BaseModel):
    """`content` of a level in the YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[int, Field(ge=1)]
    """FILL IN: what makes a level harder; rename it, add others."""


def draw(content: Content, random: Random) -> Question:
    """One question. All randomness is `random`'s, and it returns after a bounded number of draws.

    FILL IN, for example:

        low, high = 10 ** (content.size - 1), 10**content.size
        left, right = random.randrange(low, high), random.randrange(low, high)
        first, second = sorted((left, right))
        return Question(key=f"add {first} {second}", prompt=f"{left} + {right} =", answer=str(left + right))

    key: what is asked, whatever its wording. Its hash puts the question into training or evaluation, so two wordings
    of one question have one key, and two questions have two. answer: graded exactly; there is one way to write it.
    """
    del content, random
    raise ConflictError("draw in NAME.py is not written yet.", "Let it return a Question.")


def compile_level(level: int, content: Mapping[str, Any]) -> QuestionGenerator:
    """The generator of one level; every level says all of itself in `content`.

    Raises:
        pydantic.ValidationError: a field of `content` is wrong.
    """
    del level
    return QuestionGenerator(partial(draw, Content.model_validate(content)))
'''

TESTS = '''\
"""NAME: what every skill must hold. Fails until NAME.yaml and NAME.py are filled in."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import mean

import pytest

import skills
from skills import Problem, SkillCatalog
from skills.problem import FOLDS

HERE = FOLDER
SKILL = SkillCatalog.load(HERE).skills["NAME"]
LEVELS = pytest.mark.parametrize("level", SKILL.levels)


def hardness(problem: Problem) -> float:
    """FILL IN: what rises from level to level, if it is not the length of the text."""
    return len(problem.prompt + problem.response)


def test_nothing_is_left_to_fill_in() -> None:
    left = [
        f"{path.name}:{number}: {line.strip()}"
        for path in (HERE / "NAME.yaml", HERE / "NAME.py", Path(__file__))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if "FILL" + " IN" in line
    ]
    assert not left, "\\n".join(["to be filled in:", *left])


@LEVELS
def test_right_answers_are_right(level: int) -> None:
    for problem in SKILL.generate(level, 50, 1, "train"):
        for text in (problem.response, f" {problem.answer}\\n", f"<think>so</think>{problem.answer}"):
            assert SKILL.grade(problem, text).correct, f"{text!r} is not right for {problem.prompt!r}"


@LEVELS
def test_hopeless_answers_are_wrong(level: int) -> None:
    for problem in SKILL.generate(level, 50, 2, "train"):
        right = problem.answer
        for text in (
            *("", "I do not know", problem.prompt, "0123456789", f"{right} {right}", f"{right} or 0"),
            *(f"0 {right}", f"The answer is {right}", f"<think>{right}", f"<think>{right}</think>"),
        ):
            assert not SKILL.grade(problem, text).correct, f"{text!r} is right for {problem.prompt!r}"


DIGEST = f"""
from pathlib import Path
from skills import SkillCatalog
skill = SkillCatalog.load(Path({str(HERE)!r})).skills["NAME"]
print([skill.generate(level, 5, 3, split) for level in skill.levels for split in ("train", "eval")])
"""


def test_problems_are_the_same_in_every_process() -> None:
    root = Path(skills.__file__).parents[1]
    printed = [
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
        )
        for seed in ("0", "4242")
    ]
    assert printed[0].returncode == 0, printed[0].stderr.splitlines()[-1]
    assert printed[0].stdout == printed[1].stdout, "the problems depend on the hash seed of Python"


@LEVELS
def test_the_splits_are_as_the_level_says(level: int) -> None:
    """Fewer than 300 distinct eval problems: memorizable. Else three evaluations share none."""
    entry, random = SKILL.levels[level], Random(4)
    drawn = [entry.generator.draw(random) for _ in range(6_000)]
    evals = {(candidate.bucket, candidate.key) for candidate in drawn if candidate.bucket < FOLDS}
    assert entry.memorizable == (len(evals) < 300), f"memorizable is {entry.memorizable}; {len(evals)} eval problems"
    if not entry.memorizable:
        smallest = min(sum(bucket == fold for bucket, _ in evals) for fold in range(FOLDS))
        assert smallest >= SKILL.evaluation.count, f"one evaluation has {smallest} distinct problems"


def test_no_level_trains_an_eval_problem_of_another() -> None:
    """A memorizable level trains all of its problems."""
    random = Random(5)
    keys = {level: {entry.generator.draw(random).key for _ in range(2_000)} for level, entry in SKILL.levels.items()}
    trained = {level: asked for level, asked in keys.items() if SKILL.levels[level].memorizable}
    for level, asked in keys.items():
        for other in trained if level not in trained else ():
            assert not trained[other] & asked, f"level {level} asks what the memorizable level {other} trains"


@LEVELS
def test_lengths_and_characters_are_as_declared(level: int) -> None:
    entry = SKILL.levels[level]
    problems = SKILL.generate(level, 1_500, 6, "train")
    longest = max(len(problem.response) for problem in problems)
    assert entry.max_response_chars == longest, f"max_response_chars is {entry.max_response_chars}, not {longest}"
    unknown = {char for problem in problems for char in problem.prompt + problem.response} - set(SKILL.alphabet)
    assert not unknown, f"not in the alphabet of the generator: {sorted(unknown)}"


def test_every_level_is_harder_than_the_one_below() -> None:
    means = [mean(map(hardness, SKILL.generate(level, 200, 7, "train"))) for level in SKILL.levels]
    assert all(low < high for low, high in pairwise(means)), f"hardness by level: {means}"
'''
