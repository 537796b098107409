"""Tasks and results as SkillEngine gives and takes them, on a real database; no other actor is asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_helpers import CAMPAIGN, T0, at, make_checkpoint, new_attempt

from actors.rows import row_of
from actors.skill_engine import SkillEngine
from realm.errors import ConflictError, NotFoundError, RequestError
from realm.rules.job_tasks import EvalTask
from realm.store.campaign_lives import CampaignLives
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.jobs import JobStore
from skills import exam_version, get_engine

BIN = get_engine().get("bin")


@pytest.fixture
def engine(db, database_path: Path) -> SkillEngine:
    campaigns = CampaignStore(db)
    campaigns.ensure_campaign("mote", exam_version([BIN]), T0)
    CampaignLives(db).activate(CAMPAIGN, T0)
    attempt = new_attempt(db)
    CheckpointStore(db).record(make_checkpoint(90), at(1), attempt)
    return SkillEngine(str(database_path.parent))


def claimed(db, job_type: str = "eval", **payload: Any) -> dict[str, Any]:
    """A job that a worker holds, as TaskMaster gives its row."""
    if job_type == "eval":
        payload = {"skill_id": "bin", **payload}
    jobs = JobStore(db)
    made = jobs.submit(job_type, {"checkpoint_id": "checkpoint-90", **payload}, T0)
    job = jobs.claim("w", ["eval"], at(1))
    assert job is not None
    assert job.id == made.job.id
    return row_of(job)


def result_of(task: dict[str, Any], correct: int = 60, **more: Any) -> dict[str, Any]:
    result = {
        "weights": task["weights"][0],
        "level": task["level"],
        "n": task["count"],
        "correct": correct,
        "seed": task["seed"],
        "fold": task["fold"],
        "duration_s": 0.2,
        "samples": [{"prompt": "p", "answer": "a", "expected": "e", "correct": False, "reason": "r"}],
    }
    return {**result, **more}


def test_a_task_names_weights_level_and_fresh_problems(db, engine):
    first, second = engine.assign(claimed(db)), engine.assign(claimed(db))
    assert first["weights"] == [
        {"campaign_id": CAMPAIGN, "step": 90, "checkpoint_id": f"{CAMPAIGN}/checkpoint-90-20260101-1200"}
    ]
    assert (first["level"], first["count"], first["requested"]) == (1, BIN.evaluation.count, False)
    assert first["fold"] != second["fold"]
    named = engine.assign(claimed(db, level=7, count=20, seed=5, fold=4))
    assert (named["level"], named["count"], named["seed"], named["fold"], named["requested"]) == (7, 20, 5, 4, True)
    EvalTask.model_validate(json.loads(json.dumps(named)))


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"checkpoint_id": "checkpoint-91"}, NotFoundError),
        ({"step": 5}, RequestError),
        ({"skill_id": "nib"}, NotFoundError),
        ({"level": 31}, NotFoundError),
    ],
)
def test_what_is_not_there_has_no_task(db, engine, payload, error):
    with pytest.raises(error):
        engine.assign(claimed(db, **payload))


def test_a_result_is_recorded_once_and_told_the_same_again(db, engine):
    job = claimed(db)
    result = json.loads(json.dumps(result_of(engine.assign(job))))
    told = engine.record(job, result, None)
    assert (told["n"], told["correct"], told["step"], told["counted"]) == (100, 60, 90, True)
    assert engine.record(job, result, None) == told
    [row] = engine.store.evaluations(CAMPAIGN)
    assert (row.job_id, row.n, row.checkpoint_id) == (job["id"], 100, f"{CAMPAIGN}/checkpoint-90-20260101-1200")
    requested = claimed(db, level=3, count=5)
    answered = engine.record(requested, result_of(engine.assign(requested), 5), None)
    assert (len(answered["samples"]), answered["counted"]) == (1, False)


def test_a_result_outlives_the_engine_that_gave_its_task(db, engine, database_path):
    job = claimed(db)
    task = engine.assign(job)
    reborn = SkillEngine(str(database_path.parent))
    for wrong in ({"level": 31}, {"n": 101}, {"weights": {**task["weights"][0], "step": 91}}):
        with pytest.raises((RequestError, NotFoundError)):
            reborn.record(job, result_of(task, **wrong), None)
    assert reborn.record(job, result_of(task), None)["correct"] == 60


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 101},
        {"correct": 101},
        {"level": 2},
        {"fold": 77},
        {"primitives": {"no/such@1": "1"}},
        {"review_n": 5},
        {"extra": 1},
        {"weights": {"campaign_id": "mote-2", "step": 90, "checkpoint_id": "mote-2/checkpoint-90"}},
    ],
)
def test_a_wrong_result_leaves_no_trace(db, engine, wrong):
    job = claimed(db)
    with pytest.raises(RequestError):
        engine.record(job, result_of(engine.assign(job), **wrong), None)
    assert engine.store.evaluations(CAMPAIGN) == ()
    assert JobStore(db).get(job["id"]).recorded_at is None


def test_of_a_cancelled_job_nothing_is_recorded(db, engine):
    job = claimed(db)
    task = engine.assign(job)
    JobStore(db).cancel(job["id"], "no longer wanted", at(2))
    with pytest.raises(ConflictError, match="cancelled"):
        engine.record(job, result_of(task), None)
    assert engine.store.evaluations(CAMPAIGN) == ()


def test_passives_primitives_and_inference_are_taken(db, engine):
    job = claimed(db, "passive_eval", mode="lite")
    task = engine.assign(job)
    counts = {name: {"n": 5, "correct": 1} for name in task["passives"]}
    told = engine.record(job, {"weights": task["weights"][0], "passives": counts}, None)
    assert {each["id"] for each in told["passives"]} == task["passives"].keys()
    assert all(each["run"]["correct"] == 1 for each in told["passives"])
    job = claimed(db, "primitive", count=3)
    task = engine.assign(job)
    outcomes = dict.fromkeys(task["primitives"], "011")
    told = engine.record(job, {"weights": task["weights"][0], "primitives": outcomes}, None)
    assert (told["n"], told["correct"]) == (3 * len(outcomes), 2 * len(outcomes))
    job = claimed(db, "inference", prompt="p")
    task = engine.assign(job)
    told = engine.record(job, {"weights": task["weights"][0], "text": "t", "tokens": 1}, None)
    assert (told["text"], told["step"]) == ("t", 90)


def test_a_session_without_mistakes_is_recorded_with_its_reason(db, engine):
    job = claimed(db, "sparring", skill_id="bin", count=10)
    task = engine.assign(job)
    result = {
        "weights": task["weights"][0],
        "level": 1,
        "n": 10,
        "first_correct": 10,
        "second_correct": 0,
        "examples": [],
    }
    assert engine.record(job, result, None)["reason"] == "no mistakes"


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["weights", "level", "n", "correct", "seed", "fold", "samples", "primitives", "x"]),
        st.none() | st.integers(-5, 200) | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
        min_size=1,
    )
)
def test_any_result_is_recorded_or_refused(given_engine, wrong):
    db, engine = given_engine
    job = claimed(db)
    result = {**result_of(engine.assign(job)), **wrong}
    try:
        told = engine.record(job, result, None)
    except RequestError:
        assert JobStore(db).get(job["id"]).recorded_at is None
    else:
        assert told["correct"] <= told["n"] <= BIN.evaluation.count
    # Of one type only so many run.
    JobStore(db).complete(job["id"], "w", {}, at(2))


@pytest.fixture(name="given_engine", scope="module")
def _given_engine(empty_database, tmp_path_factory):
    """One engine for all examples of a property."""
    folder = tmp_path_factory.mktemp("given")
    database = Database.open(Path(shutil.copy(empty_database, folder / "realm.db")))
    campaigns = CampaignStore(database)
    campaigns.ensure_campaign("mote", exam_version([BIN]), T0)
    CampaignLives(database).activate(CAMPAIGN, T0)
    CheckpointStore(database).record(make_checkpoint(90), at(1), new_attempt(database))
    yield database, SkillEngine(str(folder))
    database.close()
