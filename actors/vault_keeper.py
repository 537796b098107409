"""VaultKeeper: the ledger of checkpoints and their folders. The rules are in `realm.rules.checkpoint` and `.retention`.

Knows no torch: weights pass through as bytes and arrays.
"""

from __future__ import annotations

import json
import math
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import ray
from safetensors.numpy import save_file

from actors.cluster import ON_HEAD
from actors.rows import row_of
from actors.service import now
from actors.vault_base import here
from actors.vault_exports import VaultExports
from actors.vault_ledger import VaultLedger
from actors.vault_retention import VaultRetention
from actors.vault_transfers import VaultTransfers
from actors.waiting import ask
from realm.catalog import hero_spec
from realm.errors import HeroError, NotFoundError, RealmError
from realm.models.base import base_source, lacking
from realm.rules.checkpoint import Checkpoint, CreatedBy, canonical_name, checkpoint_id
from realm.rules.stronghold import HOME
from realm.store.checkpoints import Recorded
from realm.store.events import EventStore
from realm.vault.folders import (
    STATE,
    WEIGHTS,
    check_space,
    free_folder,
    publish,
    sha256_of,
    staging_folder,
    staging_pid,
)
from realm.vault.paths import STAGING
from realm.vault.sidecar import LEDGER

HELD_S = 6 * 3600.0
"""For so long a checkpoint that is being exported is not deleted."""
TRIED = 5
"""Newest checkpoints with an optimizer that are looked at for a whole one."""
SAVED_WITH = ("torch", "transformers", "ray")


