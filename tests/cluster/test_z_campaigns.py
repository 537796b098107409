"""Campaigns of a running realm: another one becomes active, its battle saved before, whoever dies meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.conftest import RunningRealm

LIVES = "select id, life from campaigns"
OPEN = "select campaign_id from attempts where ended_at is null"


@pytest.fixture
def second(realm: RunningRealm) -> Iterator[str]:
    """A new campaign of the same hero, paused; thrown away at the end, when the first one is active again."""
    realm.wait(lambda s: s["battle"]["state"] == "running", "the first campaign fights", 240)
    [(first,)] = realm.rows("select id from campaigns where life = 'active'")
    made: Any = json.loads(realm.cli("campaign", "new", "--note", "beside", "--json").stdout)
    yield made["id"]
    realm.cli("campaign", "activate", first)
    realm.cli("campaign", "delete", made["id"])


def fights(realm: RunningRealm, campaign: str) -> None:
    """Wait until `campaign` trains."""
    realm.wait(
        lambda s: s["campaign"]["id"] == campaign and s["battle"]["state"] == "running", f"{campaign} fights", 240
    )
    assert realm.rows(OPEN) == [(campaign,)]


def test_the_active_campaign_changes_and_nothing_is_lost(realm: RunningRealm, second: str) -> None:
    [(first,)] = realm.rows("select id from campaigns where life = 'active'")
    realm.cli("campaign", "activate", second)
    assert dict(realm.rows(LIVES))[first] == "paused"
    # At the pause, or by the interval just before it.
    [(left,)] = realm.rows(f"select max(step) from checkpoints where campaign_id = '{first}'")
    ended = f"select step, outcome from attempts where campaign_id = '{first}' order by number desc limit 1"
    assert realm.rows(ended) == [(left, "paused")]
    fights(realm, second)
    # Asked for, and then the two that carry it out die.
    realm.cli("campaign", "activate", first, "--no-wait")
    victims = [*realm.processes("ray::CampaignDirector"), *realm.processes("ray::Arena")]
    for process in victims:
        process.kill()
    psutil.wait_procs(victims, timeout=10)
    fights(realm, first)
    assert realm.rows("select * from campaign_switches") == []
    [(began,)] = realm.rows(f"select start_step from attempts where campaign_id = '{first}' and ended_at is null")
    assert began == left
    assert dict(realm.rows(LIVES))[second] == "paused"
    [(state, reason)] = realm.rows(f"select state, reason from battles where campaign_id = '{second}'")
    assert (state, reason) == ("paused", "the campaign was paused")
    shown = json.loads(realm.cli("campaign", "show", second, "--json").stdout)
    assert shown["momentum"] == "idle"


def test_a_paused_campaign_fights_no_battle_and_survives_a_question(realm: RunningRealm, second: str) -> None:
    del second
    [(first,)] = realm.rows("select id from campaigns where life = 'active'")
    realm.cli("campaign", "pause", first)
    state = realm.wait(lambda s: s["campaign"]["state"] == "paused", "the paused campaign shown")
    assert state["campaign"]["id"] == first
    vault = f"http://127.0.0.1:{realm.env['REALM_WEB__VAULT_PORT']}"
    status, told = realm.request("/api/training/control", {"action": "resume"}, at=vault)
    assert status == 409
    assert f"realm campaign activate {first}" in json.dumps(told)
    assert realm.rows(OPEN) == []
    assert realm.request("/api/ledger/summary", at=vault)[0] == 200
    realm.cli("campaign", "activate", first)
    fights(realm, first)
