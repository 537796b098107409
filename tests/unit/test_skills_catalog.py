"""The catalog: YAML in, skills out; batches and their scores; training examples; the exam."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml_files import changed, write

from realm.errors import ConfigError, ConflictError, NotFoundError, RealmError, RequestError
from skills import SkillCatalog, exam_panel, exam_version, get_engine, training_examples
from skills.batch_id import BatchId
from skills.catalog import SHIPPED, Engine
from skills.definition import read_definition
from skills.problem import FOLDS, Problem, bucket_of
from skills.skill import MAX_COUNT, MAX_SEED

ENGINE = get_engine()
BIN = ENGINE.get("bin")

SMALL: dict[str, Any] = {
    "kind": "skill",
    "id": "tiny",
    "name": "Tiny",
    "version": 1,
    "description": "Two rungs",
    "category": "arithmetic",
    "icon": "rune-bin",
    "colour": "#8fbcf0",
    "provider": "binary",
    "max_level": 3,
    "levels": [
        {
            "level": 1,
            "title": "inc, 2 bits",
            "memorizable": True,
            "max_response_chars": 25,
            "primitives": ["binary/binary_add_no_carry@1"],
            "content": {"operations": {"inc": 1}, "bits": 2},
        },
        {
            "level": [2, 3],
            "title": "add, 6 bits",
            "memorizable": False,
            "max_response_chars": 41,
            "primitives": ["binary/binary_add_no_carry@1", "binary/binary_add_with_carry@1"],
            "content": {"operations": {"add": 1}, "bits": 6},
        },
    ],
}


# YAML


def test_a_skill_is_what_its_yaml_says(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    skill = SkillCatalog.load(tmp_path).skills["tiny"]
    assert (skill.id, skill.name, skill.version, skill.max_level, skill.colour) == ("tiny", "Tiny", 1, 3, "#8fbcf0")
    assert (skill.evaluation.count, skill.evaluation.threshold, skill.xp_multiplier) == (100, 0.80, 1.0)
    assert (skill.passive, skill.api_port) == (None, None)
    assert list(skill.levels) == [1, 2, 3]
    assert [skill.levels[level].title for level in skill.levels] == ["inc, 2 bits", "add, 6 bits", "add, 6 bits"]
    assert skill.primitives == ("binary/binary_add_no_carry@1", "binary/binary_add_with_carry@1")
    assert [len(problem.prompt) for problem in skill.generate(3, 2, 0, "eval")] == [len("Compute: ⓪⓪⓪⓪⓪⓪ + ⓪⓪⓪⓪⓪⓪")] * 2


def test_bin_as_shipped() -> None:
    assert (BIN.id, BIN.name, BIN.category, BIN.icon, BIN.colour) == ("bin", "BIN", "arithmetic", "rune-bin", "#8fbcf0")
    assert (BIN.max_level, BIN.evaluation.count, BIN.evaluation.threshold) == (30, 100, 0.80)
    assert (BIN.xp_multiplier, BIN.passive, BIN.api_port) == (1.0, "binary_arithmetic", 8090)
    assert len(BIN.primitives) == 8


CONTENT = "levels.0.content"
WRONG = [
    ("id", "Not an id", "id", "'Not an id'"),
    ("name", None, "name", "missing"),
    ("colour", "blue", "colour", "'blue'"),
    ("version", 0, "version", "0"),
    ("xp_multiplier", -1, "xp_multiplier", "-1"),
    ("evaluation", {"count": 100, "threshold": 1.5}, "evaluation.threshold", "1.5"),
    ("api_port", 99999, "api_port", "99999"),
    ("max_level", 4, "levels", "the last level is 3, max_level 4"),
    ("max_level", 0, "max_level", "0"),
    ("max_level", 10**9, "max_level", "1000000000"),
    ("kind", "spell", "kind", "'spell'"),
    ("evaluation", {"count": 0}, "evaluation.count", "0"),
    ("evaluation", {"count": MAX_COUNT + 1}, "evaluation.count", f"{MAX_COUNT + 1}"),
    ("xp_multiplier", float("inf"), "xp_multiplier", "inf"),
    ("xp_multiplier", float("nan"), "xp_multiplier", "nan"),
    ("evaluation", {"counts": 9}, "evaluation.counts", "9"),
    ("damage", 7, "damage", "7"),
    ("provider", "no_such_module", "provider", "'no_such_module'"),
    ("provider", "problem", "provider", "'problem'"),
    ("levels.0.level", 2, "levels", "level 2 is where 1 belongs"),
    ("levels.1.level", 3, "levels", "level 3 is where 2 belongs"),
    ("levels.1.level", [3, 2], "levels", "level 3 is where 2 belongs"),
    ("levels.1.level", [2, 1], "levels", "[2, 1] is no range"),
    ("levels.1.level", [2, 10**9], "levels.1.level.range.1", "1000000000"),
    ("levels.1.level", 10**9, "levels.1.level.number", "1000000000"),
    ("levels.1.level", "all", "levels.1.level.number", "'all'"),
    ("levels.0.max_response_chars", 0, "levels.0.max_response_chars", "0"),
    ("levels.0.memorizable", "perhaps", "levels.0.memorizable", "'perhaps'"),
    ("levels.0.primitives", ["add"], "levels.0.primitives.0", "'add'"),
    ("levels.0.primitives", ["string/string_length@1"] * 2, "levels.0.primitives", "length@1 is named twice"),
    ("levels.0.content", None, CONTENT, "missing"),
    ("levels.0.content.bits", 1, f"{CONTENT}.bits", "1"),
    ("levels.0.content.bits", None, CONTENT, "bits is missing"),
    ("levels.0.content.factor_bits", [3, 2], CONTENT, "factor_bits"),
    ("levels.0.content.operations", {"cube": 1}, f"{CONTENT}.operations.cube", "'cube'"),
    ("levels.0.content.operations", {"mul": 1}, CONTENT, "factor_bits"),
    ("levels.0.content.operations", {"inc": 10**9}, f"{CONTENT}.operations.inc", "1000000000"),
    ("levels.0.content.operations", {}, f"{CONTENT}.operations", "{}"),
    ("levels.0.content.signed", True, CONTENT, "bits is 2"),
    ("levels.1.content.modes", {"work": 0.5}, "levels.1.content", "0.5"),
    ("levels.1.content.symbol_share", 2, "levels.1.content.symbol_share", "2"),
    ("levels.1.content.colour", "red", "levels.1.content.colour", "'red'"),
]


@pytest.mark.parametrize(("changing", "value", "field", "shown"), WRONG, ids=[f"{row[0]}={row[1]}" for row in WRONG])
def test_a_wrong_field_is_named_with_file_value_and_remedy(
    tmp_path: Path, changing: str, value: object, field: str, shown: str
) -> None:
    path = write(tmp_path, changed(SMALL, changing, value))
    with pytest.raises(ConfigError) as caught:
        SkillCatalog.load(tmp_path)
    problem = caught.value.problem
    assert problem.startswith(f"{path}: field '{field}")
    assert shown in problem
    assert caught.value.remedy


def test_the_provider_s_fields_are_named_from_the_top_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, changed(SMALL, "levels.1.content.bits", 99))
    with pytest.raises(ConfigError, match=r"tiny\.yaml: field 'levels\.1\.content\.bits' is 99: ") as caught:
        SkillCatalog.load(tmp_path)
    assert caught.value.remedy == "Correct levels.1.content.bits in tiny.yaml."


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2", "", "just words"])
def test_a_file_that_is_no_mapping_is_named(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        SkillCatalog.load(tmp_path)
    assert str(path) in caught.value.problem


def test_a_field_that_is_there_twice_is_named(tmp_path: Path) -> None:
    """Also in a mapping that others are merged from; a field over a merged one is no second one."""
    shared = "shared: &shared {bits: 2}\nmerged: {<<: *shared, bits: 3}\n"
    assert read_definition(write(tmp_path, f"kind: skill\n{shared}"))["merged"] == {"bits": 3}
    for text in ("kind: skill\nname: A\nname: B\n", shared.replace("bits: 2", "bits: 2, bits: 4")):
        path = write(tmp_path, text)
        with pytest.raises(ConfigError, match=r"the key '(name|bits)' is there twice") as caught:
            SkillCatalog.load(tmp_path)
        assert str(path) in caught.value.problem


def test_a_folder_that_is_none_has_no_skills(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere is no folder of skills"):
        SkillCatalog.load(tmp_path / "nowhere")


def test_kind_says_whose_file_it_is(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    for kind in ("primitives", "passives"):
        write(tmp_path, (SHIPPED / f"{kind}.yaml").read_text(encoding="utf-8"), f"{kind}.yaml")
    assert list(SkillCatalog.load(tmp_path).skills) == ["tiny"]
    write(tmp_path, {"id": "stray"}, "stray.yaml")
    with pytest.raises(ConfigError, match=r"stray\.yaml: field 'kind' is None"):
        SkillCatalog.load(tmp_path)


def test_two_files_cannot_define_one_skill(tmp_path: Path) -> None:
    write(tmp_path, SMALL, "a.yaml")
    write(tmp_path, SMALL, "b.yaml")
    with pytest.raises(ConfigError, match=r"b\.yaml: field 'id' is 'tiny', which a\.yaml has\. Choose another id\."):
        SkillCatalog.load(tmp_path)


def test_two_skills_cannot_have_one_port(tmp_path: Path) -> None:
    write(tmp_path, changed(SMALL, "api_port", 8091), "a.yaml")
    write(tmp_path, {**changed(SMALL, "id", "other"), "api_port": 8091}, "b.yaml")
    with pytest.raises(ConfigError, match=r"b\.yaml: field 'api_port' is 8091, which a\.yaml has\. Choose another"):
        SkillCatalog.load(tmp_path)


def test_two_skills_can_have_no_port(tmp_path: Path) -> None:
    write(tmp_path, SMALL, "a.yaml")
    write(tmp_path, changed(SMALL, "id", "other"), "b.yaml")
    assert len(SkillCatalog.load(tmp_path).skills) == 2


PROVIDER = """
from functools import partial
from skills.question import Question, QuestionGenerator

