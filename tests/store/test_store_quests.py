"""Quests: posting, order, claims, fights, completion, and every guard."""

from __future__ import annotations

import pytest
from store_helpers import CAMPAIGN, T0, at, kinds, new_attempt

from realm.errors import ConflictError, NotFoundError
from realm.rules.quest import QuestPriority, QuestStatus, quest_id
from realm.store.battles import BattleStore
from realm.store.quests import QuestStore

HIGH, NORMAL, LOW = QuestPriority.HIGH, QuestPriority.NORMAL, QuestPriority.LOW


@pytest.fixture
def store(db):
    return QuestStore(db)


def post(store, name, priority=NORMAL, now=T0):
    posted = store.add(
        CAMPAIGN, name * 64, f"{name}.jsonl", now, shape="messages", examples=10, size_bytes=99, priority=priority
    )
    return posted.quest.id


def fight(store, attempt, quest, first, last):
    store.begin(quest, attempt, first, last - first, T0)
    return finish(store, attempt, quest, last)


def finish(store, attempt, quest, last, **more):
    numbers = {"last_step": last, "steps_fought": 5, "ended_by": "exhausted", "train_loss": 0.5, "heldout_loss": 0.6}
    numbers |= {"gap_s": 0.02}
    return store.finish(quest, attempt, at(9), **{**numbers, **more})


def line(store):
    return [quest.name[0] for quest in store.page(CAMPAIGN, [QuestStatus.QUEUED], order="queue")]


def statuses(store):
    return {quest.name[0]: quest.status.value for quest in store.page(CAMPAIGN)}


def test_a_posted_quest_keeps_what_was_given(store, db):
    posted = store.add(
        CAMPAIGN, "a" * 64, "a.jsonl", T0, shape="alpaca", examples=3, size_bytes=7, skipped_too_long=1, priority=HIGH,
        origin="auto", skill_id="bin", level=2, steps_total=40,
    )  # fmt: skip
    quest = store.get(posted.quest.id)
    assert not posted.duplicate
    assert quest == posted.quest
    assert (quest.id, quest.status, quest.priority) == (quest_id(CAMPAIGN, "a" * 64), QuestStatus.QUEUED, HIGH)
    assert (quest.shape, quest.examples, quest.size_bytes, quest.skipped_too_long) == ("alpaca", 3, 7, 1)
    assert (quest.origin, quest.skill_id, quest.level, quest.steps_total) == ("auto", "bin", 2, 40)
    assert (quest.posted_at, quest.first_step, quest.completed_at) == (T0, None, None)
    assert kinds(db) == ["quest.queued"]


def test_the_same_file_is_a_duplicate_in_its_campaign_only(store, db):
    first = post(store, "a")
    again = store.add(CAMPAIGN, "a" * 64, "b.jsonl", at(1), shape="text", examples=1, size_bytes=1)
    assert again.duplicate
    assert again.quest == store.get(first)
    assert again.quest.name == "a.jsonl"
    other = store.add("mote-2", "a" * 64, "a.jsonl", T0, shape="text", examples=1, size_bytes=1)
    assert not other.duplicate
    assert other.quest.id != first
    assert kinds(db) == ["quest.queued", "quest.queued"]


@pytest.mark.parametrize("end", ["fail", "cancel"])
def test_posting_a_failed_or_cancelled_file_again_queues_it_at_the_end(store, end):
    quest = post(store, "a")
    post(store, "b")
    if end == "fail":
        store.fail(quest, "unreadable", T0)
    else:
        store.cancel(quest, T0)
    again = store.add(CAMPAIGN, "a" * 64, "a.jsonl", at(5), shape="text", examples=2, size_bytes=1)
    assert not again.duplicate
    assert again.quest.id == quest
    assert (again.quest.status, again.quest.reason, again.quest.ended_by) == (QuestStatus.QUEUED, None, None)
    assert line(store) == ["b", "a"]


def test_rejected_files_are_noted_with_line_and_reason(store, db):
    first = store.reject(CAMPAIGN, "x.jsonl", "not JSON", T0, line=7, size_bytes=3)
    assert (first.status, first.reason, first.reason_line, first.sha256) == (QuestStatus.REJECTED, "not JSON", 7, "")
    again = store.reject(CAMPAIGN, "x.jsonl", "not JSON", at(5), line=7)
    assert again.id == first.id
    assert again.posted_at == at(5)
    store.reject(CAMPAIGN, "x.jsonl", "not JSON", T0, line=8)
    assert store.counts(CAMPAIGN)[QuestStatus.REJECTED] == 2
    assert kinds(db) == ["quest.rejected"] * 3
    with pytest.raises(ConflictError, match="rejected"):
        store.retry(first.id, T0)


