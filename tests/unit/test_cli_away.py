"""`realm away` and `realm notify test`: the card on a terminal, times as people give them, answers of URLs."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cli_helpers import FakeSession, run, use_session

from realm.cli.away import since_when
from realm.errors import RequestError

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
CARD = {
    "campaign_id": "mote-1", "since": "2026-01-01T22:00:00+00:00", "until": "2026-01-02T06:30:00+00:00",
    "seconds": 30_600.0,
    "failures": [{"kind": "battle", "count": 1, "last": "battle 7", "reason": "no memory", "at": "",
                  "words": "Battle 7 failed: no memory."}],
    "trained_s": 27_000.0, "paused_s": 0.0, "idle_s": 3600.0,
    "xp_before": 12_000, "xp_after": 31_240, "xp_gained": 19_240, "hero_level_before": 12, "hero_level_after": 31,
    "quests_completed": 80, "gold": 8000,
    "train_loss": {"before": 0.31, "after": 0.22, "change": -0.09},
    "val_loss": {"before": None, "after": None, "change": None},
    "skill_ups": [{"skill_id": "bin", "levels": [5, 6, 7]}],
    "champion": {"before": None, "after": {"checkpoint_id": "c", "step": 30_100, "exam_accuracy": 0.412}},
    "next_action": {"words": "Battle 7 failed; none begins by itself.", "command": "realm battle resume"},
}  # fmt: skip


def test_the_card_on_a_terminal_says_what_failed_first(monkeypatch):
    session = FakeSession({("herald", "away"): {"visit": None, "away": CARD}})
    use_session(monkeypatch, session)
    done = run("away")
    lines = done.out.splitlines()
    assert lines[0].endswith(": 8 h 30 min.")
    assert lines[1] == "Battle 7 failed: no memory."
    for words in (
        "12000 → 31240, hero level 12 → 31",
        "80, 8000 gold",
        "0.31 → 0.22",
        "bin 5, 6, 7",
        "step 30100, exam accuracy 0.412",
        "none begins by itself. realm battle resume",
    ):
        assert words in done.out
    assert session.calls == [("herald", "away", None)]
    assert run("away", "--since", "2026-01-01T12:00+00:00", "--json").json() == CARD


def test_nobody_away_is_told(monkeypatch):
    use_session(monkeypatch, FakeSession({("herald", "away"): {"visit": None, "away": None}}))
    assert "Nobody was away for more than 5 minutes." in run("away").out


def test_times_as_people_give_them():
    assert since_when("8h", NOW) == "2026-01-02T04:00:00+00:00"
    assert since_when("30m", NOW) == "2026-01-02T11:30:00+00:00"
    assert datetime.fromisoformat(since_when("2026-01-01T12:00:00+00:00", NOW)) == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert datetime.fromisoformat(since_when("2026-01-01T12:00", NOW)).tzinfo is not None
    for wrong in ("yesterday", "8", "-3h"):
        with pytest.raises(RequestError, match=wrong):
            since_when(wrong, NOW)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("REALM_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("home")
def test_each_url_answers_and_none_is_shown_whole():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200 if self.path == "/good/S3cretKey" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    base = f"json://127.0.0.1:{server.server_port}"
    wanted = f"['{base}/good/S3cretKey', '{base}/bad/S3cretKey', 'hunter2://S3cretKey']"
    written = run("config", "set", "notify.urls", wanted)
    assert f"{base}/…" in written.out
    done = run("notify", "test", "--json")
    shown, config = run("notify", "test"), run("config", "show", "notify", "--json")
    server.shutdown()
    server.server_close()
    assert done.code == shown.code == 1
    rows = done.json()["sent"]
    assert [(row["number"], row["taken"]) for row in rows] == [(1, True), (2, False), (3, False)]
    assert rows[0]["url"] == f"{base}/…"
    assert "500" in rows[1]["reason"]
    assert "apprise" in rows[2]["reason"]
    assert "taken" in shown.out
    assert config.json()["notify.urls"]["value"] == [f"{base}/…", f"{base}/…", "hunter2://…"]
    assert not any("S3cretKey" in text for text in (written.out, done.out, shown.out, shown.err, config.out))


def test_no_url_and_a_wrong_setting_are_told_without_a_value(home):
    assert "notify.urls names no URL." in run("notify", "test").err
    (home / "realm.yaml").write_text("notify:\n  urls: json://S3cretKey\n")
    done = run("notify", "test")
    assert "notify.urls" in done.err
    assert "S3cretKey" not in done.err
