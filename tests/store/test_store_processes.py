"""Several processes on one database: nothing busy, nothing lost, nothing twice; and one killed in the middle of it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sqlite3
import traceback
from dataclasses import replace
from itertools import count

from sqlalchemy import func, select
from store_helpers import CAMPAIGN, T0, at, kinds, make_checkpoint, new_attempt

from realm.rules.job import JOB_SPECS, JobStatus, JobType
from realm.rules.progression import Evaluation, LevelRule
from realm.rules.quest import QuestStatus
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.events import EventStore
from realm.store.jobs import JobStore
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore
from realm.store.tables import evaluations

PROCESSES = 3
EACH = 40
RULE = LevelRule(max_level=30)
SPAWN = multiprocessing.get_context("spawn")
UNLIMITED = {JobType.EVAL: replace(JOB_SPECS[JobType.EVAL], max_running=10**6, max_pending=10**6)}


def work(path, number, gate):
    """One process: make the database, write to every store, then claim quests with the others for one attempt."""
    try:
        gate.wait(60)
        db = Database.open(path)
        db.create()
        gate.wait(60)
        write_everything(db, number)
        attempt_file = path.with_suffix(".attempt")
        if number == 0:
            attempt_file.write_text(new_attempt(db))
        gate.wait(60)
        claim_quests(QuestStore(db), attempt_file.read_text(), number)
    except BaseException:
        path.with_suffix(f".error-{number}").write_text(traceback.format_exc())
        gate.abort()
        raise


def write_everything(db, number):
    jobs, quests, skills, vault = JobStore(db, UNLIMITED), QuestStore(db), SkillStore(db), CheckpointStore(db)
    for i in range(EACH):
        EventStore(db).add("test.written", f"{number}.{i}", T0)
        # Every process posts the same files: each is on the board once.
        quests.add(CAMPAIGN, f"{i:064x}", f"q{i}", T0, shape="text", examples=1, size_bytes=1)
        skills.next_fold(CAMPAIGN, "bin", 1)
        vault.record(make_checkpoint(i % 10, folder=f"-{number}-{i}", sha=f"{number:032x}{i:032x}"), T0)
        jobs.submit("eval", {"skill_id": "bin", "checkpoint_id": "c"}, T0, key=f"{number}.{i}")
        job = jobs.claim(f"w{number}", ("eval",), T0)
        if job is not None:
            jobs.complete(job.id, f"w{number}", {"by": number}, T0)


def claim_quests(quests, attempt, number):
    """Each process leaves alone what the others claimed; each quest must go to one of them."""
    others = {quest.id for quest in quests.page(CAMPAIGN, limit=1000)}
    while (quest := quests.claim(attempt, T0, holding=others)) is not None:
        quests.finish(quest.id, attempt, T0, last_step=number, steps_fought=1, ended_by="exhausted")


def record_for_ever(path, acknowledged):
    """Record evaluations of rising steps, and send each step that was committed."""
    skills = SkillStore(Database.open(path))
    for i in count(len(skills.evaluations(CAMPAIGN, limit=10**6))):
        level = skills.ensure_state(CAMPAIGN, "bin", RULE.max_level).training_level
        evaluation = Evaluation(CAMPAIGN, "bin", level, i, 100, 75 + i % 20, 1, i, f"job-{i}", at(i))
        skills.record_evaluation(evaluation, RULE)
        acknowledged.send(i)


def test_several_processes_at_once(tmp_path):
    path, gate = tmp_path / "realm.db", SPAWN.Barrier(PROCESSES)
    processes = [SPAWN.Process(target=work, args=(path, number, gate)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [error.read_text() for error in tmp_path.glob("*.error-*")] == []
    assert [process.exitcode for process in processes] == [0] * PROCESSES

    db = Database.open(path)
    written = PROCESSES * EACH
    jobs, quests, vault = JobStore(db, UNLIMITED), QuestStore(db), CheckpointStore(db)
    assert kinds(db, "test.written") == ["test.written"] * written
    assert quests.counts(CAMPAIGN)[QuestStatus.FOUGHT] == EACH
    for kind in ("quest.queued", "quest.active", "quest.fought"):
        assert len(kinds(db, kind)) == EACH
    assert len({quest.position for quest in quests.page(CAMPAIGN, limit=1000)}) == EACH
    assert SkillStore(db).next_fold(CAMPAIGN, "bin", 1) == written
    assert len(vault.page(CAMPAIGN, limit=1000)) == 10
    assert len(vault.page(CAMPAIGN, limit=1000, trashed=True)) == written - 10
    # Who looked at the queue just after another had emptied it claimed nothing, so some jobs may still wait.
    stats = jobs.stats()
    done = jobs.page([JobStatus.COMPLETED], limit=1000)
    assert stats[JobStatus.COMPLETED][JobType.EVAL] + stats[JobStatus.PENDING][JobType.EVAL] == written
    assert len(done) > written / 2
    assert all(job.attempts == 1 and job.worker_id == f"w{job.result['by']}" for job in done)
    db.close()


def test_a_killed_writer_leaves_whole_transactions(db, database_path):
    """kill -9 after some commits: everything acknowledged is there, and state, events and rows tell the same."""
    skills = SkillStore(db)
    committed: set[int] = set()
    for kill in range(1, 3):
        receiver, sender = SPAWN.Pipe(duplex=False)
        writer = SPAWN.Process(target=record_for_ever, args=(database_path, sender))
        writer.start()
        sender.close()
        committed |= {receiver.recv() for _ in range(30)}
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        assert writer.exitcode == -signal.SIGKILL
        with contextlib.suppress(EOFError):
            while True:
                committed.add(receiver.recv())

        with sqlite3.connect(database_path) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        raw.close()
        recorded = skills.evaluations(CAMPAIGN, limit=10**6)
        assert [each.step for each in reversed(recorded)] == list(range(len(recorded)))
        # A kill between the commit and its acknowledgement leaves one that was not acknowledged.
        assert committed <= set(range(len(recorded)))
        assert len(committed) >= len(recorded) - kill
        with db.read() as connection:
            earned = connection.execute(select(func.sum(evaluations.c.xp_gained))).scalar_one()
        state = skills.find_state(CAMPAIGN, "bin", RULE.max_level)
        assert state.xp == earned
        assert len(kinds(db, "evaluation.recorded")) == len(recorded)
        assert len(kinds(db, "level.mastered")) == state.mastered_level
