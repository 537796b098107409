"""Every primitive and every passive: right and hopeless answers, reproducibility, splits, counts, lengths, YAML."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from skills_helpers import ROOT, hopeless, perfect, printed_elsewhere
from yaml_files import changed, write

from realm.errors import ConfigError, ConflictError, NotFoundError, RequestError
from skills import Passive, Primitive, SkillCatalog, get_engine
from skills.problem import FOLDS, bucket_of
from skills.skill import MAX_SEED

ENGINE = get_engine()
PRIMITIVES, PASSIVES = ENGINE.list_primitives(), ENGINE.list_passives()
SETS = [*PRIMITIVES, *PASSIVES]
OTHERS = [each for each in SETS if not each.memorizable]
each_set = pytest.mark.parametrize("questions", SETS, ids=lambda each: each.source)
each_other = pytest.mark.parametrize("questions", OTHERS, ids=lambda each: each.source)

# Grading


@each_set
def test_right_answers_are_right(questions: Primitive | Passive) -> None:
    for problem in questions.generate(40, 1, "eval") + questions.generate(40, 1, "train"):
        for text in perfect(problem):
            grade = questions.grade(problem, text)
            assert grade.correct
            assert grade.extracted == grade.expected == problem.answer


@each_set
def test_hopeless_answers_are_wrong(questions: Primitive | Passive) -> None:
    for problem in questions.generate(60, 2, "eval"):
        for name, text in hopeless(problem).items():
            assert not questions.grade(problem, text).correct, (name, problem.prompt)


# Reproducibility

DIGEST_CODE = """
import hashlib
from skills import get_engine
engine = get_engine()
for each in (*engine.list_primitives(), *engine.list_passives()):
    batches = [each.generate(12, 7, split) for split in ("train", "eval")]
    print(hashlib.sha256(repr(batches).encode()).hexdigest()[:12])
"""


def test_problems_are_the_same_in_every_process() -> None:
    batches = [[each.generate(12, 7, split) for split in ("train", "eval")] for each in SETS]
    here = [hashlib.sha256(repr(each).encode()).hexdigest()[:12] for each in batches]
    assert printed_elsewhere(DIGEST_CODE).split() == here


@given(
    st.sampled_from(SETS),
    st.integers(0, MAX_SEED),
    st.sampled_from(["train", "eval"]),
    st.integers(1, 6),
    st.integers(0, 6),
)
@settings(max_examples=200, deadline=None)
def test_any_seed_gives_problems_and_a_longer_batch_begins_with_the_shorter(
    questions: Primitive | Passive, seed: int, split: Any, count: int, more: int
) -> None:
    problems = questions.generate(count, seed, split)
    assert questions.generate(count + more, seed, split)[:count] == problems
    assert [problem.index for problem in problems] == list(range(count))


class Counted(Random):
    """Counts what is drawn."""

    count = 0

    def random(self) -> float:
        self.count += 1
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        self.count += 1
        return super().getrandbits(k)


@given(st.sampled_from(SETS), st.integers(0, 2**64))
@settings(max_examples=300, deadline=None)
def test_a_question_takes_few_draws(questions: Primitive | Passive, seed: int) -> None:
    """The most are those of the liars' claims, which are drawn anew up to 15 times."""
    random = Counted(seed)
    questions.draw(random)
    assert random.count < 400


@each_set
def test_problems_say_whose_they_are(questions: Primitive | Passive) -> None:
    for problem in questions.generate(20, 3, "eval"):
        assert (problem.skill_id, problem.level, problem.seed) == (questions.source, 1, 3)
        assert problem.primitives == ((questions.id,) if isinstance(questions, Primitive) else ())
        assert problem.answer == problem.answer.strip() != ""
        assert set(problem.prompt + problem.response) <= set(questions.generator.alphabet)


# Content


@each_set
def test_a_key_has_one_answer_and_one_content(questions: Primitive | Passive) -> None:
    """Wordings change the prompt alone; primitives have but one."""
    random = Random(11)
    answers: dict[str, str] = {}
    keys: dict[str, str] = {}
    for _ in range(3_000):
        question = questions.draw(random)
        assert answers.setdefault(question.key, question.answer) == question.answer
        assert keys.setdefault(question.prompt, question.key) == question.key


@each_other
def test_ten_thousand_training_problems_hold_none_of_ten_thousand_eval_problems(questions: Primitive | Passive) -> None:
    trained = {problem.prompt for problem in questions.generate(10_000, 5, "train")}
    batches = [questions.generate(250, seed, "eval") for seed in range(40)]
    assert not trained & {problem.prompt for batch in batches for problem in batch}


