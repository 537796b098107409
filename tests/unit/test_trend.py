"""Theil–Sen by known examples, by brute force and by property."""

from __future__ import annotations

import random
from itertools import permutations
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realm.errors import RealmError
from realm.rules.trend import Trend, pooled, theil_sen, variance_of_s

POINTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=30)


def test_sens_example():
    # The seven points of Sen (1968); his slope is 4.
    points = [(1, 9), (2, 15), (3, 19), (4, 20), (10, 45), (12, 55), (18, 78)]
    trend = theil_sen(points, 0.93)
    assert trend is not None
    assert trend.slope == pytest.approx(4.0)
    assert trend.low is not None
    assert trend.high is not None
    slopes = sorted((y2 - y1) / (x2 - x1) for i, (x1, y1) in enumerate(points) for x2, y2 in points[i + 1 :])
    # 21 slopes; the normal half-width at 93 % is 1.81 · √(7·6·19/18) = 12.06, so the 4th from below and from above.
    assert (trend.low, trend.high) == (slopes[3], slopes[-4])


def test_a_line_is_found_whatever_one_point_does():
    trend = theil_sen([(x, 2 * x + 1) for x in range(20)] + [(20, 900.0)])
    assert trend is not None
    assert (trend.slope, trend.intercept) == (2, 1)
    assert trend.at(100) == 201
    assert trend.rising


@pytest.mark.parametrize("points", [[], [(1, 2)], [(1, 2), (1, 5), (1, 9)]])
def test_no_slope_without_two_x(points):
    assert theil_sen(points) is None


def test_two_points_leave_the_interval_open():
    assert theil_sen([(0, 0), (1, 1)]) == Trend(1.0, None, None, 0.0, 2, 0.90)
    assert not Trend(1.0, None, None, 0.0, 2, 0.90).rising


def test_a_constant_has_slope_and_interval_zero():
    trend = theil_sen([(x, 1.0) for x in range(12)])
    assert trend is not None
    assert (trend.slope, trend.low, trend.high) == (0, 0, 0)


@pytest.mark.parametrize("confidence", [0, 1, 1.5, -0.1])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(RealmError, match="confidence"):
        theil_sen([(0, 0), (1, 1)], confidence)


def test_the_interval_covers_the_true_slope_as_often_as_it_says():
    random_ = random.Random(3)
    covered = 0
    for _ in range(400):
        trend = theil_sen([(x, 0.3 * x + random_.gauss(0, 2)) for x in range(20)], 0.90)
        assert trend is not None
        assert trend.low is not None
        assert trend.high is not None
        covered += trend.low <= 0.3 <= trend.high
    assert 0.87 <= covered / 400 <= 0.96


@settings(deadline=None)
@given(POINTS, st.randoms())
def test_slope_and_interval_agree_with_brute_force(points, shuffle):
    trend = theil_sen(points, 0.90)
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(points) for b in points[:i] if a[0] != b[0])
    if not slopes:
        assert trend is None
        return
    assert trend is not None
    assert trend.slope == pytest.approx(median(slopes))
    if trend.low is not None and trend.high is not None:
        assert trend.low <= trend.slope <= trend.high
        # As many slopes are cut off below as above.
        assert slopes.index(pytest.approx(trend.low)) <= len(slopes) / 2
        assert slopes[::-1].index(pytest.approx(trend.high)) <= len(slopes) / 2
    again = list(points)
    shuffle.shuffle(again)
    assert theil_sen(again, 0.90) == trend


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=6))
def test_the_variance_of_s_is_that_over_all_orders_of_y(points):
    xs, ys = zip(*points, strict=True)
    signs = [_s(xs, order) for order in permutations(ys)]
    assert sum(signs) == 0
    assert variance_of_s(points) == pytest.approx(sum(s * s for s in signs) / len(signs))


def _s(xs, ys):
    pairs = [(i, j) for i in range(len(xs)) for j in range(i)]
    return sum(((xs[i] > xs[j]) - (xs[i] < xs[j])) * ((ys[i] > ys[j]) - (ys[i] < ys[j])) for i, j in pairs)


@settings(deadline=None)
@given(POINTS, st.integers(-5, 5), st.integers(1, 5))
def test_moving_and_stretching_y_does_the_same_to_the_slope(points, shift, scale):
    before, after = theil_sen(points), theil_sen([(x, scale * y + shift) for x, y in points])
    if before is None or after is None:
        assert before is after
        return
    assert after.slope == pytest.approx(scale * before.slope)
    assert (after.low is None) == (before.low is None)
    if before.low is not None and after.low is not None:
        assert after.low == pytest.approx(scale * before.low)


@settings(deadline=None)
@given(POINTS)
def test_confidence_widens_the_interval(points):
    narrow, wide = theil_sen(points, 0.5), theil_sen(points, 0.99)
    if narrow is None or wide is None:
        assert narrow is wide
        return
    if wide.low is not None and wide.high is not None:
        assert narrow.low is not None
        assert narrow.high is not None
        assert wide.low <= narrow.low <= narrow.high <= wide.high


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50).map(float), st.integers(1, 9), st.just(1)), max_size=80),
    st.integers(1, 40),
)
def test_pooling_keeps_every_problem_and_the_bound(counts, most):
    points = pooled(counts, most)
    assert len(points) <= most
    assert sum(n for _, n, _ in points) == sum(n for _, n, _ in counts)
    assert sum(right for _, _, right in points) == sum(right for _, _, right in counts)
    assert [x for x, _, _ in points] == sorted({x for x, _, _ in points})
    assert pooled(counts[::-1], most) == points
