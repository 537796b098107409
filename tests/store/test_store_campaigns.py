"""Campaigns, champions, and the hero's numbers."""

from __future__ import annotations

import pytest
from store_helpers import CAMPAIGN, T0, at, kinds, make_checkpoint, new_attempt

from realm.errors import NotFoundError
from realm.rules.campaign import CampaignLife, Momentum
from realm.rules.hero import HeroState
from realm.rules.progression import Evaluation, Exam, LevelRule
from realm.store.campaign_lives import CampaignLives
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.events import EventStore
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore


@pytest.fixture
def store(db):
    return CampaignStore(db)


@pytest.fixture
def vault(db):
    return CheckpointStore(db)


def test_the_first_campaign_is_made_once(store, db):
    assert store.get_active() is None
    made = store.ensure_campaign("mote", "v1", T0)
    assert (made.id, made.life, made.momentum, made.champion_id) == (CAMPAIGN, CampaignLife.ACTIVE, Momentum.IDLE, None)
    assert store.ensure_campaign("mote", "v1", at(1)) == made
    assert store.get_active() == made == store.get(CAMPAIGN)
    assert kinds(db) == ["campaign.created"]


def test_one_campaign_is_active_at_a_time(store):
    store.ensure_campaign("mote", "v1", T0)
    dio = store.ensure_campaign("dio", "v1", at(1))
    assert store.get(CAMPAIGN).life == CampaignLife.PAUSED
    assert store.get_active() == dio
    assert store.ensure_campaign("mote", "v1", at(3)).id == CAMPAIGN
    assert store.get(dio.id).life == CampaignLife.PAUSED
    assert [each.id for each in store.page()] == ["dio-1", "mote-1"]
    assert [each.id for each in store.page("mote")] == ["mote-1"]


def test_after_an_archived_campaign_comes_the_next(store, db):
    store.ensure_campaign("mote", "v1", T0)
    CampaignLives(db).leave(CAMPAIGN, CampaignLife.ARCHIVED, at(1))
    assert store.ensure_campaign("mote", "v1", at(3)).id == "mote-2"


def test_momentum_is_told_when_it_changes(store, db):
    store.ensure_campaign("mote", "v1", T0)
    store.set_momentum(CAMPAIGN, Momentum.BLOCKED, T0, "disk full", ["disk_full"])
    found = store.set_momentum(CAMPAIGN, Momentum.BLOCKED, at(1), "disk full")
    assert (found.momentum, found.momentum_reason) == (Momentum.BLOCKED, "disk full")
    store.set_momentum(CAMPAIGN, Momentum.GO, at(2))
    assert kinds(db, "campaign.momentum") == ["campaign.momentum"] * 2
    told = [event.data["codes"] for event in EventStore(db).after(0) if event.kind == "campaign.momentum"]
    assert told == [["disk_full"], []]
    with pytest.raises(NotFoundError, match="dio-9"):
        store.set_momentum("dio-9", Momentum.GO, T0)


def test_the_champion_moves_to_the_better_and_of_equals_to_the_earlier(store, vault, db):
    store.ensure_campaign("mote", "v1", T0)
    ids = {step: vault.record(make_checkpoint(step), T0).checkpoint.id for step in (10, 20, 30, 40)}

    def move(step, accuracy, version="v1"):
        foreseen = store.would_move_champion(CAMPAIGN, accuracy, version, step)
        campaign, moved = store.move_champion(CAMPAIGN, ids[step], accuracy, version, T0)
        assert campaign == store.get(CAMPAIGN)
        assert foreseen == moved
        return moved

    assert move(30, 0.5)
    assert not move(30, 0.5)
    assert not move(40, 0.5)
    assert not move(40, 0.4)
    assert not move(40, 0.9, version="v2")
    assert move(20, 0.5)
    assert move(40, 0.6)
    champion = store.get(CAMPAIGN)
    assert (champion.champion_id, champion.champion_accuracy, champion.champion_exam_version) == (ids[40], 0.6, "v1")
    assert kinds(db, "champion") == ["champion.moved"] * 3


def test_a_new_exam_version_gets_a_new_champion(store, vault):
    store.ensure_campaign("mote", "v1", T0)
    first, second = (vault.record(make_checkpoint(step), T0).checkpoint.id for step in (10, 20))
    store.move_champion(CAMPAIGN, first, 0.9, "v1", T0)
    assert store.set_exam_version(CAMPAIGN, "v2", at(1)).champion_id == first
    assert not store.move_champion(CAMPAIGN, second, 0.95, "v1", T0)[1]
    assert not store.would_move_champion(CAMPAIGN, 0.9, "v2", 30)
    assert not store.move_champion(CAMPAIGN, second, 0.9, "v2", T0)[1], "the champion is examined anew first"
    campaign, moved = store.move_champion(CAMPAIGN, first, 0.1, "v2", T0)
    assert moved
    assert (campaign.champion_id, campaign.champion_accuracy, campaign.champion_exam_version) == (first, 0.1, "v2")
    campaign, moved = store.move_champion(CAMPAIGN, second, 0.2, "v2", T0)
    assert moved
    assert (campaign.champion_id, campaign.champion_accuracy) == (second, 0.2)


def test_only_a_live_checkpoint_of_the_campaign_can_be_champion(store, vault):
    store.ensure_campaign("mote", "v1", T0)
    old, _ = (vault.record(make_checkpoint(step), T0).checkpoint.id for step in (10, 20))
    vault.trash(old, T0)
    for checkpoint in (old, "mote-1/nothing"):
        with pytest.raises(NotFoundError):
            store.move_champion(CAMPAIGN, checkpoint, 0.9, "v1", T0)


def test_a_hero_without_measurements(store):
    store.ensure_campaign("mote", "v1", T0)
    assert store.hero_state(CAMPAIGN) == HeroState("mote")


def test_the_heros_numbers_come_from_what_is_durable(store, vault, db):
    store.ensure_campaign("mote", "v1", T0)
    vault.record(make_checkpoint(900, train_loss=0.8, val_loss=0.9), T0)
    vault.record(make_checkpoint(1100, train_loss=0.5), T0)
    skills, quests = SkillStore(db), QuestStore(db)
    for skill, correct in (("bin", 80), ("sy", 60)):
        evaluation = Evaluation(CAMPAIGN, skill, 1, 1000, 100, correct, 1, 0, f"job-{skill}", T0)
        skills.record_evaluation(evaluation, LevelRule(max_level=3))
    attempt = new_attempt(db)
    for name in "ab":
        quests.add(CAMPAIGN, name * 64, name, T0, shape="text", examples=1, size_bytes=1)
        quest = quests.claim(attempt, T0)
        numbers = {"last_step": 10 if name == "a" else 2000, "steps_fought": 1, "ended_by": "exhausted"}
        quests.finish(quest.id, attempt, T0, **numbers)
    quests.complete_through(CAMPAIGN, 1100, T0)

    hero = store.hero_state(CAMPAIGN)
    assert (hero.xp, hero.hero_level, hero.atk, hero.gold) == (1100, 1, 2.0, 100)
    assert hero.def_ == pytest.approx(1 / 0.9)
    assert hero.acc == pytest.approx(0.7)

    skills.record_exam(Exam(CAMPAIGN, 1050, "v1", 0.5, {"bin": 0.5}, 120, "job-exam", T0, val_loss=0.25))
    assert store.hero_state(CAMPAIGN).def_ == 4.0
