"""Sparring: what is made of mistakes, and a tiny untrained hero that makes them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from realm.catalog import HeroSpec
from realm.inference.evaluation import SAMPLES, Answer, EvaluationResult, ask, ask_all
from realm.inference.sparring import spar
from realm.models.hero import Hero
from realm.quests import read_manifest, write_generated
from realm.training.settings import open_hero
from skills import get_engine
from skills.problem import bucket_of, buckets_of
from skills.sparring import (
    CORRECT,
    INCORRECT,
    correcting_prompt,
    examples_of_mistake,
    examples_of_mistakes,
    judging_prompt,
)

BIN = get_engine().get("bin")
SOURCE = {"checkpoint_id": "mote-1/checkpoint-9", "step": 9, "skill": "bin", "level": 1}


@pytest.fixture(scope="module")
def hero(mote: HeroSpec, mote_folder: Path) -> Hero:
    torch.set_num_threads(1)
    return open_hero(mote, mote_folder)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, BIN.max_level), st.integers(0, 1000), st.text(max_size=30))
def test_a_mistake_becomes_three_examples_whose_answers_are_right(level, seed, wrong):
    problem, golden = BIN.generate(level, 2, seed, "train")
    grade = BIN.grade(problem, wrong)
    if grade.correct:
        return
    judged, corrected, right = examples_of_mistake(problem, grade, golden, SOURCE)
    asked, said = ([each["messages"][i]["content"] for each in (judged, corrected, right)] for i in (0, 1))
    assert said == [INCORRECT, problem.response, CORRECT]
    assert BIN.grade(problem, said[1]).correct
    assert all(problem.prompt in prompt for prompt in asked[:2])
    assert all((grade.extracted or "none") in prompt for prompt in asked[:2])
    assert asked[2] == judging_prompt(golden, golden.answer)
    for each in (judged, corrected, right):
        assert (each["skill"], each["level"], each["provenance"]) == ("bin", level, SOURCE)
        assert [message["role"] for message in each["messages"]] == ["user", "assistant"]
    assert corrected["primitives"] == list(problem.primitives)
    assert right["primitives"] == list(golden.primitives)


def test_each_mistake_needs_a_golden_problem():
    problem = BIN.generate(1, 1, 0, "train")[0]
    with pytest.raises(ValueError, match="zip"):
        examples_of_mistakes([(problem, BIN.grade(problem, ""))], [], SOURCE)


def test_an_untrained_hero_errs_and_its_mistakes_make_a_quest(hero: Hero, tmp_path: Path) -> None:
    found = spar(hero, BIN, 10, 6, seed=3, provenance=SOURCE)
    mistakes = [answer for answer in found.first.answers if not answer.grade.correct]
    assert found.first.n == 6
    assert len(mistakes) == 6 - found.first.correct > 0
    assert found.second is not None
    assert [answer.problem for answer in found.second.answers] == [answer.problem for answer in mistakes]
    prompts = [correcting_prompt(answer.problem, answer.grade.extracted) for answer in mistakes]
    again = ask(hero, BIN, [answer.problem for answer in mistakes], prompts)
    assert [answer.text for answer in again.answers] == [answer.text for answer in found.second.answers]
    assert len(found.examples) == 3 * len(mistakes)
    manifest = write_generated(found.examples, tmp_path, "sparring")
    assert read_manifest(tmp_path / manifest.quest_id).examples == len(found.examples)


def test_sparring_asks_the_train_split_and_golden_problems_are_others(hero: Hero) -> None:
    found = spar(hero, BIN, 20, 5, seed=8, provenance=SOURCE)
    asked = [answer.problem for answer in found.first.answers]
    assert {bucket_of(problem.key) for problem in asked} <= buckets_of("train")
    stream = BIN.generate(20, 10, 8, "train")
    assert asked == stream[:5]
    golden = [each["messages"][0]["content"] for each in found.examples[2::3]]
    assert golden == [judging_prompt(problem, problem.answer) for problem in stream[5 : 5 + len(golden)]]


def test_passives_and_primitives_are_asked_together_and_graded_apart(hero: Hero) -> None:
    engine = get_engine()
    askers = [engine.passive("logic"), engine.primitive("binary/bitwise_and@1"), engine.passive("memory")]
    asked = [(asker, asker.generate(count, 1)) for asker, count in zip(askers, (3, 2, 4), strict=True)]
    found = ask_all(hero, asked)
    assert [[answer.problem for answer in each.answers] for each in found] == [problems for _, problems in asked]
    for (asker, _), each in zip(asked, found, strict=True):
        assert [answer.grade for answer in each.answers] == [asker.grade(a.problem, a.text) for a in each.answers]
    assert found[1].primitives.keys() == {"binary/bitwise_and@1"}


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_samples_show_wrong_answers_first_and_some_right_ones(outcomes):
    problems = BIN.generate(9, len(outcomes), 0, "train")
    texts = [problem.answer if right else "?" for problem, right in zip(problems, outcomes, strict=True)]
    answers = [Answer(p, text, BIN.grade(p, text)) for p, text in zip(problems, texts, strict=True)]
    shown = [each["correct"] for each in EvaluationResult(0.0, answers).samples()]
    wrong, right = outcomes.count(False), outcomes.count(True)
    assert len(shown) == min(SAMPLES, len(outcomes))
    assert shown == sorted(shown)
    assert shown.count(True) >= min(right, 4)
    assert shown.count(False) >= min(wrong, SAMPLES - 4)
