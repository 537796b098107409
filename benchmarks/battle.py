"""A battle without Ray: the realm's own step loop on ports in memory, stopped and timed between quests.

In a block: reading and decoding the quest, tokenizing it in the background, the step loop, EMA, schedule, gradient
clipping, metrics twice a second, a snapshot each second, checkpoints. One block is one whole quest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.material import Material, config
from realm.models.hero import Hero
from realm.quests import Example
from realm.training.checkpoints import SavedCheckpoint
from realm.training.loop import BattleLoop
from realm.training.ports import Metrics, Orders, QuestOutcome
from realm.training.quest_feed import Ticket
from realm.training.settings import loop_settings, make_engine, make_feed

CHECKPOINT_INTERVAL_S = 10.0
"""Of the battle's own time. The realm's default is 60: a short benchmark is to have checkpoints in it."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some steps of one contestant. `tokens` are the non-padding ones; `cpu_seconds` are of all its threads."""

    steps: int
    tokens: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Non-padding tokens a second."""
        return self.tokens / self.seconds


def by_cpu(ours: Sequence[Block], theirs: Sequence[Block]) -> float:
    """The ratio of tokens per second of CPU time, which counts what is done on another core too."""

    def rate(blocks: Sequence[Block]) -> float:
        return sum(block.tokens for block in blocks) / sum(block.cpu_seconds for block in blocks)

    return rate(ours) / rate(theirs)


Between = Callable[[Block | None], bool]
"""Called between quests with the block that ended, None before the first: whether to fight another."""


@dataclass
class Stopwatch:
    """Wall and CPU time since it was started."""

    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)

    def block(self, steps: int, tokens: int) -> Block:
        return Block(steps, tokens, time.perf_counter() - self.wall, time.process_time() - self.cpu)


@dataclass
class MemoryPorts:
    """`BattlePorts` over the quests of a Material."""

    material: Material
    out: Path
    between: Between
    loop: BattleLoop = field(init=False)
    number: int = 0
    tokens_before: int = 0
    stopping: bool = False
    fought_steps: int = 0
    watch: Stopwatch = field(default_factory=Stopwatch)
    messages: list[Metrics] = field(default_factory=list[Metrics])
    newest: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    stalls: list[float] = field(default_factory=list[float])

    def claim(self) -> Ticket | None:
        if self.stopping:
            return None
        block = self._end_block() if self.number else None
        stopped = time.monotonic()
        more = self.between(block)
        if not more or self.number == len(self.material.manifests):
            self.stopping = True
            return None
        self._stand_still(time.monotonic() - stopped)
        self.number += 1
        self.tokens_before = self.loop.progress.tokens_seen
        self.watch = Stopwatch()
        return self.material.ticket(self.number - 1)

    def peek(self) -> Ticket | None:
        return self.material.ticket(self.number) if self.number < len(self.material.manifests) else None

    def read_shard(self, quest_id: str, index: int) -> list[Example]:
        return list(self.material.reader(quest_id, index))

    def began(self, ticket: Ticket, first_step: int, steps_total: int) -> None: ...

    def fought(self, outcome: QuestOutcome) -> None:
        self.fought_steps = outcome.steps_fought

    def failed(self, quest_id: str, reason: str) -> None:
        raise RuntimeError(f"{quest_id}: {reason}")

    def orders(self) -> Orders:
        return Orders("stop" if self.stopping else "run")

    def metrics(self, metrics: Metrics) -> None:
        self.messages.append(metrics)

    def snapshot(self, step: int, weights: dict[str, np.ndarray]) -> None:
        self.newest = weights

    def checkpoint_place(self, step: int) -> tuple[Path, dict[str, Any]]:
        return self.out / f"checkpoint-{step}", {}

    def checkpointed(self, saved: SavedCheckpoint) -> None:
        self.stalls.append(saved.meta["stall_s"])

    def _end_block(self) -> Block:
        """The quest just fought, with what it left running in the background: nobody else shall pay for that."""
        self.loop.writer.wait()
        for pending in self.loop.feed.pending.values():
            pending.wait()
        return self.watch.block(self.fought_steps, self.loop.progress.tokens_seen - self.tokens_before)

    def _stand_still(self, seconds: float) -> None:
        """Intervals count the battle's own time, not that of others between two quests."""
        self.loop.last_checkpoint += seconds
        self.loop.last_snapshot += seconds
        self.loop.last_peek += seconds
        self.loop.meter.started += seconds


def fight(hero: Hero, material: Material, optimizer: str, out: Path, between: Between) -> MemoryPorts:
    """Fight quest after quest until `between` says no or they are all fought; the ports hold what was measured."""
    settings = config(optimizer)
    out.mkdir(parents=True)
    ports = MemoryPorts(material, out, between)
    ports.loop = BattleLoop(
        make_engine(hero, material.spec, settings),
        make_feed(hero, material.spec, settings, ports.read_shard),
        ports,
        replace(loop_settings(hero, settings), checkpoint_interval=CHECKPOINT_INTERVAL_S),
    )
    ports.loop.run()
    return ports
