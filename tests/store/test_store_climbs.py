"""Climbs through the books: evaluations in, decisions out, one transaction each; whatever dies or whichever clock lies.

A hero is played by the accuracy it shows; everything else is the real store and the real rule.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from store_helpers import CAMPAIGN, at, kinds, new_attempt

from realm.errors import ConflictError, NotFoundError
from realm.rules.battle import BattlePoint
from realm.rules.climb import CapRule, InterventionKind
from realm.rules.level_cap import CapKind, CapState, Verdict
from realm.rules.progression import Evaluation, LevelRule
from realm.store.battles import BattleStore
from realm.store.campaigns import CampaignStore
from realm.store.climb_reads import Ladder
from realm.store.climbs import ClimbStore
from realm.store.database import Database
from realm.store.skills import SkillStore

RULE = CapRule(floor_tokens=3_000, min_observations=6)
"""A level's tokens are 1,000 or more, as in tests/unit/test_level_cap.py."""
TOKENS = 10
"""Of one step."""
EVERY = 5
"""Steps between two evaluations."""
SPAWN = multiprocessing.get_context("spawn")


class Realm:
    """A campaign whose hero masters levels up to `cap` at once and shows `stuck` of accuracy above it."""

    def __init__(self, db, cap=3, max_level=30, stuck=0.45, clock=at):
        self.db, self.cap, self.max_level, self.stuck, self.clock = db, cap, max_level, stuck, clock
        self.train = stuck
        self.random = Random(1)
        self.step = 0
        self.attempt = new_attempt(db)

    def ladder(self, skill="bin"):
        return Ladder(skill, skill.upper(), self.max_level, 0.80)

    def evaluate(self, skill="bin", decide=True):
        """Train for EVERY steps, evaluate, and let a store that remembers nothing decide."""
        self.step += EVERY
        tokens = self.step * TOKENS
        point = BattlePoint(
            self.step, self.clock(self.step), 1.0, tokens_seen=tokens, examples_seen=tokens, train_seconds=1.0
        )
        BattleStore(self.db).add_points(self.attempt, [point])
        skills, climbs = SkillStore(self.db), ClimbStore(self.db)
        level = min(skills.find_state(CAMPAIGN, skill, self.max_level).mastered_level + 1, self.max_level)
        p = 0.95 if level <= self.cap else self.stuck
        asked = climbs.asks_training(CAMPAIGN, skill)
        self.record(skills, skill, level, p, self.train if asked else None)
        return climbs.decide(CAMPAIGN, self.ladder(skill), RULE, self.clock(self.step)) if decide else None

    def record(self, skills, skill, level, p, train):
        skills.record_evaluation(
            Evaluation(
                CAMPAIGN,
                skill,
                level,
                self.step,
                100,
                self.right(p),
                7,
                self.step // EVERY,
                f"job-{skill}-{self.step}",
                self.clock(self.step),
                train_n=0 if train is None else 100,
                train_correct=0 if train is None else self.right(train),
                level_share=0.4,
                mastered_share=0.4,
            ),
            LevelRule(self.max_level),
        )

    def right(self, p):
        return sum(self.random.random() < p for _ in range(100))

    def until(self, state, skill="bin", most=400):
        """Evaluate until the climb is in this state; the decision."""
        for _ in range(most):
            decision = self.evaluate(skill)
            if decision is not None and decision.state == state:
                return decision
        raise AssertionError(f"never {state}: {ClimbStore(self.db).standings(CAMPAIGN)}")


@pytest.fixture
def realm(db):
    CampaignStore(db).ensure_campaign("mote", "v1", at(0))
    return Realm(db)


@pytest.fixture
def store(db):
    return ClimbStore(db)


