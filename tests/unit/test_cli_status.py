"""`realm status`: the view, the JSON and the exit codes."""

from __future__ import annotations

import pytest
from cli_helpers import FakeSession, Turn, run, use_session

from actors.momentum import standing_row
from realm.cli.exits import NotRunningError
from realm.rules.momentum import Facts, standing


def service(healthy: bool = True, url: str | None = None) -> dict:
    state = "healthy" if healthy else "down"
    return {"healthy": healthy, "state": state, "url": url, "restarts": 0, "detail": ""}


@pytest.fixture
def state() -> dict:
    return {
        "seq": 5,
        "version": "0.1.0",
        "home": "/somewhere",
        "disk": {"free_bytes": 80_000_000_000, "needed_bytes": 512_000_000},
        "hero": {
            "id": "mote",
            "name": "MOTE",
            "parameters": 440_000,
            "hero_level": 2,
            "xp": 2140,
            "live_step": 2155,
            "xp_into_level": 140,
            "xp_per_level": 1000,
            "atk": 12.345678,
            "def": 4.0,
            "acc": 0.87,
            "gold": 900,
        },
        "campaign": {
            **{"id": "mote-1", "step": 2155, "state": "active", "momentum": "go", "reason": ""},
            **{"blockers": [], "suggested": None},
        },
        "battle": {
            "state": "running",
            "battle_id": "mote-1-battle-1",
            "reason": "from step 0",
            "quest": "bin-l05-auto-00009",
            "step": 60,
            "steps_total": 240,
            "eta_seconds": 95.0,
            "train_loss": 0.081,
            "val_loss": 0.25,
            "steps_per_second": 1.9,
            "tokens_per_second": 14300.0,
        },
        "skills": {
            "bin": {
                "mastered_level": 4,
                "training_level": 5,
                "max_level": 30,
                "last_accuracy": 0.79,
                "threshold": 0.8,
                "window_mean": 0.75,
                "evaluations": [{"accuracy": 0.71}, {"accuracy": 0.79}],
            }
        },
        "quests": {"queued": 2, "active": 1, "completed": 9, "failed": 0},
        "champion": {
            "id": "mote-1/checkpoint-2000-20260131-1145",
            "name": "checkpoint-2000-20260131-1145",
            "step": 2000,
            "exam_accuracy": 0.41,
            "skills": {"bin": 0.41},
        },
        "services": {"arena": service(), "tavern": service(url="http://127.0.0.1:8888")},
    }


def test_the_view_shows_hero_battle_skills_quests_champion_and_services(monkeypatch, state):
    use_session(monkeypatch, FakeSession({("herald", "snapshot"): state}))
    done = run("status")
    assert done.code == 0
    for shown in (
        "MOTE (mote, 440,000 parameters)",
        "2 (140 of 1000 XP)",
        "12.35 / 4",
        "running (from step 0)",
        "bin-l05-auto-00009",
        "60 of 240, 1 min 35 s left",
        "0.081 / 0.25",
        "4/30",
        "0.71 0.79 (0.75, 0.80)",
        "2 queued, 1 active, 0 fought, 9 completed, 0 failed",
        "checkpoint-2000-20260131-1145 at step 2000, exam accuracy 0.41",
        "http://127.0.0.1:8888",
        "80.0 GB free",
    ):
        assert shown in done.out


def test_the_view_of_a_realm_that_has_measured_nothing(monkeypatch, state):
    state["hero"] |= {"atk": None, "def": None, "acc": None}
    state |= {"battle": {"state": "idle", "reason": "no battle yet"}, "champion": None, "services": {}}
    state["skills"]["bin"] |= {"last_accuracy": None, "window_mean": None, "evaluations": []}
    use_session(monkeypatch, FakeSession({("herald", "snapshot"): state}))
    done = run("status")
    assert done.code == 0
    assert "idle (no battle yet)" in done.out
    assert "– / –" in done.out
    assert "empty (–, 0.80)" in done.out
    assert "none yet" in done.out


def test_what_is_in_the_way_is_told_with_what_to_do(monkeypatch, state):
    facts = Facts("mote-1", trouble="No enabled skill can be trained.", trainable=False)
    state["campaign"] |= standing_row(standing(facts))
    use_session(monkeypatch, FakeSession({("herald", "snapshot"): state}))
    shown = " ".join(run("status").out.split())
    assert "no_skill_to_train No enabled skill can be trained." in shown
    assert "It is tried every second." in shown
    assert "Enable one that can. realm skill list" in shown
    state["campaign"] |= standing_row(standing(Facts("mote-1", auto=False)))
    assert "No quest is on the board. realm quest post FILE" in run("status").out
    state["campaign"] |= standing_row(standing(Facts("mote-1", queued=1)))
    assert "In the way" not in run("status").out


def test_json_is_the_snapshot(monkeypatch, state):
    use_session(monkeypatch, FakeSession({("herald", "snapshot"): state}))
    done = run("status", "--json")
    assert done.code == 0
    assert done.json() == {"running": True, **state}


def test_an_unhealthy_service_exits_1(monkeypatch, state):
    state["services"]["arena"] = service(healthy=False)
    use_session(monkeypatch, FakeSession({("herald", "snapshot"): state}))
    done = run("status", "--json")
    assert done.code == 1
    assert done.json()["services"]["arena"]["state"] == "down"


def test_json_without_a_realm(monkeypatch):
    use_session(monkeypatch, None)
    done = run("status", "--json")
    assert done.code == 3
    assert done.json() == {"running": False, "reason": "No realm runs for HOME."}


def test_watching_ends_with_the_realm(monkeypatch, state):
    stopped = NotRunningError("The realm was stopped.", "Start it: realm start.")
    answers = [Turn(state), Turn(state), Turn(stopped)]
    use_session(monkeypatch, FakeSession({("herald", "snapshot"): answers}))
    monkeypatch.setattr("realm.cli.lifecycle.WATCH_INTERVAL_S", 0)
    done = run("status", "--watch")
    assert done.code == 3
    assert "MOTE" in done.out
    assert "The realm was stopped." in done.err
