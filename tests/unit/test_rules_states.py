"""Transition tables: complete, and consistent with `terminal`."""

from __future__ import annotations

import pytest

from realm.rules.battle import BATTLE_TRANSITIONS, BattleState
from realm.rules.job import JOB_TRANSITIONS, JobStatus
from realm.rules.quest import QUEST_TRANSITIONS, QuestStatus, quest_id
from realm.rules.states import sources

TABLES = [
    pytest.param(QuestStatus, QUEST_TRANSITIONS, id="quest"),
    pytest.param(BattleState, BATTLE_TRANSITIONS, id="battle"),
    pytest.param(JobStatus, JOB_TRANSITIONS, id="job"),
]


@pytest.mark.parametrize(("states", "table"), TABLES)
def test_every_state_has_a_row_and_none_leads_to_itself(states, table):
    assert set(table) == set(states)
    assert all(state not in successors for state, successors in table.items())


@pytest.mark.parametrize(("states", "table"), TABLES)
def test_states_that_are_not_terminal_lead_to_an_end(states, table):
    for state in states:
        reached, frontier = {state}, {state}
        while frontier:
            frontier = {after for each in frontier for after in table[each]} - reached
            reached |= frontier
        assert any(each.terminal for each in reached)


def test_completed_quests_and_jobs_and_ended_battles_are_final():
    assert QUEST_TRANSITIONS[QuestStatus.COMPLETED] == QUEST_TRANSITIONS[QuestStatus.REJECTED] == frozenset()
    assert JOB_TRANSITIONS[JobStatus.COMPLETED] == frozenset()
    assert {state for state in BattleState if not BATTLE_TRANSITIONS[state]} == {
        state for state in BattleState if state.terminal
    }


def test_terminal_quests():
    assert {status.value for status in QuestStatus if status.terminal} == {
        "completed",
        "rejected",
        "failed",
        "cancelled",
    }


def test_sources_invert_the_table():
    for target in QuestStatus:
        for state in QuestStatus:
            assert (state in sources(QUEST_TRANSITIONS, target)) == (target in QUEST_TRANSITIONS[state])


def test_quest_id_depends_on_campaign_and_content():
    ids = {quest_id("mote-1", "a" * 64), quest_id("mote-2", "a" * 64), quest_id("mote-1", "b" * 64)}
    assert len(ids) == 3
    assert all(len(each) == 16 and int(each, 16) >= 0 for each in ids)
    assert quest_id("mote-1", "a" * 64) in ids
