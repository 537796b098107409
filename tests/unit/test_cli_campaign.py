"""`realm campaign`: an order waits for the battle to be saved; what is asked for is shown in numbers."""

from __future__ import annotations

import csv
import io

import pytest
from cli_helpers import FakeSession, Turn, run, use_session

DIRECTOR = "campaign_director"
COST = {"step": 100, "tokens": 90_000.5, "examples": 1600.0, "seconds": 42.0}
TOTAL = {"step": 300, "tokens": 290_000.5, "examples": 4800.0, "seconds": 142.0}


def row(life: str, number: int = 1, **more) -> dict:
    return {
        **{"id": f"mote-{number}", "hero_id": "mote", "life": life, "life_since": "2026-01-01T12:00:00+00:00"},
        **{"step": 1200, "mastered": {"bin": 2}, "parameters": 440_000, "champion_id": "mote-1/checkpoint-9"},
        **{"starting_checkpoint_id": None, "note": "", "momentum": "go", "momentum_reason": "", "waits": None},
        **more,
    }


def transition(level: int, total: dict | None = TOTAL) -> dict:
    at = "2026-01-01T12:00:00+00:00"
    return {"skill_id": "bin", "level": level, "step": 100 * level, "at": at, "total": total, "cost": total and COST}


def cap(number: int, **more) -> dict:
    return {
        **{"campaign_id": f"mote-{number}", "hero_id": "mote", "parameters": 440_000, "skill_id": "bin"},
        **{"mastered_level": 2, "cap_level": None, "kind": None, "step": 1200, "tokens": 90_000, "seconds": 42.5},
        **more,
    }


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("realm.cli.campaign.POLL_S", 0)


@pytest.mark.parametrize(
    ("command", "order", "reached"),
    [("activate", "activate", "active"), ("pause", "leave", "paused"), ("archive", "leave", "archived")],
)
def test_an_order_waits_until_the_battle_is_saved(monkeypatch, command, order, reached):
    waiting = row("active" if reached != "active" else "paused", waits={"activates": None})
    session = FakeSession({(DIRECTOR, order): waiting, (DIRECTOR, "show"): [Turn(waiting), Turn(row(reached))]})
    use_session(monkeypatch, session)
    done = run("campaign", command, "mote-1")
    assert done.code == 0
    assert [call[1] for call in session.calls] == [order, "show", "show"]
    assert f"Campaign mote-1 is {reached}, step 1,200." in done.out


def test_what_was_asked_otherwise_meanwhile_is_told(monkeypatch):
    waiting = row("active", waits={"activates": None})
    use_session(monkeypatch, FakeSession({(DIRECTOR, "leave"): waiting, (DIRECTOR, "show"): row("active")}))
    done = run("campaign", "pause", "mote-1")
    assert done.code == 1
    assert "something else was asked meanwhile" in done.err


def test_no_wait_says_what_it_waits_for(monkeypatch):
    use_session(monkeypatch, FakeSession({(DIRECTOR, "activate"): row("paused", waits={"activates": "mote-1"})}))
    done = run("campaign", "activate", "mote-1", "--no-wait")
    assert "It changes once the battle is saved." in done.out


def test_campaigns_are_listed_with_their_beginnings(monkeypatch):
    rows = [row("active", 2, starting_checkpoint_id="mote-1/checkpoint-9", note="again"), row("paused")]
    use_session(monkeypatch, FakeSession({(DIRECTOR, "list"): rows}))
    done = run("campaign", "list")
    assert "mote-1/checkpoint-9" in done.out
    assert "base model" in done.out
    wrong = run("campaign", "list", "--life", "dead")
    assert wrong.code != 0
    assert "'dead' is none of active, paused, archived, trashed" in wrong.err.replace("\n", " ")


def test_costs_are_shown_and_what_is_not_known_is_a_dash(monkeypatch):
    shown = row("active", transitions=[transition(1), transition(2, None)])
    use_session(monkeypatch, FakeSession({(DIRECTOR, "show"): shown}))
    done = run("campaign", "show", "mote-1")
    lines = [line.split() for line in done.out.splitlines() if line.startswith("bin")]
    assert lines[0][-5:] == ["100", "100", "90,000", "1,600", "42"]
    assert lines[1][-5:] == ["200", "–", "–", "–", "–"]


def test_a_comparison_is_a_table_or_csv(monkeypatch):
    rows = [
        row("paused", 1, transitions=[transition(1), transition(2, None)], caps=[cap(1, cap_level=2, kind="capacity")]),
        row("active", 2, transitions=[], caps=[cap(2, step=None, tokens=None, seconds=None)]),
    ]
    use_session(monkeypatch, FakeSession({(DIRECTOR, "compare"): rows}))
    told = run("campaign", "compare", "mote-1", "mote-2").out
    assert "step 100, 0.29 M tokens, 142 s" in told
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "mote-1 mote 440,000 bin 2 2 to 3 capacity 1,200 90,000 42.5 s" in lines
    assert "mote-2 mote 440,000 bin 2 – no verdict – – –" in lines
    found = list(csv.DictReader(io.StringIO(run("campaign", "compare", "mote-1", "mote-2", "--csv", "levels").out)))
    assert [(each["campaign"], each["level"], each["tokens"]) for each in found] == [
        ("mote-1", "1", "290000.5"),
        ("mote-1", "2", ""),
    ]
    found = list(csv.DictReader(io.StringIO(run("campaign", "compare", "mote-1", "mote-2", "--csv", "caps").out)))
    assert [(each["campaign"], each["cap"], each["tokens"]) for each in found] == [
        ("mote-1", "2", "90000"),
        ("mote-2", "", ""),
    ]
