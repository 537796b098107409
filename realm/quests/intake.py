"""Takes training files in: shows their first examples, and turns a whole file into a quest in one streaming pass.

A file is taken whole or not at all: one bad example rejects it, with its line. Does not know tokenizers (a caller
passes a function that counts tokens), queues or clocks.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realm.errors import QuestError
from realm.quests import library
from realm.quests.example import Example
from realm.quests.formats import QuestFile
from realm.quests.library import QuestManifest, QuestWriter, SkillCount
from realm.quests.reader import RowReader
from realm.quests.source import CHUNK

Measure = Callable[[Example], int]
"""Counts the tokens of an example."""
Progress = Callable[[int, int], None]
"""Told how many bytes of the file are done, and how many there are."""

_MAX_SKILLS = 1000


@dataclass(frozen=True)
class Preview:
    """A file before it is admitted, with its first rows as `examples`."""

    name: str
    size_bytes: int
    format: str
    compression: str
    shape: str
    examples: list[Example]


def inspect(path: str | Path, limit: int = 3) -> Preview:
    """Reads the first `limit` examples and no more. QuestError where one of them cannot be used."""
    path = Path(path)
    examples: list[Example] = []
    with QuestFile(path) as file:
        reader = RowReader(file.unit)
        for number, row in file.rows():
            example, _ = reader.read(number, row)
            examples.append(example)
            if len(examples) >= limit:
                break
        return Preview(
            name=library.display_name(path.name),
            size_bytes=file.source.size_bytes,
            format=file.format,
            compression=file.source.compression,
            shape=reader.shape_name,
            examples=examples,
        )


def admit(
    path: str | Path,
    target_dir: str | Path,
    name: str | None = None,
    measure: Measure | None = None,
    max_length: int | None = None,
    progress: Progress | None = None,
) -> QuestManifest:
    """Makes a file the quest `target_dir/<quest_id>`, or returns the manifest of the quest that it already is.

    Examples that `measure` finds longer than `max_length` are counted and left out. What `measure` or `progress` raise
    is passed on. QuestError where the file cannot be used, DiskFullError where the quest does not fit; neither leaves
    anything in `target_dir`.
    """
    path, target = Path(path), Path(target_dir)
    with QuestFile(path, spool_dir=target) as file, library.disk_full_reported(target, file.source.size_bytes):
        with QuestWriter(target) as writer:
            keeper = _Keeper(writer, RowReader(file.unit), measure, max_length)
            reported, total = 0, file.source.size_bytes
            for number, row in file.rows():
                keeper.keep(number, row)
                if progress and file.bytes_done - reported >= CHUNK:
                    reported = file.bytes_done
                    progress(reported, total)
            manifest = keeper.manifest(
                sha256=file.source.sha256(),
                name=library.display_name(name or path.name),
                size_bytes=total,
                format=file.format,
                compression=file.source.compression,
            )
            if progress:
                progress(total, total)
            return writer.publish(manifest)


def write_generated(
    examples: Iterable[Example | dict[str, Any]],
    target_dir: str | Path,
    name: str,
    measure: Measure | None = None,
    max_length: int | None = None,
) -> QuestManifest:
    """Makes a quest of examples that are in the inner form already; its hash is that of their JSON lines.

    A file of those lines, admitted, is the same quest. QuestError (`line` counts from 1) where an example is not valid,
    or where all are longer than `max_length` as `measure` counts; otherwise those that are longer are left out.
    """
    target = Path(target_dir)
    sha256, size = hashlib.sha256(), 0
    with library.disk_full_reported(target, 0), QuestWriter(target) as writer:
        keeper = _Keeper(writer, RowReader("line"), measure, max_length)
        for number, example in enumerate(examples, 1):
            line = keeper.keep(number, example.to_row() if isinstance(example, Example) else example)
            sha256.update(line)
            size += len(line)
        if size == 0:
            raise QuestError("There are no examples.", "Generate at least one.")
        manifest = keeper.manifest(
            sha256=sha256.hexdigest(),
            name=library.display_name(name),
            size_bytes=size,
            format="jsonl",
            compression="none",
        )
        return writer.publish(manifest)


class _Keeper:
    """Writes the examples that are short enough and counts what the manifest will say."""

    def __init__(self, writer: QuestWriter, reader: RowReader, measure: Measure | None, max_length: int | None) -> None:
        self._writer = writer
        self._reader = reader
        self._measure = measure if max_length is not None else None
        self._max_length = max_length or 0
        self._examples = self._turns = self._skipped = 0
        self._first_skipped: int | None = None
        self._shortest: int | None = None
        self._skills: Counter[tuple[str, int]] | None = Counter()

    def keep(self, number: int, row: Any) -> bytes:
        """Reads one row and writes it unless it is too long. Returns its line."""
        example, line = self._reader.read(number, row)
        if self._measure is not None and self._too_long(self._measure(example), number):
            return line
        self._writer.add(line)
        self._examples += 1
        self._turns += example.trained_turns
        if self._skills is not None:
            if example.skill is None or example.level is None or len(self._skills) > _MAX_SKILLS:
                self._skills = None
            else:
                self._skills[example.skill, example.level] += 1
        return line

    def _too_long(self, length: int, number: int) -> bool:
        if length <= self._max_length:
            return False
        self._skipped += 1
        if self._first_skipped is None:
            self._first_skipped = number
        self._shortest = length if self._shortest is None else min(self._shortest, length)
        return True

    def manifest(self, *, sha256: str, name: str, size_bytes: int, format: str, compression: str) -> QuestManifest:
        """What was kept. QuestError where every example was too long."""
        if self._examples == 0:
            problem = (
                f"All {self._skipped} examples are longer than max_length {self._max_length}: "
                f"the shortest has {self._shortest} tokens."
            )
            raise QuestError(problem, "Raise max_length or shorten the examples.", self._first_skipped)
        skills = sorted((self._skills or {}).items())
        return QuestManifest(
            quest_id=sha256[:16],
            sha256=sha256,
            name=name,
            size_bytes=size_bytes,
            format=format,
            compression=compression,
            shape=self._reader.shape_name,
            examples=self._examples,
            trained_turns=self._turns,
            shards=self._writer.finish(),
            skipped_too_long=self._skipped,
            first_too_long_line=self._first_skipped,
            skills=tuple(SkillCount(skill, level, count) for (skill, level), count in skills) or None,
        )
