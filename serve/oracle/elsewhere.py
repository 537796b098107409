"""An Oracle outside the cluster: its requests are passed on to the server of `oracle.url`. Knows no model."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress

import httpx
from fastapi import APIRouter, Request, Response

from realm.errors import ClusterError, ConflictError
from serve.asking import ask
from serve.oracle.backend import Json
from serve.oracle.errors import of_error
from serve.oracle.serving import RealmLevels
from serve.oracle.streaming import EventStream

LOOK_S = 3.0
CONNECT_S = 10.0
PASSED_ON = ("content-type", "retry-after")


def forwarding_router(url: str, token: str | None) -> APIRouter:
    """/v1 of the server at `url`."""
    routes = APIRouter(prefix="/v1", tags=["openai"])
    client = httpx.AsyncClient(
        base_url=url, headers=_headers(token), timeout=httpx.Timeout(None, connect=CONNECT_S), trust_env=False
    )

    @routes.api_route("/{path:path}", methods=["GET", "POST"])
    async def forward(request: Request, path: str) -> Response:
        asked = client.build_request(
            request.method,
            f"/v1/{path}",
            content=await request.body(),
            headers={"Content-Type": "application/json"},
        )
        try:
            found = await client.send(asked, stream=True)
        except httpx.HTTPError as error:
            return of_error(_unreachable(url, error))
        headers = {name: value for name, value in found.headers.items() if name.lower() in PASSED_ON}
        if found.headers.get("content-type", "").startswith("text/event-stream"):
            return EventStream(_chunks(found))
        body = await found.aread()
        return Response(body, found.status_code, headers=headers)

    return routes


async def _chunks(found: httpx.Response) -> AsyncGenerator[bytes, None]:
    try:
        async for chunk in found.aiter_raw():
            yield chunk
    finally:
        await found.aclose()


class Elsewhere(RealmLevels):
    """What the realm can say of an Oracle that others run: whether it answers."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._client = httpx.AsyncClient(base_url=url, headers=_headers(token), timeout=LOOK_S, trust_env=False)

    async def status(self) -> Json:
        detail = ""
        try:
            found = await self._client.get("/v1/models")
            if found.status_code != 200:
                detail = f"{self._url} answers {found.status_code} to GET /v1/models"
        except httpx.HTTPError as error:
            detail = str(_unreachable(self._url, error))
        aliases: dict[str, Json | None] = dict.fromkeys(("champion", "latest"))
        with suppress(ClusterError):
            aliases = await ask("vault_keeper", "aliases")
        return {
            **{"state": "elsewhere", "detail": detail, "url": self._url, "replicas": 0, **aliases, "loaded": []},
            **{"memory_bytes": 0, "memory_budget_bytes": 0, "idle_s": None, "sleeps_after_s": None, "tokens": 0},
        }

    async def load(self, model: str) -> Json:
        raise self._theirs(f"load {model}")

    async def unload(self, model: str) -> Json:
        raise self._theirs(f"unload {model}")

    def _theirs(self, what: str) -> ConflictError:
        return ConflictError(f"The Oracle is at {self._url}: this realm cannot {what} there.", "Ask that server.")


def _headers(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _unreachable(url: str, error: Exception) -> ClusterError:
    return ClusterError(f"The Oracle at {url} does not answer: {error}", "Start it there, or correct oracle.url.")
