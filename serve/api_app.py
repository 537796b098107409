"""The realm's API as an app: the vault, the jobs, the workers and the books, with the page that describes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from realm.hosts import VAULT_SERVICE
from serve import problems
from serve.api_models import Health
from serve.api_routes import MAX_BODY_BYTES
from serve.books_api import books_routers, events_router
from serve.docs_page import docs_headers, docs_page
from serve.jobs_api import jobs_routers
from serve.limits import BodyLimit
from serve.security import Guard
from serve.stronghold_api import stronghold_routers
from serve.vault_api import vault_routers
from serve.vault_backend import ApiBackends
from serve.worker_api import worker_routers

RESPONSE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
DESCRIPTION = """Checkpoints, where their copies lie, and the jobs that workers do for the realm.

Bodies are JSON, whatever their content type says. Lists are paged by limit and offset and tell their total. Errors are
application/problem+json with a detail and a remedy. A write that comes with an Idempotency-Key is done once: repeated,
it is answered as before (Idempotent-Replayed: true). GET changes nothing.

Beyond loopback every request carries a token as Authorization: Bearer. web.token allows everything, web.read_token
what changes nothing."""
TAGS = {
    "ledger": "The record of every saved checkpoint, and the best of them.",
    "checkpoints": "Checkpoints: their copies, files, promotion, deletion.",
    "exports": "Checkpoints as Hugging Face folders or archives, and such folders as checkpoints.",
    "assets": "What the vault keeps, and where.",
    "zones": "Strongholds by temperature: transfers and retention.",
    "jobs": "The job queue: submit, look, wait.",
    "work": "For workers: register, claim, renew, finish.",
    "books": "Evaluations, passives, events.",
    "training": "The battle under way.",
    "service": "That it answers.",
}


def api_routers(backends: ApiBackends) -> list[APIRouter]:
    """Every router but that of the events; their paths are whole ones under /api."""
    return [
        # Asked most often, so looked at first.
        *jobs_routers(backends),
        *vault_routers(backends),
        *stronghold_routers(backends),
        *worker_routers(backends),
        *books_routers(backends),
    ]


def create_app(
    backends: ApiBackends,
    *,
    version: str,
    allowed_hosts: set[str],
    token: str | None = None,
    read_token: str | None = None,
) -> FastAPI:
    """The API over `backends`."""
    app = FastAPI(
        title="Realm API",
        version=version,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        openapi_tags=[{"name": name, "description": about} for name, about in TAGS.items()],
    )
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    app.add_middleware(Guard, allowed_hosts=allowed_hosts, token=token, read_token=read_token, headers=RESPONSE_HEADERS)
    problems.install(app)
    problems.describe(app)

    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse("/docs", status_code=303)

    @app.get("/health", tags=["service"], summary="Whether it answers", responses=problems.declared(401, 421))
    async def health() -> Health:
        return Health(service=VAULT_SERVICE, healthy=True, version=version)

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(shown(str(request.base_url).rstrip("/")), headers=docs_headers())

    @lru_cache(8)
    def shown(base_url: str) -> str:
        return docs_page(app.openapi(), base_url)

    routers = (*api_routers(backends), events_router(backends))
    for routes in routers:
        app.include_router(routes)
    _tell_methods(app, [route for routes in routers for route in routes.routes if isinstance(route, APIRoute)])
    return app


def _tell_methods(app: FastAPI, routes: Sequence[APIRoute]) -> None:
    """Makes a 405 name every method of its path: the router knows those of the first route only."""

    @app.exception_handler(405)
    async def _refuse(request: Request, error: Exception) -> problems.ProblemResponse:
        assert isinstance(error, HTTPException)
        path = request.url.path
        found = [route for route in routes if route.path_regex.match(path)]
        # Of paths that both fit, as /jobs/batch and /jobs/{job_id}, the one that says more of it.
        nearest = max(found, key=lambda route: len(re.sub("{.*?}", "", route.path_format)), default=None)
        methods = {
            method for route in found if nearest and route.path == nearest.path for method in route.methods or ()
        }
        return problems.of_http_error(request, error, {"Allow": ", ".join(sorted(methods))} if methods else {})


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}-{route.name}" if route.tags else route.name
