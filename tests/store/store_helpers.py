"""What several store tests build on: a fixed time, a campaign with a running attempt, checkpoints, the event kinds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from realm.rules.battle import BattleState
from realm.rules.checkpoint import Checkpoint, CreatedBy, canonical_name, checkpoint_id
from realm.store.battles import BattleStore
from realm.store.events import EventStore

T0 = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
CAMPAIGN = "mote-1"


_numbers = count(2)


def new_campaign():
    """The id of a campaign that no test has used: examples of one property share a database."""
    return f"mote-{next(_numbers)}"


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def new_attempt(db, step=0, now=T0):
    """The id of a fresh attempt, whose battle runs; the attempt before it is ended."""
    battles = BattleStore(db)
    battle = battles.create_battle(CAMPAIGN, step, now)
    attempt = battles.start_attempt(battle.id, step, now)
    battles.set_state(battle.id, BattleState.RUNNING, now)
    return attempt.id


def make_checkpoint(step, *, saved_at=T0, folder="", sha=None, **more):
    name = canonical_name(step, saved_at)
    return Checkpoint(
        **{
            "id": checkpoint_id(CAMPAIGN, name),
            "campaign_id": CAMPAIGN,
            "hero_id": "mote",
            "step": step,
            "saved_at": saved_at,
            "canonical_name": name,
            "path": f"/checkpoints/{name}{folder}",
            "sha256": sha or f"{step:064x}",
            "size_bytes": 100,
            "has_optimizer": True,
            "created_by": CreatedBy.INTERVAL,
            **more,
        }
    )


def kinds(db, prefix=""):
    """Kinds of all events, oldest first."""
    return [event.kind for event in EventStore(db).after(0, limit=10_000) if event.kind.startswith(prefix)]
