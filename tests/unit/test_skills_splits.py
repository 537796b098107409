"""What is trained and what is evaluated share no problem: compared by what their texts ask, read without the skills'
code, at every level that is not memorizable; and what passives ask is trained by no skill."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from functools import cache
from itertools import islice
from random import Random

import pytest
from binary_solver import content_of, read
from gym_judges import CONTENTS
from syllacrostic_reader import answer_words

from skills import get_engine
from skills.generation import problems_of
from skills.lexicon import lexicon
from skills.problem import FOLDS, Problem, Split
from skills.skill import Level, Skill

ENGINE = get_engine()
RUNGS = [(skill, level) for skill in ENGINE.list_skills() for level in skill.levels.values() if not level.memorizable]
EVERY_SPLIT_LEVEL = pytest.mark.parametrize(
    ("skill", "level"), RUNGS, ids=[f"{skill.id}-{level.level}" for skill, level in RUNGS]
)
COUNTS = {
    "bin": (10_000, 10_000),
    "sy": (400, 100),
    "rg_knights_knaves": (250, 60),
    "rg_mini_sudoku": (500, 150),
    "rg_n_queens": (2_000, 320),
    "rg_gcd": (4_000, 400),
    "rg_palindrome_generation": (2_000, 500),
    "rg_spell_backward": (4_000, 320),
    "rg_word_sorting": (2_000, 500),
}
"""How many problems of each split are compared, as far as the level has them: what takes a second at most."""
DEFAULT_COUNTS = (4_000, 1_000)
MEMORIZABLE_COUNT = 3_000
"""Drawn with repetitions: nearly all that such a level has."""


def asked(problem: Problem) -> Hashable:
    """What a problem asks, whatever its wording and the order of what has none."""
    if problem.skill_id == "bin":
        return content_of(read(problem.prompt))
    if problem.skill_id == "sy":
        return frozenset(answer_words(problem.answer))
    return str(CONTENTS.get(problem.skill_id, str)(problem.prompt))


@cache
def contents(skill_id: str, number: int, count: int, split: Split, fold: int | None = None) -> frozenset[Hashable]:
    """What `count` problems of a level ask, or as many as it has."""
    level = ENGINE.get(skill_id).level(number)
    endless = problems_of(level.generator, skill_id, number, 3, split, fold, memorizable=level.memorizable)
    return frozenset(asked(problem) for problem in islice(endless, count))


def trained(skill_id: str, number: int) -> frozenset[Hashable]:
    """What training problems of a level ask."""
    memorizable = ENGINE.get(skill_id).level(number).memorizable
    count, _ = COUNTS.get(skill_id, DEFAULT_COUNTS)
    return contents(skill_id, number, min(count, MEMORIZABLE_COUNT) if memorizable else count, "train")


def all_trained(skill_id: str, memorizable: bool | None = None) -> set[Hashable]:
    """What those of all levels ask, or of those that are `memorizable` or not."""
    levels = ENGINE.get(skill_id).levels.values()
    return {
        content
        for level in levels
        if memorizable in (None, level.memorizable)
        for content in trained(skill_id, level.level)
    }


@EVERY_SPLIT_LEVEL
def test_no_level_trains_what_an_evaluation_asks(skill: Skill, level: Level) -> None:
    """Neither the level itself nor another."""
    _, count = COUNTS.get(skill.id, DEFAULT_COUNTS)
    evaluated = contents(skill.id, level.level, count, "eval")
    assert len(evaluated) >= min(count, 300)
    for other in skill.levels:
        assert not evaluated & trained(skill.id, other), f"trained at level {other}"


@EVERY_SPLIT_LEVEL
def test_three_evaluations_share_no_problem(skill: Skill, level: Level) -> None:
    count = {"bin": skill.evaluation.count, "rg_knights_knaves": 15}.get(skill.id, 40)
    folds = [contents(skill.id, level.level, count, "eval", fold) for fold in range(FOLDS)]
    assert [len(fold) for fold in folds] == [count] * FOLDS
    assert len(frozenset.union(*folds)) == count * FOLDS


# Passives


def matches(passive: str, *patterns: str, split: Split | None = None, count: int = 6_000) -> Iterator[re.Match[str]]:
    """What patterns find in the prompts of a passive's questions, of one split or of all that can be drawn."""
    random, questions = Random(1), ENGINE.passive(passive)
    drawn = questions.generate(count, 1, split) if split else [questions.draw(random) for _ in range(count)]
    found = [match for pattern in patterns for each in drawn if (match := re.match(pattern, each.prompt))]
    assert len(found) > count / 60
    return iter(found)


