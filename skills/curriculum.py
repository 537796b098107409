"""What is drawn from skills as a whole: training examples over levels, and the exam. Knows no record of a hero."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from random import Random

from skills.problem import Problem
from skills.skill import Skill

EXAM_SEED = 20_240_229
EXAM_PER_LEVEL = 4


def training_examples(skill: Skill, counts: Mapping[int, int], seed: int, symbols: bool = False) -> list[Problem]:
    """So many problems of the train split as `counts` says for each level, shuffled.

    Raises:
        NotFoundError: no such level.
    """
    problems = [
        problem
        for level, count in sorted(counts.items())
        if count
        for problem in skill.generate(level, count, seed, "train", symbols=symbols)
    ]
    Random(f"{skill.id}/{seed}/order").shuffle(problems)
    return problems


def without_symbols(skill: Skill) -> bool:
    """Of no skill the hero can spell the symbol keys."""
    del skill
    return False


def exam_panel(
    skills: Iterable[Skill], per_level: int = EXAM_PER_LEVEL, symbols: Callable[[Skill], bool] = without_symbols
) -> list[Problem]:
    """The exam: `per_level` eval problems of every level of every skill, by skill id and level, always the same.

    `symbols`: of which skills the hero can spell the symbol keys.
    """
    return [
        problem
        for skill in sorted(skills, key=lambda skill: skill.id)
        for level in sorted(skill.levels)
        for problem in skill.generate(level, per_level, EXAM_SEED, "eval", symbols=symbols(skill))
    ]


def exam_version(skills: Iterable[Skill], per_level: int = EXAM_PER_LEVEL) -> str:
    """Names the panel: changes with the skills, their versions, their YAML and `per_level`. 12 hex digits."""
    parts = sorted(f"{skill.id}@{skill.version}:{skill.fingerprint}" for skill in skills)
    return blake2b(f"{per_level}|{'|'.join(parts)}".encode(), digest_size=6).hexdigest()
