"""Personal bests of evaluations, however they are told: all at once or bit by bit."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from realm.rules.bests import Bests, Mark, advanced


def marks(*told: tuple[str, int, int, int]) -> list[Mark]:
    """(skill, level, n, correct), recorded in this order."""
    return [Mark(at, skill, level, 10 * at, n, right) for at, (skill, level, n, right) in enumerate(told, 1)]


TOLD = st.lists(
    st.tuples(st.sampled_from(["bin", "sy"]), st.integers(1, 3), st.sampled_from([50, 100, 125]), st.integers(0, 50)),
    max_size=40,
).map(lambda rows: marks(*[(skill, level, n, n - wrong) for skill, level, n, wrong in rows]))


def test_the_best_of_a_level_is_the_most_accurate_then_the_larger_then_the_first() -> None:
    found = advanced(
        Bests(), marks(("bin", 1, 50, 50), ("bin", 1, 100, 90), ("bin", 1, 200, 180), ("bin", 1, 200, 180))
    )
    assert found.levels["bin", 1].id == 3
    assert found.accuracy == found.levels["bin", 1]


def test_streaks_end_with_an_evaluation_below_the_threshold_and_not_with_a_small_one() -> None:
    told = marks(
        ("bin", 1, 100, 80), ("sy", 1, 100, 10), ("bin", 1, 20, 0), ("bin", 2, 100, 99), ("bin", 2, 100, 79),
        ("bin", 2, 100, 95),
    )  # fmt: skip
    found = advanced(Bests(), told)
    longest = found.longest["bin"]
    assert (longest.length, longest.first.step, longest.last.step) == (2, 10, 40)
    assert found.going["bin"].length == 1
    assert "sy" not in found.longest
    assert found.upto == 6


@given(told=TOLD, cut=st.integers(0, 40))
def test_told_in_two_parts_is_told_at_once(told: list[Mark], cut: int) -> None:
    assert advanced(advanced(Bests(), told[:cut]), told[cut:]) == advanced(Bests(), told)


@given(told=TOLD)
def test_nothing_is_better_than_a_best_and_no_run_longer(told: list[Mark]) -> None:
    found = advanced(Bests(), told)
    counted = [mark for mark in told if mark.n >= 100]
    assert {(mark.skill_id, mark.level) for mark in counted} == set(found.levels)
    for mark in counted:
        best = found.levels[mark.skill_id, mark.level]
        assert Fraction(best.correct, best.n) >= Fraction(mark.correct, mark.n)
    for skill in ("bin", "sy"):
        words = "".join("1" if 100 * m.correct >= 80 * m.n else " " for m in counted if m.skill_id == skill)
        assert max(map(len, words.split()), default=0) == (found.longest[skill].length if skill in found.longest else 0)
