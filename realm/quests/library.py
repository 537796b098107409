"""Quests on disk: a folder each, named after the hash of the file it came from, written all at once or not at all.

A folder holds `manifest.json` and `shard-00000.jsonl.zst`, `shard-00001.jsonl.zst`, … with one example on each line.
Does not know shapes or formats: it keeps examples that are valid.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any

import zstandard

from realm.errors import DiskFullError, NotFoundError, QuestError
from realm.quests.example import Example

SHARD_EXAMPLES = 4096
SHARD_BYTES = 64 << 20
MANIFEST_VERSION = 1
_MANIFEST = "manifest.json"
INCOMING = ".incoming-"
"""Begins the name of what is being written; `sweep` removes what a killed process left of it."""
_FLUSH = 1 << 20
_MAX_NAME = 100


@dataclass(frozen=True)
class ShardInfo:
    """One shard of a quest: the name of its file in the quest's folder and how many examples it holds."""

    file: str
    examples: int


@dataclass(frozen=True)
class SkillCount:
    """How many examples of a quest are of one skill and level."""

    skill: str
    level: int
    examples: int


@dataclass(frozen=True)
class QuestManifest:
    """What a quest is: where it came from and what it holds. `examples` and `trained_turns` count what was kept.

    `sha256` and `size_bytes` are of the file as it was given. `skills` is set when every example has a skill and level.
    """

    quest_id: str
    sha256: str
    name: str
    size_bytes: int
    format: str
    compression: str
    shape: str
    examples: int
    trained_turns: int
    shards: tuple[ShardInfo, ...]
    skipped_too_long: int = 0
    first_too_long_line: int | None = None
    skills: tuple[SkillCount, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The manifest as the JSON object that is stored."""
        return {"version": MANIFEST_VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> QuestManifest:
        """The inverse of `to_dict`. KeyError, TypeError or ValueError where `data` is no manifest of this version."""
        fields = dict(data)
        if fields.pop("version") != MANIFEST_VERSION:
            raise ValueError(f"version {data['version']!r}, not {MANIFEST_VERSION}")
        fields["shards"] = tuple(ShardInfo(**shard) for shard in fields["shards"])
        if fields["skills"] is not None:
            fields["skills"] = tuple(SkillCount(**count) for count in fields["skills"])
        return cls(**fields)


def display_name(name: str) -> str:
    """A name safe to show and to use as a file name: no folders, no control characters, at most 100 characters."""
    base = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    kept = "".join(
        " " if char.isspace() else char for char in base if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    clean = " ".join(kept.split())[:_MAX_NAME].strip()
    return clean if clean.strip(".") else "quest"


def read_manifest(quest_dir: str | Path) -> QuestManifest:
    """The manifest of the quest in this folder. NotFoundError where there is none, QuestError where it is damaged."""
    path = Path(quest_dir) / _MANIFEST
    try:
        return QuestManifest.from_dict(json.loads(path.read_bytes()))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"There is no quest in {quest_dir}.", "Admit its file again.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise QuestError(
            f"The manifest {path} is damaged: {error}.", "Remove the folder and admit the file again."
        ) from error


def shard_path(quest_dir: str | Path, index: int) -> Path:
    """Where shard `index` (from 0) of the quest in this folder lies."""
    return Path(quest_dir) / f"shard-{index:05d}.jsonl.zst"


def read_shard(quest_dir: str | Path, index: int) -> list[Example]:
    """The examples of shard `index` (from 0), in order. NotFoundError where there is no such shard."""
    path = shard_path(quest_dir, index)
    try:
        return decode_shard(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no shard {index} in {quest_dir}.", "The manifest lists the shards.") from error


def decode_shard(data: bytes) -> list[Example]:
    """The examples in the bytes of a shard file, which may have come from another host. QuestError where damaged."""
    try:
        frame = zstandard.ZstdDecompressor().decompressobj()
        lines = frame.decompress(data)
        if not frame.eof:
            raise ValueError("the bytes end inside the zstd frame")
        return [Example.from_json(line) for line in lines.splitlines()]
    except (zstandard.ZstdError, ValueError, TypeError, AttributeError) as error:
        raise QuestError(f"The shard is damaged: {error}.", "Admit the quest's file again.") from error


def sweep(target_dir: str | Path) -> int:
    """Removes what a killed process left half written in `target_dir`, and returns how many folders that was.

    Only for a time when nothing is being admitted there, such as the start of the one process that admits.
    """
    left = list(Path(target_dir).glob(f"{INCOMING}*"))
    for folder in left:
        shutil.rmtree(folder)
    return len(left)


@contextmanager
def disk_full_reported(folder: Path, needed: int) -> Iterator[None]:
    """Turns "no space left on device" into a DiskFullError. `needed` is an estimate in bytes, 0 where there is none."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        free = shutil.disk_usage(folder).free
        problem = f"The quest does not fit on the disk of {folder}, where {free} bytes are free."
        raise DiskFullError(problem, "Free some space and post the file again.", needed, free) from error


class QuestWriter:
    """Writes shards into a hidden folder of `target_dir`; `publish` makes it a quest, anything else leaves no trace."""

    def __init__(self, target_dir: Path) -> None:
        target_dir.mkdir(parents=True, exist_ok=True)
        self._target = target_dir
        self.folder = target_dir / f"{INCOMING}{secrets.token_hex(8)}"
        self.folder.mkdir()
        self.shards: list[ShardInfo] = []
        self._compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
        self._file: BufferedWriter | None = None
        self._frame = self._compressor.compressobj()
        self._lines: list[bytes] = []
        self._pending = self._written = self._count = 0

    def __enter__(self) -> QuestWriter:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._file is not None:
                self._file.close()  # flushes, which a full disk makes fail
        finally:
            if self.folder.exists():
                shutil.rmtree(self.folder)

    def add(self, line: bytes) -> None:
        """Appends one example, encoded, with its newline."""
        self._lines.append(line)
        self._pending += len(line)
        self._count += 1
        if self._pending >= _FLUSH:
            self._flush()
        if self._count == SHARD_EXAMPLES or self._written + self._pending >= SHARD_BYTES:
            self._finish_shard()

    def finish(self) -> tuple[ShardInfo, ...]:
        """Closes the last shard and returns all of them."""
        if self._count:
            self._finish_shard()
        return tuple(self.shards)

    def publish(self, manifest: QuestManifest) -> QuestManifest:
        """Makes the folder the quest. Where that quest is there already, its manifest is returned, this one dropped."""
        with (self.folder / _MANIFEST).open("wb") as file:
            file.write(json.dumps(manifest.to_dict(), ensure_ascii=False, indent=1).encode())
            _sync(file)
        _sync_folder(self.folder)
        home = self._target / manifest.quest_id
        try:
            self.folder.rename(home)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            return self._kept(home, manifest)
        _sync_folder(self._target)
        return manifest

    def _kept(self, home: Path, manifest: QuestManifest) -> QuestManifest:
        kept = read_manifest(home)
        if kept.sha256 != manifest.sha256:
            problem = f"Quest {manifest.quest_id} is there already, from another file: sha256 {kept.sha256}."
            raise QuestError(problem, f"This file has sha256 {manifest.sha256}; change a byte of it.")
        return kept

    def _flush(self) -> BufferedWriter:
        if self._file is None:
            self._file = shard_path(self.folder, len(self.shards)).open("wb")
            self._frame = self._compressor.compressobj()
        self._file.write(self._frame.compress(b"".join(self._lines)))
        self._written += self._pending
        self._lines.clear()
        self._pending = 0
        return self._file

    def _finish_shard(self) -> None:
        with self._flush() as file:
            file.write(self._frame.flush())
            _sync(file)
        self._file = None
        self.shards.append(ShardInfo(shard_path(self.folder, len(self.shards)).name, self._count))
        self._written = self._count = 0


def _sync(file: BufferedWriter) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
