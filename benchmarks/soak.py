"""Kill processes of a realm at random while it works on jobs; then look whether each job was done exactly once.

`python -m benchmarks.soak --kills 200 --jobs 2000` starts a realm of its own; with `--home` the one that runs there is
used. Killed, with SIGKILL and in random order, are the workers, TaskMaster, VaultKeeper and the host of the APIs. The
record is judged from the database alone: one completion a job, attempts that agree with the history, nothing left open.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from realm.cli.output import print_json

if TYPE_CHECKING:
    from realm.cli.session import Session

VICTIMS = ("worker", "steward", "task_master", "vault_keeper", "api_host")
DRAIN_S = 300.0
"""From the last kill until everything is to be over: a lease that ran out, backoffs, restarts."""
BACK_S = 180.0
"""Within which a killed service answers again."""
PAUSE_S = 1.0
"""The longest pause between two kills beyond the time in which the killed service comes back."""


@dataclass
class Report:
    """What became of the jobs. `wrong`: in words, whatever is not as it must be."""

    kills: dict[str, int] = field(default_factory=dict[str, int])
    jobs: int = 0
    completed: int = 0
    attempts: dict[int, int] = field(default_factory=dict[int, int])
    seconds: float = 0.0
    drained_seconds: float = 0.0
    wrong: list[str] = field(default_factory=list[str])


def main() -> int:
    """Exit status: 0 = every job was completed once; 1 = not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="a realm that runs, instead of one of its own")
    asked = parser.parse_args()

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    if asked.home is not None:
        os.environ["REALM_HOME"] = str(asked.home)
        report = soak(asked.home, asked.kills, asked.jobs, asked.seed, tell)
    else:
        from benchmarks.own_realm import own_realm

        with own_realm() as realm:
            os.environ.update(realm.env)
            try:
                report = soak(realm.home.root, asked.kills, asked.jobs, asked.seed, tell)
            except Exception:
                # Said now: when the realm is stopped, Ray may end this process too.
                traceback.print_exc()
                raise
    print_json(asdict(report))
    return 1 if report.wrong else 0


def soak(home: Path, kills: int, jobs: int, seed: int, tell: Callable[[str], None]) -> Report:
    """Submit the jobs in portions, and after each portion kill a service."""
    from realm.cli.session import open_session

    session, rng, began = open_session(), Random(seed), time.monotonic()
    tag = f"soak-{int(time.time())}"
    # Each of them at least once, where there are as many kills.
    victims = [VICTIMS[n % len(VICTIMS)] for n in range(kills)]
    rng.shuffle(victims)
    killed: Counter[str] = Counter()
    for number, victim in enumerate(victims):
        for job in range(number * jobs // kills, (number + 1) * jobs // kills):
            _submit(session, tag, job)
        time.sleep(rng.uniform(0.0, PAUSE_S))
        _kill(session, victim)
        killed[victim] += 1
        if (number + 1) % 20 == 0:
            tell(f"{number + 1} of {kills} kills after {time.monotonic() - began:.0f} s")
    for job in range(jobs):
        if job % 10 == 0:
            # Asked again with its key, a job is the one that it was.
            _submit(session, tag, job)
    drained = time.monotonic()
    report = Report(kills=dict(killed), jobs=jobs)
    _drain(home, tag, jobs)
    report.drained_seconds = round(time.monotonic() - drained, 1)
    report.seconds = round(time.monotonic() - began, 1)
    _judge(home, tag, report)
    return report


def _submit(session: Session, tag: str, number: int) -> None:
    payload: dict[str, Any] = {}
    job_type = "health_check"
    if number % 3 == 0:
        job_type, payload = "data_gen", {"skill_id": "bin", "count": 200, "level": 1 + number % 5, "seed": number}
    _call(session, "task_master", "submit", job_type, payload, "normal", f"{tag}/{number}", [tag])


def _kill(session: Session, service: str) -> None:
    """Kill the process that answers for a service now; one that died by itself meanwhile counts."""
    with suppress(ProcessLookupError):
        os.kill(_call(session, service, "ping")["pid"], signal.SIGKILL)


def _call(session: Session, service: str, method: str, *args: Any) -> Any:
    """Ask again while the service is being brought back: a call to one that Weaver replaces ends with an error."""
    from realm.errors import ClusterError

    deadline = time.monotonic() + BACK_S
    while True:
        try:
            return session.call(service, method, *args, timeout_s=30.0)
        except ClusterError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{service} did not come back within {BACK_S:.0f} s: {error}") from error
        time.sleep(0.5)


def _drain(home: Path, tag: str, jobs: int) -> None:
    """Wait until every job is over, or for as long as that may take."""
    deadline = time.monotonic() + DRAIN_S
    query = "select count(*) from jobs where tags like ? and status in ('completed', 'failed', 'cancelled')"
    while time.monotonic() < deadline:
        if _rows(home, query, f'%"{tag}"%')[0][0] == jobs:
            return
        time.sleep(0.5)


def _judge(home: Path, tag: str, report: Report) -> None:
    rows = _rows(home, "select id, type, status, attempts, error, key from jobs where tags like ?", f'%"{tag}"%')
    if len(rows) != report.jobs:
        report.wrong.append(f"{len(rows)} jobs are in the record, not {report.jobs}")
    lines: dict[int, Counter[str]] = {}
    given_back: Counter[int] = Counter()
    for job, status, detail in _rows(home, "select job_id, status, detail from job_events"):
        lines.setdefault(job, Counter())[status] += 1
        if status == "pending" and ("never reached" in detail or "released" in detail or "yields" in detail):
            given_back[job] += 1
    for job, kind, status, attempts, error, key in rows:
        seen = lines.get(job, Counter())
        if status != "completed":
            report.wrong.append(f"job {job} ({kind}, {key}) is {status} after {attempts} attempts: {error}")
        elif seen["completed"] != 1:
            report.wrong.append(f"job {job} was completed {seen['completed']} times")
        if seen["claimed"] - given_back[job] != attempts:
            report.wrong.append(f"job {job} has {attempts} attempts and was claimed {seen['claimed']} times")
    report.completed = sum(row[2] == "completed" for row in rows)
    report.attempts = dict(sorted(Counter(row[3] for row in rows).items()))


def _rows(home: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{home}/realm.db?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
