"""What is drawn from skills as a whole: training examples with replay, and the exam. Knows no record of a hero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from random import Random

from skills.problem import Problem
from skills.skill import Skill

EXAM_SEED = 20_240_229
EXAM_PER_LEVEL = 4


def training_examples(
    skill: Skill,
    training_level: int,
    count: int,
    seed: int,
    replay_share: float,
    next_share: float,
    symbols: bool = False,
) -> list[Problem]:
    """`count` problems of the train split, shuffled.

    A share comes from the levels below, uniformly (none below: 0), a share from the next level (at the last: 0), the
    rest from `training_level`. Shares of `count` are rounded to whole problems.

    Raises:
        NotFoundError: no such level.
        ValueError: shares below 0 or above 1 in sum.
    """
    if min(replay_share, next_share) < 0 or replay_share + next_share > 1:
        raise ValueError(f"replay_share {replay_share} and next_share {next_share} are no shares of one whole.")
    skill.level(training_level)
    random = Random(f"{skill.id}/{training_level}/{seed}/replay")
    replayed = round(count * replay_share) if training_level > 1 else 0
    ahead = min(round(count * next_share), count - replayed) if training_level < skill.max_level else 0
    counts = Counter(random.randint(1, training_level - 1) for _ in range(replayed))
    counts[training_level] += count - replayed - ahead
    counts[training_level + 1] += ahead
    problems = [
        problem
        for level, share in sorted(counts.items())
        if share
        for problem in skill.generate(level, share, seed, "train", symbols=symbols)
    ]
    random.shuffle(problems)
    return problems


def exam_panel(skills: Iterable[Skill], per_level: int = EXAM_PER_LEVEL) -> list[Problem]:
    """The exam: `per_level` eval problems of every level of every skill, by skill id and level, always the same."""
    return [
        problem
        for skill in sorted(skills, key=lambda skill: skill.id)
        for level in sorted(skill.levels)
        for problem in skill.generate(level, per_level, EXAM_SEED, "eval")
    ]


def exam_version(skills: Iterable[Skill], per_level: int = EXAM_PER_LEVEL) -> str:
    """Names the panel: changes with the skills, their versions, their YAML and `per_level`. 12 hex digits."""
    parts = sorted(f"{skill.id}@{skill.version}:{skill.fingerprint}" for skill in skills)
    return blake2b(f"{per_level}|{'|'.join(parts)}".encode(), digest_size=6).hexdigest()
