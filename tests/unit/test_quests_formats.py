"""Bytes become rows: every format in every compression, in pieces of any size; damage has a place and a reason."""

from __future__ import annotations

import gzip
import io
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from realm.errors import QuestError
from realm.quests import json_rows
from realm.quests.formats import QuestFile
from realm.quests.json_rows import JsonArray
from realm.quests.parquet_rows import without_null

ROWS = [{"question": f"What is {n} × 2?", "answer": str(n * 2)} for n in range(5)]


def parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


FORMATS = {
    "jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in rows).encode(),
    "json": lambda rows: json.dumps(rows, indent=2, ensure_ascii=False).encode(),
    "parquet": parquet,
}
GZIP = partial(gzip.compress, mtime=0)
"""Without the time: it would be in the names of tests, which differ then between processes."""
COMPRESSIONS = {"none": bytes, "gzip": gzip.compress, "zstd": zstandard.ZstdCompressor(write_checksum=True).compress}


def read(path: Path) -> list[tuple[int, Any]]:
    with QuestFile(path) as file:
        return list(file.rows())


def refused(path: Path, data: bytes) -> QuestError:
    path.write_bytes(data)
    with pytest.raises(QuestError) as caught:
        read(path)
    return caught.value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.bin"


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("format", FORMATS)
def test_every_format_in_every_compression(path: Path, format: str, compression: str) -> None:
    path.write_bytes(COMPRESSIONS[compression](FORMATS[format](ROWS)))
    with QuestFile(path) as file:
        assert (file.format, file.source.compression) == (format, compression)
        assert list(file.rows()) == list(enumerate(ROWS, 1))
        assert file.bytes_done == path.stat().st_size


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("data", [FORMATS["jsonl"](ROWS), FORMATS["json"](ROWS)], ids=["jsonl", "json"])
def test_byte_order_mark_and_crlf_are_accepted(path: Path, data: bytes, compression: str) -> None:
    path.write_bytes(COMPRESSIONS[compression](b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")))
    assert [row for _, row in read(path)] == ROWS


def test_several_gzip_members_and_zstd_frames_are_one_file(path: Path) -> None:
    first, second = FORMATS["jsonl"](ROWS[:2]), FORMATS["jsonl"](ROWS[2:])
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00user"
    for compress, start in ((COMPRESSIONS["gzip"], b""), (COMPRESSIONS["zstd"], skippable)):
        path.write_bytes(start + compress(first) + compress(second))
        assert [row for _, row in read(path)] == ROWS


def test_blank_lines_are_passed_over_and_counted(path: Path) -> None:
    path.write_bytes(b'\n  \n{"a": 1}\n\n{"a": 2}')
    assert read(path) == [(3, {"a": 1}), (5, {"a": 2})]


@pytest.mark.parametrize("key", ["data", "train"])
def test_one_object_around_the_list_is_unwrapped(path: Path, key: str) -> None:
    path.write_text(json.dumps({key: ROWS}, indent=1))
    assert [row for _, row in read(path)] == ROWS


def test_a_split_beside_the_list_is_refused(path: Path) -> None:
    error = refused(path, json.dumps({"train": ROWS, "test": ROWS}).encode())
    assert "more keys beside the list 'train'" in str(error)


def test_newlines_without_end_are_refused(path: Path) -> None:
    error = refused(path, COMPRESSIONS["zstd"](b'{"a": 1}' + b"\n" * (json_rows.MAX_BLANK_LINES + 2)))
    assert "over 1000000 blank lines in a row" in str(error)
    assert error.line == json_rows.MAX_BLANK_LINES + 2


def test_duplicate_keys_take_the_last(path: Path) -> None:
    path.write_bytes(b'{"a": 1, "a": 2}')
    assert read(path) == [(1, {"a": 2})]


def test_links_are_followed(tmp_path: Path, path: Path) -> None:
    path.write_bytes(FORMATS["jsonl"](ROWS))
    link = tmp_path / "link"
    link.symlink_to(path)
    assert [row for _, row in read(link)] == ROWS


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "The file is empty."),
        (GZIP(b""), "empty once its gzip is unpacked"),
        (b"\n \r\n\t\n", "only blank lines"),
        (b"\xef\xbb\xbf", "only blank lines"),
        (b"[]", "empty list"),
        (b" [ ]\n", "empty list"),
        (b"PAR1", "Parquet file is damaged"),
        (b"PARE\0\0", "Parquet file is damaged"),
        (b"PK\x03\x04rest", "a zip archive"),
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\x00", "xz data"),
        (GZIP(GZIP(b"{}")), "gzip data inside compressed data"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
        ('{"a": 1}'.encode("utf-16-be"), "binary: it has a zero byte at byte offset 0"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary: it has a zero byte at byte offset 8"),
        (b"\x1f\x8bnot gzip at all", "gzip data are damaged"),
        (b"\x28\xb5\x2f\xfdnot zstd at all", "zstd data are damaged"),
    ],
)
def test_whole_file_is_wrong(path: Path, data: bytes, reason: str) -> None:
    error = refused(path, data)
    assert reason in str(error)
    assert error.remedy


def test_parquet_without_rows(path: Path) -> None:
    with path.open("wb") as file:
        pq.write_table(pa.table({"text": pa.array([], pa.string())}), file)
    with pytest.raises(QuestError, match="no rows"):
        read(path)


@pytest.mark.parametrize(
    ("data", "line", "reasons"),
    [
        (b'{"a": 1}\n{"a": \n', 2, ["not JSON", "Expecting value at column 8"]),
        (b'{"a": 1}\n\nhello\n', 3, ["not JSON", "'hello'"]),
        (b"instruction,output\nx,y\n", 1, ["not JSON", "instruction,output"]),
        (b'{"a": 1}{"a": 2}\n', 1, ["Extra data at column 9"]),
        (b'{\n  "a": 1\n}\n', 1, ["spread over several lines", "JSON array"]),
        (b'{"a": "cut off', 1, ["Unterminated string"]),
        (b'{"a": "tab\there"}', 1, ["Invalid control character"]),
        (b'{"a": 1}\n{"a": "\xff"}\n', 2, ["not UTF-8", "byte ff at byte offset 16"]),
        (b'\xef\xbb\xbf{"a": "\xe9"}', 1, ["not UTF-8", "byte offset 10"]),
        (b'{"a": ' + b"9" * 5000 + b"}", 1, ["not usable JSON", "digits"]),
        (b'{"a": ' + b"[" * 100_000, 1, ["nested too deeply"]),
    ],
)
def test_a_line_is_wrong(path: Path, data: bytes, line: int, reasons: list[str]) -> None:
    error = refused(path, data)
    assert error.line == line
    for reason in reasons:
        assert reason in str(error)
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    ("data", "item", "reasons"),
    [
        (b'[{"a": 1}', 1, ["line 1, column 10", "ends inside the list"]),
        (b'[{"a": 1},', 2, ["ends inside the list"]),
        (b'[\n {"a": 1},\n {"a": 2', 2, ["line 3, column 9", "ends inside the list"]),
        (b'[{"a": 1}, {"a": "cut', 2, ["line 1, column 18", "ends inside the string that starts here"]),
        (b'[\n {"a": 1},\n {"a" 2}, {"a": 3}]', 2, ["line 3, column 7", "Expecting ':' delimiter", "near '2}"]),
        (b'[{"a": 1}, {"a": 2} {"a": 3}]', 2, ["'{' where ',' or ']' should be"]),
        (b'[{"a": 1},]', 1, ["a comma with no item after it"]),
        (b'[{"a": 1}] [{"a": 2}]', 1, ["more data after the end of the list"]),
        (b'[{"a": 1}, {"a": "\xff"}]', 2, ["not UTF-8", "byte ff at byte offset 18"]),
        (b'[{"a": 1}, {"a": "\xe9', 2, ["not UTF-8", "byte offset 18"]),
        (b'[{"a": 1}, ' + b"[" * 100_000, 2, ["nested too deeply"]),
        (b'[{"a": ' + b"9" * 5000 + b"}]", 1, ["digits"]),
    ],
)
def test_an_item_is_wrong(path: Path, data: bytes, item: int, reasons: list[str]) -> None:
    error = refused(path, data)
    assert error.line == item
    assert f"item {item}: " in str(error)
    for reason in reasons:
        assert reason in str(error)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("format", ["jsonl", "json"])
