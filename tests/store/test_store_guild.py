"""Primitives, passives, samples and sparring in the database: once per job, all or nothing."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from store_helpers import CAMPAIGN, T0, at, kinds, make_checkpoint

from actors.guild_books import GuildBooks
from realm.errors import ConflictError
from realm.rules.job import JobStatus, JobType
from realm.rules.passives import POOLED_RUNS, PassiveMode, PassiveResult
from realm.rules.primitives import HISTORY, HistoryEntry
from realm.rules.progression import Evaluation, Exam, LevelRule
from realm.rules.quest import QuestStatus
from realm.rules.sparring import SparringSession
from realm.store.checkpoints import CheckpointStore
from realm.store.jobs import JobStore
from realm.store.passives import RUNS_SHOWN, PassiveStore
from realm.store.primitives import PrimitiveRun, PrimitiveStore
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore
from realm.store.sparring import SparringStore
from realm.store.tables import METADATA, primitive_stats
from skills import get_engine

RULE = LevelRule(max_level=5)
CARRY, AND = "binary/binary_add_with_carry@1", "binary/bitwise_and@1"


def evaluation(step, level=1, job=None):
    return Evaluation(CAMPAIGN, "bin", level, step, 100, 60, step, step, job or f"job-{step}", at(step))


# Primitives


def test_an_evaluation_counts_its_primitives_once(db):
    skills, primitives = SkillStore(db), PrimitiveStore(db)
    for _ in range(2):
        skills.record_evaluation(evaluation(5), RULE, {CARRY: "0101", AND: "1"})
    skills.record_evaluation(evaluation(6), RULE, {CARRY: "11", AND: ""})
    stats = primitives.stats(CAMPAIGN)
    assert (stats[CARRY].attempts, stats[CARRY].correct, stats[CARRY].window) == (6, 4, "010111")
    assert (stats[AND].attempts, stats[AND].window) == (1, "1")
    assert primitives.history(CAMPAIGN) == {CARRY: (HistoryEntry(0, 6, 4),), AND: (HistoryEntry(0, 1, 1),)}
    assert primitives.stats("mote-2") == {}


def test_an_evaluation_and_its_primitives_are_recorded_together_or_not_at_all(db):
    skills = SkillStore(db)
    with db.write() as connection:
        primitive_stats.drop(connection)
    with pytest.raises(SQLAlchemyError):
        skills.record_evaluation(evaluation(5), RULE, {CARRY: "1"}, [{"prompt": "p"}])
    assert skills.evaluations(CAMPAIGN) == ()
    assert skills.samples(CAMPAIGN, "bin") == ()
    assert kinds(db) == []


def test_history_is_kept_by_the_newest_checkpoint_at_the_time(db):
    skills, primitives, vault = SkillStore(db), PrimitiveStore(db), CheckpointStore(db)
    skills.record_evaluation(evaluation(5), RULE, {AND: "0"})
    vault.record(make_checkpoint(10), T0)
    skills.record_evaluation(evaluation(10), RULE, {AND: "01"})
    skills.record_evaluation(evaluation(15), RULE, {AND: "1"})
    vault.record(make_checkpoint(20), T0)
    skills.record_evaluation(evaluation(12), RULE, {AND: "1"})
    skills.record_evaluation(evaluation(21), RULE, {AND: "1"})
    assert primitives.history(CAMPAIGN)[AND] == (
        HistoryEntry(0, 1, 0),
        HistoryEntry(10, 4, 3),
        HistoryEntry(20, 1, 1),
    )


def test_what_older_weights_answered_is_history_and_not_the_newest_window(db):
    skills, primitives, vault = SkillStore(db), PrimitiveStore(db), CheckpointStore(db)
    for step in (10, 20):
        vault.record(make_checkpoint(step), T0)
    skills.record_evaluation(evaluation(20), RULE, {AND: "11"})
    skills.record_evaluation(evaluation(10), RULE, {AND: "0000", CARRY: "0"})
    stats = primitives.stats(CAMPAIGN)
    assert (stats[AND].window, CARRY in stats) == ("11", False)
    assert primitives.history(CAMPAIGN)[AND] == (HistoryEntry(10, 4, 0), HistoryEntry(20, 2, 2))


def test_primitives_asked_alone_count_in_the_same_table_once_per_job(db):
    SkillStore(db).record_evaluation(evaluation(5), RULE, {AND: "0"})
    store = PrimitiveStore(db)
    run = PrimitiveRun(CAMPAIGN, 9, 10, 7, "job-alone", T0)
    outcomes = {AND: "11111", "logic/de_morgan@1": "11000"}
    assert [store.record(run, outcomes) for _ in range(2)] == [True, False]
    stats = store.stats(CAMPAIGN)
    assert (stats[AND].attempts, stats[AND].correct) == (6, 5)
    assert stats["logic/de_morgan@1"].window == "11000"
    assert kinds(db, "primitives.") == ["primitives.recorded"]


def test_a_long_history_is_merged_without_losing_an_outcome(db):
    store = PrimitiveStore(db)
    vault = CheckpointStore(db)
    for step in range(1, HISTORY + 2):
        vault.record(make_checkpoint(step), T0)
        store.record(PrimitiveRun(CAMPAIGN, step, 2, 1, f"job-{step}", T0), {AND: "01"})
    history = store.history(CAMPAIGN)[AND]
    assert len(history) == HISTORY // 2 + 1
    assert (sum(each.n for each in history), sum(each.correct for each in history)) == (2 * HISTORY + 2, HISTORY + 1)
    assert history[-1] == HistoryEntry(HISTORY + 1, 2, 1)


# Samples


def test_a_levels_newest_samples_replace_the_earlier_ones(db):
    store = SkillStore(db)
    store.record_evaluation(evaluation(5, level=1), RULE, samples=[{"prompt": "old"}])
    store.record_evaluation(evaluation(6, level=2), RULE, samples=[{"prompt": "two"}])
    store.record_evaluation(evaluation(7, level=1), RULE, samples=[{"prompt": "new", "correct": False}])
    store.record_evaluation(evaluation(5, level=1), RULE, samples=[{"prompt": "old again"}])
    found = store.samples(CAMPAIGN, "bin")
    assert [(each.level, each.step, each.samples) for each in found] == [
        (1, 7, [{"prompt": "new", "correct": False}]),
        (2, 6, [{"prompt": "two"}]),
    ]
    assert store.samples(CAMPAIGN, "bin", level=2) == found[1:]
    assert store.samples(CAMPAIGN, "sy") == ()


def test_folds_avoid_the_problems_of_those_they_join(db):
    store = SkillStore(db)
    assert [store.next_fold(CAMPAIGN, "bin", 1) for _ in range(2)] == [0, 1]
    assert store.next_fold(CAMPAIGN, "bin", 1, beside=(2, 3)) == 4
    assert store.next_fold(CAMPAIGN, "bin", 1, beside=(3, 4)) == 5
    assert store.next_fold(CAMPAIGN, "bin", 1) == 6


# Passives


def passive(step, correct, name="logic", version=1, mode=PassiveMode.LITE, job=None):
    return PassiveResult(
        CAMPAIGN, name, version, mode, step, mode.problems, correct, job or f"job-{step}", at(step), f"c-{step}"
    )


def test_passives_are_recorded_once_per_job(db):
    store = PassiveStore(db)
    both = [passive(1, 3), passive(1, 5, "memory")]
    first = store.record(both)
    assert store.record(both) == first
    assert [(len(each.runs), each.state.runs, each.pooled) for each in first] == [(1, 1, None)] * 2
    assert [each.runs[0].correct for each in first] == [3, 5]
    assert all(each.runs[0].id for each in first)


def test_a_warning_is_told_once_and_its_end_once(db):
    store = PassiveStore(db)
    for step, correct in enumerate([5] * 30 + [0] * 12 + [5] * 12):
        [record] = store.record([passive(step, correct)])
        store.record([passive(step, correct)])
        if step == 41:
            assert record.state.regressed
            assert record.pooled.accuracy == 0.0
            assert (record.state.peak.n, record.state.peak.accuracy, record.state.peak.step) == (50, 1.0, 9)
    assert not record.state.regressed
    assert kinds(db) == ["passive.regressed", "passive.recovered"]
    assert len(record.runs) == 54
    assert [each.step for each in record.runs] == list(range(54))


def test_runs_of_older_weights_do_not_enter_the_newest_pool(db):
    store = PassiveStore(db)
    for step in range(100, 100 + POOLED_RUNS):
        [record] = store.record([passive(step, 5)])
    for number, step in enumerate(range(POOLED_RUNS)):
        [record] = store.record([passive(step, 0, job=f"old-{number}")])
    assert (record.pooled.accuracy, record.pooled.step) == (1.0, 100 + POOLED_RUNS - 1)
    assert not record.state.regressed
    assert [each.step for each in record.runs] == [*range(100, 100 + POOLED_RUNS), *range(POOLED_RUNS)]


def test_the_run_of_a_job_is_among_the_runs_whatever_weights_it_asked(db):
    store = PassiveStore(db)
    for step in range(100, 100 + RUNS_SHOWN):
        store.record([passive(step, 5)])
    [record] = store.record([passive(1, 2, job="old")])
    assert record.runs[-1].job_id == "old"
    assert len(record.runs) == RUNS_SHOWN


def test_versions_are_apart_and_full_runs_are_not_pooled(db):
    store = PassiveStore(db)
    for step in range(POOLED_RUNS):
        store.record([passive(step, 5)])
    store.record([passive(50, 0, mode=PassiveMode.FULL)])
    store.record([passive(51, 0, version=2)])
    old, new, never = store.read(CAMPAIGN, [("logic", 1), ("logic", 2), ("memory", 1)])
    assert (old.pooled.correct, old.state.runs, len(old.runs)) == (50, POOLED_RUNS, POOLED_RUNS + 1)
    assert old.runs[-1].mode == PassiveMode.FULL
    assert (new.pooled, new.state.peak, len(new.runs)) == (None, None, 1)
    assert (never.runs, never.state.runs) == ((), 0)


def test_which_checkpoints_have_had_every_passive(db):
    store = PassiveStore(db)
    store.record([passive(1, 5), passive(1, 5, "memory")])
    store.record([passive(2, 5)])
    store.record([passive(3, 5, mode=PassiveMode.FULL), passive(3, 5, "memory", mode=PassiveMode.FULL)])
    wanted = [("logic", 1), ("memory", 1)]
    assert store.examined(["c-1", "c-2", "c-3"], wanted) == {"c-1"}
    assert store.examined(["c-1"], [("logic", 2), ("memory", 1)]) == frozenset()


# Sparring


def session(job="7", quest_id=None, step=100, **more):
    return SparringSession(CAMPAIGN, "bin", 3, step, 100, 62, 3, job, T0, quest_id=quest_id, **more)


def test_a_session_is_recorded_once_per_job(db):
    store = SparringStore(db)
    recorded = store.record(session(examples=114, quest_id="q"))
    assert store.record(replace(session(), first_correct=99, second_correct=0)) == recorded
    assert store.of_job("7") == recorded
    assert store.of_job("8") is None
    other = store.record(session("8"))
    assert store.page(CAMPAIGN) == (other, recorded)
    assert store.page(CAMPAIGN, limit=1) == (other,)
    assert (recorded.mistakes, recorded.first_accuracy) == (38, 0.62)
    assert kinds(db) == ["sparring.finished"] * 2


def test_only_sessions_whose_quest_is_queued_wait(db):
    board, store = QuestStore(db), SparringStore(db)
    queued, cancelled = (
        board.add(
            CAMPAIGN, f"{n:064d}", f"q{n}", T0, shape="messages", examples=3, size_bytes=9, origin="sparring"
        ).quest
        for n in (1, 2)
    )
    board.cancel(cancelled.id, T0)
    for job, quest_id in [("1", queued.id), ("2", cancelled.id), ("3", None)]:
        store.record(session(job, quest_id))
    assert [each.job_id for each in store.waiting(CAMPAIGN)] == ["1"]
    assert board.get(cancelled.id).status == QuestStatus.CANCELLED
    assert store.waiting("mote-2") == ()


# Jobs


def _recorders(db, job):
    """Every way of recording what a job found."""
    exam = Exam(CAMPAIGN, 5, "v1", 0.5, {"bin": 0.5}, 4, job, T0)
    return {
        "evaluations": lambda: SkillStore(db).record_evaluation(evaluation(5, job=job), RULE, {AND: "1"}),
        "exams": lambda: SkillStore(db).record_exam(exam),
        "passive_results": lambda: PassiveStore(db).record([passive(5, 4, job=job)]),
        "primitive_runs": lambda: PrimitiveStore(db).record(PrimitiveRun(CAMPAIGN, 5, 1, 1, job, T0), {AND: "1"}),
        "sparring_sessions": lambda: SparringStore(db).record(session(job)),
    }


RECORDS = ("evaluations", "exams", "passive_results", "primitive_runs", "sparring_sessions")


@pytest.mark.parametrize("table", RECORDS)
def test_nothing_of_a_cancelled_job_is_recorded_and_a_recorded_one_is_not_cancelled(db, table):
    jobs = JobStore(db)
    jobs.register_worker("w", "host", ["eval"], T0)
    payload = {"skill_id": "bin", "level": 1, "battle_id": "b", "step": 5}
    cancelled, recorded = (jobs.submit(JobType.EVAL, payload, T0).job.id for _ in range(2))
    for _ in range(2):
        jobs.claim("w", ["eval"], T0)
    jobs.cancel(cancelled, "given up", T0)
    with pytest.raises(ConflictError, match=f"{cancelled} is cancelled: given up"):
        _recorders(db, cancelled)[table]()
    _recorders(db, recorded)[table]()
    with pytest.raises(ConflictError, match=f"What job {recorded} found is recorded"):
        jobs.cancel(recorded, "given up", at(1))
    assert jobs.complete(recorded, "w", {}, at(2)).status == JobStatus.COMPLETED
    with db.read() as connection:
        assert connection.execute(select(METADATA.tables[table].c.job_id)).scalars().all() == [recorded]


def test_rows_are_of_one_moment_while_more_is_recorded(db):
    skills, books = SkillStore(db), GuildBooks(db, get_engine())
    done = threading.Event()

    def record():
        for step in range(1, 80):
            skills.record_evaluation(evaluation(step), RULE, {CARRY: "01" * 20})
        done.set()

    thread = threading.Thread(target=record)
    thread.start()
    try:
        while not done.is_set():
            row = next(each for each in books.primitive_rows(CAMPAIGN) if each["id"] == CARRY)
            assert sum(each["n"] for each in row["history"]) == row["attempts"]
    finally:
        thread.join()
