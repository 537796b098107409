"""Battles, attempts and metric points: guards, fencing, replayed steps."""

from __future__ import annotations

from itertools import pairwise

import pytest
from store_helpers import CAMPAIGN, T0, at, kinds, new_attempt

from realm.errors import ConflictError, NotFoundError
from realm.rules.battle import BATTLE_TRANSITIONS, BattlePoint, BattleState, DesiredState
from realm.store.battles import BattleStore


@pytest.fixture
def store(db):
    return BattleStore(db)


def points(steps, loss=1.0):
    return [BattlePoint(step, at(step), loss, tokens_per_second=100.0, quest_id="q") for step in steps]


def curve(store):
    return [(point.step, point.train_loss) for point in store.points(CAMPAIGN)]


def test_a_campaign_has_one_open_battle(store, db):
    first = store.create_battle(CAMPAIGN, 40, T0)
    assert store.create_battle(CAMPAIGN, 99, at(1)) == first
    assert (first.id, first.state, first.start_step) == ("mote-1-battle-1", BattleState.STARTING, 40)
    assert store.current(CAMPAIGN) == first
    store.finish(first.id, BattleState.FINISHED, at(2), "stopped by a person")
    assert store.current(CAMPAIGN) is None
    second = store.create_battle(CAMPAIGN, 50, at(3))
    assert second.id == "mote-1-battle-2"
    assert store.create_battle("mote-2", 0, T0).id == "mote-2-battle-1"
    assert [battle.number for battle in store.page(CAMPAIGN)] == [2, 1]
    assert kinds(db, "battle")[:3] == ["battle.starting", "battle.finished", "battle.starting"]


def test_state_changes_are_guarded_and_repeatable(store, db):
    battle = store.create_battle(CAMPAIGN, 0, T0).id
    store.set_state(battle, BattleState.RUNNING, at(1))
    running = store.set_state(battle, BattleState.RUNNING, at(9))
    assert running.started_at == at(1)
    store.set_state(battle, BattleState.STOPPING, at(2), "asked for")
    with pytest.raises(ConflictError, match="stopping and cannot become paused"):
        store.set_state(battle, BattleState.PAUSED, at(3))
    done = store.set_state(battle, BattleState.FINISHED, at(4), "stopped")
    assert (done.ended_at, done.reason) == (at(4), "stopped")
    with pytest.raises(ConflictError, match="finished"):
        store.set_state(battle, BattleState.RUNNING, at(5))
    assert kinds(db, "battle") == ["battle.starting", "battle.running", "battle.stopping", "battle.finished"]


@pytest.mark.parametrize("source", list(BattleState))
@pytest.mark.parametrize("target", list(BattleState))
def test_exactly_the_allowed_transitions_are_made(store, source, target):
    paths = {
        BattleState.STARTING: [],
        BattleState.PAUSED: [BattleState.RUNNING, BattleState.PAUSED],
        BattleState.PAUSING: [BattleState.RUNNING, BattleState.PAUSING],
    }
    battle = store.create_battle(CAMPAIGN, 0, T0).id
    for state in paths.get(source, [source]):
        store.set_state(battle, state, T0)
    if target == source or target in BATTLE_TRANSITIONS[source]:
        assert store.set_state(battle, target, T0).state == target
    else:
        with pytest.raises(ConflictError):
            store.set_state(battle, target, T0)
        assert store.get(battle).state == source


def test_what_is_desired(store, db):
    battle = store.create_battle(CAMPAIGN, 0, T0).id
    assert store.set_desired(battle, DesiredState.PAUSE, T0).desired_state == DesiredState.PAUSE
    store.set_desired(battle, DesiredState.PAUSE, T0)
    store.set_desired(battle, DesiredState.RUN, T0)
    store.set_desired(battle, DesiredState.STOP, T0)
    with pytest.raises(ConflictError, match="stops"):
        store.set_desired(battle, DesiredState.RUN, T0)
    store.finish(battle, BattleState.FINISHED, T0)
    with pytest.raises(ConflictError):
        store.set_desired(battle, DesiredState.PAUSE, T0)
    assert kinds(db, "battle.desired") == ["battle.desired"] * 3


