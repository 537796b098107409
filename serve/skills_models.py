"""What the skills' APIs take and answer. Knows no route."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from skills.skill import MAX_SEED

MAX_COUNT = 1000
MAX_CHARS = 20_000
"""Of one answer, and of one text of a problem."""

BATCH_ID = "bin-1-2-7-7cd9519f-2510d4430fbee1cc-254792ad"
"""Of two problems of BIN; another one with each change of its YAML or of what it asks."""


def _whole(value: Any) -> Any:
    """2.0 is an integer in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
Level = Annotated[int, WHOLE, Field(description="1 to the skill's max_level; another one answers 404.", examples=[1])]
Count = Annotated[int, Field(ge=1, le=MAX_COUNT, description="How many problems.", examples=[2]), WHOLE]
Seed = Annotated[
    int,
    Field(ge=0, le=MAX_SEED),
    # FastAPI writes a maximum as a float, which 2**63 - 1 is not.
    WithJsonSchema({"type": "integer", "format": "int64", "minimum": 0}),
    Field(description="The same seed gives the same problems; a larger count adds to them."),
    WHOLE,
]
Text = Annotated[str, Field(max_length=MAX_CHARS)]
Answers = Annotated[
    list[Text],
    Field(
        min_length=1,
        max_length=MAX_COUNT,
        description='One answer a problem, in order; "" for none. What follows the last </think> counts.',
        examples=[["①⓪", "I do not know"]],
    ),
]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Health(Model):
    service: Annotated[str, Field(examples=["skill-api-bin"])]
    healthy: Literal[True]
    version: Annotated[str, Field(description="Of the realm.", examples=["0.1.0"])]


class EvaluationInfo(Model):
    count: Annotated[int, Field(description="Problems of one evaluation.", examples=[100])]
    threshold: Annotated[float, Field(description="Mean accuracy of three that masters a level.", examples=[0.8])]


class Links(Model):
    """Paths on this port."""

    health: Annotated[str, Field(examples=["/health"])]
    info: Annotated[str, Field(examples=["/info"])]
    levels: Annotated[str, Field(examples=["/levels"])]
    generate: Annotated[str, Field(description="POST.", examples=["/generate"])]
    eval: Annotated[str, Field(examples=["/eval"])]
    grade: Annotated[str, Field(description="POST.", examples=["/grade"])]
    skills: Annotated[str, Field(description="All skills.", examples=["/skills"])]
    openapi: Annotated[str, Field(description="This API as OpenAPI.", examples=["/openapi.json"])]


class SkillInfo(Model):
    """The skill as its YAML says it."""

    id: Annotated[str, Field(examples=["bin"])]
    name: Annotated[str, Field(examples=["BIN"])]
    version: Annotated[int, Field(description="Raised with every change of the problems.", examples=[1])]
    description: Annotated[str, Field(examples=["Binary arithmetic in circled digits"])]
    category: Annotated[str, Field(examples=["arithmetic"])]
    max_level: Annotated[int, Field(examples=[30])]
    evaluation: EvaluationInfo
    primitives: Annotated[
        list[str], Field(description="All that its levels exercise.", examples=[["binary/bitwise_and@1"]])
    ]
    passive: Annotated[
        str | None, Field(description="Measures the nearest untrained ability.", examples=["binary_arithmetic"])
    ]
    fingerprint: Annotated[str, Field(description="Hash of the whole YAML entry.")]
    links: Links


class LevelInfo(Model):
    level: Annotated[int, Field(examples=[1])]
    title: Annotated[str, Field(examples=["inc, 2 bits"])]
    memorizable: Annotated[
        bool, Field(description="Fewer than 300 distinct eval problems: both splits draw from all of them.")
    ]
    max_response_chars: Annotated[int, Field(description="Of the longest right answer, its working included.")]
    primitives: list[str]


class Levels(Model):
    skill_id: Annotated[str, Field(examples=["bin"])]
    levels: list[LevelInfo]


