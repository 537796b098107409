"""A checkpoint written as a Hugging Face folder or as one `.tar.zst` of it. Knows no ledger: it is told what is true.

The weights are compared with their sha256 while they are copied; a copy that differs never appears.
"""

from __future__ import annotations

import errno
import hashlib
import io
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import zstandard

from realm.errors import DiskFullError, HeroError
from realm.vault.folders import STATE, WEIGHTS
from realm.vault.sidecar import LEDGER
from realm.vault.staging import require_space, staged

CONFIG: Final = "config.json"
TOKENIZERS: Final = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")
"""Any of these makes a tokenizer."""
NOT_MODEL: Final = (LEDGER, "README.md", "quests.json")
SUFFIXES: Final = (".json", ".jinja", ".txt", ".model")
PAPERS: Final = ("LICENSE", "NOTICE")
CHUNK: Final = 1 << 20
_NAME: Final = re.compile(r"(?P<campaign>.+)-(?P<name>checkpoint-\d+-\d{8}-\d{4}(?:~\d+)*)(?P<archive>\.tar\.zst)?")

Report = Callable[[int, int], None]
"""Hears bytes done and bytes there are; what it raises ends the work."""


class ExportFormat(StrEnum):
    FOLDER = "folder"
    ARCHIVE = "tar.zst"


@dataclass(frozen=True, slots=True)
class ExportName:
    """What the name of a finished export says."""

    checkpoint_id: str
    format: ExportFormat


def export_name(checkpoint_id: str, format: ExportFormat) -> str:
    """The file or folder name of an export: `mote-1-checkpoint-1200-20260131-1145`, `….tar.zst`."""
    flat = checkpoint_id.replace("/", "-")
    return f"{flat}.{format}" if format == ExportFormat.ARCHIVE else flat


def parse_export_name(name: str) -> ExportName | None:
    """The inverse of `export_name`; None where it is not of that form."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    kind = ExportFormat.ARCHIVE if found["archive"] else ExportFormat.FOLDER
    return ExportName(f"{found['campaign']}/{found['name']}", kind)


def small_files(folder: Path) -> dict[str, Path]:
    """A model folder's files beside its weights, by name: config, tokenizer, licence. No code, no pickles, no links."""
    return {
        path.name: path
        for path in sorted(folder.iterdir())
        if path.is_file()
        and not path.is_symlink()
        and not path.name.startswith(".")
        and path.name not in NOT_MODEL
        and not path.name.endswith(".index.json")
        and (path.suffix in SUFFIXES or path.name.startswith(PAPERS))
    }


def write_export(
    source: Path,
    target: Path,
    sha256: str,
    extras: Mapping[str, str],
    *,
    format: ExportFormat,
    report: Report,
    include_optimizer: bool = False,
    force: bool = False,
    min_free: int = 0,
) -> None:
    """Write the checkpoint in `source` to `target`, whole or not at all. `extras`: texts written beside, by name.

    Raises:
        ConflictError: `target` is there already and not `force`.
        DiskFullError: it does not fit, or the disk filled up meanwhile.
        HeroError: no model is there, or its weights are not those of `sha256`.
    """
    files = _files(source, include_optimizer)
    total = sum(path.stat().st_size for path in files.values()) + sum(len(text.encode()) for text in extras.values())
    require_space(target, total, min_free)
    with _disk_full_named(target, total), staged(target, replace=force) as staging:
        pieces = _Pieces(files, extras, sha256, report, total)
        if format == ExportFormat.FOLDER:
            _write_folder(pieces, staging)
        else:
            _write_archive(pieces, staging, target.name.removesuffix(f".{format}"))


def _files(source: Path, include_optimizer: bool) -> dict[str, Path]:
    """What is exported, by its path within the export."""
    if not source.is_dir():
        raise HeroError(f"The checkpoint's folder {source} is not there.", "`realm vault verify` looks for its copies.")
    files = {**small_files(source), WEIGHTS: source / WEIGHTS}
    for needed in (CONFIG, WEIGHTS):
        if not (source / needed).is_file():
            raise HeroError(f"{source} has no {needed}.", "`realm vault verify` looks for a complete copy.")
    if not any(name in files for name in TOKENIZERS):
        raise HeroError(
            f"{source} has no tokenizer ({', '.join(TOKENIZERS)}).", "`realm vault verify` looks for a complete copy."
        )
    state = source / STATE
    if include_optimizer:
        if not state.is_dir():
            raise HeroError(f"{source} has no {STATE}.", "Export it without its optimizer state.")
        inside = (path for path in sorted(state.rglob("*")) if path.is_file() and not path.is_symlink())
        files |= {path.relative_to(source).as_posix(): path for path in inside}
    return files


@dataclass
class _Pieces:
    """The files of an export, opened one after another: each byte read is reported, the weights' digest compared."""

    files: Mapping[str, Path]
    extras: Mapping[str, str]
    sha256: str
    report: Report
    total: int
    done: int = 0

    def __iter__(self) -> Iterator[tuple[str, int, float, _Watched]]:
        """(path within the export, bytes, time of change, stream). The stream is read to its end before the next."""
        self.report(0, self.total)
        newest = max(path.stat().st_mtime for path in self.files.values())
        for name, text in self.extras.items():
            data = text.encode()
            yield name, len(data), newest, self._watched(io.BytesIO(data))
        for name, path in self.files.items():
            facts = path.stat()
            with path.open("rb") as file:
                stream = self._watched(file)
                yield name, facts.st_size, facts.st_mtime, stream
                if name == WEIGHTS and (found := stream.digest.hexdigest()) != self.sha256:
                    raise HeroError(
                        f"{path} has sha256 {found}; the ledger has {self.sha256}. Nothing was exported.",
                        "The file is damaged: export another checkpoint, or restore a copy of this one.",
                    )

    def _watched(self, file: BinaryIO) -> _Watched:
        return _Watched(file, self._advance)

    def _advance(self, count: int) -> None:
        self.done += count
        self.report(self.done, self.total)


class _Watched(io.RawIOBase):
    """A file that is read once, in order: hashes what goes by and tells how much it was."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self.file = file
        self.advance = advance
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        data = self.file.read(size)
        self.digest.update(data)
        self.advance(len(data))
        return data


def _write_folder(pieces: _Pieces, folder: Path) -> None:
    folder.mkdir()
    for name, _, _, stream in pieces:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            shutil.copyfileobj(stream, file, CHUNK)


def _write_archive(pieces: _Pieces, path: Path, root: str) -> None:
    """A tar of one folder, `root`, compressed as it is written."""
    with path.open("wb") as file, zstandard.ZstdCompressor().stream_writer(file, closefd=False) as packed:
        sizes: dict[str, Any] = {"bufsize": CHUNK, "copybufsize": CHUNK}
        with tarfile.open(fileobj=cast(BinaryIO, packed), mode="w|", **sizes) as archive:
            for name, size, changed, stream in pieces:
                entry = tarfile.TarInfo(f"{root}/{name}")
                entry.size, entry.mtime, entry.mode = size, int(changed), 0o644
                archive.addfile(entry, cast(BinaryIO, stream))


@contextmanager
def _disk_full_named(target: Path, needed: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        free = shutil.disk_usage(target.parent).free
        raise DiskFullError(
            f"The disk filled up while {target.name} ({needed / 1e6:.1f} MB) was written: "
            f"{free / 1e6:.1f} MB are free. Nothing of it was kept.",
            "Free some space, then ask again.",
            needed=needed,
            free=free,
        ) from None
