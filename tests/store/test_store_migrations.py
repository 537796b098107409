"""Schemas of earlier realms, up to this one's and down again: nothing lost, one upgrade at a time, all or nothing.

`schemas/` holds databases as the realms of their time wrote them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, select
from store_helpers import T0, at, make_checkpoint

from realm.errors import ConflictError, DatabaseError, NotFoundError
from realm.rules.checkpoint import CreatedBy, TrashedBy
from realm.rules.job import JOB_SPECS, JobStatus, JobType
from realm.rules.progression import wilson_interval
from realm.store.battles import BattleStore
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.curricula import CurriculumStore
from realm.store.database import Database
from realm.store.events import EventStore
from realm.store.jobs import JobStore
from realm.store.migrations import HEAD, move, revisions
from realm.store.passives import PassiveStore
from realm.store.primitives import PrimitiveStore
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore
from realm.store.sparring import SparringStore
from realm.store.tables import METADATA, checkpoint_skills, evaluations, jobs, schema_versions

SCHEMAS = Path(__file__).parent / "schemas"
EARLIER = ("0001", "0002")
WITH_ALEMBIC = ("0003",)
CAMPAIGN = "mote-1"
RENAMED = {"passive": "passive_eval", "spar": "sparring"}
SPAWN = multiprocessing.get_context("spawn")


def earlier(path, revision):
    """A database as the realm of that revision left it."""
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript((SCHEMAS / f"v{int(revision)}.sql").read_text())
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "realm.db"


@pytest.fixture(params=EARLIER)
def revision(request, path):
    earlier(path, request.param)
    return request.param


@pytest.fixture(params=EARLIER + WITH_ALEMBIC)
def landed(request, path):
    earlier(path, request.param)
    return request.param


@pytest.fixture
def opened(path):
    database = Database.open(path)
    yield database
    database.close()


def schema_of(path):
    """Table → all that is to be known of it, whatever the order of its columns."""
    with closing(sqlite3.connect(path)) as raw:
        tables = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {name: table_of(raw, name, sql) for name, sql in tables.fetchall() if name != "alembic_version"}


def table_of(raw, name, sql):
    columns = {row[1]: row[2:] for row in raw.execute(f"PRAGMA table_info({name})")}
    indexes = set()
    for _, index, unique, origin, partial in raw.execute(f"PRAGMA index_list({name})"):
        inside = tuple(row[2] for row in raw.execute(f"PRAGMA index_info({index})"))
        where = raw.execute("SELECT sql FROM sqlite_master WHERE name = ?", (index,)).fetchone()[0] if partial else ""
        indexes.add((index if origin == "c" else origin, unique, inside, where.partition("WHERE")[2].strip()))
    references = {row[2:] for row in raw.execute(f"PRAGMA foreign_key_list({name})")}
    return columns, indexes, references, "AUTOINCREMENT" in sql


def rows_of(path):
    """Table → its rows, each a dict of its columns."""
    with closing(sqlite3.connect(path)) as raw:
        raw.row_factory = sqlite3.Row
        tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: [dict(row) for row in raw.execute(f"SELECT * FROM {name}")] for name in tables}
    return {name: sorted(rows, key=lambda row: str(sorted(row.items()))) for name, rows in found.items()}


def only(rows, columns):
    return sorted(([row[name] for name in columns] for row in rows), key=str)


def copies(path):
    return sorted(each.name for each in path.parent.iterdir() if each.name.startswith(f"{path.name}.before"))


@pytest.mark.usefixtures("landed")
def test_the_dumps_hold_rows_of_every_table(path):
    assert [name for name, rows in rows_of(path).items() if not rows] == []


def test_an_earlier_schema_becomes_this_one(landed, path, opened, empty_database):
    assert opened.revision() == landed
    opened.create()
    assert opened.revision() == HEAD
    with opened.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert connection.execute(select(schema_versions.c.version)).scalars().all() == [int(HEAD)]
    assert schema_of(path) == schema_of(empty_database)


@pytest.mark.usefixtures("landed")
def test_rows_are_kept(path, opened):
    before = rows_of(path)
    opened.create()
    after = rows_of(path)
    for name in before.keys() - {"schema_version", "alembic_version"}:
        columns = list(before[name][0])
        wanted = [
            row | {"type": RENAMED.get(row["type"], row["type"])} if name == "jobs" else row for row in before[name]
        ]
        assert only(after[name], columns) == only(wanted, columns), name


@pytest.mark.usefixtures("landed")
def test_campaigns_are_what_they_are_since_their_beginning(opened):
    opened.create()
    found = CampaignStore(opened).page()
    assert [(each.life_since, each.note, each.starting_checkpoint_id) for each in found] == [
        (each.created_at, "", None) for each in found
    ]


def test_the_stores_read_what_earlier_realms_wrote(revision, opened):
    opened.create()
    found = JobStore(opened).page(limit=100)
    assert {job.status for job in found} == set(JobStatus)
    assert all((job.labels, job.min_gpu_mb) == ({}, 0) for job in found)
    for job in found:
        JOB_SPECS[job.type].check(job.payload)
    assert [worker.external for worker in JobStore(opened).workers()] == [False]
    assert JobStore(opened).history(found[-1].id)[0].status == JobStatus.PENDING
    assert CampaignStore(opened).get_active().champion_accuracy == 0.5
    assert len(BattleStore(opened).points(CAMPAIGN)) == 2
    assert len(QuestStore(opened).page(CAMPAIGN)) == 7
    skills = SkillStore(opened)
    assert skills.find_state(CAMPAIGN, "bin", 30).mastered_level == 1
    assert skills.exams(CAMPAIGN)[0].skill_accuracies == {"bin": 0.5}
    assert skills.level_results(CAMPAIGN, "bin")[1] == (100, 95)
    assert EventStore(opened).newest(1)[0].kind == "attempt.ended"
    vault = CheckpointStore(opened)
    assert vault.best(CAMPAIGN, "skill:bin").exam_skills == {"bin": 0.5 if revision == "0002" else 0.75}
    assert {each.trashed_by for each in vault.page(CAMPAIGN, trashed=True)} == {TrashedBy.RETENTION}
    assert {each.trashed_by for each in vault.page(CAMPAIGN)} == {None}


def test_the_stores_read_what_the_guild_wrote(path, opened):
    earlier(path, "0002")
    opened.create()
    assert {job.type for job in JobStore(opened).page(limit=100)} == {
        JobType.EVAL, JobType.EXAM, JobType.PASSIVE_EVAL, JobType.PRIMITIVE, JobType.SPARRING,
    }  # fmt: skip
    assert PrimitiveStore(opened).stats(CAMPAIGN)["carry"].attempts > 5
    assert PassiveStore(opened).read(CAMPAIGN, [("reversal", 1)])[0].state.runs == 1
    assert SparringStore(opened).page(CAMPAIGN)[0].examples == 24
    assert CurriculumStore(opened).settings(CAMPAIGN, ["sy"], [])["sy"].enabled
    assert SkillStore(opened).samples(CAMPAIGN, "bin")[0].samples[0]["expected"] == "1"


def test_results_of_exams_are_found_by_skill(revision, opened):
    opened.create()
    with opened.read() as connection:
        found = {(row.skill_id, row.step): row for row in connection.execute(select(checkpoint_skills))}
    assert found["bin", 100].accuracy == 0.5
    assert (found["bin", 100].campaign_id, found["bin", 100].exam_version) == (CAMPAIGN, "bin-1")
    assert {skill for skill, step in found if step == 200} == ({"bin", "sy"} if revision == "0002" else {"bin"})
    # Not of 210, which is in the trash: it comes back with its results when it is restored.
    assert {step for _, step in found} == {100, 200}


def test_what_the_guild_adds_to_older_rows(path, opened):
    """Intervals as if they had been recorded today, and when each job's finding entered the books."""
    earlier(path, "0001")
    opened.create()
    with opened.read() as connection:
        recorded = connection.execute(select(evaluations)).mappings().all()
        noted = dict(connection.execute(select(jobs.c.id, jobs.c.recorded_at)).all())
    for row in recorded:
        assert (row["low"], row["high"]) == wilson_interval(row["correct"], row["n"])
        assert noted.pop(int(row["job_id"])) == row["created_at"]
    assert noted.pop(int(SkillStore(opened).exams(CAMPAIGN)[0].job_id)) == at(516)
    assert set(noted.values()) == {None}


