"""Uploaded quest files between their inspection and their posting.

Bytes go to disk as they arrive, under a random name in a folder of our own; what the browser calls the file is a label
and never a path.
"""

from __future__ import annotations

import asyncio
import errno
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from realm.errors import DiskFullError, NotFoundError, QuestError
from realm.quests import display_name
from serve.problems import TooLargeError

FOLDER_PREFIX = "realm-uploads-"
KEPT_S = 3600.0
KEPT_FILES = 64
WRITE_BYTES = 1 << 20
FORM_FIELD_BYTES = 4096


@dataclass
class Upload:
    """One received file; `fields` are the other fields of its form."""

    path: Path
    name: str = "quest"
    size_bytes: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    received: float = field(default_factory=time.monotonic)


class UploadRoom:
    """Keeps received files for an hour, at most 64 of them, each under a token.

    A `folder` of its own is emptied first: a Tavern that was killed may have left files there.
    """

    def __init__(self, limit_bytes: Callable[[], int], folder: Path | None = None) -> None:
        self._limit_bytes = limit_bytes
        for left_behind in folder.glob(f"{FOLDER_PREFIX}*") if folder else ():
            shutil.rmtree(left_behind, ignore_errors=True)
        self._folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=folder))
        self._uploads: dict[str, Upload] = {}

    async def receive(self, request: Request) -> tuple[str, Upload]:
        """Streams the `file` field of a multipart request to disk; its token and what is known of it."""
        self._sweep()
        limit = self._limit_bytes()
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit + 2 * FORM_FIELD_BYTES:
            raise _too_large(int(declared), limit)
        token = secrets.token_urlsafe(16)
        upload = Upload(self._folder / secrets.token_hex(16))
        try:
            await _Form(upload, limit).read(request)
        except BaseException as error:
            upload.path.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                free = shutil.disk_usage(self._folder).free
                raise DiskFullError(
                    f"The upload does not fit on the disk: {free:,} bytes are free.",
                    "Free some space and upload it again.",
                    needed=upload.size_bytes,
                    free=free,
                ) from error
            raise
        self._uploads[token] = upload
        return token, upload

    def get(self, token: str) -> Upload:
        if token not in self._uploads:
            raise NotFoundError(f"No upload {token!r} is kept.", "Uploads are kept for an hour: choose the file again.")
        return self._uploads[token]

    def discard(self, token: str) -> None:
        upload = self._uploads.pop(token, None)
        if upload is not None:
            upload.path.unlink(missing_ok=True)

    def close(self) -> None:
        self._uploads.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _sweep(self) -> None:
        oldest = time.monotonic() - KEPT_S
        surplus = len(self._uploads) - KEPT_FILES + 1
        for place, (token, upload) in enumerate(list(self._uploads.items())):
            if upload.received < oldest or place < surplus:
                self.discard(token)


class _Form:
    """One multipart body: the part `file` into the upload's path, small fields into its `fields`."""

    def __init__(self, upload: Upload, limit: int) -> None:
        self.upload = upload
        self.limit = limit
        self.header_name = self.header_value = b""
        self.headers: dict[bytes, bytes] = {}
        self.part = ""
        self.seen_file = False
        self.field_value = b""
        self.waiting: list[bytes] = []
        self.waiting_bytes = 0

    async def read(self, request: Request) -> None:
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        if kind != b"multipart/form-data" or b"boundary" not in options:
            raise QuestError("The request is not multipart/form-data.", "Send the file as the form field `file`.")
        try:
            parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                },
            )
            with self.upload.path.open("xb") as handle:
                async for chunk in request.stream():
                    parser.write(chunk)
                    if self.waiting_bytes >= WRITE_BYTES:
                        await self._flush(handle.write)
                parser.finalize()
                await self._flush(handle.write)
        except FormParserError as error:
            raise QuestError(f"The upload is not a whole multipart form: {error}.", "Upload the file again.") from error
        if not self.seen_file:
            raise QuestError("The form has no file.", "Send it as the form field `file`.")

    async def _flush(self, write: Callable[[bytes], int]) -> None:
        block, self.waiting, self.waiting_bytes = b"".join(self.waiting), [], 0
        await asyncio.to_thread(write, block)

    def _begin(self) -> None:
        self.headers, self.part, self.field_value = {}, "", b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self.header_name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self.header_value += data[start:end]

    def _header_end(self) -> None:
        self.headers[self.header_name.lower()] = self.header_value
        self.header_name = self.header_value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self.headers.get(b"content-disposition", b""))
        self.part = options.get(b"name", b"").decode("utf-8", "replace")
        if self.part == "file":
            if self.seen_file:
                raise QuestError("The form has more than one file.", "Send one file in a request.")
            self.seen_file = True
            self.upload.name = display_name(options.get(b"filename", b"").decode("utf-8", "replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self.part == "file":
            self.upload.size_bytes += end - start
            if self.upload.size_bytes > self.limit:
                raise _too_large(self.upload.size_bytes, self.limit)
            self.waiting.append(bytes(data[start:end]))
            self.waiting_bytes += end - start
            return
        self.field_value += data[start:end]
        if len(self.field_value) > FORM_FIELD_BYTES:
            raise QuestError(
                f"The form field {self.part!r} is longer than {FORM_FIELD_BYTES} bytes.",
                "Send only the file and its priority.",
            )

    def _end(self) -> None:
        if self.part != "file":
            self.upload.fields[self.part] = self.field_value.decode("utf-8", "replace")


def _too_large(size: int, limit: int) -> TooLargeError:
    return TooLargeError(
        f"The upload of {size:,} bytes or more is over the limit of {limit:,} bytes.",
        "Split the file, put it into the inbox folder, or raise web.upload_max_mb.",
    )
