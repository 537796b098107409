"""A campaign's curriculum in a running realm: skills are enabled, and trained, evaluated and examined by the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import RunningRealm

EXAM_VERSION = "select exam_version from campaigns where life = 'active'"


@pytest.fixture
def with_sy(realm: RunningRealm) -> Iterator[str]:
    """SY is enabled; the exam's version before it was."""
    realm.wait(lambda s: s["latest_checkpoint"] is not None, "a checkpoint")
    realm.wait(lambda _: bool(realm.rows("select 1 from quests where status = 'active'")), "a quest that is fought")
    [(before,)] = realm.rows(EXAM_VERSION)
    realm.cli("skill", "enable", "sy")
    yield before
    realm.cli("skill", "disable", "sy")
    realm.cli("skill", "plan", "--preset", "climb")


def test_an_enabled_skill_is_trained_evaluated_and_examined(realm: RunningRealm, with_sy: str) -> None:
    state = realm.wait(lambda s: "sy" in s["skills"], "SY among the skills that are shown")
    assert set(state["skills"]) == {"bin", "sy"}
    realm.wait(lambda _: bool(realm.rows("select 1 from evaluations where skill_id = 'sy'")), "SY evaluated")
    named = "select distinct skill_id from quests where origin = 'auto'"
    realm.wait(lambda _: {("bin",), ("sy",)} <= set(realm.rows(named)), "quests named after both", 240)
    examined = "select skill_accuracies from exams order by id desc limit 1"
    realm.wait(lambda _: "sy" in realm.rows(examined)[0][0], "an exam over both", 240)
    [(version,)] = realm.rows(EXAM_VERSION)
    assert version != with_sy
    realm.wait(
        lambda _: realm.rows("select champion_exam_version from campaigns where life = 'active'") == [(version,)],
        "a champion of the new exam",
        240,
    )


@pytest.mark.usefixtures("with_sy")
def test_the_plan_shares_the_training(realm: RunningRealm) -> None:
    assert realm.json("skill", "plan")["shares"] == {"bin": 0.5, "sy": 0.5}
    focused = realm.json("skill", "plan", "--strategy", "focus", "--focus", "bin")
    assert focused["shares"] == pytest.approx({"bin": 0.8, "sy": 0.2})
    assert focused["preset"] is None
    realm.cli("skill", "priority", "sy", "1")
    assert realm.json("skill", "plan", "--strategy", "weighted")["shares"] == pytest.approx({"bin": 5 / 6, "sy": 1 / 6})
    realm.cli("skill", "priority", "sy", "5")


@pytest.mark.usefixtures("with_sy")
def test_a_generated_quest_holds_every_enabled_skill(realm: RunningRealm) -> None:
    query = "select id from quests where origin = 'auto' and status in ('queued', 'active') order by position desc"
    counts = Counter[str]()
    found: dict[str, Any] = {}

    def holds_both(_: Any) -> bool:
        for (quest_id,) in realm.rows(query):
            found.update(realm.json("quest", "show", quest_id))
            counts.clear()
            for each in found["manifest"]["skills"]:
                counts[each["skill"]] += each["examples"]
            if counts.keys() == {"bin", "sy"}:
                return True
        return False

    realm.wait(holds_both, "a generated quest of both skills", 240)
    assert found["skill_id"] in counts
    assert counts["bin"] == counts["sy"] == found["examples"] / 2


@pytest.mark.usefixtures("with_sy")
def test_a_generated_quest_is_left_when_other_skills_are_enabled(realm: RunningRealm) -> None:
    left = "select name, steps_fought < steps_total from quests where ended_by = 'skills_changed'"
    realm.wait(lambda _: bool(realm.rows(left)), "a quest that was left")
    assert {each for _, each in realm.rows(left)} == {1}


def test_wrong_wishes_are_refused_with_the_reason(realm: RunningRealm) -> None:
    for said, *args in (
        ("only enabled skill", "disable", "bin"),
        ("'bim'", "enable", "bim"),
        ("Strategies are equal", "plan", "--strategy", "luck"),
        ("not enabled", "plan", "--strategy", "focus", "--focus", "sy"),
        ("Presets are climb", "plan", "--preset", "none"),
    ):
        done = realm.cli("skill", *args, check=False)
        assert done.returncode == 1, args
        assert said in done.stderr, (args, done.stderr)


def test_the_guild_page_tells_the_same(realm: RunningRealm) -> None:
    status, guild = realm.request("/api/guild")
    assert status == 200
    rows = {row["id"]: row for row in guild["skills"]}
    assert [each for each, row in rows.items() if row["enabled"]] == ["bin"]
    assert rows["bin"]["share"] == 1.0
    assert len(guild["primitives"]) == 39
    assert len(guild["passives"]) == 11
    status, skill = realm.request("/api/guild/skills/bin?level=3")
    assert status == 200
    assert [row["level"] for row in skill["levels"]] == list(range(1, 31))
    assert sum(row["weight"] for row in skill["levels"]) == pytest.approx(1)
    assert {row["level"] for row in skill["examples"]} == {3}
    assert realm.request("/api/guild/skills/none")[0] == 404
    assert realm.request("/api/guild/skills/bin?level=31")[0] == 404