class VaultKeeper(VaultExports, VaultLedger, VaultTransfers, VaultRetention):
    """The vault: every checkpoint, where it lies and which one is newest, best or to go."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.bases: dict[str, str] = {}
        self.building = threading.Lock()
        self.events = EventStore(self.database)
        self._adopt()
        self.tidy_exports()

    # Starting points

    def base_model(self, hero_id: str) -> str:
        """Folder or hub name of a hero's starting weights; a from-scratch hero is built at the first call."""
        with self.building:
            if hero_id not in self.bases:
                # A process of its own that ends with the task, so that none keeps torch in memory.
                task = ray.remote(max_calls=1, num_cpus=0, resources=dict(ON_HEAD))(_starting_weights)
                self.bases[hero_id] = str(ask(task.remote(str(self.home.root), hero_id), timeout_s=300))
            return self.bases[hero_id]

    def require_start(self, campaign_id: str) -> None:
        """Look whether what a campaign trains from is here. Nothing is downloaded or built.

        Raises:
            HeroError: this machine lacks the base model of its hero.
            NotFoundError: it has no checkpoint yet, and no copy of the one it begins with is whole.
        """
        hero_id = self.campaigns.get(campaign_id).hero_id
        override = self.config.of_hero(hero_id).hero.base_model
        source = base_source(hero_spec(hero_id), self.home.hero(hero_id), override)
        lack = lacking(source) if source is not None else ""
        if lack:
            raise HeroError(
                f"Campaign {campaign_id} trains {hero_id}: {lack}.",
                f"Put the model's Hugging Face folder at {self.home.hero(hero_id)}, or load {source} into the cache.",
            )
        if not self.checkpoints.resumable(campaign_id, 1):
            self._starting_folder(campaign_id)

    def starting_point(self, campaign_id: str) -> dict[str, Any]:
        """Where an attempt starts: the newest checkpoint with an optimizer, else the campaign's starting checkpoint or
        an import, else the base model.

        One that is damaged is passed over when no copy of it is whole; an event says so.

        Raises:
            HeroError: none of the newest is whole.
        """
        problems: list[str] = []
        for checkpoint in self.checkpoints.resumable(campaign_id, TRIED):
            try:
                source = self.folder_of(checkpoint, here())
            except NotFoundError as error:
                problems.append(error.problem)
                title = f"Checkpoint damaged: step {checkpoint.step}"
                self.events.add("checkpoint.damaged", title, now(), error.problem, {"checkpoint_id": checkpoint.id})
                continue
            return {"source": source, "resumable": True, "step": checkpoint.step, "checkpoint_id": checkpoint.id}
        if problems:
            raise HeroError(" ".join(problems), "Bring a good copy to where it is looked for.")
        start, folder = self._starting_folder(campaign_id)
        source = self.base_model(self.campaigns.get(campaign_id).hero_id) if folder is None else folder
        return {"source": source, "resumable": False, "step": 0, "checkpoint_id": start.id if start else None}

    def _starting_folder(self, campaign_id: str) -> tuple[Checkpoint | None, str | None]:
        """The checkpoint that a campaign begins with and a whole copy of it; None twice for the hero's base model.

        Raises:
            NotFoundError: it is gone.
        """
        try:
            start = self._start(campaign_id)
            return start, None if start is None else self.folder_of(start, here())
        except NotFoundError as error:
            begins = self.campaigns.get(campaign_id).starting_checkpoint_id
            raise NotFoundError(
                f"The checkpoint that campaign {campaign_id} begins with, {begins or 'an import'}, is gone: "
                f"{error.problem}",
                "Put its folder back where it was, or begin another campaign: realm campaign new --activate.",
            ) from None

    @contextmanager
    def held(self, checkpoint: Checkpoint, holder: str) -> Iterator[Path]:
        """A whole copy of a checkpoint on the head, brought there when it is elsewhere, and kept while it is read.

        Raises:
            NotFoundError: no copy that can be reached is whole.
        """
        self.use(checkpoint.id, holder, HELD_S)
        try:
            yield Path(self.folder_of(checkpoint, here()))
        finally:
            self.unuse(checkpoint.id, holder)

    def durable_step(self, campaign_id: str) -> int:
        """Campaign steps that a crash cannot take back."""
        newest = self.checkpoints.newest(campaign_id, with_optimizer=True)
        return newest.step if newest else 0

    # Saving

    def record(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Enter a checkpoint whose folder is complete. Its quests are completed, retention follows.

        `entry`: path, step, sha256, size_bytes, campaign_id, hero_id and what the battle knows of it.

        Raises:
            ConflictError: the attempt that saved it has been replaced by a later one.
        """
        checkpoint = self._describe(entry)
        # Whoever wrote the weights has just read them for their digest.
        self.digests.note(Path(checkpoint.path) / WEIGHTS, checkpoint.sha256)
        recorded = self.checkpoints.record(checkpoint, now(), entry.get("attempt_id"))
        live = self._settle(recorded)
        if live.has_optimizer:
            ask(self.peer("quest_board").complete_through.remote(live.campaign_id, live.step))
        self.retain(live.campaign_id)
        self.peer("campaign_director").checkpoint_saved.remote(live.id)
        return row_of(live)

    def save_snapshot(
        self, campaign: str, weights: list[Any], step: int, created_by: str, skill_id: str | None, level: int | None
    ) -> dict[str, Any]:
        """Save evaluated weights as a checkpoint without an optimizer. `weights` is a list of one object reference.

        Raises:
            DiskFullError: they do not fit; nothing was written.
        """
        arrays: dict[str, np.ndarray] = ray.get(weights[0])
        saved_at = now()
        folder = free_folder(self.home.checkpoints / campaign / canonical_name(step, saved_at))
        folder.parent.mkdir(parents=True, exist_ok=True)
        hero_id = self.campaigns.get(campaign).hero_id
        base = Path(self.base_model(hero_id))
        newest = self.checkpoints.newest(campaign)
        if not base.is_dir() and newest is not None and newest.path:
            base = Path(newest.path)
        check_space(folder, sum(a.nbytes for a in arrays.values()), self.config.vault.min_free_mb * 1_000_000)
        staging = staging_folder(folder)
        shutil.rmtree(staging, ignore_errors=True)
        shutil.copytree(base, staging, ignore=shutil.ignore_patterns("*.safetensors", "*.bin", STATE, LEDGER))
        save_file(arrays, staging / WEIGHTS, metadata={"format": "pt"})
        publish(staging, folder)
        return self.record(
            {
                "path": str(folder),
                "step": step,
                "sha256": sha256_of(folder / WEIGHTS),
                "size_bytes": _size(folder),
                "campaign_id": campaign,
                "hero_id": hero_id,
                "created_by": created_by,
                "saved_at": saved_at.isoformat(),
                "skill_id": skill_id,
                "skill_level": level,
            }
        )

    # Reading

    def read_weights(self, name: str) -> Any:
        """The bytes of a checkpoint's `model.safetensors` as a uint8 array, through the object store.

        Raises:
            NotFoundError: no copy of it is whole.
        """
        return np.fromfile(Path(self.folder_of(self.checkpoints.get(name), here())) / WEIGHTS, dtype=np.uint8)

    def model_files(self, hero_id: str) -> dict[str, bytes]:
        """A hero's small files (config, tokenizer): what a worker on another machine needs beside weights.

        Raises:
            HeroError: the base model is a hub name; such a worker loads it from the hub itself.
        """
        base = Path(self.base_model(hero_id))
        if not base.is_dir():
            raise HeroError(f"The base model {base} is not a folder on the head.", "Set hero.base_model to a folder.")
        return {file.name: file.read_bytes() for file in base.iterdir() if file.suffix in {".json", ".jinja", ".txt"}}

    def set_exam(
        self, name: str, accuracy: float, by_skill: dict[str, float], exam_version: str, val_loss: float | None
    ) -> None:
        """Write an exam's result to the ledger."""
        self.write_sidecar(self.checkpoints.set_exam(name, accuracy, by_skill, exam_version, val_loss))

    # Inside

    def _start(self, campaign_id: str) -> Checkpoint | None:
        """What a campaign begins with instead of the hero's base model.

        Raises:
            NotFoundError: its starting checkpoint is gone.
        """
        start = self.campaigns.get(campaign_id).starting_checkpoint_id
        return self.imported_start(campaign_id) if start is None else self.checkpoints.get(start)

    def _describe(self, entry: dict[str, Any]) -> Checkpoint:
        folder = Path(entry["path"])
        saved_at = datetime.fromisoformat(entry["saved_at"])
        train_loss = entry.get("train_loss")
        cursor = entry.get("cursor") or {}
        campaign = entry["campaign_id"]
        parent = self.checkpoints.newest(campaign, with_optimizer=True) or self._start(campaign)
        states = self.skills.states(entry["campaign_id"])
        return Checkpoint(
            id=checkpoint_id(entry["campaign_id"], folder.name),
            campaign_id=entry["campaign_id"],
            hero_id=entry["hero_id"],
            step=entry["step"],
            saved_at=saved_at,
            canonical_name=folder.name,
            path=str(folder),
            sha256=entry["sha256"],
            size_bytes=entry["size_bytes"],
            has_optimizer=(folder / STATE).is_dir(),
            created_by=CreatedBy(entry["created_by"]),
            train_loss=train_loss,
            perplexity=math.exp(train_loss) if train_loss is not None and train_loss < 50 else None,
            learning_rate=entry.get("learning_rate"),
            epoch=cursor.get("epoch"),
            quest_id=cursor.get("quest_id"),
            skill_id=entry.get("skill_id"),
            skill_level=entry.get("skill_level"),
            tokens_seen=entry.get("tokens_seen", 0),
            examples_seen=entry.get("examples_seen", 0),
            parent_id=parent.id if parent else None,
            versions={name: version(name) for name in SAVED_WITH},
            mastered_levels={state.skill_id: state.mastered_level for state in states},
        )

    def _settle(self, recorded: Recorded) -> Checkpoint:
        if recorded.surplus is not None:
            self.to_trash(recorded.surplus)
        self.write_sidecar(recorded.checkpoint)
        self.link(recorded.checkpoint.campaign_id)
        return recorded.checkpoint

    def _adopt(self) -> None:
        """Finish what a killed process left: folders in place but not recorded, trashed but not moved, half written."""
        active = self.campaigns.get_current()
        if active is not None:
            for checkpoint in self.checkpoints.page(active.id, limit=10_000, trashed=True):
                self.to_trash(checkpoint)
        if self.checkpoints.sizes().live == 0:
            # The database was lost: what lies here is its checkpoints' own record of them.
            self.rebuild(HOME)
        for campaign in self.home.checkpoints.iterdir():
            for folder in campaign.iterdir() if campaign.name != STAGING else ():
                if folder.name.startswith("."):
                    # A train worker may be writing it at this moment.
                    if not psutil.pid_exists(staging_pid(folder)):
                        shutil.rmtree(folder, ignore_errors=True)
                elif (folder / LEDGER).exists():
                    continue
                elif (folder / STATE / "meta.json").exists():
                    self._adopt_folder(folder)
                else:
                    # Weights of a snapshot whose record was lost with the job that made it: that job is done again.
                    shutil.rmtree(folder, ignore_errors=True)

    def _adopt_folder(self, folder: Path) -> None:
        """Enter a complete folder that a crash kept from the ledger. One that is not what it seems is left alone."""
        try:
            meta = json.loads((folder / STATE / "meta.json").read_text(encoding="utf-8"))
            entry = {**meta, "path": str(folder), "sha256": sha256_of(folder / WEIGHTS), "size_bytes": _size(folder)}
            self._settle(self.checkpoints.record(self._describe(entry), now()))
        except (RealmError, OSError, ValueError, TypeError, KeyError) as error:
            print(f"{folder} was not adopted: {type(error).__name__}: {error}")


def _starting_weights(home: str, hero_id: str) -> str:
    """Runs as a Ray task, so that VaultKeeper itself never holds torch."""
    from realm.config import load_config
    from realm.home import RealmHome
    from realm.training.settings import starting_weights

    place = RealmHome(Path(home))
    return starting_weights(hero_spec(hero_id), load_config(place).of_hero(hero_id), place.hero(hero_id))


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
