"""The reasoning-gym skills as shipped: right and hopeless answers, reproducibility, splits, what the YAML declares."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from random import Random
from statistics import mean

import pytest
from gym_judges import ANSWERS, JUDGES, numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from skills_helpers import ROOT, check_same_in_every_process

from skills import get_engine
from skills.problem import BUCKETS, FOLDS, Problem, buckets_of
from skills.reasoning_gym import GymLevel
from skills.skill import Level, Skill

ENGINE = get_engine()
SKILLS = {skill.id: skill for skill in ENGINE.list_skills() if skill.id.startswith("rg_")}
RUNGS = [(skill, level) for skill in SKILLS.values() for level in skill.levels.values()]
EVERY_SKILL = pytest.mark.parametrize("skill", SKILLS.values(), ids=SKILLS)
EVERY_LEVEL = pytest.mark.parametrize(
    ("skill", "level"), RUNGS, ids=[f"{skill.id}-{level.level}" for skill, level in RUNGS]
)
DRAWS = 6_000
"""Enough to see nearly all problems of a level that has fewer than 300 eval problems."""


def some(skill: Skill, count: int, seed: int = 1) -> list[Problem]:
    """`count` eval problems of every level."""
    return [problem for level in skill.levels for problem in skill.generate(level, count, seed, "eval")]


def generator(level: Level) -> GymLevel:
    assert isinstance(level.generator, GymLevel)
    return level.generator


def test_there_are_ten_and_more_of_all_kinds() -> None:
    assert len(SKILLS) >= 10
    assert {"arithmetic", "logic", "algorithmic", "games"} <= {skill.category for skill in SKILLS.values()}
    assert all(skill.max_level >= 3 for skill in SKILLS.values())
    colours = [skill.colour for skill in ENGINE.list_skills()]
    assert len(set(colours)) == len(colours)
    sprite = (ROOT / "serve" / "tavern" / "assets" / "sprite.html").read_text(encoding="utf-8")
    assert all(f'id="{skill.icon}"' in sprite for skill in SKILLS.values())


# Grading


@EVERY_SKILL
def test_right_answers_are_right(skill: Skill) -> None:
    for problem in some(skill, 20):
        for text in (problem.response, f"\n {problem.answer}\n", f"<think>so</think>\n\n{problem.answer}"):
            grade = skill.grade(problem, text)
            assert grade.correct
            assert grade.extracted == grade.expected == problem.answer


@EVERY_SKILL
def test_the_answers_are_right_by_another_way(skill: Skill) -> None:
    """The keys are confirmed by solvers that share nothing with reasoning-gym."""
    for problem in some(skill, 30, seed=2):
        if skill.id in ANSWERS:
            assert ANSWERS[skill.id](problem.prompt) == problem.answer, problem.prompt
        else:
            assert JUDGES[skill.id](problem, problem.answer), problem.prompt


@EVERY_LEVEL
def test_the_dataset_s_own_score_agrees(skill: Skill, level: Level) -> None:
    random = Random(3)
    for _ in range(20):
        entry = generator(level).draw(random).entry
        assert generator(level).dataset.score_answer(entry["answer"], entry) == 1.0, skill.id


HOPELESS = {
    "empty": "",
    "whitespace": " \n",
    "does not know": "I do not know",
    "prompt": "{prompt}",
    "last line of the prompt": "{last}",
    "every digit": "0123456789",
    "every digit, spaced": "0 1 2 3 4 5 6 7 8 9",
    "every letter": "abcdefghijklmnopqrstuvwxyz",
    "right, then wrong": "{answer} {wrong}",
    "wrong, then right": "{wrong} {answer}",
    "wrong, then right, on lines": "{wrong}\n{answer}",
    "right, then wrong, in a list": "{answer}, {wrong}",
    "wrong, then right, in a list": "{wrong}, {answer}",
    "right or wrong": "{answer} or {wrong}",
    "right twice": "{answer} {answer}",
    "right twice, on lines": "{answer}\n{answer}",
    "right twice, in a list": "{answer}, {answer}",
    "in a sentence": "The answer is {answer}",
    "with an exclamation mark": "{answer}!",
    "right, then thought again": "{answer}<think>so</think>{wrong}",
    "inside a thought without end": "<think>{answer}",
    "inside the thought": "<think>{answer}</think>",
    "before the thought": "{answer}<think>so</think>",
}


@EVERY_SKILL
def test_hopeless_answers_are_wrong(skill: Skill) -> None:
    for level in skill.levels:
        problems = skill.generate(level, 12, 4, "eval")
        for problem, other in pairwise(problems):
            wrong = other.answer if other.answer != problem.answer else f"1{other.answer}"
            for name, text in HOPELESS.items():
                said = text.format(
                    prompt=problem.prompt,
                    last=problem.prompt.splitlines()[-1],
                    answer=problem.answer,
                    wrong=wrong,
                )
                assert not skill.grade(problem, said).correct, (name, said)


def attempts(problem: Problem, form: str, alphabet: str) -> st.SearchStrategy[str]:
    """Texts of the form, most of them like a right answer."""
    if problem.skill_id == "rg_knights_knaves":
        names = re.findall(r"([A-Z]\w+) is an? \w+/", problem.prompt)
        roles = [*re.findall(r" is (an? \w+)", problem.answer), "a knight", "a devil"]
        people = st.lists(st.sampled_from([f"{name} is {role}" for name in names for role in roles]), min_size=1)
        return people.map(", ".join) | st.permutations(problem.answer.rstrip(".").split(", and ")).map(", ".join)
    glue = {"rg_prime_factorization": " × ", "rg_palindrome_generation": "", "rg_n_queens": "\n"}.get(
        problem.skill_id, " "
    )
    pieces = problem.answer.split(glue) if glue else list(problem.answer)
    of_form = st.from_regex(form, fullmatch=True, alphabet=st.sampled_from(alphabet))
    return st.permutations(pieces).map(glue.join) | of_form.filter(lambda text: text == text.strip())


@EVERY_SKILL
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_an_answer_is_right_only_if_it_is(skill: Skill, data: st.DataObject) -> None:
    """What passes the form is graded without an error, and as the independent judge says."""
    level = data.draw(st.sampled_from(list(skill.levels.values())))
    problem = skill.generate(level.level, 1, data.draw(st.integers(0, 99)), "train")[0]
    form = generator(level).content.form
    if form is not None:
        text = data.draw(attempts(problem, form, skill.alphabet))
        judged = re.fullmatch(form, text) is not None and JUDGES[skill.id](problem, text)
    else:
        text = data.draw(st.text(max_size=12) | st.permutations(problem.answer).map("".join))
        judged = text.strip() == problem.answer
    assert skill.grade(problem, text).correct == judged


def test_other_right_answers_are_right() -> None:
    """Where several answers are right, the dataset's own is not the only one."""
    other: dict[str, Callable[[Problem], str]] = {
        "rg_prime_factorization": lambda p: " × ".join(reversed(p.answer.split(" × "))),
        "rg_palindrome_generation": lambda p: p.answer[1] + p.answer[0] + p.answer[2:-2] + p.answer[-1] + p.answer[-2],
        "rg_knights_knaves": lambda p: " and ".join(reversed(p.answer.rstrip(".").split(", and "))),
    }
    for skill_id, change in other.items():
        skill = SKILLS[skill_id]
        for problem in skill.generate(2 if skill_id != "rg_knights_knaves" else 1, 20, 5, "eval"):
            text = change(problem)
            assert skill.grade(problem, text).correct
            assert JUDGES[skill_id](problem, text)
    path = SKILLS["rg_shortest_path"]
    turned = [(problem, " ".join(reversed(problem.answer.split()))) for problem in path.generate(2, 200, 5, "eval")]
    right = [(problem, text) for problem, text in turned if JUDGES[path.id](problem, text) and text != problem.answer]
    assert len(right) > 20
    assert all(path.grade(problem, text).correct for problem, text in right)


