"""A file on disk to numbered rows: tells JSON Lines, a JSON array and Parquet apart by their bytes.

Rows are plain Python values. Does not know shapes, only which columns of a Parquet file are worth reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from realm.errors import QuestError
from realm.quests.json_rows import Bad, JsonArray, json_lines
from realm.quests.parquet_rows import ParquetRows
from realm.quests.shapes import COLUMNS
from realm.quests.source import Source

_WRAPPED = re.compile(rb'\s*\{\s*"(data|train)"\s*:\s*\[')


class QuestFile:
    """An open quest file. `unit` is what its rows are numbered in: line, item or row."""

    def __init__(self, path: Path, spool_dir: Path | None = None) -> None:
        """Opens `path`; a compressed Parquet file is unpacked in `spool_dir` (default: the temporary directory)."""
        self.source = Source(path)
        self._spool_dir = spool_dir
        self._done = 0.0
        head = self.source.head[self.source.skipped :]
        self._key: str | None = None
        if head.startswith((b"PAR1", b"PARE")):
            self.format, self.unit = "parquet", "row"
        elif head.lstrip().startswith(b"["):
            self.format, self.unit = "json", "item"
        elif wrapped := _WRAPPED.match(head):
            self.format, self.unit, self._key = "json", "item", wrapped[1].decode()
        elif b"\0" in head and not head.lstrip().startswith(b"{"):
            self.source.close()
            problem = f"The file is binary: it has a zero byte at byte offset {head.index(0) + self.source.skipped}."
            raise QuestError(problem, "Use JSON Lines, a JSON array or Parquet; text as UTF-8.")
        else:
            self.format, self.unit = "jsonl", "line"

    def __enter__(self) -> QuestFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.source.close()

    @property
    def bytes_done(self) -> int:
        """How far along the rows are, in bytes of the file as it lies on disk."""
        return int(self._done * self.source.size_bytes) if self.format == "parquet" else self.source.bytes_read

    def rows(self, bad: Bad | None = None) -> Iterator[tuple[int, Any]]:
        """`(number, value)` of every row, in one pass. QuestError where there is none, or where bytes are damaged.

        With `bad`, that is told of lines that are not JSON, and the pass goes on behind them.
        """
        if bad is not None and self.format == "jsonl":
            yield from json_lines(self.source.reader, self.source.skipped, bad)
            return
        rows = {"jsonl": self._lines, "json": self._items, "parquet": self._parquet}[self.format]()
        count = 0
        for count, row in rows:
            yield count, row
        if count == 0:
            empty = {"jsonl": "has only blank lines", "json": "holds an empty list", "parquet": "has no rows"}
            raise QuestError(f"The file {empty[self.format]}.", "Put at least one example in it.")

    def _lines(self) -> Iterator[tuple[int, Any]]:
        return json_lines(self.source.reader, self.source.skipped)

    def _items(self) -> Iterator[tuple[int, Any]]:
        return JsonArray(self.source.reader, self.source.skipped, self._key).items()

    def _parquet(self) -> Iterator[tuple[int, Any]]:
        with self.source.random_access(self._spool_dir) as file:
            parquet = ParquetRows(file, COLUMNS)
            for number, row in parquet.items():
                self._done = number / parquet.count
                yield number, row
