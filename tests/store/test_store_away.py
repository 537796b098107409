"""The card of an absence, computed from rows that the real stores wrote; and when somebody looked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from store_helpers import CAMPAIGN, T0, at, make_checkpoint, new_attempt

from realm.errors import NotFoundError, RequestError
from realm.rules.away import Best, Champion, SkillUp, Span
from realm.rules.battle import BattlePoint, BattleState, DesiredState
from realm.rules.job import FailureKind, JobType
from realm.rules.momentum import standing
from realm.rules.progression import Evaluation, Exam, LevelRule
from realm.store.away import AwayReader
from realm.store.battles import BattleStore
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.jobs import JobStore
from realm.store.momentum import MomentumReads
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore
from realm.store.tables import attempts, battles, checkpoints, visits
from realm.store.visits import KEPT, VisitStore

HOUR = 3600


@pytest.fixture(autouse=True)
def _campaign(db):
    CampaignStore(db).ensure_campaign("mote", "v1", T0)


def read(db, since=0, until=HOUR):
    return AwayReader(db).read(CAMPAIGN, at(since), at(until))


def seconds(card):
    return tuple(each.total_seconds() for each in (card.times.trained, card.times.paused, card.times.idle))


def point(step, when, loss=0.5):
    return BattlePoint(step, at(when), loss)


def test_a_campaign_in_which_nothing_happened_was_idle(db):
    card = read(db)
    assert seconds(card) == (0, 0, HOUR)
    assert (card.xp_gained, card.hero_levels, card.quests_completed, card.gold) == (0, (0, 0), 0, 0)
    assert (card.train_loss, card.val_loss, card.skill_ups, card.failures) == (Best(), Best(), (), ())
    assert (card.champion_before, card.champion_after) == (None, None)
    assert card.next_action is None


def test_what_is_asked_wrongly_is_told(db):
    with pytest.raises(NotFoundError, match="mote-7"):
        AwayReader(db).read("mote-7", T0, at(1))
    with pytest.raises(RequestError, match="after its end"):
        read(db, 10, 5)


def test_trained_paused_and_idle_follow_attempts_and_battles(db):
    fights = BattleStore(db)
    first = new_attempt(db, now=at(100))
    battle = fights.current(CAMPAIGN)
    fights.set_desired(battle.id, DesiredState.PAUSE, at(690))
    fights.end_attempt(first, "paused", at(700))
    fights.set_state(battle.id, BattleState.PAUSED, at(700))
    assert seconds(read(db)) == (600, HOUR - 700, 100)
    assert seconds(read(db, 200, 800)) == (500, 100, 0)
    second = fights.start_attempt(battle.id, 10, at(1000)).id
    fights.add_points(second, [point(11, 1200)])
    assert seconds(read(db)) == (800, 300, HOUR - 1100)
    fights.end_attempt(second, "failed", at(3000), "its process is gone")
    assert seconds(read(db)) == (800, 300, HOUR - 1100)  # noticed at 3000, gone at 1200
    CheckpointStore(db).record(make_checkpoint(40, saved_at=at(1300)), at(1300))
    assert seconds(read(db)) == (900, 300, HOUR - 1200)
    fights.finish(battle.id, BattleState.FAILED, at(3100), "3 attempts in a row failed")
    card = read(db)
    assert [(each.kind, each.count, each.last) for each in card.failures] == [
        ("battle", 1, "battle 1"),
        ("attempt", 1, "attempt 2"),
    ]
    assert card.failures[0].words == "Battle 1 failed: 3 attempts in a row failed."
    assert read(db, 3100).failures == ()
    needed = standing(MomentumReads(db).facts(CAMPAIGN)).suggested
    assert AwayReader(db).read(CAMPAIGN, T0, at(HOUR), needed).next_action.command == "realm battle resume"


def test_steps_quests_losses_levels_and_champion_of_the_time_between(db):
    fights, ledger, board, skills = BattleStore(db), CheckpointStore(db), QuestStore(db), SkillStore(db)
    attempt = new_attempt(db, now=at(-900))
    fights.add_points(attempt, [point(800, -300, 0.9), point(900, 10, 0.4), point(950, 20, 0.6)])
    for number in range(3):
        board.add(CAMPAIGN, f"{number:064x}", f"q{number}", at(number), shape="messages", examples=9, size_bytes=1,
                  origin="auto")  # fmt: skip
    for step, when in ((990, -5), (2100, 30), (2200, 40)):
        quest = board.claim(attempt, at(when - 2))
        board.begin(quest.id, attempt, step - 9, 9, at(when - 2))
        board.finish(quest.id, attempt, at(when - 1), last_step=step, steps_fought=9, ended_by="exhausted")
        board.complete_through(CAMPAIGN, step, at(when))
    before = ledger.record(make_checkpoint(995, saved_at=at(-5), exam_accuracy=0.5, exam_version="v1"), at(-5))
    after = ledger.record(make_checkpoint(2205, saved_at=at(45), exam_accuracy=0.6, exam_version="v1"), at(45))
    for made, accuracy, when in ((before, 0.5, -4), (after, 0.6, 46)):
        CampaignStore(db).move_champion(CAMPAIGN, made.checkpoint.id, accuracy, "v1", at(when))
    for number, when in enumerate((-60, -50, -40, 50, 60, 70), start=1):
        level = 1 if number <= 3 else 2
        one = Evaluation(CAMPAIGN, "bin", level, number, 100, 90, number, number, f"e{number}", at(when))
        skills.record_evaluation(one, LevelRule(max_level=5))
    for number, (when, loss, version) in enumerate(((-10, 0.8, "v1"), (10, 0.7, "v1"), (20, 0.1, "v0"))):
        exam = Exam(CAMPAIGN, number, version, 0.5, {"bin": 0.5}, 120, f"x{number}", at(when), val_loss=loss)
        skills.record_exam(exam)
    card = read(db)
    assert (card.xp_before, card.xp_after, card.xp_gained, card.hero_levels) == (995, 2205, 1210, (0, 2))
    assert (card.quests_completed, card.gold) == (2, 200)
    assert card.train_loss == Best(0.9, 0.4)
    assert card.val_loss == Best(0.8, 0.7)
    assert card.skill_ups == (SkillUp("bin", (2,)),)
    assert card.champion_before == Champion(before.checkpoint.id, 995, 0.5)
    assert card.champion_after == Champion(after.checkpoint.id, 2205, 0.6)
    with db.write() as connection:  # retention took the old rows: completed quests still tell
        connection.execute(delete(checkpoints).where(checkpoints.c.step == 995))
    assert (read(db).xp_before, read(db).champion_before) == (990, None)


def test_quests_and_jobs_that_failed_are_told_unless_they_were_retried(db):
    board = QuestStore(db)
    ids = [
        board.add(CAMPAIGN, f"{number:064x}", f"q{number}", T0, shape="messages", examples=9, size_bytes=1,
                  origin="user").quest.id
        for number in range(3)
    ]  # fmt: skip
    for number, quest in enumerate(ids):
        board.fail(quest, f"reason {number}", at(10 + number))
    board.retry(ids[2], at(50))
    master = JobStore(db)
    master.submit(JobType.HEALTH_CHECK, {}, T0)
    master.register_worker("w", "here", ("analytics",), T0)
    claimed = master.claim("w", ("analytics",), T0)
    master.fail(claimed.id, "w", FailureKind.BAD_PAYLOAD, "no such thing", at(20))
    found = read(db).failures
    assert [(each.kind, each.count, each.last, each.reason) for each in found] == [
        ("quest", 2, "quest q1", "reason 1"),
        ("job", 1, f"job {claimed.id} (health_check)", "no such thing"),
    ]
    assert read(db).next_action.command == f"realm quest retry {ids[1]}"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(-500, 500), st.integers(-500, 500), st.sampled_from(["paused", "stopped", "failed"])),
        max_size=6,
    ),
    st.tuples(st.integers(-600, 600), st.integers(-600, 600)).map(sorted),
)
def test_whatever_the_clock_did_the_times_add_up(db, tried, ends):
    with db.write() as connection:
        connection.execute(delete(attempts))
        connection.execute(delete(battles))
    fights = BattleStore(db)
    for begin, end, outcome in tried:
        fights.end_attempt(new_attempt(db, now=at(begin)), outcome, at(end))
    card = read(db, *ends)
    assert card.times.trained + card.times.paused + card.times.idle == timedelta(seconds=ends[1] - ends[0])
    assert min(seconds(card)) >= 0


def test_browsers_that_look_at_once_are_one_visit_and_a_gap_begins_another(db):
    looks = VisitStore(db)
    assert looks.absence(T0) == (None, None)
    first = looks.note(T0)
    assert looks.note(T0) == first
    again = looks.note(at(200))
    assert (again.id, again.first_at, again.last_at) == (first.id, T0, at(200))
    assert looks.absence(at(300)) == (again, None)
    assert looks.absence(at(HOUR)) == (None, Span(at(200), at(HOUR)))
    phone = looks.note(at(HOUR))
    assert looks.absence(at(HOUR + 9)) == (phone, Span(at(200), at(HOUR)))
    desktop = looks.note(at(2 * HOUR))
    assert looks.absence(at(2 * HOUR)) == (desktop, Span(at(HOUR), at(2 * HOUR)))


def test_a_card_is_put_away_for_every_browser_and_once(db):
    looks = VisitStore(db)
    looks.note(T0)
    visit = looks.note(at(HOUR))
    assert looks.dismiss(visit.id).dismissed
    assert looks.dismiss(visit.id).dismissed
    assert looks.note(at(HOUR + 60)).dismissed
    assert not looks.note(at(3 * HOUR)).dismissed
    with pytest.raises(NotFoundError, match="99"):
        looks.dismiss(99)


def test_a_clock_that_is_set_back_hides_no_later_absence(db):
    looks = VisitStore(db)
    looks.note(at(86_400))
    back = looks.note(T0)
    assert (back.first_at, back.last_at) == (T0, T0)
    assert looks.absence(at(HOUR))[1] == Span(T0, at(HOUR))


def test_only_the_last_visits_are_kept(db):
    looks = VisitStore(db)
    for number in range(KEPT + 5):
        looks.note(at(number * HOUR))
    with db.read() as connection:
        assert connection.execute(select(func.count()).select_from(visits)).scalar_one() == KEPT
