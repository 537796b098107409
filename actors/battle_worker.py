"""What runs inside a train worker: an attempt's step loop with the realm's actors as its ports.

Knows which actor to ask for what; the loop itself is `realm.training.loop`.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray import train
from ray.exceptions import RayActorError, RayTaskError

from actors.cluster import actor
from actors.waiting import ask
from realm.catalog import hero_spec
from realm.config import load_config
from realm.errors import RealmError
from realm.home import RealmHome
from realm.quests import Example, decode_shard
from realm.rules.checkpoint import canonical_name
from realm.training.checkpoints import SavedCheckpoint, load_training_state
from realm.training.loop import BattleLoop, Progress
from realm.training.ports import Metrics, Orders, QuestOutcome
from realm.training.quest_feed import Ticket
from realm.training.settings import loop_settings, make_engine, make_feed, open_hero, set_threads
from realm.vault.folders import free_folder

RENEW_S = 15.0


class ActorPorts:
    """`BattlePorts` over QuestBoard, Arena, Herald and VaultKeeper."""

    def __init__(self, home: RealmHome, campaign_id: str, battle_id: str, attempt_id: str, hero_id: str) -> None:
        self.home = home
        self.campaign_id = campaign_id
        self.battle_id = battle_id
        self.attempt_id = attempt_id
        self.hero_id = hero_id
        self.board = actor("quest_board")
        self.arena = actor("arena")
        self.herald = actor("herald")
        self.vault = actor("vault_keeper")
        self.newest_orders = Orders()
        self.asked: ray.ObjectRef[Any] | None = None
        self.peeked: Ticket | None = None
        self.peeking: ray.ObjectRef[Any] | None = None
        self.holding: str | None = None
        self.renewing: ray.ObjectRef[Any] | None = None
        self.renewed_at = time.monotonic()
        self.renewed_for: str | None = None

    def claim(self) -> Ticket | None:
        ticket = _ticket(ask(self.board.claim.remote(self.attempt_id, [])))
        self.holding = ticket.quest_id if ticket else None
        return ticket

    def peek(self) -> Ticket | None:
        """The answer to the question asked at the last call; asks anew without waiting."""
        ready, value = _poll(self.peeking)
        if ready:
            self.peeked = _ticket(value)
        if ready or self.peeking is None:
            self.peeking = self.board.peek.remote()
        return self.peeked

    def read_shard(self, quest_id: str, index: int) -> list[Example]:
        return decode_shard(ask(self.board.read_shard.remote(quest_id, index)).tobytes())

    def began(self, ticket: Ticket, first_step: int, steps_total: int) -> None:
        self.peeked, self.holding = None, ticket.quest_id
        self.board.began.remote(ticket.quest_id, self.attempt_id, first_step, steps_total)

    def fought(self, outcome: QuestOutcome) -> None:
        ask(self.board.fought.remote(self.attempt_id, asdict(outcome)))
        self.arena.quest_left.remote(outcome.quest_id)

    def failed(self, quest_id: str, reason: str) -> None:
        ask(self.board.failed.remote(quest_id, reason))

    def orders(self) -> Orders:
        """The newest orders that arrived; a new question is on its way while steps go on."""
        ready, value = _poll(self.asked)
        if ready and value is not None:
            self.newest_orders = Orders(**value)
        if ready or self.asked is None:
            self.asked = self.arena.orders.remote(self.attempt_id, self.holding)
        self._renew()
        return self.newest_orders

    def _renew(self) -> None:
        """Extend the lease every 15 s; a quest that is no longer this attempt's is left."""
        ready, held = _poll(self.renewing)
        if ready:
            self.renewing = None
            # A quest claimed after the question was asked is not in the answer.
            asked_for = self.renewed_for is not None and self.renewed_for == self.holding
            if held is not None and asked_for and self.holding not in held:
                left = {"end_quest": self.holding, "end_reason": "cancelled"}
                self.newest_orders = replace(self.newest_orders, **left)
        if self.renewing is None and time.monotonic() - self.renewed_at > RENEW_S:
            self.renewed_at, self.renewed_for = time.monotonic(), self.holding
            self.renewing = self.board.renew.remote(self.attempt_id)

    def metrics(self, metrics: Metrics) -> None:
        self.herald.metrics.remote(self.campaign_id, self.battle_id, self.attempt_id, asdict(metrics))

    def snapshot(self, step: int, weights: dict[str, np.ndarray]) -> None:
        self.arena.offer_snapshot.remote(self.battle_id, self.attempt_id, step, [ray.put(weights)])

    def checkpoint_place(self, step: int) -> tuple[Path, dict[str, Any]]:
        folder = self.home.checkpoints / self.campaign_id
        folder.mkdir(parents=True, exist_ok=True)
        saved_at = datetime.now(UTC)
        return free_folder(folder / canonical_name(step, saved_at)), {
            "saved_at": saved_at.isoformat(),
            "campaign_id": self.campaign_id,
            "hero_id": self.hero_id,
            "battle_id": self.battle_id,
            "attempt_id": self.attempt_id,
        }

    def checkpointed(self, saved: SavedCheckpoint) -> None:
        entry = {"path": str(saved.path), "sha256": saved.sha256, "size_bytes": saved.size_bytes, **saved.meta}
        ask(self.vault.record.remote(entry))


