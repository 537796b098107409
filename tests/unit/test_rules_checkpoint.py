"""Checkpoint names and the champion."""

from __future__ import annotations

from datetime import UTC, datetime

from realm.rules.checkpoint import Checkpoint, CreatedBy, beats, canonical_name, checkpoint_id

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