def test_truncated_compressed_data_name_where_they_end(path: Path, format: str, compression: str) -> None:
    rows = [{"text": os.urandom(3000).hex()} for _ in range(1000)]
    data = COMPRESSIONS[compression](FORMATS[format](rows))
    error = refused(path, data[: len(data) // 2])
    assert f"{compression} data are damaged or cut off after" in str(error)
    assert error.line is not None
    assert 300 < error.line < 600


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_truncated_parquet(path: Path, keep: float) -> None:
    data = parquet(ROWS)
    assert "Parquet file is damaged" in str(refused(path, data[: int(len(data) * keep)]))


def test_damaged_parquet_page_names_the_row(path: Path) -> None:
    sink = io.BytesIO()
    table = pa.table({"text": [os.urandom(400).hex() for _ in range(2000)]})
    pq.write_table(table, sink, row_group_size=500, use_dictionary=False, write_page_checksum=True)
    data = bytearray(sink.getvalue())
    data[len(data) * 3 // 4] ^= 0xFF
    error = refused(path, bytes(data))
    assert error.line is not None
    assert 1400 < error.line <= 1501  # the damage is in the last 500 rows; rows are read at most 128 at a time
    assert f"cannot be read from row {error.line} on: " in str(error)


@pytest.mark.parametrize("data", [b'{"a": "%s"}', b'[{"a": "%s"}]'])
def test_a_longer_example_than_the_cap_is_refused(path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "MAX_EXAMPLE", 3 << 20)
    path.write_bytes(data % (b"x" * (2 << 20)))
    assert len(read(path)) == 1
    error = refused(path, data % (b"x" * (8 << 20)))
    assert "longer than 64 MiB" in str(error)
    assert error.line == 1


def test_a_directory_a_missing_file_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (
        (".", "a directory"),
        ("missing", "No such file"),
        ("pipe", "no regular file"),
        ("a\0b", "null"),
    ):
        with pytest.raises(QuestError, match=reason):
            QuestFile(tmp_path / name)


def test_an_unreadable_file_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"{}")

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(io, "FileIO", denied)
    with pytest.raises(QuestError, match=r"'file\.bin' cannot be opened: Permission denied"):
        QuestFile(path)


def test_a_file_that_grows_while_it_is_read_is_refused(path: Path) -> None:
    path.write_bytes(FORMATS["jsonl"](ROWS))
    with QuestFile(path) as file:
        list(file.rows())
        with path.open("ab") as more:
            more.write(b"{}\n")
        with pytest.raises(QuestError, match="changed while it was read"):
            file.source.sha256()


def test_parquet_nulls_inside_structs_are_missing_keys(path: Path) -> None:
    rows = [
        {
            "messages": [
                {"role": "user", "content": "x", "weight": None},
                {"role": "assistant", "content": "y", "weight": 1},
            ]
        },
        {"messages": [{"role": "assistant", "content": "z", "weight": 0}]},
    ]
    path.write_bytes(parquet(rows))
    assert [row for _, row in read(path)] == [without_null(row) for row in rows]


def test_unwanted_parquet_columns_are_not_read(path: Path) -> None:
    path.write_bytes(parquet([{"text": "x", "embedding": [0.5, 1.5], "blob": b"\0"}]))
    assert read(path) == [(1, {"text": "x", "embedding": "<list<element: double>>", "blob": "<binary>"})]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)


@given(
    items=st.lists(st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=4), min_size=1, max_size=5),
    indent=st.none() | st.integers(0, 3),
    ascii=st.booleans(),
    chunk=st.integers(1, 40),
)
@settings(max_examples=50, deadline=None)
def test_an_array_parses_the_same_in_pieces_of_any_size(
    items: list[Any], indent: int | None, ascii: bool, chunk: int
) -> None:
    text = json.dumps(items, indent=indent, ensure_ascii=ascii)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_rows, "CHUNK", chunk)
        parsed = list(JsonArray(io.BytesIO(text.encode("utf-8", "replace")), 0).items())
    assert parsed == list(enumerate(json.loads(text.encode("utf-8", "replace")), 1))
