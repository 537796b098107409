"""Job specs, payload checks, priorities, the retry rule."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.errors import RealmError
from realm.rules.job import (
    BACKOFF_MAX_S,
    JOB_SPECS,
    MAX_ATTEMPTS,
    FailureKind,
    JobType,
    Priority,
    Worker,
    backoff_s,
    retries,
    urgency,
)

EVAL = {"skill_id": "bin", "level": 3, "count": 100, "battle_id": "mote-1-battle-1", "step": 120}


def test_every_type_has_a_spec_of_its_own_type():
    assert set(JOB_SPECS) == set(JobType)
    for kind, spec in JOB_SPECS.items():
        assert spec.type == kind
        assert set(spec.required) <= set(spec.fields)
        assert {name for group in spec.one_of for name in group} <= set(spec.fields)


def test_limits_are_those_of_the_table():
    for kind in JobType:
        running = 3 if kind in (JobType.EVAL, JobType.EXAM) else 1
        spec = JOB_SPECS[kind]
        limits = (spec.role, spec.timeout_s, spec.max_pending, spec.max_running, spec.when_full)
        assert limits == ("eval", 600, 50, running, "warn")


@pytest.mark.parametrize(
    "target", [{"checkpoint_id": "mote-1/checkpoint-7"}, {"battle_id": "b", "step": 0}, {"weights": "newest"}]
)
def test_a_checkpoint_or_a_snapshot_or_the_newest_weights_are_enough(target):
    JOB_SPECS[JobType.EVAL].check({"skill_id": "bin", **target})
    JOB_SPECS[JobType.EXAM].check(target)
    JOB_SPECS[JobType.PASSIVE].check({"campaign_id": "c", "mode": "lite", **target})
    JOB_SPECS[JobType.PRIMITIVE].check({"campaign_id": "c", "count": 5, **target})
    JOB_SPECS[JobType.SPAR].check({"campaign_id": "c", "skill_id": "bin", "level": 1, "count": 100, **target})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"skill_id": None}, "skill_id"),
        ({"skill_id": ""}, "skill_id"),
        ({"skill_id": 3}, "skill_id"),
        ({"level": 0}, "level"),
        ({"level": "3"}, "level"),
        ({"level": True}, "level"),
        ({"count": 1.5}, "count"),
        ({"count": 0}, "count"),
        ({"count": 10**9}, "at most 1000"),
        ({"seed": -1}, "seed"),
        ({"weights": "oldest"}, "newest"),
        ({"step": -1}, "step"),
        ({"battle_id": None}, "checkpoint_id"),
        ({"step": None}, "checkpoint_id"),
        ({"lvl": 3}, "level"),
    ],
)
def test_a_bad_payload_names_the_field(change, field):
    with pytest.raises(RealmError) as caught:
        JOB_SPECS[JobType.EVAL].check({**EVAL, **change})
    assert field in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("kind", [kind for kind in JobType if kind != JobType.EVAL])
def test_the_problems_of_a_job_follow_from_its_number(kind):
    """Only an evaluation is told which problems to ask."""
    with pytest.raises(RealmError, match=f"Unknown payload field 'seed' of job {kind}"):
        JOB_SPECS[kind].check({"weights": "newest", "seed": 1})


def test_priorities_are_ordered_most_urgent_first():
    assert list(Priority) == ["critical", "high", "normal", "low", "idle"]


@given(st.sampled_from(list(Priority)), st.floats(0, 300))
def test_waiting_raises_low_priorities_to_normal_and_none_above(priority, waited):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    by_now = urgency(priority, at, at + timedelta(seconds=waited))
    order = list(Priority)
    assert order.index(by_now) <= order.index(priority)
    wanted = Priority.NORMAL if waited >= 60 and order.index(priority) > order.index(Priority.NORMAL) else priority
    assert by_now == wanted


def test_which_failures_are_retried():
    assert {kind.value for kind in FailureKind if kind.retried} == {"transport", "inference", "timeout", "lost_lease"}
    assert retries(FailureKind.INFERENCE, MAX_ATTEMPTS - 1)
    assert not retries(FailureKind.INFERENCE, MAX_ATTEMPTS)
    assert not retries(FailureKind.BAD_PAYLOAD, 1)


@given(st.integers(1, 40), st.integers())
def test_backoff_doubles_up_to_its_limit_with_jitter_of_half(attempt, seed):
    longest = min(BACKOFF_MAX_S, 2.0 ** (attempt - 1))
    wait = backoff_s(attempt, Random(seed))
    assert longest / 2 <= wait <= longest
    assert wait == backoff_s(attempt, Random(seed))


def test_jitter_varies():
    rng = Random(1)
    assert len({backoff_s(3, rng) for _ in range(20)}) == 20


def test_a_worker_is_offline_after_three_missed_beats():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    worker = Worker("w", "host", ("eval",), now, now)
    assert not worker.offline(now + timedelta(seconds=30))
    assert worker.offline(now + timedelta(seconds=30.1))
