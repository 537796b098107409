"""`realm skill plan|enable|disable|priority`."""

from __future__ import annotations

import pytest
from cli_helpers import FakeSession, run, use_session

from realm.errors import ConflictError

PLAN = {
    "strategy": "focus",
    "focus": "bin",
    "preset": None,
    "mix": {"kind": "learnable", "replay_share": 0.15, "next_share": 0.075},
    "shares": {"bin": 0.8, "sy": 0.2},
}
SKILL = {"id": "sy", "name": "SY", "enabled": True, "priority": 5}


@pytest.fixture
def session(monkeypatch):
    made = FakeSession({("skill_engine", each): PLAN for each in ("plan", "set_strategy", "set_preset")})
    made.answers["skill_engine", "set_skill"] = SKILL
    use_session(monkeypatch, made)
    return made


def test_the_plan_is_shown_and_changed(session):
    shown = run("skill", "plan")
    assert "bin 80%, sy 20%" in shown.out
    assert "learnable: 15% to safely mastered levels and 7.5% to the next level, where there are any" in shown.out
    assert run("skill", "plan", "--json").json() == PLAN
    run("skill", "plan", "--strategy", "focus", "--focus", "bin")
    run("skill", "plan", "--preset", "climb")
    assert session.calls[-2:] == [
        ("skill_engine", "set_strategy", "focus", "bin"),
        ("skill_engine", "set_preset", "climb"),
    ]


def test_a_mix_that_knows_no_shares_shows_none(session):
    mix = {"kind": "uniform", "replay_share": 0.2, "next_share": 0.1}
    session.answers["skill_engine", "plan"] = PLAN | {"mix": mix}
    [shown] = [line for line in run("skill", "plan").out.splitlines() if line.startswith("mix")]
    assert "the same to every level up to the one after the training level" in shown
    assert "%" not in shown


def test_skills_are_enabled_disabled_and_weighed(session):
    assert run("skill", "enable", "sy").out == "SY (sy) is enabled.\n"
    assert run("skill", "disable", "sy").out == "SY (sy) is disabled.\n"
    assert run("skill", "priority", "sy", "8").out == "SY (sy) has priority 8.\n"
    assert [call[2:] for call in session.calls] == [("sy", True, None), ("sy", False, None), ("sy", None, 8)]


@pytest.mark.parametrize(
    "wrong",
    [
        ("plan", "--preset", "climb", "--strategy", "equal"),
        ("plan", "--focus", "bin"),
        ("priority", "sy", "0"),
        ("priority", "sy", "10"),
    ],
)
def test_wrong_options_exit_2(session, wrong):
    assert run("skill", *wrong).code == 2
    assert session.calls == []


def test_what_the_realm_refuses_is_said(session):
    session.answers["skill_engine", "set_skill"] = ConflictError("bin is the only enabled skill.", "Enable another.")
    done = run("skill", "disable", "bin")
    assert done.code == 1
    assert "bin is the only enabled skill." in done.err
