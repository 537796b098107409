"""Battles, their attempts and their metric points. Does not know how a step is trained or where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class BattleState(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        return self in (BattleState.FINISHED, BattleState.FAILED)


class DesiredState(StrEnum):
    """What a person or the CampaignDirector asked for; the attempt polls it."""

    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"


BATTLE_TRANSITIONS: Final[Mapping[BattleState, frozenset[BattleState]]] = MappingProxyType(
    {
        BattleState.STARTING: frozenset(
            {
                BattleState.RUNNING,
                BattleState.PAUSING,
                BattleState.PAUSED,
                BattleState.STOPPING,
                BattleState.FINISHED,
                BattleState.FAILED,
            }
        ),
        # Back to starting when an attempt is lost and the next one begins.
        BattleState.RUNNING: frozenset(
            {
                BattleState.STARTING,
                BattleState.PAUSING,
                BattleState.PAUSED,
                BattleState.STOPPING,
                BattleState.FINISHED,
                BattleState.FAILED,
            }
        ),
        BattleState.PAUSING: frozenset(
            {
                BattleState.STARTING,
                BattleState.RUNNING,
                BattleState.PAUSED,
                BattleState.STOPPING,
                BattleState.FINISHED,
                BattleState.FAILED,
            }
        ),
        BattleState.PAUSED: frozenset(
            {BattleState.STARTING, BattleState.STOPPING, BattleState.FINISHED, BattleState.FAILED}
        ),
        BattleState.STOPPING: frozenset({BattleState.FINISHED, BattleState.FAILED}),
        BattleState.FINISHED: frozenset(),
        BattleState.FAILED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Battle:
    """A battle: one training run. `step` is the campaign step last reported by an attempt."""

    id: str
    campaign_id: str
    number: int
    state: BattleState
    desired_state: DesiredState
    reason: str
    start_step: int
    step: int
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt: one TorchTrainer run of a battle; its id is the run's name.

    `number` counts the campaign's attempts from 1, over all of its battles. `checkpoint_id` is where it started from,
    None = from the hero's base model. `outcome` is None while it is live; "superseded" when a later attempt took over.
    `overrides`: dotted key → value of the settings of training that were not at their defaults when it started.
    """

    id: str
    battle_id: str
    campaign_id: str
    number: int
    start_step: int
    step: int
    started_at: datetime
    checkpoint_id: str | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    reason: str = ""
    overrides: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class BattlePoint:
    """Metrics at one campaign step. Rates are per second of wall time; `tokens_seen`, `examples_seen` and
    `train_seconds` count from the campaign's first step, None in points from before they were kept."""

    step: int
    at: datetime
    train_loss: float
    learning_rate: float | None = None
    tokens_per_second: float | None = None
    steps_per_second: float | None = None
    quest_id: str | None = None
    tokens_seen: int | None = None
    examples_seen: int | None = None
    train_seconds: float | None = None


def battle_id(campaign_id: str, number: int) -> str:
    """The id of a campaign's `number`-th battle, counted from 1."""
    return f"{campaign_id}-battle-{number}"


def attempt_id(campaign_id: str, number: int) -> str:
    """The id of a campaign's `number`-th attempt, counted from 1 over all battles; usable as a run name."""
    return f"{campaign_id}-attempt-{number}"
