"""Which events are told, how they are summed up and paced, and what of a URL is never told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.config import NoticeName
from realm.rules.event import Event
from realm.rules.notices import (
    LISTED,
    LONGEST_WAIT,
    NAMES,
    Notice,
    NoticeKind,
    Target,
    messages,
    notice_of,
    redacted,
    scrubbed,
    target_id,
)

T0 = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def notice(seq: int, kind: NoticeKind = NoticeKind.LEVEL_UP, detail: str = "") -> Notice:
    return Notice(seq, T0 + timedelta(seconds=seq), kind, f"thing {seq}", detail)


def test_settings_know_the_kinds_there_are():
    assert set(get_args(NoticeName)) == {kind.value for kind in NoticeKind} == {kind.value for kind in NAMES}


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        ("level.mastered", {}, NoticeKind.LEVEL_UP),
        ("champion.moved", {}, NoticeKind.CHAMPION),
        ("champion.promoted", {}, None),
        ("campaign.momentum", {"momentum": "blocked"}, NoticeKind.BLOCKER),
        ("campaign.momentum", {"momentum": "go"}, None),
        ("battle.failed", {}, NoticeKind.BATTLE_FAILED),
        ("battle.finished", {}, None),
        ("verdict.capped", {}, NoticeKind.VERDICT),
        ("title.earned", {}, NoticeKind.TITLE),
        ("achievement.earned", {}, NoticeKind.ACHIEVEMENT),
        ("notify.failed", {}, None),
    ],
)
def test_events_that_are_told(kind, data, told):
    found = notice_of(Event(7, T0, kind, "title", "detail", data))
    assert (found and found.kind) == told
    assert found is None or (found.seq, found.title, found.detail) == (7, "title", "detail")


kinds = st.lists(st.sampled_from(list(NoticeKind)), max_size=60)


@given(kinds, st.integers(0, 50))
def test_all_that_waits_is_sent_or_none_of_it_and_never_more_messages_than_slots(found, slots):
    pending = [notice(seq, kind) for seq, kind in enumerate(found, start=1)]
    made = messages(pending, slots)
    assert len(made) <= slots
    assert sum(each.count for each in made) == (len(pending) if slots and pending else 0)
    if made:
        assert [each.upto for each in made] == sorted({each.upto for each in made})
        assert made[-1].upto == pending[-1].seq
        assert all(each.title and each.body for each in made)


def test_a_summary_counts_each_kind_and_lists_the_newest():
    pending = [notice(seq) for seq in range(1, 30)] + [notice(30, NoticeKind.BLOCKER)]
    (made,) = messages(pending, 5)
    assert (made.title, made.count) == ("Realm: 29 levels mastered, 1 campaign blocked", 30)
    lines = made.body.splitlines()
    assert (lines[0], len(lines)) == ("10 earlier ones", 1 + LISTED)
    assert lines[-1] == "2026-01-01 12:00 UTC thing 30"
    (alone,) = messages([notice(1, detail="mean 0.83")], 1)
    assert (alone.title, alone.body) == ("Realm: thing 1", "mean 0.83\n2026-01-01 12:00 UTC")


def test_slots_come_back_after_an_hour_and_a_clock_set_back_blocks_nothing():
    target, (message,) = Target("t", 0), messages([notice(9)], 1)
    for minute in range(3):
        target = target.sent(message, T0 + timedelta(minutes=minute))
    assert target.seq == 9
    assert target.slots(T0 + timedelta(minutes=5), 3) == 0
    assert target.slots(T0 + timedelta(minutes=5), 2) == 0
    assert target.slots(T0 + timedelta(minutes=61), 3) == 2
    assert target.slots(T0 - timedelta(days=1), 3) == 3


def test_a_refusal_waits_longer_each_time_up_to_half_an_hour():
    target, waits = Target("t", 4), []
    for _ in range(9):
        target = target.refused("no", T0)
        assert not target.due(T0)
        waits.append((target.not_before - T0).total_seconds())
    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    assert (target.seq, target.failures, target.error) == (4, 9, "no")
    assert target.due(T0 + LONGEST_WAIT)
    assert target.due(T0 - timedelta(days=1))
    (message,) = messages([notice(9)], 1)
    after = target.sent(message, T0)
    assert (after.failures, after.not_before, after.error) == (0, None, "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("json://127.0.0.1:9000", "json://127.0.0.1:9000"),
        ("jsons://me:hunter2@box.example:443/hook/S3cret?tok=S3cret", "jsons://box.example:443/…"),
        ("json://box.example?tok=S3cret", "json://box.example"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord://…"),
        ("ntfy://my-secret-topic", "ntfy://…"),
        ("tgram://123456789:abcdefg/12315544/", "tgram://…"),
        ("mailto://me:hunter2@example.com", "mailto://…"),
        ("hunter2", "…"),
        ("hun ter2://x", "…"),
    ],
)
def test_a_url_is_told_without_its_secrets(url, shown):
    assert redacted(url) == shown
    assert target_id(url) == target_id(url) != target_id(url + "x")


def test_a_reason_that_repeats_a_secret_is_scrubbed():
    url = "jsons://me:hunter2@box.example/hook/S3cret%21x?tok=abcd1234"
    said = scrubbed(f"POST {url} to box.example failed for hunter2 with S3cret!x and abcd1234", url)
    assert not any(secret in said for secret in ("hunter2", "S3cret", "abcd1234"))
    assert "box.example failed" in said
