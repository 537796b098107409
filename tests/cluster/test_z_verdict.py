"""A hero that cannot learn, unattended to its verdict: plateau, interventions, the battle over; whoever dies meanwhile.

The learning rates are so small that no answer ever changes; the rule's floor is so low that this takes a minute or two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.conftest import RunningRealm

SETTINGS = {
    "training.learning_rate": "1e-9",
    "training.muon_learning_rate": "1e-9",
    "training.warmup_steps": "0",
    "auto_quest.steps": "40",
    "level_cap.floor_tokens": "150000",
}
CONSTANT = 1e-9
WITHIN_S = 400


@pytest.fixture
def stuck(realm: RunningRealm) -> Iterator[str]:
    """A campaign that is active and learns nothing; thrown away at the end, when the first one is active again."""
    realm.wait(lambda s: s["battle"]["state"] == "running", "the first campaign fights", 240)
    [(first,)] = realm.rows("select id from campaigns where life = 'active'")
    before = json.loads(realm.cli("config", "show", "--json").stdout)
    for key, value in SETTINGS.items():
        realm.cli("config", "set", key, value)
    made: Any = json.loads(realm.cli("campaign", "new", "--activate", "--json").stdout)
    yield made["id"]
    for key in SETTINGS:
        realm.cli("config", "set", key, json.dumps(before[key]["value"]))
    realm.cli("campaign", "activate", first)
    realm.cli("campaign", "delete", made["id"])


def verdict(realm: RunningRealm, campaign: str, *more: str) -> Any:
    return json.loads(realm.cli("campaign", "verdict", campaign, "--json", *more).stdout)


@pytest.mark.timeout(900)
def test_a_hero_that_learns_nothing_comes_to_its_verdict_alone(realm: RunningRealm, stuck: str) -> None:
    begun = f"select 1 from interventions where campaign_id = '{stuck}'"
    realm.wait(lambda _: bool(realm.rows(begun)), "something is tried", WITHIN_S)
    victims = [*realm.processes("ray::CampaignDirector"), *realm.processes("ray::Arena")]
    for process in victims:
        process.kill()
    psutil.wait_procs(victims, timeout=10)
    state = realm.wait(
        lambda s: s["campaign"]["id"] == stuck and "cap between" in (s["campaign"]["reason"] or ""),
        "a verdict",
        WITHIN_S,
    )
    shown = verdict(realm, stuck)
    [given] = shown["verdicts"]
    assert (given["skill_id"], given["kind"], given["mastered_level"], given["cap_level"]) == ("bin", "capacity", 0, 0)
    assert state["campaign"]["reason"] == given["words"]
    assert state["campaign"]["momentum"] == "idle"
    assert state["skills"]["bin"]["verdict"] == given["words"]
    evidence = given["body"]["evidence"]
    assert evidence["tokens_since"] >= 150_000
    assert evidence["train_n"] > 0
    assert [each["kind"] for each in shown["interventions"]] == ["learning_rate", "easier_mix", "larger_batch"]

    # What was tried did happen, each to what it names.
    rates = realm.rows(f"select tokens_seen, learning_rate from battle_points where campaign_id = '{stuck}'")
    warmed, easier, larger = shown["interventions"]
    beside = [rate for tokens, rate in rates if tokens < warmed["began_tokens"]]
    during = [rate for tokens, rate in rates if warmed["began_tokens"] < tokens < warmed["ended_tokens"]]
    assert all(rate == pytest.approx(CONSTANT) for rate in beside)
    assert min(during) < 0.5 * CONSTANT
    made = [json.loads(row[0]) for row in realm.rows(f"select made_of from quests where campaign_id = '{stuck}'")]
    assert {each["easier_mix"] for each in made} == {None, easier["number"]}
    assert all("2" not in each["levels"]["bin"] for each in made if each["easier_mix"])
    assert all("2" in each["levels"]["bin"] for each in made if not each["easier_mix"])
    points = realm.rows(
        f"select step, examples_seen from battle_points where campaign_id = '{stuck}' and step between "
        f"{larger['began_step'] + 20} and {larger['ended_step']} order by step"
    )
    (first, before), (last, after) = points[0], points[-1]
    # Batches are of 32 examples, the last one of a quest as it is.
    assert 3.5 * 32 < (after - before) / (last - first) <= 4 * 32

    # Nothing is left to do, until somebody reopens it.
    realm.wait(lambda s: s["battle"]["state"] != "running", "the battle is over", 120)
    assert realm.rows(f"select 1 from quests where campaign_id = '{stuck}' and status in ('queued', 'active')") == []
    [(settings,)] = realm.rows(f"select overrides from attempts where campaign_id = '{stuck}' order by number limit 1")
    assert {key: json.loads(settings)[key] for key in SETTINGS} == {
        key: json.loads(value) for key, value in SETTINGS.items()
    }
    reopened = verdict(realm, stuck, "--reopen")
    assert reopened["verdicts"][0]["withdrawn_why"] == "reopened"
    realm.wait(lambda s: s["battle"]["state"] == "running" and s["campaign"]["id"] == stuck, "it climbs on", 240)
