"""What the Guild page is told of skills and plans, read from a real database."""

from __future__ import annotations

import pytest
from store_helpers import CAMPAIGN, T0

from actors.guild import GuildReader
from realm.errors import RealmError
from realm.rules.campaign import Campaign, CampaignLife, Momentum
from realm.rules.progression import Evaluation, LevelRule
from realm.store.curricula import CurriculumStore
from realm.store.skills import SkillStore
from skills import Engine, SkillCatalog, get_engine


@pytest.fixture
def campaign():
    return Campaign(CAMPAIGN, "mote", 1, CampaignLife.ACTIVE, Momentum.GO, "", "exam", T0, T0)


def test_the_limits_are_those_of_the_rules(db, campaign):
    assert GuildReader(db, get_engine()).read(campaign)["limits"] == {
        "priorities": [1, 2, 3, 4, 5, 6, 7, 8, 9],
        "sparring_problems": 1000,
        "window": 3,
        "pooled_runs": 10,
        "pooled_problems": 50,
    }


def test_a_skill_that_lacks_something_on_this_machine_is_told_as_the_books_have_it(db, campaign):
    bin_, sy = get_engine().get("bin"), get_engine().get("sy")
    known = {"skill_ids": ("bin", "sy"), "defaults": ("bin",)}
    CurriculumStore(db).set_skill(CAMPAIGN, "sy", True, 7, T0, **known)
    store, rule = SkillStore(db), LevelRule(max_level=sy.max_level)
    for step in range(4):
        evaluation = Evaluation(CAMPAIGN, "sy", 1 + step // 3, step, 100, 90, step, step, f"job-{step}", T0)
        store.record_evaluation(evaluation, rule)
    missing = RealmError("A package is not installed.", "Install it.")
    lacking = Engine(SkillCatalog({"bin": bin_}, unavailable={"sy": (sy, missing)}))
    told = {row["id"]: row for row in GuildReader(db, lacking).read(campaign)["skills"]}
    row = told["sy"]
    assert (row["available"], row["unavailable_reason"]) == (False, str(missing))
    assert (row["enabled"], row["priority"], row["share"]) == (True, 7, 0.0)
    assert (row["mastered_level"], row["training_level"], row["xp"]) == (1, 2, 36)
    assert ([each["level"] for each in row["recent"]], row["window_mean"]) == ([1, 1, 1, 2], 0.9)
    assert row["level_titles"] == [level.title for level in sy.levels.values()]
    assert (told["bin"]["available"], told["bin"]["share"]) == (True, 1.0)
    with_all = {row["id"]: row for row in GuildReader(db, get_engine()).read(campaign)["skills"]}
    same = row.keys() - {"available", "unavailable_reason", "share"}
    assert {name: row[name] for name in same} == {name: with_all["sy"][name] for name in same}