def fight(order: dict[str, Any]) -> None:
    """The train function of an attempt. `order`: home, hero_id, campaign_id, battle_id, attempt_id."""
    home = RealmHome(Path(order["home"]))
    config = load_config(home).of_hero(order["hero_id"])
    spec = hero_spec(order["hero_id"])
    set_threads(config.placement.train_cpus)
    rank = train.get_context().get_world_rank()
    ports = ActorPorts(home, order["campaign_id"], order["battle_id"], order["attempt_id"], order["hero_id"])
    # Every worker of the attempt starts from the same checkpoint: Arena answers all of them alike.
    start: dict[str, Any] = ask(ports.arena.starting_point.remote(order["attempt_id"]))
    hero = open_hero(spec, start["source"], trains=True)
    engine = make_engine(hero, spec, config)
    progress, resume = Progress(), None
    if start["resumable"]:
        state, meta = load_training_state(Path(start["source"]))
        engine.load_training_state(state)
        progress = Progress.from_json(meta)
    if rank == 0:
        cursor = progress.cursor.quest_id if progress.cursor else None
        resume = _ticket(
            ask(ports.board.rewind.remote(order["campaign_id"], engine.step_number, cursor, order["attempt_id"]))
        )
        ask(ports.arena.running.remote(order["attempt_id"], engine.step_number))
    feed = make_feed(hero, spec, config, ports.read_shard)
    loop = BattleLoop(engine, feed, ports, loop_settings(hero, config), progress)
    outcome = loop.run(resume)
    if rank == 0:
        ask(ports.arena.attempt_ended.remote(order["attempt_id"], outcome.state, outcome.detail, engine.step_number))
    # Ray waits for the report of every worker.
    train.report({"step": engine.step_number, "outcome": outcome.state})


def _ticket(data: dict[str, Any] | None) -> Ticket | None:
    return None if data is None else Ticket(**{**data, "shard_sizes": tuple(data["shard_sizes"])})


def _poll(ref: ray.ObjectRef[Any] | None) -> tuple[bool, Any]:
    """Whether the answer is there, and the answer: None from an actor that is coming back or that refused."""
    if ref is None:
        return False, None
    ready, _ = ray.wait([ref], timeout=0)
    if not ready:
        return False, None
    try:
        return True, ray.get(ref)
    except RayActorError:
        return True, None
    except RayTaskError as error:
        if isinstance(error.cause, RealmError):
            return True, None
        raise
