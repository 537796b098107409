"""Optimizers, schedule and averaged weights of a hero. Knows no data and no loop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True, slots=True)
class OptimizerSettings:
    """`kind` muon = Muon on 2-D hidden matrices, AdamW on embeddings and norms; adamw = AdamW on everything."""

    kind: str
    learning_rate: float
    muon_learning_rate: float
    weight_decay: float
    warmup_steps: int


class OptimizerSet:
    """One or two optimizers under one schedule: linear warm-up, then constant."""

    def __init__(self, model: nn.Module, settings: OptimizerSettings) -> None:
        named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
        matrices = [p for name, p in named if settings.kind == "muon" and p.ndim == 2 and ".layers." in name]
        chosen = {id(p) for p in matrices}
        rest = [p for _, p in named if id(p) not in chosen]
        self.warmup_steps = settings.warmup_steps
        self.weight_decay = settings.weight_decay
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(
                rest, lr=settings.learning_rate, betas=(0.9, 0.95), weight_decay=settings.weight_decay, fused=True
            )
        ]
        self.base_rates = [settings.learning_rate]
        if matrices:
            self.optimizers.append(
                torch.optim.Muon(matrices, lr=settings.muon_learning_rate, weight_decay=settings.weight_decay)
            )
            self.base_rates.append(settings.muon_learning_rate)

    def step(self, number: int, share: float = 1.0) -> float:
        """Apply the gradients as step `number` (0-based) of the campaign, at a `share` of what the schedule gives;
        returns the AdamW learning rate used."""
        factor = share * (min(1.0, (number + 1) / self.warmup_steps) if self.warmup_steps else 1.0)
        for optimizer, rate in zip(self.optimizers, self.base_rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return self.base_rates[0] * factor

    def state_dict(self) -> list[dict[str, Any]]:
        return [optimizer.state_dict() for optimizer in self.optimizers]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Restore moments; settings stay those of now. Moments of another `optimizer` setting are of no use: it begins
        with fresh ones."""
        if len(states) != len(self.optimizers):
            return
        for optimizer, state in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict(state)
            for group in optimizer.param_groups:
                group["weight_decay"] = self.weight_decay


class AveragedWeights:
    """Exponential moving average of parameters: w̄ ← d·w̄ + (1 − d)·w after each step; d = 0 means w̄ = w."""

    def __init__(self, parameters: Iterable[nn.Parameter], decay: float) -> None:
        self.decay = decay
        self.live = list(parameters)
        self.average = [p.detach().clone() for p in self.live] if decay else []

    @torch.no_grad()
    def update(self) -> None:
        if self.average:
            torch._foreach_lerp_(self.average, [p.detach() for p in self.live], 1.0 - self.decay)

    def weights(self) -> list[torch.Tensor]:
        """The averaged tensors, in parameter order (the live ones where averaging is off)."""
        return self.average or [p.detach() for p in self.live]
