"""The Oracle's own port: OpenAI's routes, those of the realm about it, and /health."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Response

from realm.hosts import ORACLE_SERVICE
from serve import problems
from serve.api_app import RESPONSE_HEADERS
from serve.json_answers import answer
from serve.oracle.backend import OracleBackend
from serve.oracle.openai_api import openai_router
from serve.oracle.oracle_api import oracle_router
from serve.security import Guard
from serve.vault_backend import IdempotencyKeys


def oracle_routers(backend: OracleBackend, keys: IdempotencyKeys) -> list[APIRouter]:
    """The routes that the Tavern's origin has too."""
    return [openai_router(backend), oracle_router(backend, keys)]


def create_app(
    backend: OracleBackend,
    keys: IdempotencyKeys,
    *,
    version: str,
    allowed_hosts: set[str],
    token: str | None = None,
    read_token: str | None = None,
) -> FastAPI:
    """The Oracle over `backend`."""
    app = FastAPI(title="Oracle", version=version, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, allowed_hosts=allowed_hosts, token=token, read_token=read_token, headers=RESPONSE_HEADERS)
    problems.install(app)

    @app.get("/health")
    async def health() -> Response:
        status = await backend.status()
        # Asleep is well: the next question wakes it.
        failed = status["state"] == "failed"
        row = {"service": ORACLE_SERVICE, "healthy": not failed, "version": version}
        return answer({**row, "state": status["state"], "detail": status["detail"]}, 503 if failed else 200)

    for routes in oracle_routers(backend, keys):
        app.include_router(routes)
    return app