@pytest.mark.usefixtures("revision")
def test_a_number_is_not_given_again_after_its_table_was_made_anew(path, opened):
    """The dumps' last job is gone: its number was given and is in nobody's row."""
    with closing(sqlite3.connect(path)) as raw:
        given = raw.execute("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'").fetchone()[0]
        assert raw.execute("SELECT max(id) FROM jobs").fetchone()[0] < given
        raw.execute("DELETE FROM job_events")
        raw.execute("DELETE FROM jobs")
        raw.commit()
    opened.create()
    made = JobStore(opened).submit("exam", {"checkpoint_id": "c"}, T0).job
    assert int(made.id) == given + 1


def test_down_again_is_as_it_was(revision, path, opened):
    schema, rows = schema_of(path), rows_of(path)
    opened.create()
    opened.downgrade(revision)
    assert opened.revision() == revision
    assert schema_of(path) == schema
    after = rows_of(path)
    assert after.pop("alembic_version") == [{"version_num": revision}]
    assert after == rows


def test_up_down_up(revision, path, opened):
    opened.create()
    schema, rows = schema_of(path), rows_of(path)
    opened.downgrade(revision)
    opened.create()
    assert schema_of(path) == schema
    assert rows_of(path) == rows
    assert copies(path) == [f"realm.db.before-{revision}", "realm.db.before-0004", "realm.db.before-0004-2"]