@each_other
def test_300_eval_problems_in_folds_that_share_none(questions: Primitive | Passive) -> None:
    assert len({problem.key for problem in questions.generate(300, 3, "eval")}) == 300
    folds = [{problem.key for problem in questions.generate(30, fold, "eval", fold)} for fold in range(FOLDS)]
    assert len(set.union(*folds)) == 30 * FOLDS


@pytest.mark.parametrize("questions", [each for each in SETS if each.memorizable], ids=lambda each: each.source)
def test_memorizable_sets_have_few_problems(questions: Primitive | Passive) -> None:
    """All are drawn many times over, so that none is missed."""
    random = Random(6)
    keys = [questions.draw(random).key for _ in range(8_000)]
    assert set(keys[:4_000]) == set(keys)
    assert sum(bucket_of(key) < FOLDS for key in set(keys)) < 300
    for split in ("train", "eval"):
        assert {problem.key for problem in questions.generate(4_000, 1, split)} == set(keys)


def test_what_is_memorizable() -> None:
    assert [each.id.partition("@")[0] for each in SETS if each.memorizable] == [
        "arithmetic/add_single_digit_no_carry",
        "arithmetic/add_single_digit_with_carry",
        "arithmetic/sub_single_digit",
        "arithmetic/mul_single_digit",
        "arithmetic/div_exact",
        "logic/truth_table_basic",
        "logic/implication_eval",
    ]


@pytest.mark.parametrize(
    ("count", "seed", "shown"),
    [(0, 0, "count is 0"), (10**9, 0, "10000"), (1, -1, "seed is -1"), (1, 2**63, "seed is 9")],
)
def test_requests_that_nobody_means(count: int, seed: int, shown: str) -> None:
    for questions in (PRIMITIVES[0], PASSIVES[0]):
        with pytest.raises(RequestError, match=shown):
            questions.generate(count, seed)


def test_more_problems_than_there_are() -> None:
    with pytest.raises(ConflictError, match=r"'code/trace_loop_fixed@1' gave \d+ distinct .*; 600 were asked for"):
        ENGINE.primitive("code/trace_loop_fixed@1").generate(600, 0)


@each_set
def test_lengths_are_as_declared(questions: Primitive | Passive) -> None:
    random = Random(8)
    longest = 0
    for _ in range(4_000):
        question = questions.draw(random)
        working = len(f"<think>{question.working}</think>") if question.working else 0
        longest = max(longest, working + len(question.answer))
        assert len(question.prompt) < 300
    assert longest <= questions.max_response_chars <= longest + 3


@each_set
def test_no_answer_is_too_frequent(questions: Primitive | Passive) -> None:
    """Whoever always says the same is right in no more than two thirds of yes-no questions, a third of all others."""
    random = Random(9)
    counts: dict[str, int] = {}
    for _ in range(1_200):
        answer = questions.draw(random).answer
        counts[answer] = counts.get(answer, 0) + 1
    limit = 0.65 if len(counts) == 2 else 0.48 if len(counts) == 3 else 0.35
    assert max(counts.values()) / 1_200 < limit


# The catalog


def test_unknown_names_are_not_found() -> None:
    with pytest.raises(NotFoundError, match=r"'parity'.*The nearest: arithmetic/parity@1\."):
        ENGINE.primitive("parity")
    with pytest.raises(NotFoundError, match=r"'memori'.*The nearest: memory"):
        ENGINE.passive("memori")
    with pytest.raises(NotFoundError, match=r"''.*The nearest: "):
        ENGINE.passive("")


def test_they_survive_pickling() -> None:
    for each in (PRIMITIVES[0], PASSIVES[0]):
        assert pickle.loads(pickle.dumps(each)).generate(5, 1) == each.generate(5, 1)


def test_sources_are_unique() -> None:
    names = [each.source for each in SETS] + [skill.id for skill in ENGINE.list_skills()]
    assert len(set(names)) == len(names)
    assert all(ENGINE.primitive(each.id) is each for each in PRIMITIVES)
    assert all(ENGINE.passive(each.id) is each for each in PASSIVES)


@pytest.mark.parametrize("each", SETS, ids=lambda each: each.source)
def test_descriptions_are_one_sentence(each: Primitive | Passive) -> None:
    assert not each.description[0].islower()
    assert each.description.endswith(".")
    assert each.description.count(". ") == 0
    assert len(each.title) <= 40


# YAML

