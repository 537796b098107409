"""Losses and rates of the newest steps, read only when asked: reading a loss waits for a GPU."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

import torch

from realm.training.engine import StepResult

LOSS_WINDOW = 50
"""Steps over which the train loss of a checkpoint is averaged."""


@dataclass
class Meter:
    """Steps since the last message, and the last LOSS_WINDOW steps."""

    since: list[StepResult] = field(default_factory=list)
    window: deque[StepResult] = field(default_factory=lambda: deque(maxlen=LOSS_WINDOW))
    started: float = field(default_factory=time.monotonic)

    def add(self, result: StepResult) -> None:
        self.since.append(result)
        self.window.append(result)

    def wait(self) -> None:
        """Time without a quest is no time of training."""
        if not self.since:
            self.started = time.monotonic()

    def window_loss(self, steps: int = LOSS_WINDOW) -> float | None:
        """Mean over the newest `steps` of the window."""
        return _mean_loss(list(self.window)[-steps:]) if steps else None

    def learning_rate(self) -> float | None:
        return self.window[-1].learning_rate if self.window else None

    def flush(self) -> tuple[float, float, float]:
        """Train loss, steps/s and non-padding tokens/s since the last flush."""
        now = time.monotonic()
        elapsed = max(now - self.started, 1e-9)
        loss = _mean_loss(self.since) or 0.0
        rates = len(self.since) / elapsed, sum(result.tokens for result in self.since) / elapsed
        self.since, self.started = [], now
        return loss, *rates


def _mean_loss(results: list[StepResult]) -> float | None:
    tokens = sum(result.trained_tokens for result in results)
    if not tokens:
        return None
    return float(torch.stack([result.loss_sum for result in results]).sum()) / tokens
