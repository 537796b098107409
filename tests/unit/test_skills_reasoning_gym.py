"""The reasoning-gym provider: curriculum and config, keys, grading by a form, wrong content, a missing package."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from realm.errors import ConfigError, ConflictError, NotFoundError
from skills import Problem, SkillCatalog, get_engine
from skills.catalog import Engine
from skills.reasoning_gym import GymLevel, compile_level

ROOT = Path(__file__).parents[2]
QUEENS = get_engine().get("rg_n_queens")
REMEDY = "pip install 'realm-of-training[reasoning-gym]'"


def level(**content: Any) -> GymLevel:
    return compile_level(1, content)


def entries(generator: GymLevel, count: int, seed: int = 1) -> list[Any]:
    random = Random(seed)
    return [generator.draw(random).entry for _ in range(count)]


# Content


def test_a_curriculum_level_holds_none_of_those_below_it() -> None:
    by_curriculum = level(dataset="gcd", curriculum={"num_terms": 1, "value": 2})
    by_config = level(
        dataset="gcd", config={"min_numbers": 3, "max_numbers": 3, "min_value": 10_000, "max_value": 100_000}
    )
    assert entries(by_curriculum, 20) == entries(by_config, 20)
    for entry in entries(by_curriculum, 50):
        assert len(entry["metadata"]["numbers"]) == 3
        assert all(10_000 <= number <= 100_000 for number in entry["metadata"]["numbers"])


def test_the_config_goes_before_the_curriculum() -> None:
    generator = level(dataset="gcd", curriculum={"num_terms": 1}, config={"max_numbers": 4})
    assert {len(entry["metadata"]["numbers"]) for entry in entries(generator, 60)} == {3, 4}


WRONG = [
    ({"dataset": "tic_tac_toe"}, "tic_tac_toe", "chain_sum"),
    ({"dataset": "gcd", "config": {"min_number": 3}}, "min_number", "content.config"),
    ({"dataset": "gcd", "config": {"min_value": 0}}, "min_value", "content.config"),
    ({"dataset": "gcd", "config": {"seed": 3}}, "seed", "content.config"),
    ({"dataset": "gcd", "curriculum": {"digits": 1}}, "digits", "content.curriculum"),
    ({"dataset": "gcd", "curriculum": {"value": 99}}, "99", "content.curriculum"),
    ({"dataset": "propositional_logic"}, "None", "another"),
    ({"dataset": "gcd", "key": "statements"}, "statements", "content.key"),
]


@pytest.mark.parametrize(("content", "shown", "remedy"), WRONG, ids=[str(row[0]) for row in WRONG])
def test_what_a_dataset_does_not_take_is_named(content: dict[str, Any], shown: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        entries(compile_level(3, content), 1)
    assert "Level 3" in caught.value.problem
    assert content["dataset"] in caught.value.problem
    assert shown in caught.value.problem
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"dataset": "Gcd"},
        {"dataset": "gcd", "form": "("},
        {"dataset": "gcd", "keep": {"1": 0}},
        {"dataset": "gcd", "curriculum": {"value": -1}},
        {"x": 1},
    ],
    ids=str,
)
def test_wrong_fields_are_refused_without_the_package(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        compile_level(1, content)


# Keys


def test_the_order_of_words_makes_no_other_problem_where_it_is_no_matter() -> None:
    generator = level(dataset="gcd", key="words")
    asked = {"question": "GCD of these numbers: 12, 18, 6.", "metadata": {}}
    swapped = {"question": "GCD of these numbers: 6, 12, 18.", "metadata": {}}
    other = {"question": "GCD of these numbers: 6, 12, 8.", "metadata": {}}
    assert generator.key_of(asked) == generator.key_of(swapped) != generator.key_of(other)
    text = level(dataset="gcd")
    assert text.key_of(asked) != text.key_of(swapped)


def test_terms_keep_their_signs() -> None:
    generator = level(dataset="chain_sum", key="terms")
    keys = [
        generator.key_of({"question": f"State the final answer: {text} =", "metadata": {}})
        for text in ("12 - 3 + 4", "4 + 12 - 3", "3 - 12 + 4", "12 + 3 + 4")
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_the_order_of_a_mapping_makes_no_other_problem() -> None:
    generator = level(dataset="leg_counting", key="animals")
    asked = [{"cat": 2, "ant": 3}, {"ant": 3, "cat": 2}, {"ant": 2, "cat": 3}]
    keys = [generator.key_of({"question": "", "metadata": {"animals": animals}}) for animals in asked]
    assert keys[0] == keys[1] != keys[2]


def test_who_does_not_lie_tells_the_truth() -> None:
    """The dataset writes the two alike."""
    generator = level(dataset="knights_knaves", key="statements")
    said = [
        (("not", ("lying", 1)), ("and", ("lying", 0), ("telling-truth", 1))),
        (("telling-truth", 1), ("and", ("not", ("telling-truth", 0)), ("telling-truth", 1))),
        (("not", ("not", ("telling-truth", 1))), ("and", ("lying", 0), ("telling-truth", 1))),
    ]
    keys = [generator.key_of({"question": "", "metadata": {"statements": each}}) for each in said]
    assert keys[0] == keys[1] != keys[2]


def test_a_share_of_the_items_with_an_answer_is_kept() -> None:
    config = {"min_numbers": 4, "max_numbers": 4, "min_value": 1000, "max_value": 9999}
    every = [entry["answer"] for entry in entries(level(dataset="gcd", config=config), 2_000)]
    kept = [entry["answer"] for entry in entries(level(dataset="gcd", config=config, keep={"1": 0.1}), 2_000)]
    ones, others = (answers.count("1") / answers.count("2") for answers in (kept, every))
    assert ones / others == pytest.approx(0.1, abs=0.025)


def test_the_wording_makes_no_other_problem_where_a_field_is_the_key() -> None:
    generator = level(dataset="knights_knaves", config={"n_people": 2, "depth_constraint": 2}, key="statements")
    by_key: dict[str, set[str]] = {}
    random = Random(2)
    for _ in range(1_500):
        candidate = generator.draw(random)
        by_key.setdefault(candidate.key, set()).add(candidate.entry["question"])
    assert len(by_key) < 450
    assert any(len(wordings) > 5 for wordings in by_key.values())


# Grading


def test_a_problem_that_comes_over_json_is_graded() -> None:
    for problem in QUEENS.generate(4, 10, 1, "eval"):
        fields = json.loads(json.dumps(asdict(problem)))
        again = Problem(**{**fields, "primitives": tuple(fields["primitives"])})
        assert again == problem
        assert QUEENS.grade(again, problem.answer).correct
        assert not QUEENS.grade(again, problem.answer.replace("Q", "_")).correct


def test_a_problem_that_was_not_asked_is_not_graded() -> None:
    problem, other = QUEENS.generate(4, 2, 1, "eval")
    for wrong in (
        replace(problem, extra=other.extra),
        replace(problem, extra=""),
        replace(problem, extra="-1"),
        replace(problem, extra="9" * 10),
        replace(problem, extra="9" * 400),
        replace(problem, prompt=other.prompt),
        replace(problem, answer=other.answer),
        replace(problem, level=5),
    ):
        with pytest.raises(ConflictError, match="n_queens"):
            QUEENS.grade(wrong, problem.answer)


def test_what_is_not_of_the_form_never_reaches_the_dataset(tmp_path: Path) -> None:
    """The grader of n_queens evaluates what it does not know as Python."""
    made = tmp_path / "made"
    code = f"[['Q'], __import__('pathlib').Path({str(made)!r}).touch()]"
    problem = QUEENS.generate(4, 1, 1, "eval")[0]
    entry = entries(level(dataset="n_queens"), 1)[0]
    level(dataset="n_queens").dataset.score_answer(code, entry)
    assert made.exists()
    made.unlink()
    grade = QUEENS.grade(problem, code)
    assert (grade.correct, grade.extracted, made.exists()) == (False, code, False)
    assert grade.reason == "Not of the form of an answer."
    assert not QUEENS.grade(problem, f"{problem.answer}\n" * 1_000).correct


def test_less_than_the_full_score_is_wrong() -> None:
    generator = level(dataset="shortest_path", form="[a-z ]+")
    skill = get_engine().get("rg_shortest_path")
    problem = next(p for p in skill.generate(3, 200, 1, "train") if p.answer == "left left")
    roundabout = "up left left down"
    entry = generator.dataset[int(problem.extra)]
    assert skill.grade(problem, "left left").correct
    score = skill.levels[3].generator.dataset.score_answer(roundabout, entry)  # pyright: ignore[reportAttributeAccessIssue]
    assert score < 1
    assert not skill.grade(problem, roundabout).correct


def test_an_item_depends_on_its_number_alone() -> None:
    first, second = level(dataset="word_sorting"), level(dataset="word_sorting")
    ahead = [first.dataset[number] for number in (5, 2**32 - 1, 0)]
    behind = [second.dataset[number] for number in (0, 2**32 - 1, 5)]
    assert ahead == behind[::-1]


def test_a_skill_survives_pickling() -> None:
    copied = pickle.loads(pickle.dumps(QUEENS))
    assert copied.generate(4, 3, 1, "eval") == QUEENS.generate(4, 3, 1, "eval")


# Without the package


def test_the_catalog_loads_without_importing_the_package() -> None:
    code = (
        "import sys; from skills import get_engine, exam_version; engine = get_engine(); "
        "[skill.alphabet for skill in engine.list_skills()]; exam_version(engine.list_skills()); "
        "print('rg_chain_sum' in [skill.id for skill in engine.list_skills()], 'reasoning_gym' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "False"]


def test_without_the_package_its_skills_are_unavailable_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)  # what makes an import of it fail
    engine = Engine(SkillCatalog.load())
    ids = [skill.id for skill in engine.list_skills()]
    assert "bin" in ids
    assert not [skill_id for skill_id in ids if skill_id.startswith("rg_")]
    assert len(engine.unavailable) >= 10
    assert engine.unavailable["rg_chain_sum"] == f"The package reasoning-gym is not installed. {REMEDY}"
    for skill_id in engine.unavailable:
        with pytest.raises(NotFoundError) as caught:
            engine.get(skill_id)
        assert (
            caught.value.problem == f"Skill {skill_id!r} is not available: The package reasoning-gym is not installed."
        )
        assert caught.value.remedy == REMEDY
    with pytest.raises(ConfigError, match="not installed"):
        entries(level(dataset="gcd"), 1)


def test_a_wrong_yaml_is_named_without_the_package_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    fields = yaml.safe_load((ROOT / "skills" / "rg_gcd.yaml").read_text(encoding="utf-8"))
    fields["levels"][1]["content"]["datasets"] = "gcd"
    (tmp_path / "rg_gcd.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"rg_gcd\.yaml: field 'levels\.1\.content\.datasets'"):
        SkillCatalog.load(tmp_path)


def test_with_the_package_nothing_is_unavailable() -> None:
    assert get_engine().unavailable == {}
