"""TaskMaster as a plain class on a real database: what it answers, who gets which job, and when it waits."""

from __future__ import annotations

import asyncio
import json
import pickle
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actors import recording
from actors.job_batches import Batches
from actors.task_master import TaskMaster
from realm.errors import ClusterError, ConflictError, NotFoundError, QueueFullError, RealmError, RequestError
from realm.home import RealmHome
from realm.rules.job import JOB_SPECS, JobType
from realm.store.campaigns import CampaignStore
from realm.store.database import Database

AT = datetime(2026, 1, 1, tzinfo=UTC)
DATA = {"path": "a.jsonl"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A database with an active campaign."""
    home = RealmHome(tmp_path_factory.mktemp("made"))
    db = Database.open(home.database)
    db.create()
    CampaignStore(db).ensure_campaign("mote", "v1", AT)
    db.close()
    return home.database


@pytest.fixture
def masters(made, tmp_path):
    """Makes TaskMasters of one home, inside the event loop that they run in."""
    home = RealmHome(tmp_path)
    with sqlite3.connect(made) as source, sqlite3.connect(home.database) as target:
        source.backup(target)
    begun = []

    def make(specs=JOB_SPECS):
        begun.append(TaskMaster(str(tmp_path), specs))
        return begun[-1]

    yield make
    for each in begun:
        each.writer.shutdown()
        each.readers.shutdown()
        each.database.close()


def limited(kind, **limits):
    return {**JOB_SPECS, kind: replace(JOB_SPECS[kind], **limits)}


def test_a_job_from_its_submission_to_its_end(masters):
    async def play():
        master = masters()
        await master.register("w", "host", ["forge"], {"disk": "big"}, pid=7)
        answer = await master.submit("data_validate", DATA, "high", tags=["mine"], labels={"disk": "big"})
        assert answer == {
            "job_id": "1", "status": "pending", "queue_position": 1, "warnings": [], "repeated": False,
        }  # fmt: skip
        assert await master.claim("w", ["forge"], 0) is None
        job = await master.claim("w", ["forge"], 0, {"disk": "big"})
        assert (job["id"], job["status"], job["worker_id"], job["attempts"]) == ("1", "running", "w", 1)
        assert (job["payload"], job["tags"], job["labels"]) == (DATA, ("mine",), {"disk": "big"})
        assert await master.heartbeat("w", ["1", "9"]) == {"lost": ["9"]}
        (worker,) = await master.workers()
        assert (worker["online"], worker["holding"], worker["pid"], worker["external"]) == (True, ["1"], 7, False)
        done = await master.complete("1", "w", {"lines": 3})
        assert (done["status"], done["result"]) == ("completed", {"lines": 3})
        assert await master.complete("1", "w", {"lines": 4}) == done == await master.show("1")
        assert [line["status"] for line in await master.history("1")] == ["pending", "claimed", "running", "completed"]
        json.dumps([done, worker, await master.history("1")])
        assert pickle.loads(pickle.dumps(done)) == done

    asyncio.run(play())


def test_what_is_wrong_is_refused_with_its_field(masters):
    async def play():
        master = masters()
        for arguments, words in (
            (("evil", {}), "'evil'"),
            (("data_validate", {"path": 3}), "'path'"),
            (("data_validate", DATA, "urgent"), "'priority'.*'urgent'.*critical"),
            (("data_validate", DATA, "high", None, "mine"), "'tags'"),
            (("data_validate", DATA, "high", None, (), -1), "'timeout_s'.*-1"),
            (("data_validate", DATA, "high", None, (), None, {"a": 1}), "'labels'"),
            (("data_validate", DATA, "high", None, (), None, None, -1), "'min_gpu_mb'"),
        ):
            with pytest.raises(RequestError, match=words):
                await master.submit(*arguments)
        with pytest.raises(NotFoundError, match="'77'"):
            await master.show("77")
        for wrong in ({"statuses": ["lost"]}, {"types": ["lost"]}, {"limit": -1}, {"offset": 10**7}):
            with pytest.raises(RequestError):
                await master.list(**wrong)
        with pytest.raises(NotFoundError, match="not registered"):
            await master.heartbeat("ghost", [])
        assert (await master.list())["total"] == 0

    asyncio.run(play())


def test_a_full_queue_says_when_to_try_again(masters):
    async def play():
        master = masters(limited(JobType.SYNC, max_pending=1))
        sync = ("sync", {"source": "a", "target": "b"})
        await master.submit(*sync)
        with pytest.raises(QueueFullError, match="1 or more sync jobs wait") as caught:
            await master.submit(*sync)
        assert caught.value.retry_after_s == 60
        (answer,) = await master.submit_many([{"job_type": sync[0], "payload": sync[1]}])
        assert (answer["error"]["kind"], answer["error"]["retry_after_s"]) == ("QueueFullError", 60)

    asyncio.run(play())


def test_the_active_campaign_is_filled_in_where_a_type_belongs_to_one(masters):
    async def play():
        master = masters()
        mine = await master.submit("exam", {"campaign_id": "other-9"})
        active = await master.submit("exam", {"campaign_id": None})
        health = await master.submit("health_check", {})
        shown = [(await master.show(each["job_id"]))["payload"] for each in (mine, active, health)]
        assert [each.get("campaign_id") for each in shown] == ["other-9", "mote-1", None]

    asyncio.run(play())


def test_a_batch_is_answered_one_by_one(masters):
    async def play():
        master = masters()
        good = {"job_type": "data_validate", "payload": DATA}
        batch = [good, {**good, "payload": {}}, {**good, "key": "k"}, {"job": 1}, {**good, "key": "k"}]
        answers = await master.submit_many(batch)
        assert [each.get("job_id") for each in answers] == ["1", None, "2", None, "2"]
        assert [each.get("repeated") for each in answers] == [False, None, False, None, True]
        assert answers[1]["error"]["problem"].startswith("Payload field 'path'")
        assert answers[3]["error"]["kind"] == "RequestError"
        await master.register("w", "host", ["forge"])
        jobs = await master.claim_many("w", ["forge"], 5, 0)
        assert [job["id"] for job in jobs] == ["1", "2"]
        results = [{"job_id": each, "result": {"n": each}} for each in ("2", "1", "5")]
        done = await master.complete_many("w", results)
        assert [each.get("result") for each in done] == [{"n": "2"}, {"n": "1"}, None]
        assert done[2]["error"]["kind"] == "NotFoundError"

    asyncio.run(play())


def test_who_waits_is_handed_the_job_that_comes(masters):
    async def play():
        master = masters()
        claims = {name: asyncio.create_task(master.claim(name, ["forge"], 30)) for name in ("a", "b")}
        other = asyncio.create_task(master.claim("c", ["vault"], 30))
        while len(master.desk.waiting()) < 3:
            await asyncio.sleep(0)
        await master.submit("data_validate", DATA)
        assert (await claims["a"])["id"] == "1"
        await master.submit("sync", {"source": "a", "target": "b"})
        assert (await other)["id"] == "2"
        assert not claims["b"].done()
        await master.submit("data_validate", DATA)
        assert (await claims["b"])["id"] == "3"
        assert master.desk.waiting() == []

    asyncio.run(play())


def test_a_claim_in_vain_ends_when_it_said_it_would(masters):
    async def play():
        master = masters()
        began = time.monotonic()
        assert await master.claim("w", ["forge"], 0.3) is None
        assert 0.3 <= time.monotonic() - began < 5

    asyncio.run(play())


def test_a_slot_that_becomes_free_goes_to_who_waits(masters):
    async def play():
        master = masters(limited(JobType.DATA_VALIDATE, max_running=1))
        for _ in range(2):
            await master.submit("data_validate", DATA)
        first = await master.claim("a", ["forge"], 0)
        waits = asyncio.create_task(master.claim("b", ["forge"], 30))
        while not master.desk.waiting():
            await asyncio.sleep(0)
        await master.complete(first["id"], "a", {})
        assert (await waits)["id"] == "2"

    asyncio.run(play())


def test_many_that_wait_share_few_looks_and_none_is_served_twice(masters, monkeypatch):
    async def play():
        specs = limited(JobType.DATA_VALIDATE, max_running=10**6, max_pending=10**6)
        master = masters(specs)
        looks = []
        claim_started = master.jobs.claim_started
        monkeypatch.setattr(
            master.jobs,
            "claim_started",
            lambda asks, *rest, **more: looks.append(1) or claim_started(asks, *rest, **more),
        )
        claims = [asyncio.create_task(master.claim(f"w{n}", ["forge"], 30)) for n in range(300)]
        while len(master.desk.waiting()) < 300:
            await asyncio.sleep(0)
        before = len(looks)
        await master.submit_many([{"job_type": "data_validate", "payload": DATA}] * 300)
        jobs = await asyncio.gather(*claims)
        assert {int(job["id"]) for job in jobs} == set(range(1, 301))
        # The first that came has the first job; each transaction hands out a hundred.
        assert [int(job["id"]) for job in jobs] == sorted(int(job["id"]) for job in jobs)
        assert len(looks) - before < 12

    asyncio.run(play())


def test_what_is_claimed_for_a_worker_that_gave_up_goes_back(masters, monkeypatch):
    async def play():
        master = masters()
        waits = asyncio.create_task(master.claim("gone", ["forge"], 30))
        while not master.desk.waiting():
            await asyncio.sleep(0)
        claim_started = master.jobs.claim_started
        loop = asyncio.get_running_loop()

        def claimed_while_it_gives_up(asks, *rest, **more):
            found = claim_started(asks, *rest, **more)
            if any(found):
                loop.call_soon_threadsafe(waits.cancel)
            return found

        monkeypatch.setattr(master.jobs, "claim_started", claimed_while_it_gives_up)
        await master.submit("data_validate", DATA)
        while len(await master.history("1")) < 4:
            await asyncio.sleep(0.01)
        monkeypatch.undo()
        job = await master.claim("there", ["forge"], 10)
        assert (job["id"], job["worker_id"], job["attempts"]) == ("1", "there", 1)

    asyncio.run(play())


def test_what_evaluates_gets_its_task_and_is_recorded_before_it_is_completed(masters, monkeypatch):
    asked = []

    async def assign(_service, job):
        asked.append(("assign", job["id"]))
        return {"level": 3}

    async def record(service, job, result, held):
        asked.append(("record", job["id"], (await service.show(job["id"]))["status"], held))
        return {"told": result["found"]}

    async def play():
        master = masters()
        monkeypatch.setattr(recording, "assign", assign)
        monkeypatch.setattr(recording, "record", record)
        await master.submit("exam", {})
        await master.submit("data_validate", DATA)
        job = await master.claim("w", ["eval", "forge"], 0)
        plain = await master.claim("w", ["eval", "forge"], 0)
        assert (job["task"], "task" in plain) == ({"level": 3}, False)
        assert (await master.complete(job["id"], "w", {"found": 5}, ["ref"]))["result"] == {"told": 5}
        assert (await master.complete(plain["id"], "w", {"found": 6}))["result"] == {"found": 6}
        assert asked == [("assign", "1"), ("record", "1", "running", ["ref"])]
        with pytest.raises(ConflictError, match="not by thief"):
            await master.complete(job["id"], "thief", {"found": 7})
        assert len(asked) == 2

    asyncio.run(play())


@pytest.mark.parametrize(
    ("error", "status", "failure"),
    [
        (ConflictError("superseded: newer weights came"), "cancelled", None),
        (RequestError("no such level"), "failed", "bad_payload"),
        (ClusterError("no answer"), "pending", "transport"),
    ],
)
def test_a_job_that_cannot_be_assigned_ends_and_the_claim_waits_on(masters, monkeypatch, error, status, failure):
    async def assign(_service, _job):
        raise error

    async def play():
        master = masters()
        monkeypatch.setattr(recording, "assign", assign)
        await master.submit("exam", {}, "high")
        await master.submit("data_validate", DATA)
        assert (await master.claim("w", ["eval", "forge"], 20))["id"] == "2"
        ended = await master.show("1")
        assert (ended["status"], ended["failure"]) == (status, failure)
        assert str(error) in (ended["cancel_reason"] or ended["error"])

    asyncio.run(play())


def test_a_slow_assignment_holds_up_no_other_claim(masters, monkeypatch):
    async def play():
        master = masters()
        go = asyncio.Event()

        async def assign(_service, _job):
            await go.wait()

        monkeypatch.setattr(recording, "assign", assign)
        await master.submit("exam", {}, "high")
        await master.submit("data_validate", DATA)
        slow = asyncio.create_task(master.claim("a", ["eval"], 20))
        assert (await master.claim("b", ["forge"], 20))["id"] == "2"
        assert not slow.done()
        go.set()
        assert (await slow)["id"] == "1"

    asyncio.run(play())


def test_a_failed_recording_leaves_the_job_to_be_completed_again(masters, monkeypatch):
    async def assign(_service, _job):
        return None

    async def record(_service, _job, result, _held):
        return result

    async def unrecorded(_service, _job, _result, _held):
        raise ClusterError("no answer")

    async def play():
        master = masters()
        monkeypatch.setattr(recording, "assign", assign)
        monkeypatch.setattr(recording, "record", record)
        await master.submit("exam", {})
        job = await master.claim("w", ["eval"], 0)
        with monkeypatch.context() as patch:
            patch.setattr(recording, "record", unrecorded)
            with pytest.raises(ClusterError):
                await master.complete(job["id"], "w", {})
            (answer,) = await master.complete_many("w", [{"job_id": job["id"], "result": {}}])
            assert answer["error"]["kind"] == "ClusterError"
        assert (await master.show(job["id"]))["status"] == "running"
        assert (await master.complete(job["id"], "w", {}))["status"] == "completed"

    asyncio.run(play())


def test_fail_release_cancel_retry(masters):
    async def play():
        master = masters()
        await master.submit("data_validate", DATA)
        await master.claim("w", ["forge"], 0)
        assert (await master.release("1", "w"))["attempts"] == 0
        await master.claim("w", ["forge"], 0)
        with pytest.raises(RequestError, match=r"'boredom'.*transport"):
            await master.fail("1", "w", "boredom", "x")
        failed = await master.fail("1", "w", "bad_payload", "no such file")
        assert (failed["status"], failed["error"]) == ("failed", "no such file")
        assert (await master.retry("1"))["status"] == "pending"
        assert (await master.cancel("1", "not wanted"))["cancel_reason"] == "not wanted"
        with pytest.raises(ConflictError):
            await master.release("1", "w")

    asyncio.run(play())


def test_counts_lists_and_what_is_stuck(masters):
    async def play():
        master = masters()
        await master.register("w", "host", ["forge"])
        await master.submit("data_validate", DATA)
        await master.submit("data_profile", DATA, "idle")
        await master.submit("sync", {"source": "a", "target": "b"}, "high")
        await master.claim("w", ["forge"], 0)
        stats = await master.stats()
        assert stats["by_status"]["running"]["data_validate"] == 1
        assert stats["by_status"]["pending"]["sync"] == 1
        assert stats["queues"] == [
            {"priority": priority, "pending": count}
            for priority, count in (("critical", 0), ("high", 1), ("normal", 0), ("low", 0), ("idle", 1))
        ]
        assert stats["running"] == 1
        assert stats["stuck"] == [{"job_id": "3", "type": "sync", "reason": "no worker is online for role vault"}]
        found = await master.list(["pending"], ["data_profile", "data_validate"])
        assert ([job["id"] for job in found["jobs"]], found["total"]) == (["2"], 1)
        found = await master.list(limit=1, offset=1)
        assert ([job["id"] for job in found["jobs"]], found["total"]) == (["2"], 3)
        assert await master.open_count("sync") == 1
        assert [job["id"] for job in await master.open_jobs()] == ["3", "2", "1"]
        types = {each["type"]: each for each in await master.types()}
        assert set(types) == set(JobType)
        assert types["data_gen"]["schema"]["required"] == ["skill_id", "count"]
        json.dumps([stats, types])

    asyncio.run(play())


def test_an_idle_job_yields_to_work_that_was_asked_for(masters, monkeypatch):
    monkeypatch.setattr("actors.task_master.KEEP_INTERVAL_S", 0.05)

    async def play():
        master = masters()
        await master.register("w", "host", ["forge"])
        await master.submit("data_profile", DATA, "idle")
        idle = await master.claim("w", ["forge"], 0)
        await master.submit("data_validate", DATA)
        while (await master.heartbeat("w", [idle["id"]]))["lost"] != [idle["id"]]:
            await asyncio.sleep(0)
        asked = await master.claim("w", ["forge"], 20)
        assert asked["id"] == "2"
        given_back = await master.show(idle["id"])
        assert (given_back["status"], given_back["attempts"]) == ("pending", 0)

    asyncio.run(play())


def test_another_task_master_goes_on_with_the_queue(masters):
    async def play():
        first = masters()
        await first.submit("data_validate", DATA, key="k")
        job = await first.claim("w", ["forge"], 0)
        second = masters()
        assert (await second.submit("data_validate", DATA, key="k"))["repeated"]
        assert (await second.complete(job["id"], "w", {}))["status"] == "completed"

    asyncio.run(play())


def test_calls_that_wait_share_a_batch_and_each_has_its_own_answer(masters):
    async def play():
        master = masters()
        sizes = []

        def act(given):
            sizes.append(len(given))
            time.sleep(0.02)
            return [RealmError("odd") if each % 2 else each for each in given]

        batches = Batches(act, master.writer)
        answers = await asyncio.gather(*(batches.call(n) for n in range(9)), return_exceptions=True)
        assert [each if isinstance(each, int) else str(each) for each in answers] == [
            0,
            "odd",
            2,
            "odd",
            4,
            "odd",
            6,
            "odd",
            8,
        ]
        assert sum(sizes) == 9
        assert len(sizes) <= 2

        def broken(_given):
            raise OSError("database is locked")

        with pytest.raises(OSError, match="locked"):
            await Batches(broken, master.writer).call(1)

    asyncio.run(play())
