"""What idle time is used for: by kind, with its reason, never beside a battle on its cores, never twice at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.rules.idle_work import ROLES, IdleKind, IdleState, Seen, SkillSeen, choose
from realm.rules.job import JOB_SPECS, JobType

NOW = datetime(2026, 1, 10, tzinfo=UTC)
EVERY = frozenset({"eval", "vault", "forge"})
REST = IdleState(NOW, 60.0, EVERY, "mote-1", "v1", battle=False, apart=False, auto_quests=True)
BIN = SkillSeen("bin", 2, 3, 0.9, {1: 100, 2: 50, 3: 100})


def ago(**passed):
    return NOW - timedelta(**passed)


def only(state):
    (work,) = choose(state)
    return work


def test_nothing_to_do_is_nothing_posted():
    assert choose(REST) == ()


def test_a_recent_checkpoint_without_an_exam_is_examined_the_newest_first():
    seen = (Seen("c3", 300, True), Seen("c2", 200, False), Seen("c1", 100, False))
    work = only(replace(REST, checkpoints=seen))
    assert (work.kind, work.job_type, work.key) == (IdleKind.EXAM, JobType.EXAM, "exam/c2/v1")
    assert work.payload == {"campaign_id": "mote-1", "checkpoint_id": "c2", "step": 200}
    assert work.reason == "step 200 has no exam of this version"
    old = tuple(Seen(f"c{n}", 1000 - n, True) for n in range(20))
    assert choose(replace(REST, checkpoints=(*old, Seen("c0", 1, False)))) == ()


def test_the_mastered_level_that_was_asked_longest_ago_is_reviewed_with_the_newest_checkpoint():
    state = replace(REST, checkpoints=(Seen("c3", 300, True),), skills=(BIN, replace(BIN, id="sy", mastered_level=1)))
    work = only(state)
    assert (work.job_type, work.payload["skill_id"], work.payload["level"]) == (JobType.EVAL, "bin", 2)
    assert work.payload["checkpoint_id"] == "c3"
    assert work.reason == "mastered level 2 of bin, last asked at step 50, of step 300"
    never = replace(BIN, asked={1: 100})
    assert "never asked" in only(replace(state, skills=(never,))).reason
    asked = replace(BIN, asked={1: 300, 2: 301})
    assert choose(replace(state, skills=(asked,))) == ()


def test_sparring_needs_a_battle_elsewhere_generated_quests_and_a_weak_skill():
    weak = replace(BIN, mastered_level=0, training_level=1, accuracy=0.2)
    state = replace(REST, battle=True, apart=True, skills=(weak, replace(weak, id="sy", accuracy=0.1)))
    work = only(state)
    assert (work.job_type, work.payload) == (
        JobType.SPARRING, {"campaign_id": "mote-1", "skill_id": "sy", "level": 1},
    )  # fmt: skip
    assert work.reason == "accuracy 0.10 at level 1 of sy, below 0.5"
    for change in ({"battle": False}, {"auto_quests": False}, {"apart": False}):
        assert choose(replace(state, **change)) == ()
    for accuracy in (0.5, None):
        assert choose(replace(state, skills=(replace(weak, accuracy=accuracy),))) == ()


def test_idle_sparring_is_rare():
    weak = replace(BIN, mastered_level=0, accuracy=0.2)
    state = replace(REST, battle=True, apart=True, skills=(weak,))
    assert choose(replace(state, last={IdleKind.SPARRING: ago(seconds=599)})) == ()
    assert only(replace(state, last={IdleKind.SPARRING: ago(seconds=600)})).kind == IdleKind.SPARRING


def test_retention_is_applied_every_hour_to_each_zone_with_a_place():
    state = replace(REST, retained={"hot": ago(minutes=59), "cold": ago(minutes=90)})
    work = only(state)
    assert (work.job_type, work.payload) == (JobType.RETENTION, {"zone": "cold"})
    assert work.reason == "cold: last applied 1.5 h ago"
    assert only(replace(state, retained={"hot": None})).reason == "hot: not applied yet"


def test_the_copies_that_were_verified_longest_ago_are_verified_again():
    work = only(replace(REST, copies={"b": ago(days=1), "a": ago(days=3), "c": ago(hours=23)}))
    assert (work.kind, work.job_type, work.payload) == (IdleKind.VERIFY, None, {"checkpoint_id": "a"})
    assert work.reason == "copies last verified 3.0 d ago"
    assert choose(replace(REST, copies={"c": ago(hours=23)})) == ()


def test_one_thing_for_each_role_at_once():
    state = replace(
        REST,
        checkpoints=(Seen("c", 300, False),),
        skills=(BIN,),
        retained={"hot": None},
        copies={"c": ago(days=2)},
    )
    assert [work.kind for work in choose(state)] == [IdleKind.EXAM, IdleKind.RETENTION]
    assert [work.kind for work in choose(replace(state, free_roles=frozenset({"vault"})))] == [IdleKind.RETENTION]
    later = {IdleKind.EXAM: ago(seconds=59), IdleKind.RETENTION: ago(seconds=59)}
    assert [work.kind for work in choose(replace(state, last=later))] == [IdleKind.REVIEW, IdleKind.VERIFY]


STATES = st.builds(
    replace,
    st.just(REST),
    free_roles=st.frozensets(st.sampled_from(sorted(EVERY))),
    battle=st.booleans(),
    apart=st.booleans(),
    auto_quests=st.booleans(),
    checkpoints=st.lists(st.builds(Seen, st.just("c"), st.integers(0, 400), st.booleans()), max_size=3).map(tuple),
    skills=st.lists(
        st.builds(
            SkillSeen,
            st.sampled_from(["bin", "sy"]),
            st.integers(0, 3),
            st.integers(1, 4),
            st.none() | st.floats(0, 1),
            st.dictionaries(st.integers(1, 4), st.integers(0, 400)),
        ),
        max_size=2,
    ).map(tuple),
    copies=st.dictionaries(st.sampled_from("ab"), st.integers(0, 100).map(lambda hours: ago(hours=hours))),
    retained=st.dictionaries(st.sampled_from(["hot", "cold"]), st.none() | st.just(ago(minutes=30))),
    last=st.dictionaries(st.sampled_from(list(IdleKind)), st.integers(0, 1000).map(lambda s: ago(seconds=s))),
    open=st.frozensets(st.sampled_from(list(IdleKind))),
)


@given(STATES)
def test_whatever_is_known_the_limits_hold(state):
    found = choose(state)
    roles = [ROLES[work.kind] for work in found]
    assert len(set(roles)) == len(roles)
    assert set(roles) <= state.free_roles
    for work in found:
        assert work.kind not in state.open
        assert work.kind not in state.last or (NOW - state.last[work.kind]).total_seconds() >= state.interval_s
        assert work.reason
        if ROLES[work.kind] == "eval":
            assert state.apart or not state.battle
        if work.job_type is not None:
            assert JOB_SPECS[work.job_type].role == ROLES[work.kind]
            JOB_SPECS[work.job_type].check(work.payload)


@pytest.mark.parametrize("kind", list(IdleKind))
def test_every_kind_takes_the_time_of_some_role(kind):
    assert kind in ROLES
