"""Warnings of regression and of weak primitives; runs of things in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.errors import RealmError
from realm.rules.campaign_warnings import WarningKind, regressed, warnings_of
from realm.rules.record import (
    CampaignRecord,
    ExamMark,
    LevelRecord,
    Score,
    SkillRecord,
    longest_run,
    longest_run_of_days,
)

T0 = datetime(2026, 1, 1, 23, 0, tzinfo=UTC)


def with_level(latest: Score | None, best: Score | None, level: int = 5) -> CampaignRecord:
    return CampaignRecord(skills={"bin": SkillRecord(level, 30, None, 0, {level: LevelRecord(best, latest)})})


def test_ten_points_below_the_best_is_a_regression_and_nine_are_not():
    assert regressed(Score(85, 100), Score(95, 100))
    assert not regressed(Score(86, 100), Score(95, 100))
    assert regressed(Score(3, 10), Score(4, 10))
    assert warnings_of(with_level(Score(86, 100), Score(95, 100))) == ()
    (warning,) = warnings_of(with_level(Score(85, 100), Score(95, 100)), {"bin": "BIN"})
    assert (warning.kind, warning.subject, warning.level) == (WarningKind.REGRESSION, "bin", 5)
    assert warning.overlap
    assert warning.text == (
        "BIN level 5: 85 of 100 (0.77 to 0.91), at its best 95 of 100 (0.89 to 0.98): 10.0 points lower; "
        "the 95 % intervals overlap."
    )


def test_a_fall_beyond_chance_says_that_the_intervals_do_not_overlap():
    (warning,) = warnings_of(with_level(Score(60, 100), Score(95, 100)))
    assert not warning.overlap
    assert warning.text.endswith("35.0 points lower; the 95 % intervals do not overlap.")


@pytest.mark.parametrize(
    ("latest", "best"), [(None, Score(95, 100)), (Score(10, 100), None), (Score(0, 75), Score(95, 100))]
)
def test_what_is_not_measured_well_enough_raises_nothing(latest, best):
    assert warnings_of(with_level(latest, best)) == ()


def test_the_exam_is_held_against_its_best_of_the_same_version():
    record = CampaignRecord(exam_best=ExamMark(0.50, 320), exam_latest=ExamMark(0.39, 320))
    (warning,) = warnings_of(record)
    assert (warning.subject, warning.latest, warning.peak) == ("exam", Score(125, 320), Score(160, 320))
    assert warnings_of(CampaignRecord(exam_best=ExamMark(0.50, 320), exam_latest=ExamMark(0.41, 320))) == ()


def test_a_primitive_is_weak_below_a_half_of_fifty_outcomes():
    scores = {"a": Score(49, 100), "b": Score(50, 100), "c": Score(0, 49), "d": Score(5, 50)}
    weak = warnings_of(CampaignRecord(primitives=scores), {"d": "Carry"})
    assert [(each.kind, each.subject, each.overlap) for each in weak] == [
        (WarningKind.WEAK_PRIMITIVE, "d", False),
        (WarningKind.WEAK_PRIMITIVE, "a", True),
    ]
    assert weak[0].text == "Carry: 5 of 50 (0.04 to 0.21) of its newest outcomes, below 50 %."


def test_the_deepest_fall_comes_first_and_primitives_last():
    levels = {n: LevelRecord(Score(95, 100), Score(80 - n, 100)) for n in (1, 2)}
    record = CampaignRecord(skills={"bin": SkillRecord(2, 30, None, 0, levels)}, primitives={"a": Score(0, 100)})
    assert [(each.subject, each.level) for each in warnings_of(record)] == [("bin", 2), ("bin", 1), ("a", 0)]


def test_a_score_is_a_part_of_its_problems():
    with pytest.raises(RealmError, match="n=100"):
        Score(101, 100)
    assert Score(80, 100).passing
    assert Score(20, 25).passing
    assert not Score(79, 100).passing


def test_levels_held_are_mastered_and_rest_on_enough_problems():
    scores = {1: Score(80, 100), 2: Score(79, 100), 3: Score(75, 75), 4: Score(99, 100)}
    levels = {level: LevelRecord(latest=score) for level, score in scores.items()}
    assert SkillRecord(3, 30, None, 0, levels).held == 1


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=20))
def test_the_longest_run_is_that_of_a_plain_count(moments):
    marks = "".join("+" if counts else "-" for _, counts in sorted(moments))
    happened = [T0 + timedelta(seconds=at) for at, counts in moments if counts]
    broken = [T0 + timedelta(seconds=at) for at, counts in moments if not counts]
    assert longest_run(happened, broken) == max(map(len, marks.split("-")))


def test_days_in_a_row_are_those_that_battles_lie_in():
    hour = timedelta(hours=1)
    assert longest_run_of_days([]) == 0
    assert longest_run_of_days([(T0, T0)]) == 1
    assert longest_run_of_days([(T0, T0 - hour)]) == 1
    assert longest_run_of_days([(T0, T0 + 2 * hour)]) == 2  # over midnight
    apart = [(T0 + timedelta(days=n), T0 + timedelta(days=n, minutes=5)) for n in (0, 1, 2, 4, 5)]
    assert longest_run_of_days(apart) == 3
    assert longest_run_of_days([*apart, (T0 + timedelta(days=3), T0 + timedelta(days=3))]) == 6
