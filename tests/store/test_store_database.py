"""Connections, transactions, schema revision, column types, events."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import StatementError
from store_helpers import T0, at

from realm.errors import NotFoundError
from realm.store.database import Database
from realm.store.events import EventStore
from realm.store.migrations import HEAD
from realm.store.tables import METADATA, events, schema_versions


def values(now):
    return {"at": now, "kind": "test", "title": "", "detail": "", "data": {}}


def test_sqlite_is_set_up_for_several_processes(db):
    with db.read() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 15000, "foreign_keys": 1}


def test_create_makes_every_table_and_can_be_repeated(tmp_path):
    db = Database.open(tmp_path / "realm.db")
    db.create()
    db.create()
    with db.read() as connection:
        tables = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
        assert connection.execute(select(schema_versions.c.version)).scalars().all() == [int(HEAD)]
    assert db.revision() == HEAD
    assert list(tmp_path.glob("*before*")) == []
    assert set(METADATA.tables) <= tables
    db.close()


def test_a_url_opens_the_same_database(database_path):
    db = Database.open(f"sqlite:///{database_path}")
    assert EventStore(db).add("test", "one", T0).seq == 1
    db.close()
    other = Database.open(str(database_path))
    assert [event.title for event in EventStore(other).newest()] == ["one"]
    other.close()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(NotFoundError, match="nowhere"):
        Database.open(tmp_path / "nowhere" / "realm.db")


def test_what_raises_is_rolled_back(db):
    def write_and_raise():
        with db.write() as connection:
            connection.execute(insert(events).values(**values(T0)))
            raise KeyError

    with pytest.raises(KeyError):
        write_and_raise()
    assert EventStore(db).newest() == ()


def test_a_writing_transaction_has_the_lock_from_its_start(db, database_path):
    with db.write():
        other = sqlite3.connect(database_path, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_reading_waits_for_no_writer_and_sees_one_snapshot(db):
    store = EventStore(db)
    store.add("test", "before", T0)
    count = select(events.c.seq)
    with db.read() as reader:
        assert len(reader.execute(count).all()) == 1
        writer = threading.Thread(target=store.add, args=("test", "meanwhile", T0))
        writer.start()
        writer.join()
        assert len(reader.execute(count).all()) == 1
    assert len(store.newest()) == 2


def test_times_come_back_aware_and_in_utc(db):
    there = timezone(timedelta(hours=-7))
    store = EventStore(db)
    moment = datetime(2026, 5, 1, 20, 0, 0, 123456, tzinfo=there)
    found = store.add("test", "", moment).at
    assert found == moment
    assert found.tzinfo == UTC


def test_a_naive_time_is_refused(db):
    with pytest.raises(StatementError, match="2026-01-01T00:00:00 names no time zone"):
        EventStore(db).add("test", "", datetime(2026, 1, 1))


def test_events_are_read_by_number(db):
    store = EventStore(db)
    for i in range(5):
        store.add(f"kind.{i}", f"title {i}", at(i), detail="d", data={"i": i})
    assert [event.kind for event in store.after(2)] == ["kind.2", "kind.3", "kind.4"]
    assert [event.seq for event in store.after(0, limit=2)] == [1, 2]
    newest = store.newest(1)[0]
    assert (newest.seq, newest.title, newest.detail, newest.data, newest.at) == (5, "title 4", "d", {"i": 4}, at(4))


def test_events_are_paged_backwards_without_the_hidden_kinds(db):
    store = EventStore(db)
    for i in range(6):
        store.add("quiet" if i % 3 == 2 else "loud", str(i), at(i))
    assert [event.seq for event in store.before(None, 3, ("quiet",))] == [5, 4, 2]
    assert [event.seq for event in store.before(4, 10, ("quiet",))] == [2, 1]
    assert [event.seq for event in store.before(4, 2)] == [3, 2]


def test_events_are_kept_14_days_and_numbers_are_never_used_again(db):
    store = EventStore(db)
    day = 86_400
    for i in range(3):
        store.add("test", str(i), at(i * day))
    assert store.prune(at(15.5 * day), limit=1) == 1
    assert store.prune(at(15.5 * day)) == 1
    assert [event.title for event in store.newest()] == ["2"]
    assert store.prune(at(100 * day)) == 1
    assert store.add("test", "3", at(100 * day)).seq == 4
