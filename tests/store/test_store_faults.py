"""What the stores do when others hold the database, when the disk is full or fails, and when the clock is set back."""

from __future__ import annotations

import multiprocessing
import resource
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import OperationalError
from store_helpers import CAMPAIGN, T0, at, new_attempt

from realm.errors import DatabaseError, DiskFullError
from realm.rules.job import FailureKind, JobStatus
from realm.rules.quest import QuestStatus
from realm.store import database as database_module
from realm.store.database import Database
from realm.store.events import EventStore
from realm.store.jobs import JobStore
from realm.store.quests import QuestStore
from realm.store.tables import attempts

SCHEMAS = Path(__file__).parent / "schemas"
SPAWN = multiprocessing.get_context("spawn")
HOUR = 3600
EVAL = {"skill_id": "bin", "checkpoint_id": "c"}
BIG = "x" * 50_000


def hold_lock(path, seconds, holding):
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("BEGIN IMMEDIATE")
        holding.set()
        time.sleep(seconds)
        raw.execute("COMMIT")


def test_a_write_waits_ten_seconds_for_another_process(db, database_path):
    holding = SPAWN.Event()
    other = SPAWN.Process(target=hold_lock, args=(database_path, 10, holding))
    other.start()
    assert holding.wait(60)
    began = time.monotonic()
    assert EventStore(db).newest() == ()  # reading waits for nobody
    assert time.monotonic() - began < 5
    assert EventStore(db).add("test", "after", T0).seq == 1
    assert time.monotonic() - began > 8
    other.join(30)
    assert other.exitcode == 0