def test_no_expression_of_the_arithmetic_passive_is_trained() -> None:
    expressions, sums = all_trained("rg_basic_arithmetic"), all_trained("rg_chain_sum")
    for match in matches("arithmetic", r"Work out (.+)\.\n", r"(.+) = \?\n"):
        assert str(re.findall(r"\d+|[-+*()]", match[1])) not in expressions
        terms = sorted(re.findall(r"[+-]\d+", f"+{match[1]}".replace(" ", "")))
        assert re.search(r"[*(]", match[1]) or str(terms) not in sums


SYMBOLS = {
    "plus": "+", "minus": "-", "*": "×", "times": "×", "bitwise and": "AND", "bitwise or": "OR", "bitwise xor": "XOR",
}  # fmt: skip
OPERATION = r"(?:Binary: |What is |In binary, what is )([01]+) (.+) ([01]+)(?: in base 2\?|\?|\n)"


def operation(match: re.Match[str]) -> Hashable:
    return content_of(read(f"Compute: {match[1]} {SYMBOLS.get(match[2], match[2])} {match[3]}"))


def test_no_operation_of_the_binary_passive_is_trained() -> None:
    """What BIN's memorizable levels train, which is all they have, the passive never asks. With the other levels it has
    the keys in common, so that its evaluations ask nothing that they train."""
    memorizable, others = all_trained("bin", memorizable=True), all_trained("bin", memorizable=False)
    drawn = {operation(match) for match in matches("binary_arithmetic", OPERATION)}
    assert not drawn & memorizable
    assert drawn & others
    evaluated = {operation(match) for match in matches("binary_arithmetic", OPERATION, split="eval", count=2_000)}
    assert not evaluated & others


def test_no_change_of_base_of_the_binary_passive_is_trained() -> None:
    known = all_trained("rg_base_conversion")
    for match in matches("binary_arithmetic", r"(?:What number is|Turn) binary ([01]+) (?:in|into) base 10"):
        assert str([("binary", match[1], "base-10")]) not in known
    for match in matches("binary_arithmetic", r"(?:What is|Turn) (\d+) (?:in base 2|into binary)"):
        assert str([("base-10", match[1], "binary")]) not in known


def test_no_legs_of_the_counting_passive_are_trained() -> None:
    known = set(re.findall("[a-z]+", " ".join(map(str, all_trained("rg_leg_counting")))))
    assert {"spider", "spiders"} <= known
    for match in matches("counting", r"(?:How many legs do|\w+ sees) (\d+) (\w+)s and (\d+) (\w+)s"):
        assert not {match[2], match[4], f"{match[2]}s", f"{match[4]}s"} & known


def test_unseen_words_are_in_no_training_puzzle() -> None:
    """Neither asked for, nor in what the clues say as far as that is not masked."""
    skill, seen = ENGINE.get("sy"), set[str]()
    for level in skill.levels:
        for problem in skill.generate(level, 150, 4, "train"):
            seen |= {*answer_words(problem.answer), *re.findall("[a-z]+", problem.prompt.partition("\n")[2])}
    assert len(seen & {word.word for word in lexicon().values() if not word.held_out}) > 1_000
    for passive, what in (("language_basics", "means"), ("word_puzzles", "can be made|fits|rhymes|is hidden")):
        for match in matches(passive, rf"Which of the words ([a-z, ]+) and ([a-z]+) (?:{what})"):
            assert not {*match[1].split(", "), match[2]} & seen
    for match in matches("language_basics", r".+ (?:is closest in meaning to|is the opposite of) ([a-z]+)\?"):
        assert match[1] not in seen