def test_queue_order_is_priority_then_first_come(store):
    for name, priority in (("a", LOW), ("b", NORMAL), ("c", HIGH), ("d", NORMAL), ("e", HIGH)):
        post(store, name, priority)
    assert line(store) == ["c", "e", "b", "d", "a"]
    assert store.next_queued(CAMPAIGN).name == "c.jsonl"
    assert store.next_queued("mote-2") is None


def test_set_priority_moves_to_the_end_of_the_new_one(store, db):
    a, _, _ = post(store, "a"), post(store, "b", HIGH), post(store, "c", HIGH)
    store.set_priority(a, HIGH, T0)
    assert line(store) == ["b", "c", "a"]
    store.set_priority(a, HIGH, T0)
    assert line(store) == ["b", "c", "a"]
    assert kinds(db).count("quest.priority") == 1


@pytest.mark.parametrize(
    ("moved", "where", "neighbour", "result"),
    [
        ("d", "before", "a", "dabc"),
        ("a", "after", "d", "bcda"),
        ("b", "after", "c", "acbd"),
        ("c", "before", "b", "acbd"),
        ("a", "before", "b", "abcd"),
    ],
)
def test_move_within_a_priority(store, moved, where, neighbour, result):
    ids = {name: post(store, name) for name in "abcd"}
    post(store, "h", HIGH)
    post(store, "l", LOW)
    store.move(ids[moved], T0, **{where: ids[neighbour]})
    assert line(store) == ["h", *result, "l"]


def test_move_refuses_what_it_cannot_do(store):
    a, b, c = post(store, "a"), post(store, "b", HIGH), post(store, "c")
    store.cancel(c, T0)
    for arguments in ({}, {"before": b, "after": b}, {"before": b}, {"after": c}, {"before": a}):
        with pytest.raises(ConflictError):
            store.move(a, T0, **arguments)
    with pytest.raises(NotFoundError, match="nothing"):
        store.move(a, T0, before="nothing")
    assert line(store) == ["b", "a"]


def test_claims_follow_the_queue_and_hold_a_lease(store, db):
    attempt = new_attempt(db)
    a, b = post(store, "a"), post(store, "b", HIGH)
    quest = store.claim(attempt, T0, lease_s=30)
    assert (quest.id, quest.status, quest.attempt_id, quest.lease_expires_at) == (
        b,
        QuestStatus.ACTIVE,
        attempt,
        at(30),
    )
    assert quest.battle_id == "mote-1-battle-1"
    assert store.claim(attempt, T0, holding=[b]).id == a
    assert store.claim(attempt, T0, holding=[a, b]) is None
    assert store.renew(attempt, at(20), lease_s=30) == {a, b}
    assert store.get(b).lease_expires_at == at(50)


def test_a_claim_whose_answer_was_lost_gives_the_same_quest(store, db):
    attempt = new_attempt(db)
    a = post(store, "a")
    post(store, "b", HIGH)
    first = store.claim(attempt, T0)
    assert store.claim(attempt, at(1)).id == first.id
    assert store.claim(attempt, at(1), holding=[first.id]).id == a


def test_a_quest_of_a_dead_attempt_is_taken_over_before_the_queue(store, db):
    first = new_attempt(db)
    a = post(store, "a", LOW)
    store.claim(first, T0)
    store.begin(a, first, 0, 10, T0)
    post(store, "b", HIGH)
    second = new_attempt(db, now=at(1))
    taken = store.claim(second, at(2))
    assert (taken.id, taken.attempt_id, taken.first_step) == (a, second, None)
    with pytest.raises(ConflictError):
        finish(store, first, a, 10)
    assert store.get(a).attempt_id == second


def test_an_ended_attempt_can_do_nothing(store, db):
    attempt = new_attempt(db)
    a = post(store, "a")
    post(store, "b")
    store.claim(attempt, T0)
    BattleStore(db).end_attempt(attempt, "failed", T0)
    for call in (
        lambda: store.claim(attempt, T0),
        lambda: store.renew(attempt, T0),
        lambda: store.begin(a, attempt, 0, 1, T0),
        lambda: finish(store, attempt, a, 3),
        lambda: store.rewind(CAMPAIGN, 0, None, attempt, T0),
    ):
        with pytest.raises(ConflictError, match="has ended"):
            call()
    assert statuses(store) == {"a": "active", "b": "queued"}
    with pytest.raises(NotFoundError, match="no attempt"):
        store.claim("mote-1-attempt-99", T0)


def test_begin_notes_the_first_step_once(store, db):
    attempt = new_attempt(db)
    a = post(store, "a")
    with pytest.raises(ConflictError):
        store.begin(a, attempt, 5, 40, T0)
    store.claim(attempt, T0)
    store.begin(a, attempt, 5, 40, at(1))
    quest = store.begin(a, attempt, 9, 40, at(2))
    assert (quest.first_step, quest.steps_total, quest.started_at) == (5, 40, at(1))