class SkillEntry(Model):
    id: Annotated[str, Field(examples=["bin"])]
    name: Annotated[str, Field(examples=["BIN"])]
    version: Annotated[int, Field(examples=[1])]
    max_level: Annotated[int, Field(examples=[30])]
    path: Annotated[str, Field(description="Of its API on this port.", examples=["/skills/bin"])]
    port: Annotated[int | None, Field(description="Where its API is at the root, if anywhere.", examples=[8090])]


class Skills(Model):
    skills: list[SkillEntry]


class GenerateRequest(Model):
    level: Level
    count: Count = 10
    seed: Seed = 0


class ProblemModel(Model):
    """A problem with its right answer."""

    skill_id: Annotated[str, Field(max_length=100, examples=["bin"])]
    level: Annotated[int, WHOLE, Field(examples=[1])]
    seed: Annotated[int, WHOLE, Field(examples=[7])]
    index: Annotated[int, WHOLE, Field(description="Its place in the stream of that seed.", examples=[0])]
    prompt: Annotated[Text, Field(examples=["Compute: ①⓪ + ①"])]
    answer: Annotated[Text, Field(examples=["①①"])]
    working: Annotated[Text, Field(description='What goes between <think> and </think> before the answer, or "".')]
    primitives: Annotated[
        list[Annotated[str, Field(max_length=200)]],
        Field(max_length=100, description="What it exercises.", examples=[["binary/binary_add_no_carry@1"]]),
    ]
    key: Annotated[Text, Field(description="What is asked, whatever its wording.", examples=["add 2 1"])]
    extra: Annotated[Text, Field(description='What else its grader needs to know it by, or "".')]


class Generated(Model):
    skill_id: Annotated[str, Field(examples=["bin"])]
    level: int
    split: Literal["train"]
    problems: list[ProblemModel]


class AskedProblem(Model):
    """A problem without its answer."""

    index: Annotated[int, Field(examples=[0])]
    prompt: Annotated[str, Field(examples=["Compute: ①⓪ + ①"])]
    primitives: list[str]


class EvalBatchModel(Model):
    batch_id: Annotated[
        str,
        Field(description="Names exactly these problems; /grade takes it, also after a restart.", examples=[BATCH_ID]),
    ]
    skill_id: Annotated[str, Field(examples=["bin"])]
    level: int
    max_response_chars: Annotated[int, Field(description="Of the longest right answer, its working included.")]
    problems: list[AskedProblem]


class BatchAnswers(Model):
    """Answers to a batch of /eval."""

    batch_id: Annotated[str, Field(max_length=300, examples=[BATCH_ID])]
    answers: Answers


class ProblemAnswers(Model):
    """Answers to problems as /generate gave them."""

    problems: Annotated[list[ProblemModel], Field(min_length=1, max_length=MAX_COUNT)]
    answers: Answers


def _form(body: Any) -> str:
    return "problems" if isinstance(body, dict) and "problems" in body else "batch"


GradeRequest = Annotated[
    Annotated[BatchAnswers, Tag("batch")] | Annotated[ProblemAnswers, Tag("problems")], Discriminator(_form)
]


class GradeModel(Model):
    correct: bool
    extracted: Annotated[str, Field(description='The final answer found, "" for none.', examples=["①①"])]
    expected: Annotated[str, Field(examples=["①①"])]
    reason: Annotated[str, Field(examples=["Equal to the expected answer."])]


class Tally(Model):
    attempts: int
    correct: int


class Graded(Model):
    skill_id: Annotated[str, Field(examples=["bin"])]
    batch_id: Annotated[str | None, Field(description="null for problems that came with the request.")]
    n: int
    correct: int
    accuracy: Annotated[float, Field(description="correct ÷ n.")]
    results: Annotated[list[GradeModel], Field(description="One an answer, in order.")]
    primitives: Annotated[dict[str, Tally], Field(description="By primitive: problems that exercise it.")]
