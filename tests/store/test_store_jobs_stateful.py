"""The job life cycle against a plain model: any order of calls by any worker at any time, the clock set back too."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
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
from realm.rules.job_match import Ask
from realm.rules.job_request import JobRequest
from realm.store.database import Database
from realm.store.jobs import JobStore

PAYLOADS = {"eval": {"skill_id": "bin", "checkpoint_id": "c"}, "exam": {"checkpoint_id": "c"}}
WORKERS = {"w1": {}, "w2": {"site": "home", "disk": "big"}}
GPU_MB = {"w1": 500, "w2": 0}
RUNNING_AT_MOST = {"eval": 2, "exam": 1}
TIMEOUT_S = 150
OFFLINE_S = 30
HELD = ("claimed", "running")

workers = st.sampled_from(list(WORKERS))
# No shrinking: it takes minutes, and the steps of a failure read well enough.
SETTINGS = settings(max_examples=30, stateful_step_count=40, deadline=None, phases=(Phase.reuse, Phase.generate))
pick = st.integers(0, 10_000)
requests = st.builds(
    lambda kind, **more: JobRequest(kind, PAYLOADS[kind], **more),
    st.sampled_from(list(PAYLOADS)),
    priority=st.sampled_from(list(Priority)),
    key=st.sampled_from([None, None, None, "k1", "k2"]),
    labels=st.sampled_from([{}, {}, {"site": "home"}, {"site": "home", "disk": "big"}, {"site": "away"}]),
    min_gpu_mb=st.sampled_from([0, 0, 400, 600]),
)
IDLE = list(Priority).index(Priority.IDLE)


@dataclass
class Model:
    """What a job should look like."""

    number: int
    priority: int
    kind: str = "eval"
    labels: tuple[tuple[str, str], ...] = ()
    gpu_mb: int = 0
    status: str = "pending"
    worker: str | None = None
    attempts: int = 0
    lease: float | None = None
    started: float | None = None
    not_before: float = 0.0
    lines: int = 1
    created: float = 0.0
    claimed: float = 0.0
    key: str | None = None

    def turn(self, now):
        by_now = urgency(list(Priority)[self.priority], at(self.created), at(now))
        return list(Priority).index(by_now), self.number

    def fits(self, worker):
        return set(self.labels) <= set(WORKERS[worker].items()) and self.gpu_mb <= GPU_MB[worker]

    def to(self, status, worker=None):
        self.status, self.worker, self.lines = status, worker, self.lines + 1
        self.started = None if status in ("pending", "claimed") else self.started


class JobMachine(RuleBasedStateMachine):
    template: Path

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.db = Database.open(shutil.copy(self.template, self.folder / "realm.db"))
        specs = {
            JobType(kind): replace(JOB_SPECS[JobType(kind)], max_running=most, timeout_s=TIMEOUT_S)
            for kind, most in RUNNING_AT_MOST.items()
        }
        self.store = JobStore(self.db, specs, Random(1))
        self.model: dict[str, Model] = {}
        self.now = 0.0
        self.beats = dict.fromkeys(WORKERS, 0.0)
        for worker in WORKERS:
            self.store.register_worker(worker, "host", ("eval",), at(0), WORKERS[worker])

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

    def note(self, answer, request):
        """A submission's answer: a new job, or the one that its key was used for."""
        known = [job for job, each in self.model.items() if request.key is not None and each.key == request.key]
        assert answer.repeated == bool(known)
        if known:
            assert answer.job.id == known[0]
            return
        self.model[answer.job.id] = Model(
            int(answer.job.id),
            list(Priority).index(request.priority),
            request.job_type,
            tuple(request.labels.items()),
            request.min_gpu_mb,
            created=self.now,
            key=request.key,
        )

    @rule(wanted=st.lists(requests, min_size=1, max_size=4))
    def submit(self, wanted):
        answers = self.store.submit_many(wanted, at(self.now))
        for answer, request in zip(answers, wanted, strict=True):
            self.note(answer, request)

    @rule(seconds=st.sampled_from([0.3, 5.0, 61.0, 200.0]))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def set_the_clock_back(self):
        self.now -= 45.0

    def next_for(self, askers):
        """The job to be claimed next, by whom: the head of each priority counts, in the order of their urgency."""
        running = Counter(each.kind for each in self.model.values() if each.status in HELD)
        ready = [
            each
            for each in self.model.values()
            if each.status == "pending"
            and each.not_before <= self.now
            and running[each.kind] < RUNNING_AT_MOST[each.kind]
            and each.gpu_mb <= max((GPU_MB[worker] for worker in askers), default=0)
        ]
        while ready:
            heads = {}
            for each in sorted(ready, key=lambda each: each.number):
                heads.setdefault(each.priority, each)
            best = min(heads.values(), key=lambda each: each.turn(self.now))
            for asker in askers:
                if best.fits(asker):
                    return best, asker
            ready.remove(best)
        return None

    @rule(askers=st.lists(st.tuples(workers, st.integers(1, 3)), min_size=1, max_size=3), started=st.booleans())
    def claim(self, askers, started):
        asks = [Ask(worker, ("eval",), limit, WORKERS[worker], GPU_MB[worker]) for worker, limit in askers]
        if started:
            found = self.store.claim_started(asks, at(self.now))
        else:
            (worker, limit), asks = askers[0], asks[:1]
            labels, gpu = WORKERS[worker], GPU_MB[worker]
            claim = self.store.claim_many
            found = [claim(worker, ("eval",), limit, at(self.now), labels=labels, gpu_free_mb=gpu)]
        expected = [[] for _ in asks]
        left = [ask.limit for ask in asks]
        while (best := self.next_for([ask.worker for ask, more in zip(asks, left, strict=True) if more])) is not None:
            job, worker = best
            index = next(n for n, ask in enumerate(asks) if left[n] and ask.worker == worker)
            expected[index].append(job.number)
            left[index] -= 1
            job.to("claimed", worker)
            job.attempts, job.lease, job.claimed = job.attempts + 1, self.now + 60, self.now
            if started:
                job.to("running", worker)
                job.started = self.now
        assert [[int(job.id) for job in each] for each in found] == expected

    @rule()
    def yield_idle(self):
        """What the store gives back may go back, and makes room for what comes before it; then the model follows."""
        online = {worker for worker, beat in self.beats.items() if self.now - beat <= OFFLINE_S}
        running = Counter(each.kind for each in self.model.values() if each.status in HELD)
        asked = [
            each
            for each in self.model.values()
            if each.status == "pending" and each.not_before <= self.now and each.priority != IDLE
        ]
        given_back = self.store.yield_idle(at(self.now), GPU_MB)
        for job in given_back:
            each = self.model[job.id]
            assert each.status in HELD
            assert each.priority == IDLE
            assert each.worker in online
            assert any(
                other.fits(each.worker)
                and other.turn(self.now) < each.turn(self.now)
                and (other.kind == each.kind or running[other.kind] < RUNNING_AT_MOST[other.kind])
                for other in asked
            )
            each.to("pending")
            each.attempts, each.not_before = each.attempts - 1, 0.0
        assert len(given_back) <= len(asked)

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
    @rule(choices=st.lists(st.tuples(pick, workers), min_size=1, max_size=4))
    def complete(self, choices):
        results = [(self.some(choice), worker, {"by": worker}) for choice, worker in choices]
        answers = self.store.complete_many(results, at(self.now))
        for (job, worker, result), answer in zip(results, answers, strict=True):
            each = self.model[job]
            if each.status not in (*HELD, "completed") or each.worker != worker:
                assert isinstance(answer, ConflictError)
                continue
            assert (answer.status.value, answer.result) == ("completed", result)
            if each.status != "completed":
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
        self.beats[worker] = self.now
        for job in mine:
            self.model[job].lease = self.now + 60

    @rule()
    def expire(self):
        overdue = {
            job
            for job, each in self.model.items()
            if each.status in HELD
            and (each.lease < self.now or (each.started is not None and each.started + TIMEOUT_S < self.now))
        }
        assert {job.id for job in self.store.expire_leases(at(self.now))} == overdue
        for job in overdue:
            self.set_back(job)

    @rule(worker=workers)
    def restart_worker(self, worker):
        self.store.register_worker(worker, "host", ("eval",), at(self.now), WORKERS[worker])
        self.beats[worker] = self.now
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
        running = Counter(each.kind for each in self.model.values() if each.status in HELD)
        assert all(count <= RUNNING_AT_MOST[kind] for kind, count in running.items())

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
