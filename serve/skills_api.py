"""The API of the skills: problems, batches to be asked, grades. At the root one skill, under /skills/{skill_id} each.

It keeps nothing: a batch's id says which problems it was, and they are made again to be graded. Nothing is changed,
neither by GET nor by POST. It knows no hero and no record of who answered what.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Depends, FastAPI, Path, Query
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse

from realm.errors import RequestError
from realm.hosts import skill_service
from serve import problems
from serve import skills_models as models
from serve.limits import BodyLimit, Workbench, deadline
from serve.security import Guard
from skills import Engine, EvalScore, Problem, Skill
from skills.batch_id import BatchId
from skills.problem import Split

MAX_BODY_BYTES = 4_000_000
MAKING_S = 5.0
RESPONSE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
DESCRIPTION = """Problems of {name}, level by level, and their grading; under `/skills/{{skill_id}}` of every skill.

Problems follow from skill, level and seed alone. `/generate` gives problems of the train split with their answers,
`/eval` a batch of the eval split without; `/grade` grades answers to either. A batch is graded against the very
problems that were asked: its id holds a hash of them, and where the skill makes others by now it is refused (409).
Errors are `application/problem+json`."""


def create_app(
    engine: Engine,
    skill: Skill,
    ports: Mapping[str, int],
    *,
    version: str,
    allowed_hosts: set[str],
    token: str | None = None,
    read_token: str | None = None,
    workbench: Workbench | None = None,
) -> FastAPI:
    """The API of `skill`, with that of every skill of `engine` beside it. `ports`: where which skill is at the root."""
    app = FastAPI(
        title=f"{skill.name} skill API",
        version=version,
        description=DESCRIPTION.format(name=skill.name),
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        responses=problems.declared(401, 421),
        openapi_tags=[
            {"name": skill.id, "description": skill.description},
            {"name": "skills", "description": "Every skill, by its id."},
        ],
    )
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    app.add_middleware(Guard, allowed_hosts=allowed_hosts, token=token, read_token=read_token, headers=RESPONSE_HEADERS)
    problems.install(app)
    problems.describe(app)
    work = SkillWork(engine, workbench or Workbench(), version)

    # Coroutines: FastAPI runs plain functions in threads.
    async def own() -> Skill:
        return skill

    async def chosen(skill_id: Annotated[str, Path(description="Id of a skill.", examples=["bin"])]) -> Skill:
        return engine.get(skill_id)

    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse("/info", status_code=303)

    @app.get("/skills", tags=["skills"], summary="Every skill")
    async def skills() -> models.Skills:
        return models.Skills(skills=[_entry(each, ports.get(each.id)) for each in engine.list_skills()])

    app.include_router(_routes(own, work, ""), tags=[skill.id])
    app.include_router(
        _routes(chosen, work, "/skills/{skill_id}"),
        prefix="/skills/{skill_id}",
        tags=["skills"],
        responses=problems.declared(404),
    )
    return app


class SkillWork:
    """What the routes do for a skill; what takes longer than a moment is done on the workbench."""

    def __init__(self, engine: Engine, workbench: Workbench, version: str) -> None:
        self.engine = engine
        self.workbench = workbench
        self.version = version

    async def generate(self, skill: Skill, asked: models.GenerateRequest) -> models.Generated:
        made = await self.workbench.do(partial(_made, skill, asked.level, asked.count, asked.seed, "train"))
        return models.Generated(
            skill_id=skill.id,
            level=asked.level,
            split="train",
            problems=[models.ProblemModel(**{**asdict(each), "primitives": list(each.primitives)}) for each in made],
        )

    async def batch(self, skill: Skill, level: int, count: int, seed: int) -> models.EvalBatchModel:
        made = await self.workbench.do(partial(_made, skill, level, count, seed, "eval"))
        return models.EvalBatchModel(
            batch_id=str(BatchId.of(skill, level, seed, None, False, made)),
            skill_id=skill.id,
            level=level,
            max_response_chars=skill.level(level).max_response_chars,
            problems=[
                models.AskedProblem(index=each.index, prompt=each.prompt, primitives=list(each.primitives))
                for each in made
            ],
        )

    async def grade(self, skill: Skill, asked: models.BatchAnswers | models.ProblemAnswers) -> models.Graded:
        if isinstance(asked, models.BatchAnswers):
            score = await self.workbench.do(partial(self._graded_batch, skill, asked.batch_id, asked.answers))
        else:
            given = [Problem(**{**each.model_dump(), "primitives": tuple(each.primitives)}) for each in asked.problems]
            score = await self.workbench.do(partial(self._graded_problems, skill, given, asked.answers))
        return models.Graded(
            skill_id=skill.id,
            batch_id=score.batch_id,
            n=score.n,
            correct=score.correct,
            accuracy=score.accuracy,
            results=[models.GradeModel(**asdict(grade)) for grade in score.grades],
            primitives={
                primitive: models.Tally(attempts=attempts, correct=correct)
                for primitive, (attempts, correct) in score.primitives.items()
            },
        )

    def _graded_batch(self, skill: Skill, text: str, answers: list[str]) -> EvalScore:
        batch = BatchId.parse(text)
        if batch.skill_id != skill.id:
            raise RequestError(f"The batch is of skill {batch.skill_id!r}, not of {skill.id!r}.", "Ask its own API.")
        if len(answers) != batch.count:
            raise RequestError(
                f"The batch has {batch.count} problems, {len(answers)} answers were given.",
                'Give one answer a problem, in order; "" for none.',
            )
        batch.require_current(skill)
        made = _made(skill, batch.level, batch.count, batch.seed, "eval", batch.fold, batch.symbols)
        batch.require_same(made)
        return self.engine.score(skill.id, made, answers, text)

    def _graded_problems(self, skill: Skill, given: list[Problem], answers: list[str]) -> EvalScore:
        for problem in given:
            if problem.skill_id != skill.id:
                raise RequestError(
                    f"Problem {problem.index} is of skill {problem.skill_id!r}, not of {skill.id!r}.",
                    "Ask its own API.",
                )
        return self.engine.score(skill.id, given, answers)


def _made(
    skill: Skill, level: int, count: int, seed: int, split: Split, fold: int | None = None, symbols: bool = False
) -> list[Problem]:
    """`skill.generate`, unless it takes too long."""
    return skill.generate(level, count, seed, split, fold, symbols, watch=deadline(MAKING_S))


def _routes(skill_of: Callable[..., Awaitable[Skill]], work: SkillWork, at: str) -> APIRouter:
    """The six routes of the skill that `skill_of` chooses; `at` is where they are."""
    routes = APIRouter()

    @routes.get("/health", summary="Whether it answers")
    async def health(skill: Skill = Depends(skill_of)) -> models.Health:
        return models.Health(service=skill_service(skill.id), healthy=True, version=work.version)

    @routes.get("/info", summary="The skill, as its YAML says it")
    async def info(skill: Skill = Depends(skill_of)) -> models.SkillInfo:
        return _info(skill, at.format(skill_id=skill.id))

    @routes.get("/levels", summary="The ladder")
    async def levels(skill: Skill = Depends(skill_of)) -> models.Levels:
        return _levels(skill)

    @routes.post(
        "/generate",
        summary="Problems with their answers, of the train split",
        responses=problems.declared(400, 403, 404, 409, 413, 429),
    )
    async def generate(
        asked: Annotated[models.GenerateRequest, Body()], skill: Skill = Depends(skill_of)
    ) -> models.Generated:
        return await work.generate(skill, asked)

    @routes.get(
        "/eval", summary="A batch of the eval split, without answers", responses=problems.declared(400, 404, 409, 429)
    )
    async def evaluation(
        level: Annotated[models.Level, Query()],
        count: Annotated[
            models.Count | None, Query(description="The skill's own evaluation size unless given.")
        ] = None,
        seed: Annotated[models.Seed, Query()] = 0,
        skill: Skill = Depends(skill_of),
    ) -> models.EvalBatchModel:
        return await work.batch(skill, level, skill.evaluation.count if count is None else count, seed)

    @routes.post(
        "/grade",
        summary="Grades answers to a batch, or to problems that come with them",
        responses=problems.declared(400, 403, 404, 409, 413, 429),
    )
    async def grade(asked: Annotated[models.GradeRequest, Body()], skill: Skill = Depends(skill_of)) -> models.Graded:
        return await work.grade(skill, asked)

    return routes


def _info(skill: Skill, at: str) -> models.SkillInfo:
    return models.SkillInfo(
        id=skill.id,
        name=skill.name,
        version=skill.version,
        description=skill.description,
        category=skill.category,
        max_level=skill.max_level,
        evaluation=models.EvaluationInfo(**skill.evaluation.model_dump()),
        primitives=list(skill.primitives),
        passive=skill.passive,
        fingerprint=skill.fingerprint,
        links=models.Links(
            **{name: f"{at}/{name}" for name in ("health", "info", "levels", "generate", "eval", "grade")},
            skills="/skills",
            openapi="/openapi.json",
        ),
    )


def _levels(skill: Skill) -> models.Levels:
    return models.Levels(
        skill_id=skill.id,
        levels=[
            models.LevelInfo(
                level=each.level,
                title=each.title,
                memorizable=each.memorizable,
                max_response_chars=each.max_response_chars,
                primitives=list(each.primitives),
            )
            for each in skill.levels.values()
        ],
    )


def _entry(skill: Skill, port: int | None) -> models.SkillEntry:
    return models.SkillEntry(
        id=skill.id,
        name=skill.name,
        version=skill.version,
        max_level=skill.max_level,
        path=f"/skills/{skill.id}",
        port=port,
    )


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}-{route.name}" if route.tags else route.name
