"""What is asked of an engine and what comes back. Knows no model and no threads."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from realm.errors import RealmError, RequestError
from realm.inference.sampling import Token
from realm.rules.limits import LOGPROBS_MAX

FinishReason = Literal["stop", "length"]
"""stop = an end token or a stop string; length = max_tokens or the context is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One answer to one prompt.

    `prompt`: token ids. `max_tokens`: of the answer, its end token included; more than the context has room for is cut
    down to that. `temperature` 0 = greedy. `top_p`: the likeliest tokens that together have this probability.
    `seed` None = another one each time. `stop`: text ends before the first of these. `logprobs`: how many of the
    likeliest tokens to tell at each place, 0 = the chosen one's logprob only, None = nothing. `stream`: text is given
    out while it is made; without it, at the end. `timeout_s`: from submission.

    Raises:
        RequestError: a value is not possible.
    """

    prompt: tuple[int, ...]
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int | None = None
    stream: bool = False
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        _require(len(self.prompt) > 0, "prompt", "empty", "one token or more")
        _require(self.max_tokens > 0, "max_tokens", self.max_tokens, "1 or more")
        fine = math.isfinite(self.temperature) and self.temperature >= 0
        _require(fine, "temperature", self.temperature, "0 or more")
        _require(0 <= self.top_p <= 1, "top_p", self.top_p, "from 0 to 1")
        _require(all(self.stop), "stop", list(self.stop), "strings that are not empty")
        _require(0 <= (self.logprobs or 0) <= LOGPROBS_MAX, "logprobs", self.logprobs, f"from 0 to {LOGPROBS_MAX}")
        _require(self.timeout_s is None or self.timeout_s > 0, "timeout_s", self.timeout_s, "more than 0")

    def copies(self, n: int) -> list[GenerationRequest]:
        """The same `n` times; where a seed is given, the first has it and each other one made of it."""
        return [replace(self, seed=self.seed if not index else _derived(self.seed, index)) for index in range(n)]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, and the tokens that came since the last piece. Text that stops at a stop string has fewer characters
    than its tokens."""

    text: str
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished answer. `tokens` are without the end token; `completion_tokens` counts it, as usage does."""

    text: str
    tokens: tuple[Token, ...]
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


class Sink(Protocol):
    """Where an answer goes. Called in the thread that decodes; must not block."""

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants the answer any more."""
        ...

    def piece(self, piece: Piece) -> None: ...

    def end(self, completion: Completion) -> None: ...

    def fail(self, error: RealmError) -> None: ...


def _require(fine: bool, name: str, value: object, wanted: str) -> None:
    if not fine:
        raise RequestError(f"{name} is {value}.", f"Give {wanted}.")


def _derived(seed: int | None, index: int) -> int | None:
    if seed is None:
        return None
    return int.from_bytes(hashlib.sha256(f"{seed}/{index}".encode()).digest()[:8], "big")
