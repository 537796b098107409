"""`realm battle`: an order waits for the state it leads to."""

from __future__ import annotations

import pytest
from cli_helpers import FakeSession, Turn, run, use_session


def battle(state: str, reason: str = "") -> dict:
    return {"id": "mote-1-battle-3", "number": 3, "state": state, "reason": reason, "step": 1200}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("realm.cli.battle.POLL_S", 0)


@pytest.mark.parametrize(
    ("order", "between", "reached"),
    [("pause", "pausing", "paused"), ("resume", "starting", "running"), ("stop", "stopping", "finished")],
)
def test_an_order_waits_for_its_state(monkeypatch, order, between, reached):
    answers = [Turn(battle(between)), Turn(battle(reached))]
    session = FakeSession({("arena", order): battle(between), ("arena", "status"): answers})
    use_session(monkeypatch, session)
    done = run("battle", order)
    assert done.code == 0
    assert [call[1] for call in session.calls] == [order, "status", "status"]
    assert f"Battle 3 is {reached} at step 1200." in done.out
    assert f"battle 3 is {between}" in done.err


def test_no_wait_returns_at_once(monkeypatch):
    session = FakeSession({("arena", "pause"): battle("pausing")})
    use_session(monkeypatch, session)
    done = run("battle", "pause", "--no-wait", "--json")
    assert done.code == 0
    assert done.json() == battle("pausing")
    assert session.calls == [("arena", "pause")]


def test_a_battle_that_ends_otherwise_is_a_failure(monkeypatch):
    failed = battle("failed", "3 attempts failed")
    use_session(monkeypatch, FakeSession({("arena", "resume"): battle("starting"), ("arena", "status"): failed}))
    done = run("battle", "resume")
    assert done.code == 1
    assert "The battle failed: 3 attempts failed." in done.err


def test_waiting_has_an_end(monkeypatch):
    monkeypatch.setattr("realm.cli.battle.TIMEOUT_S", 0)
    stuck = battle("pausing")
    use_session(monkeypatch, FakeSession({("arena", "pause"): stuck, ("arena", "status"): stuck}))
    done = run("battle", "pause", "--json")
    assert done.code == 1
    assert "The battle is pausing, not paused" in done.err


def test_status_without_a_battle(monkeypatch):
    snapshot = {"battle": {"state": "idle", "reason": "no battle yet"}}
    use_session(monkeypatch, FakeSession({("herald", "snapshot"): snapshot, ("arena", "status"): None}))
    assert "idle (no battle yet)" in run("battle", "status").out
    assert run("battle", "status", "--json").json() == {**snapshot["battle"], "attempts": []}
