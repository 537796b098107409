"""Claims by labels and GPU memory, claims and answers in batches, idle jobs that yield, and what is forgotten when."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import insert, select
from store_helpers import T0, at

from realm.errors import ConflictError, NotFoundError, RequestError
from realm.rules.job import JOB_SPECS, JobStatus, JobType, Priority
from realm.rules.job_match import Ask
from realm.rules.job_request import JobRequest
from realm.store.jobs import Accepted, JobStore, Refused
from realm.store.tables import jobs

DATA = {"path": "a.jsonl"}
SYNC = {"source": "a", "target": "b"}
FREE = {kind: replace(spec, max_running=10**6, max_pending=10**6) for kind, spec in JOB_SPECS.items()}
DAY = 86_400


@pytest.fixture
def store(db):
    return JobStore(db, rng=Random(1))


@pytest.fixture
def free(db):
    """Without limits."""
    return JobStore(db, FREE, Random(1))


def submit(store, now=T0, kind="data_validate", payload=DATA, **more):
    answer = store.submit(kind, payload, now, **more)
    assert isinstance(answer, Accepted)
    return answer.job.id


def ids(found):
    return [job.id for job in found]


def test_labels_and_gpu_memory_of_a_job_are_kept(store):
    job = store.get(submit(store, labels={"disk": "big"}, min_gpu_mb=8000))
    assert (job.labels, job.min_gpu_mb) == ({"disk": "big"}, 8000)


def test_a_claim_needs_every_label(store):
    plain, big = submit(store), submit(store, labels={"disk": "big", "site": "home"}, priority=Priority.HIGH)
    assert store.claim("w", ("forge",), T0).id == plain
    assert store.claim("w", ("forge",), T0, labels={"disk": "big", "site": "away"}) is None
    assert store.claim("w", ("forge",), T0, labels={"disk": "big", "site": "home", "more": "x"}).id == big


def test_a_claim_needs_the_gpu_memory(store):
    large, small = submit(store, min_gpu_mb=20_000, priority=Priority.HIGH), submit(store, min_gpu_mb=1)
    assert store.claim("w", ("forge",), T0) is None
    assert store.claim("w", ("forge",), T0, gpu_free_mb=19_999).id == small
    assert store.claim("w", ("forge",), T0, gpu_free_mb=20_000).id == large


def test_a_job_that_fits_is_found_behind_many_that_do_not(free):
    for _ in range(50):
        submit(free, labels={"site": "away"})
    job = submit(free, labels={"site": "home"})
    assert free.claim("w", ("forge",), T0, labels={"site": "home"}).id == job


def test_many_are_claimed_at_once_in_the_order_of_the_queue(free):
    order = [Priority.IDLE, Priority.NORMAL, Priority.CRITICAL, Priority.NORMAL, Priority.LOW, Priority.HIGH] * 3
    numbers = [submit(free, priority=priority) for priority in order]
    rank = list(Priority)
    wanted = sorted(numbers, key=lambda job: (rank.index(order[int(job) - 1]), int(job)))
    first = free.claim_many("w", ("forge",), 7, at(1))
    assert ids(first) == wanted[:7]
    assert {(job.status, job.attempts, job.lease_expires_at) for job in first} == {(JobStatus.CLAIMED, 1, at(61))}
    assert ids(free.claim_many("w", ("forge",), 100, at(1))) == wanted[7:]
    assert free.claim_many("w", ("forge",), 5, at(1)) == ()


def test_waiting_raises_within_a_batch_too(free):
    old_idle, old_low = submit(free, priority=Priority.IDLE), submit(free, priority=Priority.LOW)
    normal = [submit(free, at(30)) for _ in range(10)]
    young_low = submit(free, at(59), priority=Priority.LOW)
    high = submit(free, at(59), priority=Priority.HIGH)
    assert ids(free.claim_many("w", ("forge",), 100, at(61))) == [high, old_idle, old_low, *normal, young_low]


def test_running_limits_hold_within_a_batch(store):
    for _ in range(6):
        submit(store)
    profiles = [submit(store, kind="data_profile", priority=Priority.IDLE) for _ in range(2)]
    (found,) = store.claim_started([Ask("w", ("forge",), 20)], T0)
    assert [job.type for job in found].count(JobType.DATA_VALIDATE) == 4
    assert ids(found)[4:] == profiles
    assert store.claim_many("w", ("forge",), 20, T0) == ()


def test_running_limits_hold_over_several_workers_at_once(store):
    for _ in range(10):
        submit(store)
    found = store.claim_started([Ask(f"w{n}", ("forge",), 3) for n in range(3)], T0)
    assert [len(each) for each in found] == [3, 1, 0]


def test_several_workers_are_served_in_their_order_each_with_what_fits(free):
    away = submit(free, labels={"site": "away"}, priority=Priority.HIGH)
    first, second = submit(free), submit(free)
    vault = submit(free, kind="sync", payload=SYNC)
    asks = [
        Ask("a", ("forge",)),
        Ask("b", ("vault",)),
        Ask("c", ("forge",), 1, {"site": "away"}),
        Ask("d", ("forge",)),
        Ask("e", ("forge",)),
    ]
    found = free.claim_started(asks, at(5))
    assert [ids(each) for each in found] == [[first], [vault], [away], [second], []]
    (job,) = found[2]
    assert (job.status, job.worker_id, job.claimed_at, job.started_at) == (JobStatus.RUNNING, "c", at(5), at(5))
    assert [line.status.value for line in free.history(away)] == ["pending", "claimed", "running"]
    assert free.claim_started([], T0) == []


def test_no_more_are_handed_out_than_was_said(free):
    for _ in range(5):
        submit(free)
    found = free.claim_started([Ask("a", ("forge",), 2), Ask("b", ("forge",), 2)], T0, most=3)
    assert [ids(each) for each in found] == [["1", "2"], ["3"]]


def test_a_batch_of_submissions_counts_for_its_own_limits_and_places(db):
    specs = {kind: replace(spec, max_pending=2) for kind, spec in JOB_SPECS.items()}
    store = JobStore(db, specs)
    wanted = [
        JobRequest("data_gen", {"skill_id": "bin", "count": 1}, Priority.LOW),
        JobRequest("sync", SYNC),
        JobRequest("data_gen", {"skill_id": "bin", "count": 1}, Priority.HIGH),
        JobRequest("data_gen", {"skill_id": "bin"}),
        JobRequest("sync", SYNC, key="k"),
        JobRequest("sync", SYNC),
        JobRequest("data_gen", {"skill_id": "bin", "count": 1}),
        JobRequest("sync", SYNC, key="k"),
        JobRequest("nothing", {}),
    ]
    answers = store.submit_many(wanted, T0)
    places = [answer.queue_position if isinstance(answer, Accepted) else type(answer) for answer in answers]
    assert places == [1, 1, 1, RequestError, 3, Refused, 4, 3, RequestError]
    assert [each.repeated for each in answers if isinstance(each, Accepted)] == [False] * 5 + [True]
    assert [len(each.warnings) for each in answers if isinstance(each, Accepted)] == [0, 0, 0, 0, 1, 0]
    assert ids(store.page()) == ["5", "4", "3", "2", "1"]
    assert store.submit_many(wanted[4:5], T0)[0].job == answers[4].job
    assert store.submit_many([], T0) == []
    assert [line.detail for line in store.history("3")] == ["high"]


def test_a_batch_of_results_is_answered_one_by_one(free):
    numbers = [submit(free) for _ in range(4)]
    free.claim_many("w", ("forge",), 4, T0)
    free.cancel(numbers[1], "not wanted", T0)
    results = [(job, "w", {"n": job}) for job in (*numbers, "99")]
    results[3] = (numbers[3], "thief", {})
    answers = free.complete_many([*results, results[0]], at(1))
    assert [getattr(each, "status", None) for each in answers[::2]] == [JobStatus.COMPLETED] * 2 + [None]
    assert [type(each) for each in answers[1:5:2]] == [ConflictError, ConflictError]
    assert isinstance(answers[4], NotFoundError)
    assert answers[5] == answers[0]
    assert answers[0].result == {"n": numbers[0]}
    assert [line.status.value for line in free.history(numbers[0])] == ["pending", "claimed", "completed"]
    assert free.complete_many([], T0) == []


def idle_running(store, worker="w", roles=("forge",), **more):
    """A worker that holds an idle job."""
    store.register_worker(worker, "host", roles, T0)
    job = submit(store, kind="data_profile", priority=Priority.IDLE, **more)
    ((found,),) = store.claim_started([Ask(worker, roles)], T0)
    assert found.id == job
    return job


def test_an_idle_job_yields_to_what_was_asked_for(store):
    idle = idle_running(store)
    assert store.yield_idle(at(1)) == ()
    asked = submit(store, at(1))
    (given_back,) = store.yield_idle(at(2))
    assert (given_back.id, given_back.status, given_back.attempts, given_back.worker_id) == (
        idle, JobStatus.PENDING, 0, None,
    )  # fmt: skip
    assert store.heartbeat("w", [idle], at(3)).lost == {idle}
    assert store.claim("w", ("forge",), at(3)).id == asked
    assert "yields" in store.history(idle)[-1].detail
    with pytest.raises(ConflictError):
        store.complete(idle, "w", {}, at(4))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"priority": Priority.IDLE}, "it is idle work too"),
        ({"kind": "sync", "payload": SYNC}, "another role"),
        ({"labels": {"site": "away"}}, "another label"),
        ({"min_gpu_mb": 1}, "more GPU memory"),
    ],
)
def test_an_idle_job_yields_only_to_work_that_its_worker_takes(store, asked, why):
    idle_running(store)
    submit(store, at(1), **asked)
    assert store.yield_idle(at(2)) == (), why


def test_an_idle_job_that_waited_long_does_not_yield_to_what_came_later(store):
    """It would be claimed again before it."""
    idle = idle_running(store)
    submit(store, at(1))
    store.heartbeat("w", [idle], at(60))
    assert store.yield_idle(at(61)) == ()
    submit(store, at(61), priority=Priority.HIGH)
    assert len(store.yield_idle(at(62))) == 1


def test_one_idle_job_yields_for_each_that_waits_and_those_of_dead_workers_do_not(store):
    store.register_worker("dead", "host", ("forge",), T0)
    dead = submit(store, kind="data_validate", priority=Priority.IDLE)
    store.claim("dead", ("forge",), T0)
    held = [idle_running(store, worker, gpu) for worker, gpu in (("a", ("forge",)), ("b", ("forge", "vault")))]
    for worker in "ab":
        store.heartbeat(worker, held, at(40))
    submit(store, at(40), kind="data_convert")
    assert len(store.yield_idle(at(41))) == 1
    assert store.get(dead).status == JobStatus.CLAIMED


def test_of_a_type_that_runs_as_often_as_it_may_only_its_own_idle_jobs_yield(db):
    specs = {
        **JOB_SPECS,
        JobType.DATA_CONVERT: replace(JOB_SPECS[JobType.DATA_CONVERT], max_running=1),
        JobType.DATA_VALIDATE: replace(JOB_SPECS[JobType.DATA_VALIDATE], max_running=1),
    }
    store = JobStore(db, specs)
    idle_running(store)
    for worker in ("x", "y"):
        store.register_worker(worker, "host", ("forge",), T0)
    busy = submit(store, kind="data_convert")
    assert store.claim("x", ("forge",), T0).id == busy
    submit(store, at(1), kind="data_convert")
    assert store.yield_idle(at(2)) == ()
    own = submit(store, kind="data_validate", priority=Priority.IDLE)
    assert store.claim("y", ("forge",), T0).id == own
    submit(store, at(3), kind="data_validate")
    assert ids(store.yield_idle(at(4))) == [own]


def test_a_recorded_job_does_not_yield(store, db):
    idle = idle_running(store)
    with db.write() as connection:
        connection.execute(jobs.update().where(jobs.c.id == int(idle)).values(recorded_at=T0))
    submit(store, at(1))
    assert store.yield_idle(at(2)) == ()


def test_a_worker_outside_the_cluster_is_known_as_one(store):
    store.register_worker("w", "laptop", ("eval",), T0, {"site": "away"}, pid=4, external=True)
    (worker,) = store.workers()
    assert (worker.pid, worker.external, worker.labels) == (4, True, {"site": "away"})
    submit(store)
    assert store.claim("w", ("forge",), T0)
    assert store.holding() == {"w": ["1"]}


def test_a_job_that_never_reached_its_worker_goes_back_with_the_next_heartbeat(store):
    """Who handed it out was killed before the worker heard of it."""
    store.register_worker("w", "host", ("forge",), T0)
    reached, lost = submit(store), submit(store)
    store.claim_many("w", ("forge",), 2, at(1))
    later = submit(store)
    store.claim("w", ("forge",), at(6))
    assert store.heartbeat("w", [reached], at(7)).lost == frozenset()
    assert store.holding() == {"w": [reached, lost, later]}
    assert store.heartbeat("w", [reached], at(8), given_before=at(5)).held == {reached}
    assert store.holding() == {"w": [reached, later]}
    assert (store.get(lost).status, store.get(lost).attempts) == (JobStatus.PENDING, 0)
    assert store.history(lost)[-1].detail == "never reached w"


def test_lines_of_histories_are_forgotten_after_two_weeks(store):
    job = submit(store)
    store.claim("w", ("forge",), at(DAY))
    assert store.prune(at(14 * DAY + 1)) == 0
    assert [line.status.value for line in store.history(job)] == ["claimed"]


def test_what_is_stuck_is_told_with_its_reason(store):
    store.register_worker("w", "host", ("forge",), T0)
    submit(store)
    store.claim("w", ("forge",), T0)
    assert store.stuck(at(1)) == ()
    sync = submit(store, kind="sync", payload=SYNC)
    assert [(job.id, reason) for job, reason in store.stuck(at(1))] == [(sync, "no worker is online for role vault")]


def test_how_many_a_list_goes_through(store):
    submit(store)
    submit(store, kind="sync", payload=SYNC)
    store.claim("w", ("forge",), T0)
    assert (store.count(), store.count([JobStatus.PENDING]), store.count(types=[JobType.SYNC])) == (2, 1, 1)
    assert store.count([JobStatus.RUNNING], [JobType.SYNC]) == 0
    assert ids(store.page(types=[JobType.SYNC, JobType.ARCHIVE])) == ["2"]
    assert store.pending_by_priority()[Priority.NORMAL] == 1


def test_a_claim_among_many_thousand_finished_jobs_takes_as_little_as_among_few(free, db):
    """The work is counted in `test_store_jobs`; here the plans: no statement reads the table from end to end."""
    submit(free)
    free.claim_many("w", ("forge",), 1, T0)
    seen = []
    with db.read() as connection:
        driver = connection.connection.driver_connection
    driver.set_trace_callback(seen.append)
    for _ in range(3):
        submit(free)
    free.claim_many("w", ("forge",), 2, T0)
    free.complete("2", "w", {}, T0)
    driver.set_trace_callback(None)
    with db.read() as connection:
        finished = dict(connection.execute(select(jobs).where(jobs.c.id == 2)).mappings().one())
    del finished["id"], finished["key"]
    with db.write() as connection:
        connection.execute(insert(jobs), [finished] * 3000)
        connection.exec_driver_sql("ANALYZE")
    with db.read() as connection:
        plans = [
            (statement, row[3])
            for statement in {each for each in seen if each.startswith(("SELECT", "UPDATE"))}
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.replace('%', '%%')}")
        ]
    assert plans
    assert [(plan, statement) for statement, plan in plans if plan.startswith("SCAN jobs")] == []
