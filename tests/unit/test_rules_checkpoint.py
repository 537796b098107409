"""Checkpoint names, the champion, and what retention spares."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from realm.rules.checkpoint import Checkpoint, CreatedBy, beats, canonical_name, checkpoint_id
from realm.rules.retention import plan_purge, plan_trash, protected_ids

T0 = datetime(2026, 3, 4, 5, 6, 59, tzinfo=UTC)


def checkpoint(step, **more):
    name = canonical_name(step, T0)
    return Checkpoint(
        **{
            "id": checkpoint_id("mote-1", name),
            "campaign_id": "mote-1",
            "hero_id": "mote",
            "step": step,
            "saved_at": T0,
            "canonical_name": name,
            "path": f"/checkpoints/{name}",
            "sha256": f"{step:064x}",
            "size_bytes": 10,
            "has_optimizer": True,
            "created_by": CreatedBy.INTERVAL,
            **more,
        }
    )


def test_names():
    assert canonical_name(175000, T0) == "checkpoint-175000-20260304-0506"
    assert checkpoint(7).id == "mote-1/checkpoint-7-20260304-0506"


def test_beats_is_a_strict_order():
    assert beats(0.7, 30, 0.6, 10)
    assert beats(0.7, 10, 0.7, 30)
    assert not beats(0.7, 30, 0.7, 30)
    assert not beats(0.6, 10, 0.7, 30)


def test_protected():
    field = [
        checkpoint(0, created_by=CreatedBy.START),
        checkpoint(10, created_by=CreatedBy.MASTERY, skill_id="bin", skill_level=1),
        checkpoint(20, created_by=CreatedBy.MASTERY, skill_id="sy", skill_level=1),
        checkpoint(30, created_by=CreatedBy.MASTERY, skill_id="bin", skill_level=2),
        checkpoint(40),
        checkpoint(50),
        checkpoint(60, has_optimizer=False),
        checkpoint(70, has_optimizer=False),
        checkpoint(80, trashed_at=T0),
    ]
    kept = protected_ids(field, champion_id=field[4].id, in_use={field[6].id})
    assert [each.step for each in field if each.id in kept] == [0, 20, 30, 40, 50, 60, 70]


fields = st.lists(
    st.tuples(
        st.integers(0, 50), st.booleans(), st.sampled_from(list(CreatedBy)), st.sampled_from(["bin", "sy", None])
    ),
    unique_by=lambda each: each[0],
    max_size=30,
).map(lambda rows: [checkpoint(step, has_optimizer=o, created_by=c, skill_id=s) for step, o, c, s in rows])


@given(fields, st.integers(0, 10), st.data())
def test_trash_plan_spares_the_protected_and_keeps_the_newest(field, keep, data):
    champion_id = data.draw(st.sampled_from([None, *(each.id for each in field)]))
    protected = protected_ids(field, champion_id)
    plan = plan_trash(field, protected, keep)
    assert not {each.id for each in plan} & protected
    assert [each.step for each in plan] == sorted(each.step for each in plan)
    left = [each for each in field if each not in plan]
    expendable = [each for each in left if each.id not in protected]
    assert len(expendable) == min(keep, len(field) - len(protected))
    assert all(gone.step < each.step for gone in plan for each in expendable)
    if field:
        assert max(field, key=lambda each: each.step) in left
        resumable = [each for each in field if each.has_optimizer]
        assert not resumable or max(resumable, key=lambda each: each.step) in left
        assert champion_id is None or champion_id in {each.id for each in left}
    assert plan_trash(left, protected, keep) == ()


def test_what_is_in_the_trash_is_not_planned_again():
    field = [checkpoint(step, trashed_at=T0) for step in range(5)]
    assert plan_trash(field, (), 0) == ()


@given(st.lists(st.integers(1, 100), max_size=12), st.integers(0, 500), st.data())
def test_purge_drops_the_longest_trashed_until_the_rest_fits(sizes, limit, data):
    trash = [
        replace(checkpoint(step, size_bytes=size), trashed_at=T0 + timedelta(minutes=step))
        for step, size in enumerate(sizes)
    ]
    protected = {each.id for each in trash if data.draw(st.booleans())}
    plan = plan_purge(list(reversed(trash)), protected, limit)
    left = [each for each in trash if each not in plan]
    assert not {each.id for each in plan} & protected
    assert list(plan) == [each for each in trash if each in plan]
    assert sum(each.size_bytes for each in left) <= limit or all(each.id in protected for each in left)
    if plan:
        assert sum(each.size_bytes for each in left) + plan[-1].size_bytes > limit
