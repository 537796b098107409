"""From config and catalog to what the engine takes. Knows no files and no Ray."""

from __future__ import annotations

from pathlib import Path

import torch

from realm.catalog import HeroSpec
from realm.config import RealmConfig
from realm.models.hero import Hero, base_folder, load_hero, pick_device, weight_dtype
from realm.training.engine import TrainingEngine
from realm.training.loop import LoopSettings
from realm.training.optimizers import OptimizerSettings
from realm.training.quest_feed import QuestFeed, ReadShard


def max_length(spec: HeroSpec, config: RealmConfig) -> int:
    """Context in tokens: the setting, else the catalog's."""
    return config.hero.max_length or spec.max_length


def starting_weights(spec: HeroSpec, config: RealmConfig, folder: Path) -> str:
    """Folder or hub name a campaign of this hero starts from; a from-scratch hero is built in `folder` first."""
    return base_folder(spec, folder, config.training.seed, config.hero.base_model, max_length(spec, config))


def open_hero(spec: HeroSpec, source: str | Path, *, trains: bool = False) -> Hero:
    """Load the hero's weights onto this machine's device.

    A hero that `trains` has them in float32, whatever it is saved in: at a learning rate of 1e-5 most updates are
    smaller than half a step of bfloat16 and would be rounded away. Accelerate still computes in bfloat16 on CUDA.
    """
    device = pick_device()
    saved = weight_dtype(spec, device)
    hero = load_hero(source, torch.float32 if trains else saved, device)
    hero.saved_dtype = saved
    return hero


def make_engine(hero: Hero, spec: HeroSpec, config: RealmConfig) -> TrainingEngine:
    """An engine at step 0 with the configured optimizers."""
    training = config.training
    optimizer = OptimizerSettings(
        kind=spec.optimizer if training.optimizer == "catalog" else training.optimizer,
        learning_rate=training.learning_rate or spec.learning_rate,
        muon_learning_rate=training.muon_learning_rate or spec.muon_learning_rate,
        weight_decay=training.weight_decay,
        warmup_steps=training.warmup_steps,
    )
    decay = spec.ema_decay if training.ema_decay is None else training.ema_decay
    return TrainingEngine(hero, optimizer, clip_norm=training.clip_norm, ema_decay=decay)


def make_feed(hero: Hero, spec: HeroSpec, config: RealmConfig, read_shard: ReadShard) -> QuestFeed:
    """A feed with the configured batch size, context, epochs and seed."""
    return QuestFeed(
        hero.tokenizer,
        read_shard,
        batch_size=config.training.batch_size,
        max_length=max_length(spec, config),
        epochs=config.training.epochs,
        seed=config.training.seed,
    )


def loop_settings(hero: Hero, config: RealmConfig) -> LoopSettings:
    """Intervals of the step loop; no snapshots of a hero whose weights are larger than `snapshot_max_mb`."""
    training = config.training
    small = hero.parameters * 4 <= training.snapshot_max_mb * 1e6
    return LoopSettings(
        checkpoint_interval=training.checkpoint_interval_s,
        snapshot_interval=training.snapshot_interval_s if small else 0.0,
        metrics_interval=training.metrics_interval_s,
        idle_timeout=training.idle_timeout_s,
        min_free_bytes=config.vault.min_free_mb * 1_000_000,
    )


def set_threads(cpus: int) -> None:
    """Tie torch to the CPUs it was given: more threads than that are many times slower on a busy machine."""
    torch.set_num_threads(max(1, cpus))
