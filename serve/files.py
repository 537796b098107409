"""Files as answers: whole or in part (Range), from the disk in small pieces. Knows no checkpoint."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from realm.errors import NotFoundError, RequestError

RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")


class FileAnswer(FileResponse):
    """In larger pieces: each is a trip to a thread."""

    chunk_size = 1 << 20


def inner_path(relative: str) -> str:
    """`relative`, if it can name a file within a folder.

    Raises:
        RequestError: it is absolute, leads upwards or holds what no file of the realm has in its name.
    """
    parts = relative.split("/")
    if "\\" in relative or "\0" in relative or any(part in ("", ".", "..") for part in parts):
        raise RequestError(
            f"The path {relative[:200]!r} names no file within the folder.",
            "Give a relative path as the list of files has it.",
        )
    return str(PurePosixPath(*parts))


def require_inside(place: Path, relative: str) -> Path:
    """`place`, the file `relative` of some folder, as long as no link in it leads out of that folder.

    Raises:
        NotFoundError: there is no such file.
        RequestError: it lies elsewhere.
    """
    inner = PurePosixPath(relative).parts
    if place.parts[-len(inner) :] != inner or not place.is_file():
        raise NotFoundError(f"There is no file {relative!r}.", "The list of files has those there are.")
    if not place.resolve().is_relative_to(place.parents[len(inner) - 1].resolve()):
        raise RequestError(f"The file {relative!r} lies outside its folder.", "The realm gives no such file.")
    return place


def file_answer(request: Request, path: Path, sha256: str | None) -> Response:
    """The file, or the one range of it that the request asks for; 304 to who has it. The ETag is its sha256 if known.

    Several ranges at once, and a Range that is none, are answered with the whole file, as RFC 9110 allows.

    Raises:
        HTTPException: 416, the range begins beyond the end.
    """
    stat = path.stat()
    size = stat.st_size
    headers = {"Cache-Control": "no-cache", "Content-Disposition": "attachment"}
    if sha256 is not None:
        headers["ETag"] = f'"{sha256}"'
    response = FileAnswer(path, headers=headers, media_type="application/octet-stream", stat_result=stat)
    marks = (response.headers["etag"], response.headers["last-modified"])
    if _has_it(request.headers.get("if-none-match", ""), marks[0]):
        return Response(status_code=304, headers={"ETag": marks[0]})
    asked = request.headers.get("range")
    if asked is None or request.headers.get("if-range", marks[0]) not in marks:
        return response
    found = RANGE.fullmatch(asked.strip())
    if found is None or (found[2] and int(found[2]) < int(found[1])):
        request.scope["headers"] = [each for each in request.scope["headers"] if each[0] != b"range"]
        return response
    beyond = int(found[1]) >= size if found[1] else int(found[3]) == 0 or size == 0
    if beyond:
        raise HTTPException(
            416, f"The file has {size:,} bytes, the range is {asked!r}.", headers={"Content-Range": f"bytes */{size}"}
        )
    return response


def _has_it(if_none_match: str, etag: str) -> bool:
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in if_none_match.split(",") if each.strip())
