"""Jobs: backpressure, claims, leases, retries, cancellation, workers, and every guard."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import insert, select, text
from store_helpers import T0, at, kinds

from realm.errors import ConflictError, NotFoundError, RealmError
from realm.rules.job import JOB_SPECS, FailureKind, JobStatus, JobType, Priority
from realm.store.jobs import Accepted, JobStore, Refused
from realm.store.tables import jobs

EVAL = {"skill_id": "bin", "level": 1, "battle_id": "b", "step": 5}
EXAM = {"checkpoint_id": "mote-1/checkpoint-5"}
ROLES = ("eval",)
DAY = 86_400


@pytest.fixture
def store(db):
    return JobStore(db, rng=Random(1))


def submit(store, now=T0, **more):
    answer = store.submit(JobType.EVAL, EVAL, now, **more)
    assert isinstance(answer, Accepted)
    return answer.job.id


def claimed(store, now=T0, worker="w"):
    return store.claim(worker, ROLES, now)


def story(store, job):
    return [line.status.value for line in store.history(job)]


def test_a_submitted_job_waits_with_the_limits_of_its_type(store):
    answer = store.submit("eval", EVAL, T0, priority=Priority.HIGH, tags=("curriculum",), key="k1")
    job = store.get(answer.job.id)
    assert (answer.queue_position, answer.warnings, answer.repeated) == (1, (), False)
    assert (job.type, job.status, job.priority, job.payload) == (JobType.EVAL, JobStatus.PENDING, Priority.HIGH, EVAL)
    assert (job.role, job.timeout_s, job.max_attempts, job.skill_id) == ("eval", 600, 3, "bin")
    assert (job.tags, job.created_at, job.result) == (("curriculum",), T0, None)


def test_a_key_is_used_once(store):
    first = submit(store, key="k1")
    again = store.submit("eval", EVAL, at(5), key="k1")
    assert again.repeated
    assert again.job.id == first
    claimed(store)
    assert store.submit("eval", EVAL, at(6), key="k1").queue_position == 0
    assert submit(store, key="k2") != first


def test_a_bad_job_is_refused_with_its_field(store):
    with pytest.raises(RealmError, match=r"'evil'.*'eval'"):
        store.submit("evil", EVAL, T0)
    with pytest.raises(RealmError, match="skill_id"):
        store.submit("eval", {**EVAL, "skill_id": None}, T0)
    assert store.page() == ()


@pytest.mark.parametrize(
    ("when_full", "accepted", "warned"), [("warn", True, True), ("reject", False, False), ("allow", True, False)]
)
def test_a_full_queue(db, when_full, accepted, warned):
    spec = replace(JOB_SPECS[JobType.EVAL], max_pending=2, when_full=when_full)
    store = JobStore(db, {JobType.EVAL: spec})
    submit(store)
    submit(store)
    answer = store.submit("eval", EVAL, T0)
    assert isinstance(answer, Accepted) == accepted
    if isinstance(answer, Accepted):
        assert bool(answer.warnings) == warned
    else:
        assert isinstance(answer, Refused)
        assert answer.retry_after_s == 60
        assert "2 or more eval jobs" in answer.reason
    claimed(store)
    claimed(store)
    assert submit(store)


def test_claims_go_by_priority_then_first_come(store):
    order = [Priority.IDLE, Priority.NORMAL, Priority.CRITICAL, Priority.NORMAL, Priority.HIGH, Priority.LOW]
    ids = [submit(store, priority=priority) for priority in order]
    positions = [
        store.submit("eval", EVAL, T0, priority=priority).queue_position for priority in (Priority.HIGH, Priority.IDLE)
    ]
    assert positions == [3, 8]
    taken = []
    while (job := claimed(store)) is not None:
        taken.append(job.id)
        store.complete(job.id, "w", {}, T0)
    assert taken[:2] == [ids[2], ids[4]]
    assert [each for each in taken if each in ids] == [ids[2], ids[4], ids[1], ids[3], ids[5], ids[0]]


def test_a_job_of_low_priority_is_taken_among_the_normal_ones_after_a_minute(store):
    low = submit(store, priority=Priority.IDLE)
    normal, urgent = submit(store, at(30)), submit(store, at(59), priority=Priority.HIGH)
    assert store.submit("eval", EVAL, at(59)).queue_position == 3
    assert store.submit("eval", EVAL, at(61)).queue_position == 5
    taken = [store.claim("w", ("eval",), at(61)).id for _ in range(3)]
    assert taken == [urgent, low, normal]


def test_a_claim_needs_the_role(store):
    job = submit(store)
    assert store.claim("w", ("forge",), T0) is None
    assert store.claim("w", (), T0) is None
    assert store.claim("w", ("forge", "eval"), T0).id == job


def test_a_type_runs_no_more_often_than_it_may(store):
    for _ in range(5):
        submit(store)
    exam = store.submit("exam", EXAM, T0, priority=Priority.IDLE).job.id
    first = [claimed(store) for _ in range(3)]
    assert {job.type for job in first} == {JobType.EVAL}
    assert claimed(store).id == exam
    assert claimed(store) is None
    store.complete(first[0].id, "w", {}, T0)
    assert claimed(store).type == JobType.EVAL
    assert claimed(store) is None


def test_a_jobs_life(store):
    job = submit(store)
    taken = store.claim("w", ROLES, at(1))
    assert (taken.status, taken.worker_id, taken.attempts) == (JobStatus.CLAIMED, "w", 1)
    assert (taken.claimed_at, taken.lease_expires_at) == (at(1), at(61))
    assert store.start(job, "w", at(2)).started_at == at(2)
    assert store.start(job, "w", at(3)).started_at == at(2)
    done = store.complete(job, "w", {"correct": 9}, at(4))
    assert (done.status, done.result, done.finished_at, done.lease_expires_at) == (
        JobStatus.COMPLETED, {"correct": 9}, at(4), None,
    )  # fmt: skip
    assert store.complete(job, "w", {"correct": 1}, at(5)) == done
    assert story(store, job) == ["pending", "claimed", "running", "completed"]
    assert [line.worker_id for line in store.history(job)] == [None, "w", "w", "w"]


def test_only_the_holder_works_on_a_job(store):
    job = submit(store)
    for call in (
        lambda worker: store.start(job, worker, T0),
        lambda worker: store.complete(job, worker, {}, T0),
        lambda worker: store.fail(job, worker, FailureKind.INFERENCE, "x", T0),
        lambda worker: store.release(job, worker, T0),
    ):
        with pytest.raises(ConflictError, match="held by nobody, not by w"):
            call("w")
    claimed(store, worker="w")
    for call in (
        lambda: store.start(job, "thief", T0),
        lambda: store.complete(job, "thief", {}, T0),
        lambda: store.fail(job, "thief", FailureKind.INFERENCE, "x", T0),
        lambda: store.release(job, "thief", T0),
    ):
        with pytest.raises(ConflictError, match="held by w, not by thief"):
            call()
    store.complete(job, "w", {}, T0)
    with pytest.raises(ConflictError):
        store.complete(job, "thief", {}, T0)


def test_failures_are_retried_after_a_while_and_end_after_three(store, db):
    job = submit(store)
    now = 0.0
    for attempt, least in ((1, 0.5), (2, 1.0)):
        claimed(store, at(now))
        failed = store.fail(job, "w", FailureKind.INFERENCE, f"boom {attempt}", at(now))
        assert (failed.status, failed.attempts, failed.worker_id) == (JobStatus.PENDING, attempt, None)
        wait = (failed.not_before - at(now)).total_seconds()
        assert least <= wait <= 2 * least
        assert claimed(store, at(now + wait - 0.01)) is None
        now += wait
    claimed(store, at(now))
    failed = store.fail(job, "w", FailureKind.INFERENCE, "boom 3", at(now))
    assert (failed.status, failed.error, failed.failure) == (JobStatus.FAILED, "boom 3", FailureKind.INFERENCE)
    assert failed.finished_at == at(now)
    assert claimed(store, at(now + 1000)) is None
    assert story(store, job) == ["pending", "claimed", "pending", "claimed", "pending", "claimed", "failed"]
    assert "boom 1" in store.history(job)[2].detail
    assert kinds(db) == ["job.failed"]


def test_a_bad_payload_is_not_retried(store):
    job = submit(store)
    claimed(store)
    assert store.fail(job, "w", FailureKind.BAD_PAYLOAD, "no such level", T0).status == JobStatus.FAILED


def test_a_lost_lease_returns_the_job_and_refuses_the_late_result(store):
    job = submit(store)
    claimed(store, T0, "slow")
    assert store.expire_leases(at(60)) == ()
    (back,) = store.expire_leases(at(61))
    assert (back.status, back.attempts, back.failure) == (JobStatus.PENDING, 1, FailureKind.LOST_LEASE)
    with pytest.raises(ConflictError):
        store.complete(job, "slow", {"late": True}, at(62))
    assert claimed(store, at(100), "quick").attempts == 2
    with pytest.raises(ConflictError, match="held by quick"):
        store.complete(job, "slow", {"late": True}, at(101))
    assert store.complete(job, "quick", {"late": False}, at(102)).result == {"late": False}


def test_a_poison_job_ends_failed(store):
    job = submit(store)
    for n in range(3):
        assert claimed(store, at(1000 * n), f"w{n}").id == job
        store.expire_leases(at(1000 * n + 500))
    assert store.get(job).status == JobStatus.FAILED
    assert store.expire_leases(at(9000)) == ()


def test_heartbeats_keep_a_lease_but_not_beyond_the_timeout(store):
    store.register_worker("w", "host", ROLES, T0)
    job = submit(store, timeout_s=100)
    claimed(store)
    store.start(job, "w", T0)
    for second in range(10, 101, 10):
        assert store.heartbeat("w", [job], at(second)).held == {job}
        assert store.expire_leases(at(second)) == ()
    (late,) = store.expire_leases(at(100.5))
    assert late.failure == FailureKind.TIMEOUT
    beat = store.heartbeat("w", [job, "not-a-job"], at(101))
    assert (beat.held, beat.lost) == (frozenset(), {job, "not-a-job"})


def test_cancel_reaches_a_running_job(store):
    store.register_worker("w", "host", ROLES, T0)
    waiting, running = submit(store, priority=Priority.LOW), submit(store)
    claimed(store)
    store.start(running, "w", T0)
    for job in (waiting, running):
        cancelled = store.cancel(job, "superseded", at(1))
        assert (cancelled.status, cancelled.cancel_reason, cancelled.finished_at) == (
            JobStatus.CANCELLED, "superseded", at(1),
        )  # fmt: skip
        assert store.cancel(job, "again", at(2)) == cancelled
    assert store.heartbeat("w", [running], at(3)).lost == {running}
    with pytest.raises(ConflictError, match="cancelled"):
        store.complete(running, "w", {}, at(4))
    assert claimed(store, at(5)) is None
    assert story(store, waiting) == ["pending", "cancelled"]


def test_what_is_finished_is_not_cancelled(store):
    job = submit(store)
    claimed(store)
    store.complete(job, "w", {}, T0)
    with pytest.raises(ConflictError, match="completed"):
        store.cancel(job, "late", T0)
    with pytest.raises(ConflictError, match="completed"):
        store.retry(job, T0)


def test_release_does_not_count_as_an_attempt(store):
    job = submit(store)
    for _ in range(5):
        claimed(store)
        released = store.release(job, "w", T0)
        assert (released.status, released.attempts, released.worker_id) == (JobStatus.PENDING, 0, None)


def test_retry_gives_all_attempts_again(store):
    job = submit(store)
    claimed(store)
    with pytest.raises(ConflictError, match="claimed"):
        store.retry(job, T0)
    store.fail(job, "w", FailureKind.BAD_PAYLOAD, "x", T0)
    again = store.retry(job, at(1))
    assert (again.status, again.attempts, again.error, again.failure, again.finished_at) == (
        JobStatus.PENDING, 0, None, None, None,
    )  # fmt: skip
    assert store.retry(job, at(2)) == again
    assert claimed(store, at(3)).id == job
    store.cancel(job, "x", at(4))
    assert store.retry(job, at(5)).cancel_reason is None


def test_a_worker_that_begins_anew_gives_back_what_it_held(store, db):
    job = submit(store)
    store.register_worker("w", "host", ROLES, T0)
    claimed(store)
    store.register_worker("w", "other", ROLES, at(5), {"gpu": "3090"})
    assert store.get(job).failure == FailureKind.LOST_LEASE
    (worker,) = store.workers()
    assert (worker.host, worker.roles, worker.labels, worker.registered_at) == ("other", ROLES, {"gpu": "3090"}, at(5))
    assert kinds(db, "worker") == ["worker.registered"] * 2


def test_an_unregistered_worker_has_no_heartbeat(store):
    with pytest.raises(NotFoundError, match="ghost"):
        store.heartbeat("ghost", [], T0)


def test_workers_go_offline(store):
    for name in "ab":
        store.register_worker(name, "host", ROLES, T0)
    store.heartbeat("a", [], at(20))
    assert [worker.id for worker in store.workers() if worker.offline(at(40))] == ["b"]


def test_counts_pages_and_unknown_jobs(store):
    ids = [submit(store) for _ in range(4)]
    exam = store.submit("exam", EXAM, T0).job.id
    store.complete(claimed(store).id, "w", {}, T0)
    claimed(store)
    assert store.open_count(JobType.EVAL) == store.open_count(JobType.EVAL, "bin") == 3
    assert store.open_count(JobType.EVAL, "sy") == 0
    stats = store.stats()
    none = dict.fromkeys(JobType, 0)
    assert stats[JobStatus.PENDING] == none | {JobType.EVAL: 2, JobType.EXAM: 1}
    assert stats[JobStatus.COMPLETED] == none | {JobType.EVAL: 1}
    assert store.stats([JobStatus.CLAIMED]) == {JobStatus.CLAIMED: none | {JobType.EVAL: 1}}
    assert [job.id for job in store.page(limit=2)] == [exam, ids[3]]
    pending_or_done = (JobStatus.PENDING, JobStatus.COMPLETED)
    assert [job.id for job in store.page(pending_or_done, limit=2, offset=1)] == [ids[3], ids[2]]
    assert [job.id for job in store.page(pending_or_done, offset=3)] == [ids[0]]
    for name in ("99", "x", "-1", ""):
        with pytest.raises(NotFoundError):
            store.get(name)


def test_finished_jobs_are_forgotten_after_a_week_and_their_numbers_stay_used(store, db):
    old, young, waiting = submit(store), submit(store), submit(store)
    for job, day in ((old, 0), (young, 2)):
        assert claimed(store).id == job
        store.complete(job, "w", {}, at(day * DAY))
    store.register_worker("w", "host", ROLES, T0)
    assert store.prune(at(8 * DAY)) == 1
    assert [job.id for job in store.page()] == [waiting, young]
    with db.read() as connection:
        left = connection.execute(text("SELECT count(*) FROM job_events WHERE job_id = :job"), {"job": int(old)})
        assert left.scalar_one() == 0
    store.cancel(waiting, "x", T0)
    assert store.prune(at(40 * DAY), limit=1) == 1
    assert store.prune(at(40 * DAY)) == 1
    assert store.workers() == ()
    assert int(submit(store)) > int(waiting)


def work_of(db, call):
    """How many instructions of SQLite's virtual machine a call takes."""
    steps = 0

    def count():
        nonlocal steps
        steps += 1

    with db.read() as connection:
        driver = connection.connection.driver_connection
    driver.set_progress_handler(count, 1)
    call()
    driver.set_progress_handler(None, 1)
    return steps


