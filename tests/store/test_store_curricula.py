"""A campaign's plan and its settings of skills."""

from __future__ import annotations

import pytest
from store_helpers import CAMPAIGN, T0, kinds

from realm.errors import ConflictError
from realm.rules.schedule import Mix, MixKind, Plan, SkillSetting, Strategy
from realm.store.curricula import CurriculumStore
from realm.store.events import EventStore

SKILLS = {"skill_ids": ("bin", "rg", "sy"), "enabled": ("bin",)}
CHANGED = {"skill_ids": ("bin", "rg", "sy"), "defaults": ("bin",)}


@pytest.fixture
def store(db):
    return CurriculumStore(db)


def test_a_plan_is_kept_per_campaign(store, db):
    assert store.plan(CAMPAIGN) == Plan()
    plan = Plan(Strategy.FOCUS, "sy", Mix(MixKind.UNIFORM, 0.2, 0.05))
    store.set_plan(CAMPAIGN, plan, T0)
    assert store.plan(CAMPAIGN) == plan
    assert store.plan("mote-2") == Plan()
    store.set_plan(CAMPAIGN, Plan(), T0)
    assert store.plan(CAMPAIGN) == Plan()
    assert kinds(db, "plan") == ["plan.changed"] * 2
    [told, before] = EventStore(db).newest(2)
    assert told.detail.startswith("learnable: 20% to safely mastered levels and 10% to the next level, where")
    assert "%" not in before.detail  # of a mix that gives every level the same


def test_what_was_never_set_is_as_the_hero_begins(store):
    assert store.settings(CAMPAIGN, **SKILLS) == {
        "bin": SkillSetting("bin", True),
        "rg": SkillSetting("rg", False),
        "sy": SkillSetting("sy", False),
    }


def test_a_skill_is_enabled_and_given_a_priority(store, db):
    store.set_skill(CAMPAIGN, "sy", True, 7, T0, **CHANGED)
    store.set_skill(CAMPAIGN, "sy", True, 7, T0, **CHANGED)
    assert store.settings(CAMPAIGN, **SKILLS)["sy"] == SkillSetting("sy", True, 7)
    assert not store.settings("mote-2", **SKILLS)["sy"].enabled
    assert kinds(db, "skill") == ["skill.enabled", "skill.priority"]
    store.set_skill(CAMPAIGN, "bin", False, None, T0, **CHANGED)
    assert not store.settings(CAMPAIGN, **SKILLS)["bin"].enabled
    assert kinds(db, "skill") == ["skill.enabled", "skill.priority", "skill.disabled"]


def test_what_is_not_said_of_a_skill_stays(store):
    store.set_skill(CAMPAIGN, "sy", True, None, T0, **CHANGED)
    store.set_skill(CAMPAIGN, "sy", None, 9, T0, **CHANGED)
    assert store.settings(CAMPAIGN, **SKILLS)["sy"] == SkillSetting("sy", True, 9)


def test_the_last_enabled_skill_stays(store):
    with pytest.raises(ConflictError, match="only enabled"):
        store.set_skill(CAMPAIGN, "bin", False, None, T0, **CHANGED)
    assert store.settings(CAMPAIGN, **SKILLS)["bin"].enabled