def test_making_all_at_once_and_step_by_step_are_one(path, opened, empty_database):
    with opened.write() as connection:
        move(connection, HEAD)
    assert schema_of(path) == schema_of(empty_database)
    assert list(revisions()) == [*EARLIER, *WITH_ALEMBIC, HEAD]


def test_down_forgets_what_the_older_schema_has_no_place_for(db, database_path):
    store, vault = JobStore(db), CheckpointStore(db)
    kept = store.submit("sparring", {"skill_id": "bin"}, T0).job
    store.submit("inference", {"prompt": "①?"}, T0)
    vault.record(make_checkpoint(1, created_by=CreatedBy.IMPORT), T0)
    elsewhere = vault.record(make_checkpoint(2), T0).checkpoint
    vault.set_path(elsewhere.id, "")
    db.downgrade("0002")
    rows = rows_of(database_path)
    assert [(row["id"], row["type"]) for row in rows["jobs"]] == [(int(kept.id), "spar")]
    assert {row["job_id"] for row in rows["job_events"]} == {int(kept.id)}
    assert [(row["step"], row["created_by"]) for row in rows["checkpoints"]] == [(1, "start")]
    db.downgrade("0001")
    assert rows_of(database_path)["jobs"] == []


@pytest.mark.usefixtures("revision")
def test_a_copy_is_kept_of_what_was_changed(path, opened):
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("UPDATE workers SET host = 'in the log'")
        raw.commit()
        rows = rows_of(path)
        copy = opened.create()  # what was written last is in the WAL file yet
    assert copy == path.with_name("realm.db.before-0004")
    assert rows_of(copy) == rows
    assert opened.create() is None
    assert copies(path) == [copy.name]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE alembic_version SET version_num = '0099'", "0099"),
        ("DROP TABLE alembic_version; UPDATE schema_version SET version = 99", "0099"),
    ],
)
def test_a_newer_schema_is_refused(db, database_path, statement, found):
    with closing(sqlite3.connect(database_path)) as raw:
        raw.executescript(statement)
    before = rows_of(database_path)
    with pytest.raises(ConflictError, match=rf"revision {found}.*knows up to {HEAD}.*Update the realm"):
        db.create()
    with pytest.raises(ConflictError, match=found):
        db.downgrade("0001")
    assert rows_of(database_path) == before
    assert copies(database_path) == []


