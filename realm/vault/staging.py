"""Files and folders that appear whole or not at all. Does not know what is in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from realm.errors import ConflictError, DiskFullError

STAGED = ".tmp"
RETIRED = ".retired"
"""Ends the hidden name of what is being replaced, until what replaces it is in place."""


@contextmanager
def staged(target: Path, replace: bool = False) -> Iterator[Path]:
    """A hidden path beside `target` to write a file or folder at; at the end it is fsynced and renamed to `target`.

    Whatever the block raises, nothing of it is left.

    Raises:
        ConflictError: `target` exists and is not to be replaced.
    """
    require_free(target, replace)
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = target.with_name(f".{target.name}.{os.getpid()}{STAGED}")
    remove(staging)
    try:
        yield staging
        _sync_all(staging)
        require_free(target, replace)
        retired = target.with_name(f".{target.name}{RETIRED}")
        if target.exists():
            remove(retired)
            target.rename(retired)
        staging.rename(target)
        _sync(target.parent)
        remove(retired)
    finally:
        remove(staging)


def require_free(target: Path, replace: bool) -> None:
    """Raise unless nothing is at `target`, or it may be replaced.

    Raises:
        ConflictError: it is there.
    """
    if target.exists() and not replace:
        raise ConflictError(f"{target} is there already.", "Remove it, or ask for it to be replaced (force).")


def require_space(
    target: Path, needed: int, min_free: int, what: str | None = None, remedy: str = "Free some space, then ask again."
) -> None:
    """Raise unless `needed` bytes fit beside `target` and leave `min_free`. `what` is written, unless given its name.

    Raises:
        DiskFullError: with the numbers.
    """
    place = next(parent for parent in target.parents if parent.exists())
    free = shutil.disk_usage(place).free
    if free - needed < min_free:
        raise DiskFullError(
            f"{what or target.name} needs {needed / 1e6:.1f} MB and {min_free / 1e6:.0f} MB must stay free; "
            f"{place} has {free / 1e6:.1f} MB free.",
            remedy,
            needed=needed,
            free=free,
        )


def sweep(folder: Path) -> None:
    """Remove what a killed process left half written in `folder`, and put back what it was about to replace."""
    if not folder.is_dir():
        return
    for path in list(folder.iterdir()):
        if path.name.startswith(".") and path.name.endswith(RETIRED):
            target = path.with_name(path.name[1 : -len(RETIRED)])
            if target.exists():
                remove(path)
            else:
                path.rename(target)
        elif path.name.startswith(".") and path.name.endswith(STAGED):
            remove(path)


def remove(path: Path) -> None:
    """Remove a file or a folder; nothing there is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync_all(path: Path) -> None:
    for each in (path, *sorted(path.rglob("*"))) if path.is_dir() else (path,):
        _sync(each)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
