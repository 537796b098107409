"""The job life cycle against a plain model: any order of calls by any worker at any time."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from store_helpers import at

from realm.errors import ConflictError
from realm.rules.job import JOB_SPECS, FailureKind, JobStatus, JobType, Priority, urgency
from realm.store.database import Database
from realm.store.jobs import JobStore

EVAL = {"skill_id": "bin", "checkpoint_id": "c"}
WORKERS = ("w1", "w2")
RUNNING_AT_MOST = 2
HELD = ("claimed", "running")

workers = st.sampled_from(WORKERS)
# No shrinking: it takes minutes, and the steps of a failure read well enough.
SETTINGS = settings(max_examples=30, stateful_step_count=40, deadline=None, phases=(Phase.reuse, Phase.generate))
pick = st.integers(0, 10_000)


@dataclass
class Model:
    """What a job should look like."""

    number: int
    priority: int
    status: str = "pending"
    worker: str | None = None
    attempts: int = 0
    lease: float | None = None
    started: float | None = None
    not_before: float = 0.0
    lines: int = 1
    created: float = 0.0

    def urgency(self, now):
        return urgency(list(Priority)[self.priority], at(self.created), at(now))

    def to(self, status, worker=None):
        self.status, self.worker, self.lines = status, worker, self.lines + 1
        self.started = None if status in ("pending", "claimed") else self.started


class JobMachine(RuleBasedStateMachine):
    template: Path

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.db = Database.open(shutil.copy(self.template, self.folder / "realm.db"))
        spec = replace(JOB_SPECS[JobType.EVAL], max_running=RUNNING_AT_MOST, timeout_s=150)
        self.store = JobStore(self.db, {JobType.EVAL: spec}, Random(1))
        self.model: dict[str, Model] = {}
        self.now = 0.0
        for worker in WORKERS:
            self.store.register_worker(worker, "host", ("eval",), at(0))

    def teardown(self):
        if hasattr(self, "db"):
            self.db.close()
            shutil.rmtree(self.folder)

    def some(self, choice):
        return list(self.model)[choice % len(self.model)]

    def refused_or(self, allowed, call):
        """The call's result where the model allows it; elsewhere it must be refused."""
        if allowed:
            return call()
        with pytest.raises(ConflictError):
            call()
        return None

    def set_back(self, job):
        """The model of a failed attempt; takes the jittered time from the store after checking its range."""
        each, found = self.model[job], self.store.get(job)
        if each.attempts >= 3:
            each.to("failed", each.worker)
            return
        each.to("pending")
        each.not_before = (found.not_before - at(0)).total_seconds()
        longest = 2.0 ** (each.attempts - 1)
        assert self.now + longest / 2 - 1e-3 <= each.not_before <= self.now + longest + 1e-3

    @rule(priority=st.sampled_from(list(Priority)))
    def submit(self, priority):
        job = self.store.submit("eval", EVAL, at(self.now), priority=priority).job
        self.model[job.id] = Model(int(job.id), list(Priority).index(priority), created=self.now)

    @rule(seconds=st.sampled_from([0.3, 5.0, 61.0, 200.0]))
    def wait(self, seconds):
        self.now += seconds

    @rule(worker=workers)
    def claim(self, worker):
        ready = [each for each in self.model.values() if each.status == "pending" and each.not_before <= self.now]
        running = sum(each.status in HELD for each in self.model.values())
        job = self.store.claim(worker, ("eval",), at(self.now))
        if not ready or running >= RUNNING_AT_MOST:
            assert job is None
            return
        best = min(ready, key=lambda each: (list(Priority).index(each.urgency(self.now)), each.number))
        assert job is not None
        assert int(job.id) == best.number
        best.to("claimed", worker)
        best.attempts, best.lease = best.attempts + 1, self.now + 60

    @precondition(lambda self: self.model)
    @rule(choice=pick, worker=workers)
    def start(self, choice, worker):
        job = self.some(choice)
        each = self.model[job]
        allowed = each.status in HELD and each.worker == worker
        self.refused_or(allowed, lambda: self.store.start(job, worker, at(self.now)))
        if allowed and each.status == "claimed":
            each.to("running", worker)
            each.started = self.now

    @precondition(lambda self: self.model)
    @rule(choice=pick, worker=workers, twice=st.booleans())
    def complete(self, choice, worker, twice):
        job = self.some(choice)
        each = self.model[job]
        for _ in range(1 + twice):
            allowed = each.status in (*HELD, "completed") and each.worker == worker
            self.refused_or(allowed, lambda: self.store.complete(job, worker, {"by": worker}, at(self.now)))
            if allowed and each.status != "completed":
                each.to("completed", worker)

    @precondition(lambda self: self.model)
    @rule(choice=pick, worker=workers, kind=st.sampled_from(list(FailureKind)))
    def fail(self, choice, worker, kind):
        job = self.some(choice)
        each = self.model[job]
        allowed = each.status in HELD and each.worker == worker
        self.refused_or(allowed, lambda: self.store.fail(job, worker, kind, "boom", at(self.now)))
        if allowed and not kind.retried:
            each.to("failed", worker)
        elif allowed:
            self.set_back(job)

    @precondition(lambda self: self.model)
    @rule(choice=pick, worker=workers)
    def release(self, choice, worker):
        job = self.some(choice)
        each = self.model[job]
        allowed = each.status in HELD and each.worker == worker
        self.refused_or(allowed, lambda: self.store.release(job, worker, at(self.now)))
        if allowed:
            each.to("pending")
            each.attempts, each.not_before = each.attempts - 1, 0.0

    @precondition(lambda self: self.model)
    @rule(choice=pick)
    def cancel(self, choice):
        job = self.some(choice)
        each = self.model[job]
        allowed = each.status not in ("completed", "failed")
        self.refused_or(allowed, lambda: self.store.cancel(job, "superseded", at(self.now)))
        if allowed and each.status != "cancelled":
            each.to("cancelled", each.worker)

    @precondition(lambda self: self.model)
    @rule(choice=pick)
    def retry(self, choice):
        job = self.some(choice)
        each = self.model[job]
        allowed = each.status in ("failed", "cancelled", "pending")
        self.refused_or(allowed, lambda: self.store.retry(job, at(self.now)))
        if allowed and each.status != "pending":
            each.to("pending")
            each.attempts, each.not_before = 0, 0.0

    @rule(worker=workers)
    def beat(self, worker):
        beat = self.store.heartbeat(worker, list(self.model), at(self.now))
        mine = {job for job, each in self.model.items() if each.status in HELD and each.worker == worker}
        assert beat.held == mine
        assert beat.lost == set(self.model) - mine
        for job in mine:
            self.model[job].lease = self.now + 60

    @rule()
    def expire(self):
        overdue = {
            job
            for job, each in self.model.items()
            if each.status in HELD
            and (each.lease < self.now or (each.started is not None and each.started + 150 < self.now))
        }
        assert {job.id for job in self.store.expire_leases(at(self.now))} == overdue
        for job in overdue:
            self.set_back(job)

    @rule(worker=workers)
    def restart_worker(self, worker):
        self.store.register_worker(worker, "host", ("eval",), at(self.now))
        for job, each in self.model.items():
            if each.status in HELD and each.worker == worker:
                self.set_back(job)

    @invariant()
    def store_and_model_agree(self):
        if not hasattr(self, "store"):
            return
        found = {job.id: (job.status.value, job.worker_id, job.attempts) for job in self.store.page(limit=1000)}
        assert found == {job: (each.status, each.worker, each.attempts) for job, each in self.model.items()}
        held = [job for job in self.store.page([JobStatus.CLAIMED, JobStatus.RUNNING]) if job.lease_expires_at is None]
        assert held == []
        assert sum(each.status in HELD for each in self.model.values()) <= RUNNING_AT_MOST

    @precondition(lambda self: self.model)
    @rule(choice=pick)
    def history(self, choice):
        job = self.some(choice)
        lines = self.store.history(job)
        assert len(lines) == self.model[job].lines
        assert lines[-1].status.value == self.model[job].status


def test_job_life_cycle(empty_database):
    JobMachine.template = empty_database
    run_state_machine_as_test(JobMachine, settings=SETTINGS)
