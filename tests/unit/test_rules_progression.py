"""The level-up rule, by example and by property."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.errors import RealmError
from realm.rules.progression import (
    Change,
    Evaluation,
    LevelRule,
    SkillState,
    advance,
    wilson_interval,
    window,
    xp_gained,
)

T0 = datetime(2026, 1, 1, tzinfo=UTC)
RULE = LevelRule(max_level=5)


def evaluation(step, correct=90, level=1, n=100, fold=None, seed=1):
    fold = step if fold is None else fold
    return Evaluation("mote-1", "bin", level, step, n, correct, seed, fold, f"job-{step}-{level}", T0)


def play(*evaluations, rule=RULE, state=None):
    state = state or SkillState("mote-1", "bin", rule.max_level)
    seen = []
    for each in evaluations:
        state, happenings = advance(state, each, rule)
        seen += [happening.change for happening in happenings]
    return state, seen


def test_three_good_evaluations_master_a_level_and_empty_the_window():
    state, seen = play(evaluation(1, 80), evaluation(2, 70), evaluation(3, 90))
    assert (state.mastered_level, state.training_level, state.window) == (1, 2, ())
    assert seen == [Change.COUNTED, Change.COUNTED, Change.COUNTED, Change.LEVEL_MASTERED]


def test_two_evaluations_are_not_enough():
    state, _ = play(evaluation(1, 100), evaluation(2, 100))
    assert state.mastered_level == 0
    assert state.window_mean == 1.0


def test_the_window_slides():
    state, _ = play(evaluation(1, 0), evaluation(2, 80), evaluation(3, 80))
    assert state.mastered_level == 0
    state, _ = play(evaluation(4, 80), state=state)
    assert state.mastered_level == 1


def test_just_below_the_threshold_is_not_mastered():
    assert play(evaluation(1, 80), evaluation(2, 80), evaluation(3, 79))[0].mastered_level == 0
    # 0.79 + 0.80 + 0.81 is 2.4 in thirds, though not in binary floating point
    assert play(evaluation(1, 79), evaluation(2, 80), evaluation(3, 81))[0].mastered_level == 1


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(evaluation(3, 100, level=2), id="next level"),
        pytest.param(evaluation(2, 100, fold=99), id="step already in the window"),
        pytest.param(evaluation(0, 100, fold=3), id="step before the window"),
        pytest.param(evaluation(3, 99, n=99), id="too few problems"),
        pytest.param(evaluation(3, 100, fold=2), id="problems already in the window"),
        pytest.param(evaluation(3, 100, fold=5, seed=9), id="problems shared with the window"),
    ],
)
def test_what_does_not_count(odd):
    state, seen = play(evaluation(1, 100), evaluation(2, 100), odd)
    assert state.mastered_level == 0
    assert seen[-1] == Change.NOT_COUNTED
    assert [each.step for each in state.window] == [1, 2]
    assert state.xp == 20 + xp_gained(odd, 1.0)


def test_the_problems_of_the_evaluation_that_leaves_the_window_may_come_again():
    state, seen = play(evaluation(1, 50), evaluation(2, 60), evaluation(3, 70), evaluation(4, 80))
    assert set(seen) == {Change.COUNTED}
    assert [each.fold for each in state.window] == [2, 3, 4]


def test_the_last_level_is_mastered_once():
    state = SkillState("mote-1", "bin", 5, mastered_level=4)
    state, seen = play(*(evaluation(step, 100, level=5) for step in range(3)), state=state)
    assert seen[-2:] == [Change.LEVEL_MASTERED, Change.LADDER_EXHAUSTED]
    assert (state.mastered_level, state.training_level, state.ladder_exhausted) == (5, 5, True)
    state, seen = play(*(evaluation(step, 100, level=5) for step in range(3, 10)), state=state)
    assert state.mastered_level == 5
    assert set(seen) == {Change.COUNTED}


def test_a_longer_ladder_goes_on_with_an_empty_window():
    state = SkillState(
        "mote-1", "bin", 5, mastered_level=5, window=tuple(evaluation(s, 100, level=5) for s in range(3))
    )
    state, _ = play(evaluation(10, 100, level=6), state=state, rule=LevelRule(max_level=6))
    assert state.mastered_level == 5
    assert [each.level for each in state.window] == [6]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(evaluation(8, 100, level=3), id="another level"),
        pytest.param(evaluation(8, 1, n=1), id="too few problems"),
        pytest.param(evaluation(6, 100), id="older weights"),
    ],
)
def test_accuracy_shown_is_that_of_the_newest_whole_evaluation_of_the_training_level(odd):
    state, _ = play(evaluation(7, 60), odd)
    assert (state.last_accuracy, state.last_step) == (0.6, 7)


def test_accuracy_shown_is_there_though_the_evaluation_does_not_count_for_the_level():
    state, seen = play(evaluation(7, 60), evaluation(7, 61, fold=8), evaluation(9, 62, fold=7))
    assert seen[1:] == [Change.NOT_COUNTED, Change.NOT_COUNTED]
    assert (state.last_accuracy, state.last_step) == (0.62, 9)


@pytest.mark.parametrize(
    ("correct", "multiplier", "xp"), [(100, 1.0, 10), (29, 10.0, 29), (57, 1.0, 5), (0, 3.0, 0), (70, 1.5, 10)]
)
def test_xp(correct, multiplier, xp):
    assert xp_gained(evaluation(1, correct), multiplier) == xp


@pytest.mark.parametrize(("n", "correct"), [(0, 0), (10, 11), (10, -1)])
def test_impossible_evaluations_are_refused(n, correct):
    with pytest.raises(RealmError, match=f"n={n}"):
        evaluation(1, correct, n=n)


def test_window_takes_the_last_of_one_level():
    some = [evaluation(1), evaluation(2, level=2), evaluation(3), evaluation(4), evaluation(5)]
    assert [each.step for each in window(some, 1)] == [3, 4, 5]


steps = st.integers(0, 6)
anything = st.builds(
    evaluation,
    step=steps,
    correct=st.integers(0, 99),
    level=st.integers(1, 4),
    n=st.sampled_from([99, 100, 150]),
    fold=steps,
)


@given(st.lists(anything, max_size=60), st.sampled_from([0.0, 0.5, 0.8]))
def test_level_never_falls_never_skips_and_each_is_earned(evaluations, threshold):
    rule = LevelRule(max_level=3, threshold=threshold)
    state = SkillState("mote-1", "bin", 3)
    for each in evaluations:
        before = state
        state, happenings = advance(state, each, rule)
        assert 0 <= state.mastered_level - before.mastered_level <= 1
        assert state.mastered_level <= rule.max_level
        assert state.training_level == min(state.mastered_level + 1, rule.max_level)
        assert state.xp == before.xp + xp_gained(each, 1.0)
        shows = each.level == before.training_level and each.n >= rule.min_problems
        shows = shows and (before.last_step is None or each.step >= before.last_step)
        shown = (each.accuracy, each.step) if shows else (before.last_accuracy, before.last_step)
        assert (state.last_accuracy, state.last_step) == shown
        assert len(state.window) <= rule.window
        assert [one.step for one in state.window] == sorted({one.step for one in state.window})
        assert len({one.fold % rule.folds for one in state.window}) == len(state.window)
        assert all(one.n >= rule.min_problems and one.level == state.training_level for one in state.window)
        mastered = [one for one in happenings if one.change == Change.LEVEL_MASTERED]
        assert bool(mastered) == (state.mastered_level > before.mastered_level)
        if mastered:
            judged = (*before.window, each)[-rule.window :]
            assert len(judged) == rule.window
            assert sum(one.accuracy for one in judged) >= rule.window * threshold - 1e-9
            assert state.window == ()


@given(st.integers(1, 2000), st.data())
def test_wilson_interval_holds_the_proportion_and_narrows(n, data):
    correct = data.draw(st.integers(0, n))
    low, high = wilson_interval(correct, n)
    assert 0.0 <= low <= correct / n + 1e-12
    assert correct / n - 1e-12 <= high <= 1.0
    wider = wilson_interval(correct, n, z=2.58)
    assert wider[0] <= low + 1e-12
    assert wider[1] >= high - 1e-12
    narrower = wilson_interval(correct * 10, n * 10)
    assert narrower[1] - narrower[0] < high - low


def test_wilson_interval_has_the_published_values():
    assert wilson_interval(80, 100) == pytest.approx((0.7112, 0.8666), abs=1e-4)
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    with pytest.raises(RealmError, match="n=0"):
        wilson_interval(0, 0)
