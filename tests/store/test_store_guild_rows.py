"""What is shown of primitives, passives, samples and sparring, read from a real database."""

from __future__ import annotations

import pytest
from sqlalchemy import event
from store_helpers import CAMPAIGN, T0, at, make_checkpoint

from actors.guild_books import GuildBooks
from actors.guild_rows import HISTORY_SHOWN
from realm.errors import NotFoundError
from realm.rules.passives import PassiveMode, PassiveResult
from realm.rules.progression import Evaluation, LevelRule, wilson_interval
from realm.rules.sparring import SparringSession
from realm.store.checkpoints import CheckpointStore
from realm.store.primitives import PrimitiveRun
from skills import get_engine

CARRY, AND = "binary/binary_add_with_carry@1", "binary/bitwise_and@1"


@pytest.fixture
def books(db):
    return GuildBooks(db, get_engine())


def test_primitives_come_weakest_first_and_those_never_asked_last(books):
    outcomes = {AND: "1" * 80 + "0" * 20, CARRY: "0011", "old/unknown@3": "1"}
    books.primitives.record(PrimitiveRun(CAMPAIGN, 5, 105, 83, "1", T0), outcomes)
    rows = books.primitive_rows(CAMPAIGN)
    assert [row["id"] for row in rows[:3]] == [CARRY, AND, "old/unknown@3"]
    assert len(rows) == 40
    assert all(row["accuracy"] is None and row["low"] is None and row["attempts"] == 0 for row in rows[3:])
    found = rows[1]
    assert (found["track"], found["attempts"], found["window_n"], found["window_accuracy"]) == ("binary", 100, 100, 0.8)
    assert (found["low"], found["high"]) == wilson_interval(80, 100)
    assert found["history"] == [{"step": 0, "n": 100, "correct": 80}]
    mine = books.primitive_rows(CAMPAIGN, "bin")
    assert {row["id"] for row in mine} == set(get_engine().get("bin").primitives)
    with pytest.raises(NotFoundError):
        books.primitive_rows(CAMPAIGN, "nib")


def test_a_long_history_is_shown_in_fewer_entries(books, db):
    vault = CheckpointStore(db)
    for step in range(1, 71):
        vault.record(make_checkpoint(step), T0)
        books.primitives.record(PrimitiveRun(CAMPAIGN, step, 1, 1, str(step), T0), {AND: "1"})
    history = books.primitive_rows(CAMPAIGN)[0]["history"]
    assert len(history) <= HISTORY_SHOWN
    assert sum(each["n"] for each in history) == 70


def test_a_passive_shows_its_runs_its_pool_its_peak_and_a_warning(books):
    def record(step, correct):
        result = PassiveResult(CAMPAIGN, "logic", version, PassiveMode.LITE, step, 5, correct, str(step), at(step))
        books.passives.record([result])

    version = get_engine().passive("logic").version
    for step in range(40):
        record(step, 5 if step < 30 else 0)
    rows = {row["id"]: row for row in books.passive_rows(CAMPAIGN)}
    assert len(rows) == 11
    row = rows["logic"]
    assert [run["step"] for run in row["runs"]] == list(range(40))
    assert row["runs"][0].items() >= {"n": 5, "correct": 5, "accuracy": 1.0, "mode": "lite"}.items()
    assert (row["pooled"]["n"], row["pooled"]["correct"], row["peak"]["correct"]) == (50, 0, 50)
    assert "0 of 50" in row["warning"]
    assert "50 of 50" in row["warning"]
    assert (rows["memory"]["runs"], rows["memory"]["pooled"], rows["memory"]["warning"]) == ([], None, None)


def test_results_of_a_passive_come_by_step_whenever_they_were_recorded(books):
    version = get_engine().passive("logic").version
    for order, step in enumerate((30, 10, 20)):
        result = PassiveResult(CAMPAIGN, "logic", version, PassiveMode.LITE, step, 5, 3, str(step), at(order))
        books.passives.record([result])
    [row] = [row for row in books.passive_rows(CAMPAIGN) if row["id"] == "logic"]
    assert [run["step"] for run in row["runs"]] == [10, 20, 30]


def test_samples_and_sparring_are_rows(books):
    evaluation = Evaluation(CAMPAIGN, "bin", 2, 7, 100, 60, 0, 0, "1", T0)
    books.skills.record_evaluation(evaluation, LevelRule(max_level=30), samples=[{"prompt": "p", "correct": False}])
    [found] = books.sample_rows(CAMPAIGN, "bin", 2)
    assert (found["level"], found["step"], found["samples"]) == (2, 7, [{"prompt": "p", "correct": False}])
    assert books.sample_rows(CAMPAIGN, "bin", 3) == []
    with pytest.raises(NotFoundError):
        books.sample_rows(CAMPAIGN, "bin", 31)
    books.sparring.record(SparringSession(CAMPAIGN, "bin", 3, 9, 10, 10, 0, "8", T0, reason="no mistakes"))
    [row] = books.sparring_rows(CAMPAIGN, 5)
    assert (row["first_accuracy"], row["second_accuracy"], row["quest_id"]) == (1.0, None, None)
    assert row["reason"] == "no mistakes"


def test_each_skill_has_its_own_sessions_however_many_came_since(books):
    def spar(skill_id, step):
        books.sparring.record(SparringSession(CAMPAIGN, skill_id, 3, step, 10, 4, 2, f"{skill_id}-{step}", at(step)))

    spar("sy", 1)
    for step in range(2, 27):
        spar("bin", step)
    assert [row["skill_id"] for row in books.sparring_rows(CAMPAIGN, 20)] == ["bin"] * 20
    assert [row["step"] for row in books.sparring_rows(CAMPAIGN, 20, "sy")] == [1]
    assert [row["step"] for row in books.sparring_rows(CAMPAIGN, 2, "bin")] == [26, 25]
    assert {skill_id: row["step"] for skill_id, row in books.newest_sparring(CAMPAIGN).items()} == {"bin": 26, "sy": 1}
    assert books.newest_sparring("mote-2") == {}


def test_histories_are_read_again_only_once_more_was_asked(books, db):
    asked = []

    def listen(_connection, _cursor, statement, *_more):
        asked.append("primitive_history" in statement)

    books.primitives.record(PrimitiveRun(CAMPAIGN, 5, 2, 1, "1", T0), {AND: "10"})
    first = books.primitive_rows(CAMPAIGN)
    with db.read() as connection:
        event.listen(connection.engine, "before_cursor_execute", listen)
    assert books.primitive_rows(CAMPAIGN) == first
    mine = books.primitive_rows(CAMPAIGN, "bin")
    assert [row["id"] for row in mine] == [
        row["id"] for row in first if row["id"] in get_engine().get("bin").primitives
    ]
    assert asked
    assert not any(asked)
    books.primitives.record(PrimitiveRun(CAMPAIGN, 6, 2, 2, "2", T0), {AND: "11"})
    [row] = [row for row in books.primitive_rows(CAMPAIGN) if row["id"] == AND]
    assert row["history"] == [{"step": 0, "n": 4, "correct": 3}]
    assert (row["attempts"], row["correct"]) == (4, 3)
    assert all(row["attempts"] == 0 for row in books.primitive_rows("mote-2"))
    assert any(asked)
