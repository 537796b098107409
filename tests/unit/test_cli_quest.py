"""`realm quest`: several files at once, and what is asked of the board."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from cli_helpers import FakeSession, Turn, run, use_session

from realm.errors import ConflictError, QuestError

QUEST = {
    "id": "3f2a9c0d1b7e4a55",
    "name": "sums.jsonl",
    "status": "queued",
    "priority": "high",
    "origin": "user",
    "shape": "question-answer",
    "examples": 500,
    "size_bytes": 123_000,
    "skipped_too_long": 12,
    "sha256": "ab" * 32,
    "reason": None,
    "steps_total": None,
    "steps_fought": 0,
    "first_step": None,
    "last_step": None,
    "train_loss": None,
    "heldout_loss": None,
    "gap_s": None,
    "posted_at": "2026-01-31T11:45:00+00:00",
    "completed_at": None,
}
POSTED = {"quest": QUEST, "duplicate": False}
BAD = QuestError("No assistant turn.", "Add one.", line=3)


@pytest.fixture
def files(tmp_path):
    made = [tmp_path / name for name in ("good.jsonl", "bad.jsonl", "other.jsonl")]
    for path in made:
        path.write_text(path.name)
    return made


def test_a_bad_file_stops_none_of_the_others(monkeypatch, files):
    session = FakeSession({("quest_board", "post"): [Turn(POSTED), Turn(BAD), Turn(POSTED)]})
    use_session(monkeypatch, session)
    done = run("quest", "post", *map(str, files), "--priority", "high")
    assert done.code == 1
    assert [call[:5] for call in session.calls] == [
        ("quest_board", "post", str(path), path.name, "high") for path in files
    ]
    assert f"{files[0]}: queued as {QUEST['id']}, priority high, shape question-answer, 500 examples" in done.out
    assert "12 longer than the context are left out" in done.out
    assert str(files[2]) in done.out
    assert done.err == f"{files[1]}: line 3: No assistant turn. Add one.\n"


def test_posting_as_json(monkeypatch, files):
    use_session(monkeypatch, FakeSession({("quest_board", "post"): [Turn(POSTED), Turn(BAD)]}))
    done = run("quest", "post", str(files[0]), str(files[1]), "--json")
    assert done.code == 1
    assert done.json() == {
        "posted": [{"file": str(files[0]), **POSTED}],
        "failed": [{"file": str(files[1]), "error": "No assistant turn.", "remedy": "Add one.", "line": 3}],
    }


def test_all_good_files_exit_0(monkeypatch, files):
    use_session(monkeypatch, FakeSession({("quest_board", "post"): POSTED}))
    assert run("quest", "post", *map(str, files)).code == 0


def test_a_missing_file_and_a_folder_are_said_to_be_such(monkeypatch, tmp_path, files):
    use_session(monkeypatch, FakeSession({("quest_board", "post"): POSTED}))
    done = run("quest", "post", str(tmp_path / "none.jsonl"), str(tmp_path), str(files[0]))
    assert done.code == 1
    assert f"{tmp_path}/none.jsonl: No such file." in done.err
    assert f"{tmp_path}: It is not a file." in done.err
    assert str(files[0]) in done.out


def test_a_duplicate_is_no_failure(monkeypatch, files):
    use_session(monkeypatch, FakeSession({("quest_board", "post"): {**POSTED, "duplicate": True}}))
    done = run("quest", "post", str(files[0]))
    assert done.code == 0
    assert f"on the board already as {QUEST['id']}, queued" in done.out


def test_bytes_travel_when_the_head_is_another_machine(monkeypatch, files):
    session = FakeSession({("quest_board", "post_bytes"): POSTED}, here=False)
    use_session(monkeypatch, session)
    assert run("quest", "post", str(files[0])).code == 0
    assert [call[:5] for call in session.calls] == [
        ("quest_board", "post_bytes", b"good.jsonl", "good.jsonl", "normal")
    ]


class SlowSession(FakeSession):
    """Reads a file until it was asked twice how far it is, or until it is given up."""

    def __init__(self, interrupt: bool = False) -> None:
        super().__init__()
        self.interrupt = interrupt
        self.asked, self.given_up = threading.Semaphore(0), threading.Event()

    def call(self, service: str, method: str, *args: Any, timeout_s: float = 60.0) -> Any:
        self.calls.append((service, method, *args))
        if method == "intake":
            self.asked.release()
            if self.interrupt:
                raise KeyboardInterrupt
            return {"name": "good.jsonl", "bytes_done": 1, "bytes_total": 2}
        if method == "cancel_intake":
            self.given_up.set()
            return None
        if self.interrupt:
            assert self.given_up.wait(30)
            raise ConflictError("good.jsonl was cancelled at 1 of 2 bytes.")
        assert self.asked.acquire(timeout=30)
        assert self.asked.acquire(timeout=30)
        return POSTED


def test_a_long_reading_is_asked_how_far_it_is(monkeypatch, files):
    session = SlowSession()
    use_session(monkeypatch, session)
    assert run("quest", "post", str(files[0])).code == 0
    posted, *asked = session.calls
    assert {call[:2] for call in asked} == {("quest_board", "intake")}
    assert {call[2] for call in asked} == {posted[-1]}


def test_an_interrupt_gives_the_file_up(monkeypatch, files):
    session = SlowSession(interrupt=True)
    use_session(monkeypatch, session)
    assert run("quest", "post", str(files[0])).code == 130
    assert session.calls[-1] == ("quest_board", "cancel_intake", session.calls[0][-1])


def test_without_a_realm_the_inbox_is_named(monkeypatch, tmp_path, files):
    monkeypatch.setenv("REALM_HOME", str(tmp_path))
    use_session(monkeypatch, None)
    done = run("quest", "post", str(files[0]))
    assert done.code == 3
    assert f"A file dropped into {tmp_path}/inbox is posted at the next start." in done.err


def test_the_list_passes_on_what_was_asked_for(monkeypatch):
    session = FakeSession({("quest_board", "list"): {"quests": [QUEST], "total": 7}})
    use_session(monkeypatch, session)
    done = run("quest", "list", "--status", "queued", "--status", "active", "--limit", "1")
    assert session.calls == [("quest_board", "list", ["queued", "active"], 1, 0)]
    assert QUEST["id"] in done.out
    assert "1 of 7." in done.out


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("cancel", "q1"), ("cancel", "q1")),
        (("retry", "q1"), ("retry", "q1")),
        (("priority", "q1", "low"), ("set_priority", "q1", "low")),
    ],
)
def test_changes_are_asked_of_the_board(monkeypatch, arguments, asked):
    session = FakeSession({("quest_board", asked[0]): QUEST})
    use_session(monkeypatch, session)
    done = run("quest", *arguments)
    assert done.code == 0
    assert session.calls == [("quest_board", *asked)]
    assert "sums.jsonl (3f2a9c0d1b7e4a55): queued, priority high." in done.out
    assert run("quest", *arguments, "--json").json() == QUEST


def test_showing_a_quest(monkeypatch):
    use_session(monkeypatch, FakeSession({("quest_board", "show"): {**QUEST, "manifest": None}}))
    done = run("quest", "show", QUEST["id"])
    assert done.code == 0
    assert "question-answer" in done.out
    assert "files are gone" in done.out
