"""The routes of the Guild page under /api/guild. GET changes nothing; every control calls one POST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field, StrictBool, model_validator

from realm.rules.limits import MAX_PROBLEMS
from realm.rules.passives import PassiveMode
from realm.rules.schedule import PRIORITIES, Strategy
from serve.json_answers import answer, json_answer
from serve.tavern.answers import SharedAnswer, SharedAnswers
from serve.tavern.backend import TavernBackend
from serve.tavern.routes import Body

GUILD_FRESH_S = 0.5
SKILL_FRESH_S = 1.0

Level = Annotated[int, Field(ge=1, le=10_000, strict=True)]


class StrategyBody(Body):
    strategy: Strategy
    focus: str | None = None

    @model_validator(mode="after")
    def _focus_is_named(self) -> StrategyBody:
        if (self.strategy is Strategy.FOCUS) != (self.focus is not None):
            raise ValueError("strategy 'focus', and no other, names a skill in the field focus")
        return self


class PresetBody(Body):
    preset: str


class SkillBody(Body):
    enabled: StrictBool | None = None
    priority: Annotated[int, Field(ge=PRIORITIES[0], le=PRIORITIES[-1], strict=True)] | None = None

    @model_validator(mode="after")
    def _something_changes(self) -> SkillBody:
        if self.enabled is None and self.priority is None:
            raise ValueError("give enabled, priority or both")
        return self


class EvaluateBody(Body):
    level: Level | None = None


class SparBody(Body):
    count: Annotated[int, Field(ge=1, le=MAX_PROBLEMS, strict=True)]


class PassivesBody(Body):
    mode: PassiveMode


def add_guild_routes(api: APIRouter, backend: TavernBackend, forget_state: Callable[[], None]) -> None:
    """Puts /guild on `api`. `forget_state` is called after whatever changes what /api/state tells."""
    guild = SharedAnswer(backend.guild, GUILD_FRESH_S)
    skills: SharedAnswers[tuple[str, int | None]] = SharedAnswers(lambda key: backend.guild_skill(*key), SKILL_FRESH_S)

    def changed(value: object) -> Response:
        guild.forget()
        skills.forget()
        forget_state()
        return answer(value)

    @api.get("/guild")
    async def get_guild() -> Response:
        return json_answer(await guild.body())

    @api.get("/guild/skills/{skill_id}")
    async def get_skill(skill_id: str, level: Annotated[int | None, Query(ge=1, le=10_000)] = None) -> Response:
        return json_answer(await skills.body((skill_id, level)))

    @api.get("/guild/jobs/{job_id}")
    async def get_job(job_id: str) -> Response:
        return answer(await backend.job(job_id))

    @api.post("/guild/strategy")
    async def set_strategy(body: StrategyBody) -> Response:
        return changed(await backend.set_strategy(body.strategy, body.focus))

    @api.post("/guild/preset")
    async def set_preset(body: PresetBody) -> Response:
        return changed(await backend.set_preset(body.preset))

    @api.post("/guild/skills/{skill_id}")
    async def set_skill(skill_id: str, body: SkillBody) -> Response:
        return changed(await backend.set_skill(skill_id, body.enabled, body.priority))

    @api.post("/guild/skills/{skill_id}/evaluate")
    async def evaluate(skill_id: str, body: EvaluateBody) -> Response:
        return changed(await backend.evaluate(skill_id, body.level))

    @api.post("/guild/skills/{skill_id}/spar")
    async def spar(skill_id: str, body: SparBody) -> Response:
        return changed(await backend.spar(skill_id, body.count))

    @api.post("/guild/passives/run")
    async def run_passives(body: PassivesBody) -> Response:
        return changed(await backend.run_passives(body.mode))

    @api.post("/guild/jobs/{job_id}/cancel")
    async def cancel_job(job_id: str) -> Response:
        return changed(await backend.cancel_job(job_id))
