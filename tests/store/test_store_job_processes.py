"""Eight processes on one queue: no job is lost, none is done twice, no limit is passed."""

from __future__ import annotations

import multiprocessing
import traceback
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from realm.rules.job import JOB_SPECS, JobStatus, JobType
from realm.rules.job_match import Ask
from realm.rules.job_request import JobRequest
from realm.store.database import Database
from realm.store.jobs import JobStore

PROCESSES = 8
EACH = 40
AT_MOST = 5
SPAWN = multiprocessing.get_context("spawn")
SPECS = {
    JobType.HEALTH_CHECK: replace(JOB_SPECS[JobType.HEALTH_CHECK], max_running=AT_MOST, max_pending=10**6),
}


def now():
    return datetime.now(UTC)


def work(path, number, gate):
    """Submit a share, singly and in batches, under keys that another process uses too; then claim until all is done."""
    try:
        store, worker = JobStore(Database.open(path), SPECS), f"w{number}"
        gate.wait(60)
        store.register_worker(worker, "host", ("forge",), now())
        for i in range(0, EACH, 4):
            wanted = [JobRequest("health_check", {}, key=f"{number // 2}.{i + n}") for n in range(4)]
            store.submit("health_check", {}, now(), key=wanted[0].key)
            store.submit_many(wanted, now())
        gate.wait(60)
        done = []
        total = PROCESSES * EACH // 2
        while store.count([JobStatus.COMPLETED]) < total:
            (found,) = store.claim_started([Ask(worker, ("forge",), 1 + number % 3)], now())
            held = store.count([JobStatus.RUNNING])
            assert held <= AT_MOST, held
            results = [(job.id, worker, {"by": worker}) for job in found]
            done += [job.id for job in store.complete_many(results, now())]
        path.with_suffix(f".done-{number}").write_text("\n".join(done))
    except BaseException:
        path.with_suffix(f".error-{number}").write_text(traceback.format_exc())
        gate.abort()
        raise


def test_eight_processes_share_a_queue(database_path):
    gate = SPAWN.Barrier(PROCESSES)
    processes = [SPAWN.Process(target=work, args=(database_path, number, gate)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(150)
    assert [error.read_text() for error in database_path.parent.glob("*.error-*")] == []
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    times_done = Counter(job for file in database_path.parent.glob("*.done-*") for job in file.read_text().split())

    store = JobStore(Database.open(database_path), SPECS)
    jobs = store.page(limit=1000)
    assert len(jobs) == PROCESSES * EACH // 2
    assert times_done == {job.id: 1 for job in jobs}
    assert {(job.status, job.attempts) for job in jobs} == {(JobStatus.COMPLETED, 1)}
    assert all(job.worker_id == job.result["by"] for job in jobs)
    for job in jobs:
        assert [line.status.value for line in store.history(job.id)] == ["pending", "claimed", "running", "completed"]
