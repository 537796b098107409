"""Jobs a second over HTTP: eight clients at once against the API of a realm of the benchmark's own, without a battle.

Each client submits, claims and completes over one connection that it keeps: a job with three calls, or many with calls
for batches. The jobs ask for a label that only the clients have, so that the realm's own workers leave them alone.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.own_realm import OwnRealm, own_realm
from benchmarks.report import Row
from realm.rules.job import JobType

CLIENTS, EACH, BATCH = 8, 150, 50
JOB = {"job_type": JobType.HEALTH_CHECK.value, "payload": {}, "labels": {"site": "bench"}}
ROLES = ["eval"]
WAIT_S = 20


def measure(quick: bool, tell: Callable[[str], None]) -> list[Row]:
    """Jobs a second of single calls and of calls for batches, all clients together."""
    each = BATCH if quick else EACH
    with own_realm("--no-auto") as realm:
        tell(f"{CLIENTS} clients over HTTP")
        single, batch = _run(realm, "single", 60 if quick else each), _run(realm, "batch", each * (1 if quick else 4))
    return [
        _row(f"the same over HTTP from {CLIENTS} clients, single calls", single, 75),
        _row(f"the same over HTTP from {CLIENTS} clients, calls for {BATCH}", batch, 300),
    ]


@dataclass
class _Client:
    """One client and the numbers of the jobs it completed."""

    name: str
    connection: http.client.HTTPConnection
    done: list[str] = field(default_factory=list[str])
    error: Exception | None = None

    def post(self, path: str, body: Any) -> Any:
        self.connection.request("POST", f"/api/jobs{path}", json.dumps(body), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        found = json.loads(answer.read())
        if answer.status >= 300:
            raise RuntimeError(f"{path} was answered {answer.status}: {found}")
        return found

    def register(self) -> None:
        worker = {"worker_id": self.name, "host": "bench", "roles": ROLES, "labels": JOB["labels"]}
        self.post("/workers/register", worker)

    def claim(self, limit: int) -> list[str]:
        asked = {"worker_id": self.name, "roles": ROLES, "labels": JOB["labels"], "limit": limit, "wait_s": WAIT_S}
        while not (found := self.post("/claim", asked)["jobs"]):
            pass
        return [job["id"] for job in found]

    def single(self) -> int:
        self.post("", JOB)
        (job,) = self.claim(1)
        self.post(f"/{job}/complete", {"worker_id": self.name, "result": {"by": self.name}})
        self.done.append(job)
        return 1

    def batch(self) -> int:
        self.post("/batch", {"jobs": [JOB] * BATCH})
        taken = 0
        while taken < BATCH:
            jobs = self.claim(BATCH - taken)
            results = [{"job_id": job, "result": {"by": self.name}} for job in jobs]
            self.post("/complete-batch", {"worker_id": self.name, "results": results})
            self.done += jobs
            taken += len(jobs)
        return taken

    def work(self, how: str, jobs: int) -> None:
        left = jobs
        try:
            while left > 0:
                left -= getattr(self, how)()
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the thread
            self.error = error


@dataclass(frozen=True, slots=True)
class _Found:
    jobs: int
    seconds: float
    lost: int
    twice: int


def _run(realm: OwnRealm, how: str, each: int) -> _Found:
    port = int(realm.env["REALM_WEB__VAULT_PORT"])
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(CLIENTS)]
    clients = [_Client(f"bench-{how}-{number}", connection) for number, connection in enumerate(connections)]
    for client in clients:
        client.register()
    threads = [threading.Thread(target=client.work, args=(how, each)) for client in clients]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    for client in clients:
        client.connection.close()
        if client.error is not None:
            raise client.error
    ran = Counter(job for client in clients for job in client.done)
    twice = sum(count > 1 for count in ran.values())
    return _Found(sum(ran.values()), seconds, each * CLIENTS - len(ran), twice)


def _row(what: str, found: _Found, at_least: float) -> Row:
    return Row(
        what=what,
        measured=f"{found.jobs:,} jobs in {found.seconds:.1f} s; {found.lost} not completed, {found.twice} run twice",
        value=0.0 if found.lost or found.twice else found.jobs / found.seconds,
        unit="jobs/s",
        n=found.jobs,
        at_least=at_least,
    )
