"""What the battle's step loop asks of the world and tells it. Knows no loop, and nobody who answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from realm.rules.interventions import UNCHANGED, TrainingChange
from realm.training.checkpoints import SavedCheckpoint
from realm.training.quest_feed import Ticket


@dataclass(frozen=True, slots=True)
class Orders:
    """What the battle is asked to do: `end_quest` names a quest to leave at the next step, with the reason. `change` is
    that of the intervention under way."""

    state: Literal["run", "pause", "stop"] = "run"
    end_quest: str | None = None
    end_reason: str = ""
    change: TrainingChange = UNCHANGED


@dataclass(frozen=True, slots=True)
class QuestOutcome:
    """A quest fought: all its steps, or ended early (`ended_by` says why).

    `gap_s`: seconds from the end of the last step before it to the start of its first one; None when nothing was
    trained right before it (the first quest of an attempt, or after an empty board).
    """

    quest_id: str
    first_step: int
    last_step: int
    steps_fought: int
    ended_by: str
    train_loss: float | None
    heldout_loss: float | None
    gap_s: float | None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Means since the last message. Losses in nats a token."""

    step: int
    quest_id: str
    quest_step: int
    quest_steps_total: int
    train_loss: float
    learning_rate: float
    steps_per_second: float
    tokens_per_second: float
    tokens_seen: int
    examples_seen: int
    train_seconds: float
    """As `Progress` has them."""


class BattlePorts(Protocol):
    """Everything outside the loop. Called on rank 0 only, but for `read_shard`."""

    def claim(self) -> Ticket | None:
        """The next quest, now this battle's, or None when the board is empty."""
        ...

    def peek(self) -> Ticket | None:
        """The quest that `claim` would probably give next."""
        ...

    def read_shard(self, quest_id: str, index: int) -> Any: ...

    def began(self, ticket: Ticket, first_step: int, steps_total: int) -> None: ...

    def fought(self, outcome: QuestOutcome) -> None: ...

    def failed(self, quest_id: str, reason: str) -> None: ...

    def orders(self) -> Orders:
        """Without waiting."""
        ...

    def metrics(self, metrics: Metrics) -> None: ...

    def snapshot(self, step: int, weights: dict[str, np.ndarray]) -> None: ...

    def checkpoint_place(self, step: int) -> tuple[Path, dict[str, Any]]:
        """The folder to write, and what to save in its meta data beside what the loop knows."""
        ...

    def checkpointed(self, saved: SavedCheckpoint) -> None:
        """Called on the writing thread."""
        ...
