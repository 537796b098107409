"""Which worker may take which job, what yields to what, and when a job is called stuck; what a request may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.errors import RequestError
from realm.rules.job import Job, JobStatus, JobType, Priority, Worker
from realm.rules.job_match import Ask, stuck_reason, takes, turn, yielding
from realm.rules.job_request import JobRequest

T0 = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"))
ROLES = st.sets(st.sampled_from(["eval", "forge", "vault"]))


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def job(number=1, **more):
    made = Job(str(number), JobType.DATA_VALIDATE, JobStatus.PENDING, Priority.NORMAL, {}, "forge", 300, T0)
    return replace(made, **more)


def worker(name="w", beat=T0, **more):
    return Worker(name, "host", ("forge",), T0, beat, **more)


@given(ROLES, LABELS, st.sampled_from(["eval", "forge", "any"]), LABELS)
def test_a_worker_takes_jobs_of_its_roles_whose_labels_it_has(roles, has, role, needs):
    expected = (role == "any" or role in roles) and needs.items() <= has.items()
    assert takes(roles, has, role, needs) == expected
    ask = Ask("w", tuple(roles), 1, has, 100)
    assert ask.fits(role, needs, 100) == expected
    assert not ask.fits(role, needs, 101)


JOBS = st.lists(
    st.tuples(
        st.sampled_from(list(Priority)),
        st.sampled_from([JobType.DATA_VALIDATE, JobType.DATA_PROFILE]),
        st.integers(0, 100),
        st.sampled_from(["w", "v", "dead", "unknown"]),
    ),
    max_size=12,
)


@given(JOBS, JOBS, st.integers(0, 2), st.integers(0, 2))
def test_idle_jobs_yield_only_to_what_comes_before_them_and_never_more_than_waits(asked, running, room, other_room):
    now = at(100)
    waiting = [job(n, priority=p, type=kind, created_at=at(s)) for n, (p, kind, s, _) in enumerate(asked, 1)]
    waiting.sort(key=lambda each: turn(each, now))
    held = [
        job(100 + n, priority=p, type=kind, created_at=at(s), worker_id=w, status=JobStatus.RUNNING)
        for n, (p, kind, s, w) in enumerate(running)
    ]
    workers = {"w": worker("w", now), "v": worker("v", now), "dead": worker("dead", at(0))}
    rooms = {JobType.DATA_VALIDATE: room, JobType.DATA_PROFILE: other_room}
    found = yielding(waiting, held, workers, {}, rooms, now)
    wanted = [each for each in waiting if each.priority != Priority.IDLE]
    assert len({each.id for each in found}) == len(found) <= len(wanted)
    for each in found:
        assert each.priority == Priority.IDLE
        assert each.worker_id in ("w", "v")
        assert turn(wanted[0], now) < turn(each, now)
    for kind in rooms:
        if not rooms[kind] and all(each.type == kind for each in wanted):
            assert all(each.type == kind for each in found)


def test_the_idle_job_that_began_last_yields_first():
    held = [
        job(n, priority=Priority.IDLE, worker_id=name, status=JobStatus.RUNNING, claimed_at=at(n))
        for n, name in ((11, "a"), (12, "b"))
    ]
    workers = {name: worker(name) for name in "ab"}
    room = {JobType.DATA_VALIDATE: 1}
    assert yielding([job(1)], held, workers, {}, room, at(20)) == (held[1],)


def test_a_job_that_needs_gpu_memory_makes_only_a_worker_yield_that_has_it():
    held = [job(11, priority=Priority.IDLE, worker_id="w", status=JobStatus.RUNNING)]
    asked, room = [job(1, min_gpu_mb=500)], {JobType.DATA_VALIDATE: 1}
    assert yielding(asked, held, {"w": worker()}, {}, room, at(1)) == ()
    assert yielding(asked, held, {"w": worker()}, {"w": 500}, room, at(1)) == tuple(held)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (job(), None),
        (job(role="vault"), "no worker is online for role vault"),
        (job(labels={"site": "away"}), "no worker is online for role forge, site=away"),
        (job(role="any"), None),
        (
            job(not_before=at(9), attempts=2, error="disk full"),
            "attempt 2 of 3 failed, again in 8 s: disk full",
        ),
        (job(not_before=at(1), attempts=2, error="disk full"), None),
        (job(status=JobStatus.RUNNING, started_at=at(-300)), "runs for longer than its 300 s"),
        (job(status=JobStatus.RUNNING, started_at=at(-299)), None),
        (job(status=JobStatus.CLAIMED), None),
    ],
)
def test_why_a_job_does_not_get_on(found, reason):
    assert stuck_reason(found, [worker()], at(1)) == reason


def test_a_worker_that_is_offline_takes_nothing():
    assert stuck_reason(job(), [worker()], at(31)) == "no worker is online for role forge"


def test_a_request_is_read_with_its_defaults():
    assert JobRequest.read({"job_type": "eval"}) == JobRequest("eval", {})
    said = {
        "job_type": "eval", "payload": {"a": 1}, "priority": "low", "tags": ["x"], "timeout_s": 5, "key": "k",
        "labels": {"a": "b"}, "min_gpu_mb": 7,
    }  # fmt: skip
    wanted = JobRequest("eval", {"a": 1}, Priority.LOW, ("x",), 5.0, "k", {"a": "b"}, 7)
    assert JobRequest.read(said) == wanted
    assert JobRequest.read({"job_type": "eval", **dict.fromkeys(("key", "tags", "labels", "timeout_s"))}) == (
        JobRequest("eval", {})
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("job_type", None),
        ("job_type", 3),
        ("payload", "x"),
        ("payload", None),
        ("priority", "urgent"),
        ("priority", 1),
        ("priority", ["high"]),
        ("tags", "mine"),
        ("tags", ["x"] * 17),
        ("tags", [""]),
        ("tags", ["x" * 101]),
        ("tags", [1]),
        ("timeout_s", 0),
        ("timeout_s", -1.5),
        ("timeout_s", 86_401),
        ("timeout_s", float("nan")),
        ("timeout_s", float("inf")),
        ("timeout_s", "60"),
        ("timeout_s", True),
        ("key", ""),
        ("key", "k" * 161),
        ("key", 7),
        ("labels", ["a"]),
        ("labels", {"a": 1}),
        ("labels", {"": "x"}),
        ("labels", {f"l{n}": "x" for n in range(17)}),
        ("min_gpu_mb", -1),
        ("min_gpu_mb", 1.5),
        ("min_gpu_mb", True),
        ("when", "now"),
    ],
)
def test_a_wrong_field_of_a_request_is_named_with_its_value(name, value):
    with pytest.raises(RequestError, match=f"'{name}'") as caught:
        JobRequest.read({"job_type": "eval", name: value})
    assert caught.value.remedy
    if name != "when":
        assert repr(value)[:200] in caught.value.problem
