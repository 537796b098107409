"""Checkpoint folders as files: names, atomic publication, free space, digests. Knows no torch."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from realm.vault.staging import require_space

STATE = "training_state"
WEIGHTS = "model.safetensors"


def free_folder(folder: Path) -> Path:
    """`folder`, or the first of `folder~2`, `folder~3`, … that is not there: one step saved twice in a minute."""
    number, free = 2, folder
    while free.exists():
        free = folder.with_name(f"{folder.name}~{number}")
        number += 1
    return free


def staging_folder(folder: Path) -> Path:
    """Where this process writes `folder` before it is published."""
    return folder.with_name(f".{folder.name}.{os.getpid()}.tmp")


def staging_pid(staging: Path) -> int:
    """The process that writes such a folder; 0 when its name is not of that form."""
    pid = staging.name.removesuffix(".tmp").rpartition(".")[2]
    return int(pid) if pid.isdigit() else 0


def publish(staging: Path, folder: Path) -> int:
    """fsync every file of `staging` and rename it to `folder`. Returns the bytes written."""
    size = 0
    for path in sorted(staging.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        size += path.stat().st_size if path.is_file() else 0
    staging.rename(folder)
    parent = os.open(folder.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
    return size


def check_space(folder: Path, needed: int, min_free: int) -> None:
    """Raise unless `needed` bytes fit beside `folder` and leave `min_free`.

    Raises:
        DiskFullError: with both numbers.
    """
    require_space(folder, needed, min_free, "The next checkpoint", "Free some space, then resume the battle.")


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
