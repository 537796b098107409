"""The reasoning-gym skills as shipped: right and hopeless answers, reproducibility, splits, what the YAML declares."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from random import Random
from statistics import mean

import pytest
from gym_judges import ANSWERS, CONTENTS, JUDGES, numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from skills_helpers import ROOT, check_same_in_every_process, hopeless

from skills import get_engine
from skills.problem import BUCKETS, FOLDS, Problem
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


def hopeless_people(problem: Problem) -> dict[str, str]:
    """Answers to knights and knaves that say more than, less than or something else than who is what."""
    clauses = problem.answer.removesuffix(".").replace(", and ", ", ").split(", ")
    (name, role), (other_name, other_role) = (clause.split(" is ") for clause in clauses[:2])
    contrary = next(iter({*re.findall(r"So who is (.+) and who is (.+)\?", problem.prompt)[0]} - {role}))
    said = {
        "a person more": [*clauses, f"Nobody is {role}"],
        "a person more, of no role": [*clauses, f"{name.upper()} is a liar"],
        "a person less": clauses[1:],
        "a person twice": [*clauses, clauses[0]],
        "a person twice, one left out": [clauses[0], *clauses[:-1]],
        "a person of two roles": [*clauses, f"{name} is {contrary}"],
        "a person of two roles, one in capitals": [f"{name.upper()} is {contrary}", *clauses],
        "a person in capitals": [f"{name.upper()} is {role}", *clauses[1:]],
        "a role that is none": [f"{name} is a liar", *clauses[1:]],
        "the contrary role": [f"{name} is {contrary}", *clauses[1:]],
        "a name that is none": [f"Nobody is {role}", *clauses[1:]],
    }
    if role != other_role:
        said["roles exchanged"] = [f"{name} is {other_role}", f"{other_name} is {role}", *clauses[2:]]
    return {what: ", ".join(words) for what, words in said.items()}


@EVERY_LEVEL
def test_hopeless_answers_are_wrong(skill: Skill, level: Level) -> None:
    problems = skill.generate(level.level, 12, 4, "eval")
    for problem, other in pairwise(problems):
        texts = hopeless(problem)
        texts["the answer to another problem"] = other.answer if other.answer != problem.answer else ""
        if skill.id == "rg_knights_knaves":
            texts |= hopeless_people(problem)
        for name, text in texts.items():
            assert not skill.grade(problem, text).correct, (name, text)


def attempts(problem: Problem, form: str, alphabet: str) -> st.SearchStrategy[str]:
    """Texts of the form, most of them like a right answer."""
    if problem.skill_id == "rg_knights_knaves":
        names = re.findall(r"([A-Z]\w+) is an? \w+/", problem.prompt)
        roles = [*re.findall(r" is (an? \w+)", problem.answer), "a knight", "a devil", "a liar"]
        others = [names[0].upper(), names[0].lower(), "Nobody"]
        people = st.sampled_from([f"{name} is {role}" for name in (*names, *others) for role in roles])
        right = st.permutations(problem.answer.rstrip(".").replace(", and ", ", ").split(", "))
        more = st.builds(lambda first, then: [*first, then], right, people)
        return (st.lists(people, min_size=1) | right | more).map(", ".join)
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


@EVERY_SKILL
def test_a_key_has_one_answer_and_one_content(skill: Skill) -> None:
    """Whatever the wording. Where names vary, the roles in their order are the answer; where several answers are right,
    the one to another wording is right too."""
    random = Random(11)
    known: dict[str, tuple[str, str, Problem]] = {}
    keys: dict[str, str] = {}
    for number, level in skill.levels.items():
        for _ in range(200 if skill.id == "rg_knights_knaves" else 1_500):
            candidate = level.generator.draw(random)
            text = candidate.render(random, False)
            assert text is not None
            problem = Problem(
                skill.id, number, 0, 0, text.prompt, text.answer, text.working, (), candidate.key, text.extra
            )
            content = str(CONTENTS[skill.id](problem.prompt))
            answer, same, other = known.setdefault(problem.key, (answer_of(problem), content, problem))
            assert (content, keys.setdefault(content, problem.key)) == (same, problem.key)
            if skill.id in ANSWERS or skill.id == "rg_knights_knaves":
                assert answer_of(problem) == answer
            elif other.answer != problem.answer:
                assert skill.grade(problem, other.answer).correct


def answer_of(problem: Problem) -> str:
    if problem.skill_id != "rg_knights_knaves":
        return problem.answer
    first = re.findall(r"So who is (.+) and", problem.prompt)[0]
    return " ".join(str(role == first) for role in re.findall(r" is (an? \w+)", problem.answer))


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
