"""`realm spar`, `skill eval`, `passive run`, `primitive run`: a job is queued, waited for, or given up."""

from __future__ import annotations

import json

import pytest
from cli_helpers import FakeSession, Turn, run, use_session

from realm.errors import ConflictError

SUBMITTED = {"job_id": "7", "status": "pending", "queue_position": 1, "warnings": []}
SHARE = {"n": 50, "correct": 40, "accuracy": 0.8, "low": 0.67, "high": 0.89}
SPARRED = {
    "skill_id": "bin", "level": 5, "step": 900, "n": 100, "first_correct": 62, "mistakes": 38, "second_correct": 3,
    "examples": 114, "quest_id": "q1", "reason": "",
}  # fmt: skip
EVALUATED = {
    "level": 3, "step": 900, **SHARE, "mastered_level": None, "counted": False, "detail": "the training level is 5",
    "primitives": [{"id": "binary/bitwise_and@1", "n": 50, "correct": 40}],
    "samples": [{"prompt": "1+1", "answer": "3", "expected": "2", "correct": False, "reason": "Not it."}],
}  # fmt: skip
PASSIVE = {
    "id": "logic", "title": "Logic", "version": 1, "run": SHARE, "pooled": {"step": 900, **SHARE}, "peak": None,
    "warning": None,
}  # fmt: skip
COMMANDS = {
    "request_sparring": (("spar", "--skill", "bin"), SPARRED),
    "request_evaluation": (("skill", "eval", "bin"), EVALUATED),
    "request_passives": (("passive", "run"), {"mode": "lite", "step": 900, "passives": [PASSIVE]}),
    "request_primitives": (
        ("primitive", "run"),
        {"step": 900, "n": 50, "correct": 40, "primitives": EVALUATED["primitives"]},
    ),
}
ALL = pytest.mark.parametrize("method", list(COMMANDS))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("REALM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("realm.cli.jobs.POLL_S", 0)


def job(status, **more):
    return {"id": "7", "status": status, "attempts": 0, "error": None, "cancel_reason": None, "result": None, **more}


def realm(monkeypatch, method, *turns, submitted=SUBMITTED):
    answers = {("skill_engine", method): submitted, ("task_master", "cancel"): None}
    session = FakeSession(answers | {("task_master", "show"): [Turn(turn) for turn in turns]})
    use_session(monkeypatch, session)
    return session


@ALL
def test_a_command_waits_for_its_job_and_prints_the_result(monkeypatch, method):
    command, result = COMMANDS[method]
    session = realm(monkeypatch, method, job("pending"), job("running"), job("completed", result=result))
    done = run(*command, "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json() == result
    assert [call[:2] for call in session.calls] == [("skill_engine", method), *[("task_master", "show")] * 3]
    realm(monkeypatch, method, job("pending"), job("running"), job("completed", result=result))
    done = run(*command)
    assert done.code == 0
    assert "job 7 waits for a worker" in done.err
    assert "job 7 runs" in done.err


@ALL
def test_no_wait_returns_with_the_job(monkeypatch, method):
    session = realm(monkeypatch, method)
    assert run(*COMMANDS[method][0], "--no-wait", "--json").json() == {"job_id": "7"}
    assert "Job 7 is queued" in run(*COMMANDS[method][0], "--no-wait").out
    assert {call[1] for call in session.calls} == {method}


@ALL
def test_a_job_that_fails_says_why(monkeypatch, method):
    command, _ = COMMANDS[method]
    realm(monkeypatch, method, job("failed", error="ValueError: nan"))
    done = run(*command)
    assert done.code == 1
    assert "failed: ValueError: nan." in done.err
    realm(monkeypatch, method, job("cancelled", cancel_reason="superseded"))
    assert "was cancelled: superseded." in run(*command).err


@ALL
def test_ctrl_c_cancels_the_job(monkeypatch, method):
    session = realm(monkeypatch, method, job("running"))

    def interrupted(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("realm.cli.jobs.time.sleep", interrupted)
    done = run(*COMMANDS[method][0])
    assert done.code != 0
    assert session.calls[-1] == ("task_master", "cancel", "7", "given up at the command line")


@ALL
def test_a_refused_request_waits_for_nothing(monkeypatch, method):
    refused = ConflictError("There are too few problems.", "Ask for fewer.")
    session = realm(monkeypatch, method, submitted=refused)
    done = run(*COMMANDS[method][0], "--json")
    assert done.code == 1
    assert json.loads(done.err) == {"error": "There are too few problems.", "remedy": "Ask for fewer."}
    assert len(session.calls) == 1


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("spar", "--skill", "bin", "--count", "0"), 2),
        (("spar", "--skill", "bin", "--count", "1000000000"), 2),
        (("spar", "--skill", "bin", "--level", "0"), 2),
        (("spar", "--skill", "bin", "--level", "31"), 1),
        (("spar", "--skill", "nib"), 1),
        (("spar",), 2),
        (("skill", "eval", "bin", "--count", "0"), 2),
        (("skill", "eval", "bin", "--count", "1000000000"), 2),
        (("skill", "eval", "bin", "--level", "0"), 2),
        (("skill", "eval", "bin", "--level", "31"), 1),
        (("skill", "eval", "nib"), 1),
        (("primitive", "run", "--count", "0"), 2),
        (("primitive", "run", "binary/bitwise_nand@1"), 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_asks_the_realm_nothing(monkeypatch, command, code):
    session = FakeSession()
    use_session(monkeypatch, session)
    done = run(*command)
    assert (done.code, done.out, session.calls) == (code, "", [])
    assert done.err


def test_options_are_passed_on(monkeypatch):
    submitted = {
        "request_sparring": (("spar", "--skill", "bin", "--count", "20", "--level", "3"), ("bin", 20, 3, None)),
        "request_evaluation": (("skill", "eval", "bin", "--checkpoint", "c"), ("bin", None, None, "c")),
        "request_passives": (("passive", "run", "--full", "--checkpoint", "c"), ("full", "c")),
        "request_primitives": (
            ("primitive", "run", "binary/bitwise_and@1", "--count", "9"),
            ("binary/bitwise_and@1", 9, None),
        ),
    }
    for method, (command, arguments) in submitted.items():
        session = realm(monkeypatch, method)
        run(*command, "--no-wait")
        assert session.calls == [("skill_engine", method, *arguments)]


def test_first_and_second_try_are_shown_apart(monkeypatch):
    realm(monkeypatch, "request_sparring", job("completed", result=SPARRED))
    done = run("spar", "--skill", "bin")
    assert "62 of 100, 0.62" in done.out
    assert "3 of 38, 0.08" in done.out
    assert "q1" in done.out
    flawless = SPARRED | {"first_correct": 100, "mistakes": 0, "second_correct": 0, "examples": 0, "quest_id": None}
    realm(monkeypatch, "request_sparring", job("completed", result=flawless | {"reason": "no mistakes"}))
    assert "no mistakes" in run("spar", "--skill", "bin").out


def test_an_evaluation_shows_interval_primitives_and_wrong_answers(monkeypatch):
    realm(monkeypatch, "request_evaluation", job("completed", result=EVALUATED))
    out = run("skill", "eval", "bin").out
    for text in ("40 of 50, 0.80 (0.67 to 0.89)", "no: the training level is 5", "binary/bitwise_and@1", "Not it."):
        assert text in out


def test_the_lists_have_results_while_the_realm_runs(monkeypatch):
    use_session(monkeypatch, None)
    assert "are not known" in run("primitive", "list").out
    assert "are not known" in run("passive", "list").out
    assert len(run("primitive", "list", "--json").json()) == 39
    row = {
        "id": "binary/bitwise_and@1",
        "attempts": 240,
        "window_n": 100,
        "window_correct": 80,
        "low": 0.7,
        "high": 0.87,
    }
    warned = PASSIVE | {"warning": "fell"}
    answers = {("skill_engine", "primitive_summary"): [row], ("skill_engine", "passives"): [warned]}
    use_session(monkeypatch, FakeSession(answers))
    assert "80 of 100, 0.80 (0.70 to 0.87)" in run("primitive", "list").out
    assert "fell" in run("passive", "list").out
