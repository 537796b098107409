"""The realm's own routes about the Oracle: its state, what it holds, problems to ask. They know a Keeper."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import Field

from realm.errors import RequestError
from realm.rules.limits import SPARE_TOKENS
from serve.api_models import Id, Request, Row, Time
from serve.api_routes import reads, router, writes
from serve.json_answers import answer
from serve.limits import Workbench
from serve.oracle.backend import Keeper
from serve.vault_backend import IdempotencyKeys
from skills import get_engine
from skills.catalog import Skill
from skills.problem import Problem

MAX_SEED = 2**53 - 1
"""JavaScript's largest whole number."""
MAX_ANSWER = 100_000

Seed = Annotated[int, Field(ge=0, le=MAX_SEED, examples=[17])]
Level = Annotated[int, Field(ge=1, le=1000, examples=[5])]


class Alias(Row):
    checkpoint_id: Id
    sha256: str
    step: int


class LoadedRow(Row):
    checkpoint_id: Id
    sha256: str
    step: int
    size_bytes: Annotated[int, Field(description="Weights and the largest cache that it may come to have.")]
    rows: Annotated[int, Field(description="Answers under way.")]
    waiting: int
    tokens: Annotated[int, Field(description="Made since it was loaded.")]
    last_used_at: Time
    champion: bool


class OracleStatus(Row):
    state: Annotated[str, Field(description="asleep, waking, loading, ready, failed or elsewhere.", examples=["ready"])]
    detail: str
    url: str
    replicas: Annotated[int, Field(description="Processes that hold weights.")]
    champion: Alias | None
    latest: Alias | None
    loaded: list[LoadedRow]
    memory_bytes: int
    memory_budget_bytes: int
    idle_s: Annotated[float | None, Field(description="Since the last question; None while asleep.")]
    sleeps_after_s: float | None
    tokens: int


class ModelRequest(Request):
    model: Annotated[str, Field(min_length=1, max_length=300, examples=["champion"])]


class ProblemRow(Row):
    skill: Id
    level: Level
    seed: Seed
    prompt: str
    max_tokens: Annotated[int, Field(description="Characters of the longest right answer, and some more.")]


class GradeRequest(Request):
    skill: Id
    level: Level
    seed: Seed
    answer: Annotated[str, Field(max_length=MAX_ANSWER)]


class Graded(Row):
    correct: bool
    expected: str
    reason: str


def oracle_router(backend: Keeper, keys: IdempotencyKeys) -> APIRouter:
    """The routes over `backend`."""
    routes = router(keys, "oracle")
    workbench = Workbench()

    @routes.get("/oracle", **reads("How the Oracle is, and what it holds", OracleStatus))
    async def status() -> Response:
        return answer(await backend.status())

    @routes.post("/oracle/load", **writes("Have a checkpoint in memory", OracleStatus, 404, 429, status=202))
    async def load(asked: Annotated[ModelRequest, Body()]) -> Response:
        return answer(await backend.load(asked.model), 202)

    @routes.post("/oracle/unload", **writes("Let a checkpoint go", OracleStatus, 404))
    async def unload(asked: Annotated[ModelRequest, Body()]) -> Response:
        return answer(await backend.unload(asked.model))

    @routes.get("/oracle/problem", **reads("Draw a problem of a skill", ProblemRow, 404))
    async def problem(
        skill: Annotated[Id, Query(examples=["bin"])],
        level: Annotated[int | None, Query(ge=1, le=1000, description="The one in training unless given.")] = None,
        seed: Annotated[int | None, Query(ge=0, le=MAX_SEED)] = None,
    ) -> Response:
        found = get_engine().get(skill)
        chosen = level or await backend.training_level(skill) or 1
        drawn = secrets.randbits(32) if seed is None else seed
        made = await workbench.do(lambda: _problem(found, chosen, drawn))
        most = found.levels[chosen].max_response_chars + SPARE_TOKENS
        row = {"skill": skill, "level": chosen, "seed": drawn, "prompt": made.prompt, "max_tokens": most}
        return answer(row)

    @routes.post("/oracle/grade", **writes("Grade an answer to a drawn problem", Graded, 404))
    async def grade(asked: Annotated[GradeRequest, Body()]) -> Response:
        skill = get_engine().get(asked.skill)
        found = await workbench.do(lambda: skill.grade(_problem(skill, asked.level, asked.seed), asked.answer))
        return answer({"correct": found.correct, "expected": found.expected, "reason": found.reason})

    return routes


def _problem(skill: Skill, level: int, seed: int) -> Problem:
    """The problem of a seed, of those that no training sees."""
    if level not in skill.levels:
        raise RequestError(f"Skill {skill.id} has no level {level}.", f"It has {len(skill.levels)}.")
    return skill.generate(level, 1, seed, "eval")[0]
