"""What each type of job needs: one model a type, from which checks, API documents and forms follow.

Does not know who does the work.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from realm.rules.limits import MAX_PROBLEMS
from realm.rules.passives import PassiveMode

MAX_EXAMPLES: Final = 100_000
MAX_PROMPT_CHARS: Final = 20_000
MAX_ID_CHARS: Final = 160
MAX_PATH_CHARS: Final = 1024
MAX_SEED: Final = 2**53
"""The largest whole number that every reader of JSON keeps."""
NEWEST: Final = "newest"
"""Payload value of `weights`: whichever are the newest when the job runs."""

Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]
Path = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_PATH_CHARS,
        description="A file below the realm's data folder, or `quest:` and the id of a quest.",
        examples=["lines.jsonl"],
    ),
]
SkillId = Annotated[Id, Field(description="The skill whose problems are asked.", examples=["bin"])]
Level = Annotated[int, Field(ge=1, le=10_000, description="The level of the problems.", examples=[3])]
Count = Annotated[int, Field(ge=1, le=MAX_PROBLEMS, description="Number of problems.", examples=[100])]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED, description="Seed of the problems.")]
CheckpointId = Annotated[Id, Field(description="Its id, or its name within the active campaign.")]
StrongholdId = Annotated[Id, Field(description="Id of a stronghold, as `realm vault zones` lists them.")]


class Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WeightsPayload(Payload):
    """Whose answers are wanted: a checkpoint, the snapshot of a battle at a step, or (the default) the newest weights.

    `campaign_id` is filled in when the job is queued: the active campaign.
    """

    campaign_id: Annotated[Id | None, Field(description="The campaign that the result belongs to.")] = None
    checkpoint_id: Annotated[CheckpointId | None, Field(description="The checkpoint whose weights answer.")] = None
    battle_id: Annotated[Id | None, Field(description="The battle whose snapshot answers.")] = None
    step: Annotated[int | None, Field(ge=0, le=MAX_SEED, description="The campaign step of the weights.")] = None
    weights: Annotated[
        Literal["newest"] | None, Field(description="The newest weights there are when the job runs.")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _newest_unless_named(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        named = cast(dict[str, Any], given)
        if all(named.get(name) is None for name in ("checkpoint_id", "battle_id", "weights")):
            return {**named, "weights": NEWEST}
        return named

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.battle_id is not None) and self.step is None:
            raise ValueError("battle_id needs the step of its snapshot in the field step")
        if sum(each is not None for each in (self.checkpoint_id, self.battle_id, self.weights)) > 1:
            raise ValueError("give one of checkpoint_id, battle_id and weights")
        return self


class EvalPayload(WeightsPayload):
    skill_id: SkillId
    level: Annotated[Level | None, Field(description="Unless given, the training level when the job runs.")] = None
    count: Annotated[Count | None, Field(description="The skill's own evaluation size unless given.")] = None
    seed: Seed | None = None
    fold: Annotated[int | None, Field(ge=0, le=MAX_SEED, description="Which fresh set of problems.")] = None


class ExamPayload(WeightsPayload):
    pass


class PassiveEvalPayload(WeightsPayload):
    mode: Annotated[
        PassiveMode, Field(strict=False, description="How many problems of each passive.", examples=["lite"])
    ]


class PrimitivePayload(WeightsPayload):
    primitive_id: Annotated[Id | None, Field(description="The one that is asked; without it all are.")] = None
    count: Annotated[Count, Field(description="Number of problems of each.")] = 5


class SparringPayload(WeightsPayload):
    skill_id: SkillId
    level: Annotated[Level | None, Field(description="Unless given, the training level when the job is queued.")] = None
    count: Count = 100


class InferencePayload(WeightsPayload):
    prompt: Annotated[
        str,
        Field(
            min_length=1, max_length=MAX_PROMPT_CHARS, description="What the user says.", examples=["Compute: ① + ①"]
        ),
    ]
    max_tokens: Annotated[int, Field(ge=1, le=4096, description="Tokens of the answer at most.")] = 256


class DataGenPayload(Payload):
    skill_id: Annotated[Id, Field(description="The skill whose training examples are made.", examples=["bin"])]
    count: Annotated[int, Field(ge=1, le=MAX_EXAMPLES, description="Number of examples.", examples=[1000])]
    level: Annotated[Level | None, Field(description="Unless given, the training level when the job runs.")] = None
    seed: Seed = 0
    post: Annotated[bool, Field(description="Post them as a quest, instead of a file in the data folder.")] = False


class DataFilterPayload(Payload):
    path: Path
    min_chars: Annotated[int, Field(ge=0, le=MAX_SEED, description="Of all texts of an example together.")] = 0
    max_chars: Annotated[int | None, Field(ge=1, le=MAX_SEED, description="Of all texts of an example.")] = None
    unique: Annotated[bool, Field(description="Keep the first of equal examples.")] = True


class DataConvertPayload(Payload):
    path: Path
    to: Annotated[
        Literal["jsonl", "jsonl.gz", "jsonl.zst", "parquet"], Field(description="Format of the new file.")
    ] = "jsonl.zst"


class DataFilePayload(Payload):
    path: Path


class ArchivePayload(Payload):
    source: Annotated[CheckpointId, Field(description="The checkpoint or asset that is copied.")]
    target: StrongholdId


class SyncPayload(Payload):
    source: StrongholdId
    target: StrongholdId


class RetentionPayload(Payload):
    zone: Annotated[Literal["hot", "warm", "cold"], Field(description="The zone whose policy is applied.")]


class ReportPayload(Payload):
    report_type: Annotated[
        Literal["campaign", "vault", "jobs"], Field(description="What is reported on.", examples=["campaign"])
    ]


class LayerStatsPayload(Payload):
    checkpoint_id: CheckpointId


class LayerDriftPayload(Payload):
    checkpoint_id: CheckpointId
    base_id: Annotated[CheckpointId | None, Field(description="Compared with; unless given, its parent.")] = None


class HealthCheckPayload(Payload):
    pass
