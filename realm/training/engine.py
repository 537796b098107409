"""One optimizer step at a time on a hero, and everything that must be saved to go on bit-identically.

Knows no quests, no files and no Ray. Under torch.distributed each worker trains its rows of every batch.
"""

from __future__ import annotations

import random
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, cast

import torch
from accelerate import Accelerator
from torch import nn

from realm.models.hero import Hero
from realm.models.labels import IGNORE
from realm.models.loss import LossModel
from realm.training.batches import Batch, Lane, joined
from realm.training.optimizers import AveragedWeights, OptimizerSet, OptimizerSettings

GPU_LANE_TOKENS = 4096
"""Of one forward pass on a GPU: at a vocabulary of 152k their logits are 2.5 GB in float32."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """`loss_sum` and `trained_tokens` are of this worker's rows; their quotient is the train loss in nats a token."""

    loss_sum: torch.Tensor
    trained_tokens: int
    tokens: int
    learning_rate: float


class TrainingEngine:
    """Trains one hero step by step."""

    def __init__(
        self, hero: Hero, optimizer: OptimizerSettings, *, clip_norm: float, ema_decay: float, first_step: int = 0
    ) -> None:
        self.hero = hero
        self.step_number = first_step
        """Campaign steps done."""
        self.clip_norm = clip_norm
        self.accelerator = Accelerator(
            cpu=hero.device.type == "cpu", mixed_precision="bf16" if hero.device.type == "cuda" else "no"
        )
        hero.model.train()
        self.optimizers = OptimizerSet(hero.model, optimizer)
        self.loss_model: nn.Module = self.accelerator.prepare(LossModel(hero.model))
        self.average = AveragedWeights(hero.model.parameters(), ema_decay)

    @property
    def rank(self) -> int:
        return self.accelerator.process_index

    @property
    def world_size(self) -> int:
        return self.accelerator.num_processes

    def step(self, batch: Batch, rate: float = 1.0) -> StepResult:
        """One optimizer step on this worker's rows of `batch`, at a share `rate` of the scheduled learning rate."""
        mine = [self._mine(lane) for lane in self._lanes(batch)]
        # DDP averages gradients over workers; times their number it is the mean over all trained tokens.
        scale = self.world_size / max(batch.trained, 1)
        loss_sum = torch.zeros((), device=self.hero.device)
        for number, lane in enumerate(mine, 1):
            last = number == len(mine)
            # Workers exchange gradients once a step, with the last lane.
            with nullcontext() if last else self.accelerator.no_sync(self.loss_model):
                loss = self.loss_model(lane.ids.to(self.hero.device), lane.labels.to(self.hero.device))
                self.accelerator.backward(loss * scale)
            loss_sum += loss.detach()
        self.accelerator.clip_grad_norm_(self.hero.model.parameters(), self.clip_norm)
        used = self.optimizers.step(self.step_number, rate)
        self.average.update()
        self.step_number += 1
        return StepResult(loss_sum, sum(lane.trained for lane in mine), batch.tokens, used)

    @torch.no_grad()
    def loss(self, batches: list[Batch]) -> float:
        """Mean loss in nats a trained token, of the averaged weights, without training."""
        total, tokens = 0.0, 0
        module = self.accelerator.unwrap_model(self.loss_model)
        with self.averaged():
            for batch in batches:
                for lane in batch.lanes:
                    total += float(module(lane.ids.to(self.hero.device), lane.labels.to(self.hero.device)))
                tokens += batch.trained
        return total / max(tokens, 1)

    def averaged(self) -> _Swapped:
        """A context in which the model holds the averaged weights."""
        return _Swapped(self.average)

    def _lanes(self, batch: Batch) -> tuple[Lane, ...]:
        if self.hero.device.type != "cuda":
            return batch.lanes
        return joined(batch.lanes, GPU_LANE_TOKENS, cast(int, self.hero.tokenizer.pad_token_id))

    def _mine(self, lane: Lane) -> Lane:
        """This worker's rows; a worker without any takes the first row unlabelled, so that all take part."""
        if self.world_size == 1:
            return lane
        if len(lane.ids) <= self.rank:
            return Lane(lane.ids[:1], torch.full_like(lane.labels[:1], IGNORE))
        return Lane(lane.ids[self.rank :: self.world_size], lane.labels[self.rank :: self.world_size])

    def training_state(self) -> dict[str, Any]:
        """All but the averaged weights: raw weights, optimizers, RNG, step. References, not copies."""
        return {
            "step": self.step_number,
            "raw": {name: p.detach() for name, p in self.hero.model.named_parameters()},
            "optimizers": self.optimizers.state_dict(),
            "torch_rng": torch.random.get_rng_state(),
            "python_rng": random.getstate(),
        }

    def averaged_state(self) -> dict[str, torch.Tensor]:
        """Name → averaged tensor: the weights that are evaluated, saved and served. References, not copies."""
        names = [name for name, _ in self.hero.model.named_parameters()]
        return dict(zip(names, self.average.weights(), strict=True))

    @torch.no_grad()
    def load_training_state(self, state: dict[str, Any]) -> None:
        """Continue where `training_state` was taken; the model must already hold the averaged weights."""
        if self.average.average:
            self.average.average = [p.detach().clone() for p in self.average.live]
        for name, parameter in self.hero.model.named_parameters():
            parameter.copy_(state["raw"][name])
        self.optimizers.load_state_dict(state["optimizers"])
        torch.random.set_rng_state(state["torch_rng"])
        random.setstate(state["python_rng"])
        self.step_number = int(state["step"])


class _Swapped:
    """Swaps averaged weights in on entry and the raw ones back on exit."""

    def __init__(self, average: AveragedWeights) -> None:
        self.average = average

    @torch.no_grad()
    def __enter__(self) -> None:
        self.raw = [p.detach().clone() for p in self.average.live] if self.average.average else []
        if self.raw:
            torch._foreach_copy_([p.data for p in self.average.live], self.average.average)

    @torch.no_grad()
    def __exit__(self, *_: object) -> None:
        if self.raw:
            torch._foreach_copy_([p.data for p in self.average.live], self.raw)
