"""The job queue: jobs a second through the store, against huey with its SQLite storage; a claim among a million jobs.

A job is submitted, claimed (and started) and completed with a result; a task of huey is enqueued, dequeued and run, and
its result stored. One process each, taking turns block by block. Huey syncs each commit to the disk as it comes; beside
stands huey without any sync. The realm's database syncs at checkpoints of its log (WAL, synchronous NORMAL).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from benchmarks import jobs_http, jobs_master
from benchmarks.report import Row, spread
from realm.rules.job import JOB_SPECS, JobType
from realm.rules.job_match import Ask
from realm.rules.job_request import JobRequest
from realm.store.database import Database
from realm.store.jobs import JobStore

JOBS, ROUNDS, BATCH = 1_000, 7, 100
FINISHED, CLAIMS = 1_000_000, 300
UNLIMITED = {kind: replace(spec, max_running=10**6, max_pending=10**6) for kind, spec in JOB_SPECS.items()}
KIND = JobType.HEALTH_CHECK.value
RESULT = {"ok": True}


@dataclass(frozen=True, slots=True)
class Block:
    """Jobs a second of one block: by the clock, and by this process's CPU time."""

    by_clock: float
    by_cpu: float


def measure(quick: bool, tell: Callable[[str], None]) -> list[Row]:
    """Rates through the store, TaskMaster and HTTP, and the time of a claim."""
    jobs, rounds = (100, 2) if quick else (JOBS, ROUNDS)
    with tempfile.TemporaryDirectory(prefix="realm-bench-") as scratch:
        tell("the store against huey")
        rows = _against_huey(Path(scratch), jobs, rounds)
        tell("a claim among finished jobs")
        rows.append(_claims(Path(scratch), FINISHED // (100 if quick else 1), 20 if quick else CLAIMS))
    return [*rows, *jobs_master.measure(quick, tell), *jobs_http.measure(quick, tell)]


def _against_huey(folder: Path, jobs: int, rounds: int) -> list[Row]:
    store = _store(folder / "realm.db")
    synced, unsynced = _huey(folder / "huey.db", None), _huey(folder / "unsynced.db", False)
    lanes: dict[str, Callable[[], None]] = {
        "single": lambda: _single(store, jobs),
        "batches": lambda: _batches(store, jobs),
        "huey": lambda: _tasks(synced, jobs),
        "huey unsynced": lambda: _tasks(unsynced, jobs),
    }
    blocks: dict[str, list[Block]] = {name: [] for name in lanes}
    for number in range(rounds + 1):
        for name in lanes if number % 2 else reversed(lanes):
            block = _timed(lanes[name], jobs)
            if number:  # the first round warms up
                blocks[name].append(block)
    return [
        _rate("submit + claim + complete through the store, single calls", blocks["single"]),
        _rate(f"the same in batches of {BATCH}", blocks["batches"]),
        _ratio("single calls ÷ huey (SQLite)", blocks["single"], blocks),
        _ratio(f"batches of {BATCH} ÷ huey (SQLite)", blocks["batches"], blocks),
    ]


def _timed(act: Callable[[], None], jobs: int) -> Block:
    clock, cpu = time.perf_counter(), time.process_time()
    act()
    return Block(jobs / (time.perf_counter() - clock), jobs / (time.process_time() - cpu))


def _rate(what: str, blocks: list[Block]) -> Row:
    rates = [block.by_clock for block in blocks]
    return Row(
        what=what,
        measured=f"{spread(rates, 'jobs/s')}; a second of CPU time {median(block.by_cpu for block in blocks):,.0f}",
        value=median(rates),
        unit="jobs/s",
        n=len(rates),
        at_least=500,
        details={"by_clock": rates},
    )


def _ratio(what: str, ours: list[Block], blocks: dict[str, list[Block]]) -> Row:
    theirs = blocks["huey"]
    ratios = [a.by_clock / b.by_clock for a, b in zip(ours, theirs, strict=True)]
    by_cpu = median(a.by_cpu / b.by_cpu for a, b in zip(ours, theirs, strict=True))
    unsynced = median(a.by_clock / b.by_clock for a, b in zip(ours, blocks["huey unsynced"], strict=True))
    rate = median(block.by_clock for block in theirs)
    return Row(
        what=what,
        measured=f"huey {rate:,.0f}/s; by CPU time {by_cpu:.2f}; huey without sync {unsynced:.2f}",
        value=median(ratios),
        unit="",
        n=len(ratios),
        at_least=1.0,
        details={"ratios": ratios},
    )


def _single(store: JobStore, jobs: int) -> None:
    for _ in range(jobs):
        store.submit(KIND, {}, _now())
        ((job,),) = store.claim_started([Ask("w", ("eval",))], _now())
        store.complete(job.id, "w", RESULT, _now())


def _batches(store: JobStore, jobs: int) -> None:
    for _ in range(jobs // BATCH):
        store.submit_many([JobRequest(KIND, {})] * BATCH, _now())
        (found,) = store.claim_started([Ask("w", ("eval",), BATCH)], _now())
        store.complete_many([(job.id, "w", RESULT) for job in found], _now())


def _huey(path: Path, fsync: bool | None) -> tuple[Any, Any]:
    from huey import SqliteHuey

    queue = SqliteHuey(filename=str(path), fsync=fsync)

    @queue.task()
    def work() -> dict[str, bool]:
        return RESULT

    return queue, work


def _tasks(opponent: tuple[Any, Any], jobs: int) -> None:
    queue, work = opponent
    for _ in range(jobs):
        work()
        queue.execute(queue.dequeue())


def _claims(folder: Path, finished: int, claims: int) -> Row:
    """One claim after the other from a queue beside many finished jobs."""
    path = folder / "many.db"
    store = _store(path)
    store.submit(KIND, {}, _now())
    store.claim("w", ("eval",), _now())
    store.complete("1", "w", RESULT, _now())
    _multiply(path, finished)
    store.submit_many([JobRequest(KIND, {})] * claims, _now())
    seconds: list[float] = []
    for _ in range(claims):
        began = time.perf_counter()
        found = store.claim_started([Ask("w", ("eval",))], _now())
        seconds.append(time.perf_counter() - began)
        store.complete(found[0][0].id, "w", RESULT, _now())
    return Row(
        what=f"a claim from a table of {finished:,} finished jobs",
        measured=spread(seconds, "ms", 1000),
        value=median(seconds) * 1000,
        unit="ms",
        n=len(seconds),
        at_most=5,
    )


def _multiply(path: Path, finished: int) -> None:
    """Copies of the one finished job with its history."""
    db = Database.open(path)
    with db.write() as connection:
        columns = [row[1] for row in connection.execute(text("PRAGMA table_info(jobs)")) if row[1] not in ("id", "key")]
        names = ", ".join(columns)
        counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most)"
        copy = f"INSERT INTO jobs ({names}) {counting} SELECT {names} FROM jobs, n WHERE jobs.id = 1"
        connection.execute(text(copy), {"most": finished})
    db.close()


def _store(path: Path) -> JobStore:
    db = Database.open(path)
    db.create()
    return JobStore(db, UNLIMITED)


def _now() -> datetime:
    return datetime.now(UTC)
