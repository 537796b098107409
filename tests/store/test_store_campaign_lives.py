"""A campaign's life: one active at a time, and its battle saved before it is left, in whatever order things happen."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from store_helpers import CAMPAIGN, T0, at, kinds, make_checkpoint

from realm.errors import ConflictError, NotFoundError, RequestError
from realm.rules.battle import BattleState, DesiredState
from realm.rules.campaign import CampaignLife, Switch
from realm.rules.protection import Anchors, guard_of
from realm.store.battles import BattleStore
from realm.store.campaign_lives import CampaignLives
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database

ACTIVE, PAUSED, ARCHIVED, TRASHED = CampaignLife


@pytest.fixture
def store(db):
    made = CampaignStore(db)
    made.ensure_campaign("mote", "v1", T0)
    return made


@pytest.fixture
def lives(db):
    return CampaignLives(db)


@pytest.fixture
def battles(db):
    return BattleStore(db)


def fighting(battles, campaign=CAMPAIGN):
    """An attempt of a campaign that is under way."""
    battle = battles.create_battle(campaign, 0, T0)
    attempt = battles.start_attempt(battle.id, 0, T0)
    battles.set_state(battle.id, BattleState.RUNNING, T0)
    return attempt


def test_a_new_campaign_is_stored_and_activated(store, lives, db):
    made = lives.create("mote", "v1", at(1), note="the second try")
    assert (made.id, made.life, made.note, made.starting_checkpoint_id) == ("mote-2", PAUSED, "the second try", None)
    found, waits = lives.activate(made.id, at(2))
    assert (found.life, found.life_since, waits) == (ACTIVE, at(2), None)
    assert store.get(CAMPAIGN).life == PAUSED
    assert store.get_active() == store.get_current() == found
    assert lives.activate(made.id, at(3)) == (found, None)
    assert kinds(db, "campaign.") == ["campaign.created"] * 2 + ["campaign.life"] * 2


def test_the_battle_is_saved_before_its_campaign_is_left(store, lives, battles):
    attempt, other = fighting(battles), lives.create("mote", "v1", T0)
    _, waits = lives.activate(other.id, at(1))
    assert waits == lives.pending() == Switch(PAUSED, other.id, at(1))
    assert store.get_active().id == CAMPAIGN
    assert not lives.complete(at(2))
    battles.end_attempt(attempt.id, "paused", at(3))
    assert lives.complete(at(4))
    assert (store.get_active().id, store.get(CAMPAIGN).life, lives.pending()) == (other.id, PAUSED, None)
    left = battles.get(attempt.battle_id)
    assert (left.state, left.desired_state) == (BattleState.PAUSED, DesiredState.RUN)
    assert not lives.complete(at(5))


def test_an_archived_campaign_has_no_open_battle_and_comes_back_paused(store, lives, battles):
    attempt = fighting(battles)
    lives.leave(CAMPAIGN, ARCHIVED, at(1))
    battles.end_attempt(attempt.id, "paused", at(2))
    assert lives.complete(at(3))
    assert battles.get(attempt.battle_id).state == BattleState.FINISHED
    assert (store.get_active(), store.get_current()) == (None, None)
    with pytest.raises(ConflictError, match="archived"):
        lives.activate(CAMPAIGN, at(4))
    assert lives.restore(CAMPAIGN, at(5)).life == PAUSED
    with pytest.raises(ConflictError, match="paused"):
        lives.restore(CAMPAIGN, at(6))


def test_opposite_buttons_end_in_one_outcome(store, lives, battles):
    attempt, other = fighting(battles), lives.create("mote", "v1", T0)
    lives.activate(other.id, at(1))
    # Taken back by asking for the one that is active.
    assert lives.activate(CAMPAIGN, at(2))[1] is None
    assert lives.pending() is None
    # Archived, and another in its place, in whatever order.
    lives.leave(CAMPAIGN, ARCHIVED, at(3))
    _, waits = lives.activate(other.id, at(4))
    assert (waits.leaves_to, waits.activates) == (ARCHIVED, other.id)
    lives.leave(other.id, PAUSED, at(5))
    assert (lives.pending().leaves_to, lives.pending().activates) == (ARCHIVED, None)
    with pytest.raises(ConflictError, match="is active"):
        lives.trash(CAMPAIGN, at(6))
    battles.end_attempt(attempt.id, "paused", at(7))
    assert lives.complete(at(8))
    assert {each.id: each.life for each in store.page()} == {CAMPAIGN: ARCHIVED, other.id: PAUSED}


def test_one_that_is_about_to_be_active_is_not_thrown_away(lives, battles, store):
    fighting(battles)
    other = lives.create("mote", "v1", T0)
    lives.activate(other.id, at(1))
    with pytest.raises(ConflictError, match="about to become active"):
        lives.trash(other.id, at(2))
    lives.leave(other.id, PAUSED, at(3))
    assert lives.pending() is None
    assert lives.trash(other.id, at(4)).life == TRASHED
    assert store.page(lives=(TRASHED,))[0].id == other.id
    assert lives.restore(other.id, at(5)).life == PAUSED


def test_a_campaign_begins_with_a_checkpoint_which_is_protected(store, lives, db):
    vault = CheckpointStore(db)
    start = vault.record(make_checkpoint(10), T0).checkpoint
    vault.record(make_checkpoint(20), T0)
    made = lives.create("mote", "v1", T0, start.id)
    assert made.starting_checkpoint_id == start.id
    guard = guard_of(start, vault.anchors(T0))
    assert guard.because == ("start",)
    assert not guard.deletable
    assert guard_of(start, Anchors()).deletable
    with pytest.raises(RequestError, match="is of mote, the campaign of dio"):
        lives.create("dio", "v1", T0, start.id)
    with pytest.raises(NotFoundError, match="nowhere"):
        lives.create("mote", "v1", T0, "nowhere")
    with pytest.raises(RequestError, match="2001"):
        lives.create("mote", "v1", T0, note="x" * 2001)
    assert len(store.page()) == 2


def test_a_call_that_is_made_again_makes_one_campaign(store, lives):
    made = lives.create("mote", "v1", T0, note="once", key="call-1")
    assert lives.create("mote", "v1", at(1), note="once", key="call-1") == made
    assert lives.create("mote", "v1", at(2), key="call-2").id == "mote-3"
    assert len(store.page()) == 3


def test_a_start_leaves_what_a_person_paused(store, lives):
    lives.leave(CAMPAIGN, PAUSED, at(1))
    assert store.ensure_campaign("mote", "v1", at(2)).life == PAUSED
    assert store.get_current().id == CAMPAIGN
    dio = store.ensure_campaign("dio", "v1", at(3))
    assert dio.life == ACTIVE
    assert store.ensure_campaign("mote", "v1", at(4)).life == ACTIVE


class Campaigns(RuleBasedStateMachine):
    """Buttons, attempts that begin and end, and ticks, in any order."""

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database.open(Path(self.folder.name) / "realm.db")
        self.database.create()
        self.store, self.lives = CampaignStore(self.database), CampaignLives(self.database)
        self.battles = BattleStore(self.database)
        self.seconds = 0
        self.steps: dict[str, int] = {}
        self.store.ensure_campaign("mote", "v1", T0)

    def teardown(self):
        self.database.close()
        self.folder.cleanup()

    def now(self):
        self.seconds += 1
        return at(self.seconds)

    def pick(self, number):
        found = self.store.page(limit=100)
        return found[number % len(found)].id

    def press(self, act, *arguments):
        with suppress(ConflictError):
            act(*arguments, self.now())

    @rule()
    def create(self):
        if len(self.store.page()) < 5:
            self.lives.create("mote", "v1", self.now())

    @rule(number=st.integers(0, 9))
    def activate(self, number):
        self.press(self.lives.activate, self.pick(number))

    @rule(number=st.integers(0, 9), life=st.sampled_from([PAUSED, ARCHIVED]))
    def leave(self, number, life):
        self.press(self.lives.leave, self.pick(number), life)

    @rule(number=st.integers(0, 9))
    def restore(self, number):
        self.press(self.lives.restore, self.pick(number))

    @rule(number=st.integers(0, 9))
    def trash(self, number):
        self.press(self.lives.trash, self.pick(number))

    @rule()
    def arena_ticks(self):
        """As Arena does: an attempt of the active campaign, unless it is about to be left."""
        active = self.store.get_active()
        if active is None or self.lives.pending() is not None:
            return
        battle = self.battles.create_battle(active.id, self.steps.get(active.id, 0), self.now())
        open_attempts = [each for each in self.battles.attempts(battle.id) if each.ended_at is None]
        if not open_attempts and battle.desired_state == DesiredState.RUN:
            self.battles.start_attempt(battle.id, self.steps.get(active.id, 0), self.now())
            self.battles.set_state(battle.id, BattleState.RUNNING, self.now())

    @rule(steps=st.integers(1, 9))
    def steps_are_made(self, steps):
        for attempt in self.under_way():
            self.steps[attempt.campaign_id] = self.steps.get(attempt.campaign_id, 0) + steps
            self.battles.record_step(attempt.id, self.steps[attempt.campaign_id])

    @rule()
    def the_attempt_ends(self):
        for attempt in self.under_way():
            self.battles.end_attempt(attempt.id, "paused", self.now())

    @rule()
    def director_ticks(self):
        """Whatever died, the next tick goes on from the rows."""
        self.store, self.lives = CampaignStore(self.database), CampaignLives(self.database)
        self.lives.complete(self.now())

    def under_way(self):
        battles = [battle for each in self.store.page() if (battle := self.battles.current(each.id)) is not None]
        return [each for battle in battles for each in self.battles.attempts(battle.id) if each.ended_at is None]

    @invariant()
    def one_is_active_at_most(self):
        active = self.store.page(lives=(ACTIVE,))
        assert len(active) <= 1
        assert self.store.get_active() == next(iter(active), None)

    @invariant()
    def only_the_active_one_fights(self):
        active = self.store.get_active()
        assert {each.campaign_id for each in self.under_way()} <= ({active.id} if active else set())

    @invariant()
    def no_battle_is_orphaned(self):
        for each in self.store.page():
            battle = self.battles.current(each.id)
            if each.life in (ARCHIVED, TRASHED):
                assert battle is None
            elif each.life == PAUSED and battle is not None:
                assert battle.state == BattleState.PAUSED

    @invariant()
    def steps_are_those_of_their_campaign(self):
        for campaign, steps in self.steps.items():
            newest = self.battles.page(campaign, 1)[0]
            assert newest.step == steps

    @invariant()
    def what_waits_can_be_done(self):
        waiting = self.lives.pending()
        if waiting is not None:
            assert self.store.get_active() is not None
            assert waiting.activates is None or self.store.get(waiting.activates).life == PAUSED


TestCampaigns = Campaigns.TestCase
TestCampaigns.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
