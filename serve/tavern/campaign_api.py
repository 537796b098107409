"""The routes of the Campaign page under /api/campaigns. GET changes nothing; every button calls one POST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from realm.rules.comparison import CsvTable, to_csv
from serve.json_answers import answer, json_answer
from serve.tavern.answers import SharedAnswer, SharedAnswers
from serve.tavern.backend import TavernBackend
from serve.tavern.routes import Body

LIST_FRESH_S = 0.5
RECORD_FRESH_S = 1.0
COMPARISON_FRESH_S = 1.0
MAX_IDS = 4000
"""Characters that campaigns to compare are named in."""

Action = Literal["activate", "pause", "archive", "restore", "delete"]
Ids = Annotated[str, Query(min_length=1, max_length=MAX_IDS)]
Name = Annotated[str, Field(min_length=1, max_length=160)]


class NewBody(Body):
    """Whose campaign, and with which weights it begins: the hero's base model unless a checkpoint is named."""

    hero: Name | None = None
    checkpoint: Name | None = None
    note: Annotated[str, Field(max_length=10_000)] = ""


class ChangeBody(Body):
    """Nothing to say but what the path says."""


class ReopenBody(Body):
    skill_id: Name | None = None


class MilestoneBody(Body):
    """A note to the milestone `key`, None to take it back; without a key, a milestone of one's own."""

    key: Annotated[str, Field(min_length=1, max_length=400)] | None = None
    title: Annotated[str, Field(max_length=10_000)] = ""
    note: Annotated[str, Field(max_length=10_000)] | None = None


def add_campaign_routes(api: APIRouter, backend: TavernBackend, forget_state: Callable[[], None]) -> None:
    """Puts /campaigns on `api`. `forget_state` is called after whatever changes what /api/state tells."""
    campaigns = SharedAnswer(backend.campaigns, LIST_FRESH_S)
    records: SharedAnswers[str] = SharedAnswers(backend.campaign, RECORD_FRESH_S)

    async def compared(ids: tuple[str, ...]) -> dict[str, object]:
        return {"campaigns": await backend.compare_campaigns(list(ids))}

    comparisons: SharedAnswers[tuple[str, ...]] = SharedAnswers(compared, COMPARISON_FRESH_S)

    def changed(value: object) -> Response:
        for kept in (campaigns, records, comparisons):
            kept.forget()
        forget_state()
        return answer(value)

    @api.get("/campaigns")
    async def get_campaigns() -> Response:
        return json_answer(await campaigns.body())

    @api.get("/campaigns/compare")
    async def compare(ids: Ids) -> Response:
        return json_answer(await comparisons.body(_named(ids)))

    @api.get("/campaigns/compare.csv")
    async def compare_csv(ids: Ids, table: CsvTable = "levels") -> Response:
        text = to_csv(table, await backend.compare_campaigns(list(_named(ids))))
        headers = {"Content-Disposition": f'attachment; filename="{table}.csv"', "Cache-Control": "no-store"}
        return Response(f"{text}\n", media_type="text/csv; charset=utf-8", headers=headers)

    @api.get("/campaigns/{campaign_id}")
    async def get_campaign(campaign_id: str) -> Response:
        return json_answer(await records.body(campaign_id))

    @api.post("/campaigns")
    async def begin(body: NewBody) -> Response:
        return changed(await backend.begin_campaign(body.hero, body.checkpoint, body.note))

    @api.post("/campaigns/{campaign_id}/reopen")
    async def reopen(campaign_id: str, body: ReopenBody) -> Response:
        return changed(await backend.reopen_campaign(campaign_id, body.skill_id))

    @api.post("/campaigns/{campaign_id}/milestones")
    async def note_milestone(campaign_id: str, body: MilestoneBody) -> Response:
        return changed(await backend.note_milestone(campaign_id, body.key, body.title, body.note))

    @api.post("/campaigns/{campaign_id}/{action}")
    async def change(campaign_id: str, action: Action, _: ChangeBody) -> Response:
        return changed(await backend.change_campaign(campaign_id, action))


def _named(ids: str) -> tuple[str, ...]:
    return tuple(each for each in (part.strip() for part in ids.split(",")) if each)