FILES = {kind: yaml.safe_load((ROOT / "skills" / f"{kind}.yaml").read_text()) for kind in ("primitives", "passives")}
SKILL = yaml.safe_load((ROOT / "skills" / "bin.yaml").read_text())


WRONG = [
    ("primitives", "primitives.0.id", "addition", "primitives.0.id", "'addition'"),
    ("primitives", "primitives.0.id", "arithmetic/parity@0", "primitives.0.id", "'arithmetic/parity@0'"),
    ("primitives", "primitives.0.id", "arithmetic/cube@1", "primitives.0.id", "has no such function"),
    ("primitives", "primitives.8.id", "arithmetic/parity@2", None, None),
    ("primitives", "primitives.9.id", "arithmetic/parity@2", "primitives.9.id", "which entry 8 has"),
    ("primitives", "primitives.3", None, "primitives", "no entry for arithmetic/sub_single_digit"),
    ("primitives", "primitives.3.title", None, "primitives.3.title", "missing"),
    ("primitives", "primitives.3.title", "", "primitives.3.title", "''"),
    ("primitives", "primitives.3.memorizable", "perhaps", "primitives.3.memorizable", "'perhaps'"),
    ("primitives", "primitives.3.max_response_chars", 0, "primitives.3.max_response_chars", "0"),
    ("primitives", "primitives.3.colour", "red", "primitives.3.colour", "'red'"),
    ("primitives", "track", "logic", "track", "'logic'"),
    ("passives", "passives.0.id", "Not an id", "passives.0.id", "'Not an id'"),
    ("passives", "passives.0.id", "cooking", "passives.0.id", "has no such function"),
    ("passives", "passives.1.id", "arithmetic", "passives.1.id", "which entry 0 has"),
    ("passives", "passives.2", None, "passives", "no entry for code_trace"),
    ("passives", "passives.2.version", 0, "passives.2.version", "0"),
    ("passives", "passives.2.version", None, "passives.2.version", "missing"),
    ("passives", "passives.2.description", None, "passives.2.description", "missing"),
    ("passives", "passives.2.levels", 3, "passives.2.levels", "3"),
]


@pytest.mark.parametrize(("kind", "changing", "value", "field", "shown"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_field_is_named_with_file_value_and_remedy(
    tmp_path: Path, kind: str, changing: str, value: object, field: str | None, shown: str | None
) -> None:
    path = write(tmp_path, changed(FILES[kind], changing, value), "mine.yaml")
    if field is None or shown is None:
        assert "arithmetic/parity@2" in SkillCatalog.load(tmp_path).primitives
        return
    with pytest.raises(ConfigError) as caught:
        SkillCatalog.load(tmp_path)
    assert caught.value.problem.startswith(f"{path}: field '{field}'")
    assert shown in caught.value.problem
    assert caught.value.remedy


def test_one_file_of_a_kind(tmp_path: Path) -> None:
    write(tmp_path, FILES["passives"], "a.yaml")
    write(tmp_path, FILES["passives"], "b.yaml")
    with pytest.raises(ConfigError, match=r"b\.yaml: field 'kind' is 'passives', which a\.yaml has"):
        SkillCatalog.load(tmp_path)


@pytest.mark.parametrize(
    ("changing", "value", "shown"),
    [
        ("levels.2.primitives", ["binary/binary_add@1"], "levels.2.primitives.0' is 'binary/binary_add@1'"),
        ("levels.2.primitives", ["binary/bitwise_and@2"], "there is no such primitive"),
        ("passive", "binary_arithmetik", "'passive' is 'binary_arithmetik'"),
    ],
)
def test_a_skill_names_what_exists(tmp_path: Path, changing: str, value: object, shown: str) -> None:
    path = write(tmp_path, changed(SKILL, changing, value), "mine.yaml")
    with pytest.raises(ConfigError) as caught:
        SkillCatalog.load(tmp_path)
    assert caught.value.problem.startswith(f"{path}: field '")
    assert shown in caught.value.problem
    assert "the nearest: " in caught.value.problem


def test_a_new_version_of_a_primitive_must_be_named_by_the_skills(tmp_path: Path) -> None:
    write(tmp_path, SKILL, "bin.yaml")
    position = next(i for i, e in enumerate(FILES["primitives"]["primitives"]) if "bitwise_and" in e["id"])
    raised = changed(FILES["primitives"], f"primitives.{position}.id", "binary/bitwise_and@2")
    write(tmp_path, raised, "primitives.yaml")
    with pytest.raises(ConfigError, match=r"bin\.yaml: field 'levels\.3\.primitives\.0' is 'binary/bitwise_and@1'"):
        SkillCatalog.load(tmp_path)
