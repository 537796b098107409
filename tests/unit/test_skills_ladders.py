"""What holds for every level of every skill, whatever it asks: no answer passes the gate by being frequent, and no
problem changes without its skill's version."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from skills import get_engine
from skills.skill import Level, Skill

SKILLS = {skill.id: skill for skill in get_engine().list_skills()}
RUNGS = [(skill, level) for skill in SKILLS.values() for level in skill.levels.values()]

MOST_FREQUENT = 0.65
"""Of the problems of a level. 0.57 are right with the more frequent of two boards of four queens, half at most with any
answer to another level."""


@pytest.mark.parametrize(("skill", "level"), RUNGS, ids=[f"{skill.id}-{level.level}" for skill, level in RUNGS])
def test_no_constant_answer_comes_near_the_gate(skill: Skill, level: Level) -> None:
    """As it is graded: where several answers are right, one may be right more often than the dataset gives it."""
    problems = skill.generate(level.level, 60 if skill.id in ("sy", "rg_knights_knaves") else 300, 3, "eval")
    [(answer, _)] = Counter(problem.answer for problem in problems).most_common(1)
    right = sum(skill.grade(problem, answer).correct for problem in problems)
    assert right / len(problems) <= MOST_FREQUENT < skill.evaluation.threshold


DIGESTS: dict[str, tuple[int, str]] = {
    "rg_base_conversion": (1, "b4046bb77ae11fb5"),
    "rg_basic_arithmetic": (2, "b4c688a828506767"),
    "rg_chain_sum": (2, "124ea244cf934ec1"),
    "rg_gcd": (2, "dc19326fe996b1ec"),
    "rg_knights_knaves": (2, "4661e75053ffce37"),
    "rg_leg_counting": (2, "2caaee165191ecfc"),
    "rg_letter_counting": (2, "76c21b03c95edb35"),
    "rg_mini_sudoku": (1, "75b15c49ab38491d"),
    "rg_n_queens": (1, "78c608d9b36900ee"),
    "rg_palindrome_generation": (1, "f295abccc73ff7cd"),
    "rg_prime_factorization": (1, "93c69453a5a3490c"),
    "rg_shortest_path": (1, "e0b2085698d3f944"),
    "rg_spell_backward": (1, "8cc9a224153d141a"),
    "rg_word_sorting": (1, "6a6adc8445d6722c"),
    "sy": (2, "8407d847cae47ba1"),
}


@pytest.mark.parametrize("skill_id", DIGESTS)
def test_versions_of_the_problems(skill_id: str) -> None:
    """Whoever changes what a skill asks, or how, raises `version` in its YAML and the digest here."""
    skill = SKILLS[skill_id]
    problems = [p for level in skill.levels for split in ("train", "eval") for p in skill.generate(level, 4, 7, split)]
    text = "".join(f"{p.prompt}|{p.response}|{p.key}\n" for p in problems)
    assert (skill.version, hashlib.sha256(text.encode()).hexdigest()[:16]) == DIGESTS[skill_id]


def test_what_has_a_digest() -> None:
    """That of BIN, with symbol keys, is in test_skills_bin.py."""
    assert set(DIGESTS) == {"sy", *(skill_id for skill_id in SKILLS if skill_id.startswith("rg_"))}
