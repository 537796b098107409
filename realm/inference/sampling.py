"""Chooses the next token of each row from its logits. A row's choice depends on no other row.

Logits themselves differ by about 1e-6 from one shape of batch to another, as floating-point sums do.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch


class Token(NamedTuple):
    """A chosen token. `logprob` in nats and `top`, the likeliest (id, logprob), best first: only where asked for."""

    id: int
    logprob: float | None = None
    top: tuple[tuple[int, float], ...] = ()


@dataclass(slots=True)
class Sampler:
    """How one row's tokens are chosen. `random` None = the likeliest, whatever `temperature` and `top_p` are;
    `logprobs` = how many of the likeliest to tell beside the chosen one's, None = nothing of it."""

    temperature: float
    top_p: float
    logprobs: int | None
    random: random.Random | None


def choose(logits: torch.Tensor, samplers: Sequence[Sampler]) -> list[Token | None]:
    """One token a row of `logits` (rows, vocabulary), float32; None for a row of which there is no largest number."""
    chosen: list[int] = logits.argmax(-1).tolist()
    broken: list[int] = []
    # One sum for all rows; which row it is matters only then.
    if not math.isfinite(logits.sum()):
        broken = (~logits.amax(-1).isfinite()).nonzero().flatten().tolist()
    drawing = [row for row, each in enumerate(samplers) if each.random is not None and row not in broken]
    if drawing:
        drawn = _draw(logits[drawing], [samplers[row] for row in drawing])
        for row, token in zip(drawing, drawn, strict=True):
            chosen[row] = token
    tokens: list[Token | None] = [Token(each) for each in chosen]
    for row in broken:
        tokens[row] = None
    telling = [row for row, each in enumerate(samplers) if each.logprobs is not None and row not in broken]
    if telling:
        told = _logprobs(logits[telling], [chosen[row] for row in telling], [samplers[row] for row in telling])
        for row, token in zip(telling, told, strict=True):
            tokens[row] = token
    return tokens


def _draw(logits: torch.Tensor, samplers: Sequence[Sampler]) -> list[int]:
    """By inverse transform sampling, one uniform number of the row's own generator each.

    The distribution is summed up in the order of token ids: sorted by probability, two tokens of almost the same one
    would change places with rounding, and the choice with them.
    """
    device = logits.device
    heat = torch.tensor([each.temperature for each in samplers], dtype=torch.float64, device=device)[:, None]
    scaled = logits.double()
    kept = torch.softmax((scaled - scaled.max(-1, keepdim=True).values) / heat, -1)
    if any(each.top_p < 1 for each in samplers):
        share = torch.tensor([each.top_p for each in samplers], dtype=torch.float64, device=device)[:, None]
        ordered, order = kept.sort(dim=-1, descending=True, stable=True)
        outside = ordered.cumsum(-1) - ordered >= share
        outside[:, 0] = False
        kept = kept.scatter(-1, order, ordered.masked_fill(outside, 0.0))
    summed = kept.cumsum(-1)
    uniform = torch.tensor([_uniform(each) for each in samplers], dtype=torch.float64, device=device)[:, None]
    # Rounding could lift the product to the whole sum, beyond which there is no token.
    point = torch.minimum(uniform * summed[:, -1:], summed[:, -1:].nextafter(summed.new_zeros(1)))
    return torch.searchsorted(summed, point, right=True).squeeze(-1).tolist()


def _uniform(sampler: Sampler) -> float:
    assert sampler.random is not None
    return sampler.random.random()


def _logprobs(logits: torch.Tensor, chosen: Sequence[int], samplers: Sequence[Sampler]) -> list[Token]:
    """Logprobs of the model's own distribution, whatever temperature and top_p are."""
    logprobs = torch.log_softmax(logits, -1)
    of_chosen = logprobs.gather(-1, torch.tensor(chosen, device=logits.device)[:, None]).squeeze(-1).tolist()
    most = min(max(each.logprobs or 0 for each in samplers), logits.shape[-1])
    values, ids = logprobs.topk(most, -1)
    return [
        Token(token, logprob, tuple(zip(top_ids[: each.logprobs], top_values[: each.logprobs], strict=True)))
        for token, logprob, top_ids, top_values, each in zip(
            chosen, of_chosen, ids.tolist(), values.tolist(), samplers, strict=True
        )
    ]
