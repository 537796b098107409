"""Sparring sessions, and when the data they made is too old. Does not know problems, prompts or the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from realm.errors import RealmError

ORIGIN: Final = "sparring"
"""Origin of the quests that sparring makes."""


@dataclass(frozen=True, slots=True)
class SparringSession:
    """A hero asked, its mistakes shown to it, and asked again. `id` is 0 until it is recorded.

    `first_correct` of `n` problems were right at the first try, `second_correct` of the `mistakes` at the second.
    `quest_id` is the quest made of the mistakes; without one, `reason` says why.
    """

    campaign_id: str
    skill_id: str
    level: int
    step: int
    n: int
    first_correct: int
    second_correct: int
    job_id: str
    at: datetime
    checkpoint_id: str | None = None
    battle_id: str | None = None
    examples: int = 0
    quest_id: str | None = None
    reason: str = ""
    duration_s: float = 0.0
    id: int = 0

    def __post_init__(self) -> None:
        if self.n < 1 or not 0 <= self.first_correct <= self.n or not 0 <= self.second_correct <= self.mistakes:
            raise RealmError(
                f"A sparring session has n={self.n}, first_correct={self.first_correct}, "
                f"second_correct={self.second_correct}.",
                "n is 1 or more, first_correct 0 to n, second_correct 0 to the mistakes.",
            )

    @property
    def mistakes(self) -> int:
        return self.n - self.first_correct

    @property
    def first_accuracy(self) -> float:
        return self.first_correct / self.n

    @property
    def second_accuracy(self) -> float | None:
        """Of the mistakes; None without any."""
        return self.second_correct / self.mistakes if self.mistakes else None


def provenance(payload: Mapping[str, Any], skill_id: str, level: int, at: datetime) -> dict[str, Any]:
    """Where a sparring example comes from: the weights that erred, when they were asked, what they were asked."""
    if payload.get("checkpoint_id") is not None:
        weights: dict[str, Any] = {"checkpoint_id": payload["checkpoint_id"]}
    else:
        weights = {"battle_id": payload["battle_id"]}
    return {**weights, "step": payload["step"], "at": at.isoformat(), "skill": skill_id, "level": level}


def expired(made_at_step: int, step: int, max_age_steps: int) -> str:
    """Why mistakes made at `made_at_step` are too old for a hero at `step`; "" while they are not."""
    age = step - made_at_step
    if age <= max_age_steps:
        return ""
    return f"the hero is {age} steps beyond these mistakes, at most {max_age_steps} are allowed"