def test_a_climb_that_is_stuck_comes_to_its_verdict(realm, store, db):
    decision = realm.until(CapState.CAPPED)
    [verdict] = store.standing_verdicts(CAMPAIGN)
    assert (verdict.kind, verdict.mastered_level, verdict.cap_level) == (CapKind.CAPACITY, 3, 3)
    assert verdict.words == f"BIN: mastered 3, cap between 3 and 4 at a budget of {verdict.tokens:,} tokens; capacity"
    assert Verdict.from_json(verdict.body) == decision.verdict
    assert verdict.tokens == realm.step * TOKENS
    tried = store.interventions(CAMPAIGN)
    assert [each.kind for each in tried] == list(InterventionKind)
    assert all(each.level == 4 and each.ended_tokens - each.began_tokens >= each.span_tokens == 1000 for each in tried)
    assert all(later.began_tokens >= earlier.ended_tokens for earlier, later in itertools.pairwise(tried))
    told = [kind for kind in kinds(db) if kind.split(".")[0] in ("climb", "intervention", "verdict")]
    assert told == ["climb.plateau", *["intervention.began", "intervention.ended"] * 3, "verdict.capacity"]


def test_training_problems_are_asked_for_from_the_plateau_on(realm, store):
    realm.until(CapState.PLATEAU)
    assert store.asks_training(CAMPAIGN, "bin")
    assert not store.asks_training(CAMPAIGN, "sy")
    realm.train = 0.97
    decision = realm.until(CapState.CAPPED)
    assert decision.verdict is not None
    assert decision.verdict.kind == CapKind.GENERALIZATION
    assert decision.evidence is not None
    assert decision.evidence.tokens_since >= RULE.generalization_multiple * decision.evidence.level_tokens


def test_nothing_is_decided_twice_on_the_same_evaluations(realm, store):
    assert realm.evaluate() is not None
    assert store.is_decided(CAMPAIGN, "bin")
    assert store.decide(CAMPAIGN, realm.ladder(), RULE, at(9)) is None
    realm.evaluate(decide=False)
    assert not store.is_decided(CAMPAIGN, "bin")


def test_an_evaluation_beyond_the_newest_point_waits_for_it(realm, store):
    realm.evaluate()
    realm.step += 1
    realm.record(SkillStore(realm.db), "bin", 1, 0.95, None)
    assert store.decide(CAMPAIGN, realm.ladder(), RULE, at(9)) is None
    assert realm.evaluate() is not None


def test_a_promotion_ends_what_was_tried(realm, store):
    realm.until(CapState.INTERVENING)
    realm.cap = 5
    realm.until(CapState.CLIMBING)
    [tried] = store.interventions(CAMPAIGN)
    assert tried.ended_tokens is not None
    assert store.under_way(CAMPAIGN) is None
    assert store.verdicts(CAMPAIGN) == ()


def test_a_promotion_withdraws_a_verdict(realm, store, db):
    realm.until(CapState.CAPPED)
    realm.cap = 4
    realm.until(CapState.CLIMBING)
    [verdict] = store.verdicts(CAMPAIGN)
    assert (verdict.withdrawn_why, verdict.reopened_tokens) == ("level 4 was mastered", None)
    assert store.standing_verdicts(CAMPAIGN) == ()
    realm.until(CapState.CAPPED)
    assert [each.mastered_level for each in store.verdicts(CAMPAIGN)] == [4, 3]
    assert list(kinds(db, "verdict.")) == ["verdict.capacity", "verdict.withdrawn", "verdict.capacity"]


def test_a_reopened_verdict_is_given_again_only_after_as_many_tokens(realm, store):
    first = realm.until(CapState.CAPPED).verdict
    [reopened] = store.reopen(CAMPAIGN, "bin", at(9))
    assert (reopened.withdrawn_why, reopened.reopened_tokens) == ("reopened", realm.step * TOKENS)
    assert realm.evaluate().state == CapState.CLIMBING
    again = realm.until(CapState.CAPPED).verdict
    assert again.tokens - first.tokens >= RULE.multiple * 1000
    assert len(store.interventions(CAMPAIGN)) == 6
    with pytest.raises(NotFoundError, match="no standing verdict in sy"):
        store.reopen(CAMPAIGN, "sy", at(9))