def test_down_to_nowhere_is_refused(path, opened):
    with pytest.raises(ConflictError, match="revision none"):
        opened.downgrade("0001")
    earlier(path, "0001")
    with pytest.raises(NotFoundError, match=r"'0000'.*0001, 0002, 0003, 0004"):
        opened.downgrade("0000")
    with pytest.raises(ConflictError, match="0001, which is before 0002"):
        opened.downgrade("0002")
    assert opened.downgrade("0001") is None
    assert copies(path) == []


def failing_at(database, number):
    """Make the database's `number`-th statement from now fail, as a full disk would."""
    seen = [0]

    def count(*_):
        seen[0] += 1
        if seen[0] == number:
            raise KeyError(number)

    event.listen(database._reader, "before_cursor_execute", count)
    return seen


def test_what_fails_half_way_leaves_all_as_it_was(revision, tmp_path):
    """At statements all along the way: the same bytes of tables, rows and numbers, and no copy left behind."""
    whole = Database.open(earlier(tmp_path / "whole.db", revision))
    statements = failing_at(whole, 0)
    whole.create()
    whole.close()
    assert statements[0] > 100
    for number in range(12, statements[0], 23):
        path = earlier(tmp_path / f"{number}.db", revision)
        with closing(sqlite3.connect(path)) as raw:
            before = list(raw.iterdump())
        database = Database.open(path)
        failing_at(database, number)
        with pytest.raises(KeyError):
            database.create()
        assert database.revision() == revision
        with closing(sqlite3.connect(path)) as raw:
            assert list(raw.iterdump()) == before
        assert copies(path) == []
        # The connection is as before: a deleted job takes its history with it.
        with database.write() as connection:
            connection.exec_driver_sql("DELETE FROM jobs")
            assert connection.exec_driver_sql("SELECT count(*) FROM job_events").scalar_one() == 0
        database.close()


def test_a_row_that_would_refer_to_nothing_stops_the_move(path, opened):
    earlier(path, "0002")
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DELETE FROM jobs WHERE id = 1")
        raw.commit()
    with pytest.raises(DatabaseError, match="job_events would refer to nothing in jobs"):
        opened.create()
    assert opened.revision() == "0002"


def upgrade(path, gate, answers):
    gate.wait(60)
    database = Database.open(path)
    copy = database.create()
    answers.put((copy and copy.name, database.revision(), len(JobStore(database).page(limit=100))))
    database.close()


def test_of_several_processes_one_upgrades(path):
    earlier(path, "0002")
    gate, answers = SPAWN.Barrier(3), SPAWN.Queue()
    processes = [SPAWN.Process(target=upgrade, args=(path, gate, answers)) for _ in range(3)]
    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    assert sorted(str(copy) for copy, _, _ in found) == ["None", "None", "realm.db.before-0004"]
    assert {(revision, count) for _, revision, count in found} == {(HEAD, 16)}
    assert copies(path) == ["realm.db.before-0004"]


def upgrade_until(path, number, reached):
    """Upgrade up to the `number`-th statement, say so, and wait to be killed."""
    database = Database.open(path)
    seen = [0]

    def count(*_):
        seen[0] += 1
        if seen[0] == number:
            reached.send(number)
            threading.Event().wait()

    event.listen(database._reader, "before_cursor_execute", count)
    database.create()


def test_an_upgrade_that_is_killed_is_made_by_the_next_start(path, empty_database):
    earlier(path, "0001")
    rows = rows_of(path)
    for number in (60, 120):
        receiver, sender = SPAWN.Pipe(duplex=False)
        process = SPAWN.Process(target=upgrade_until, args=(path, number, sender))
        process.start()
        assert receiver.recv() == number
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert rows_of(path) == rows
        assert copies(path) == ["realm.db.before-0004.part"]
    database = Database.open(path)
    database.create()
    database.close()
    assert copies(path) == ["realm.db.before-0004"]
    assert schema_of(path) == schema_of(empty_database)
    assert len(rows_of(path)["jobs"]) == len(rows["jobs"])
