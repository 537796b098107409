"""Requests as OpenAI's API has them, checked, and as questions to a replica. Knows no model.

https://platform.openai.com/docs/api-reference. Fields that would change the answer and are not supported are refused;
fields that would not, as `user`, are read over.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from realm.rules.limits import LOGPROBS_MAX

CHAMPION, LATEST = "champion", "latest"
MAX_CHOICES = 16
MAX_STOPS = 16
MAX_TEXT = 4_000_000
MAX_MESSAGES = 10_000
COMPLETION_TOKENS = 16
"""What OpenAI's completions give when max_tokens is not said."""


class Question(TypedDict):
    """What a replica is asked. `prompt` or `messages`, the other None; `max_tokens` None = as the context has room."""

    model: str
    prompt: str | None
    messages: list[dict[str, str]] | None
    max_tokens: int | None
    temperature: float
    top_p: float
    seed: int
    stop: list[str]
    n: int
    logprobs: int | None
    stream: bool
    timeout_s: float


class TextPart(BaseModel):
    type: Literal["text"]
    text: Annotated[str, Field(max_length=MAX_TEXT)]


class ChatMessage(BaseModel):
    """A turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, Field(max_length=MAX_TEXT)] | list[TextPart]

    def as_text(self) -> dict[str, str]:
        """The turn as templates take it."""
        parts = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return {"role": "system" if self.role == "developer" else self.role, "content": parts}


class StreamOptions(BaseModel):
    include_usage: bool = False


class ResponseFormat(BaseModel):
    type: Literal["text"]


class Asked(BaseModel):
    """What both kinds of request have."""

    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, Field(min_length=1, max_length=300, examples=["champion"])]
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: Annotated[float | None, Field(ge=0, le=100, allow_inf_nan=False)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)] = None
    max_tokens: Annotated[int | None, Field(ge=1, examples=[64])] = None
    stop: str | list[str] | None = None
    seed: Annotated[int | None, Field(ge=-(2**63), lt=2**64)] = None
    n: Annotated[int | None, Field(ge=1, le=MAX_CHOICES)] = None
    presence_penalty: Annotated[float | None, Field(ge=0, le=0, description="Not supported.")] = None
    frequency_penalty: Annotated[float | None, Field(ge=0, le=0, description="Not supported.")] = None
    logit_bias: Annotated[dict[str, float] | None, Field(max_length=0, description="Not supported.")] = None

    @field_validator("stop")
    @classmethod
    def _stops(cls, value: str | list[str] | None) -> str | list[str] | None:
        stops = [value] if isinstance(value, str) else value or []
        if len(stops) > MAX_STOPS or any(not stop for stop in stops):
            raise ValueError(f"give at most {MAX_STOPS} strings, none of them empty")
        return value

    def shared(self, timeout_s: float) -> dict[str, Any]:
        """The fields of a question that both kinds give alike. Without a seed one is drawn, so that a process that is
        lost can be replaced by another that says the same."""
        return {
            "model": self.model,
            "temperature": 1.0 if self.temperature is None else self.temperature,
            "top_p": 1.0 if self.top_p is None else self.top_p,
            "seed": secrets.randbits(63) if self.seed is None else self.seed,
            "stop": [self.stop] if isinstance(self.stop, str) else self.stop or [],
            "n": self.n or 1,
            "stream": self.stream,
            "timeout_s": timeout_s,
        }

    @property
    def tells_usage(self) -> bool:
        """Whether the last chunk of a stream is to have the usage: unless it was refused."""
        return self.stream_options is None or self.stream_options.include_usage


class ChatRequest(Asked):
    """POST /v1/chat/completions."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    max_completion_tokens: Annotated[int | None, Field(ge=1)] = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=LOGPROBS_MAX)] = None
    tools: Annotated[list[Any] | None, Field(max_length=0, description="Not supported.")] = None
    response_format: ResponseFormat | None = None

    @model_validator(mode="after")
    def _orders(self) -> ChatRequest:
        roles = ["system" if each.role == "developer" else each.role for each in self.messages]
        talk = roles[1:] if roles[0] == "system" else roles
        if "system" in talk:
            raise ValueError("messages: a system message comes first, and there is one at most")
        wanted = [("user", "assistant")[place % 2] for place in range(len(talk))]
        if talk != wanted or len(talk) % 2 == 0:
            said = ", ".join(roles[:10])
            raise ValueError(f"messages: the roles are {said}; user and assistant take turns, the last is user")
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs: needs logprobs to be true")
        return self

    def question(self, timeout_s: float) -> Question:
        return Question(
            **self.shared(timeout_s),
            prompt=None,
            messages=[message.as_text() for message in self.messages],
            max_tokens=self.max_completion_tokens or self.max_tokens,
            logprobs=(self.top_logprobs or 0) if self.logprobs else None,
        )


class CompletionRequest(Asked):
    """POST /v1/completions."""

    prompt: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, examples=["①+②="])]
    logprobs: Annotated[int | None, Field(ge=0, le=LOGPROBS_MAX)] = None
    echo: Annotated[Literal[False] | None, Field(description="Not supported.")] = None
    best_of: Annotated[int | None, Field(ge=1, le=1, description="Not supported.")] = None
    suffix: Annotated[str | None, Field(max_length=0, description="Not supported.")] = None

    def question(self, timeout_s: float) -> Question:
        return Question(
            **self.shared(timeout_s),
            prompt=self.prompt,
            messages=None,
            max_tokens=COMPLETION_TOKENS if self.max_tokens is None else self.max_tokens,
            logprobs=self.logprobs,
        )
