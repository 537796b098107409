"""What the models of the realm's API share. Knows no route."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_PAGE = 200
MAX_OFFSET = 10**9
MAX_ID_CHARS = 160
CHECKPOINT = "mote-1/checkpoint-1200-20260401-1810"
EXPORT = "mote-1-checkpoint-1200-20260401-1810"
AT = "2026-04-01T18:10:07+00:00"
SHA256 = "9c3ab8d0e4f517269c3ab8d0e4f517269c3ab8d0e4f517269c3ab8d0e4f51726"


def _whole(value: Any) -> Any:
    """2.0 is an integer in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]
CheckpointName = Annotated[
    Id,
    Field(description="Its id, or its name within the active campaign.", examples=[CHECKPOINT, "checkpoint-1200"]),
]
StrongholdId = Annotated[Id, Field(description="As /api/zones lists them; `home` is the realm's own folder.")]
Zone = Literal["hot", "warm", "cold"]
Bytes = Annotated[int, Field(ge=0, examples=[1_720_320])]
Time = Annotated[str, Field(examples=[AT])]
Metrics = Annotated[
    str,
    Field(
        pattern=r"^(exam_accuracy|val_loss|perplexity|train_loss|skill:[\w.@-]{1,100})$",
        description="exam_accuracy, val_loss, perplexity, train_loss, or skill:ID for the exam accuracy of one skill.",
        examples=["exam_accuracy", "skill:bin"],
    ),
]


class Request(BaseModel):
    """What comes with a request: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Row(BaseModel):
    """What is answered. The realm may come to tell more of a thing."""

    model_config = ConfigDict(extra="allow")


class Page(Row):
    """One page of a list."""

    total: Annotated[int, Field(ge=0, description="Of all pages.", examples=[1])]
    limit: Annotated[int, Field(ge=1, examples=[50])]
    offset: Annotated[int, Field(ge=0, examples=[0])]


class Health(Row):
    service: Annotated[str, Field(examples=["vault-api"])]
    healthy: Literal[True]
    version: Annotated[str, Field(description="Of the realm.", examples=["0.1.0"])]