def test_finish_is_recorded_once(store, db):
    attempt = new_attempt(db)
    a = post(store, "a")
    store.claim(attempt, T0)
    quest = fight(store, attempt, a, 0, 10)
    assert (quest.status, quest.last_step, quest.steps_fought, quest.ended_by) == (
        QuestStatus.FOUGHT,
        10,
        5,
        "exhausted",
    )
    assert (quest.train_loss, quest.heldout_loss, quest.fought_at, quest.lease_expires_at) == (0.5, 0.6, at(9), None)
    assert quest.gap_s == 0.02
    assert finish(store, attempt, a, 99) == quest
    assert kinds(db, "quest").count("quest.fought") == 1


def test_release_returns_an_unbegun_quest_to_the_front(store, db):
    attempt = new_attempt(db)
    a, b = post(store, "a"), post(store, "b")
    post(store, "c")
    store.claim(attempt, T0)
    store.claim(attempt, T0, holding=[a])
    store.begin(a, attempt, 0, 10, T0)
    with pytest.raises(ConflictError):
        store.release(a, attempt, T0)
    store.release(b, attempt, T0)
    assert store.release(b, attempt, T0).attempt_id is None
    assert line(store) == ["b", "c"]


def test_completion_needs_a_checkpoint_that_covers_the_last_step(store, db):
    attempt = new_attempt(db)
    a, b = post(store, "a"), post(store, "b")
    store.claim(attempt, T0)
    fight(store, attempt, a, 0, 10)
    store.claim(attempt, T0)
    fight(store, attempt, b, 10, 20)
    assert store.complete_through(CAMPAIGN, 9, T0) == ()
    assert [quest.id for quest in store.complete_through(CAMPAIGN, 19, at(3))] == [a]
    assert store.complete_through(CAMPAIGN, 19, at(4)) == ()
    assert store.get(a).completed_at == at(3)
    assert store.complete_through("mote-2", 100, T0) == ()
    assert statuses(store) == {"a": "completed", "b": "fought"}
    assert kinds(db, "quest.completed") == ["quest.completed"]


def test_rewind_requeues_what_was_lost_and_resumes_the_cursor(store, db):
    first = new_attempt(db)
    ids = {name: post(store, name) for name in "abcdef"}
    post(store, "h", HIGH)
    store.move(ids["f"], T0, before=ids["a"])
    # The line is h f a b c d e. h is completed at 10, f fought to 20, a to 30, b is being fought, c prefetched.
    for step in (0, 10, 20):
        quest = store.claim(first, T0)
        fight(store, first, quest.id, step, step + 10)
    store.complete_through(CAMPAIGN, 10, T0)
    b = store.claim(first, T0)
    store.begin(b.id, first, 30, 10, T0)
    store.claim(first, T0, holding=[b.id])
    second = new_attempt(db, step=25, now=at(100))

    rewound = store.rewind(CAMPAIGN, 25, ids["a"], second, at(100))

    assert [quest.name[0] for quest in rewound.completed] == ["f"]
    assert rewound.cursor.id == ids["a"]
    assert [quest.name[0] for quest in rewound.requeued] == ["b", "c"]
    cursor = store.get(ids["a"])
    assert (cursor.status, cursor.attempt_id, cursor.first_step, cursor.last_step) == (
        QuestStatus.ACTIVE,
        second,
        20,
        None,
    )
    assert line(store) == ["b", "c", "d", "e"]
    assert store.get(ids["b"]).first_step is None
    assert store.rewind(CAMPAIGN, 25, ids["a"], second, at(101)).requeued == ()
    assert line(store) == ["b", "c", "d", "e"]
    assert store.claim(second, at(101), holding=[ids["a"]]).id == ids["b"]


def test_rewind_requeues_in_the_order_of_the_fights(store, db):
    first = new_attempt(db)
    for name in "abcdef":
        post(store, name)
    held = []
    for step in (0, 10):
        fight(store, first, store.claim(first, T0).id, step, step + 10)
    for _ in range(2):
        held.append(store.claim(first, T0, holding=held).id)
    store.begin(held[0], first, 20, 10, T0)
    rewound = store.rewind(CAMPAIGN, 0, None, new_attempt(db), T0)
    assert [quest.name[0] for quest in rewound.requeued] == ["a", "b", "c", "d"]
    assert line(store) == ["a", "b", "c", "d", "e", "f"]


