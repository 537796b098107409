"""`realm train`: one file, one hero, no realm. The same engine, feed and loop as a battle."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from realm.catalog import HeroSpec
from realm.config import RealmConfig
from realm.errors import ConflictError
from realm.quests import Example, QuestManifest, admit, read_shard
from realm.training.checkpoints import SavedCheckpoint
from realm.training.encoding import measure
from realm.training.loop import BattleLoop
from realm.training.ports import Metrics, Orders, QuestOutcome
from realm.training.quest_feed import Ticket
from realm.training.settings import loop_settings, make_engine, make_feed, max_length, open_hero, starting_weights


@dataclass
class FilePorts:
    """A board with one quest that comes again until `steps` are done."""

    quests: Path
    manifest: QuestManifest
    out: Path
    steps: int
    on_metrics: Callable[[Metrics], None]
    done: int = 0
    rounds: int = 0
    last: SavedCheckpoint | None = None

    def claim(self) -> Ticket | None:
        self.rounds += 1
        sizes = tuple(shard.examples for shard in self.manifest.shards)
        # A ticket of its own for every round, so that each is shuffled anew.
        return Ticket(f"{self.manifest.quest_id}/{self.rounds}", self.manifest.name, "auto", sizes)

    def peek(self) -> Ticket | None:
        return None

    def read_shard(self, quest_id: str, index: int) -> list[Example]:
        return read_shard(self.quests / quest_id.partition("/")[0], index)

    def began(self, ticket: Ticket, first_step: int, steps_total: int) -> None:
        self.done = first_step

    def fought(self, outcome: QuestOutcome) -> None:
        self.done = outcome.last_step

    def failed(self, quest_id: str, reason: str) -> None:
        raise ConflictError(f"{self.manifest.name} cannot be trained: {reason}.", "Give another file.")

    def orders(self) -> Orders:
        self.done += 1
        return Orders("stop") if self.done > self.steps else Orders()

    def metrics(self, metrics: Metrics) -> None:
        self.on_metrics(metrics)

    def snapshot(self, step: int, weights: dict[str, np.ndarray]) -> None:
        raise AssertionError("standalone training takes no snapshots")

    def checkpoint_place(self, step: int) -> tuple[Path, dict[str, Any]]:
        return self.out / f"checkpoint-{step}", {"data": self.manifest.sha256}

    def checkpointed(self, saved: SavedCheckpoint) -> None:
        self.last = saved


def train_file(
    spec: HeroSpec, config: RealmConfig, data: Path, steps: int, out: Path, on_metrics: Callable[[Metrics], None]
) -> SavedCheckpoint:
    """Train `spec` on `data` for `steps` optimizer steps and save `out`/checkpoint-{steps}.

    Raises:
        ConflictError: `out` has that checkpoint already.
        QuestError: the file cannot be used.
    """
    if (out / f"checkpoint-{steps}").exists():
        raise ConflictError(f"{out}/checkpoint-{steps} exists.", "Give another --out or remove it.")
    with tempfile.TemporaryDirectory(prefix="realm-train-") as scratch:
        place = Path(scratch)
        hero = open_hero(spec, starting_weights(spec, config, place / "hero"), trains=True)
        limit = max_length(spec, config)
        quests = place / "quests"
        manifest = admit(data, quests, measure=lambda example: measure(example, hero.tokenizer), max_length=limit)
        ports = FilePorts(quests, manifest, out, steps, on_metrics)
        out.mkdir(parents=True, exist_ok=True)
        loop = BattleLoop(
            make_engine(hero, spec, config),
            make_feed(hero, spec, config, ports.read_shard),
            ports,
            replace(loop_settings(hero, config), snapshot_interval=0.0),
        )
        outcome = loop.run()
        if ports.last is None or ports.last.step < steps:
            kept = f"{ports.last.path} has step {ports.last.step}." if ports.last else "Nothing was saved."
            raise ConflictError(f"Training ended before step {steps}: {outcome.detail or outcome.state}. {kept}")
        return ports.last
