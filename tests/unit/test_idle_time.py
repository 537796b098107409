"""TaskMaster's idle time on a real database: what it posts while workers wait, and what it leaves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actors.task_master import TaskMaster
from realm.home import RealmHome
from realm.rules.checkpoint import Checkpoint, CreatedBy, canonical_name, checkpoint_id
from realm.rules.idle_work import TAG
from realm.rules.job_match import Ask
from realm.rules.progression import Evaluation, LevelRule
from realm.rules.stronghold import Location
from realm.store.battles import BattleStore
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.idle_reads import IdleReads
from realm.store.locations import LocationStore
from realm.store.skills import SkillStore

AT = datetime(2026, 1, 1, tzinfo=UTC)
EVAL, VAULT = Ask("w", ("eval",)), Ask("s", ("forge", "vault"))


@pytest.fixture
def master(tmp_path):
    """A TaskMaster in a realm with a campaign; called as a plain object, without its event loop."""
    home = RealmHome(tmp_path)
    db = Database.open(home.database)
    db.create()
    CampaignStore(db).ensure_campaign("mote", "v1", AT)
    db.close()
    made = TaskMaster(str(tmp_path))
    yield made
    made.writer.shutdown()
    made.readers.shutdown()
    made.database.close()


def save(master, step, **more):
    name = canonical_name(step, AT)
    checkpoint = Checkpoint(
        id=checkpoint_id("mote-1", name), campaign_id="mote-1", hero_id="mote", step=step, saved_at=AT,
        canonical_name=name, path=f"/{name}", sha256=f"{step:064x}", size_bytes=1, has_optimizer=True,
        created_by=CreatedBy.INTERVAL,
    )  # fmt: skip
    CheckpointStore(master.database).record(replace(checkpoint, **more), AT)
    return checkpoint.id


def posted(master):
    """(type, its checkpoint or zone, reason) of each job, oldest first."""
    return [
        (job.type.value, job.payload.get("checkpoint_id") or job.payload.get("zone"), job.tags[1])
        for job in reversed(master.jobs.page())
        if TAG in job.tags
    ]


def master_level_one(master, step):
    skills = SkillStore(master.database)
    for n in range(3):
        found = Evaluation("mote-1", "bin", 1, step + n, 100, 99, 1, n, f"job-{n}", AT)
        skills.record_evaluation(found, LevelRule(max_level=30))


def test_missing_exams_are_posted_while_nothing_else_waits_and_one_at_a_time(master):
    first, second = save(master, 100), save(master, 200)
    assert master.idle.post([EVAL])
    assert posted(master) == [("exam", second, "step 200 has no exam of this version")]
    job = master.jobs.page()[0]
    assert (job.priority.value, job.payload["campaign_id"]) == ("idle", "mote-1")
    # It is open still; then its kind rests for a minute.
    assert not master.idle.post([EVAL])
    master.jobs.cancel(job.id, "seen", AT)
    assert not master.idle.post([EVAL])
    master.idle.last.clear()
    assert master.idle.post([EVAL]) is False
    assert master.idle.state()["exam"]["job_id"] == job.id
    assert first not in [each[1] for each in posted(master)]


def test_a_key_that_was_used_before_is_not_asked_for_ever(master):
    """The newest checkpoint's exam was asked by the director and failed: the next one has its turn."""
    first, second = save(master, 100), save(master, 200)
    master.jobs.submit("exam", {"checkpoint_id": second}, AT, key=f"exam/{second}/v1")
    master.jobs.cancel("1", "failed", AT)
    assert not master.idle.post([EVAL])
    master.idle.last.clear()
    assert master.idle.post([EVAL])
    assert [each[1] for each in posted(master)] == [first]


def test_nothing_is_posted_for_a_role_that_nobody_waits_in_or_that_has_work(master):
    save(master, 100)
    assert not master.idle.post([])
    assert not master.idle.post([Ask("f", ("forge",))])
    master.jobs.submit("exam", {"checkpoint_id": "c"}, AT)
    assert not master.idle.post([EVAL])
    assert posted(master) == []


def test_idle_time_can_be_switched_off(master, monkeypatch):
    save(master, 100)
    monkeypatch.setenv("REALM_JOBS__IDLE_WORK", "false")
    assert not master.idle.post([EVAL, VAULT])
    assert master.idle.state() == {}


def test_a_battle_on_the_same_cores_is_left_alone_one_elsewhere_is_not_met(master):
    save(master, 100)
    BattleStore(master.database).create_battle("mote-1", 100, AT)
    assert not master.idle.post([EVAL])
    assert master.idle.post([replace(EVAL, labels={"realm/role": "oracle"})])


def test_a_mastered_level_is_reviewed_with_the_newest_checkpoint_and_once(master):
    master_level_one(master, 10)
    newest = save(master, 200, exam_version="v1")
    assert IdleReads(master.database).levels_asked("mote-1") == {"bin": {1: 12}}
    assert master.idle.post([EVAL])
    assert posted(master) == [("eval", newest, "mastered level 1 of bin, last asked at step 12, of step 200")]
    job = master.jobs.page()[0]
    assert (job.payload["skill_id"], job.payload["level"]) == ("bin", 1)
    master.jobs.cancel(job.id, "seen", AT)
    master.idle.last.clear()
    assert not master.idle.post([EVAL])


def test_retention_is_posted_once_an_hour_by_whomever_it_was_asked(master):
    assert master.idle.post([VAULT])
    assert posted(master) == [("retention", "hot", "hot: not applied yet")]
    master.jobs.cancel("1", "seen", AT)
    master.idle.last.clear()
    assert not master.idle.post([VAULT])
    assert list(IdleReads(master.database).retained()) == ["hot"]


def test_what_a_former_task_master_posted_counts(master, tmp_path):
    save(master, 100)
    save(master, 200)
    assert master.idle.post([EVAL])
    master.jobs.cancel("1", "seen", AT)
    another = TaskMaster(str(tmp_path))
    assert not another.idle.post([EVAL])
    assert another.idle.state() == {}
    another.database.close()


def test_copies_outside_home_are_known_by_the_one_verified_first(master):
    checkpoint = save(master, 100)
    locations = LocationStore(master.database)
    for place, days in (("nas", 1), ("cold", 3)):
        at = AT - timedelta(days=days)
        locations.add(Location(checkpoint, place, "/x", 1, at, at, {}))
    assert IdleReads(master.database).copies() == {checkpoint: AT - timedelta(days=3)}


def test_task_master_looks_by_itself(master, monkeypatch):
    monkeypatch.setattr("actors.task_master.KEEP_INTERVAL_S", 0.02)
    monkeypatch.setattr("actors.task_master.IDLE_LOOK_S", 0.02)
    checkpoint = save(master, 100)
    asked = []

    async def assign(_service, job):
        asked.append(job["payload"]["checkpoint_id"])

    monkeypatch.setattr("actors.recording.assign", assign)

    async def play():
        job = await master.claim("w", ["eval"], 20)
        stats = await master.stats()
        return job, stats

    job, stats = asyncio.run(play())
    assert (job["type"], asked) == ("exam", [checkpoint])
    assert stats["idle_work"]["exam"] == {**stats["idle_work"]["exam"], "job_id": job["id"], "reason": job["tags"][1]}
