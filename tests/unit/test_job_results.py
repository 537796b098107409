"""Results of jobs held against their tasks: what was asked is taken, anything else is refused with its field."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from realm.errors import RequestError
from realm.rules.job_results import (
    EvalResult,
    ExamResult,
    PassiveResults,
    PrimitiveResult,
    SparringResult,
    read_result,
)
from realm.rules.job_tasks import EvalTask, ExamTask, PassiveTask, PrimitiveTask, SkillVersion, SparringTask, Weights

SNAPSHOT = Weights(campaign_id="mote-1", step=120, battle_id="mote-1-battle-1")
CHECKPOINT = Weights(campaign_id="mote-1", step=90, checkpoint_id="mote-1/checkpoint-90")
BIN = SkillVersion(id="bin", fingerprint="f", max_level=2)
COUNTS = st.integers(1, 1000)


def shares(n: int) -> st.SearchStrategy[int]:
    return st.integers(0, n)


@st.composite
def evaluations(draw: st.DrawFn) -> tuple[EvalTask, dict]:
    """A task and a result that answers it."""
    count, review = draw(COUNTS), draw(st.none() | st.integers(1, 9))
    task = EvalTask(
        weights=(SNAPSHOT, CHECKPOINT),
        skill=BIN,
        level=draw(st.integers(1, 30)),
        count=count,
        seed=draw(st.integers(0, 2**53)),
        fold=draw(st.integers(0, 2**53)),
        review_level=review,
        review_count=25 if review else 0,
    )
    n = draw(st.integers(1, count))
    correct = draw(shares(n))
    reviewed = draw(shares(25)) if review else 0
    result = {
        "weights": draw(st.sampled_from(task.weights)).model_dump(exclude_none=True),
        "level": task.level,
        "n": n,
        "correct": correct,
        "seed": task.seed,
        "fold": task.fold,
        "review_level": review,
        "review_n": reviewed,
        "review_correct": draw(shares(reviewed)),
        "primitives": {"binary/add@1": "1" * correct + "0" * (n - correct)},
        "duration_s": 0.5,
    }
    return task, result


@given(evaluations())
def test_what_was_asked_is_taken_also_as_json(given_):
    task, result = given_
    for sent in (result, json.loads(json.dumps(result))):
        read_result(EvalResult, sent).check(task)
    assert EvalTask.model_validate(json.loads(task.model_dump_json())) == task


@given(evaluations(), st.data())
def test_whatever_was_not_asked_is_refused_with_its_field(given_, data):
    task, result = given_
    name = data.draw(st.sampled_from(["level", "seed", "fold", "n", "correct", "review_n", "review_correct", "step"]))
    wrong = dict(result)
    if name == "step":
        wrong["weights"] = {**result["weights"], "step": data.draw(st.integers(0, 1000))}
        assume(wrong["weights"]["step"] != result["weights"]["step"])
    elif name in ("level", "seed", "fold"):
        wrong[name] = data.draw(st.integers(1, 30))
        assume(wrong[name] != result[name])
    else:
        limit = {
            "n": task.count,
            "correct": result["n"],
            "review_n": task.review_count,
            "review_correct": result["review_n"],
        }[name]
        wrong[name] = data.draw(st.integers(limit + 1, limit + 2000))
    with pytest.raises(RequestError) as refused:
        read_result(EvalResult, wrong).check(task)
    assert ("weights" if name == "step" else name) in refused.value.problem
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


@given(
    evaluations(), st.dictionaries(st.text(max_size=20), st.integers() | st.text(max_size=5) | st.none(), max_size=4)
)
def test_nothing_but_a_result_is_read(given_, more):
    _, result = given_
    assume(not more.keys() <= result.keys())
    with pytest.raises(RequestError):
        read_result(EvalResult, {**result, **more})


@given(st.sampled_from([float("nan"), float("inf"), -1.0, True, "5", None, [], {}]), st.sampled_from(["n", "correct"]))
def test_a_count_is_a_whole_number(value, name):
    result = {"weights": SNAPSHOT.model_dump(), "level": 1, "n": 5, "correct": 1, "seed": 0, "fold": 0, name: value}
    if value in (True, "5"):
        # pydantic reads these as numbers; they are held against the task as such.
        read_result(EvalResult, result)
        return
    with pytest.raises(RequestError, match=name):
        read_result(EvalResult, result)


def exam(levels: dict[str, dict[int, tuple[int, int]]]) -> ExamResult:
    return read_result(
        ExamResult, {"weights": CHECKPOINT.model_dump(), "version": "v1", "by_level": levels, "val_loss": 1}
    )


EXAM = ExamTask(weights=(CHECKPOINT,), skills=(BIN,), version="v1", per_level=4)


def test_an_exam_is_of_every_level_and_its_accuracy_is_the_mean_of_the_means():
    found = exam({"bin": {1: (4, 4), 2: (4, 1)}})
    found.check(EXAM)
    assert (found.n, found.by_skill, found.exam_accuracy) == (8, {"bin": 0.625}, 0.625)
    sent = json.loads(found.model_dump_json())
    assert read_result(ExamResult, sent) == found


@pytest.mark.parametrize(
    "levels",
    [
        {},
        {"bin": {}},
        {"bin": {1: (4, 4)}},
        {"bin": {1: (4, 4), 2: (4, 5)}},
        {"bin": {1: (4, 4), 2: (40, 4)}},
        {"bin": {1: (4, 4), 2: (4, 4), 3: (4, 4)}},
        {"bin": {1: (4, 4), 2: (4, 4)}, "sy": {1: (4, 4)}},
    ],
)
def test_an_exam_of_other_problems_is_refused(levels):
    with pytest.raises(RequestError, match="by_level"):
        exam(levels).check(EXAM)


def test_passives_and_primitives_are_all_that_were_asked():
    passives = PassiveTask(weights=(CHECKPOINT,), mode="lite", passives={"logic": 1, "memory": 2}, seed=7)
    counts = {"logic": {"n": 5, "correct": 5}, "memory": {"n": 5, "correct": 0}}
    weights = CHECKPOINT.model_dump()
    read_result(PassiveResults, {"weights": weights, "passives": counts}).check(passives)
    for wrong in ({}, {"logic": counts["logic"]}, {**counts, "memory": {"n": 6, "correct": 0}}):
        with pytest.raises(RequestError, match="passives"):
            read_result(PassiveResults, {"weights": weights, "passives": wrong}).check(passives)
    primitives = PrimitiveTask(weights=(CHECKPOINT,), primitives=("a@1", "b@1"), count=3, seed=7)
    read_result(PrimitiveResult, {"weights": weights, "primitives": {"a@1": "010", "b@1": "1"}}).check(primitives)
    for outcomes in ({"a@1": "010"}, {"a@1": "0101", "b@1": "1"}, {"a@1": "", "b@1": "1"}):
        with pytest.raises(RequestError, match="primitives"):
            read_result(PrimitiveResult, {"weights": weights, "primitives": outcomes}).check(primitives)
    with pytest.raises(RequestError, match="primitives"):
        read_result(PrimitiveResult, {"weights": weights, "primitives": {"a@1": "012", "b@1": "1"}})


def test_a_mistake_has_three_examples():
    task = SparringTask(weights=(SNAPSHOT,), skill=BIN, level=1, count=10, seed=7)
    result = {"weights": SNAPSHOT.model_dump(), "level": 1, "n": 10, "first_correct": 8, "second_correct": 2}
    read_result(SparringResult, {**result, "examples": [{}] * 6}).check(task)
    with pytest.raises(RequestError, match="examples"):
        read_result(SparringResult, {**result, "examples": [{}] * 7}).check(task)
    with pytest.raises(RequestError, match="second_correct"):
        read_result(SparringResult, {**result, "second_correct": 3, "examples": [{}] * 6}).check(task)


def test_weights_have_one_source():
    for more in ({}, {"checkpoint_id": "c", "battle_id": "b"}):
        with pytest.raises(ValidationError):
            Weights(campaign_id="mote-1", step=1, **more)
