"""Rules of primitives, passives and sparring: windows, pools, peaks, warnings, ages."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realm.errors import RealmError
from realm.rules.passives import (
    POOLED_RUNS,
    PassiveMode,
    PassiveResult,
    PassiveState,
    Pool,
    Turn,
    advance,
    panel_version,
    pool_of,
    strictness,
)
from realm.rules.primitives import WINDOW, HistoryEntry, PrimitiveStats, merged_history, outcomes_of
from realm.rules.sparring import SparringSession, expired, provenance

T0 = datetime(2026, 1, 1, tzinfo=UTC)
OUTCOMES = st.text("01", max_size=60)


# Primitives


@given(st.lists(OUTCOMES, max_size=12))
def test_a_window_holds_the_newest_outcomes_and_the_counts_all(parts):
    stats = PrimitiveStats("c", "binary/bitwise_and@1")
    for part in parts:
        stats = stats.with_outcomes(part)
    everything = "".join(parts)
    assert (stats.attempts, stats.correct) == (len(everything), everything.count("1"))
    assert stats.window == everything[-WINDOW:]
    assert (stats.window_n, stats.window_correct) == (len(stats.window), stats.window.count("1"))


@given(st.lists(st.tuples(st.lists(st.sampled_from("abc"), unique=True), st.booleans())))
def test_outcomes_are_in_the_order_of_the_answers(answers):
    found = outcomes_of(answers)
    for primitive in "abc":
        wanted = "".join("1" if correct else "0" for primitives, correct in answers if primitive in primitives)
        assert found.get(primitive, "") == wanted


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=30))
def test_a_merged_history_is_half_as_long_and_loses_no_outcome(counts):
    entries = [HistoryEntry(step, n, min(n, correct)) for step, (n, correct) in enumerate(counts)]
    merged = merged_history(entries)
    assert len(merged) == (len(entries) + 1) // 2
    assert sum(each.n for each in merged) == sum(each.n for each in entries)
    assert sum(each.correct for each in merged) == sum(each.correct for each in entries)
    assert [each.step for each in merged[-1:]] == [each.step for each in entries[-1:]]
    assert [each.step for each in merged] == sorted({each.step for each in merged})


# Passives


def result(correct, step=0, mode=PassiveMode.LITE, version=1):
    return PassiveResult("c", "logic", version, mode, step, mode.problems, correct, f"job-{step}", T0)


def fed(corrects):
    """State and turns after LITE results with so many of 5 right."""
    state, turns, results = PassiveState("c", "logic", 1), [], []
    for step, correct in enumerate(corrects):
        results.append(result(correct, step))
        state, turn = advance(state, pool_of(results))
        turns.append(turn)
    return state, turns


@given(st.lists(st.integers(0, 5), max_size=40))
def test_a_pool_is_the_last_ten_lite_results(corrects):
    results = [result(correct, step) for step, correct in enumerate(corrects)]
    full = [result(30, 99, PassiveMode.FULL)]
    found = pool_of([*results, *full])
    if len(results) < POOLED_RUNS:
        assert found is None
    else:
        assert found == Pool(50, sum(corrects[-POOLED_RUNS:]), len(corrects) - 1)


def test_versions_are_never_pooled():
    with pytest.raises(RealmError, match="version"):
        pool_of([result(1), result(1, version=2)])


@given(st.lists(st.integers(0, 5), max_size=60))
def test_the_peak_is_the_pool_whose_interval_begins_highest(corrects):
    state, _ = fed(corrects)
    pools = [pool_of([result(c, s) for s, c in enumerate(corrects[:end])]) for end in range(1, len(corrects) + 1)]
    lows = [pool.interval()[0] for pool in pools if pool is not None]
    assert state.runs == len(corrects)
    assert (state.peak is None) == (not lows)
    if state.peak is not None:
        assert state.peak.interval()[0] == max(lows)


@given(st.lists(st.sampled_from([0, 0, 1, 4, 5, 5]), min_size=1, max_size=120))
def test_warnings_begin_and_end_in_turn_and_only_at_parted_intervals(corrects):
    state, turns = PassiveState("c", "logic", 1), []
    results = []
    for step, correct in enumerate(corrects):
        results.append(result(correct, step))
        pool = pool_of(results)
        before = state
        state, turn = advance(state, pool)
        if turn is not None:
            turns.append(turn)
            z = strictness(state.runs)
            if turn == Turn.REGRESSED:
                assert pool.interval(z)[1] < state.peak.interval(z)[0]
            else:
                assert pool.interval()[1] >= state.peak.interval()[0]
        assert state.regressed == (turns[-1:] == [Turn.REGRESSED])
        assert (turn is None) == (state.regressed == before.regressed)
    assert turns == [Turn.REGRESSED, Turn.RECOVERED] * (len(turns) // 2) + [Turn.REGRESSED] * (len(turns) % 2)


def test_five_problems_alone_raise_no_warning_and_a_lasting_fall_does():
    assert fed([5] * 40 + [0])[1] == [None] * 41
    state, turns = fed([5] * 40 + [0] * 10)
    assert turns.count(Turn.REGRESSED) == 1
    assert 41 < turns.index(Turn.REGRESSED) + 1 <= 45
    assert state.regressed
    recovered, turns = fed([5] * 40 + [0] * 10 + [5] * 10)
    assert [turn for turn in turns if turn] == [Turn.REGRESSED, Turn.RECOVERED]
    assert not recovered.regressed


@pytest.mark.parametrize("ability", [0.1, 0.5, 0.9])
def test_an_ability_that_does_not_change_raises_no_warning(ability):
    """Intervals of 95 % part sooner or later in every one of these histories."""
    rng = Random(11)
    warned = 0
    for _ in range(12):
        _, turns = fed([sum(rng.random() < ability for _ in range(5)) for _ in range(300)])
        warned += Turn.REGRESSED in turns
    assert warned == 0


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_results_make_the_comparison_stricter(some, more):
    assert 1.96 <= strictness(some) <= strictness(some + more)


def test_a_panel_version_names_ids_and_versions_whatever_their_order():
    assert panel_version([("logic", 1), ("memory", 2)]) == panel_version([("memory", 2), ("logic", 1)])
    assert panel_version([("logic", 1)]) != panel_version([("logic", 2)])


# Sparring


def session(n, first, second):
    return SparringSession("c", "bin", 3, 100, n, first, second, "7", T0)


@given(st.integers(1, 200), st.data())
def test_first_and_second_tries_are_counted_apart(n, data):
    first = data.draw(st.integers(0, n))
    second = data.draw(st.integers(0, n - first))
    each = session(n, first, second)
    assert each.mistakes == n - first
    assert each.first_accuracy == first / n
    assert each.second_accuracy == (second / (n - first) if first < n else None)


@pytest.mark.parametrize("counts", [(0, 0, 0), (10, 11, 0), (10, 8, 3), (10, -1, 0)])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(RealmError, match="n="):
        session(*counts)


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**5))
def test_data_expires_when_the_hero_is_more_steps_on(made, step, limit):
    assert bool(expired(made, step, limit)) == (step - made > limit)


def test_provenance_names_the_weights():
    found = provenance({"checkpoint_id": "m/c", "battle_id": None, "step": 9}, "bin", 3, T0)
    assert found == {"checkpoint_id": "m/c", "step": 9, "at": T0.isoformat(), "skill": "bin", "level": 3}
    found = provenance({"battle_id": "b", "step": 9}, "bin", 3, T0)
    assert (found["battle_id"], found["step"]) == ("b", 9)
    assert "checkpoint_id" not in found
