"""What levels cost: sums hold, whatever points are left of a campaign's metrics."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.rules.transitions import BEGINNING, Counters, Mastery, at_step, transitions

AT = datetime(2026, 1, 1, tzinfo=UTC)


def point(step: int, per_step: float = 10.0) -> Counters:
    return Counters(step, per_step * step, 4.0 * step, 0.5 * step)


def test_between_two_points_the_counters_are_on_the_line() -> None:
    points = [Counters(10, 100, 40, 5.0), Counters(20, 300, 80, 10.0)]
    assert at_step(points, 10) == points[0]
    assert at_step(points, 15) == Counters(15, 200, 60, 7.5)
    assert at_step(points, 5) == Counters(5, 50, 20, 2.5)
    assert at_step(points, 0) == BEGINNING
    assert at_step(points, 21) is None
    assert at_step([], 1) is None


def test_a_level_costs_what_came_since_the_skills_last_one() -> None:
    promotions = [Mastery("bin", 1, 10, AT), Mastery("sy", 1, 15, AT), Mastery("bin", 2, 30, AT)]
    found = transitions(promotions, [point(30)])
    assert [(each.cost.step, each.cost.tokens, each.cost.seconds) for each in found if each.cost] == [
        (10, 100.0, 5.0),
        (15, 150.0, 7.5),
        (20, 200.0, 10.0),
    ]
    unknown = transitions([*promotions, Mastery("bin", 3, 31, AT), Mastery("bin", 4, 40, AT)], [point(30)])
    assert [each.cost for each in unknown[3:]] == [None, None]


@given(
    steps=st.lists(st.integers(0, 500), min_size=1, max_size=30).map(sorted),
    known=st.lists(st.integers(1, 400), min_size=1, max_size=20, unique=True).map(sorted),
    spacing=st.integers(1, 4),
)
def test_costs_are_never_negative_and_add_up(steps: list[int], known: list[int], spacing: int) -> None:
    points = [point(step) for step in [*known[::spacing], 500]]
    found = transitions([Mastery("bin", level, step, AT) for level, step in enumerate(steps, 1)], points)
    totals = [each.total for each in found if each.total is not None]
    assert len(totals) == len(steps)
    assert all(a.tokens <= b.tokens + 1e-6 for a, b in pairwise(totals))
    costs = [each.cost for each in found if each.cost is not None]
    assert all(each.tokens >= -1e-6 and each.step >= 0 for each in costs)
    assert sum(each.tokens for each in costs) == pytest.approx(totals[-1].tokens)
    # Thinned points tell the same where the rate is steady.
    assert totals[-1].tokens == pytest.approx(10.0 * steps[-1])
