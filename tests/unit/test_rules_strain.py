"""Strain: the floor is a robust estimate of what a campaign came back to, and strain is the distance from it."""

from __future__ import annotations

from itertools import pairwise
from math import inf, log, nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.rules.strain import (
    ENOUGH_WINDOWS,
    FACTORS,
    MOST_WINDOWS,
    StrainZone,
    strain_of,
    window_width,
    zone_of,
)

LOSSES = st.floats(0.001, 20, allow_nan=False)
POINTS = st.dictionaries(st.integers(0, 5000), LOSSES, min_size=30, max_size=200).map(lambda found: list(found.items()))


def test_zones_are_bounded_by_the_factor_of_perplexity() -> None:
    assert [zone_of(log(factor)) for factor in FACTORS.values()] == [StrainZone.ABOVE, StrainZone.FAR]
    assert [zone_of(log(factor) - 1e-9) for factor in FACTORS.values()] == [StrainZone.NEAR, StrainZone.ABOVE]
    assert zone_of(-3.0) == StrainZone.NEAR
    assert set(FACTORS) == set(StrainZone) - {StrainZone.FAR}


def test_too_few_windows_have_no_floor() -> None:
    found = strain_of([(step, 1.0) for step in range(ENOUGH_WINDOWS - 1)])
    assert (found.floor, found.now, set(found.in_zones().values())) == (None, None, {0})
    assert strain_of([(step, 1.0) for step in range(ENOUGH_WINDOWS)]).now == 0.0
    assert strain_of([]).now is None


def test_noise_does_not_move_the_floor_as_it_moves_the_lowest_loss() -> None:
    random = Random(3)
    lowest, floors = [], []
    for length in (4000, 16_000, 64_000):
        points = [(step, 0.5 + random.gauss(0, 0.1)) for step in range(length)]
        found = strain_of(points)
        assert found.floor is not None
        floors.append(found.floor.loss)
        lowest.append(min(loss for _, loss in points))
    assert lowest[-1] < 0.12
    assert all(floor == pytest.approx(0.5, abs=0.06) for floor in floors)


def test_the_interval_covers_the_quantile() -> None:
    """Of medians of one value each: windows of 1 step from a uniform distribution, whose 5 % quantile is 0.05."""
    random = Random(11)
    covered = 0
    for _ in range(400):
        floor = strain_of([(step, random.random()) for step in range(200)]).floor
        assert floor is not None
        assert floor.low is not None
        covered += floor.low <= 0.05 <= floor.high
    assert covered >= 370


def test_losses_that_are_no_numbers_are_left_out() -> None:
    points = [(step, 1.0 + step % 7 / 10) for step in range(60)]
    broken = [*points, (60, inf), (61, nan)]
    assert strain_of(broken) == strain_of(points)


@given(points=POINTS, shift=st.floats(-5, 5))
def test_a_shifted_loss_has_the_same_strain(points: list[tuple[int, float]], shift: float) -> None:
    found = strain_of(points)
    moved = strain_of([(step, loss + shift) for step, loss in points])
    assert [found.of(each) for each in found.windows] == pytest.approx([moved.of(each) for each in moved.windows])


@given(points=POINTS, random=st.randoms(use_true_random=False))
def test_windows_hold_all_points_and_their_order_does_not_matter(
    points: list[tuple[int, float]], random: Random
) -> None:
    shuffled = list(points)
    random.shuffle(shuffled)
    found = strain_of(shuffled)
    assert found == strain_of(points)
    assert len(found.windows) <= MOST_WINDOWS
    assert sum(each.points for each in found.windows) == len(points)
    assert all(one.last < other.first for one, other in pairwise(found.windows))
    assert all(each.last - each.first + 1 == found.width for each in found.windows)


@given(points=POINTS)
def test_the_floor_lies_within_its_interval_above_a_twentieth_of_the_windows(points: list[tuple[int, float]]) -> None:
    found = strain_of(points)
    if found.floor is None:
        assert len(found.windows) < ENOUGH_WINDOWS
        return
    floor = found.floor
    assert (-inf if floor.low is None else floor.low) <= floor.loss <= floor.high
    below = sum(each.loss <= floor.loss for each in found.windows)
    assert below >= 0.05 * len(found.windows)
    assert sum(found.in_zones().values()) == len(found.windows)


@given(first=st.integers(0, 10**6), span=st.integers(0, 10**8))
def test_windows_are_as_narrow_as_fit(first: int, span: int) -> None:
    width = window_width(first, first + span)
    assert (first + span) // width - first // width < MOST_WINDOWS
    assert str(width).rstrip("0") in ("1", "2", "5")