def test_a_lock_that_is_kept_is_told_in_words(database_path, monkeypatch):
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.2)
    monkeypatch.setattr(database_module, "MOVE_TIMEOUT_S", 0.3)
    db = Database.open(database_path)
    store = EventStore(db)
    with closing(sqlite3.connect(database_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match=rf"kept the database {database_path} locked for 0\.2 s"):
            store.add("test", "", T0)
        with pytest.raises(DatabaseError, match=r"locked for 0\.3 s"):
            db.downgrade("0001")
    store.add("test", "now", T0)
    assert [each.title for each in store.newest()] == ["now"]
    assert not list(database_path.parent.glob("*.before-*"))
    db.close()


def write_until(store, error):
    """Titles of the events that were acknowledged before this error came."""
    written = []

    def write_on():
        for i in range(10_000):
            store.add("test", str(i), T0, detail=BIG)
            written.append(str(i))

    with pytest.raises(error) as raised:
        write_on()
    return written, raised.value


def assert_whole(path, store, written):
    """Everything acknowledged and nothing else is there, before and after the next write."""
    assert [each.title for each in store.after(0, 10_000)] == written
    store.add("test", "again", T0, detail=BIG)
    assert [each.title for each in store.after(0, 10_000)] == [*written, "again"]
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_full_database_is_told_in_words_and_loses_nothing(database_path):
    db = Database.open(database_path)
    event.listen(db._reader, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 250"))
    store = EventStore(db)
    written, error = write_until(store, DiskFullError)
    assert len(written) > 3
    assert str(database_path) in error.problem
    assert error.free > 0
    with db.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert_whole(database_path, store, written)
    db.close()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB, where this machine lets a test have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("No right to mount a disk here.")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_full_disk_is_told_in_words_and_loses_nothing(small_disk, empty_database):
    path = small_disk / "realm.db"
    path.write_bytes(empty_database.read_bytes())
    filler = small_disk / "filler"
    filler.write_bytes(bytes(500_000))
    db = Database.open(path)
    store = EventStore(db)
    written, error = write_until(store, DiskFullError)
    assert len(written) > 3
    assert error.free < 100_000
    with pytest.raises(DiskFullError):
        JobStore(db).submit("eval", EVAL | {"level": 1}, T0, tags=(BIG,))
    filler.unlink()
    assert JobStore(db).page() == ()
    assert_whole(path, store, written)
    db.close()


def test_an_upgrade_without_room_for_the_copy_changes_nothing(small_disk):
    path = small_disk / "realm.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript((SCHEMAS / "v2.sql").read_text())
        raw.execute("UPDATE quests SET reason = ?", (BIG * 4,))
        raw.commit()
    db = Database.open(path)
    with pytest.raises(DiskFullError, match=str(path)):
        db.create()
    assert db.revision() == "0002"
    assert {each.name for each in small_disk.iterdir()} == {"realm.db", "realm.db-wal", "realm.db-shm"}
    db.close()


def write_to_the_limit(path, limit, answers):
    """In a process whose files may not grow beyond `limit` bytes, as under a quota."""
    db = Database.open(path)
    store = EventStore(db)
    store.add("test", "before", T0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    written, error = write_until(store, DatabaseError)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert_whole(path, store, ["before", *written])
    answers.put(error)
    db.close()


def test_a_disk_that_fails_is_told_in_words_and_loses_nothing(database_path):
    answers = SPAWN.Queue()
    writer = SPAWN.Process(target=write_to_the_limit, args=(database_path, 1_000_000, answers))
    writer.start()
    error = answers.get(timeout=60)
    writer.join(30)
    assert writer.exitcode == 0
    assert f"{database_path} cannot be read or written: disk I/O error" in error.problem


def test_another_error_stays_what_it_was(db):
    with pytest.raises(OperationalError, match="no such table: nowhere"), db.read() as connection:
        connection.exec_driver_sql("SELECT * FROM nowhere")


def other_live_attempt(db):
    """An attempt beside the live one, as when its end was not noted."""
    with db.write() as connection:
        row = dict(connection.execute(select(attempts)).mappings().one())
        connection.execute(insert(attempts).values(row | {"id": "mote-1-attempt-2", "number": 2}))
    return "mote-1-attempt-2"


def test_after_a_clock_is_set_back_a_lost_job_comes_back_in_time(db):
    """The hour that the clock was set back is nobody's lease; who lives renews it and loses nothing."""
    store = JobStore(db)
    lost, kept = store.submit("eval", EVAL, T0).job, store.submit("eval", EVAL, T0).job
    for worker in ("lost", "kept"):
        store.register_worker(worker, "here", ("eval",), at(HOUR))
        store.start(store.claim(worker, ("eval",), at(HOUR)).id, worker, at(HOUR))
    assert store.expire_leases(at(10)) == ()
    assert [worker.offline(at(10)) for worker in store.workers()] == [False, False]
    assert store.heartbeat("kept", [kept.id], at(50)).held == {kept.id}
    assert store.expire_leases(at(69)) == ()
    (back,) = store.expire_leases(at(71))
    assert (back.id, back.failure) == (lost.id, FailureKind.LOST_LEASE)
    assert {worker.id: worker.offline(at(71)) for worker in store.workers()} == {"kept": False, "lost": True}
    assert store.complete(kept.id, "kept", {}, at(72)).status == JobStatus.COMPLETED


def test_after_a_clock_is_set_back_a_run_may_last_as_long_as_ever(db):
    store = JobStore(db)
    store.register_worker("w", "here", ("eval",), at(HOUR))
    job = store.submit("eval", EVAL, at(HOUR), timeout_s=100).job
    store.start(store.claim("w", ("eval",), at(HOUR)).id, "w", at(HOUR))
    for second in range(0, 101, 50):
        store.heartbeat("w", [job.id], at(second))
        assert store.expire_leases(at(second)) == ()
    (late,) = store.expire_leases(at(101))
    assert late.failure == FailureKind.TIMEOUT


def test_after_a_clock_is_set_back_a_failed_job_is_tried_again_soon(db):
    store = JobStore(db)
    job = store.submit("eval", EVAL, at(HOUR)).job
    store.claim("w", ("eval",), at(HOUR))
    store.fail(job.id, "w", FailureKind.TRANSPORT, "gone", at(HOUR))
    assert store.claim("w", ("eval",), at(0)) is None
    store.expire_leases(at(0))
    assert store.claim("w", ("eval",), at(61)).id == job.id


def test_after_a_clock_is_set_back_a_quest_is_taken_over_in_time(db):
    quests = QuestStore(db)
    quests.add(CAMPAIGN, f"{1:064x}", "one", T0, shape="text", examples=1, size_bytes=1)
    quest = quests.claim(new_attempt(db, now=at(HOUR)), at(HOUR))
    other = other_live_attempt(db)
    assert quests.claim(other, at(0)) is None
    assert quests.claim(other, at(60)) is None
    taken = quests.claim(other, at(61))
    assert (taken.id, taken.status, taken.attempt_id) == (quest.id, QuestStatus.ACTIVE, other)


def test_after_a_clock_is_set_back_a_living_attempt_keeps_its_quest(db):
    quests = QuestStore(db)
    quests.add(CAMPAIGN, f"{1:064x}", "one", T0, shape="text", examples=1, size_bytes=1)
    mine = new_attempt(db, now=at(HOUR))
    quest = quests.claim(mine, at(HOUR))
    other = other_live_attempt(db)
    for second in range(0, 200, 10):
        assert quests.renew(mine, at(second)) == {quest.id}
        assert quests.claim(other, at(second)) is None
