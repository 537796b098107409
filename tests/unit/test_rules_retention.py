"""How hard a checkpoint is to delete, what a zone drops, what leaves the trash."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_rules_checkpoint import checkpoint

from realm.rules.checkpoint import CreatedBy, TrashedBy
from realm.rules.protection import Anchors, guard_of
from realm.rules.retention import DropReason, Held, Limits, plan_purge, plan_zone
from realm.rules.stronghold import Protection

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def held(step, age=timedelta(0), size=10, campaign="mote-1"):
    return Held(f"{campaign}/checkpoint-{step}", campaign, step, NOW - age, size)


def steps(plan):
    return [each.held.step for each in plan.drop]


@pytest.mark.parametrize(
    ("given_", "anchors", "protection", "because"),
    [
        ({}, {}, Protection.EXPENDABLE, ()),
        ({}, {"current": 1, "latest": 1}, Protection.SACRED, ("current model", "latest")),
        ({}, {"champions": 1}, Protection.PROTECTED, ("champion",)),
        ({}, {"resumable": 1}, Protection.PROTECTED, ("latest that training can resume from",)),
        ({}, {"in_use": 1}, Protection.PROTECTED, ("in use",)),
        ({"promoted_at": NOW}, {}, Protection.PROTECTED, ("promoted",)),
        ({"created_by": CreatedBy.START}, {}, Protection.PROTECTED, ("start",)),
        ({"created_by": CreatedBy.MASTERY}, {}, Protection.GUARDED, ("mastery",)),
        ({"created_by": CreatedBy.MASTERY}, {"mastery": 1}, Protection.GUARDED, ("newest mastery of its skill",)),
        ({"created_by": CreatedBy.CHAMPION}, {}, Protection.GUARDED, ("former champion",)),
        ({"crowned_at": NOW}, {}, Protection.GUARDED, ("former champion",)),
        ({"created_by": CreatedBy.CHAMPION}, {"champions": 1}, Protection.PROTECTED, ("champion",)),
        ({"created_by": CreatedBy.IMPORT}, {}, Protection.GUARDED, ("imported",)),
        ({"created_by": CreatedBy.IMPORT, "step": 0}, {}, Protection.PROTECTED, ("start",)),
        ({"created_by": CreatedBy.IMPORT}, {"in_use": 1}, Protection.PROTECTED, ("in use", "imported")),
    ],
)
def test_protection_and_its_reasons(given_, anchors, protection, because):
    it = checkpoint(**{"step": 7, **given_})
    guard = guard_of(it, Anchors(**{name: frozenset({it.id}) for name in anchors}))
    assert (guard.protection, guard.because) == (protection, because)
    assert guard.deletable == (protection in (Protection.GUARDED, Protection.EXPENDABLE))


def test_retention_spares_the_protected_the_newest_mastery_and_what_was_brought():
    plain, old_mastery = checkpoint(1), checkpoint(2, created_by=CreatedBy.MASTERY)
    newest, brought = checkpoint(3, created_by=CreatedBy.MASTERY), checkpoint(4, created_by=CreatedBy.IMPORT)
    anchors = Anchors(mastery=frozenset({newest.id}), champions=frozenset({"mote-1/x"}))
    kept = [each.step for each in (plain, old_mastery, newest, brought) if guard_of(each, anchors).kept]
    assert kept == [3, 4]


def test_the_newest_stay_and_of_the_older_one_a_day():
    zone = [held(10 - i, i * 8 * HOUR) for i in range(10)]
    plan = plan_zone(zone, (), Limits(keep_newest=2), NOW)
    # Saved at 20:00, 12:00 and 04:00 of the days before: the one of 20:00 is the day's.
    assert steps(plan) == [1, 3, 4, 6, 7]
    assert {each.reason for each in plan.drop} == {DropReason.THINNED}
    assert (plan.kept, plan.kept_bytes, plan.bytes_freed) == (5, 50, 50)


def test_age_goes_before_the_newest_and_cap_before_age():
    zone = [held(3), held(2, 2 * DAY), held(1, 9 * DAY)]
    assert steps(plan_zone(zone, (), Limits(max_age=7 * DAY, keep_newest=50), NOW)) == [1]
    capped = plan_zone(zone, (), Limits(max_bytes=15, max_age=7 * DAY, keep_newest=50), NOW)
    assert [(each.held.step, each.reason.value) for each in capped.drop] == [(1, "age"), (2, "cap")]


def test_what_other_limits_drop_takes_no_room():
    """Five of one day: thinning leaves one of them, and then the two newest and the one of the other day fit."""
    zone = [held(20), held(19, HOUR), *(held(10 + i, 2 * DAY - i * HOUR) for i in range(5)), held(1, 4 * DAY)]
    plan = plan_zone(zone, (), Limits(max_bytes=40, keep_newest=2), NOW)
    assert plan.kept == 4
    assert {each.reason for each in plan.drop} == {DropReason.THINNED}


def test_when_protection_exceeds_the_cap_that_is_said_and_nothing_protected_goes():
    zone = [held(step, step * HOUR) for step in range(1, 6)]
    protected = {each.id for each in zone[2:]}
    plan = plan_zone(zone, protected, Limits(max_bytes=25), NOW)
    assert (plan.over_by_protection, plan.protected_bytes, plan.kept) == (5, 30, 3)
    assert {each.held.id for each in plan.drop} == {each.id for each in zone[:2]}


def test_campaigns_are_thinned_apart():
    zone = [held(step, step * HOUR, campaign=name) for name in ("mote-1", "mote-2") for step in (1, 2, 3)]
    plan = plan_zone(zone, (), Limits(keep_newest=1), NOW)
    assert sorted((each.held.campaign_id, each.held.step) for each in plan.drop) == [("mote-1", 1), ("mote-2", 1)]


def test_a_clock_set_back_drops_nothing_for_its_age():
    plan = plan_zone([held(1, -HOUR)], (), Limits(max_age=timedelta(0)), NOW)
    assert plan.drop == ()


zones = st.lists(
    st.builds(
        held,
        st.integers(0, 40),
        st.integers(0, 400).map(lambda hours: hours * HOUR),
        st.integers(1, 30),
        st.sampled_from(["mote-1", "mote-2"]),
    ),
    unique_by=lambda each: each.id,
    max_size=25,
)
limits = st.builds(
    Limits,
    st.none() | st.integers(0, 300),
    st.none() | st.integers(0, 20).map(lambda days: days * DAY),
    st.none() | st.integers(0, 8),
)


@given(zones, limits, st.data())
def test_every_plan_keeps_what_it_must_and_holds_its_limits(zone, limits, data):
    protected = {each.id for each in zone if data.draw(st.booleans())}
    plan = plan_zone(zone, protected, limits, NOW)
    gone = {each.held.id for each in plan.drop}
    left = [each for each in zone if each.id not in gone]
    others = [each for each in left if each.id not in protected]
    assert not gone & protected
    assert (plan.kept, plan.kept_bytes) == (len(left), sum(each.size_bytes for each in left))
    if limits.max_bytes is not None:
        assert plan.kept_bytes <= max(limits.max_bytes, plan.protected_bytes)
        assert plan.over_by_protection == max(0, plan.protected_bytes - limits.max_bytes)
        assert not others or plan.kept_bytes <= limits.max_bytes
    if limits.max_age is not None:
        assert all(NOW - each.saved_at <= limits.max_age for each in others)
    for drop in plan.drop:
        if drop.reason == DropReason.THINNED:
            newer = [each for each in zone if each.campaign_id == drop.held.campaign_id and each.step > drop.held.step]
            assert len(newer) >= (limits.keep_newest or 0)
    again = plan_zone(left, protected, limits, NOW)
    assert again.drop == ()


@given(zones, st.integers(0, 8))
def test_a_day_that_had_a_checkpoint_still_has_one(zone, keep):
    plan = plan_zone(zone, (), Limits(keep_newest=keep), NOW)
    gone = {each.held.id for each in plan.drop}
    days = {(each.campaign_id, each.saved_at.date()) for each in zone}
    assert {(each.campaign_id, each.saved_at.date()) for each in zone if each.id not in gone} == days


def in_trash(step, age, by, size=10):
    return replace(checkpoint(step, size_bytes=size), trashed_at=NOW - age, trashed_by=by)


def test_what_a_person_deleted_stays_for_its_days_however_full_the_trash_is():
    trash = [
        in_trash(1, 6 * DAY, TrashedBy.PERSON),
        in_trash(2, 5 * DAY, TrashedBy.RETENTION),
        in_trash(3, 4 * DAY, TrashedBy.REPLACED),
        in_trash(4, 8 * DAY, TrashedBy.PERSON),
        checkpoint(5),
    ]
    assert [each.step for each in plan_purge(trash, NOW, 7 * DAY, 1000)] == [4]
    assert [each.step for each in plan_purge(trash, NOW, 7 * DAY, 15)] == [4, 2, 3]
    assert [each.step for each in plan_purge(trash, NOW, 7 * DAY, 0, {trash[1].id})] == [4, 3]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from(TrashedBy), st.integers(1, 100)), max_size=12),
    st.integers(0, 500),
)
def test_purge_stops_as_soon_as_the_trash_fits(rows, limit):
    trash = [in_trash(i, days * DAY, by, size) for i, (days, by, size) in enumerate(rows)]
    plan = plan_purge(trash, NOW, 7 * DAY, limit)
    left = [each for each in trash if each not in plan]
    assert all(NOW - each.trashed_at <= 7 * DAY for each in left)
    assert sum(each.size_bytes for each in left) <= limit or all(each.trashed_by == TrashedBy.PERSON for each in left)
    sooner = [each for each in plan if NOW - each.trashed_at <= 7 * DAY]
    assert all(each.trashed_by != TrashedBy.PERSON for each in sooner)
    if sooner:
        assert sum(each.size_bytes for each in left) + sooner[-1].size_bytes > limit
