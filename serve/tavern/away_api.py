"""The routes of visits, of what happened while nobody looked, and of what is worth a notice. GET changes nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from serve.json_answers import answer
from serve.tavern.backend import TavernBackend
from serve.tavern.routes import Body

MAX_SEQ = 2**63 - 1


class VisitBody(Body):
    """Nothing to say but that a page is looked at."""


class DismissBody(Body):
    visit: Annotated[int, Field(ge=1, le=MAX_SEQ, strict=True)]


def add_away_routes(api: APIRouter, backend: TavernBackend) -> None:
    @api.post("/visits")
    async def visit(_: VisitBody) -> Response:
        return answer(await backend.visit())

    @api.get("/away")
    async def away(since: Annotated[str | None, Query(max_length=64)] = None) -> Response:
        return answer(await backend.away(since))

    @api.post("/away/dismiss")
    async def dismiss(body: DismissBody) -> Response:
        return answer(await backend.dismiss_away(body.visit))

    @api.get("/notices")
    async def notices(
        after: Annotated[int, Query(ge=0, le=MAX_SEQ)], limit: Annotated[int, Query(ge=1, le=200)] = 100
    ) -> Response:
        return answer(await backend.notices(after, limit))
