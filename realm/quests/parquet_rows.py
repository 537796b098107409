"""Parquet to rows, a few at a time, with only the columns that an example can use.

Does not know shapes; it is told the column names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from realm.errors import QuestError
from realm.quests.source import CHUNK

_BATCH_BYTES = 4 << 20
_BATCH_ROWS = 16


class ParquetRows:
    """An open Parquet file. Columns that are not in `wanted` are not read; their type stands in for the value."""

    def __init__(self, file: IO[bytes], wanted: frozenset[str]) -> None:
        try:
            self._file = pq.ParquetFile(file, pre_buffer=False, buffer_size=CHUNK, page_checksum_verification=True)
            schema = self._file.schema_arrow
            self._columns = [name for name in schema.names if name in wanted]
            self._unread = {field.name: f"<{field.type}>" for field in schema if field.name not in wanted}
            self._nested = [name for name in self._columns if pa.types.is_nested(schema.field(name).type)]
            self.count = self._file.metadata.num_rows
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            raise _damaged(error, 0) from error

    def items(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """`(row number from 1, row)` of every row."""
        number = 0
        try:
            for batch in self._file.iter_batches(batch_size=self._batch_rows(), columns=self._columns):
                rows = batch.to_pylist() if self._columns else [{} for _ in range(batch.num_rows)]
                for row in rows:
                    number += 1
                    for name in self._nested:
                        row[name] = without_null(row[name])
                    yield number, {**self._unread, **row} if self._unread else row
        except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
            raise _damaged(error, number + 1) from error

    def _batch_rows(self) -> int:
        """Rows of about 4 MiB by the file's own account; at most 16, since dictionary pages make that too low."""
        groups = [self._file.metadata.row_group(index) for index in range(self._file.metadata.num_row_groups)]
        longest = max((group.total_byte_size // max(group.num_rows, 1) for group in groups), default=0)
        return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(longest, 1)))


def without_null(value: Any) -> Any:
    """`value` without the object keys that are null: Parquet gives every struct of a column the keys of all of them."""
    if isinstance(value, dict):
        return {key: without_null(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_null(item) for item in value]
    return value


def _damaged(error: BaseException, number: int) -> QuestError:
    where = f" from row {number} on" if number else ""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    problem = f"The Parquet file is damaged or cannot be read{where}: {reason[:300]}."
    return QuestError(problem, "Write the file again.", number or None)
