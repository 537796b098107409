"""While you were away: the laws of the times, when somebody was away, the one next action, and the words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.errors import RequestError
from realm.rules.away import (
    AWAY_AFTER,
    Away,
    Best,
    Failure,
    Span,
    Times,
    Visit,
    absence,
    next_action,
    paused_spans,
    times_of,
    trained_spans,
)
from realm.rules.battle import Attempt, Battle, BattleState, DesiredState
from realm.rules.momentum import Action

T0 = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
NOTHING = timedelta()


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


moments = st.integers(-10_000, 10_000).map(at)
spans = st.builds(Span, moments, moments)


def battle(number=1, state=BattleState.RUNNING, desired=DesiredState.RUN, ended_at=None):
    return Battle(f"b{number}", "mote-1", number, state, desired, "", 0, 0, T0, ended_at=ended_at)


def attempt(number, start, end=None, outcome=None, of="b1"):
    ended = None if end is None else at(end)
    return Attempt(f"a{number}", of, "mote-1", number, 0, 0, at(start), ended_at=ended, outcome=outcome)


@given(st.tuples(moments, moments).map(sorted), st.lists(spans, max_size=8), st.lists(spans, max_size=8))
def test_the_three_times_add_up_and_none_is_negative(ends, trained, paused):
    whole = Span(*ends)
    found = times_of(whole, trained, paused)
    assert found.trained + found.paused + found.idle == whole.end - whole.begin
    assert min(found.trained, found.paused, found.idle) >= NOTHING
    assert found.trained <= sum((max(NOTHING, each.end - each.begin) for each in trained), NOTHING)
    again = times_of(whole, [*reversed(trained), *trained], paused)
    assert again == found


@given(spans.filter(lambda span: span.end < span.begin))
def test_a_time_that_ends_before_it_begins_is_refused(span):
    with pytest.raises(RequestError, match="after its end"):
        times_of(span, (), ())


def test_no_time_at_all_is_three_zeros():
    assert times_of(Span(T0, T0), [Span(at(-9), at(9))], ()) == Times(NOTHING, NOTHING, NOTHING)


def test_a_lost_attempt_trained_up_to_its_last_sign():
    tried = [
        attempt(1, 0, 100, "paused"),
        attempt(2, 200, 9000, "failed"),
        attempt(3, 9100),
        attempt(4, 9500),
        attempt(5, 9600, 9700, "superseded"),
    ]
    found = trained_spans(tried, {1: at(50), 2: at(300), 3: at(9200), 5: at(99_999)})
    assert found == (
        Span(at(0), at(100)),
        Span(at(200), at(300)),
        Span(at(9100), at(9200)),
        Span(at(9500), at(9500)),
        Span(at(9600), at(9700)),
    )


def test_a_pause_lasts_to_the_next_attempt_or_the_battles_end_or_now():
    tried = [
        attempt(1, 0, 100, "paused"),
        attempt(2, 160, 200, "paused"),
        attempt(3, 400, 500, "paused", of="b2"),
        attempt(4, 600, 700, "stopped", of="b3"),
    ]
    fought = [battle(1, BattleState.FINISHED, ended_at=at(250)), battle(2), battle(3)]
    found = set(paused_spans(tried, fought, at(1000)))
    assert found == {Span(at(100), at(160)), Span(at(200), at(250)), Span(at(500), at(1000))}


def test_a_clock_that_was_set_back_gives_no_negative_time():
    tried = [attempt(1, 500, 100, "paused"), attempt(2, 90, 80, "stopped")]
    found = times_of(Span(T0, at(600)), trained_spans(tried, {}), paused_spans(tried, [], at(600)))
    assert found == Times(NOTHING, NOTHING, timedelta(seconds=600))


def visit(first, last, number=1, dismissed=False):
    return Visit(number, at(first), at(last), dismissed)


def test_away_is_the_gap_between_two_visits_from_wherever():
    assert absence(None, None, T0) is None
    assert absence(visit(0, 0), None, at(100)) is None
    assert absence(visit(0, 60), None, at(3600)) == Span(at(60), at(3600))
    assert absence(visit(3600, 3660), visit(0, 60), at(3700)) == Span(at(60), at(3600))
    phone_between = absence(visit(7200, 7200, 3), visit(3600, 3660, 2), at(7201))
    assert phone_between == Span(at(3660), at(7200))


@pytest.mark.parametrize(("gap", "told"), [(299, False), (300, False), (301, True)])
def test_five_minutes_are_not_an_absence_and_a_second_more_is(gap, told):
    newest, before = visit(gap, gap + 5, 2), visit(-60, 0)
    assert (absence(newest, before, at(gap + 5)) is not None) == told
    assert timedelta(seconds=300) == AWAY_AFTER


@given(st.lists(moments, min_size=1, max_size=4).map(sorted), moments)
def test_an_absence_is_never_shorter_than_five_minutes(ends, now):
    found = absence(Visit(2, ends[-1], ends[-1]), Visit(1, ends[0], ends[0]), now)
    assert found is None or found.end - found.begin > AWAY_AFTER


def test_what_the_campaign_needs_goes_before_a_quest_that_failed():
    needed = Action("Battle 7 failed.", "realm battle resume")
    assert next_action(needed, ("q1",)) == needed
    assert next_action(None, ("q1", "q2")).command == "realm quest retry q2"
    assert next_action(None, ()) is None


def test_the_words_of_a_failure_and_the_numbers_that_follow():
    one = Failure("quest", 1, "quest sums.jsonl", "no row fits.", T0)
    assert one.words == "Quest sums.jsonl failed: no row fits."
    several = Failure("attempt", 3, "attempt 9", "", T0)
    assert several.words == "3 attempts failed, the last attempt 9: no reason was recorded."
    card = Away("mote-1", Span(T0, at(60)), Times(NOTHING, NOTHING, timedelta(60)), 1999, 3010, 4)
    assert (card.xp_gained, card.hero_levels, card.gold) == (1011, (1, 3), 400)
    assert (Best(0.5, 0.4).change, Best(None, 0.4).change) == (pytest.approx(-0.1), None)
