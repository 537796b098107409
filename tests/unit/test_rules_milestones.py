"""Milestones follow from a campaign's deeds; what a person wrote stays beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from realm.rules.milestones import Crowning, Deeds, Milestone, Told, milestones_of, with_notes
from realm.rules.titles import HeldHonour, HonourKind
from realm.rules.transitions import Mastery

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SKILLS = {"bin": "BIN"}


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def test_each_deed_is_told_once_in_the_order_of_time() -> None:
    deeds = Deeds(
        T0,
        "mote-1/checkpoint-9",
        at(1),
        tuple(Mastery("bin", level, 100 * level, at(1 + level)) for level in range(1, 11)),
        (Crowning("mote-2/a", at(2.5), 150, 0.31), Crowning("mote-2/b", at(9.5), 900, None)),
        (HeldHonour(HonourKind.TITLE, "apprentice", at(3.5), 200),),
        (Told(7, "BIN: mastered 10, cap between 10 and 11", 1200, at(20), at(21)),),
    )
    found = milestones_of(deeds, SKILLS, {"title:apprentice": "Apprentice"})
    assert [(each.key, each.step, each.title) for each in found] == [
        ("begun", 0, "Begins with mote-1/checkpoint-9"),
        ("first_step", 0, "Training begins"),
        ("level:bin:1", 100, "BIN level 1 mastered"),
        ("champion:mote-2/a", 150, "First champion, exam accuracy 31.0 %"),
        ("title:apprentice", 200, "Title: Apprentice"),
        ("level:bin:5", 500, "BIN level 5 mastered"),
        ("champion:mote-2/b", 900, "Champion"),
        ("level:bin:10", 1000, "BIN level 10 mastered"),
        ("verdict:7", 1200, "BIN: mastered 10, cap between 10 and 11 (withdrawn)"),
    ]


def test_a_campaign_that_has_not_begun_has_its_beginning() -> None:
    assert [each.title for each in milestones_of(Deeds(T0), {}, {})] == ["Begins with the hero’s base model"]


@given(top=st.integers(0, 40), more=st.integers(0, 10))
def test_keys_stay_while_a_campaign_goes_on(top: int, more: int) -> None:
    def upto(level: int) -> dict[str, Milestone]:
        mastered = tuple(Mastery("bin", each, 100 * each, at(each)) for each in range(1, level + 1))
        return {each.key: each for each in milestones_of(Deeds(T0, None, at(0), mastered), SKILLS, {})}

    before, after = upto(top), upto(top + more)
    assert before.items() <= after.items()
    assert len(before) == 2 + (top >= 1) + top // 5


def test_notes_find_their_milestones_and_outlast_them() -> None:
    found = milestones_of(Deeds(T0, None, at(1)), {}, {})
    first = Milestone("first_step", at(1), 0, "an older title", "the first of the new box")
    own = Milestone("own:1", at(0.5), 40, "rate halved", "")
    gone = Milestone("champion:mote-1/x", at(2), 70, "First champion", "retention took it")
    told = with_notes(found, [gone, own, first])
    assert [(each.key, each.note, each.own) for each in told] == [
        ("begun", "", False),
        ("own:1", "", True),
        ("first_step", "the first of the new box", False),
        ("champion:mote-1/x", "retention took it", False),
    ]
    assert told[2].title == "Training begins"