def test_the_work_of_a_claim_does_not_grow_with_the_finished_jobs(store, db):
    store.register_worker("w", "host", ROLES, T0)

    def round_():
        job = submit(store)
        assert claimed(store).id == job
        store.heartbeat("w", [job], T0)
        store.expire_leases(T0)
        store.page([JobStatus.PENDING, JobStatus.COMPLETED], limit=5)
        store.complete(job, "w", {}, T0)

    round_()
    with db.read() as connection:
        finished = dict(connection.execute(select(jobs)).mappings().one())
    few = work_of(db, round_)
    del finished["id"]
    with db.write() as connection:
        connection.execute(insert(jobs), [finished] * 3000)
    many = work_of(db, round_)
    assert 100 < few < 3000
    assert many < 1.5 * few


def test_the_work_of_a_claim_does_not_grow_with_the_waiting_jobs(store, db):
    def claim():
        job = claimed(store)
        assert job.priority == Priority.HIGH
        store.release(job.id, "w", T0)

    submit(store, priority=Priority.HIGH)
    submit(store)
    few = work_of(db, claim)
    with db.write() as connection:
        waiting = dict(connection.execute(select(jobs).where(jobs.c.priority == Priority.NORMAL)).mappings().one())
        del waiting["id"]
        connection.execute(insert(jobs), [waiting] * 2000)
    assert work_of(db, claim) < 1.5 * few