def draw(random):
    digit = str(random.randrange(1_000))
    return Question(digit, digit, {answer})

def compile_level(level, content):
    return QuestionGenerator(draw)
"""


def test_a_provider_may_lie_beside_its_yaml(tmp_path: Path) -> None:
    for name, answer in (("one", "digit"), ("two", "digit * 2")):
        folder = tmp_path / name
        folder.mkdir()
        write(folder, {**SMALL, "provider": "beside"})
        (folder / "beside.py").write_text(PROVIDER.format(answer=answer), encoding="utf-8")
    one, two = (SkillCatalog.load(tmp_path / name).skills["tiny"] for name in ("one", "two"))
    problem = one.generate(1, 1, 0, "eval")[0]
    assert problem.answer == problem.prompt
    assert two.generate(1, 1, 0, "eval")[0].answer == problem.prompt * 2


FAILING = [
    ("def compile_level(:", "SyntaxError: "),
    ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package', line 1 of beside.py"),
    ("x = 1", "that module has no compile_level"),
    ("import math\nx = y", "NameError: name 'y' is not defined, line 2 of beside.py"),
    (
        "def compile_level(level, content):\n    return content['size']",
        "compile_level(1, …) raised KeyError: 'size', line 2 of beside.py",
    ),
    (
        "def unavailable():\n    return 1 / 0\n\ndef compile_level(level, content):\n    return content",
        "its unavailable() raised ZeroDivisionError: division by zero, line 2 of beside.py",
    ),
]


@pytest.mark.parametrize(("text", "shown"), FAILING, ids=[row[1] for row in FAILING])
def test_a_provider_that_fails_is_named_with_what_it_raised(tmp_path: Path, text: str, shown: str) -> None:
    path = write(tmp_path, {**SMALL, "provider": "beside"})
    (tmp_path / "beside.py").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        SkillCatalog.load(tmp_path)
    assert caught.value.problem.startswith(f"{path}: field 'provider' is 'beside': ")
    assert shown in caught.value.problem
    assert caught.value.remedy


def test_a_skill_survives_pickling() -> None:
    copied = pickle.loads(pickle.dumps(BIN))
    assert copied.generate(19, 5, 1, "eval") == BIN.generate(19, 5, 1, "eval")
    assert copied.alphabet == BIN.alphabet


# Asking


def test_unknown_names_are_not_found() -> None:
    with pytest.raises(NotFoundError, match=r"'sudoku'.*bin"):
        ENGINE.get("sudoku")
    with pytest.raises(NotFoundError, match=r"'bim'.*The nearest is 'bin'"):
        ENGINE.get("bim")
    with pytest.raises(NotFoundError, match="There are none"):
        Engine(SkillCatalog({})).get("bin")
    for level in (0, 31, -1):
        with pytest.raises(NotFoundError, match="1 to 30"):
            BIN.generate(level, 1, 0, "train")


@pytest.mark.parametrize(
    ("level", "count", "seed", "error", "said"),
    [
        (0, 1, 0, NotFoundError, "no level 0"),
        (31, 1, 0, NotFoundError, "no level 31"),
        (1, 0, 0, RequestError, "count is 0"),
        (1, -1, 0, RequestError, "count is -1"),
        (1, MAX_COUNT + 1, 0, RequestError, f"1 to {MAX_COUNT} problems"),
        (1, 10**9, 0, RequestError, "count is 1000000000"),
        (1, 1, -1, RequestError, "seed is -1"),
        (1, 1, MAX_SEED + 1, RequestError, f"seed is {MAX_SEED + 1}"),
        (1, 1, 10**45, RequestError, "seed is 1000"),
    ],
)
def test_what_nobody_can_mean_is_refused(level: int, count: int, seed: int, error: type[RealmError], said: str) -> None:
    for ask in (
        lambda: BIN.generate(level, count, seed, "train"),
        lambda: BIN.generate(level, count, seed, "eval", fold=1),
        lambda: ENGINE.generate_eval_batch("bin", level, count, seed),
    ):
        with pytest.raises(error, match=said) as caught:
            ask()
        assert caught.value.remedy


def test_more_distinct_problems_than_there_are(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    skill = SkillCatalog.load(tmp_path).skills["tiny"]
    assert len(skill.generate(2, 1_000, 0, "train")) == 1_000
    with pytest.raises(ConflictError, match=r"Level 2 of 'tiny' gave \d+ distinct problems.*200 were asked for"):
        skill.generate(2, 200, 0, "eval", fold=1)


@pytest.mark.parametrize(("split", "fold"), [("train", 0), ("eval", 3), ("eval", -1)])
def test_folds_that_are_none(split: Any, fold: int) -> None:
    with pytest.raises(ValueError, match="fold"):
        BIN.generate(19, 1, 0, split, fold=fold)


def test_an_eval_batch_is_scored_against_its_own_problems() -> None:
    batch = ENGINE.generate_eval_batch("bin", level=10, count=10)
    assert (batch.skill_id, batch.level, len(batch.problems)) == ("bin", 10, 10)
    answers = [problem.response for problem in batch.problems]
    answers[3] = "I do not know"
    score = ENGINE.score_eval(batch, answers)
    assert (score.batch_id, score.n, score.correct, score.accuracy) == (batch.id, 10, 9, 0.9)
    assert [grade.correct for grade in score.grades] == [index != 3 for index in range(10)]
    assert sum(attempts for attempts, _ in score.primitives.values()) == 10
    assert sum(correct for _, correct in score.primitives.values()) == 9
    missed = batch.problems[3].primitives[0]
    assert score.primitives[missed][0] == score.primitives[missed][1] + 1


def test_batches_have_their_own_ids_and_the_skill_s_size() -> None:
    batch = ENGINE.generate_eval_batch("bin", 19)
    assert len(batch.problems) == BIN.evaluation.count
    assert batch == ENGINE.generate_eval_batch("bin", 19)
    others = [
        ENGINE.generate_eval_batch("bin", 19, seed=1),
        ENGINE.generate_eval_batch("bin", 19, fold=1),
        ENGINE.generate_eval_batch("bin", 14),
        ENGINE.generate_eval_batch("bin", 19, 99),
    ]
    assert len({batch.id, *(other.id for other in others)}) == 5


@pytest.mark.parametrize("seed", [0, MAX_SEED])
def test_the_id_of_a_batch_can_be_read(seed: int) -> None:
    batch = ENGINE.generate_eval_batch("bin", 30, 2, seed, fold=2, symbols=True)
    read = BatchId.parse(batch.id)
    assert (read.skill_id, read.level, read.count, read.seed, read.fold, read.symbols) == ("bin", 30, 2, seed, 2, True)


def test_an_answer_too_few_is_refused() -> None:
    batch = ENGINE.generate_eval_batch("bin", 1, 10)
    with pytest.raises(RequestError, match="10 problems, 9 answers"):
        ENGINE.score_eval(batch, ["①"] * 9)


def test_list_skills_is_by_id(tmp_path: Path) -> None:
    for name in ("zeta", "alpha"):
        write(tmp_path, changed(SMALL, "id", name), f"{name}.yaml")
    assert [skill.id for skill in Engine(SkillCatalog.load(tmp_path)).list_skills()] == ["alpha", "zeta"]


def test_a_training_example_is_json_ready() -> None:
    problem = Problem("bin", 2, 0, 0, "Compute: ①⓪ + ⓪①", "①①", "w", ("binary/a@1",), "add 1 2")
    example = problem.as_training_example()
    assert json.loads(json.dumps(example)) == {
        "messages": [
            {"role": "user", "content": "Compute: ①⓪ + ⓪①"},
            {"role": "assistant", "content": "<think>w</think>①①"},
        ],
        "skill": "bin",
        "level": 2,
        "primitives": ["binary/a@1"],
    }


# Training


@given(st.dictionaries(st.integers(1, 30), st.integers(0, 40), max_size=4), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_training_examples_have_the_counts(counts: dict[int, int], seed: int) -> None:
    problems = training_examples(BIN, counts, seed)
    assert Counter(problem.level for problem in problems) == Counter(counts)
    assert problems == training_examples(BIN, counts, seed)
    for problem in problems:
        assert BIN.levels[problem.level].memorizable or bucket_of(problem.key) >= FOLDS


def test_training_examples_are_shuffled() -> None:
    counts = {4: 1_000, 11: 1_000}
    problems = training_examples(BIN, counts, 1)
    first = Counter(problem.level for problem in problems[:500])
    assert first[11] == pytest.approx(250, abs=60)
    other = training_examples(BIN, counts, 2)
    assert [problem.key for problem in other] != [problem.key for problem in problems]


def test_symbols_are_trained_only_where_the_hero_can_spell_them() -> None:
    plain = training_examples(BIN, {13: 60, 14: 140}, 1)
    symbolic = training_examples(BIN, {13: 60, 14: 140}, 1, symbols=True)
    assert [problem.key for problem in plain] == [problem.key for problem in symbolic]
    assert not any(set(problem.prompt) & set(BIN.symbol_alphabet) for problem in plain)
    assert any(set(problem.prompt) & set(BIN.symbol_alphabet) for problem in symbolic)


# Exam


def test_the_exam_asks_every_level(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    tiny = SkillCatalog.load(tmp_path).skills["tiny"]
    panel = exam_panel([tiny, BIN])
    counts = Counter((problem.skill_id, problem.level) for problem in panel)
    assert counts == {("bin", level): 4 for level in range(1, 31)} | {("tiny", level): 4 for level in (1, 2, 3)}
    assert panel == exam_panel([BIN, tiny])
    for problem in panel:
        skill = {"bin": BIN, "tiny": tiny}[problem.skill_id]
        assert skill.levels[problem.level].memorizable or bucket_of(problem.key) < FOLDS


def test_the_exam_version_changes_with_what_is_asked(tmp_path: Path) -> None:
    variants = [SMALL, changed(SMALL, "version", 2), changed(SMALL, "levels.1.content.bits", 7)]
    versions: set[str] = set()
    for index, data in enumerate(variants):
        folder = tmp_path / str(index)
        folder.mkdir()
        write(folder, data)
        versions.add(exam_version(SkillCatalog.load(folder).skills.values()))
    tiny = SkillCatalog.load(tmp_path / "0").skills["tiny"]
    versions |= {exam_version([BIN]), exam_version([BIN, tiny]), exam_version([BIN], per_level=5)}
    assert len(versions) == 6
    assert exam_version([BIN, tiny]) == exam_version([tiny, BIN])
