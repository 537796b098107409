"""Checkpoint weights fetched over HTTP: kept on disk by their sha256, the least recently used dropped first.

Knows no job and no model.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from realm.errors import ClusterError, RealmError
from realm.vault.folders import WEIGHTS, check_space, sha256_of

if TYPE_CHECKING:
    from realm.cli.worker_client import RealmClient

TRIES = 5
PAUSE_S = 1.0
SUFFIX = ".safetensors"


class WeightsCache:
    """A folder of weights, at most `max_bytes` of them beside those that are being used."""

    def __init__(self, folder: Path, max_bytes: int, client: RealmClient) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.client = client

    def get(self, checkpoint_id: str) -> Path:
        """The checkpoint's weights on this machine, fetched unless they are here, verified.

        Raises:
            ClusterError: they could not be fetched whole.
            DiskFullError: they do not fit.
        """
        shown = self.client.get(f"/api/checkpoints/{quote(checkpoint_id)}")
        path = self.folder / f"{shown['sha256']}{SUFFIX}"
        if not path.is_file() or sha256_of(path) != shown["sha256"]:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_room(path, shown["size_bytes"])
            check_space(path, shown["size_bytes"], 0)
            self._fetch(checkpoint_id, shown["sha256"], path)
        os.utime(path)
        self._make_room(path, 0)
        return path

    def _fetch(self, checkpoint_id: str, sha256: str, path: Path) -> None:
        """Fetch into `path`; what a break left is gone on from, also by a later process."""
        part = path.with_suffix(".part")
        where = f"/api/checkpoints/{quote(checkpoint_id)}/files/{WEIGHTS}"
        for attempt in range(1, TRIES + 1):
            try:
                self._go_on(where, part)
            except ClusterError:
                if attempt == TRIES:
                    raise
                time.sleep(PAUSE_S * attempt)
                continue
            if sha256_of(part) == sha256:
                part.rename(path)
                return
            part.unlink()
        raise ClusterError(
            f"The weights of {checkpoint_id} did not arrive as they are: their sha256 is not {sha256}.",
            "`realm vault verify` says whether the realm's own copy is whole.",
        )

    def _go_on(self, where: str, part: Path) -> None:
        offset = part.stat().st_size if part.exists() else 0
        with self.client.stream(where, offset) as answer:
            if answer.status_code == 416:
                # All of it is here.
                return
            with part.open("ab" if answer.status_code == 206 else "wb") as file:
                for piece in answer.iter_raw():
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())

    def _make_room(self, kept: Path, needed: int) -> None:
        """Drop the least recently used, parts that nobody went on with too, until `needed` more fit."""
        files = [path for path in self.folder.glob("*") if path.suffix in (SUFFIX, ".part") and path.stem != kept.stem]
        sizes = {path: path.stat() for path in files}
        total = needed + sum(each.st_size for each in sizes.values()) + (kept.stat().st_size if kept.exists() else 0)
        for path in sorted(files, key=lambda each: sizes[each].st_mtime):
            if total <= self.max_bytes:
                return
            try:
                path.unlink()
            except OSError as error:
                raise RealmError(
                    f"{path} cannot be dropped from the cache: {error}.", "Check its permissions."
                ) from None
            total -= sizes[path].st_size