def test_a_finished_ladder_is_no_cap(realm, store):
    realm.max_level = 3
    realm.until(CapState.LADDER_EXHAUSTED)
    for _ in range(3):
        realm.evaluate()
    [verdict] = store.verdicts(CAMPAIGN)
    assert verdict.kind == CapKind.LADDER_EXHAUSTED
    assert verdict.words == f"BIN: ladder exhausted at level 3 after {verdict.tokens:,} tokens"
    with pytest.raises(ConflictError, match="no level left to climb"):
        store.reopen(CAMPAIGN, None, at(9))
    realm.max_level = 30
    assert realm.evaluate().state == CapState.CLIMBING
    assert store.verdicts(CAMPAIGN)[0].withdrawn_why == "the ladder has 30 levels now"


def test_one_thing_is_tried_at_a_time_whatever_the_skill(realm, store):
    for _ in range(500):
        realm.evaluate("bin")
        realm.evaluate("sy")
        tried = store.interventions(CAMPAIGN)
        assert sum(each.ended_at is None for each in tried) <= 1
        if len(store.standing_verdicts(CAMPAIGN)) == 2:
            break
    assert {each.skill_id for each in store.standing_verdicts(CAMPAIGN)} == {"bin", "sy"}
    assert all(later.began_tokens >= earlier.ended_tokens for earlier, later in itertools.pairwise(tried))


def test_what_is_tried_on_a_skill_that_is_disabled_ends(realm, store):
    realm.until(CapState.INTERVENING)
    store.break_off(CAMPAIGN, ["bin", "sy"], at(9))
    assert store.under_way(CAMPAIGN) is not None
    store.break_off(CAMPAIGN, ["sy"], at(9))
    [tried] = store.interventions(CAMPAIGN)
    assert (tried.ended_step, tried.ended_tokens) == (realm.step, realm.step * TOKENS)
    # It was not measured: it is tried anew.
    realm.until(CapState.CAPPED)
    assert [each.kind for each in store.interventions(CAMPAIGN)].count(tried.kind) == 2


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-(10**8), 10**8), min_size=7, max_size=7))
def test_a_clock_that_jumps_changes_no_decision(database_path, jumps):
    found = []
    for clock in (at, lambda step: at(step + jumps[step // 50 % 7])):
        db, realm = fresh(database_path, "jumps.db")
        realm.clock = clock
        realm.until(CapState.CAPPED)
        verdicts, tried, _ = books(db)
        found.append(([(each.body, each.step) for each in verdicts], [(each.kind, each.ended_step) for each in tried]))
        db.close()
    assert found[0] == found[1]


def die_at(path, table, max_level):
    """Decide, and kill this process -9 at the first write to `table`, within the transaction."""
    db = Database.open(path)

    @event.listens_for(db._writer, "after_cursor_execute")
    def kill(_connection, _cursor, statement, *_):
        if statement.startswith((f"INSERT INTO {table}", f"UPDATE {table}")):
            os.kill(os.getpid(), signal.SIGKILL)

    ClimbStore(db).decide(CAMPAIGN, Ladder("bin", "BIN", max_level, 0.80), RULE, at(9))


def fresh(path, name):
    """A copy of a database, and a campaign in it whose hero always does the same."""
    copy = path.with_name(name)
    copy.write_bytes(path.read_bytes())
    db = Database.open(copy)
    CampaignStore(db).ensure_campaign("mote", "v1", at(0))
    return db, Realm(db)


def books(db):
    store = ClimbStore(db)
    return store.verdicts(CAMPAIGN), store.interventions(CAMPAIGN), store.standings(CAMPAIGN)


@pytest.mark.parametrize("table", ["climbs", "verdicts", "interventions"])
def test_killed_in_the_middle_of_a_verdict(database_path, table):
    state = CapState.PLATEAU if table == "interventions" else CapState.CAPPED
    db, realm = fresh(database_path, "straight.db")
    realm.until(state)
    straight, last = books(db), realm.step
    db.close()

    db, realm = fresh(database_path, "killed.db")
    while realm.step < last - EVERY:
        realm.evaluate()
    realm.evaluate(decide=False)
    before = books(db)
    db.close()
    victim = SPAWN.Process(target=die_at, args=(database_path.with_name("killed.db"), table, realm.max_level))
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL

    db = Database.open(database_path.with_name("killed.db"))
    assert books(db) == before
    decision = ClimbStore(db).decide(CAMPAIGN, realm.ladder(), RULE, at(last))
    assert decision.state == state
    assert books(db) == straight
    db.close()