@pytest.mark.parametrize("end", ["cancel", "fail"])
def test_rewind_does_not_resume_a_cursor_that_was_taken_off_the_board(store, db, end):
    first = new_attempt(db)
    a = post(store, "a")
    store.claim(first, T0)
    store.begin(a, first, 0, 10, T0)
    if end == "cancel":
        store.cancel(a, T0)
    else:
        store.fail(a, "x", T0)
    rewound = store.rewind(CAMPAIGN, 5, a, new_attempt(db), T0)
    assert (rewound.cursor, rewound.requeued) == (None, ())
    assert store.get(a).status.terminal


def test_rewind_to_an_older_checkpoint_completes_nothing_twice(store, db):
    first = new_attempt(db)
    a = post(store, "a")
    store.claim(first, T0)
    fight(store, first, a, 0, 10)
    store.complete_through(CAMPAIGN, 10, T0)
    rewound = store.rewind(CAMPAIGN, 5, a, new_attempt(db, 5), T0)
    assert (rewound.cursor, rewound.requeued, rewound.completed) == (None, (), ())
    assert store.counts(CAMPAIGN)[QuestStatus.COMPLETED] == 1


def test_rewind_leaves_other_campaigns_alone(store, db):
    other = store.add("mote-2", "a" * 64, "a.jsonl", T0, shape="text", examples=1, size_bytes=1).quest
    store.rewind(CAMPAIGN, 0, None, new_attempt(db), T0)
    assert store.get(other.id) == other


def test_cancelling_an_active_quest_reaches_its_attempt(store, db):
    attempt = new_attempt(db)
    a, b = post(store, "a"), post(store, "b")
    store.claim(attempt, T0)
    store.claim(attempt, T0, holding=[a])
    store.cancel(a, T0)
    store.cancel(a, T0)
    assert store.renew(attempt, T0) == {b}
    quest = finish(store, attempt, a, 7)
    assert (quest.status, quest.last_step, quest.ended_by) == (QuestStatus.CANCELLED, 7, "cancelled")
    assert store.complete_through(CAMPAIGN, 100, T0) == ()
    assert kinds(db, "quest.cancelled") == ["quest.cancelled"]


def test_why_a_quest_was_cancelled_is_kept_until_it_is_queued_again(store):
    a = post(store, "a")
    assert store.cancel(a, T0, "level 3 was mastered").reason == "level 3 was mastered"
    assert store.cancel(a, T0).reason == "level 3 was mastered"
    assert store.retry(a, T0).reason is None


def test_a_failed_quest_can_be_retried_and_forgets_its_fight(store, db):
    attempt = new_attempt(db)
    a = post(store, "a")
    post(store, "b")
    store.claim(attempt, T0)
    store.begin(a, attempt, 3, 10, T0)
    assert store.fail(a, "loss is nan", T0).reason == "loss is nan"
    quest = store.retry(a, T0)
    assert (quest.status, quest.reason, quest.first_step, quest.attempt_id) == (QuestStatus.QUEUED, None, None, None)
    assert store.retry(a, T0) == quest
    assert line(store) == ["b", "a"]


def test_what_is_over_stays_over(store, db):
    attempt = new_attempt(db)
    a = post(store, "a")
    store.claim(attempt, T0)
    with pytest.raises(ConflictError, match="active"):
        store.retry(a, T0)
    with pytest.raises(ConflictError, match="queued"):
        store.set_priority(a, HIGH, T0)
    fight(store, attempt, a, 0, 10)
    with pytest.raises(ConflictError, match="fought"):
        store.cancel(a, T0)
    store.complete_through(CAMPAIGN, 10, T0)
    for call in (store.cancel, store.retry):
        with pytest.raises(ConflictError, match="completed"):
            call(a, T0)
    with pytest.raises(ConflictError, match="completed"):
        store.fail(a, "late", T0)


def test_unknown_quests_are_named(store):
    for call in (store.get, lambda quest: store.cancel(quest, T0), lambda quest: store.retry(quest, T0)):
        with pytest.raises(NotFoundError, match="ffff"):
            call("ffff")


def test_pages_and_counts(store):
    for i, name in enumerate("abcde"):
        post(store, name, now=at(i))
    store.cancel(quest_id(CAMPAIGN, "c" * 64), T0)
    assert [quest.name[0] for quest in store.page(CAMPAIGN, limit=2)] == ["e", "d"]
    assert [quest.name[0] for quest in store.page(CAMPAIGN, limit=2, offset=2)] == ["c", "b"]
    assert [quest.name[0] for quest in store.page(CAMPAIGN, [QuestStatus.CANCELLED])] == ["c"]
    counts = store.counts(CAMPAIGN)
    assert set(counts) == set(QuestStatus)
    assert (counts[QuestStatus.QUEUED], counts[QuestStatus.CANCELLED], counts[QuestStatus.ACTIVE]) == (4, 1, 0)
