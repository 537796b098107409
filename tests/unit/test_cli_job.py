"""`realm job`: what it asks of TaskMaster, what it prints, how it follows a job."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from cli_helpers import FakeSession, Turn, run, use_session

from actors.rows import flat_row_of
from realm.errors import QueueFullError
from realm.rules.job import JOB_SPECS, FailureKind, Job, JobStatus, JobType, Priority

JOB = Job(
    "7", JobType.DATA_GEN, JobStatus.PENDING, Priority.HIGH, {"skill_id": "bin", "count": 9}, "forge", 300,
    created_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
)  # fmt: skip
ANSWER = {"job_id": "7", "status": "pending", "queue_position": 3, "warnings": [], "repeated": False}


def row(status="pending", **more):
    return {**flat_row_of(JOB), "status": status, **more}


TYPES = [
    {
        "type": spec.type.value, "about": spec.about, "role": spec.role, "timeout_s": spec.timeout_s,
        "max_pending": spec.max_pending, "max_running": spec.max_running, "when_full": spec.when_full,
        "schema": spec.payload.model_json_schema(),
    }
    for spec in JOB_SPECS.values()
]  # fmt: skip


@pytest.fixture
def master(monkeypatch):
    """A session whose TaskMaster answers from a table."""
    session = FakeSession({("task_master", "types"): TYPES, ("task_master", "submit"): ANSWER})
    use_session(monkeypatch, session)
    monkeypatch.setattr("realm.cli.job.POLL_S", 0)
    return session


def submitted(session):
    (call,) = [call for call in session.calls if call[1] == "submit"]
    return call[2:]


def test_a_job_is_submitted_with_typed_fields(master):
    done = run(
        "job", "submit", "data_gen", "skill_id=bin", "count=9", "post=true", "--priority", "low", "--tag", "a",
        "--tag", "b", "--label", "site=home", "--timeout", "60", "--key", "k",
    )  # fmt: skip
    assert (done.code, done.out) == (0, "Job 7 is queued, at place 3.\n")
    payload = {"skill_id": "bin", "count": 9, "post": True}
    assert submitted(master) == ("data_gen", payload, "low", "k", ["a", "b"], 60.0, {"site": "home"})


def test_text_stays_text_where_the_field_takes_text(master):
    assert run("job", "submit", "inference", "prompt=5", "max_tokens=5", "checkpoint_id=12").code == 0
    assert submitted(master)[1] == {"prompt": "5", "max_tokens": 5, "checkpoint_id": "12"}


def test_a_value_that_is_no_json_is_passed_on_for_the_realm_to_refuse(master):
    run("job", "submit", "data_gen", "skill_id=bin", "count=many")
    assert submitted(master)[1]["count"] == "many"


def test_a_payload_can_be_json(master):
    done = run("job", "submit", "eval", "--payload", '{"skill_id": "bin"}', "--json")
    assert done.json() == ANSWER
    assert submitted(master)[1:3] == ({"skill_id": "bin"}, "high")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("skill_id",), "'skill_id' is not of the form NAME=VALUE"),
        (("=bin",), "NAME=VALUE"),
        (("--payload", "{"), "no JSON"),
        (("--payload", "[1]"), "JSON object"),
        (("a=1", "--payload", "{}"), "Give one of the two"),
        (("--label", "home"), "NAME=VALUE"),
    ],
)
def test_wrong_fields_are_refused_before_anything_is_queued(master, arguments, words):
    done = run("job", "submit", "eval", *arguments)
    assert done.code == 1
    assert words in done.err
    assert not [call for call in master.calls if call[1] == "submit"]


def test_a_full_queue_and_a_warning_are_said(master):
    master.answers["task_master", "submit"] = {**ANSWER, "warnings": ["20 or more data_gen jobs wait already."]}
    done = run("job", "submit", "data_gen")
    assert done.err == "20 or more data_gen jobs wait already.\n"
    master.answers["task_master", "submit"] = QueueFullError("5 or more sync jobs wait already.", "Try again in 60 s.")
    done = run("job", "submit", "sync")
    assert (done.code, done.err) == (1, "5 or more sync jobs wait already. Try again in 60 s.\n")


def test_a_known_key_is_said(master):
    master.answers["task_master", "submit"] = {**ANSWER, "status": "completed", "repeated": True}
    assert run("job", "submit", "eval", "--key", "k").out == "Job 7 was queued with this key before; it is completed.\n"


def test_a_job_is_followed_to_its_result(master):
    rows = [row(), row("running", worker_id="w"), row("completed", result={"examples": 9, "by_level": {"1": 9}})]
    master.answers["task_master", "show"] = [Turn(each) for each in rows]
    done = run("job", "submit", "data_gen", "--wait")
    assert done.code == 0
    assert done.err.splitlines() == [
        "job 7 (data_gen) waits for a worker",
        "job 7 (data_gen) is running on w",
        "job 7 (data_gen) is completed",
    ]
    assert "examples 9; 1 more with --json" in done.out


def test_watching_prints_the_end_as_json(master):
    master.answers["task_master", "show"] = [Turn(row()), Turn(row("completed", result={"examples": 9}))]
    done = run("job", "watch", "7", "--json")
    assert (done.code, done.err, done.json()["result"]) == (0, "", {"examples": 9})
    master.answers["task_master", "show"] = row("failed", error="no such skill")
    done = run("job", "watch", "7", "--json")
    assert (done.code, done.json()["status"]) == (1, "failed")


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ({"status": "failed", "error": "boom", "failure": "inference"}, "Job 7 (data_gen) failed: boom."),
        ({"status": "cancelled", "cancel_reason": "superseded"}, "Job 7 (data_gen) was cancelled: superseded."),
    ],
)
def test_a_job_that_ends_badly_is_an_error(master, end, words):
    again = row(attempts=1, error="lost")
    master.answers["task_master", "show"] = [Turn(again), Turn(row(**end))]
    done = run("job", "watch", "7")
    assert (done.code, done.out) == (1, "")
    assert words in done.err
    assert "for attempt 2: lost" in done.err


def test_ctrl_c_leaves_the_job_running_and_says_so(master, monkeypatch):
    def interrupted(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("realm.cli.job.time.sleep", interrupted)
    master.answers["task_master", "show"] = row("running", worker_id="w")
    done = run("job", "watch", "7")
    assert done.code == 130
    assert "Job 7 goes on: realm job watch 7 follows it again." in done.err
    assert {call[1] for call in master.calls} == {"show"}


def test_jobs_are_listed(master):
    failed = row("failed", error="x" * 200, attempts=3)
    master.answers["task_master", "list"] = {"jobs": [failed, row("cancelled", cancel_reason="old")], "total": 12}
    done = run("job", "list", "--status", "failed", "--type", "data_gen", "--limit", "2")
    assert master.calls[-1] == ("task_master", "list", ["failed"], ["data_gen"], 2, 0)
    assert "3 of 3" in done.out
    assert "old" in done.out
    assert "x" * 61 not in done.out
    assert done.out.endswith("2 of 12 jobs.\n")
    assert run("job", "list", "--json").json()["total"] == 12


def test_a_job_is_shown_with_its_history(master):
    line = {
        "seq": 1,
        "job_id": "7",
        "at": row()["created_at"],
        "status": "pending",
        "worker_id": None,
        "detail": "high",
    }
    more = {"labels": {"site": "home"}, "min_gpu_mb": 500, "tags": ("mine",), "not_before": row()["created_at"]}
    bad = {"error": "boom", "failure": FailureKind.INFERENCE}
    master.answers |= {("task_master", "show"): row(**more, **bad), ("task_master", "history"): [line]}
    done = run("job", "show", "7")
    for word in ('{"skill_id": "bin", "count": 9}', "site=home", "500 MB", "mine", "inference: boom", "0 of 3"):
        assert word in done.out
    shown = run("job", "show", "7", "--json").json()
    assert shown["history"] == [line]
    assert shown["payload"] == {"skill_id": "bin", "count": 9}


def test_cancel_and_retry(master):
    master.answers |= {("task_master", "cancel"): row("cancelled"), ("task_master", "retry"): row()}
    assert run("job", "cancel", "7", "--reason", "old").out == "Job 7 is cancelled.\n"
    assert master.calls[-1] == ("task_master", "cancel", "7", "old")
    assert run("job", "retry", "7").out == "Job 7 is queued again.\n"
    assert json.loads(run("job", "cancel", "7", "--json").out)["status"] == "cancelled"


@pytest.mark.usefixtures("master")
def test_types_are_listed_with_what_they_need():
    done = run("job", "types")
    lines = {line.split()[0]: line for line in done.out.splitlines() if line.strip()}
    assert set(JOB_SPECS) <= set(lines)
    assert "skill_id, count" in lines["data_gen"]
    assert run("job", "types", "--json").json() == TYPES
