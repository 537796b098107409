"""TaskMaster: the actor asked by eight workers at once on a Ray of its own; and a thousand simulated workers.

The thousand are coroutines in one process around a plain TaskMaster without running limits. Each waits in a long poll
for a job, works for a while, beats every 10 s, and completes. All jobs, of every priority, are queued before the first
worker comes; the workers come spread over the time that a job takes.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

from benchmarks.report import Row, spread
from realm.errors import ConflictError
from realm.home import RealmHome
from realm.rules.job import BEAT_S, JOB_SPECS, Job, JobStatus, JobType, Priority
from realm.rules.job_match import turn
from realm.store.database import Database
from realm.store.jobs import JobStore

WORKERS, EACH = 8, 250
SIMULATED, QUEUED, WORK_S = 1_000, 10_000, (2.0, 6.0)
KIND = JobType.HEALTH_CHECK.value
ROLES = ["eval"]
WAIT_S = 20.0


def measure(quick: bool, tell: Callable[[str], None]) -> list[Row]:
    """Rates of the actor, and how long a simulated worker waits."""
    tell(f"TaskMaster with {WORKERS} workers")
    rows = [_actor(20 if quick else EACH)]
    tell("a thousand simulated workers" if not quick else "simulated workers")
    workers, jobs = (50, 200) if quick else (SIMULATED, QUEUED)
    return [*rows, *asyncio.run(_simulate(workers, jobs, (0.1, 0.3) if quick else WORK_S))]


def _made_home(folder: str) -> RealmHome:
    home = RealmHome(Path(folder))
    db = Database.open(home.database)
    db.create()
    db.close()
    return home


def _actor(each: int) -> Row:
    """Jobs a second of all workers together, by the clock."""
    import ray

    from actors.task_master import TaskMaster

    # "local": never a cluster that runs here already.
    ray.init(
        "local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR", namespace="bench"
    )
    try:
        with tempfile.TemporaryDirectory(prefix="realm-bench-") as folder:
            home = _made_home(folder)
            master = ray.remote(TaskMaster).options(max_concurrency=2000, num_cpus=0).remote(str(home.root))
            crew = [ray.remote(_Caller).options(num_cpus=0).remote(master, f"w{n}") for n in range(WORKERS)]
            ray.get([caller.work.remote(20) for caller in crew])
            began = time.perf_counter()
            done: list[list[str]] = ray.get([caller.work.remote(each) for caller in crew])
            seconds = time.perf_counter() - began
            ray.kill(master)
            store = JobStore(Database.open(home.database))
            counts = store.stats()
            ran = Counter(job for jobs in done for job in jobs)
            twice = sum(count > 1 for count in ran.values())
            lost = sum(sum(kinds.values()) for status, kinds in counts.items() if status != JobStatus.COMPLETED)
    finally:
        ray.shutdown()
    total = each * WORKERS
    return Row(
        what=f"the same through the TaskMaster actor from {WORKERS} workers at once",
        measured=f"{total:,} jobs in {seconds:.1f} s; {lost} not completed, {twice} run twice",
        value=0.0 if lost or twice or len(ran) != total else total / seconds,
        unit="jobs/s",
        n=total,
        at_least=150,
    )


class _Caller:
    """A worker process that submits a job, takes the next one and completes it, again and again."""

    def __init__(self, master: Any, name: str) -> None:
        import ray

        self.master, self.name, self.get = master, name, ray.get
        self.get(master.register.remote(name, "bench", ROLES))

    def work(self, jobs: int) -> list[str]:
        done: list[str] = []
        for _ in range(jobs):
            self.get(self.master.submit.remote(KIND, {}))
            while (job := self.get(self.master.claim.remote(self.name, ROLES, WAIT_S))) is None:
                pass
            self.get(self.master.complete.remote(job["id"], self.name, {"by": self.name}))
            done.append(job["id"])
        return done


@dataclass
class _Tally:
    """What the simulated workers saw. `claims`: seconds from asking to a job."""

    left: int
    claims: list[float] = field(default_factory=list[float])
    given_back: int = 0


async def _simulate(workers: int, jobs: int, work_s: tuple[float, float]) -> list[Row]:
    from actors.task_master import TaskMaster

    specs = {kind: replace(spec, max_running=10**6, max_pending=10**6) for kind, spec in JOB_SPECS.items()}
    with tempfile.TemporaryDirectory(prefix="realm-bench-") as folder:
        home = _made_home(folder)
        master = TaskMaster(str(home.root), specs)
        rng = Random(1)
        wanted = [{"job_type": KIND, "payload": {}, "priority": rng.choice(list(Priority)).value} for _ in range(jobs)]
        for first in range(0, jobs, 500):
            await master.submit_many(wanted[first : first + 500])
        await asyncio.gather(*(master.register(f"w{n}", "bench", ROLES) for n in range(workers)))
        tally = _Tally(jobs)
        began = time.perf_counter()
        await asyncio.gather(*(_work(master, n, workers, work_s, tally) for n in range(workers)))
        seconds = time.perf_counter() - began
        found, out_of_turn = _out_of_turn(JobStore(Database.open(home.database)))
        master.writer.shutdown()
        master.readers.shutdown()
    done = sum(job.status == JobStatus.COMPLETED for job in found)
    p99 = quantiles(tally.claims, n=100, method="inclusive")[-1]
    return [
        Row(
            what=f"{workers:,} simulated workers in long polls, {jobs:,} jobs of every priority: claim p99",
            measured=f"{spread(tally.claims, 'ms', 1000)}; {done:,} completed in {seconds:.1f} s",
            value=p99 * 1000 if done == jobs else None,
            unit="ms",
            n=len(tally.claims),
            at_most=250,
        ),
        Row(
            what="the same: claims out of turn (a more urgent or earlier job waited)",
            measured=f"{out_of_turn} of {len(found):,}; {tally.given_back} idle jobs yielded",
            value=float(out_of_turn),
            unit="claims",
            n=len(found),
            at_most=0,
        ),
    ]


async def _work(master: Any, number: int, workers: int, work_s: tuple[float, float], tally: _Tally) -> None:
    rng, name = Random(number), f"w{number}"
    await asyncio.sleep(number / workers * sum(work_s) / 2)
    holding: list[str] = []
    beats = asyncio.create_task(_beat(master, name, holding))
    while tally.left > 0:
        began = time.perf_counter()
        # Towards the end nothing comes any more: short polls then, so that all workers come to their end.
        job = await master.claim(name, ROLES, WAIT_S if tally.left > workers else 1.0)
        if job is None:
            continue
        tally.claims.append(time.perf_counter() - began)
        holding.append(job["id"])
        await asyncio.sleep(rng.uniform(*work_s))
        holding.clear()
        try:
            await master.complete(job["id"], name, {"by": name})
            tally.left -= 1
        except ConflictError:
            tally.given_back += 1
    beats.cancel()
    with suppress(asyncio.CancelledError):
        await beats


async def _beat(master: Any, name: str, holding: list[str]) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        await master.heartbeat(name, list(holding))


def _out_of_turn(store: JobStore) -> tuple[tuple[Job, ...], int]:
    """All jobs, and how many were claimed while one that comes before them waited. All were queued at the start."""
    found = store.page(limit=10**6)
    claimed: list[tuple[datetime, int, Job]] = []
    for job in found:
        line = next(line for line in store.history(job.id) if line.status == JobStatus.CLAIMED)
        claimed.append((line.at, line.seq, job))
    claimed.sort(key=lambda each: each[:2])
    # What waits at each claim are the jobs claimed later: the first of each priority is compared with it.
    wrong = 0
    first: dict[Priority, Job] = {}
    for at, _, job in reversed(claimed):
        wrong += any(turn(other, at) < turn(job, at) for other in first.values())
        if job.priority not in first or int(job.id) < int(first[job.priority].id):
            first[job.priority] = job
    return found, wrong