# Reproducibility and splits


def test_problems_are_the_same_in_every_process() -> None:
    check_same_in_every_process(*SKILLS)


@EVERY_LEVEL
def test_the_splits_are_as_the_level_says(skill: Skill, level: Level) -> None:
    """Fewer than 300 distinct eval problems: memorizable. Else three evaluations and training that share none."""
    random, seen = Random(5), set[tuple[int, str]]()
    evals: list[set[str]] = [set() for _ in range(FOLDS)]
    enough = skill.evaluation.count
    for _ in range(DRAWS):
        candidate = level.generator.draw(random)
        seen.add((candidate.bucket, candidate.key))
        if candidate.bucket < FOLDS:
            evals[candidate.bucket].add(candidate.key)
        if not level.memorizable and min(map(len, evals)) >= enough and sum(map(len, evals)) >= 300:
            break
    assert (sum(map(len, evals)) < 300) == level.memorizable
    if not level.memorizable:
        assert min(map(len, evals)) >= enough
        assert {bucket for bucket, _ in seen} == set(range(BUCKETS))
        trained = {key for bucket, key in seen if bucket in buckets_of("train")}
        assert not trained & {problem.key for problem in skill.generate(level.level, 30, 6, "eval")}


@EVERY_SKILL
def test_no_level_trains_an_eval_problem_of_another(skill: Skill) -> None:
    """Memorizable levels train all they have, so their problems must not occur above them."""
    trained: set[str] = set()
    random = Random(7)
    for level in skill.levels.values():
        if level.memorizable:
            trained |= {level.generator.draw(random).key for _ in range(3_000)}
        else:
            assert not trained & {level.generator.draw(random).key for _ in range(1_000 if trained else 0)}