def test_attempts_are_numbered_over_the_campaign_and_fence_each_other(store, db):
    first = new_attempt(db)
    battle = store.current(CAMPAIGN).id
    second = store.start_attempt(battle, 30, at(1), checkpoint_id="mote-1/checkpoint-30")
    assert (first, second.id) == ("mote-1-attempt-1", "mote-1-attempt-2")
    assert store.get(battle).state == BattleState.STARTING
    assert [(each.number, each.outcome) for each in store.attempts(battle)] == [(1, "superseded"), (2, None)]
    store.finish(battle, BattleState.FAILED, at(2), "no GPU")
    ended = store.attempts(battle)[1]
    assert (ended.outcome, ended.reason, ended.ended_at) == ("failed", "no GPU", at(2))
    with pytest.raises(ConflictError, match="failed"):
        store.start_attempt(battle, 30, at(3))
    third = new_attempt(db, 30)
    assert third == "mote-1-attempt-3"


def test_ending_an_attempt_twice_keeps_the_first_end(store, db):
    attempt = new_attempt(db)
    store.end_attempt(attempt, "paused", at(1))
    again = store.end_attempt(attempt, "failed", at(2), "late")
    assert (again.outcome, again.ended_at) == ("paused", at(1))
    assert kinds(db, "attempt.ended") == ["attempt.ended"]
    with pytest.raises(NotFoundError, match="nope"):
        store.end_attempt("nope", "paused", T0)


def test_a_battle_ends_in_an_end_state(store):
    battle = store.create_battle(CAMPAIGN, 0, T0).id
    with pytest.raises(ConflictError, match="paused"):
        store.finish(battle, BattleState.PAUSED, T0)
    assert store.finish(battle, BattleState.FINISHED, at(1)) == store.finish(battle, BattleState.FINISHED, at(2))
    with pytest.raises(ConflictError):
        store.finish(battle, BattleState.FAILED, at(3))


def test_steps_only_grow_within_an_attempt_and_fall_back_with_the_next(store, db):
    first = new_attempt(db)
    for step in (5, 9, 7):
        store.record_step(first, step)
    battle = store.current(CAMPAIGN)
    assert battle.step == 9
    store.start_attempt(battle.id, 6, T0)
    assert store.get(battle.id).step == 6
    with pytest.raises(ConflictError, match="superseded"):
        store.record_step(first, 50)
    assert store.get(battle.id).step == 6


def test_points_are_stored_once_a_step(store, db):
    attempt = new_attempt(db)
    assert store.add_points(attempt, points([1, 2, 3])) == 3
    assert store.add_points(attempt, points([3, 4])) == 4
    assert store.add_points(attempt, points([1, 2, 3])) == 4
    assert store.add_points(attempt, []) == 4
    assert store.points(CAMPAIGN, limit=1) == tuple(points([4]))
    assert store.points(CAMPAIGN, after=2) == tuple(points([3, 4]))
    with pytest.raises(NotFoundError):
        store.add_points("nope", points([1]))


def test_replayed_steps_replace_the_lost_ones(store, db):
    first = new_attempt(db)
    store.add_points(first, points([10, 20, 30, 40], loss=1.0))
    second = new_attempt(db, 20)
    store.add_points(second, points([25], loss=2.0))
    assert curve(store) == [(10, 1.0), (20, 1.0), (25, 2.0)]
    store.add_points(first, points([50], loss=1.0))
    assert curve(store) == [(10, 1.0), (20, 1.0), (25, 2.0)]


def test_the_last_points_of_an_ended_attempt_still_count(store, db):
    attempt = new_attempt(db)
    store.end_attempt(attempt, "paused", T0)
    assert store.add_points(attempt, points([1])) == 1


def test_points_are_thinned_to_the_limit_and_keep_both_ends(store, db):
    attempt = new_attempt(db)
    for start in range(0, 300, 10):
        assert store.add_points(attempt, points(range(start, start + 10)), keep=100) <= 100
    steps = [step for step, _ in curve(store)]
    assert (steps[0], steps[-1]) == (0, 299)
    assert len(steps) >= 40
    assert max(later - earlier for earlier, later in pairwise(steps)) <= 16
