"""Titles and achievements as they are shipped: valid, in words, and each within reach of a simulated campaign."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from campaign_simulator import SimulatedCampaign
from yaml_files import changed, write

from realm.catalog.honours import CATALOG, ICONS, load_honours, shipped_honours
from realm.errors import ConfigError
from realm.rules.conditions import holds, leaves, parse
from realm.rules.measures import MEASURES
from realm.rules.record import CampaignRecord
from realm.rules.titles import Achievement, earned, newly_earned, primary_title

HONOURS = shipped_honours()
KNOWN = HONOURS.known
GOOD = {
    "titles": [
        {"id": "one", "name": "One", "priority": 1, "condition": {"measure": "steps", "gte": 1}},
        {"id": "two", "name": "Two", "priority": 1, "condition": {"measure": "exams", "gte": 2}},
    ]
}
ACHIEVEMENTS = {
    "achievements": [
        {
            "id": "first",
            "name": "First",
            "category": "bin",
            "icon": "key",
            "condition": {"measure": "mastered_level", "skill": "bin", "gte": 1},
        }
    ]
}


def loaded(folder: Path, titles: object = GOOD, achievements: object = ACHIEVEMENTS):
    write(folder, titles, "titles.yaml")
    write(folder, achievements, "achievements.yaml")
    return load_honours(KNOWN, folder)


@pytest.fixture(scope="module")
def campaigns() -> list[list[CampaignRecord]]:
    """The records of a strong and a plain campaign, round by round."""
    return [list(SimulatedCampaign(KNOWN, strong, seed).rounds()) for strong, seed in ((True, 1), (False, 2))]


def out_of_reach(honours, campaigns) -> list[str]:
    """Ids that no record of any of the campaigns earns."""
    left = {each.id: each for each in honours}
    for records in campaigns:
        for record in records:
            for each in earned(left.values(), record):
                del left[each.id]
    return sorted(left)


def test_there_are_enough_of_them():
    assert len(HONOURS.titles) >= 25
    assert len(HONOURS.achievements) >= 60


def test_every_measure_and_every_icon_is_used_and_every_measure_says_its_rows():
    used = {leaf.measure for each in (*HONOURS.titles, *HONOURS.achievements) for leaf in leaves(each.condition)}
    assert used == set(MEASURES)
    assert {each.icon for each in HONOURS.achievements} == ICONS
    assert all(measure.about.endswith(".") for measure in MEASURES.values())


def test_the_simulated_campaigns_keep_what_every_campaign_keeps(campaigns):
    """Counters never fall, a level is mastered after the one below it, accuracies are shares."""
    falling = {"exam_latest", "exam_best", "skills", "primitives", "passives"}
    for records in campaigns:
        for before, after in pairwise(records):
            for name in CampaignRecord.__slots__:
                assert name in falling or getattr(after, name) >= getattr(before, name), name
            for skill_id, skill in after.skills.items():
                last = before.skills[skill_id].mastered_level if skill_id in before.skills else 0
                assert last <= skill.mastered_level <= min(last + 1, skill.max_level)
        for skill in records[-1].skills.values():
            steps = [skill.levels[level].mastered_at_step for level in range(1, skill.mastered_level + 1)]
            assert steps == sorted(steps)
            assert all(skill.levels[level].mastered_at_step is None for level in skill.levels if level > len(steps))


def test_each_title_and_achievement_is_earned_by_a_simulated_campaign(campaigns):
    assert out_of_reach((*HONOURS.titles, *HONOURS.achievements), campaigns) == []


@pytest.mark.parametrize(
    "condition",
    [
        # Level 5 mastered late, level 9 early: no leaf is out of reach alone.
        {
            "all": [
                {"measure": "mastered_at_step", "skill": "bin", "level": 5, "gte": 5000},
                {"measure": "mastered_at_step", "skill": "bin", "level": 9, "lt": 4000},
            ]
        },
        {"all": [{"measure": "steps", "lt": 1000}, {"measure": "hours_trained", "gte": 10}]},
        {"measure": "steps", "gte": 10**12},
    ],
)
def test_one_that_nobody_can_earn_is_found(campaigns, condition):
    planted = Achievement("planted", "Planted", "bin", "key", parse(condition, KNOWN), "")
    assert out_of_reach((*HONOURS.achievements, planted), campaigns) == ["planted"]


def test_the_first_are_earned_within_minutes_and_the_last_after_weeks(campaigns):
    strong = campaigns[0]
    early = next(record for record in strong if record.steps >= 2000)
    within_minutes = {each.id for each in earned(HONOURS.achievements, early)}
    assert {"bin_1", "quests_1", "checkpoint_1", "exam_1", "first_checkpoint_step"} <= within_minutes
    assert {"hero_level_1000", "tokens_10b", "hours_336"}.isdisjoint(within_minutes)


def test_what_was_earned_stays_earned_and_is_told_once(campaigns):
    held: set[str] = set()
    lost = False
    for record in campaigns[1]:
        now = newly_earned(HONOURS.achievements, record, held)
        assert held.isdisjoint(each.id for each in now)
        held |= {each.id for each in now}
        lost = lost or any(each.id in held and not holds(each.condition, record) for each in HONOURS.achievements)
    assert lost  # some fell again, and are still held
    assert newly_earned(HONOURS.achievements, campaigns[1][-1], held) == ()


def test_the_primary_title_is_the_one_of_the_highest_priority_and_ties_go_by_id():
    first, second = HONOURS.titles[0], replace(HONOURS.titles[1], priority=HONOURS.titles[0].priority)
    assert primary_title(HONOURS.titles, ()) is None
    assert primary_title(HONOURS.titles, {"gone"}) is None
    assert primary_title(HONOURS.titles, {"bit_page", "bit_baron", "gone"}).id == "bit_baron"
    for order in ((first, second), (second, first)):
        assert primary_title(order, {first.id, second.id}).id == min(first.id, second.id)


def test_a_description_states_the_condition_in_numbers():
    said = {each.id: each.description for each in (*HONOURS.titles, *HONOURS.achievements)}
    assert said["bit_knight"] == "BIN level 10 mastered"
    assert said["tokens_10b"] == "At least 10,000,000,000 tokens trained on"
    assert said["swift_adder"] == "BIN level 10 mastered before step 1,500"
    assert said["carry_95"] == "Accuracy over the newest outcomes of Binary addition, carry at least 95 %"
    assert all(any(letter.isdigit() for letter in text) for text in said.values())
    assert len({text for each in HONOURS.achievements if (text := each.description)}) == len(HONOURS.achievements)


@pytest.mark.parametrize(
    ("field", "value", "parts"),
    [
        ("titles.0.priority", -1, ["titles.yaml: one", "'priority'", "-1"]),
        ("titles.0.priority", "1", ["titles.yaml: one", "'priority'", "'1'"]),
        ("titles.0.name", None, ["titles.yaml: one", "'name'"]),
        ("titles.1.flavour", "x", ["titles.yaml: two", "'flavour'"]),
        ("titles.1.id", "one", ["titles.yaml: one", "'id'", "twice"]),
        ("titles.1.name", "One", ["titles.yaml: one", "'name'", "twice"]),
        ("titles.1.id", "first", ["first", "'id'", "title"]),
        ("titles.1.id", "../x", ["../x", "'id'"]),
        ("titles.1.id", None, ["titles.1", "'id'"]),
        ("titles.1.condition", "steps >= 2", ["titles.yaml: two", "'condition'", "steps >= 2"]),
        ("titles.1.condition.gte", "__import__('os')", ["titles.yaml: two", "condition.gte", "__import__"]),
        ("titles.1.condition.measure", "exam", ["titles.yaml: two", "condition.measure", "'exam'", "exams"]),
        ("titles.1.condition", {"measure": "steps", "lt": 5}, ["titles.yaml: two", "before a campaign has begun"]),
        ("titles", {}, ["titles.yaml", "list under 'titles'"]),
    ],
)
def test_a_wrong_title_is_told_with_file_id_field_and_value(tmp_path, field, value, parts):
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, changed(GOOD, field, value))
    assert [part for part in parts if part not in str(error.value)] == []
    assert error.value.remedy


@pytest.mark.parametrize(
    ("field", "value", "parts"),
    [
        ("icon", "skull", ["achievements.yaml: first", "'icon'", "'skull'", "the icons are"]),
        ("category", "misc", ["achievements.yaml: first", "'category'", "'misc'"]),
        ("condition.skill", "bim", ["achievements.yaml: first", "condition.skill", "'bim'", "bin"]),
        ("condition.gte", 31, ["achievements.yaml: first", "condition.gte", "31", "30"]),
        ("condition.lt", 3, ["achievements.yaml: first", "condition", "2 of gte and lt"]),
    ],
)
def test_a_wrong_achievement_is_told_with_file_id_field_and_value(tmp_path, field, value, parts):
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, achievements=changed(ACHIEVEMENTS, f"achievements.0.{field}", value))
    assert [part for part in parts if part not in str(error.value)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "titles: [",
        "titles: []\nmore: 1\n",
        "- 1",
        "titles: [{id: a, id: b}]",
        "titles: [!!python/object/apply:os.system [echo]]",
        "titles: [1]",
    ],
)
def test_a_file_that_is_no_list_of_titles_is_told_with_its_path(tmp_path, text):
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, text)
    assert "titles.yaml" in str(error.value)


def test_a_missing_file_is_told_with_its_path(tmp_path):
    with pytest.raises(ConfigError, match=r"titles\.yaml"):
        load_honours(KNOWN, tmp_path)


def test_the_good_ones_load_and_the_shipped_files_are_plain_data(tmp_path):
    assert [each.description for each in loaded(tmp_path).titles] == ["At least 1 training step", "At least 2 exams"]
    for name in ("titles", "achievements"):
        listed = yaml.safe_load((CATALOG / f"{name}.yaml").read_text(encoding="utf-8"))[name]
        assert len(listed) == len(getattr(HONOURS, name))
