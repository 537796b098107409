"""Job specs, payload checks, priorities, the retry rule."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.errors import RequestError
from realm.rules.job import (
    ANY_ROLE,
    BACKOFF_MAX_S,
    JOB_SPECS,
    MAX_ATTEMPTS,
    ROLES,
    FailureKind,
    JobType,
    Priority,
    Worker,
    backoff_s,
    retries,
    urgency,
)

# (role, timeout_s, max_pending, max_running, when_full), as the spec has them. Primitives run as evaluations.
TABLE = {
    "eval": ("eval", 600, 50, 3, "warn"),
    "exam": ("eval", 600, 50, 3, "warn"),
    "passive_eval": ("eval", 600, 50, 3, "warn"),
    "primitive": ("eval", 600, 50, 3, "warn"),
    "sparring": ("eval", 1800, 10, 1, "reject"),
    "inference": ("eval", 60, 100, 10, "reject"),
    "data_gen": ("forge", 300, 20, 2, "warn"),
    "data_filter": ("forge", 300, 10, 2, "warn"),
    "data_convert": ("forge", 300, 10, 2, "warn"),
    "data_validate": ("forge", 300, 50, 4, "allow"),
    "data_profile": ("forge", 300, 50, 4, "allow"),
    "archive": ("vault", 3600, 5, 1, "reject"),
    "sync": ("vault", 3600, 5, 1, "reject"),
    "retention": ("vault", 600, 3, 1, "reject"),
    "analytics": ("analytics", 300, 10, 2, "allow"),
    "report": ("analytics", 300, 10, 2, "allow"),
    "layer_stats": ("analytics", 1800, 10, 1, "warn"),
    "layer_drift": ("analytics", 1800, 10, 1, "warn"),
    "health_check": ("any", 60, 10, 5, "allow"),
}

ids = st.text("abc-/0", min_size=1, max_size=20)
seeds = st.integers(0, 2**53)
counts = st.integers(1, 1000)
levels = st.integers(1, 10_000)
CAMPAIGN = {"campaign_id": ids}


def sources(required, optional=()):
    """Payloads of a type that names weights, in each of the ways they can be named."""
    named = (
        {},
        {"weights": st.just("newest")},
        {"checkpoint_id": ids},
        {"checkpoint_id": ids, "step": seeds},
        {"battle_id": ids, "step": seeds},
    )
    return st.one_of(
        *(st.fixed_dictionaries({**required, **each}, optional={**dict(optional), **CAMPAIGN}) for each in named)
    )


LEVEL = {"level": levels, "count": counts}
PAYLOADS = {
    "eval": sources({"skill_id": ids}, {**LEVEL, "seed": seeds, "fold": seeds}),
    "exam": sources({}),
    "passive_eval": sources({"mode": st.sampled_from(["lite", "full"])}),
    "primitive": sources({}, {"primitive_id": ids, "count": counts}),
    "sparring": sources({"skill_id": ids}, LEVEL),
    "inference": sources({"prompt": st.text(min_size=1, max_size=50)}, {"max_tokens": st.integers(1, 4096)}),
    "data_gen": st.fixed_dictionaries(
        {"skill_id": ids, "count": st.integers(1, 100_000)},
        optional={"level": levels, "seed": seeds, "post": st.booleans()},
    ),
    "data_filter": st.fixed_dictionaries(
        {"path": ids}, optional={"min_chars": seeds, "max_chars": st.integers(1, 2**53), "unique": st.booleans()}
    ),
    "data_convert": st.fixed_dictionaries(
        {"path": ids}, optional={"to": st.sampled_from(["jsonl", "jsonl.gz", "jsonl.zst", "parquet"])}
    ),
    "data_validate": st.fixed_dictionaries({"path": ids}),
    "data_profile": st.fixed_dictionaries({"path": ids}),
    "archive": st.fixed_dictionaries({"source": ids, "target": ids}),
    "sync": st.fixed_dictionaries({"source": ids, "target": ids}),
    "retention": st.fixed_dictionaries({"zone": st.sampled_from(["hot", "warm", "cold"])}),
    "analytics": st.fixed_dictionaries({"report_type": st.sampled_from(["campaign", "vault", "jobs"])}),
    "report": st.fixed_dictionaries({"report_type": st.sampled_from(["campaign", "vault", "jobs"])}),
    "layer_stats": st.fixed_dictionaries({"checkpoint_id": ids}),
    "layer_drift": st.fixed_dictionaries({"checkpoint_id": ids}, optional={"base_id": ids}),
    "health_check": st.just({}),
}
EVAL = {"skill_id": "bin", "level": 3, "count": 100, "battle_id": "mote-1-battle-1", "step": 120}
SPAR = {"skill_id": "bin", "checkpoint_id": "c"}
GEN = {"skill_id": "bin", "count": 10}

# (type, payload, words that the refusal must have: the field, the value, what it may be)
BAD = [
    ("eval", {}, ["'skill_id'", "missing", "The skill whose problems"]),
    ("eval", {**EVAL, "skill_id": None}, ["'skill_id'", "None", "The skill"]),
    ("eval", {**EVAL, "skill_id": ""}, ["'skill_id'", "''", "at least 1 character"]),
    ("eval", {**EVAL, "skill_id": "x" * 161}, ["'skill_id'", "xxx", "at most 160 characters"]),
    ("eval", {**EVAL, "skill_id": 3}, ["'skill_id'", "3", "string"]),
    ("eval", {**EVAL, "level": 0}, ["'level'", "0", "greater than or equal to 1"]),
    ("eval", {**EVAL, "level": "3"}, ["'level'", "'3'", "integer"]),
    ("eval", {**EVAL, "level": True}, ["'level'", "True", "integer"]),
    ("eval", {**EVAL, "count": 1.5}, ["'count'", "1.5", "integer"]),
    ("eval", {**EVAL, "count": 10**9}, ["'count'", "1000000000", "less than or equal to 1000"]),
    ("eval", {**EVAL, "seed": -1}, ["'seed'", "-1"]),
    ("eval", {**EVAL, "seed": 2**53 + 1}, ["'seed'", "9007199254740993"]),
    ("eval", {**EVAL, "fold": -1}, ["'fold'", "-1"]),
    ("eval", {**EVAL, "step": -1}, ["'step'", "-1"]),
    ("eval", {"skill_id": "bin", "battle_id": "b"}, ["battle_id", "step"]),
    ("eval", {**EVAL, "checkpoint_id": "c"}, ["one of checkpoint_id, battle_id and weights"]),
    ("eval", {**EVAL, "lvl": 3}, ["'lvl'", "'level'"]),
    ("exam", {"weights": "oldest"}, ["'weights'", "'oldest'", "'newest'"]),
    ("exam", {"seed": 1}, ["'seed'", "nearest"]),
    ("passive_eval", {}, ["'mode'", "missing", "How many"]),
    ("passive_eval", {"mode": "some"}, ["'mode'", "'some'", "'lite'", "'full'"]),
    ("primitive", {"count": 1001}, ["'count'", "1001"]),
    ("primitive", {"primitive_id": ""}, ["'primitive_id'", "''"]),
    ("sparring", {**SPAR, "count": 0}, ["'count'", "0"]),
    ("sparring", {**SPAR, "level": -2}, ["'level'", "-2"]),
    ("inference", {"prompt": ""}, ["'prompt'", "''", "What the user says"]),
    ("inference", {"prompt": "x" * 20_001}, ["'prompt'", "at most 20000 characters"]),
    ("inference", {"prompt": "x", "max_tokens": 5000}, ["'max_tokens'", "5000", "4096"]),
    ("data_gen", {"skill_id": "bin"}, ["'count'", "missing", "Number of examples"]),
    ("data_gen", {**GEN, "count": 100_001}, ["'count'", "100001"]),
    ("data_gen", {**GEN, "post": "yes"}, ["'post'", "'yes'", "boolean"]),
    ("data_gen", {**GEN, "weights": "newest"}, ["'weights'", "nearest"]),
    ("data_filter", {"path": ""}, ["'path'", "''", "data folder"]),
    ("data_filter", {"path": "a", "max_chars": 0}, ["'max_chars'", "0"]),
    ("data_filter", {"path": "a", "min_chars": -1}, ["'min_chars'", "-1"]),
    ("data_convert", {"path": "a", "to": "csv"}, ["'to'", "'csv'", "'parquet'"]),
    ("data_validate", {"path": 7}, ["'path'", "7"]),
    ("data_profile", {}, ["'path'", "missing"]),
    ("archive", {"source": "c"}, ["'target'", "missing", "stronghold"]),
    ("sync", {"source": None, "target": "nas"}, ["'source'", "None"]),
    ("retention", {"zone": "tepid"}, ["'zone'", "'tepid'", "'cold'"]),
    ("analytics", {"report_type": "weather"}, ["'report_type'", "'weather'", "'campaign'"]),
    ("report", {}, ["'report_type'", "missing"]),
    ("layer_stats", {"checkpoint_id": ""}, ["'checkpoint_id'", "''"]),
    ("layer_drift", {"base_id": "c"}, ["'checkpoint_id'", "missing"]),
    ("health_check", {"deep": True}, ["'deep'", "takes none"]),
]


def test_every_type_has_a_spec_of_its_own_type_with_the_limits_of_the_table():
    assert {kind.value for kind in JobType} == set(JOB_SPECS) == set(TABLE) == set(PAYLOADS)
    for kind, spec in JOB_SPECS.items():
        assert spec.type == kind
        limits = (spec.role, spec.timeout_s, spec.max_pending, spec.max_running, spec.when_full)
        assert limits == TABLE[kind]
    assert {spec.role for spec in JOB_SPECS.values()} == {*ROLES, ANY_ROLE}


@pytest.mark.parametrize("kind", list(JobType))
@given(data=st.data())
def test_a_checked_payload_keeps_what_was_given_and_checks_as_itself(kind, data):
    given_payload = data.draw(PAYLOADS[kind])
    checked = JOB_SPECS[kind].check(given_payload)
    assert given_payload.items() <= checked.items()
    assert JOB_SPECS[kind].check(checked) == checked
    assert json.loads(json.dumps(checked)) == checked


@pytest.mark.parametrize("kind", list(JobType))
@given(data=st.data())
def test_no_field_but_the_types_own_is_taken(kind, data):
    wrong = data.draw(PAYLOADS[kind]) | {"surprise": 1}
    with pytest.raises(RequestError, match=f"'surprise' of job {kind}"):
        JOB_SPECS[kind].check(wrong)


def test_the_weights_are_the_newest_unless_they_are_named():
    spec = JOB_SPECS[JobType.EXAM]
    assert spec.check({}) == spec.check({"checkpoint_id": None, "weights": None}) == {"weights": "newest"}
    assert spec.check({"checkpoint_id": "c"}) == {"checkpoint_id": "c"}
    assert spec.check({"battle_id": "b", "step": 0}) == {"battle_id": "b", "step": 0}


@pytest.mark.parametrize(("kind", "payload", "words"), BAD)
def test_a_bad_payload_names_the_field_the_value_and_what_it_may_be(kind, payload, words):
    with pytest.raises(RequestError) as caught:
        JOB_SPECS[JobType(kind)].check(payload)
    said = str(caught.value)
    assert [word for word in (*words, kind) if word not in said] == []
    assert len(said) < 600
    assert str(pickle.loads(pickle.dumps(caught.value))) == said


def test_every_type_has_a_bad_payload_here():
    assert {kind for kind, _, _ in BAD} == set(JobType)


@pytest.mark.parametrize("kind", list(JobType))
def test_a_full_queue_is_tried_again_within_a_minute(kind):
    assert 0 < JOB_SPECS[kind].retry_after_s() <= 60


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
