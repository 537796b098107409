"""Notices over the books to a real local receiver: pace, a receiver that is down, restarts, and secrets kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select
from store_helpers import T0, at, kinds

from actors.notifier import NOTE_EVERY, Notifier
from realm.config import NotifyConfig
from realm.notify import send
from realm.rules.notices import NoticeKind, target_id
from realm.store.events import EventStore
from realm.store.notices import NoticeStore
from realm.store.tables import notify_targets

HOUR = 3600


class Receiver:
    """An HTTP server that keeps what it is sent; `status` is its answer."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[dict] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.status == 200:
                    outer.taken.append(json.loads(body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"json://127.0.0.1:{self.port}/hook/S3cretKey"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def titles(self) -> list[str]:
        return [each["title"].removeprefix("Realm: ") for each in self.taken]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def notifier(db, *urls, per_hour=12, kinds=("level_up", "champion", "blocker"), send=send):
    settings = NotifyConfig(urls=urls, per_hour=per_hour, kinds=kinds)
    made = Notifier(db, lambda: settings, send)
    made.tick(T0)
    return made


def happen(db, *titles, kind="level.mastered", when=T0, **data):
    for title in titles:
        EventStore(db).add(kind, title, when, "", data)


def test_what_happened_before_a_url_was_set_is_not_told_and_then_each_thing_once_in_order(db, receiver):
    happen(db, "long ago")
    telling = notifier(db, receiver.url)
    happen(db, "one")
    happen(db, "aside", kind="evaluation.recorded")
    happen(db, "going", kind="campaign.momentum", momentum="go")
    happen(db, "stuck", kind="campaign.momentum", momentum="blocked")
    happen(db, "lost", kind="battle.failed")
    assert telling.tick(at(5)) == 2
    assert telling.tick(at(10)) == 0
    assert receiver.titles == ["one", "stuck"]
    assert receiver.taken[0]["message"] == "2026-01-01 12:00 UTC"


def test_beyond_the_limit_everything_is_summed_up_in_one_message_later(db, receiver):
    telling = notifier(db, receiver.url, per_hour=3)
    for number in range(10):
        happen(db, f"level {number}", when=at(60 * number))
        telling.tick(at(60 * number))
    assert receiver.titles == ["level 0", "level 1", "level 2"]
    assert telling.tick(at(HOUR - 1)) == 0
    assert telling.tick(at(HOUR + 1)) == 1
    assert receiver.titles[3:] == ["7 levels mastered"]
    assert [f"level {number}" in receiver.taken[3]["message"] for number in range(10)] == [False] * 3 + [True] * 7
    assert telling.tick(at(3 * HOUR)) == 0


def test_the_limit_holds_over_a_restart(db, receiver):
    telling = notifier(db, receiver.url, per_hour=2)
    happen(db, "a", "b")
    telling.tick(at(1))
    happen(db, "c", "d")
    again = notifier(db, receiver.url, per_hour=2)
    assert again.tick(at(2)) == 0
    assert again.tick(at(HOUR + 2)) == 2
    assert receiver.titles == ["a", "b", "c", "d"]


def test_a_receiver_that_is_down_is_tried_again_and_then_told_everything(db, receiver, capsys):
    telling = notifier(db, receiver.url)
    receiver.status = 503
    happen(db, "one")
    assert telling.tick(at(0)) == 0
    happen(db, "two")
    assert telling.tick(at(29)) == 0
    assert telling.tick(at(31)) == 0
    target = NoticeStore(db).target(target_id(receiver.url))
    assert (target.failures, target.not_before, target.sent_at) == (2, at(91), ())
    assert telling.tick(at(40)) == 0
    receiver.status = 200
    again = notifier(db, receiver.url)  # a restart meanwhile
    assert again.tick(at(60)) == 0
    assert again.tick(at(92)) == 2
    assert receiver.titles == ["one", "two"]
    assert kinds(db, "notify") == ["notify.failed", "notify.recovered"]
    failed = next(each for each in EventStore(db).after(0) if each.kind == "notify.failed")
    assert failed.title == f"Notices do not reach URL 1 (json://127.0.0.1:{receiver.port}/…)"
    assert "503" in failed.detail
    with db.read() as connection:
        rows = str(connection.execute(select(notify_targets)).all())
    assert not any("S3cretKey" in text for text in (failed.title, failed.detail, capsys.readouterr().out, rows))


def test_a_port_where_nobody_listens_is_a_refusal_in_words(receiver):
    receiver.server.shutdown()
    receiver.server.server_close()
    reason = send(receiver.url, "t", "b")
    assert reason
    assert "S3cretKey" not in reason
    assert send("nonsense-hunter2", "t", "b") == "… is no URL that apprise knows."


def test_one_url_that_is_down_holds_up_no_other(db, receiver):
    telling = notifier(db, "json://127.0.0.1:9/gone", receiver.url)
    happen(db, "one")
    assert telling.tick(at(1)) == 1
    assert receiver.titles == ["one"]


def test_a_kill_between_a_message_and_its_note_sends_it_again_and_loses_none(db, receiver):
    """At least once: whether the receiver had taken it cannot be known after the kill."""

    class Killed(BaseException):
        pass

    def send_and_die(url, title, body):
        assert send(url, title, body) is None
        raise Killed

    telling = notifier(db, receiver.url, send=send_and_die)
    happen(db, "one", "two")
    with pytest.raises(Killed):
        telling.tick(at(1))
    assert notifier(db, receiver.url).tick(at(2)) == 0  # its first tick told both
    assert receiver.titles == ["one", "one", "two"]


def test_a_url_that_was_taken_out_and_set_again_is_told_from_then_on(db, receiver):
    current = [NotifyConfig(urls=(receiver.url,))]
    telling = Notifier(db, lambda: current[0])
    telling.tick(T0)
    current[0] = NotifyConfig()
    telling.tick(T0)
    happen(db, "meanwhile")
    current[0] = NotifyConfig(urls=(receiver.url,))
    telling.tick(T0)
    happen(db, "then")
    telling.tick(T0)
    assert receiver.titles == ["then"]


def test_a_restart_does_not_read_long_quiet_stretches_again(db):
    telling = notifier(db, "json://127.0.0.1:9/gone")
    first = NoticeStore(db).target(target_id("json://127.0.0.1:9/gone")).seq
    with db.write() as connection:
        from realm.store.events import emit

        for number in range(NOTE_EVERY + 1):
            emit(connection, T0, "evaluation.recorded", str(number))
    telling.tick(at(1))
    assert NoticeStore(db).target(target_id("json://127.0.0.1:9/gone")).seq == first + NOTE_EVERY + 1


def test_notices_are_read_by_number_in_pages_that_leave_none_out(db):
    for number in range(5):
        happen(db, f"level {number}")
        happen(db, "x", kind="evaluation.recorded")
        happen(db, "y", kind="campaign.momentum", momentum="go")
    store, seen, after = NoticeStore(db), [], 0
    for _ in range(20):
        found, after = store.after(after, 2)
        seen += [each.title for each in found]
    assert seen == [f"level {number}" for number in range(5)]
    assert store.after(after) == ((), after)
    happen(db, "capped", kind="verdict.capped", when=T0 + timedelta(days=1))
    ((last,), _) = store.after(after)
    assert (last.kind, last.title) == (NoticeKind.VERDICT, "capped")
