"""A stronghold as files below a root: what any of them can do, and one that is a folder of this host.

A copy grows file by file under a staging name, each written from its beginning on, so that what lies there says how far
it is; it appears under its own name when it is complete.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from realm.errors import NotFoundError, RealmError
from realm.vault.folders import publish
from realm.vault.paths import STAGING, clean, confined, hidden

READ = 1 << 22


@dataclass(frozen=True, slots=True)
class Space:
    free_bytes: int
    total_bytes: int


class Stronghold(ABC):
    """Files below a root. Every path is relative to it, and refused when it leads out of it."""

    @abstractmethod
    def space(self) -> Space | None:
        """Free and total bytes; None where nobody counts.

        Raises:
            RealmError: the place cannot be reached.
        """

    @abstractmethod
    def files(self, path: str) -> dict[str, int]:
        """Bytes of each file of a folder (or of the one file that `path` is, as its name) by its path within; {} when
        there is none. Unfinished files are left out."""

    @abstractmethod
    def folders_with(self, name: str) -> Iterator[str]:
        """Folders that hold a file of this name, wherever they lie."""

    @abstractmethod
    def read(self, path: str, offset: int, length: int) -> bytes:
        """Bytes of a file from `offset` on, fewer than `length` at its end.

        Raises:
            NotFoundError: there is no such file.
        """

    @abstractmethod
    def staged(self, copy: str, file: str) -> int:
        """How many bytes of a file of a growing copy are there."""

    @abstractmethod
    def write(self, copy: str, file: str, offset: int, data: bytes | memoryview) -> None:
        """Append to a file of a growing copy at `offset`, where it ends."""

    @abstractmethod
    def discard(self, copy: str, file: str | None = None) -> None:
        """Forget a file of a growing copy, or all of it."""

    @abstractmethod
    def staged_sha256(self, copy: str, file: str) -> str:
        """Digest of a complete file of a growing copy, read back from where it lies."""

    @abstractmethod
    def publish(self, copy: str, path: str, files: list[str]) -> None:
        """Give a complete copy of these files its name; a folder that lies there is replaced. Idempotent."""

    @abstractmethod
    def delete(self, path: str) -> None:
        """Remove a folder or file; one that is not there changes nothing."""

    def sha256(self, path: str) -> str:
        """Digest of a file, read in pieces."""
        digest, offset = hashlib.sha256(), 0
        while data := self.read(path, offset, READ):
            digest.update(data)
            offset += len(data)
        return digest.hexdigest()


class FolderStronghold(Stronghold):
    """A folder of this host: a local disk or a mount."""

    def __init__(self, root: Path, make: bool = True) -> None:
        self.root = root
        self.make = make

    @override
    def space(self) -> Space | None:
        self._reach()
        usage = shutil.disk_usage(self.root)
        return Space(usage.free, usage.total)

    @override
    def files(self, path: str) -> dict[str, int]:
        place = confined(self.root, path) if path else self.root.resolve()
        if place.is_file():
            return {place.name: place.stat().st_size}
        found: dict[str, int] = {}
        for file in sorted(place.rglob("*")):
            name = file.relative_to(place).as_posix()
            if file.is_file() and not hidden(name) and file.resolve().is_relative_to(place):
                found[name] = file.stat().st_size
        return found

    @override
    def folders_with(self, name: str) -> Iterator[str]:
        if not self.root.is_dir():
            return
        for folder, inner, files in os.walk(self.root):
            inner[:] = sorted(each for each in inner if not each.startswith("."))
            if name in files:
                yield Path(folder).relative_to(self.root).as_posix()
                inner.clear()

    @override
    def read(self, path: str, offset: int, length: int) -> bytes:
        place = confined(self.root, path)
        try:
            with place.open("rb", buffering=0) as file:
                file.seek(offset)
                return file.read(length)
        except (FileNotFoundError, IsADirectoryError):
            raise NotFoundError(f"{self.root} has no file {path!r}.", "Verify the copy.") from None

    @override
    def staged(self, copy: str, file: str) -> int:
        place = self._staging(copy, file)
        return place.stat().st_size if place.exists() else 0

    @override
    def write(self, copy: str, file: str, offset: int, data: bytes | memoryview) -> None:
        place = self._staging(copy, file)
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("ab", buffering=0) as out:
            if out.tell() != offset:
                raise RealmError(f"{place} has {out.tell()} bytes, not {offset}.", "Begin the transfer again.")
            left = memoryview(data)
            while left:
                left = left[out.write(left) :]

    @override
    def discard(self, copy: str, file: str | None = None) -> None:
        if file is None:
            shutil.rmtree(self._staging(copy), ignore_errors=True)
        else:
            self._staging(copy, file).unlink(missing_ok=True)

    @override
    def staged_sha256(self, copy: str, file: str) -> str:
        with self._staging(copy, file).open("rb") as data:
            return hashlib.file_digest(data, "sha256").hexdigest()

    @override
    def publish(self, copy: str, path: str, files: list[str]) -> None:
        target, staging = confined(self.root, path), self._staging(copy)
        if not staging.is_dir() and target.is_dir():
            return  # asked a second time, because the answer to the first was lost
        for file in files:
            place = self._staging(copy, file)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()  # an empty file was never written to
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            shutil.rmtree(target)
        publish(staging, target)

    @override
    def delete(self, path: str) -> None:
        place = confined(self.root, path)
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)

    def _staging(self, copy: str, file: str | None = None) -> Path:
        return confined(self.root, "/".join((STAGING, clean(copy), *([] if file is None else [clean(file)]))))

    def _reach(self) -> None:
        """The root, made where it is missing: but not a mount that is gone, whose parent is missing too."""
        if self.root.is_dir():
            return
        if not self.make or not self.root.parent.is_dir():
            raise NotFoundError(f"The folder {self.root} is not there.", "Mount or create it, or correct its uri.")
        self.root.mkdir()
