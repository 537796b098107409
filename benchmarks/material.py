"""What every contestant trains: the hero mote at its starting weights, and generated BIN quests on disk.

The quests are written before any clock runs, as QuestBoard writes them: zstd shards of JSON lines.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from transformers.utils import logging

from realm.catalog import HeroSpec, hero_spec
from realm.config import RealmConfig, TrainingConfig
from realm.models.hero import Hero
from realm.quests import Example, QuestManifest, read_manifest, read_shard, write_generated
from realm.rules.schedule import Mix, level_shares, whole_counts
from realm.training.quest_feed import ReadShard, Ticket
from realm.training.settings import max_length, open_hero, starting_weights
from skills import get_engine, training_examples

LEVEL = 6
"""Training level of the quests: half of the way to level 12, with replay and a taste of the next as in the realm."""


@dataclass(frozen=True)
class Material:
    """A folder with the starting weights and the quests, each of `steps` optimizer steps."""

    folder: Path
    steps: int
    manifests: tuple[QuestManifest, ...]

    @property
    def spec(self) -> HeroSpec:
        return hero_spec("mote")

    @property
    def base(self) -> Path:
        """The starting weights, a Hugging Face folder."""
        return self.folder / "base"

    def hero(self) -> Hero:
        """A new hero at the starting weights."""
        return open_hero(self.spec, self.base, trains=True)

    def ticket(self, number: int) -> Ticket:
        """Quest `number`, as a battle sees it."""
        manifest = self.manifests[number]
        sizes = tuple(shard.examples for shard in manifest.shards)
        return Ticket(manifest.quest_id, manifest.name, "auto", sizes, "bin", LEVEL)

    @property
    def reader(self) -> ReadShard:
        return lambda quest_id, index: read_shard(self.folder / "quests" / quest_id, index)

    def examples(self, number: int) -> list[Example]:
        """The examples of quest `number`, in the order of its file."""
        ticket = self.ticket(number)
        return [row for index in range(len(ticket.shard_sizes)) for row in self.reader(ticket.quest_id, index)]


def config(optimizer: str = "catalog") -> RealmConfig:
    """The realm's defaults, with one of its optimizer settings."""
    return RealmConfig(training=TrainingConfig(optimizer=optimizer))  # pyright: ignore[reportArgumentType]


def write_material(folder: Path, quests: int, steps: int) -> Material:
    """Build the hero and write `quests` different quests of `steps` steps each."""
    logging.disable_progress_bar()
    settings = config()
    spec, skill = hero_spec("mote"), get_engine().get("bin")
    starting_weights(spec, settings, folder / "base")
    counts = whole_counts(level_shares(LEVEL - 1, skill.max_level, {}, Mix()), steps * settings.training.batch_size)
    ids: list[str] = []
    for number in range(quests):
        problems = training_examples(skill, counts, number)
        rows = [problem.as_training_example() for problem in problems]
        ids.append(write_generated(rows, folder / "quests", f"bin-{number}").quest_id)
    (folder / "material.json").write_text(json.dumps({"steps": steps, "quests": ids}))
    return load_material(folder)


def load_material(folder: Path) -> Material:
    """What `write_material` wrote."""
    logging.disable_progress_bar()
    data = json.loads((folder / "material.json").read_text())
    manifests = tuple(read_manifest(folder / "quests" / quest_id) for quest_id in data["quests"])
    return Material(folder, data["steps"], manifests)


def context(material: Material) -> int:
    """The hero's context in tokens."""
    return max_length(material.spec, config())
