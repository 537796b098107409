"""Data jobs: files of examples read row by row and filtered, converted, validated, measured.

A bad row does not end them: it is counted, and the first ones are named. Knows no job and no actor.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from realm.errors import QuestError, RequestError
from realm.quests.dataset_files import DataWriter
from realm.quests.example import Example
from realm.quests.formats import QuestFile
from realm.quests.reader import RowReader

NAMED = 50
"""Bad rows that are named; all are counted."""
EVERY = 256
"""Rows between two looks at whether to go on."""
MAX_GROUPS = 500
SUFFIXES = (".gz", ".zst", ".jsonl", ".json", ".ndjson", ".parquet")

Watch = Callable[[], None]
"""Called every so many rows; it may raise what ends the work."""


class Rows:
    """The examples of one or several files of a kind, in order. What could not be used is in `bad` afterwards."""

    def __init__(self, paths: Sequence[Path], watch: Watch) -> None:
        self.paths = paths
        self.watch = watch
        self.count = self.bad_count = 0
        self.bad: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}

    def __iter__(self) -> Iterator[Example]:
        """Every usable example. QuestError where a file is none of examples at all."""
        for path in self.paths:
            with QuestFile(path, spool_dir=path.parent) as file:
                reader = RowReader(file.unit)
                yield from self._examples(file, reader)
                self.facts = {"format": file.format, "compression": file.source.compression, "shape": reader.shape_name}

    def told(self) -> dict[str, Any]:
        """What was read, for the job's result."""
        return {**self.facts, "examples": self.count, "bad": self.bad_count, "bad_rows": self.bad}

    def _examples(self, file: QuestFile, reader: RowReader) -> Iterator[Example]:
        rows = file.rows(bad=self._note)
        while True:
            try:
                number, row = next(rows)
                example, _ = reader.read(number, row)
            except StopIteration:
                return
            except QuestError as error:
                if error.line is None:
                    raise
                # Behind damaged bytes there are no more rows: then the next one is the end.
                self._note(error)
                continue
            self.count += 1
            if self.count % EVERY == 0:
                self.watch()
            yield example

    def _note(self, error: QuestError) -> None:
        self.bad_count += 1
        if self.bad_count % EVERY == 0:
            self.watch()
        if len(self.bad) < NAMED:
            self.bad.append({"row": error.line, "reason": error.problem})


def validate(paths: Sequence[Path], watch: Watch) -> dict[str, Any]:
    """Read every row: how many are examples, which are not and why."""
    rows = Rows(paths, watch)
    for _ in rows:
        pass
    return {"valid": rows.bad_count == 0, **rows.told()}


def filtered(
    paths: Sequence[Path],
    writer: DataWriter,
    watch: Watch,
    *,
    min_chars: int = 0,
    max_chars: int | None = None,
    unique: bool = True,
) -> dict[str, Any]:
    """Write the examples that are of such a length, of equal ones the first. Bad rows are left out and named."""
    rows, kept, dropped = Rows(paths, watch), 0, Counter[str]({"short": 0, "long": 0, "repeated": 0})
    seen: set[bytes] = set()
    for example in rows:
        length = chars_of(example)
        if length < min_chars:
            dropped["short"] += 1
            continue
        if max_chars is not None and length > max_chars:
            dropped["long"] += 1
            continue
        if unique:
            mark = _mark(example)
            if mark in seen:
                dropped["repeated"] += 1
                continue
            seen.add(mark)
        writer.add(example)
        kept += 1
    if kept == 0:
        raise QuestError(f"Nothing is left of {rows.count} examples ({dict(dropped)}).", "Widen the limits.")
    return {**rows.told(), "kept": kept, "dropped": dict(dropped)}


def converted(paths: Sequence[Path], writer: DataWriter, watch: Watch) -> dict[str, Any]:
    """Write every example in the writer's format. QuestError at the first row that is none: nothing is lost unsaid."""
    rows = Rows(paths, watch)
    for example in rows:
        if rows.bad:
            break
        writer.add(example)
    if rows.bad:
        first = rows.bad[0]
        raise QuestError(
            f"Row {first['row']}: {first['reason']}", "Correct it, or filter the file first.", first["row"]
        )
    return rows.told()


def profile(paths: Sequence[Path], watch: Watch) -> dict[str, Any]:
    """Measure the examples: their lengths in characters, turns, roles, skills, and how many are repeated."""
    rows, lengths = Rows(paths, watch), array("Q")
    roles, skills, turns, trained, repeated = Counter[str](), Counter[str](), 0, 0, 0
    seen: set[bytes] = set()
    for example in rows:
        lengths.append(chars_of(example))
        roles.update(message["role"] for message in example.messages)
        turns += len(example.messages)
        trained += example.trained_turns
        if example.skill is not None:
            skills[f"{example.skill} {example.level}"] += 1
        mark = _mark(example)
        repeated += mark in seen
        seen.add(mark)
    return {
        **rows.told(),
        "chars": _spread(np.frombuffer(lengths, dtype=np.uint64)) if lengths else None,
        "turns": turns,
        "trained_turns": trained,
        "repeated": repeated,
        "roles": dict(roles.most_common()),
        "skills": dict(skills.most_common(MAX_GROUPS)),
    }


def chars_of(example: Example) -> int:
    """Characters of all texts of an example together, calls of tools as JSON."""
    if example.text is not None:
        return len(example.text)
    return sum(
        len(message["content"]) + (len(json.dumps(message["tool_calls"])) if "tool_calls" in message else 0)
        for message in example.messages
    )


def confined(root: Path, name: str) -> Path:
    """The file `name` below `root`.

    Raises:
        RequestError: it lies elsewhere, or there is no such file.
    """
    place = root.resolve()
    try:
        path = (place / name).resolve()
        found = path.is_file()
    except (OSError, ValueError, RuntimeError):
        path, found = Path("/"), False
    if not path.is_relative_to(place) or path == place:
        raise RequestError(f"{name!r} is not below the realm's data folder.", f"Name a file by its path below {place}.")
    if not found:
        raise RequestError(f"There is no file {name!r} in the data folder.", f"Put it into {place}.")
    return path


def stem_of(name: str) -> str:
    """A file's name without what says its format."""
    while name.lower().endswith(SUFFIXES):
        name = name.rpartition(".")[0]
    return name or "data"


def _mark(example: Example) -> bytes:
    return blake2b(example.to_json().encode(), digest_size=8).digest()


def _spread(values: np.ndarray) -> dict[str, float]:
    return {
        "total": int(values.sum()),
        "min": int(values.min()),
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "p95": float(np.percentile(values, 95)),
        "max": int(values.max()),
    }
