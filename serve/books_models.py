"""What the API tells of evaluations, passives, events and the training. Knows no route."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from serve.api_models import CHECKPOINT, Page, Request, Row, Time


class EvaluationRow(Row):
    """One graded batch of problems; the interval is Wilson's at 95 %."""

    id: Annotated[int, Field(examples=[318])]
    campaign_id: Annotated[str, Field(examples=["mote-1"])]
    skill_id: Annotated[str, Field(examples=["bin"])]
    level: Annotated[int, Field(examples=[4])]
    step: Annotated[int, Field(description="Campaign step of the weights.", examples=[1200])]
    n: Annotated[int, Field(examples=[100])]
    correct: Annotated[int, Field(examples=[83])]
    accuracy: Annotated[float, Field(examples=[0.83])]
    low: Annotated[float, Field(examples=[0.745])]
    high: Annotated[float, Field(examples=[0.891])]
    seed: int
    fold: int
    job_id: Annotated[str, Field(description="The job that asked.", examples=["41"])]
    created_at: Time
    checkpoint_id: Annotated[str | None, Field(description="null for a snapshot.", examples=[CHECKPOINT])] = None
    battle_id: Annotated[str | None, Field(description="Battle of the snapshot.")] = None
    duration_s: float
    review_level: Annotated[int | None, Field(description="Mastered level that was asked beside.")] = None
    review_n: int
    review_correct: int
    mastered_level: Annotated[int | None, Field(description="Level that it mastered.")] = None


class Evaluations(Page):
    evaluations: Annotated[list[EvaluationRow], Field(description="Newest first.")]


class PoolRow(Row):
    step: int
    n: int
    correct: int
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None


class PassiveRow(Row):
    id: Annotated[str, Field(examples=["arithmetic"])]
    title: str
    version: int
    runs: Annotated[list[dict[str, Any]], Field(description="Newest results, by step.")]
    pooled: Annotated[PoolRow | None, Field(description="The last ten LITE results together.")] = None
    peak: Annotated[PoolRow | None, Field(description="The best pool so far.")] = None
    warning: Annotated[Any, Field(description="What fell from where, while it is below its peak.")] = None


class Passives(Page):
    passives: list[PassiveRow]


class EventRow(Row):
    seq: Annotated[int, Field(description="Grows with every event.", examples=[1042])]
    at: Time
    kind: Annotated[str, Field(examples=["checkpoint.saved"])]
    title: Annotated[str, Field(examples=["Checkpoint saved: step 1200"])]
    detail: str
    data: dict[str, Any] = {}


class Events(Row):
    events: Annotated[list[EventRow], Field(description="Oldest first.")]
    next_after: Annotated[int, Field(description="`after` of the next question.", examples=[1042])]


class TrainingStatus(Row):
    campaign: Annotated[dict[str, Any] | None, Field(description="The active campaign.")] = None
    battle: Annotated[dict[str, Any] | None, Field(description="The battle with its state, quest, losses and speed.")]
    attempts: Annotated[list[dict[str, Any]], Field(description="Its attempts, oldest first.")] = []
    quests: Annotated[
        dict[str, int], Field(description="Quests by status.", examples=[{"queued": 1, "active": 1}])
    ] = {}


class TrainingQueue(Page):
    quests: Annotated[list[dict[str, Any]], Field(description="In the order in which they are fought.")]


class ControlRequest(Request):
    action: Annotated[
        Literal["pause", "resume", "stop"],
        Field(description="pause and stop save a checkpoint at the next step.", examples=["pause"]),
    ]


class Controlled(Row):
    state: Annotated[str, Field(examples=["pausing"])]
    desired_state: Annotated[str, Field(examples=["pause"])]
