"""Files of examples as data jobs write them: JSON Lines, compressed or not, and Parquet. There whole, or not at all."""

from __future__ import annotations

import gzip
import json
import os
import secrets
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from realm.quests.example import Example
from realm.quests.library import disk_full_reported

DataFormat = Literal["jsonl", "jsonl.gz", "jsonl.zst", "parquet"]
GROUP_ROWS = 4096
GROUP_CHARS = 16 << 20

# What differs from row to row is JSON within its column: Parquet gives every struct of a column the keys of all.
_MESSAGE = pa.struct(
    [("role", pa.string()), ("content", pa.string()), ("train", pa.bool_()), ("tool_calls", pa.string())]
)
_SCHEMA = pa.schema(
    [
        ("messages", pa.list_(_MESSAGE)),
        ("text", pa.string()),
        ("tools", pa.string()),
        ("skill", pa.string()),
        ("level", pa.int64()),
        ("primitives", pa.list_(pa.string())),
        ("provenance", pa.string()),
    ]
)


class DataWriter:
    """Writes examples beside `target`; `publish` gives the file its name, anything else leaves no trace."""

    def __init__(self, target: Path, form: DataFormat) -> None:
        self.target = target
        target.parent.mkdir(parents=True, exist_ok=True)
        self.staging = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}.tmp")
        self.count = 0
        self._file = self.staging.open("wb")
        self._body: _Lines | _Parquet = _Parquet(self._file) if form == "parquet" else _Lines(self._file, form)

    def __enter__(self) -> DataWriter:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
        finally:
            self.staging.unlink(missing_ok=True)

    def add(self, example: Example) -> None:
        """Append one example. DiskFullError where it does not fit."""
        with disk_full_reported(self.target.parent, 0):
            self._body.add(example)
        self.count += 1

    def publish(self) -> Path:
        """Make the file complete and durable under its name, or one with a number where that is taken."""
        with disk_full_reported(self.target.parent, 0):
            self._body.close()
            self._file.flush()
            os.fsync(self._file.fileno())
        stem, _, suffix = self.target.name.partition(".")
        number, path = 1, self.target
        while True:
            try:
                # Unlike a rename, a link never takes the place of another file.
                os.link(self.staging, path)
                return path
            except FileExistsError:
                number += 1
                path = self.target.with_name(f"{stem}-{number}.{suffix}")


class _Lines:
    def __init__(self, file: BinaryIO, form: DataFormat) -> None:
        self._stream: Any = file
        if form == "jsonl.gz":
            self._stream = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)
        elif form == "jsonl.zst":
            self._stream = zstandard.ZstdCompressor(level=3, write_checksum=True).stream_writer(file, closefd=False)
        self._compressed = form != "jsonl"

    def add(self, example: Example) -> None:
        self._stream.write(example.to_json().encode() + b"\n")

    def close(self) -> None:
        if self._compressed:
            self._stream.close()


class _Parquet:
    def __init__(self, file: BinaryIO) -> None:
        self._writer = pq.ParquetWriter(cast(Any, file), _SCHEMA, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._chars = 0

    def add(self, example: Example) -> None:
        row = example.to_row()
        messages = [
            {**message, "tool_calls": json.dumps(message["tool_calls"])} if "tool_calls" in message else message
            for message in example.messages
        ]
        objects = {name: json.dumps(row[name]) for name in ("tools", "provenance") if name in row}
        self._rows.append({**row, "messages": messages or None, **objects})
        self._chars += sum(len(message["content"]) for message in messages) + len(example.text or "")
        if len(self._rows) >= GROUP_ROWS or self._chars >= GROUP_CHARS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=_SCHEMA))
        self._rows, self._chars = [], 0
