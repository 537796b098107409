"""A host's cache of fetched checkpoints: found by digest, bounded, the longest unused go first."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from realm.errors import DiskFullError
from realm.vault.digests import Digests
from realm.vault.folders import WEIGHTS
from realm.vault.paths import STAGING, confined


class Cache:
    """Folders below `root`, one a checkpoint at `{campaign}/{name}`."""

    def __init__(self, root: Path, digests: Digests) -> None:
        self.root = root
        self.digests = digests

    def find(self, checkpoint_id: str, sha256: str) -> Path | None:
        """The folder of a checkpoint whose weights are whole; a damaged one is removed. It counts as used now."""
        folder = confined(self.root, checkpoint_id)
        weights = folder / WEIGHTS
        if not weights.is_file():
            return None
        if self.digests.of(weights) != sha256:
            shutil.rmtree(folder, ignore_errors=True)
            return None
        os.utime(folder)
        return folder

    def make_room(self, needed: int, max_bytes: int) -> None:
        """Remove the longest unused until `needed` bytes fit.

        Raises:
            DiskFullError: they exceed the cache by themselves.
        """
        if needed > max_bytes:
            raise DiskFullError(
                f"The checkpoint takes {needed / 1e6:.1f} MB, the cache {max_bytes / 1e6:.0f} MB.",
                "Raise vault.cache_max_mb.",
                needed=needed,
                free=max_bytes,
            )
        self.root.mkdir(parents=True, exist_ok=True)
        found = [(path.stat().st_mtime, _size(path), path) for path in self.root.glob("*/*") if self._whole(path)]
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total + needed <= max_bytes:
                return
            shutil.rmtree(path, ignore_errors=True)
            total -= size

    def _whole(self, path: Path) -> bool:
        return path.is_dir() and path.relative_to(self.root).parts[0] != STAGING


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
