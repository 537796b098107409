"""Campaigns of other heroes in a running realm: who trains, who answers and whose tokens are counted follow the active
campaign, whoever dies meanwhile; one that cannot be trained is refused before anything is left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import RunningRealm

SMALL = "mote-20k"
LIVES = "select id, life from campaigns"
OPEN = "select campaign_id from attempts where ended_at is null"
CARRIERS = ("ray::CampaignDirector", "ray::Arena", "ray::QuestBoard", "ray::VaultKeeper", "ray::Worker")


@pytest.fixture
def first(realm: RunningRealm) -> Iterator[str]:
    """The campaign that fights; it fights again at the end, and what was begun beside it is thrown away."""
    realm.wait(lambda s: s["battle"]["state"] == "running", "the first campaign fights", 240)
    [(active,)] = realm.rows("select id from campaigns where life = 'active'")
    yield active
    realm.cli("config", "set", "auto_quest.enabled", "true")
    realm.cli("campaign", "activate", active)
    for campaign, life in realm.rows(LIVES):
        if campaign != active and life == "paused":
            realm.cli("campaign", "delete", campaign)


def begun(realm: RunningRealm, *options: str) -> str:
    made: Any = json.loads(realm.cli("campaign", "new", *options, "--json").stdout)
    assert made["life"] == "paused"
    return made["id"]


def fights(realm: RunningRealm, campaign: str) -> dict[str, Any]:
    """The state once `campaign` trains."""
    state = realm.wait(
        lambda s: s["campaign"]["id"] == campaign and s["battle"]["state"] == "running", f"{campaign} fights", 240
    )
    assert realm.rows(OPEN) == [(campaign,)]
    return state


def shape(folder: str) -> int:
    return json.loads((Path(folder) / "config.json").read_text())["hidden_size"]


def test_a_hero_that_this_machine_lacks_is_refused_and_the_battle_goes_on(realm: RunningRealm, first: str) -> None:
    lacked = begun(realm, "--hero", "dio")
    attempts = realm.rows(OPEN)
    refused = realm.cli("campaign", "activate", lacked, check=False)
    assert refused.returncode == 1
    assert "the hub's cache on this machine has no config.json" in refused.stderr
    assert "models/heroes/dio" in refused.stderr
    assert dict(realm.rows(LIVES))[first] == "active"
    assert realm.rows("select * from campaign_switches") == []
    assert realm.rows(OPEN) == attempts
    assert fights(realm, first)["hero"]["id"] == "mote"


def test_another_hero_fights_is_asked_and_examined_whoever_dies_meanwhile(realm: RunningRealm, first: str) -> None:
    small = begun(realm, "--hero", SMALL)
    [(asked_before,)] = realm.rows("select coalesce(max(id), 0) from jobs")
    realm.cli("campaign", "activate", small, "--no-wait")
    victims = [process for title in CARRIERS for process in realm.processes(title)]
    assert len(victims) >= len(CARRIERS)
    for process in victims:
        process.kill()
    psutil.wait_procs(victims, timeout=10)
    state = fights(realm, small)
    assert (state["hero"]["id"], state["hero"]["parameters"]) == (SMALL, 20064)
    assert realm.rows("select * from campaign_switches") == []
    lives = dict(realm.rows(LIVES))
    assert (lives[first], lives[small]) == ("paused", "active")
    [(left,)] = realm.rows(f"select max(step) from checkpoints where campaign_id = '{first}' and has_optimizer")
    # Its quests, evaluations, exams and checkpoints are of its own hero.
    evaluated = f"select count(*) from evaluations where campaign_id = '{small}'"
    realm.wait(lambda _: realm.rows(evaluated)[0][0] > 0, "the small hero evaluated", 120)
    examined = f"select path from checkpoints where campaign_id = '{small}' and exam_accuracy is not null"
    realm.wait(lambda _: bool(realm.rows(examined)), "the small hero examined", 180)
    assert shape(realm.rows(examined)[0][0]) == 32
    [(sha256,)] = realm.rows(f"select sha256 from quests where campaign_id = '{small}' and status = 'active'")
    assert (realm.home / "quests" / SMALL / sha256[:16] / "manifest.json").is_file()
    newest = realm.state()["latest_checkpoint"]
    assert newest["id"].startswith(f"{small}/")
    assert realm.json("skill", "eval", "bin", "--checkpoint", newest["id"])["step"] == newest["step"]
    # Weights of the hero that is not active can still be asked, and the next job is the active one's again.
    [(of_first, step)] = realm.rows(
        f"select id, step from checkpoints where campaign_id = '{first}' and trashed_at is null"
        " order by step desc limit 1"
    )
    asked = f"select count(*) from evaluations where campaign_id = '{first}'"
    [(before,)] = realm.rows(asked)
    assert realm.json("skill", "eval", "bin", "--level", "1", "--checkpoint", of_first)["step"] == step
    assert realm.rows(asked) == [(before + 1,)]
    seen = realm.rows(evaluated)[0][0]
    realm.wait(lambda _: realm.rows(evaluated)[0][0] > seen, "the small hero evaluated again", 120)

    realm.cli("campaign", "activate", first)
    assert fights(realm, first)["hero"]["id"] == "mote"
    [(began,)] = realm.rows(f"select start_step from attempts where campaign_id = '{first}' and ended_at is null")
    assert began == left
    newest = f"select path from checkpoints where campaign_id = '{first}' and step > {left}"
    realm.wait(lambda _: bool(realm.rows(newest)), "the first hero saved again", 120)
    assert shape(realm.rows(newest)[0][0]) == 128
    assert realm.rows(f"select id, error from jobs where status = 'failed' and id > {asked_before}") == []


def test_a_starting_checkpoint_that_is_gone_is_named_and_nothing_else_breaks(realm: RunningRealm, first: str) -> None:
    newest = realm.state()["latest_checkpoint"]
    start = newest["id"]
    begins, other = begun(realm, "--from", start), begun(realm, "--from", start)
    realm.cli("config", "set", "auto_quest.enabled", "false")
    realm.cli("campaign", "activate", begins)
    shutil.move(newest["path"], realm.home / "aside")
    # One that begins with it is refused, the active one comes to a stop that says why.
    refused = realm.cli("campaign", "activate", other, check=False)
    assert (refused.returncode, start in refused.stderr) == (1, True)
    assert dict(realm.rows(LIVES))[begins] == "active"
    realm.cli("config", "set", "auto_quest.enabled", "true")
    state = realm.wait(lambda s: s["campaign"]["momentum"] == "blocked", "the campaign is blocked", 120)
    assert start in state["campaign"]["reason"]
    [blocker] = state["campaign"]["blockers"]
    assert (blocker["code"], blocker["severity"]) == ("starting_checkpoint_gone", "blocking")
    assert start in blocker["why"]
    assert newest["path"] in blocker["why"]
    assert state["campaign"]["suggested"]["command"] == blocker["command"] == "realm battle resume"
    shown = realm.cli("status", check=False).stdout
    assert "starting_checkpoint_gone" in shown
    realm.wait_healthy()
    # Back where it was, the battle begins.
    shutil.move(realm.home / "aside", newest["path"])
    realm.cli("battle", "resume")
    assert fights(realm, begins)["campaign"]["blockers"] == []
    realm.cli("campaign", "activate", first)
    fights(realm, first)
