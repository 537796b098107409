"""Checkpoint folders: cloned to host memory, written by a thread, renamed into place. Knows no ledger and no Ray."""

from __future__ import annotations

import errno
import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file

from realm.errors import DiskFullError, HeroError
from realm.models.hero import Hero
from realm.vault.folders import STATE, WEIGHTS, check_space, publish, sha256_of, staging_folder


@dataclass(frozen=True, slots=True)
class SavedCheckpoint:
    """A checkpoint folder that is complete on disk. `sha256` is of `model.safetensors`."""

    path: Path
    step: int
    sha256: str
    size_bytes: int
    meta: dict[str, Any]


class CheckpointWriter:
    """Writes one checkpoint at a time behind the training step.

    `on_saved` and `on_failed` are called on the writing thread.
    """

    def __init__(
        self,
        hero: Hero,
        min_free_bytes: int,
        on_saved: Callable[[SavedCheckpoint], None],
        on_failed: Callable[[Exception], None],
    ) -> None:
        self.hero = hero
        self.min_free_bytes = min_free_bytes
        self.on_saved = on_saved
        self.on_failed = on_failed
        self.thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    def save(
        self, folder: Path, weights: Mapping[str, torch.Tensor], state: dict[str, Any], meta: dict[str, Any]
    ) -> None:
        """Clone `weights` and `state` now, write them to `folder` in the background. Waits for the save before it.

        `meta` is saved with them, and `stall_s`: the seconds for which this call held up the training.

        Raises:
            DiskFullError: the checkpoint would leave less than `min_free_bytes` on the disk; nothing was written.
        """
        began = time.monotonic()
        self.wait()
        weights = {name: tensor.to(self.hero.saved_dtype) for name, tensor in weights.items()}
        needed = _bytes(weights) + _bytes(state)
        check_space(folder, needed, self.min_free_bytes)
        copied_weights = cast(dict[str, torch.Tensor], _to_host(weights))
        copied_state = cast(dict[str, Any], _to_host(state))
        meta = {**meta, "stall_s": time.monotonic() - began}
        self.thread = threading.Thread(
            target=self._write, args=(folder, copied_weights, copied_state, meta), name="checkpoint-writer"
        )
        self.thread.start()

    def wait(self) -> None:
        """Until nothing is being written."""
        if self.thread is not None:
            self.thread.join()

    def _write(
        self, folder: Path, weights: dict[str, torch.Tensor], state: dict[str, Any], meta: dict[str, Any]
    ) -> None:
        try:
            self.on_saved(write_checkpoint(folder, self.hero, weights, state, meta))
        except Exception as error:  # noqa: BLE001 - a thread hands every failure to its owner
            self.on_failed(self._disk_full(folder, _bytes(weights) + _bytes(state), error) or error)

    def _disk_full(self, folder: Path, needed: int, error: Exception) -> DiskFullError | None:
        """Whether the disk filled while it was written: safetensors and torch say so in errors of their own."""
        try:
            check_space(folder, needed, self.min_free_bytes)
        except DiskFullError as full:
            return full
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFullError(f"Writing a checkpoint failed: {error}.", "Free some space, then resume the battle.")
        return None


def write_checkpoint(
    folder: Path, hero: Hero, weights: dict[str, torch.Tensor], state: dict[str, Any], meta: dict[str, Any]
) -> SavedCheckpoint:
    """Write a Hugging Face folder with a `training_state/` beside the weights; it appears whole or not at all."""
    staging = staging_folder(folder)
    shutil.rmtree(staging, ignore_errors=True)
    try:
        (staging / STATE).mkdir(parents=True)
        hero.model.config.save_pretrained(staging)
        if hero.model.generation_config is not None:
            hero.model.generation_config.save_pretrained(staging)
        hero.tokenizer.save_pretrained(staging)
        save_file(weights, staging / WEIGHTS, metadata={"format": "pt"})
        rest = dict(state)
        save_file(rest.pop("raw"), staging / STATE / "raw.safetensors", metadata={"format": "pt"})
        torch.save(rest, staging / STATE / "state.pt")
        (staging / STATE / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")
        digest = sha256_of(staging / WEIGHTS)
        size = publish(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return SavedCheckpoint(folder, int(state["step"]), digest, size, meta)


def load_training_state(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The state for `TrainingEngine.load_training_state` and the meta data saved with it.

    Raises:
        HeroError: the folder has no training state (a snapshot), or it cannot be read.
    """
    place = folder / STATE
    try:
        state = torch.load(place / "state.pt", map_location="cpu", weights_only=True)
        state["raw"] = load_file(place / "raw.safetensors")
        meta = json.loads((place / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError) as error:
        raise HeroError(
            f"{folder} has no readable training state: {error}", "Resume from another checkpoint."
        ) from None
    return state, meta


def _bytes(value: object) -> int:
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, Mapping):
        return sum(_bytes(item) for item in cast(Mapping[Any, object], value).values())
    if isinstance(value, list):
        return sum(_bytes(item) for item in cast(list[object], value))
    return 0


def _to_host(value: object) -> object:
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {key: _to_host(item) for key, item in cast(dict[Any, object], value).items()}
    if isinstance(value, list):
        return [_to_host(item) for item in cast(list[object], value)]
    return value
