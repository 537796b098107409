"""Momentum: what goes, rests or is held up, by which facts, and that everything told of it is one of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.rules.battle import Attempt, Battle, BattleState, DesiredState
from realm.rules.campaign import CampaignLife, Momentum
from realm.rules.momentum import (
    FAILING,
    RESUME,
    BlockerCode,
    Facts,
    Failing,
    Service,
    Severity,
    Start,
    standing,
)

T0 = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
GO, IDLE, BLOCKED = Momentum.GO, Momentum.IDLE, Momentum.BLOCKED
FULL = "The checkpoint needs 90000000 bytes, 5 are free."
BASE = Facts("mote-1")


def battle(state=BattleState.RUNNING, desired=DesiredState.RUN, reason="", number=3):
    return Battle(f"mote-1-battle-{number}", "mote-1", number, state, desired, reason, 0, 1200, T0)


def attempt(number, outcome="failed", reason="it was lost"):
    ended = T0 + timedelta(minutes=number)
    return Attempt(f"mote-1-attempt-{number}", "b", "mote-1", number, 0, 0, T0, None, ended, outcome, reason)


ATTEMPTS = tuple(attempt(number) for number in (1, 2, 3))
FAILED = battle(BattleState.FAILED, reason="3 attempts in a row failed before a step: CUDA out of memory")
FULL_DISK = Facts(
    "mote-1",
    battle=battle(BattleState.PAUSED, DesiredState.PAUSE, FULL),
    attempts=(attempt(1, "paused", FULL),),
    free_bytes=5,
    kept_free_bytes=512_000_000,
)
GONE = Start("mote-1/checkpoint-90", "/realm/checkpoints/mote-1/checkpoint-90", missing=True)


@pytest.mark.parametrize(
    ("facts", "momentum", "reason", "code", "command"),
    [
        (BASE, IDLE, "no quest on the board", None, None),
        (replace(BASE, auto=False), IDLE, "no quest on the board", None, "realm quest post FILE"),
        (replace(BASE, queued=2), GO, "", None, None),
        (replace(BASE, battle=battle()), GO, "", None, None),
        (replace(BASE, battle=battle(BattleState.STARTING)), GO, "", None, None),
        (replace(BASE, battle=battle(BattleState.PAUSED)), GO, "", None, None),
        (replace(BASE, battle=battle(BattleState.FINISHED), queued=1), GO, "", None, None),
        (
            replace(BASE, life=CampaignLife.PAUSED),
            IDLE,
            "the campaign is paused",
            None,
            "realm campaign activate mote-1",
        ),
        (
            replace(BASE, battle=battle(BattleState.PAUSED, DesiredState.PAUSE), queued=4),
            IDLE,
            "the battle is paused",
            None,
            RESUME,
        ),
        (
            replace(BASE, battle=battle(BattleState.FINISHED, DesiredState.STOP), queued=4),
            IDLE,
            "the battle was stopped",
            None,
            RESUME,
        ),
        (
            replace(BASE, concluded="BIN: capped at level 17."),
            IDLE,
            "BIN: capped at level 17.",
            None,
            "realm campaign new",
        ),
        (replace(BASE, battle=FAILED, queued=4, attempts=ATTEMPTS), BLOCKED, FAILED.reason, "battle_failed", RESUME),
        (FULL_DISK, BLOCKED, FULL, "disk_full", RESUME),
        (replace(BASE, start=GONE, battle=FAILED), BLOCKED, GONE.path, "starting_checkpoint_gone", RESUME),
        (
            replace(BASE, trouble="No enabled skill can be trained.", trainable=False),
            BLOCKED,
            "No enabled skill can be trained.",
            "no_skill_to_train",
            "realm skill list",
        ),
        (
            replace(BASE, trouble="ZeroDivisionError"),
            BLOCKED,
            "ZeroDivisionError",
            "quest_generation_failed",
            "realm quest post FILE",
        ),
    ],
)
def test_a_case_of_each(facts, momentum, reason, code, command):
    found = standing(facts)
    assert found.momentum is momentum
    assert reason in found.reason
    assert bool(reason) == bool(found.reason)
    assert [each.code for each in found.blockers] == ([] if code is None else [BlockerCode(code)])
    assert (found.suggested is None) == (command is None)
    assert command is None or found.suggested.command.startswith(command)


def test_a_battle_that_failed_tells_what_was_tried():
    [found] = standing(replace(BASE, battle=FAILED, attempts=ATTEMPTS)).blockers
    assert (found.subject, found.severity) == ("mote-1-battle-3", Severity.BLOCKING)
    assert found.what == "Battle 3 failed at step 1200."
    assert found.tried == "3 attempts, the last at 2026-01-01 12:03 UTC. No other battle begins by itself."
    assert found.why == FAILED.reason
    assert found.action.words == f"{found.what} {found.fix}"


def test_a_full_disk_is_told_with_the_room_there_is_now():
    [found] = standing(FULL_DISK).blockers
    assert found.fix == "0.0 GB are free now. Free space, then resume the battle."
    [found] = standing(replace(FULL_DISK, free_bytes=9_000_000_000)).blockers
    assert found.fix == "9.0 GB are free now. Resume the battle."


def test_what_hinders_lets_the_battle_go_on():
    failing = Failing("41", "evaluation", FAILING, "no such skill", 3, T0)
    facts = replace(
        BASE,
        battle=battle(),
        services={
            "worker": Service("down", False, "no answer", 2),
            "oracle": Service("starting", False),
            "herald": Service("healthy", True),
        },
        failing_evaluations=failing,
        failing_quests=(Failing("q1", "sums.jsonl", 3, "its files are gone"), Failing("q2", "once.jsonl", 1, "x")),
    )
    found = standing(facts)
    assert (found.momentum, found.reason) == (GO, "")
    assert [(each.code, each.subject) for each in found.blockers] == [
        (BlockerCode.SERVICE_DOWN, "worker"),
        (BlockerCode.EVALUATIONS_FAILING, "41"),
        (BlockerCode.QUEST_FAILING, "q1"),
    ]
    assert found.blockers[0].tried == "Weaver asks it every 2 s; it was brought back 2 times."
    assert found.blockers[1].tried == "Job 41, the last, was tried 3 times at 2026-01-01 12:00 UTC."
    assert found.suggested == found.blockers[0].action
    once = replace(facts, services={}, failing_quests=(), failing_evaluations=replace(failing, times=FAILING - 1))
    assert standing(once).blockers == ()


texts = st.sampled_from(["", "no space left", "it was lost"])
battles = st.none() | st.builds(battle, st.sampled_from(BattleState), st.sampled_from(DesiredState), texts)
tries = st.lists(
    st.builds(attempt, st.integers(1, 9), st.sampled_from(["failed", "paused", "idle"]), texts), max_size=3
)
failing = st.builds(
    Failing, st.sampled_from(["q1", "q2"]), st.just("sums"), st.integers(1, 5), texts, st.integers(1, 3)
)
services = st.builds(
    Service, st.sampled_from(["healthy", "starting", "degraded", "down"]), st.booleans(), texts, st.integers(0, 3)
)
facts = st.builds(
    Facts,
    campaign_id=st.just("mote-1"),
    life=st.sampled_from(CampaignLife),
    auto=st.booleans(),
    battle=battles,
    attempts=tries,
    queued=st.integers(0, 2),
    trouble=texts,
    trouble_at=st.none() | st.just(T0),
    trainable=st.booleans(),
    concluded=st.sampled_from(["", "BIN: capped at level 17."]),
    start=st.none() | st.builds(Start, st.just("c"), st.just("/c"), st.booleans()),
    free_bytes=st.none() | st.integers(0, 10),
    kept_free_bytes=st.integers(0, 10),
    failing_quests=st.lists(failing, max_size=2),
    failing_evaluations=st.none() | failing,
    services=st.dictionaries(st.sampled_from(["worker", "oracle"]), services),
)


@given(facts)
def test_a_standing_agrees_with_itself(given_facts):
    found = standing(given_facts)
    blocking = [each for each in found.blockers if each.severity is Severity.BLOCKING]
    assert (found.momentum is BLOCKED) == bool(blocking)
    assert (found.reason == "") == (found.momentum is GO)
    assert list(found.blockers[: len(blocking)]) == blocking, "what only hinders is told first"
    order = [list(BlockerCode).index(each.code) for each in found.blockers]
    assert order == sorted(order)
    for each in found.blockers:
        assert all((each.subject, each.what, each.tried, each.why, each.fix)), "something of a blocker is not told"
        assert each.command.startswith("realm ")
    if blocking:
        assert (found.suggested, found.reason) == (blocking[0].action, blocking[0].why)


@given(facts)
def test_idle_is_a_persons_word_a_verdict_or_an_empty_board(given_facts):
    found = standing(given_facts)
    fought = given_facts.battle is not None and given_facts.battle.desired_state is not DesiredState.RUN
    asleep = given_facts.life is not CampaignLife.ACTIVE
    if found.momentum is IDLE:
        assert asleep or fought or given_facts.queued == 0
        if not (asleep or fought or given_facts.concluded) and given_facts.auto:
            assert not given_facts.trouble, "idle though no quest can be made"
    if found.momentum is GO:
        assert not asleep
        assert given_facts.queued or given_facts.battle is not None


@given(facts)
def test_an_open_battle_that_nobody_holds_goes_whatever_hinders(given_facts):
    running = replace(given_facts, life=CampaignLife.ACTIVE, battle=battle())
    assert standing(running).momentum is GO


@given(facts, st.sampled_from([DesiredState.STOP]))
def test_what_a_person_stopped_is_idle_and_never_blocked(given_facts, desired):
    stopped = replace(given_facts, life=CampaignLife.ACTIVE, battle=battle(BattleState.FINISHED, desired))
    found = standing(stopped)
    assert (found.momentum, found.suggested.command) == (IDLE, RESUME)
