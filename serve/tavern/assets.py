"""The Tavern's own files under /realm/{digest}/: read once, kept in memory, cached by browsers for ever.

The digest, of them all, is in the folder, so modules that import each other by relative name come from one release.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

FOLDER = Path(__file__).parent / "assets"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def read(name: str) -> str:
    """The text of one asset."""
    return (FOLDER / name).read_text(encoding="utf-8")


class Assets:
    """What browsers may fetch: the scripts, styles and pictures of the assets folder."""

    def __init__(self) -> None:
        self.files = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in MEDIA_TYPES}
        digest = hashlib.sha256()
        for name, content in self.files.items():
            digest.update(name.encode() + b"\0" + content)
        self.digest = digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        if name not in self.files:
            raise FileNotFoundError(FOLDER / name)
        return f"/realm/{self.digest}/{name}"

    def add_route(self, app: FastAPI) -> None:
        @app.get("/realm/{digest}/{name}", include_in_schema=False)
        async def asset(digest: str, name: str, request: Request) -> Response:
            if digest != self.digest or name not in self.files:
                raise HTTPException(404, f"There is no asset {name} in this release; reload the page.")
            headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{digest}"'}
            if request.headers.get("if-none-match") == headers["ETag"]:
                return Response(status_code=304, headers=headers)
            return Response(self.files[name], media_type=MEDIA_TYPES[Path(name).suffix], headers=headers)