# What the levels declare


@EVERY_LEVEL
def test_lengths_and_characters_are_as_declared(skill: Skill, level: Level) -> None:
    random = Random(8)
    texts = [level.generator.draw(random).render(random, symbols=False) for _ in range(400)]
    assert {char for text in texts if text for char in text.prompt + text.answer} <= set(skill.alphabet)
    longest = max(len(text.answer) for text in texts if text)
    assert longest <= level.max_response_chars <= max(2 * longest, longest + 2)


def cells(problem: Problem) -> float:
    return len(problem.prompt.partition("puzzle:\n" if "puzzle:\n" in problem.prompt else "grid:\n")[2].split())


MEASURES: dict[str, Callable[[Problem], float]] = {
    "rg_chain_sum": lambda p: sum(char.isdigit() for char in p.prompt),
    "rg_basic_arithmetic": lambda p: sum(char.isdigit() for char in p.prompt),
    "rg_gcd": lambda p: sum(char.isdigit() for char in p.prompt),
    "rg_prime_factorization": lambda p: numbers(p.prompt)[0],
    "rg_leg_counting": lambda p: sum(numbers(p.prompt)),
    "rg_base_conversion": lambda p: len(p.answer),
    "rg_spell_backward": lambda p: len(p.answer),
    "rg_letter_counting": lambda p: len(p.prompt),
    "rg_word_sorting": lambda p: p.answer.count(","),
    "rg_palindrome_generation": lambda p: len(p.answer),
    "rg_knights_knaves": lambda p: len(re.findall("telling-truth|lying", p.key)) * 2 ** p.answer.count(" is "),
    "rg_mini_sudoku": lambda p: p.prompt.count("_"),
    "rg_n_queens": lambda p: numbers(p.prompt)[0] ** 2,
    "rg_shortest_path": cells,
}
"""What makes a problem harder."""


@EVERY_SKILL
def test_every_level_is_harder_than_the_one_below(skill: Skill) -> None:
    hardness = [mean(map(MEASURES[skill.id], skill.generate(level, 150, 9, "train"))) for level in skill.levels]
    assert all(low * 1.05 < high for low, high in pairwise(hardness)), hardness
