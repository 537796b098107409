"""The bytes of a quest file: opened, hashed as they are read, decompressed as a stream.

Compression is told by the first bytes, never by the name. Does not know what the bytes mean.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Any, BinaryIO

import pyarrow as pa

from realm.errors import QuestError

CHUNK = 1 << 20
_HEAD = 1 << 16
MAX_SPOOLED = 8 << 30
"""Bytes that a compressed Parquet file may unpack to on disk; it needs random access, so it cannot be streamed."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_UTF8_BOM = b"\xef\xbb\xbf"
_OTHER_FILES = (
    (_GZIP, "gzip data inside compressed data"),
    (_ZSTD, "zstd data inside compressed data"),
    (b"PK\x03\x04", "a zip archive"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"ARROW1", "an Arrow IPC file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)


class _Hashed(io.RawIOBase):
    """A file that counts and hashes the bytes read from it."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count = self._file.readinto(buffer) or 0
        except OSError as error:
            raise QuestError(f"The file cannot be read: {error.strerror}.", "Check the disk.") from error
        self.sha256.update(memoryview(buffer)[:count])
        self.bytes_read += count
        return count


class _Decompressed(io.RawIOBase):
    """The decompressed bytes of a gzip or zstd stream, at most one buffer of them at a time."""

    def __init__(self, raw: BinaryIO, codec: str) -> None:
        self._codec = codec
        self._position = 0
        self._stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), codec)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except OSError as error:
            problem = (
                f"The {self._codec} data are damaged or cut off after {self._position} decompressed bytes: {error}."
            )
            raise QuestError(problem, "Copy or compress the file again.") from error
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


class Source:
    """An open quest file. `reader` gives its decompressed bytes after a UTF-8 byte order mark, if there is one."""

    def __init__(self, path: Path) -> None:
        """Opens `path`. QuestError where it is no readable file, is empty or holds something that is never a quest."""
        self.path = path
        self._file = _open_regular(path)
        try:
            self._status = os.fstat(self._file.fileno())
            self.size_bytes = self._status.st_size
            if self.size_bytes == 0:
                raise QuestError("The file is empty.", "Put at least one example in it.")
            self._raw = _Hashed(self._file)
            raw = io.BufferedReader(self._raw, CHUNK)
            self.compression = codec = _compression(raw.peek(4)[:4])
            reader = raw if codec == "none" else io.BufferedReader(_Decompressed(raw, codec), CHUNK)
            self.head = self._head(reader.peek(1))
            self.reader: BinaryIO = reader
            self.skipped = len(self.reader.read(len(_UTF8_BOM))) if self.head.startswith(_UTF8_BOM) else 0
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file, as it lies on disk, have been read."""
        return self._raw.bytes_read

    def sha256(self) -> str:
        """Reads what is left and returns the hash of the whole file. QuestError where the file changed meanwhile."""
        self._file.seek(self.bytes_read)
        buffer = bytearray(CHUNK)
        while self._raw.readinto(buffer):
            pass
        now, was = os.fstat(self._file.fileno()), self._status
        if (now.st_size, now.st_mtime_ns) != (was.st_size, was.st_mtime_ns):
            raise QuestError("The file changed while it was read.", "Post it again once it is written completely.")
        return self._raw.sha256.hexdigest()

    def random_access(self, spool_dir: Path | None) -> AbstractContextManager[IO[bytes]]:
        """The decompressed bytes as a seekable file, for Parquet: the file, or an unnamed copy in `spool_dir`."""
        if self.compression == "none":
            return nullcontext(self._file)
        spool = tempfile.TemporaryFile(dir=spool_dir)  # noqa: SIM115 - the caller closes it
        try:
            while chunk := self.reader.read(CHUNK):
                if spool.tell() + len(chunk) > MAX_SPOOLED:
                    problem = f"The Parquet file unpacks to more than {MAX_SPOOLED >> 30} GiB."
                    raise QuestError(problem, "Parquet compresses its own pages: decompress the file first.")
                spool.write(chunk)
        except BaseException:
            spool.close()
            raise
        return spool

    def _head(self, head: bytes) -> bytes:
        if not head:
            raise QuestError(f"The file is empty once its {self.compression} is unpacked.", "Put an example in it.")
        for magic, name in _OTHER_FILES:
            if head.startswith(magic):
                raise QuestError(
                    f"The file is {name}.", "Use JSON Lines, a JSON array or Parquet; UTF-8, gzip or zstd."
                )
        return head[:_HEAD]


def _open_regular(path: Path) -> io.FileIO:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return io.FileIO(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise QuestError(f"{path.name!r} cannot be opened: {reason}.", "Check the path and its permissions.") from error
    what = "a directory" if stat.S_ISDIR(mode) else "no regular file"
    raise QuestError(f"{path.name!r} is {what}.", "Name one file.")


def _compression(magic: bytes) -> str:
    if magic.startswith(_GZIP):
        return "gzip"
    if magic == _ZSTD or (magic[1:] == _ZSTD_SKIPPABLE and magic[0] >> 4 == 5):
        return "zstd"
    return "none"
